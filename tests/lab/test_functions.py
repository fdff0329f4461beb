"""Each test function against autograd, against differences, and against what is known of it."""

import numpy as np
import pytest

from tinygrad_edu import tensor
from tinygrad_edu.autograd.functional import hessian
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.lab import (
    BEALE,
    FUNCTIONS,
    QUADRATIC,
    ROSENBROCK,
    TWO_WELLS,
    X_COS,
    LabError,
    function_named,
    rotated,
)

ALL = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)


def points(function, count=6):
    low, high = np.array(function.window).T
    draw = np.random.default_rng(5)
    return draw.uniform(low, high, (count, function.dimension))


@ALL
def test_gradient_and_hessian_are_those_of_autograd(function):
    for at in points(function):
        x = tensor(at, requires_grad=True)
        function(x).backward()
        np.testing.assert_allclose(function.gradient(at), x.grad.numpy(), rtol=1e-11, atol=1e-11)
        found = hessian(function, tensor(at)).numpy()
        np.testing.assert_allclose(function.hessian(at), found, rtol=1e-10, atol=1e-10)


@ALL
def test_gradient_and_hessian_are_those_of_differences(function):
    h = 1e-5
    for at in points(function):
        steps = h * np.eye(function.dimension)
        slope = [(function(at + s) - function(at - s)) / (2 * h) for s in steps]
        curve = [(function.gradient(at + s) - function.gradient(at - s)) / (2 * h) for s in steps]
        scale = 1 + abs(function.hessian(at)).max()
        np.testing.assert_allclose(function.gradient(at), slope, atol=1e-7 * scale)
        np.testing.assert_allclose(function.hessian(at), curve, atol=1e-7 * scale)


@ALL
def test_on_tensors_as_on_arrays(function):
    for dtype in (np.float32, np.float64):
        at = points(function).astype(dtype).reshape(2, 3, -1)
        x = tensor(at)
        for ours, same in (
            (function(at), function(x)),
            (function.gradient(at), function.gradient(x)),
            (function.hessian(at), function.hessian(x)),
        ):
            assert isinstance(ours, np.ndarray) and not isinstance(same, np.ndarray)
            assert ours.dtype == same.numpy().dtype == dtype
            np.testing.assert_allclose(ours, same.numpy(), rtol=10 * np.finfo(dtype).eps)
        assert function(at).shape == (2, 3)
        assert function.hessian(at).shape == (2, 3, function.dimension, function.dimension)
        coordinates = [at[..., i] for i in range(function.dimension)]
        np.testing.assert_array_equal(function(*coordinates), function(at))


@ALL
def test_minima_are_minima(function):
    for at in function.minima:
        np.testing.assert_allclose(function.gradient(at), 0, atol=1e-12)
        assert np.linalg.eigvalsh(function.hessian(at)).min() > 0
        assert all(low <= x <= high for x, (low, high) in zip(at, function.window, strict=True))
    heights = [function(at) for at in function.minima]
    assert heights == sorted(heights)
    if function.lowest is not None:
        assert heights[0] == pytest.approx(function.lowest, abs=1e-12)
        assert (function(points(function, 500)) >= function.lowest).all()


def test_values_from_the_literature():
    assert BEALE(0.7, 1.4) == pytest.approx(26.4967, abs=5e-5)  # COURSE 55
    assert BEALE.lowest == BEALE(3.0, 0.5) == 0
    assert ROSENBROCK(-1.2, 1.0) == pytest.approx(24.2)
    assert ROSENBROCK(1.0, 1.0) == 0
    assert QUADRATIC(-5, -2) == 10.5
    # cot(u) = u, to the digits of Abramowitz and Stegun, table 4.20.
    assert [u * 0.15 * np.pi for (u,) in X_COS.minima] == pytest.approx([3.4256, -0.8603], abs=5e-5)
    assert np.roots([1, 0, -1, 0.15])[[0, 1]] == pytest.approx(
        [x for (x,) in TWO_WELLS.minima], abs=1e-9
    )


def test_turning_keeps_heights_and_curvatures():
    for degrees in (30.0, 45.0, -100.0):
        for function in (QUADRATIC, BEALE, ROSENBROCK):
            turned = rotated(function, degrees)
            assert turned(turned.start) == pytest.approx(function(function.start), rel=1e-12)
            there, here = turned.hessian(turned.start), function.hessian(function.start)
            np.testing.assert_allclose(np.linalg.eigvalsh(there), np.linalg.eigvalsh(here))
            np.testing.assert_allclose(turned.gradient(turned.minima[0]), 0, atol=1e-12)
    # At 45 degrees: (x1 + x2)^2 and (x2 - x1)^2, each times a half.
    x = np.random.default_rng(0).standard_normal((5, 2))
    expected = 0.05 * (x[:, 0] + x[:, 1]) ** 2 + (x[:, 1] - x[:, 0]) ** 2
    np.testing.assert_allclose(rotated(QUADRATIC)(x), expected)
    with pytest.raises(LabError, match="cosh has 1 variable"):
        rotated(FUNCTIONS["cosh"])


def test_bad_input_is_named():
    with pytest.raises(ShapeError, match=r"quadratic: takes 2 coordinates.*given \(3,\)"):
        QUADRATIC([1.0, 2.0, 3.0])
    with pytest.raises(ShapeError, match="takes 1 coordinates"):
        X_COS(1.0, 2.0)
    with pytest.raises(LabError, match=r"no function 'bale'; there are quadratic.*beale"):
        function_named("bale")
