"""autograd.Function: the gradients that backward may return, and what is refused."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import tensor
from tinygrad_edu.autograd import Function, enable_grad, grad
from tinygrad_edu.errors import GradientError, InPlaceError, ShapeError

rng = np.random.default_rng(23)


def leaf(*shape):
    return tensor(rng.uniform(0.5, 2.0, shape), requires_grad=True)


def upstream(*shape):
    return rng.normal(size=shape)


def same(actual, expected):
    np.testing.assert_allclose(actual.detach().numpy(), expected, rtol=1e-10)


def function(forward, backward, setup=None):
    """A Function of two (or three) plain functions."""
    body = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    if setup:
        body["setup_context"] = staticmethod(setup)
    return type("Mine", (Function,), body).apply


class Product(Function):
    """x * y, from saved inputs and a saved output."""

    @staticmethod
    def forward(ctx, x, y):
        out = x * y
        ctx.save_for_backward(x, None, y, out)
        return out

    @staticmethod
    def backward(ctx, g):
        x, nothing, y, out = ctx.saved_tensors
        assert nothing is None
        return g * out / x, g * out / y


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_number_of_gradients(count):
    def backward(ctx, g):
        return tuple([g] * count)

    x = leaf(3)
    z = function(lambda ctx, x, y: x * y, backward)(x, x)
    with pytest.raises(GradientError, match=f"returned {count} gradients for 2 inputs"):
        z.sum().backward()


def test_nones_too_many_are_let_pass():
    x = leaf(3)
    function(lambda ctx, x: x * 2, lambda ctx, g: (2 * g, None, None))(x).sum().backward()
    same(x.grad, [2.0] * 3)


def test_a_gradient_for_what_was_no_tensor():
    z = function(lambda ctx, x, k: x * k, lambda ctx, g: (g, g))(leaf(3), 2.0)
    with pytest.raises(GradientError, match="different than None at position 1"):
        z.sum().backward()


def test_none_for_a_tensor_stops_the_flow():
    x, y = leaf(3), leaf(3)
    function(lambda ctx, x, y: x * y, lambda ctx, g: (None, g))(x, y).sum().backward()
    assert x.grad is None
    same(y.grad, [1.0] * 3)


def test_a_gradient_of_the_wrong_shape_names_the_function():
    z = function(lambda ctx, x: x * 2, lambda ctx, g: tg.ones(3))(leaf(2))
    with pytest.raises(
        ShapeError, match=r"Mine: the gradient for input 0 has shape \(3,\).*\(2,\)"
    ):
        z.sum().backward()


def test_a_gradient_that_is_the_inputs_broadcast_is_summed():
    x, g = leaf(2), upstream(3, 2)
    function(lambda ctx, x: x + tg.zeros(3, 2), lambda ctx, g: g)(x).backward(g)
    same(x.grad, g.sum(0))


def test_a_gradient_is_cast_to_the_dtype_of_the_input():
    x = tensor([1.0, 2.0], requires_grad=True)
    function(lambda ctx, x: x * 2, lambda ctx, g: g.double() * 2)(x).sum().backward()
    assert x.grad.dtype == np.float32


def test_a_second_backward_says_what_was_freed():
    x = leaf(3)
    z = Product.apply(x, x).sum()
    z.backward()
    with pytest.raises(GradientError, match=r"second time.*'Product'"):
        z.backward()


def test_retain_graph():
    x = leaf(3)
    z = Product.apply(x, x).sum()
    z.backward(retain_graph=True)
    z.backward()
    same(x.grad, 4 * x.detach().numpy())


def test_a_saved_tensor_that_was_overwritten():
    x, c = leaf(3), tensor(upstream(3))
    z = Product.apply(x, c)
    c[0] = 5.0
    with pytest.raises(InPlaceError, match="'Product'"):
        z.sum().backward()


def test_saved_tensors_are_there_only_during_backward():
    contexts = []

    def forward(ctx, x):
        contexts.append(ctx)
        ctx.save_for_backward(x)
        return x * 2

    def backward(ctx, g):
        assert len(ctx.saved_tensors) == 1
        return 2 * g

    function(forward, backward)(leaf(3)).sum().backward()
    with pytest.raises(AttributeError):
        contexts[0].saved_tensors  # noqa: B018


def test_checkpointing():
    """Recompute in backward what forward threw away: backward inside backward."""

    def forward(ctx, x):
        ctx.save_for_backward(x)
        return (x.exp() * x).tanh()

    def backward(ctx, g):
        x = ctx.saved_tensors[0].detach().requires_grad_()
        with enable_grad():
            y = (x.exp() * x).tanh()
        y.backward(g)
        return x.grad

    x, g = leaf(2, 3), upstream(2, 3)
    (plain,) = grad((x.exp() * x).tanh() * 3, x, tensor(g))
    (function(forward, backward)(x) * 3).backward(g)
    same(x.grad, plain.numpy())


def test_missing_methods():
    class Nothing(Function):
        pass

    with pytest.raises(NotImplementedError, match="forward"):
        Nothing.apply(leaf(2))

    class Half(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

    with pytest.raises(NotImplementedError, match="backward"):
        Half.apply(leaf(2)).sum().backward()
