"""Dropout and stochastic depth: COURSE 15, 17, and the two ways to count (COURSE 2.23)."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.nn import functional as F


def rng(seed=0):
    return tg.Generator(seed)


# -------------------------------------------------------------------------------- COURSE 15


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_mean_1_and_variance_p_over_1_minus_p(p):
    out = nn.Dropout(p, generator=rng())(tg.ones(400, 500, dtype=tg.float64)).numpy()
    np.testing.assert_allclose(np.unique(out), [0, 1 / (1 - p)], rtol=1e-12)
    np.testing.assert_allclose((out == 0).mean(), p, atol=0.005)
    np.testing.assert_allclose(out.mean(), 1, atol=0.03)
    np.testing.assert_allclose(out.var(), p / (1 - p), rtol=0.05)


def test_evaluation_leaves_the_input_alone():
    x = tg.ones(5)
    assert nn.Dropout(0.9).eval()(x) is x
    assert nn.StochasticDepth(0.9).eval()(x) is x


def test_the_gradient_passes_the_same_mask():
    x = tg.tensor(np.full((3, 40), 2.0), requires_grad=True)
    out = nn.Dropout(0.3, generator=rng())(x)
    upstream = np.random.default_rng(1).normal(size=(3, 40))
    out.backward(tg.tensor(upstream))
    np.testing.assert_allclose(x.grad.numpy(), upstream * out.numpy(force=True) / 2, rtol=1e-12)


def test_in_place():
    x = tg.ones(100)
    assert nn.Dropout(0.5, inplace=True)(x) is x
    assert set(np.unique(x.numpy())) == {0.0, 2.0}


# -------------------------------------------------------------------------------- COURSE 2.23


def test_keeping_is_the_other_way_to_count():
    """The lectures keep with probability 0.8: that drops a fifth, not four fifths."""
    layers = [
        nn.Dropout(0.2, generator=rng(3)),
        nn.Dropout(keep_prob=0.8, generator=rng(3)),
        nn.Dropout.keeping(0.8, generator=rng(3)),
    ]
    a, b, c = (layer(tg.ones(50, 100)).numpy() for layer in layers)
    np.testing.assert_array_equal(b, c)
    np.testing.assert_allclose(a, b, rtol=1e-6)
    assert 0.15 < (b == 0).mean() < 0.25
    assert all(layer.p == pytest.approx(0.2) for layer in layers)


# -------------------------------------------------------------------------------- COURSE 17


def test_survival_falls_linearly():
    """p_l = 1 - (l / L) (1 - p_L), and for L = 10, p_L = 0.5 the mean depth is 7.25."""
    found = nn.survival_probabilities(10, 0.5)
    np.testing.assert_allclose(found, [0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5])
    assert nn.expected_depth(10, 0.5) == pytest.approx(7.25)
    assert nn.survival_probabilities(3, 1.0) == [1, 1, 1]
    assert nn.survival_probabilities(0) == []
    for blocks, last in ((54, 0.5), (7, 0.2)):  # in closed form
        expected = blocks - (1 - last) * (blocks + 1) / 2
        assert nn.expected_depth(blocks, last) == pytest.approx(expected)


def test_the_depth_of_a_network_is_drawn_anew():
    blocks = nn.Residual.stack(*[nn.Linear(2, 2) for _ in range(10)], generator=rng(1))
    net, depths = nn.Sequential(*blocks), []
    for _ in range(2000):
        net(tg.ones(1, 2))
        depths.append(sum(block.kept for block in blocks))
    variance = sum(p * (1 - p) for p in nn.survival_probabilities(10))
    assert abs(np.mean(depths) - 7.25) < 4 * np.sqrt(variance / 2000)
    assert np.var(depths) == pytest.approx(variance, rel=0.15)
    net.eval()(tg.ones(1, 2))
    assert all(block.kept for block in blocks)


def test_a_block_that_is_left_out_costs_nothing():
    calls = []

    class Body(nn.Module):
        def forward(self, x):
            calls.append(1)
            return 2 * x

    block, x = nn.Residual(Body(), keep_prob=0.0), tg.ones(3)
    assert block(x) is x and not calls and not block.kept
    np.testing.assert_array_equal(block.eval()(x).numpy(), [3, 3, 3])
    assert len(calls) == 1


def test_the_mean_over_training_is_what_evaluation_gives():
    block = nn.Residual(nn.Linear(3, 3), keep_prob=0.6, generator=rng(2)).to(tg.float64)
    x = tg.tensor(np.random.default_rng(0).normal(size=(2, 3)))
    seen = np.mean([block(x).numpy(force=True) for _ in range(4000)], 0)
    branch = block.body(x).numpy(force=True)
    np.testing.assert_allclose(seen, x.numpy() + branch, atol=4 * abs(branch).max() * 0.82 / 63)
    np.testing.assert_allclose(block.eval()(x).numpy(force=True), x.numpy() + branch, rtol=1e-12)


def test_residual_adds_what_the_branch_computes():
    block = nn.Residual(nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 3)))
    x = tg.tensor(np.random.default_rng(0).normal(size=(4, 3)), dtype=tg.float32)
    np.testing.assert_allclose(
        block(x).numpy(force=True), (x + block.body(x)).numpy(force=True), rtol=1e-6
    )
    assert next(n for n, _ in block.named_parameters()) == "body.0.weight"


@pytest.mark.parametrize(("mode", "values"), [("batch", 1), ("row", 2)])
def test_stochastic_depth_drops_whole_examples(mode, values):
    layer = nn.StochasticDepth(0.5, mode, generator=rng(0))
    outs = [layer(tg.ones(40, 3, 2)).numpy() for _ in range(50)]
    for out in outs:
        rows = out.reshape(40, 6)
        assert (rows == rows[:, :1]).all(), "an example is kept or dropped as a whole"
        assert len(np.unique(rows)) == values
    assert set(np.unique(outs)) == {0.0, 2.0}
    assert np.mean(outs) == pytest.approx(1, abs=0.6 if mode == "batch" else 0.1)


def test_stochastic_depth_counts_either_way():
    assert nn.StochasticDepth(keep_prob=0.75).p == 0.25
    x = tg.tensor(np.ones((3, 2)), requires_grad=True)
    F.stochastic_depth(x, 0.5, "row", generator=rng(5)).backward(tg.tensor(np.full((3, 2), 3.0)))
    assert set(np.unique(x.grad.numpy())) <= {0.0, 6.0}


# ---------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nn.Dropout(1.5), ValueError, "Dropout: dropout probability.*0 and 1.*1.5"),
        (lambda: nn.Dropout(-0.1), ValueError, "between 0 and 1, but got -0.1"),
        (lambda: nn.Dropout(keep_prob=2), ValueError, "keep probability.*got 2"),
        (lambda: nn.Dropout.keeping(-1), ValueError, "keep probability.*got -1"),
        (lambda: nn.StochasticDepth(0.5, "all"), ValueError, "'batch' or 'row', not 'all'"),
        (lambda: nn.StochasticDepth(2.0), ValueError, "StochasticDepth.*2.0"),
        (lambda: nn.Residual(nn.ReLU(), 1.5), ValueError, "Residual: keep probability.*1.5"),
        (lambda: nn.survival_probabilities(3, 2.0), ValueError, "last.*2.0"),
        (lambda: nn.survival_probabilities(-1), ValueError, "blocks.*-1"),
        (lambda: nn.Residual(nn.Linear(3, 2))(tg.ones(4, 3)), RuntimeError, r"\(4, 2\) of \(4, 3"),
    ],
)
def test_bad_arguments(call, error, words):
    with pytest.raises(error, match=words):
        call()
