"""autograd.Function, with PyTorch's rules."""

import numpy as np
import pytest

from tinygrad_edu import is_grad_enabled, no_grad, tensor
from tinygrad_edu.autograd import Function, grad
from tinygrad_edu.errors import InPlaceError

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


def test_saved_inputs_outputs_and_none():
    x, y, g = leaf(2, 3), leaf(2, 3), upstream(2, 3)
    z = Product.apply(x, y)
    assert repr(z.grad_fn) == "<ProductBackward>" or z.grad_fn.name().startswith("Product")
    z.backward(g)
    same(x.grad, g * y.detach().numpy())
    same(y.grad, g * x.detach().numpy())


def test_double_backward_through_inputs_and_outputs():
    x, y, g, h = leaf(2, 3), leaf(2, 3), upstream(2, 3), upstream(2, 3)
    a, b = x * 2, y.exp()
    dx, _ = grad(Product.apply(a, b), [x, y], tensor(g), create_graph=True)
    same(dx, g * 2 * b.detach().numpy())
    second = grad(dx, [x, y], tensor(h), allow_unused=True, materialize_grads=True)
    same(second[0] + 1.0, np.ones((2, 3)))
    same(second[1], h * g * 2 * b.detach().numpy())


def test_third_order():
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**4

    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 4 * x**3 * g

    x = leaf(3)
    v = x.detach().numpy()
    d = function(forward, backward)(x)
    for factor, power in ((4, 3), (12, 2), (24, 1)):
        (d,) = grad(d.sum(), x, create_graph=True)
        same(d, factor * v**power)


@pytest.mark.parametrize("used", [(0,), (1,), (0, 1)])
@pytest.mark.parametrize("create_graph", [False, True])
def test_several_outputs_of_which_some_are_unused(used, create_graph):
    got = []

    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2, x.sum(0)

    def backward(ctx, g, h):
        got.append((g.shape, h.shape))
        return 2 * g + h

    x = leaf(2, 3)
    outs = function(forward, backward)(x)
    assert isinstance(outs, tuple)
    gs = [upstream(2, 3), upstream(3)]
    loss = sum((outs[i] * tensor(gs[i])).sum() for i in used)
    (dx,) = grad(loss, x, create_graph=create_graph)
    same(dx, sum([2 * gs[0], np.tile(gs[1], (2, 1))][i] for i in used))
    assert got == [((2, 3), (3,))], "zeros stand for what nobody used"


def test_unused_outputs_are_none_where_asked():
    got = []

    def forward(ctx, x):
        ctx.set_materialize_grads(False)
        return x * 2, x * 3

    def backward(ctx, g, h):
        got.append((g, h))
        return 3 * h

    x = leaf(3)
    _, b = function(forward, backward)(x)
    b.sum().backward()
    assert got[0][0] is None
    same(x.grad, [3.0] * 3)


def test_an_output_used_twice_and_outputs_multiplied_together():
    def forward(ctx, x):
        return x * 2, x * 3

    def backward(ctx, g, h):
        return 2 * g + 3 * h

    x, u = leaf(4), upstream(4)
    a, b = function(forward, backward)(x)
    (a * a * b + a).backward(u)
    v = x.detach().numpy()
    same(x.grad, u * (12 * 3 * v**2 + 2))


def test_backward_is_called_once_for_all_outputs():
    calls = []

    def forward(ctx, x):
        return tuple(x * k for k in range(1, 4))

    def backward(ctx, *gs):
        calls.append(len(gs))
        return sum(k * g for k, g in enumerate(gs, 1))

    x = leaf(3)
    a, b, c = function(forward, backward)(x)
    (a.exp() + b * c).sum().backward()
    assert calls == [3]


def test_a_tuple_of_one_stays_a_tuple():
    outs = function(lambda ctx, x: (x * 2,), lambda ctx, g: 2 * g)(leaf(3))
    assert isinstance(outs, tuple) and len(outs) == 1
    outs[0].sum().backward()


def test_arguments_that_are_no_tensors():
    def forward(ctx, x, k, name, flag=True):
        ctx.k = k
        assert name == "n" and ctx.needs_input_grad == (True, False, False, False)
        return x * k

    def backward(ctx, g):
        return g * ctx.k, None, None, None

    x, g = leaf(3), upstream(3)
    function(forward, backward)(x, 5.0, "n", True).backward(g)
    same(x.grad, 5 * g)


