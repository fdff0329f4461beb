"""CS231n's helpers: their numbers, the lines they print, and inputs left as they were."""

import random
import re
from types import SimpleNamespace

import numpy as np
import pytest

import tinygrad_edu as t
from tinygrad_edu.gradcheck.check_op import check_op
from tinygrad_edu.gradcheck.cs231n import (
    eval_numerical_gradient,
    eval_numerical_gradient_array,
    eval_numerical_gradient_net,
    grad_check_sparse,
    layer_pair,
    rel_error,
    relative_error,
)

RNG = np.random.default_rng(231)
HELPERS = {
    "loss": lambda f, x: eval_numerical_gradient(f, x, verbose=False),
    "array": lambda f, x: eval_numerical_gradient_array(f, x, np.array(1.0)),
    "sparse": lambda f, x: grad_check_sparse(f, x, np.zeros_like(x)),
}


@pytest.fixture(params=HELPERS)
def helper(request):
    return HELPERS[request.param]


# ------------------------------------------------------------------------------- values


def test_gradient_of_a_loss():
    x = RNG.normal(size=(3, 4))
    found = eval_numerical_gradient(lambda x: np.sum(np.sin(x) * x), x, verbose=False)
    np.testing.assert_allclose(found, np.cos(x) * x + np.sin(x), rtol=1e-8)


def test_the_difference_is_centred():
    """(f(x + h) - f(x - h)) / 2h of x^3 is 3 x^2 + h^2, neither side alone."""
    found = eval_numerical_gradient(lambda x: x[0] ** 3, np.array([2.0]), verbose=False, h=0.1)
    assert found[0] == pytest.approx(12.01, rel=1e-12)


def test_it_prints_each_index_unless_told_not_to(capsys):
    eval_numerical_gradient(lambda x: x.sum(), np.zeros((1, 2)))
    assert [line.split(")")[0] for line in capsys.readouterr().out.splitlines()] == [
        "(0, 0",
        "(0, 1",
    ]
    eval_numerical_gradient(lambda x: x.sum(), np.zeros((1, 2)), False)
    assert capsys.readouterr().out == ""


def test_gradient_of_many_outputs_uses_the_upstream_gradient():
    x, df = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 2))
    w = RNG.normal(size=(4, 2))
    found = eval_numerical_gradient_array(lambda x: x @ w, x, df)
    np.testing.assert_allclose(found, df @ w.T, rtol=1e-8, atol=1e-9)


def test_a_view_of_x_does_not_move_back_with_it():
    found = eval_numerical_gradient_array(lambda x: x.T, np.ones((2, 3)), np.ones((3, 2)))
    np.testing.assert_allclose(found, np.ones((2, 3)), rtol=1e-8)


@pytest.mark.parametrize("x", [np.array(3.0), np.arange(12.0).reshape(3, 4)[:, ::2]])
def test_any_layout_of_x(x):
    found = eval_numerical_gradient(lambda x: np.sum(x**2), x, verbose=False)
    np.testing.assert_allclose(found, 2 * x, atol=1e-8)


def test_a_loss_of_tensors():
    x = RNG.normal(size=3)
    found = eval_numerical_gradient(lambda x: t.tensor(x).exp().sum(), x, verbose=False)
    np.testing.assert_allclose(found, np.exp(x), rtol=1e-8)


# ------------------------------------------------------------------------------- nets


class Affine:
    """A net of two input blobs and one output, as the caffe-like nets of the course are."""

    def __init__(self):
        self.x = SimpleNamespace(vals=RNG.normal(size=(2, 3)), diffs=None)
        self.w = SimpleNamespace(vals=RNG.normal(size=(3, 4)), diffs=None)
        self.out = SimpleNamespace(vals=np.zeros((2, 4)), diffs=RNG.normal(size=(2, 4)))

    def forward(self):
        self.out.vals[...] = self.x.vals @ self.w.vals


@pytest.mark.parametrize("as_function", [False, True])
def test_net(as_function):
    net = Affine()
    net.forward()
    place, before = net.out.vals, net.out.vals.copy()
    dx, dw = eval_numerical_gradient_net(
        net.forward if as_function else net, [net.x, net.w], net.out
    )
    np.testing.assert_allclose(dx, net.out.diffs @ net.w.vals.T, rtol=1e-7)
    np.testing.assert_allclose(dw, net.x.vals.T @ net.out.diffs, rtol=1e-7)
    assert net.out.vals is place
    np.testing.assert_array_equal(place, before)


