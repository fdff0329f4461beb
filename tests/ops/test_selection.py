"""`select` is `np.where`, to the bit, for large arrays too."""

import numpy as np
import pytest

from tinygrad_edu import Tensor
from tinygrad_edu.nn import functional as F
from tinygrad_edu.ops.selection import select


def arrays(dtype, shape, seed=0):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, *shape)).astype(dtype)
    a[..., :3], b[..., :3] = [np.nan, np.inf, -np.inf], [-0.0, 0.0, np.nan]
    return rng.random(shape) < 0.5, a, b


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int64])
@pytest.mark.parametrize("shape", [(5, 4), (101, 50), (1, 5000), (100, 7, 8)])
def test_select_is_where(dtype, shape):
    mask, a, b = arrays(np.float32, shape)
    with np.errstate(invalid="ignore"):
        a, b = a.astype(dtype), b.astype(dtype)
    for x, y in [(a, b), (a, 0.0), (0.0, a), (a, 0), (a, 2.5), (-1.5, a), (a, a), (a.copy(), b)]:
        found, expected = select(mask, x, y), np.where(mask, x, y)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


def test_select_of_views_and_of_unlike_arrays():
    mask, a, b = arrays(np.float32, (120, 90))
    np.testing.assert_array_equal(select(mask.T, a.T, 0.0), np.where(mask.T, a.T, 0.0))
    np.testing.assert_array_equal(select(mask.T, a.T, b.T), np.where(mask.T, a.T, b.T))
    np.testing.assert_array_equal(
        select(mask[::2], a[::2], b[::2]), np.where(mask[::2], a[::2], b[::2])
    )
    np.testing.assert_array_equal(select(mask, a, b[:1]), np.where(mask, a, b[:1]))
    np.testing.assert_array_equal(select(mask[0], a, b), np.where(mask[0], a, b))
    mixed = select(mask, a, b.astype(float))
    assert mixed.dtype == np.float64
    np.testing.assert_array_equal(mixed, np.where(mask, a, b.astype(float)))


def test_select_changes_nothing():
    mask, a, b = arrays(np.float64, (100, 60))
    for array in (mask, a, b):
        array.flags.writeable = False
    select(mask, a, b), select(mask, a, 0.0), select(mask, 0.0, b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_relu_blocks_infinities(dtype):
    """A product with a mask would give nan."""
    x = Tensor(np.where(np.arange(6000) % 2, 1.0, -1.0).astype(dtype), requires_grad=True)
    F.relu(x).backward(Tensor(np.full(6000, np.inf, dtype)))
    np.testing.assert_array_equal(x.grad.numpy(), np.where(np.arange(6000) % 2, np.inf, 0.0))


@pytest.mark.parametrize("name", ["relu", "elu", "leaky_relu", "softplus", "celu", "selu"])
def test_large_arrays_are_computed_like_small_ones(name):
    rng = np.random.default_rng(3)
    values, upstream = 3 * rng.normal(size=(2, 5000))
    function = getattr(F, name)
    large = Tensor(values, requires_grad=True)
    out = function(large)
    out.backward(Tensor(upstream))
    for part in (slice(0, 50), slice(4000, 4100)):
        small = Tensor(values[part], requires_grad=True)
        again = function(small)
        again.backward(Tensor(upstream[part]))
        np.testing.assert_allclose(out.detach().numpy()[part], again.detach().numpy(), rtol=1e-13)
        np.testing.assert_allclose(large.grad.numpy()[part], small.grad.numpy(), rtol=1e-13)
