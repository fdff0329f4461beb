"""A lesson: random numbers that come out the same again, and the distributions they follow."""

import numpy as np
import pytest

import tinygrad_edu as torch

DRAWS = {
    "rand": lambda g: torch.rand(3, 4, generator=g),
    "randn": lambda g: torch.randn((3, 4), generator=g),
    "randint": lambda g: torch.randint(0, 100, (3, 4), generator=g),
    "randperm": lambda g: torch.randperm(12, generator=g),
    "normal": lambda g: torch.normal(1.0, 2.0, (3, 4), generator=g),
    "bernoulli": lambda g: torch.bernoulli(torch.full((3, 4), 0.5), generator=g),
    "multinomial": lambda g: torch.multinomial(torch.ones(30), num_samples=12, generator=g),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_the_same_seed_draws_the_same(draw):
    g = torch.Generator().manual_seed(2024)
    first, second = draw(g), draw(g)
    assert torch.equal(first, draw(torch.Generator().manual_seed(2024)))
    assert not torch.equal(first, second)  # the generator moved on
    assert first.numel() == 12
    assert not first.requires_grad


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_the_default_generator_is_another(draw):
    torch.manual_seed(5)
    first = draw(None)
    draw(torch.Generator().manual_seed(5))  # does not move the default one
    second = draw(None)
    torch.manual_seed(5)
    assert torch.equal(first, draw(None))
    assert torch.equal(second, draw(None))


def test_dtypes():
    g = torch.Generator().manual_seed(1)
    assert DRAWS["randn"](g).dtype == DRAWS["rand"](g).dtype == torch.float32
    assert DRAWS["randint"](g).dtype == DRAWS["randperm"](g).dtype == torch.int64
    assert DRAWS["multinomial"](g).dtype == torch.int64
    assert torch.randn(2, dtype=torch.float64).dtype == torch.float64
    assert torch.randn(2, requires_grad=True).is_leaf


def test_moments():
    """Within four standard errors of the mean and the standard deviation."""
    n = 40_000
    g = torch.Generator().manual_seed(11)
    for draws, mean, std in (
        (torch.randn(n, generator=g), 0.0, 1.0),
        (torch.rand(n, generator=g), 0.5, 12**-0.5),
        (torch.normal(-3.0, 0.5, (n,), generator=g), -3.0, 0.5),
        (torch.bernoulli(torch.full((n,), 0.2), generator=g), 0.2, 0.4),
        (torch.randint(0, 11, (n,), generator=g).float(), 5.0, 10**0.5),
    ):
        assert abs(draws.mean().item() - mean) < 4 * std / n**0.5
        assert abs(draws.std().item() - std) < 4 * std / n**0.5


def test_multinomial_follows_its_weights():
    g = torch.Generator().manual_seed(3)
    weights = torch.tensor([1.0, 0.0, 3.0, 6.0])  # need not sum to 1
    draws = torch.multinomial(weights, num_samples=20_000, replacement=True, generator=g)
    shares = np.bincount(draws.numpy(), minlength=4) / 20_000
    np.testing.assert_allclose(shares, [0.1, 0.0, 0.3, 0.6], atol=0.015)
    rows = torch.multinomial(torch.ones(5, 7), num_samples=7, generator=g)
    assert rows.shape == (5, 7)
    assert torch.equal(rows.sort(1).values, torch.arange(7).expand(5, 7))  # without replacement


def test_shuffled_minibatches_meet_every_example_once():
    g = torch.Generator().manual_seed(0)
    x = torch.arange(10) * 10
    order = torch.randperm(10, generator=g)
    seen = torch.cat([x[batch] for batch in order.split(4)])
    assert torch.equal(seen.sort().values, x)


def test_initial_weights_keep_the_spread():
    """Scaled by 1 / sqrt(inputs), a layer's outputs vary as its inputs do."""
    g = torch.Generator().manual_seed(9)
    x = torch.randn(2000, 50, generator=g)
    y = x @ (torch.randn(50, 200, generator=g) / 50**0.5)
    assert abs(y.std().item() - 1.0) < 0.03
    squashed = torch.tanh(y * (5 / 3))
    assert 0.65 < squashed.std().item() < 0.8
