"""Normalisation layers: COURSE 16, and the two ways to count momentum (COURSE 2.23)."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn


def batches(count, n=64, features=3, seed=0):
    """Batches of known mean and spread."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield 5.0 + 3.0 * rng.normal(size=(n, features))


# -------------------------------------------------------------------------------- COURSE 16


@pytest.mark.parametrize("shape", [(200, 3), (40, 3, 5)])
def test_training_output_has_mean_0_and_variance_1(shape):
    x = tg.tensor(7.0 + 2.0 * np.random.default_rng(0).normal(size=shape))
    out = nn.BatchNorm1d(3, dtype=tg.float64)(x).numpy(force=True)
    axes = (0,) if len(shape) == 2 else (0, 2)
    np.testing.assert_allclose(out.mean(axes), 0, atol=1e-12)
    np.testing.assert_allclose(out.var(axes), 1, rtol=1e-4)  # eps=1e-5 under the root


def test_weight_and_bias_set_mean_and_spread():
    norm = nn.BatchNorm1d(3, dtype=tg.float64)
    with tg.no_grad():
        norm.weight.copy_(tg.tensor([3.0, 4.0, 5.0]))
        norm.bias.copy_(tg.tensor([11.0, 12.0, 13.0]))
    out = norm(tg.tensor(next(batches(1)))).numpy(force=True)
    np.testing.assert_allclose(out.mean(0), [11, 12, 13], rtol=1e-12)
    np.testing.assert_allclose(out.std(0), [3, 4, 5], rtol=1e-5)


def test_evaluation_after_training_has_mean_0_and_spread_1():
    norm = nn.BatchNorm1d(3, dtype=tg.float64)
    for x in batches(50, 400):
        norm(tg.tensor(x))
    norm.eval()
    out = np.concatenate([norm(tg.tensor(x)).numpy(force=True) for x in batches(20, 400, seed=1)])
    # Four standard errors: of the running mean, sqrt(0.1 / 1.9 / 400), and of 8000 examples.
    np.testing.assert_allclose(out.mean(0), 0, atol=0.065)
    np.testing.assert_allclose(out.std(0), 1, atol=0.065)


def test_running_statistics_follow_the_documented_update():
    norm = nn.BatchNorm1d(3, momentum=0.3, dtype=tg.float64)
    mean, var = np.zeros(3), np.ones(3)
    for count, x in enumerate(batches(5), 1):
        norm(tg.tensor(x))
        mean = 0.7 * mean + 0.3 * x.mean(0)
        var = 0.7 * var + 0.3 * x.var(0, ddof=1)  # the unbiased one
        np.testing.assert_allclose(norm.running_mean.numpy(), mean, rtol=1e-12)
        np.testing.assert_allclose(norm.running_var.numpy(), var, rtol=1e-12)
        assert norm.num_batches_tracked.item() == count


def test_the_same_batch_again_and_again():
    """running_k = s + (start - s) 0.9**k, in closed form."""
    norm, x = nn.BatchNorm1d(1, dtype=tg.float64), tg.tensor([[1.0], [3.0]], dtype=tg.float64)
    for _ in range(7):
        norm(x)
    assert norm.running_mean.item() == pytest.approx(2 * (1 - 0.9**7), rel=1e-12)
    assert norm.running_var.item() == pytest.approx(2 + (1 - 2) * 0.9**7, rel=1e-12)


def test_without_momentum_it_is_the_mean_over_all_batches():
    norm, seen = nn.BatchNorm1d(3, momentum=None, dtype=tg.float64), list(batches(6))
    for x in seen:
        norm(tg.tensor(x))
    np.testing.assert_allclose(
        norm.running_mean.numpy(), np.mean([x.mean(0) for x in seen], 0), rtol=1e-12
    )
    np.testing.assert_allclose(
        norm.running_var.numpy(), np.mean([x.var(0, ddof=1) for x in seen], 0), rtol=1e-12
    )


def test_evaluation_changes_nothing_and_uses_what_was_seen():
    norm = nn.BatchNorm1d(3, dtype=tg.float64)
    for x in batches(3):
        norm(tg.tensor(x))
    mean, var = norm.running_mean.numpy().copy(), norm.running_var.numpy().copy()
    norm.eval()
    x = next(batches(1, n=1, seed=9))
    out = norm(tg.tensor(x)).numpy(force=True)
    np.testing.assert_allclose(out, (x - mean) / np.sqrt(var + 1e-5), rtol=1e-12)
    np.testing.assert_array_equal(norm.running_mean.numpy(), mean)
    np.testing.assert_array_equal(norm.running_var.numpy(), var)
    assert norm.num_batches_tracked.item() == 3


def test_without_tracking_the_batch_counts_in_evaluation_too():
    norm = nn.BatchNorm1d(3, track_running_stats=False, dtype=tg.float64).eval()
    out = norm(tg.tensor(next(batches(1)))).numpy(force=True)
    np.testing.assert_allclose(out.mean(0), 0, atol=1e-12)
    assert not list(norm.buffers())


