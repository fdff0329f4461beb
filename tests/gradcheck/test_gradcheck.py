"""`gradcheck` and `gradgradcheck`: PyTorch's names, and what stands behind them."""

import importlib
import inspect
import re

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, primitive, tensor
from tinygrad_edu.gradcheck import GradcheckError, gradcheck, gradgradcheck, max_relative_error

from .random_graphs import wrong_cube


def leaf(*values, dtype=np.float64):
    return tensor(np.array(values, dtype), requires_grad=True)


@primitive(name="nearly_cube", elementwise=True)
def nearly_cube(x):
    return x**3


nearly_cube.defvjp(lambda g, out, x: g * 3 * x**2 * (1 + 1e-6))

NUMBERS = [{"eps": 1e-6}, {"atol": 1e-5}, {"rtol": 1e-3}, {"eps": 1e-6, "atol": 1e-5, "rtol": 1e-3}]


# ---------------------------------------------------------------------------- signatures


@pytest.mark.torch
@pytest.mark.parametrize("name", ["gradcheck", "gradgradcheck"])
def test_the_signature_is_that_of_pytorch(name):
    pytest.importorskip("torch")
    module = importlib.import_module("torch.autograd.gradcheck")
    theirs = inspect.signature(getattr(module, name)).parameters
    ours = inspect.signature({"gradcheck": gradcheck, "gradgradcheck": gradgradcheck}[name])
    assert list(ours.parameters) == list(theirs)
    for key, parameter in ours.parameters.items():
        assert parameter.kind == theirs[key].kind
        if key not in ("eps", "atol", "rtol"):  # None: adaptive
            assert parameter.default == theirs[key].default


@pytest.mark.parametrize(
    "switch",
    ["check_batched_grad", "check_batched_forward_grad", "check_forward_ad", "masked"],
)
def test_what_is_not_supported_does_not_pass_silently(switch):
    with pytest.raises(NotImplementedError, match=f"{switch}=True is not supported"):
        gradcheck(lambda x: x * 2, leaf(1.0), **{switch: True})


@pytest.mark.parametrize(
    "switch",
    ["gen_non_contig_grad_outputs", "check_batched_grad", "check_fwd_over_rev", "masked"],
)
def test_nor_for_second_derivatives(switch):
    with pytest.raises(NotImplementedError, match=f"{switch}=True is not supported"):
        gradgradcheck(lambda x: x * 2, leaf(1.0), **{switch: True})


def test_nothing_to_check_is_an_error():
    with pytest.raises(ValueError, match="nothing to check"):
        gradcheck(lambda x: x * 2, leaf(1.0), check_backward_ad=False)
    with pytest.raises(ValueError, match="nothing to check"):
        gradgradcheck(lambda x: x * 2, leaf(1.0), check_rev_over_rev=False)


@pytest.mark.parametrize("check", [gradcheck, gradgradcheck])
def test_an_input_must_require_grad(check):
    with pytest.raises(ValueError, match="requires_grad=True"):
        check(lambda x: x * 2, tensor([1.0]), raise_exception=False)


def test_supported_switches_are_taken():
    assert gradcheck(
        lambda x: x * 2, leaf(1.0), check_undefined_grad=False, check_grad_dtypes=True, masked=None
    )
    assert gradgradcheck(lambda x: x**3, leaf(1.0), check_undefined_grad=False)


# ------------------------------------------------------------------------------ adaptive


def test_a_right_gradient_passes_and_a_wrong_one_raises_with_the_report():
    assert gradcheck(lambda x: (x.tanh() * x).sum(), leaf(1.0, -2.0)) is True
    with pytest.raises(GradcheckError, match="op 'wrong_cube'") as caught:
        gradcheck(lambda x: wrong_cube(x * 2), leaf(1.0, -2.0))
    report = caught.value.report
    assert (report.verdict, report.op, report.diagnosis[0][0]) == ("fail", "wrong_cube", "factor")
    assert gradcheck(lambda x: wrong_cube(x), leaf(1.0), raise_exception=False) is False