def test_needs_input_grad_spares_work():
    seen = []

    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y

    def backward(ctx, g):
        seen.append(ctx.needs_input_grad)
        x, y = ctx.saved_tensors
        return (
            g * y if ctx.needs_input_grad[0] else None,
            g * x if ctx.needs_input_grad[1] else None,
        )

    x, c = leaf(3), tensor(upstream(3))
    apply = function(forward, backward)
    apply(x, c).sum().backward()
    apply(c, x * 1.0).sum().backward()
    assert seen == [(True, False), (False, True)]
    same(x.grad, 2 * c.numpy())


def test_forward_and_backward_do_not_record_by_themselves():
    modes = []

    def forward(ctx, x):
        modes.append(is_grad_enabled())
        y = x * 2
        assert not y.requires_grad
        return y

    def backward(ctx, g):
        modes.append(is_grad_enabled())
        return 2 * g

    x = leaf(3)
    apply = function(forward, backward)
    apply(x).sum().backward()
    grad(apply(x).sum(), x, create_graph=True)
    assert modes == [False, False, False, True]


def test_no_history_without_need():
    apply = function(lambda ctx, x: x * 2, lambda ctx, g: g)
    assert not apply(tensor([1.0])).requires_grad
    with no_grad():
        assert not apply(leaf(2)).requires_grad


def test_mark_non_differentiable():
    def forward(ctx, x):
        order = x * -1
        ctx.mark_non_differentiable(order)
        return x * 2, order

    def backward(ctx, g, h):
        same(h, np.zeros(3))
        return 2 * g

    x = leaf(3)
    a, b = function(forward, backward)(x)
    assert a.requires_grad and not b.requires_grad
    (a * b).sum().backward()
    same(x.grad, 2 * b.numpy())


def test_integer_outputs_have_no_history():
    a, i = function(lambda ctx, x: (x * 2, x.argmax()), lambda ctx, g, _: 2 * g)(leaf(4))
    assert a.requires_grad and not i.requires_grad
    a.sum().backward()


def test_outputs_that_are_no_tensors_pass_through():
    got = []

    def backward(ctx, g, *rest):
        got.append(rest)
        return 2 * g

    x = leaf(3)
    a, k, nothing = function(lambda ctx, x: (x * 2, 7, None), backward)(x)
    assert (k, nothing) == (7, None)
    a.sum().backward()
    assert got == [(None, None)]
    with pytest.raises(TypeError, match=r"Mine\.forward must return Tensors"):
        function(lambda ctx, x: 3.0, backward)(x)


def double_in_place(ctx, x):
    x.mul_(2.0)
    ctx.mark_dirty(x)
    return x


def test_mark_dirty():
    x = leaf(3)
    y = x * 1.0
    before = y.detach().numpy().copy()
    z = function(double_in_place, lambda ctx, g: 2 * g)(y)
    assert z is y
    same(y, 2 * before)
    (y * 5).sum().backward()
    same(x.grad, [10.0] * 3)


def test_mark_dirty_of_a_leaf_that_requires_grad():
    with pytest.raises(InPlaceError, match="leaf"):
        function(double_in_place, lambda ctx, g: 2 * g)(leaf(3))


def test_mark_dirty_spoils_what_saved_the_old_value():
    x = leaf(3)
    y = x * 1.0
    square = y * y
    function(double_in_place, lambda ctx, g: 2 * g)(y)
    with pytest.raises(InPlaceError, match="'mul'"):
        square.sum().backward()


def test_setup_context():
    def forward(x, k):
        return x * k, x + k

    def setup(ctx, inputs, output):
        x, ctx.k = inputs
        ctx.save_for_backward(x, output[0])

    def backward(ctx, g, h):
        x, out = ctx.saved_tensors
        same(out, x.detach().numpy() * ctx.k)
        return g * ctx.k + h, None

    x, g, h = leaf(2, 3), upstream(2, 3), upstream(2, 3)
    a, b = function(forward, backward, setup)(x, 3.0)
    (a * tensor(g) + b * tensor(h)).sum().backward()
    same(x.grad, 3 * g + h)


def test_the_input_itself_as_the_output():
    """A gradient reversal layer: forward is the identity, backward is not."""
    x, g = leaf(3), upstream(3)
    y = function(lambda ctx, x: x, lambda ctx, g: -5 * g)(x)
    assert y is not x and x.is_leaf and not y.is_leaf
    y.backward(g)
    same(x.grad, -5 * g)
