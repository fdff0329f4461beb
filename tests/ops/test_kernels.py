"""The fast expressions equal the plain ones that they stand for."""

import numpy as np
import pytest

from tinygrad_edu.ops import kernels

rng = np.random.default_rng(8)
DTYPES = [np.float16, np.float32, np.float64]


def close(a, b):
    assert a.dtype == b.dtype and a.shape == b.shape
    np.testing.assert_allclose(a, b, rtol=20 * np.finfo(a.dtype).eps)


@pytest.mark.parametrize("n", [0, 1, 7, (1 << 16) + 1])
def test_constants_equal_numpys_and_cannot_be_spoiled(n):
    for made, plain in (
        (kernels.ones(n, np.dtype(np.float32)), np.ones(n, np.float32)),
        (kernels.row_numbers(n), np.arange(n)),
    ):
        assert made.dtype == plain.dtype and np.array_equal(made, plain)
        assert made.flags.writeable == (n > 1 << 16), "what is shared is read-only"


@pytest.mark.parametrize("dtype", DTYPES)
def test_number(dtype):
    made = kernels.number(0.1, np.dtype(dtype))
    assert made.shape == () and made.dtype == dtype and made == dtype(0.1)
    x = rng.normal(size=5).astype(dtype)
    assert np.array_equal(x * made, x * 0.1) and (x * made).dtype == dtype
    with pytest.raises(ValueError):
        made[...] = 2


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(3, 5), (1, 4), (6, 1), (0, 3)])
def test_column_sums(dtype, shape):
    x = rng.uniform(0.5, 1.5, shape).astype(dtype)
    for a in (x, np.asfortranarray(x), x[:, ::-1]):
        close(kernels.column_sums(a), a.sum(axis=0))


@pytest.mark.parametrize("dtype", [*DTYPES, np.longdouble, np.int32])
@pytest.mark.parametrize("shape", [(), (1,), (0, 3), (4, 6), (300, 301)])
def test_rectified(dtype, shape):
    x = np.asarray(rng.normal(size=shape) * 3).astype(dtype)
    if x.dtype.kind == "f":
        for i, odd in enumerate((np.nan, np.inf, -np.inf, -0.0)[: x.size]):
            x.flat[i] = odd
    columns = np.array(x, order="F")
    for given in (x, columns, np.repeat(x, 2, axis=-1)[..., ::2] if shape else x):
        before = given.copy()
        out = kernels.rectified(given)
        assert out.dtype == dtype and out.shape == shape
        np.testing.assert_array_equal(out, np.maximum(before, 0))
        if dtype in (np.float32, np.float64):  # whatever the layout
            assert not np.signbit(out[np.isfinite(out)]).any()
        np.testing.assert_array_equal(given, before)
        assert kernels.rectified(given, out=given) is given
        np.testing.assert_array_equal(given, out)


@pytest.mark.parametrize("dtype", [*DTYPES, np.longdouble])
@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("columns", [6, 1025])
def test_passed_stops_whatever_it_is(dtype, in_place, columns):
    g = rng.normal(size=(4, columns)).astype(dtype)
    g[0], g[1], g[2] = np.inf, np.nan, -0.0
    where = rng.random((4, columns)) < 0.5
    expected = np.where(where, g, np.zeros((), dtype))
    for given in (g.copy(), np.asfortranarray(g), np.repeat(g, 2, axis=1)[:, ::2]):
        out = kernels.passed(given, where, in_place)
        assert out.dtype == dtype
        np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(np.signbit(out[2][where[2]]), True)


def test_passed_without_in_place_leaves_its_input_alone():
    g = rng.normal(size=(3, 4))
    g.flags.writeable = False
    kernels.passed(g, g > 0)
    assert kernels.passed(np.float32(3), np.True_, True) == 3
    assert kernels.passed(np.float32(3), np.False_, True) == 0


def test_passed_broadcasts_a_gate_of_another_shape():
    g = rng.normal(size=(3, 4))
    where = np.array([True, False, True, False])
    np.testing.assert_array_equal(kernels.passed(g, where), np.where(where, g, 0.0))
