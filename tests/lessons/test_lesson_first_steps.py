"""A lesson: fit a curve four times, each time leaving more of the work to the library."""

import math

import numpy as np
import pytest

import tinygrad_edu


def curve(torch):
    x = torch.linspace(-2.0, 2.0, 200)
    return x, torch.exp(-x) * torch.cos(x)


def step_by_hand(torch, steps, rate):
    """Gradients written out."""
    x, y = curve(torch)
    a, b, c = (torch.tensor(v) for v in (0.1, -0.2, 0.3))
    for _ in range(steps):
        residual = a + b * x + c * x**2 - y
        g = 2.0 * residual
        a -= rate * g.sum()
        b -= rate * (g * x).sum()
        c -= rate * (g * x**2).sum()
    return a.item(), b.item(), c.item()


def step_with_backward(torch, steps, rate):
    """Gradients from backward, updates under no_grad."""
    x, y = curve(torch)
    a, b, c = (torch.tensor(v, requires_grad=True) for v in (0.1, -0.2, 0.3))
    for _ in range(steps):
        (a + b * x + c * x**2 - y).pow(2).sum().backward()
        with torch.no_grad():
            for p in (a, b, c):
                p -= rate * p.grad
                p.grad = None
    return a.item(), b.item(), c.item()


def step_with_function(torch, steps, rate):
    """The square with a derivative of our own."""

    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, value):
            ctx.save_for_backward(value)
            return value * value

        @staticmethod
        def backward(ctx, g):
            (value,) = ctx.saved_tensors
            return 2.0 * value * g

    x, y = curve(torch)
    a, b, c = (torch.full((), v, requires_grad=True) for v in (0.1, -0.2, 0.3))
    for _ in range(steps):
        Square.apply(a + b * x + c * Square.apply(x) - y).sum().backward()
        with torch.no_grad():
            for p in (a, b, c):
                p -= rate * p.grad
                p.grad.zero_()
    return a.item(), b.item(), c.item()


def step_with_module(torch, steps, rate):
    """A module, its parameters, a loss and an optimizer."""

    class Parabola(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a = torch.nn.Parameter(torch.tensor(0.1))
            self.b = torch.nn.Parameter(torch.tensor(-0.2))
            self.c = torch.nn.Parameter(torch.tensor(0.3))

        def forward(self, x):
            return self.a + self.b * x + self.c * x**2

    x, y = curve(torch)
    model = Parabola()
    criterion = torch.nn.MSELoss(reduction="sum")
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    for _ in range(steps):
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return tuple(p.item() for p in model.parameters())


WAYS = [step_by_hand, step_with_backward, step_with_function, step_with_module]


@pytest.mark.parametrize("way", WAYS, ids=lambda w: w.__name__)
def test_all_ways_reach_least_squares(way):
    x, y = (t.double().numpy() for t in curve(tinygrad_edu))
    best = np.polynomial.Polynomial.fit(x, y, 2, domain=[-1, 1]).coef
    np.testing.assert_allclose(way(tinygrad_edu, 600, 5e-4), best, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("way", WAYS[1:], ids=lambda w: w.__name__)
def test_all_ways_take_the_same_steps(way):
    expected = step_by_hand(tinygrad_edu, 20, 5e-4)
    np.testing.assert_allclose(way(tinygrad_edu, 20, 5e-4), expected, rtol=1e-4)


def test_neuron():
    """tanh(w x + b) by hand: d/dx = (1 - o^2) w, and so on."""
    torch = tinygrad_edu
    x, w, b = (torch.Tensor([v]).double() for v in (0.7, -1.3, 0.4))
    for t in (x, w, b):
        t.requires_grad = True
    o = torch.tanh(x * w + b)
    o.backward()
    slope = 1 - math.tanh(0.7 * -1.3 + 0.4) ** 2
    assert o.data.item() == pytest.approx(math.tanh(0.7 * -1.3 + 0.4))
    assert x.grad.item() == pytest.approx(slope * -1.3)
    assert w.grad.item() == pytest.approx(slope * 0.7)
    assert b.grad.item() == pytest.approx(slope)


def test_loop_that_depends_on_the_values():
    """A piecewise linear function of a number: its slope is its value over its argument."""
    torch = tinygrad_edu

    def grow(a):
        b = a * 2
        while b.norm() < 100:
            b = b * 2
        return b if b.sum() > 0 else 10 * b

    for start in (0.3, -0.8):
        a = torch.tensor(start, requires_grad=True)
        out = grow(a)
        out.backward()
        assert a.grad.item() == pytest.approx((out / a).item())


def test_a_vector_needs_an_upstream_gradient():
    torch = tinygrad_edu
    x = torch.ones(2, 2, requires_grad=True)
    z = 3 * (x + 2) ** 2
    weights = torch.tensor([[1.0, 0.1], [0.01, 0.0]])
    z.backward(weights)
    assert torch.equal(x.grad, 18 * weights)
    with pytest.raises(RuntimeError, match="scalar"):
        (x * 2).backward()


@pytest.mark.torch
@pytest.mark.parametrize("way", WAYS, ids=lambda w: w.__name__)
def test_with_pytorch(way):
    torch = pytest.importorskip("torch")
    np.testing.assert_allclose(way(tinygrad_edu, 50, 5e-4), way(torch, 50, 5e-4), rtol=1e-4)
