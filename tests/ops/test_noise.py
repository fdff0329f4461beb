"""Ops that draw random numbers."""

import numpy as np
import pytest

from tinygrad_edu import Generator, Tensor
from tinygrad_edu.nn import functional as F


def rng(seed=0):
    return Generator(seed)


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dropout_keeps_the_mean(p, dtype):
    """COURSE 15: mean 1 and variance p / (1 - p)."""
    out = F.dropout(Tensor(np.ones((400, 500), dtype)), p, generator=rng()).numpy()
    assert out.dtype == dtype
    np.testing.assert_allclose(np.unique(out), [0, 1 / (1 - p)], rtol=1e-6)
    np.testing.assert_allclose(out.mean(), 1, atol=0.03)
    np.testing.assert_allclose(out.var(), p / (1 - p), rtol=0.05)


def test_keep_prob_is_the_other_way_to_count():
    x = Tensor(np.ones(1000))
    dropped = F.dropout(x, 0.75, generator=rng()).numpy()
    kept = F.dropout(x, keep_prob=0.25, generator=rng()).numpy()
    np.testing.assert_array_equal(dropped, kept)
    assert 0.6 < np.mean(kept == 0) < 0.9


def test_gradient_passes_the_same_mask():
    x = Tensor(np.full((3, 40), 2.0), requires_grad=True)
    out = F.dropout(x, 0.3, generator=rng())
    upstream = np.random.default_rng(1).normal(size=(3, 40))
    out.backward(Tensor(upstream))
    np.testing.assert_allclose(x.grad.numpy(), upstream * out.detach().numpy() / 2, rtol=1e-12)


def test_dropout_draws_anew_and_repeats_with_a_seed():
    x, source = Tensor(np.ones(100)), rng(5)
    a, b = (F.dropout(x, generator=source).numpy() for _ in range(2))
    assert not np.array_equal(a, b)
    np.testing.assert_array_equal(a, F.dropout(x, generator=rng(5)).numpy())


def test_dropout_in_evaluation_is_the_input():
    x = Tensor(np.ones(3))
    assert F.dropout(x, 0.5, training=False) is x
    assert F.dropout(x, keep_prob=1.0) is x


def test_dropout_in_place():
    x = Tensor(np.ones(100))
    assert F.dropout(x, 0.5, True, True) is x
    assert set(np.unique(x.numpy())) == {0.0, 2.0}


@pytest.mark.parametrize("options", [{"p": -0.1}, {"p": 1.5}, {"keep_prob": 1.5}])
def test_no_probability(options):
    with pytest.raises(ValueError, match="between 0 and 1"):
        F.dropout(Tensor(np.ones(3)), **options)


def test_rrelu_draws_slopes():
    x = Tensor(np.full(2000, -1.0), requires_grad=True)
    out = F.rrelu(x, 0.2, 0.6, True, generator=rng())
    slopes = -out.detach().numpy()
    assert slopes.min() >= 0.2 and slopes.max() <= 0.6
    np.testing.assert_allclose(slopes.mean(), 0.4, atol=0.02)
    out.backward(Tensor(np.full(2000, 3.0)))
    np.testing.assert_allclose(x.grad.numpy(), 3 * slopes, rtol=1e-12)


def test_gumbel_softmax_samples_the_softmax():
    logits = np.log([0.2, 0.5, 0.3])
    scores = Tensor(np.tile(logits, (20000, 1)))
    hard = F.gumbel_softmax(scores, hard=True, generator=rng()).numpy()
    np.testing.assert_allclose(hard.sum(1), 1, rtol=1e-12)
    np.testing.assert_allclose(hard.mean(0), [0.2, 0.5, 0.3], atol=0.02)


def test_hard_gumbel_softmax_has_the_gradient_of_the_soft_one():
    logits = np.random.default_rng(2).normal(size=(4, 3))
    upstream = Tensor(np.random.default_rng(3).normal(size=(4, 3)))
    found = []
    for hard in (False, True):
        x = Tensor(logits, requires_grad=True)
        F.gumbel_softmax(x, 0.7, hard, generator=rng()).backward(upstream)
        found.append(x.grad.numpy())
    np.testing.assert_allclose(found[0], found[1], rtol=1e-12)
