"""The gradient of a piecewise linear op is flat: its own derivative is 0, and not missing."""

import numpy as np
import pytest

import tinygrad_edu as tg

F = tg.nn.functional
OPS = {
    "relu": F.relu,
    "relu6": F.relu6,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.1),
    "rrelu": F.rrelu,
    "hardtanh": F.hardtanh,
    "softshrink": F.softshrink,
    "hardshrink": F.hardshrink,
    "threshold": lambda x: F.threshold(x, 0.2, 3.0),
    "norm 1": lambda x: tg.norm(x, 1),
    "norm inf": lambda x: tg.norm(x, float("inf")),
}


@pytest.mark.parametrize("name", OPS)
def test_the_second_derivative_is_0(name):
    x = tg.tensor([[1.5, -2.0, 0.4], [0.3, -0.1, 7.0]], requires_grad=True)
    out = OPS[name](x)
    u = tg.tensor(np.random.default_rng(0).normal(size=out.shape).astype("f"), requires_grad=True)
    (g,) = tg.autograd.grad(out, x, u, create_graph=True)
    (plain,) = tg.autograd.grad(OPS[name](x), x, u.detach())
    np.testing.assert_array_equal(g.detach().numpy(), plain.numpy())
    v = tg.tensor(np.random.default_rng(1).normal(size=(2, 3)).astype("f"))
    d_u, d_x = tg.autograd.grad(g, (u, x), v)
    assert d_x.tolist() == [[0.0] * 3] * 2
    # The gradient is linear in the upstream one, so this is the directional derivative of the op.
    moved = OPS[name](x.detach() + 1e-3 * v) - OPS[name](x.detach() - 1e-3 * v)
    np.testing.assert_allclose(d_u.numpy(), moved.numpy() / 2e-3, atol=2e-3)


def test_a_penalty_on_the_gradient_reaches_every_bias():
    model = tg.nn.Sequential(tg.nn.Linear(3, 4), tg.nn.ReLU(), tg.nn.Linear(4, 1))
    x = tg.randn(5, 3, requires_grad=True)
    (g,) = tg.autograd.grad(model(x).sum(), x, create_graph=True)
    (g * g).sum().backward()
    assert model[0].bias.grad.tolist() == [0.0] * 4
    assert x.grad.tolist() == [[0.0] * 3] * 5
    assert model[0].weight.grad.abs().sum() > 0


@pytest.mark.parametrize("float_mask", [False, True])
def test_attention_of_a_query_that_may_look_at_nothing_is_0(float_mask):
    q = tg.ones(2, 2)
    v = tg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    mask = tg.tensor([[True, True], [False, False]])
    if float_mask:
        mask = tg.where(mask, 0.0, -float("inf"))
    out = F.scaled_dot_product_attention(q, q, v, attn_mask=mask)
    out.backward(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    assert out.tolist() == [[2.0, 3.0], [0.0, 0.0]]
    assert v.grad.tolist() == [[0.5, 1.0], [0.5, 1.0]]


def test_a_nan_is_not_normalised_away():
    assert np.isnan(F.normalize(tg.tensor([1.0, float("nan")]), dim=0).numpy()).all()


def test_differences_of_order_0_are_a_copy():
    x = tg.ones(3)
    x.diff(n=0).zero_()
    assert x.tolist() == [1.0, 1.0, 1.0]


def test_unfold_is_a_view():
    x = tg.arange(4.0)
    x.unfold(0, 2, 2)[0].zero_()
    assert x.tolist() == [0.0, 0.0, 2.0, 3.0]


@pytest.mark.parametrize("size", [(3, 0), (0, 3)])
def test_what_is_empty_can_be_viewed_however_it_lies(size):
    x = tg.ones(*size).T
    assert x.view(-1, 5).shape == (0, 5)
    assert x.expand(*x.shape).shape == x.shape