def test_net_is_restored_when_it_raises():
    net = Affine()
    net.forward()
    before = net.x.vals.copy(), net.out.vals.copy()

    def forward():
        net.out.vals[...] = 99
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        eval_numerical_gradient_net(forward, [net.x], net.out)
    np.testing.assert_array_equal(net.x.vals, before[0])
    np.testing.assert_array_equal(net.out.vals, before[1])


def test_net_without_diffs():
    net = Affine()
    del net.out.diffs
    with pytest.raises(TypeError, match=r"needs \.diffs"):
        eval_numerical_gradient_net(net, [net.x], net.out)


# ------------------------------------------------------------------------------- sparse check

LINE = r"numerical: (-?\d+\.\d{6}) analytic: (-?\d+\.\d{6}), relative error: (\d\.\d{6}e[+-]\d\d)"


def test_sparse_check_prints_the_lines_of_the_course(capsys):
    x = RNG.normal(size=(5, 6))
    assert grad_check_sparse(lambda x: np.sum(x**2), x, 3 * x, 7) is None
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 7
    for line in lines:
        n, a, e = map(float, re.fullmatch(LINE, line).groups())
        assert a / n == pytest.approx(1.5, abs=1e-4)
        assert e == pytest.approx(0.2, rel=1e-6)  # |2x - 3x| / (|2x| + |3x|)


def test_sparse_check_draws_from_pythons_random(capsys):
    x, expected = np.arange(30.0).reshape(5, 6), []
    random.seed(4)
    for _ in range(10):
        expected.append(2 * x[random.randrange(5), random.randrange(6)])
    random.seed(4)
    grad_check_sparse(lambda x: np.sum(x**2), x, 2 * x)
    found = [float(re.match(LINE, line)[2]) for line in capsys.readouterr().out.splitlines()]
    assert found == expected


def test_sparse_check_of_two_zeros_is_no_nan(capsys):
    grad_check_sparse(lambda x: 1.0, np.ones(3), np.zeros(3), num_checks=1)
    assert "relative error: 0.000000e+00" in capsys.readouterr().out


def test_sparse_check_of_nothing():
    with pytest.raises(ValueError, match="no element"):
        grad_check_sparse(np.sum, np.zeros((0, 3)), np.zeros((0, 3)))


# ------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
@pytest.mark.parametrize("bad_call", [1, 2])
def test_x_is_restored_whatever_happens(helper, error, bad_call):
    x = RNG.normal(size=(2, 3))
    before, calls = x.tobytes(), []

    def f(x):
        calls.append(x.tobytes())
        if len(calls) == bad_call:
            raise error
        return np.array(x.sum())

    with pytest.raises(error):
        helper(f, x)
    assert x.tobytes() == before
    assert calls[-1] != before


def test_x_is_restored_to_the_last_bit(helper):
    x = RNG.normal(size=(2, 3)) * 1e6
    before = x.tobytes()
    helper(lambda x: np.array(x.sum()), x)
    assert x.tobytes() == before


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.arange(3), r"int64 array cannot hold x \+ h: .*astype\(np\.float64\)"),
        (np.array([True]), r"bool array cannot hold"),
        ([1.0, 2.0], "x must be a NumPy array, not list"),
    ],
)
def test_x_that_cannot_be_moved(helper, x, message):
    with pytest.raises(TypeError, match=message):
        helper(lambda x: np.array(1.0), x)


def test_read_only_x(helper):
    x = np.ones(3)
    x.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        helper(lambda x: np.array(1.0), x)


@pytest.mark.parametrize("result", [None, "loss", np.ones(2), [1.0, 2.0]])
def test_a_loss_that_is_no_number(result):
    with pytest.raises(TypeError, match="must return one number"):
        eval_numerical_gradient(lambda x: result, np.ones(2), verbose=False)


@pytest.mark.parametrize("result", [1, np.float32(1), np.ones((1, 1))])
def test_a_loss_that_is_one(result):
    found = eval_numerical_gradient(lambda x: result, np.ones(2), verbose=False)
    np.testing.assert_array_equal(found, [0, 0])


