"""Clipping of gradients: by norm and by value."""

import math
import warnings

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, tensor
from tinygrad_edu.nn.utils import (
    clip_grad_norm_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
)

inf, nan = math.inf, math.nan


def params(seed=0, library=tg, scale=1.0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    made = []
    for shape in [(3, 2), (4,), (), (2, 1, 3)]:
        p = library.tensor(np.zeros(shape, dtype), requires_grad=True)
        p.grad = library.tensor((scale * rng.normal(size=shape)).astype(dtype))
        made.append(p)
    made.append(library.tensor(np.zeros(2, dtype), requires_grad=True))  # without a gradient
    return made


def grads(made):
    return [p.grad.numpy().copy() for p in made if p.grad is not None]


def flat(made):
    return np.concatenate([g.reshape(-1) for g in grads(made)])


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0, 0.5, inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_norm(p, dtype):
    made = params(dtype=dtype)
    before = flat(made).astype(np.float64)
    norm = np.linalg.norm(before, p)
    total = clip_grad_norm_(made, 0.75, norm_type=p)
    assert total.dtype == made[0].dtype
    assert total.item() == pytest.approx(norm, rel=1e-5 if dtype == np.float32 else 1e-12)
    assert {g.dtype for g in grads(made)} == {np.dtype(dtype)}
    np.testing.assert_allclose(flat(made), before * 0.75 / (norm + 1e-6), rtol=1e-5)
    assert np.linalg.norm(flat(made), p) <= 0.75
    assert made[-1].grad is None


def test_small_gradients_are_left_alone():
    made = params()
    before = flat(made)
    clip_grad_norm_(made, 1e3)
    assert (flat(made) == before).all()


def test_in_place():
    made = params()
    held = [p.grad for p in made]
    arrays = [p.grad.numpy() for p in made[:-1]]
    clip_grad_norm_(made, 0.1)
    clip_grad_value_(made, 0.01)
    assert all(p.grad is g for p, g in zip(made, held, strict=True))
    assert all(p.grad.numpy() is a for p, a in zip(made, arrays, strict=False))


def test_the_direction_is_kept_by_norm_only():
    by_norm, by_value = params(), params()
    before = flat(by_norm)
    clip_grad_norm_(by_norm, 0.5)
    clip_grad_value_(by_value, 0.5)

    def cosine(v):
        return v @ before / np.linalg.norm(v) / np.linalg.norm(before)

    assert cosine(flat(by_norm)) == pytest.approx(1, abs=1e-14)
    assert cosine(flat(by_value)) < 0.99
    assert (flat(by_value) == before.clip(-0.5, 0.5)).all()


def test_what_it_takes():
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    model(tg.ones(5, 3)).pow(2).sum().backward()
    norm = get_total_norm([p.grad for p in model.parameters()]).item()
    for given in (model.parameters(), model.named_parameters(), list(model.parameters())):
        assert clip_grad_norm_(given, inf).item() == norm
    one = next(model.parameters())
    assert clip_grad_norm_(one, inf).item() == get_total_norm(one.grad).item()
    clip_grad_value_(one, 1e-3)
    assert abs(one.grad.numpy()).max() == np.float32(1e-3)
    clip_grad_value_(model.named_parameters(), 0.0)
    assert get_total_norm([p.grad for p in model.parameters()]).item() == 0


def test_nothing_to_clip():
    assert clip_grad_norm_([], 1.0).item() == 0
    assert clip_grad_norm_(params()[-1:], 1.0, error_if_nonfinite=True).item() == 0
    empty = tensor(np.zeros((0, 3)), requires_grad=True)
    empty.grad = tensor(np.zeros((0, 3)))
    assert clip_grad_norm_(empty, 1.0, inf).item() == 0
    with pytest.warns(UserWarning, match="empty generator"):
        clip_grad_norm_((p for p in []), 1.0)


def test_with_a_known_norm():
    made = params()
    before = flat(made)
    clip_grads_with_norm_(made, 1.0, tensor(4.0))
    np.testing.assert_allclose(flat(made), before / (4 + 1e-6), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_a_norm_that_overflows_its_type(dtype):
    """The squares overflow, the norm itself does not: it is computed in float64."""
    big = np.finfo(dtype).max / 4
    w = tensor(np.zeros(4, dtype), requires_grad=True)
    w.grad = tensor(np.array([big, -big, big, big / 2], dtype))
    total = clip_grad_norm_([w], 1.0, error_if_nonfinite=True)
    assert total.item() == pytest.approx(float(big) * math.sqrt(3.25), rel=1e-3)
    assert np.linalg.norm(w.grad.numpy().astype(float)) == pytest.approx(1, rel=2e-2)


BAD = {
    "1 NaN": [1.0, nan, 2.0],
    "1 infinite": [1.0, -inf, 2.0],
    "1 NaN and 2 infinite": [inf, nan, inf],
}


@pytest.mark.parametrize("text", BAD)
@pytest.mark.parametrize("p", [1.0, 2.0, inf])
def test_a_gradient_that_is_not_finite_is_named(text, p):
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2))
    model(tg.ones(5, 3)).pow(2).sum().backward()
    named = dict(model.named_parameters())
    bad = next(n for n, q in named.items() if q.shape == (3,))
    named[bad].grad = tensor(BAD[text])
    before = [q.grad.numpy().copy() for q in model.parameters()]
    with pytest.raises(
        RuntimeError, match=f"parameter {bad}, of shape .*3.*, has {text}"
    ) as caught:
        clip_grad_norm_(model.named_parameters(), 1.0, p, error_if_nonfinite=True)
    assert "at test_clipping.py" in str(caught.value)
    for q, a in zip(model.parameters(), before, strict=True):
        np.testing.assert_array_equal(q.grad.numpy(), a)
    with pytest.raises(RuntimeError, match="parameter number 1, of shape"):
        clip_grad_norm_(model.parameters(), 1.0, p, error_if_nonfinite=True)


