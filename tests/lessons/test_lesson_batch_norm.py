"""A lesson: batch normalization by hand, its running statistics, and its backward pass."""

import numpy as np
import pytest

import tinygrad_edu
import tinygrad_edu.nn.functional

EXAMPLES, FEATURES = 12, 5


class Scale:
    """A linear layer whose output keeps the spread of its input."""

    def __init__(self, torch, inputs, outputs, rng):
        weight = rng.normal(size=(inputs, outputs)) / inputs**0.5
        self.weight = torch.tensor(weight.astype(np.float32))

    def __call__(self, x):
        self.out = x @ self.weight
        return self.out

    def parameters(self):
        return [self.weight]


class Normalize:
    """Each feature over the batch: mean 0, variance 1, then a learned spread and place."""

    def __init__(self, torch, features, momentum=0.1, eps=1e-5):
        self.torch, self.momentum, self.eps, self.training = torch, momentum, eps, True
        self.gain, self.shift = torch.ones(features), torch.zeros(features)
        self.mean, self.var = torch.zeros(features), torch.ones(features)

    def __call__(self, x):
        torch = self.torch
        if self.training:
            mean, var = x.mean(0, keepdim=True), x.var(0, keepdim=True)
            with torch.no_grad():
                self.mean = (1 - self.momentum) * self.mean + self.momentum * mean
                self.var = (1 - self.momentum) * self.var + self.momentum * var
        else:
            mean, var = self.mean, self.var
        self.out = self.gain * (x - mean) / torch.sqrt(var + self.eps) + self.shift
        return self.out

    def parameters(self):
        return [self.gain, self.shift]


class Squash:
    def __init__(self, torch):
        self.torch = torch

    def __call__(self, x):
        self.out = self.torch.tanh(x)
        return self.out

    def parameters(self):
        return []


def lesson(torch, F, steps=60):
    """A deep network of such layers, its statistics, and the size of its updates."""
    rng = np.random.default_rng(8)
    points = rng.normal(size=(200, 6)).astype(np.float32)
    x, y = (
        torch.tensor(points),
        torch.tensor((points[:, 0] + points[:, 1] ** 2 > 0.7).astype(np.int64)),
    )
    layers = []
    for inputs, outputs in ((6, 20), (20, 20), (20, 2)):
        layers += [Scale(torch, inputs, outputs, rng), Normalize(torch, outputs), Squash(torch)]
    layers.pop()
    with torch.no_grad():
        layers[-1].gain *= 0.1  # less sure of itself at first
    parameters = [p for layer in layers for p in layer.parameters()]
    for p in parameters:
        p.requires_grad = True
    history, ratios = [], []
    for _ in range(steps):
        batch = torch.tensor(rng.integers(0, 200, 50))
        out = x[batch]
        for layer in layers:
            out = layer(out)
        loss = F.cross_entropy(out, y[batch])
        for layer in layers:
            layer.out.retain_grad()
        for p in parameters:
            p.grad = None
        loss.backward()
        for p in parameters:
            p.data += -0.5 * p.grad
        history.append(loss.item())
        with torch.no_grad():
            ratios.append(
                [((0.5 * p.grad).std() / p.data.std()).log10().item() for p in parameters]
            )
    return layers, parameters, history, ratios, (x, y)


@pytest.fixture(scope="module")
def ours():
    return lesson(tinygrad_edu, tinygrad_edu.nn.functional)


def test_it_learns(ours):
    history = ours[2]
    assert abs(history[0] - np.log(2)) < 0.1
    assert np.mean(history[-5:]) < 0.6 * history[0]


def test_layers_keep_their_spread(ours):
    for layer in ours[0]:
        if isinstance(layer, Squash):
            saturated = (layer.out.abs() > 0.97).float().mean() * 100
            assert 0.5 < layer.out.std().item() < 0.8
            assert saturated.item() < 15
            line = f"mean {layer.out.mean():+.2f}, std {layer.out.std():.2f}, {saturated:.2f}%"
            assert line.startswith("mean ")
            assert "%.2f" % layer.out.std() == f"{layer.out.std().item():.2f}"  # noqa: UP031


def test_histogram_of_a_layer(ours):
    torch = tinygrad_edu
    out = ours[0][2].out
    height, edges = torch.histogram(out.detach(), bins=20, density=True)
    assert height.shape == (20,)
    assert edges.shape == (21,)
    area = (height * (edges[1:] - edges[:-1])).sum()
    assert torch.allclose(area, torch.tensor(1.0))


def test_gradients_arrive_at_every_layer(ours):
    for layer in ours[0]:
        assert layer.out.grad.shape == layer.out.shape
        assert layer.out.grad.abs().max().item() > 0
    assert all(-4.5 < r < 0.5 for r in ours[3][-1] if np.isfinite(r))


