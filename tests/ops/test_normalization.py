"""What normalisation layers remember, and what they refuse; values are tested by the table."""

import numpy as np
import pytest

from tinygrad_edu import Tensor
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.nn import functional as F


def batch(seed=0, shape=(5, 3, 2)):
    return 2 + 3 * np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("momentum", [0.1, 0.7])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_running_statistics_follow_the_batch(momentum, dtype):
    x = batch().astype(dtype)
    mean, var = np.array([1.0, 2, 3], dtype), np.array([0.5, 1, 4], dtype)
    running = Tensor(mean.copy()), Tensor(var.copy())
    F.batch_norm(Tensor(x), *running, training=True, momentum=momentum)
    rows = np.moveaxis(x, 1, 0).reshape(3, -1)
    rtol = 1e-5 if dtype == np.float32 else 1e-12
    for found, old, new in [
        (running[0], mean, rows.mean(1)),
        (running[1], var, rows.var(1, ddof=1)),  # the unbiased one
    ]:
        assert found.dtype == dtype
        np.testing.assert_allclose(found.numpy(), (1 - momentum) * old + momentum * new, rtol=rtol)


def test_evaluation_leaves_the_statistics_alone():
    running = Tensor(np.ones(3)), Tensor(np.full(3, 2.0))
    F.batch_norm(Tensor(batch()), *running)
    np.testing.assert_array_equal(running[0].numpy(), 1)
    np.testing.assert_array_equal(running[1].numpy(), 2)


def test_after_training_the_evaluation_is_standardized():
    """COURSE 16."""
    running = Tensor(np.zeros(3)), Tensor(np.ones(3))
    for seed in range(200):
        F.batch_norm(Tensor(batch(seed, (64, 3))), *running, training=True)
    out = F.batch_norm(Tensor(batch(999, (5000, 3))), *running).numpy()
    np.testing.assert_allclose(out.mean(0), 0, atol=0.15)
    np.testing.assert_allclose(out.std(0), 1, atol=0.15)


def test_a_write_to_the_statistics_is_in_the_books():
    mean = Tensor(np.zeros(3))
    before = mean._version
    F.batch_norm(Tensor(batch()), mean, Tensor(np.ones(3)), training=True)
    assert mean._version > before


def test_instance_norm_remembers_the_mean_over_examples():
    x = batch()
    running = Tensor(np.zeros(3)), Tensor(np.zeros(3))
    F.instance_norm(Tensor(x), *running, momentum=1.0)
    np.testing.assert_allclose(running[0].numpy(), x.mean(2).mean(0), rtol=1e-12)
    np.testing.assert_allclose(running[1].numpy(), x.var(2, ddof=1).mean(0), rtol=1e-12)
    out = F.instance_norm(Tensor(x), *running, use_input_stats=False).numpy()
    expected = F.batch_norm(Tensor(x), *running).numpy()
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (
            lambda: F.batch_norm(Tensor(np.ones((1, 3))), None, None, training=True),
            ValueError,
            ["batch_norm", "more than 1 value per channel", "(1, 3)"],
        ),
        (
            lambda: F.instance_norm(Tensor(np.ones((2, 3, 1)))),
            ValueError,
            ["instance_norm", "more than 1 spatial element", "(2, 3, 1)"],
        ),
        (
            lambda: F.batch_norm(Tensor(np.ones((2, 3))), None, None),
            RuntimeError,
            ["batch_norm", "running_mean", "evaluation"],
        ),
        (
            lambda: F.batch_norm(Tensor(np.ones((2, 3))), Tensor(np.ones(2)), None, training=True),
            ShapeError,
            ["batch_norm", "running_mean", "3 elements", "(2,)"],
        ),
        (
            lambda: F.layer_norm(Tensor(np.ones((2, 3))), (4,)),
            ShapeError,
            ["layer_norm", "(4,)", "(2, 3)"],
        ),
        (
            lambda: F.layer_norm(Tensor(np.ones((2, 3))), (3,), Tensor(np.ones(2))),
            ShapeError,
            ["layer_norm", "weight", "(3,)", "(2,)"],
        ),
        (
            lambda: F.group_norm(Tensor(np.ones((2, 3))), 2),
            ShapeError,
            ["group_norm", "divisible", "(2, 3)", "2"],
        ),
        (
            lambda: F.layer_norm(Tensor(np.ones((2, 3), int)), (3,)),
            TypeError,
            ["int64", ".float()"],
        ),
    ],
)
def test_what_is_refused(call, kind, words):
    with pytest.raises(kind) as error:
        call()
    for word in words:
        assert word in str(error.value)
