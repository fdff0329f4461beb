"""COURSE 87 and 42: when to stop, which epoch to keep, and how many steps an epoch has."""

import math

import numpy as np
import pytest

from tinygrad_edu.training import EarlyStopping, minibatches

LOSSES = [1, 0.8, 0.7, 0.72, 0.69, 0.70, 0.71, 0.73, 0.68, 0.9]


@pytest.mark.parametrize(("patience", "stop", "best"), [(1, 3, 2), (2, 6, 4), (3, 7, 4), (4, 9, 8)])
def test_where_each_patience_stops(patience, stop, best):
    stopper = EarlyStopping(patience)
    ended = next((e for e, loss in enumerate(LOSSES) if stopper.step(loss)), len(LOSSES) - 1)
    assert (ended, stopper.best_epoch) == (stop, best)


def test_the_best_epoch_of_a_run_that_is_never_stopped():
    stopper = EarlyStopping(100)
    assert not any(stopper.step(loss) for loss in LOSSES)
    assert (stopper.best_epoch, stopper.best) == (8, 0.68)


def test_an_improvement_sets_the_count_back():
    stopper = EarlyStopping(2)
    assert [stopper.step(v) for v in (1.0, 2.0, 0.5, 2.0, 2.0)] == [
        False,
        False,
        False,
        False,
        True,
    ]


def test_too_small_an_improvement_is_none():
    stopper = EarlyStopping(1, min_delta=0.1)
    assert [stopper.step(v) for v in (1.0, 0.95)] == [False, True]


def test_nan_never_improves():
    stopper = EarlyStopping(2)
    assert [stopper.step(v) for v in (1.0, math.nan, math.nan)] == [False, False, True]


@pytest.mark.parametrize("options", [{"patience": 0}, {"patience": 1, "min_delta": -1.0}])
def test_what_is_refused(options):
    with pytest.raises(ValueError, match=r"patience|min_delta"):
        EarlyStopping(**options)


@pytest.mark.parametrize(("batch", "steps"), [(1500, 1), (100, 15), (10, 150), (1, 1500), (64, 24)])
def test_steps_per_epoch(batch, steps):
    """COURSE 42 and 89: 1,500 examples; the last batch may be smaller."""
    batches = list(minibatches(1500, batch, np.random.default_rng(3)))
    assert len(batches) == steps
    assert sum(map(len, batches)) == 1500