def test_running_statistics_describe_all_examples():
    torch, F = tinygrad_edu, tinygrad_edu.nn.functional
    layers, _, _, _, (x, y) = lesson(torch, F)

    @torch.no_grad()
    def evaluate(training):
        out = x
        for layer in layers:
            layer.training = training
            out = layer(out)
        return F.cross_entropy(out, y).item()

    before = [layer.mean.tolist() for layer in layers if isinstance(layer, Normalize)]
    estimated = evaluate(training=False)
    after = [layer.mean.tolist() for layer in layers if isinstance(layer, Normalize)]
    assert before == after  # evaluation leaves them alone
    assert abs(estimated - evaluate(training=True)) < 0.1


def test_by_hand_is_the_built_in_one():
    torch, F = tinygrad_edu, tinygrad_edu.nn.functional
    rng = np.random.default_rng(1)
    x = torch.tensor(rng.normal(2.0, 3.0, (EXAMPLES, FEATURES)))
    layer = Normalize(torch, FEATURES)
    layer.mean, layer.var = layer.mean.double(), layer.var.double()
    layer.gain, layer.shift = (torch.tensor(rng.normal(size=FEATURES)) for _ in range(2))
    mean, var = torch.zeros(FEATURES, dtype=x.dtype), torch.ones(FEATURES, dtype=x.dtype)
    built_in = F.batch_norm(x, mean, var, layer.gain, layer.shift, training=True, momentum=0.1)
    # Both keep the unbiased variance; the built-in one normalizes with the biased one.
    scale = (EXAMPLES / (EXAMPLES - 1)) ** 0.5
    hand = layer(x)
    assert torch.allclose((hand - layer.shift) * scale, built_in - layer.shift, rtol=1e-4)
    assert torch.allclose(layer.mean.view(-1), mean)
    assert torch.allclose(layer.var.view(-1), var)


@pytest.mark.parametrize("unbiased", [True, False])
def test_backward_by_hand(unbiased):
    """With n' = n - 1 or n: dx = gain / sd / n * (n dy - sum(dy) - n / n' xhat sum(dy xhat))."""
    torch = tinygrad_edu
    rng = np.random.default_rng(2)
    n = EXAMPLES
    x = torch.tensor(rng.normal(1.0, 2.0, (n, FEATURES)), requires_grad=True)
    gain = torch.tensor(rng.normal(size=(1, FEATURES)), requires_grad=True)
    shift = torch.tensor(rng.normal(size=(1, FEATURES)), requires_grad=True)
    centred = x - x.mean(0, keepdim=True)
    inverse = (x.var(0, keepdim=True, unbiased=unbiased) + 1e-5) ** -0.5
    xhat = centred * inverse
    y = gain * xhat + shift
    for t in (centred, inverse, xhat):
        t.retain_grad()
    dy = torch.tensor(rng.normal(size=(n, FEATURES)))
    y.backward(dy)
    degrees = n - 1 if unbiased else n

    dxhat = gain * dy
    dinverse = (dxhat * centred).sum(0, keepdim=True)
    dvar = -0.5 * inverse**3 * dinverse
    dcentred = dxhat * inverse
    dcentred += 2 / degrees * centred * dvar
    steps = dcentred - dcentred.mean(0)
    in_one_go = gain * inverse / n * (n * dy - dy.sum(0) - n / degrees * xhat * (dy * xhat).sum(0))
    assert torch.allclose(steps, x.grad)
    assert torch.allclose(in_one_go, x.grad)
    assert torch.allclose((dy * xhat).sum(0, keepdim=True), gain.grad)
    assert torch.allclose(dy.sum(0, keepdim=True), shift.grad)
    assert torch.allclose(dxhat, xhat.grad)
    assert torch.allclose(dinverse, inverse.grad)


@pytest.mark.torch
def test_with_pytorch(ours):
    torch = pytest.importorskip("torch")
    layers, parameters, history, ratios, _ = ours
    other = lesson(torch, torch.nn.functional)
    np.testing.assert_allclose(history, other[2], rtol=2e-3)
    np.testing.assert_allclose(ratios[0], other[3][0], rtol=1e-3, atol=1e-3)
    for mine, its in zip(parameters, other[1], strict=True):
        np.testing.assert_allclose(mine.detach().numpy(), its.detach().numpy(), atol=5e-3)
    for mine, its in zip(layers, other[0], strict=True):
        if isinstance(mine, Normalize):
            np.testing.assert_allclose(mine.mean.numpy(), its.mean.numpy(), atol=1e-3)
            np.testing.assert_allclose(mine.var.numpy(), its.var.numpy(), rtol=1e-2)