def test_without_the_error_not_finite_goes_through():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one, two = params(), params()
        one[0].grad[0, 0] = nan
        assert math.isnan(clip_grad_norm_(one, 1.0).item())
        assert np.isnan(flat(one)).all()
        two[0].grad[0, 0] = inf
        assert clip_grad_norm_(two, 1.0).item() == inf
        assert math.isnan(two[0].grad[0, 0].item())
        assert not flat(two[1:]).any()


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda p: clip_grad_norm_(p, -1.0), ValueError, "max_norm must be >= 0, not -1.0"),
        (lambda p: clip_grad_norm_(p, nan), ValueError, "max_norm must be >= 0, not nan"),
        (lambda p: clip_grad_value_(p, -2), ValueError, "clip_value must be >= 0, not -2"),
        (lambda p: clip_grad_norm_([3.0], 1.0), TypeError, "number 0 is float"),
    ],
)
def test_bad_input(call, kind, text):
    made = params()
    before = flat(made)
    with pytest.raises(kind, match=text) as caught:
        call(made)
    assert (flat(made) == before).all()
    assert "at test_clipping.py" in str(caught.value)


def test_it_is_found_under_nn():
    assert nn.utils.clip_grad_norm_ is clip_grad_norm_


def test_the_optimizer_uses_the_clipped_gradient():
    w = tensor([1.0, 1.0], requires_grad=True)
    opt = tg.optim.SGD([w], lr=1.0)
    (w * tensor([30.0, 40.0])).sum().backward()
    clip_grad_norm_([w], 1.0)
    opt.step()
    np.testing.assert_allclose(w.detach().numpy(), [0.4, 0.2], rtol=1e-5)


@pytest.mark.torch
@pytest.mark.parametrize("p", [0, 1.0, 2.0, 3.5, inf, "inf"])
@pytest.mark.parametrize("max_norm", [0.0, 0.3, 2.0, 100.0])
@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e6])
def test_norm_against_torch(p, max_norm, scale):
    torch = pytest.importorskip("torch")
    ours, theirs = params(3, scale=scale), params(3, torch, scale)
    a = clip_grad_norm_(ours, max_norm, norm_type=p)
    b = torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type=p)
    assert a.item() == pytest.approx(b.item(), rel=1e-12)
    np.testing.assert_allclose(flat(ours), flat(theirs), rtol=1e-12, atol=0)


@pytest.mark.torch
@pytest.mark.parametrize("limit", [0, 0.3, 2])
def test_value_against_torch(limit):
    torch = pytest.importorskip("torch")
    ours, theirs = params(4), params(4, torch)
    clip_grad_value_(ours, limit)
    torch.nn.utils.clip_grad_value_(theirs, limit)
    np.testing.assert_array_equal(flat(ours), flat(theirs))