def test_upstream_gradient_of_another_shape():
    """(2,) against (2, 1) would broadcast to (2, 2) and give a wrong gradient in silence."""
    with pytest.raises(ValueError, match=r"df has shape \(2,\), but f\(x\) has \(2, 1\)"):
        eval_numerical_gradient_array(lambda x: x[:, :1], np.ones((2, 3)), np.ones(2))
    with pytest.raises(ValueError, match=r"analytic_grad has shape \(3,\), but x has \(2, 3\)"):
        grad_check_sparse(np.sum, np.ones((2, 3)), np.ones(3))


def test_array_function_without_result():
    with pytest.raises(TypeError, match="f must return an array of numbers, not None"):
        eval_numerical_gradient_array(lambda x: None, np.ones(2), np.ones(2))


# ------------------------------------------------------------------------------- relative error


def test_rel_error_is_the_worst_element():
    assert rel_error([1.0, 2.0, 4.0], [1.0, 2.0, 12.0]) == 0.5
    assert rel_error(1e-12, -1e-12) == pytest.approx(2e-4)  # over the floor 1e-8
    assert rel_error(np.zeros(3), np.zeros(3)) == 0.0
    assert rel_error(np.zeros((0, 2)), np.zeros((0, 2))) == 0.0
    assert np.isnan(rel_error([1.0, np.nan], [1.0, 1.0]))
    assert rel_error(np.uint8([1]), np.uint8([3])) == 0.5
    assert rel_error(t.tensor([1.0], requires_grad=True), t.tensor([3.0])) == 0.5


def test_rel_error_of_shapes_that_would_broadcast():
    with pytest.raises(ValueError, match=r"\(2,\) and \(2, 1\)"):
        rel_error(np.ones(2), np.ones((2, 1)))


def test_relative_error_where_both_are_equal():
    found = relative_error([0.0, np.inf, 2.0], [0.0, np.inf, 0.0])
    np.testing.assert_array_equal(found, [0, 0, 1])


def test_relative_error_with_an_unknown_denominator():
    with pytest.raises(ValueError, match="'max' or 'sum', not 'mean'"):
        relative_error(1.0, 2.0, denominator="mean")


# ------------------------------------------------------------------------------- layers


@pytest.mark.parametrize(("factor", "verdict"), [(1, "pass"), (2, "fail")])
def test_layer_pair_is_what_check_op_takes(factor, verdict):
    def affine_forward(x, w, b):
        return x @ w + b, (x, w)

    def affine_backward(dout, cache):
        x, w = cache
        return dout @ w.T, x.T @ dout * factor, dout.sum(0)

    shapes = (2, 3), (3, 4), (4,)
    inputs = [RNG.normal(size=shape) for shape in shapes]
    assert check_op(*layer_pair(affine_forward, affine_backward), inputs).verdict == verdict


def relu_forward(x):
    return np.maximum(x, 0), x


def test_layer_pair_with_one_gradient():
    forward, vjp = layer_pair(relu_forward, lambda dout, x: dout * (x > 0))
    x, g = np.array([-1.0, 2.0]), np.array([5.0, 7.0])
    np.testing.assert_array_equal(forward(x), [0, 2])
    (dx,) = vjp(g, forward(x), x)
    np.testing.assert_array_equal(dx, [0, 7])


def test_layer_pair_uses_the_cache_of_these_inputs():
    forward, vjp = layer_pair(relu_forward, lambda dout, x: dout * (x > 0))
    x = np.array([-1.0, 2.0])
    y = forward(x)
    forward(-x)
    np.testing.assert_array_equal(vjp(np.ones(2), y, x)[0], [0, 1])


def test_layer_pair_with_params_that_the_layer_changes():
    def norm_forward(x, param):
        param["calls"] += 1
        return x * param["calls"], param["calls"]

    param = {"calls": 0}
    forward, vjp = layer_pair(norm_forward, lambda dout, cache: dout * cache, param)
    x = np.ones(2)
    assert [forward(x)[0], forward(x)[0], vjp(x, x, x)[0][0]] == [1, 1, 1]
    assert param == {"calls": 0}


@pytest.mark.parametrize("result", [np.ones(3), None, (1, 2, 3)])
def test_layer_without_cache(result):
    def affine_forward(x):
        return result

    forward, vjp = layer_pair(affine_forward, lambda dout, cache: dout)
    with pytest.raises(TypeError, match=r"affine_forward must return \(out, cache\)"):
        forward(np.ones(2))
    with pytest.raises(TypeError, match=r"affine_forward must return \(out, cache\)"):
        vjp(np.ones(2), np.ones(2), np.ones(2))