def test_an_error_of_one_millionth_is_seen_without_numbers_and_not_with_those_of_pytorch():
    with pytest.raises(GradcheckError):
        gradcheck(lambda x: nearly_cube(x).sum(), leaf(1.0, 2.0))
    assert gradcheck(lambda x: nearly_cube(x).sum(), leaf(1.0, 2.0), eps=1e-6)


def test_fast_mode_does_not_explore():
    @primitive
    def positive_only(x):
        return x**3

    positive_only.defvjp(lambda g, out, x: g * 3 * x * abs(x))
    assert gradcheck(positive_only, leaf(1.0, 2.0), fast_mode=True)
    assert not gradcheck(positive_only, leaf(1.0, 2.0), raise_exception=False)


def test_float32_inputs_pass():
    assert gradcheck(lambda x: x.exp().sum(), leaf(1.0, 2.0, dtype=np.float32))
    assert gradcheck(lambda x: x.exp().sum(), leaf(1.0, 2.0, dtype=np.float32), atol=1e-5)


def test_a_kink_passes_and_an_inconclusive_check_raises_with_a_reason():
    assert gradcheck(lambda x: x.relu(), leaf(0.0, 1.0))
    with pytest.raises(GradcheckError, match="jump"):
        gradcheck(lambda x: x.round(), leaf(0.5, 1.2))


# ------------------------------------------------------------------------------ classical


@pytest.mark.parametrize("numbers", NUMBERS)
@pytest.mark.parametrize("fast_mode", [False, True])
def test_the_classical_test_passes_what_is_right(numbers, fast_mode):
    assert gradcheck(
        lambda x, y: (x * y.exp(), (x @ y).sum()),
        (leaf([1.0, 2.0], [0.5, -1.0]), leaf([0.3, 0.1], [1.0, -0.4])),
        fast_mode=fast_mode,
        **numbers,
    )


@pytest.mark.parametrize("numbers", [*NUMBERS, {"nondet_tol": 1e-9}])
@pytest.mark.parametrize("fast_mode", [False, True])
def test_the_classical_test_refuses_what_is_wrong(numbers, fast_mode):
    wrong = (lambda x: wrong_cube(x)), leaf(1.0, -2.0)
    assert not gradcheck(*wrong, raise_exception=False, fast_mode=fast_mode, **numbers)
    with pytest.raises(GradcheckError):
        gradcheck(*wrong, fast_mode=fast_mode, **numbers)


def test_its_error_names_the_worst_element():
    text = r"input 0 at \(1,\): analytic 8, numerical 12(\.0*\d*)?, ratio 0.66666"
    with pytest.raises(GradcheckError) as caught:
        gradcheck(lambda x: wrong_cube(x), leaf(1.0, -2.0), eps=1e-6)
    report = caught.value.report
    assert report.inputs[0].wrong == 2 and report.inputs[0].worst.index == (1,)
    assert report.inputs[0].worst.analytic == 8.0
    message = " ".join(str(caught.value).split())
    assert re.search(text, message), message
    assert "2 of 4 elements disagree" in message


def test_tolerances_mean_what_they_mean_in_pytorch():
    """|a - n| <= atol + rtol |n|: here a - n is 3e-6 and n is 3."""
    nearly = (lambda x: nearly_cube(x)), leaf(1.0)
    assert gradcheck(*nearly, atol=1e-5, rtol=0.0)
    assert not gradcheck(*nearly, atol=1e-6, rtol=0.0, raise_exception=False)
    assert gradcheck(*nearly, atol=0.0, rtol=1e-5)
    assert not gradcheck(*nearly, atol=1e-8, rtol=1e-7, raise_exception=False)


def test_a_step_across_a_kink_fails_as_it_does_in_pytorch():
    x = leaf(1e-4)
    assert not gradcheck(lambda x: x.relu(), x, eps=1e-2, raise_exception=False)
    assert gradcheck(lambda x: x.relu(), x, eps=1e-6)
    assert gradcheck(lambda x: x.relu(), x)