def test_reset_running_stats():
    norm = nn.BatchNorm1d(3)
    norm(tg.ones(2, 3) * 4)
    assert norm.running_mean[0].item() == pytest.approx(0.4)
    norm.reset_running_stats()
    assert [b.tolist() for b in norm.buffers()] == [[0, 0, 0], [1, 1, 1], 0]


# -------------------------------------------------------------------------------- COURSE 2.23


def test_the_other_way_to_count_momentum():
    """CS231n's momentum is the weight of the old value: its 0.9 is PyTorch's 0.1."""
    old, new = nn.BatchNorm1d(3, bn_momentum_old=0.9), nn.BatchNorm1d(3, momentum=0.1)
    x = tg.tensor(next(batches(1)), dtype=tg.float32)
    old(x), new(x)
    np.testing.assert_allclose(old.running_mean.numpy(), new.running_mean.numpy(), rtol=1e-6)
    np.testing.assert_allclose(new.running_mean.numpy(), 0.1 * x.numpy().mean(0), rtol=1e-5)
    assert old.momentum == pytest.approx(0.1)


# -------------------------------------------------------------------------- gradients of gradients


@pytest.mark.torch
@pytest.mark.parametrize(
    ("name", "args", "shape"),
    [
        ("BatchNorm1d", (3,), (4, 3)),
        ("BatchNorm1d", (3,), (4, 3, 2)),
        ("LayerNorm", ((2, 3),), (4, 2, 3)),
        ("RMSNorm", (3,), (4, 3)),
        ("GroupNorm", (2, 4), (3, 4, 2)),
    ],
)
def test_second_gradients_are_those_of_torch(name, args, shape):
    """Of the norm of the gradient, as a gradient penalty needs it."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    x, u = rng.normal(size=shape), rng.normal(size=shape)
    found = []
    for package, make in ((tg, tg.tensor), (torch, torch.tensor)):
        module = getattr(package.nn, name)(*args, dtype=package.float64)
        leaf = make(x, requires_grad=True)
        (g,) = package.autograd.grad((module(leaf) ** 2 * make(u)).sum(), leaf, create_graph=True)
        (g * g).sum().backward()
        found.append([leaf.grad.numpy(), module.weight.grad.numpy()])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9)


# -------------------------------------------------------------------------------------- others


def test_layer_norm_sees_each_example_by_itself():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 6)) * [[1.0], [10.0], [100.0], [1000.0]]
    out = nn.LayerNorm(6, dtype=tg.float64)(tg.tensor(x)).numpy(force=True)
    np.testing.assert_allclose(out.mean(1), 0, atol=1e-12)
    np.testing.assert_allclose(out.std(1), 1, rtol=1e-4)
    one = nn.LayerNorm(6, dtype=tg.float64)(tg.tensor(x[:1])).numpy(force=True)
    np.testing.assert_allclose(one, out[:1], rtol=1e-12)


def test_rms_norm_keeps_the_mean_and_not_the_scale():
    x = np.array([[3.0, 4.0]])
    norm = nn.RMSNorm(2, eps=0.0, dtype=tg.float64)
    out = norm(tg.tensor(x)).numpy(force=True)
    np.testing.assert_allclose(out, x / np.sqrt(12.5), rtol=1e-12)
    np.testing.assert_allclose(norm(tg.tensor(100 * x)).numpy(force=True), out, rtol=1e-12)


# ---------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nn.BatchNorm1d(3)(tg.ones(3)), RuntimeError, "2D or 3D input.*1D input"),
        (lambda: nn.BatchNorm1d(3)(tg.ones(2, 4)), RuntimeError, r"3 features.*\(2, 4\) has 4"),
        (lambda: nn.BatchNorm2d(3)(tg.ones(2, 3)), ValueError, "BatchNorm2d: expected 4D input"),
        (lambda: nn.BatchNorm1d(3)(tg.ones(1, 3)), ValueError, "more than 1 value per channel"),
        (lambda: nn.BatchNorm1d(2.0), TypeError, "num_features must be an int, not 2.0"),
        (lambda: nn.LayerNorm(3)(tg.ones(2, 4)), RuntimeError, r"\(3,\).*\(2, 4\)"),
        (lambda: nn.LayerNorm((3, "a")), TypeError, "normalized_shape must be an int, not 'a'"),
        (lambda: nn.GroupNorm(2, 3), ValueError, "num_channels=3.*divisible.*num_groups=2"),
        (lambda: nn.GroupNorm(0, 3), ValueError, "num_groups=0"),
    ],
)
def test_bad_arguments(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("bad", [(1, 3), (2, 4), (3,)])
def test_bad_input_changes_no_statistics(bad):
    norm = nn.BatchNorm1d(3)
    with pytest.raises(ValueError, match=r"batch_norm|BatchNorm1d"):
        norm(tg.ones(*bad) * 7)
    assert [b.tolist() for b in norm.buffers()] == [[0, 0, 0], [1, 1, 1], 0]
