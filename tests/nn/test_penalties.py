"""Penalties: values, gradients, what they take, and bad input."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, tensor


def weights(seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    shapes = [(3, 2), (4,), ()]
    return [tensor(rng.normal(size=s).astype(dtype), requires_grad=True) for s in shapes]


CASES = {
    "l1": (nn.l1_penalty, lambda w: abs(w), np.sign),
    "l2": (nn.l2_penalty, lambda w: w**2, lambda w: 2 * w),
    "half": (lambda p: nn.l2_penalty(p, half=True), lambda w: w**2 / 2, lambda w: w),
    "elastic": (
        lambda p: nn.elastic_net_penalty(p, beta=0.3),
        lambda w: 0.3 * w**2 + abs(w),
        lambda w: 0.6 * w + np.sign(w),
    ),
    "L1": (nn.L1Penalty(0.7), lambda w: 0.7 * abs(w), lambda w: 0.7 * np.sign(w)),
    "L2": (nn.L2Penalty(0.7), lambda w: 0.7 * w**2, lambda w: 1.4 * w),
    "L2 half": (nn.L2Penalty(0.7, half=True), lambda w: 0.35 * w**2, lambda w: 0.7 * w),
    "Elastic": (
        nn.ElasticNetPenalty(0.7, beta=2.0),
        lambda w: 1.4 * w**2 + 0.7 * abs(w),
        lambda w: 2.8 * w + 0.7 * np.sign(w),
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_value_and_gradient(name, dtype):
    penalty, value, slope = CASES[name]
    params = weights(dtype=dtype)
    arrays = [p.detach().numpy() for p in params]
    total = penalty(params)
    tolerance = 1e-6 if dtype == np.float32 else 1e-12
    assert total.dtype == params[0].dtype
    assert total.item() == pytest.approx(sum(value(a).sum() for a in arrays), rel=tolerance)
    (total * -3.0).backward()  # an upstream gradient that is not 1
    for p, a in zip(params, arrays, strict=True):
        np.testing.assert_allclose(p.grad.numpy(), -3 * slope(a), rtol=tolerance)
        assert p.grad.dtype == p.dtype


@pytest.mark.parametrize("name", CASES)
def test_gradient_at_zero_is_zero(name):
    w = tensor([0.0, -0.0], requires_grad=True)
    CASES[name][0]([w]).backward()
    assert w.grad.tolist() == [0, 0]


@pytest.mark.parametrize("name", CASES)
def test_what_it_takes(name):
    penalty = CASES[name][0]
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    wanted = penalty(list(model.parameters())).item()
    for given in (model, model.parameters(), model.named_parameters(), tuple(model.parameters())):
        assert penalty(given).item() == wanted
    w = tensor([[1.0, -2.0], [3.0, 4.0]])
    assert penalty(w).item() == penalty([w]).item()
    assert penalty([]) == 0


def test_regularized_loss():
    rng = np.random.default_rng(1)
    x, y = tensor(rng.normal(size=(6, 3))), tensor([0, 1, 2, 2, 1, 0])
    model = nn.Linear(3, 3).requires_grad_()
    full = nn.Regularized(nn.CrossEntropyLoss(), nn.L2Penalty(0.1))
    x = x.float()
    loss = full(model(x), y, [model.weight])
    data = nn.CrossEntropyLoss()(model(x), y)
    assert loss.item() == pytest.approx(
        data.item() + 0.1 * float((model.weight.detach().numpy() ** 2).sum()), rel=1e-6
    )
    assert list(full.parameters()) == []


def test_it_is_not_divided_by_the_batch():
    """The data loss is a mean over examples; lambda R(W) is not."""
    w = tensor([2.0], requires_grad=True)
    full = nn.Regularized(nn.MSELoss(), nn.L2Penalty(0.5))
    for n in (1, 7):
        loss = full(w * tg.zeros(n), tg.zeros(n), [w])
        assert loss.item() == 2.0


def test_repr():
    assert repr(nn.L1Penalty(0.1)) == "L1Penalty(lam=0.1)"
    assert repr(nn.L2Penalty(0.1, half=True)) == "L2Penalty(lam=0.1, half=True)"
    assert repr(nn.ElasticNetPenalty(0.1)) == "ElasticNetPenalty(lam=0.1, beta=1.0)"


@pytest.mark.parametrize(
    ("make", "kind", "text"),
    [
        (lambda: nn.L1Penalty(-1), ValueError, "lam must be >= 0, not -1"),
        (lambda: nn.L2Penalty(float("nan")), ValueError, "lam must be >= 0, not nan"),
        (lambda: nn.ElasticNetPenalty(1, -0.5), ValueError, "beta must be >= 0, not -0.5"),
        (lambda: nn.elastic_net_penalty([], -0.5), ValueError, "beta must be >= 0, not -0.5"),
        (lambda: nn.l2_penalty([3.0]), TypeError, "number 0 is float"),
        (lambda: nn.l1_penalty([tensor(1.0), "w"]), TypeError, "number 1 is str"),
    ],
)
def test_bad_input(make, kind, text):
    with pytest.raises(kind, match=text) as caught:
        make()
    assert "at test_penalties.py" in str(caught.value)