@pytest.mark.torch
@pytest.mark.parametrize("scale", [1.0, 1.002, 1.0005])
@pytest.mark.parametrize("fast_mode", [False, True])
def test_its_verdict_is_that_of_pytorch(scale, fast_mode):
    torch = pytest.importorskip("torch")

    class Theirs(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 3 * x**2 * scale

    @primitive
    def ours(x):
        return x**3

    ours.defvjp(lambda g, out, x: g * 3 * x**2 * scale)
    values = np.array([[1.0, -2.0], [0.5, 3.0]])
    expected = torch.autograd.gradcheck(
        Theirs.apply,
        torch.tensor(values, requires_grad=True),
        eps=1e-6,
        atol=1e-5,
        rtol=1e-3,
        raise_exception=False,
        fast_mode=fast_mode,
    )
    found = gradcheck(
        ours,
        tensor(values, requires_grad=True),
        eps=1e-6,
        atol=1e-5,
        rtol=1e-3,
        raise_exception=False,
        fast_mode=fast_mode,
    )
    assert found == expected


def test_a_formula_that_is_random_fails_unless_nondet_tol_allows_it():
    rng = np.random.default_rng(0)

    @primitive
    def shaky(x):
        return x * 2.0

    shaky.defvjp(lambda g, out, x: g * (2 + 1e-7 * rng.normal(size=x.shape)))
    assert not gradcheck(shaky, leaf(1.0, 2.0), rtol=1e-3, raise_exception=False)
    assert gradcheck(shaky, leaf(1.0, 2.0), rtol=1e-3, nondet_tol=1e-5)


def test_a_function_that_raises_is_told():
    def broken(x):
        raise OSError("no such file")

    for numbers in ({}, {"eps": 1e-6}):
        with pytest.raises(GradcheckError, match="OSError: no such file"):
            gradcheck(broken, leaf(1.0), **numbers)
        assert not gradcheck(broken, leaf(1.0), raise_exception=False, **numbers)


# --------------------------------------------------------------------- second derivatives

TWICE = {
    "cube": lambda x: x**3,
    "exp": lambda x: (x.exp() * x).sum(),
    "two outputs": lambda x: (x.sin(), x * x),
    "linear": lambda x: x * 3,
    "softmax": lambda x: x.softmax(-1),
    "matmul": lambda x: x.reshape(2, 2) @ x.reshape(2, 2),
}


@pytest.mark.parametrize("name", TWICE)
@pytest.mark.parametrize("numbers", [{}, {"eps": 1e-6}])
def test_second_derivatives_pass(name, numbers):
    assert gradgradcheck(TWICE[name], leaf(0.3, -1.0, 2.0, 0.7), **numbers)


@pytest.mark.parametrize("numbers", [{}, {"eps": 1e-6}])
def test_a_wrong_second_derivative_fails(numbers):
    @primitive
    def slope(x):
        return 3 * x**2

    slope.defvjp(lambda g, out, x: 5 * x * g)

    @primitive
    def cube(x):
        return x**3

    cube.defvjp(lambda g, out, x: slope(x) * g)
    assert gradcheck(cube, leaf(1.0, 2.0), **numbers)
    assert not gradgradcheck(cube, leaf(1.0, 2.0), raise_exception=False, **numbers)
    with pytest.raises(GradcheckError, match="slope" if not numbers else "input"):
        gradgradcheck(cube, leaf(1.0, 2.0), **numbers)


def test_upstream_gradients_may_be_given():
    assert gradgradcheck(lambda x: x**3, leaf(1.0, 2.0), leaf(0.5, -1.0))
    assert gradgradcheck(lambda x: (x**3, x.sin()), leaf(1.0), (leaf(0.5), leaf(2.0)))
    with pytest.raises(GradcheckError, match="holds nan"):
        gradgradcheck(lambda x: x**3, leaf(1.0, 2.0), leaf(np.nan, -1.0))


# -------------------------------------------------------------------------- the old helper


def test_max_relative_error_is_on_the_scale_of_the_lectures():
    model = nn.Linear(3, 2)
    x = leaf([1.0, 2.0, 3.0])
    assert max_relative_error(lambda x: (x.exp() * x).sum(), x) < 1e-9
    assert max_relative_error(lambda x: wrong_cube(x), x) == pytest.approx(1 / 3)
    assert model.weight.grad is None


def test_they_are_the_names_of_autograd():
    assert tg.autograd.gradcheck is gradcheck
    assert tg.autograd.GradcheckError is GradcheckError
