"""NumPy's functions on Tensors: values, gradients, what is refused, and memory that is shared."""

import ast
import operator
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor, ops
from tinygrad_edu.numpy_protocol import from_dlpack, functions, ufuncs

R = np.random.default_rng(11)
M = R.uniform(0.5, 2.0, (3, 4))  # a matrix of positive numbers
N = R.uniform(-0.9, 0.9, (3, 4))  # of numbers that every inverse function takes
V = R.uniform(-2.0, 2.0, 4)
T = R.uniform(-2.0, 2.0, (2, 3, 4))
S = R.uniform(-2.0, 2.0, (4, 4))
B = N > 0
I = R.integers(1, 9, (3, 4))

# Ufunc: its inputs. The inverse hyperbolic cosine needs more than 1.
UFUNCS = dict.fromkeys((*ufuncs.OPS, *ufuncs.COMPOSED), (N,))
UFUNCS |= dict.fromkeys(("log", "log2", "log10", "sqrt", "reciprocal"), (M,))
UFUNCS |= dict.fromkeys(("add", "subtract", "multiply", "divide", "logaddexp"), (N, M))
UFUNCS |= dict.fromkeys(("maximum", "minimum", "fmax", "fmin", "hypot", "arctan2"), (N, V))
UFUNCS |= dict.fromkeys(("equal", "not_equal", "less", "less_equal", "vecdot"), (N, V))
UFUNCS |= dict.fromkeys(("greater", "greater_equal", "remainder", "fmod"), (V, N))
UFUNCS |= dict.fromkeys(("bitwise_and", "bitwise_or", "bitwise_xor", "floor_divide"), (I, I + 3))
UFUNCS |= {"invert": (I,), "logaddexp2": (N, M)}
UFUNCS |= dict.fromkeys(("logical_and", "logical_or", "logical_xor"), (B, V > 0))
UFUNCS |= {"logical_not": (B,), "matmul": (T, S), "arccosh": (M + 1.0,)}
UFUNCS |= {name: (M, np.float64(1.5) + V / 4) for name in ("power", "float_power")}

# Name: calls of it, as functions of arrays or Tensors, and the arrays.
FUNCTIONS = {
    "sum": [(lambda x: np.sum(x, axis=(0, 2), keepdims=True), T), (np.sum, M)],
    "mean": [(lambda x: np.mean(x, 1), T), (np.mean, M)],
    "prod": [(lambda x: np.prod(x, axis=(0, 1)), T), (np.prod, M)],
    "max": [(lambda x: np.max(x, axis=0), M), (np.max, M)],
    "min": [(lambda x: np.min(x, axis=1, keepdims=True), M)],
    "amax": [(lambda x: np.amax(x, axis=0), M)],
    "amin": [(lambda x: np.amin(x, axis=0), M)],
    "ptp": [(lambda x: np.ptp(x, axis=0), M)],
    "var": [(lambda x: np.var(x, axis=0), M), (lambda x: np.var(x, ddof=1), M)],
    "std": [(lambda x: np.std(x, axis=1, ddof=1, keepdims=True), M), (np.std, M)],
    "average": [
        (lambda x: np.average(x, axis=0), M),
        (lambda x, w: np.average(x, axis=1, weights=w), M, V + 3.0),
        (lambda x, w: np.average(x, weights=w), M, M[::-1]),
    ],
    "median": [(np.median, M), (lambda x: np.median(x, axis=0, keepdims=True), M)],
    "argmax": [(np.argmax, M), (lambda x: np.argmax(x, axis=1), M)],
    "argmin": [(np.argmin, M), (lambda x: np.argmin(x, axis=0, keepdims=True), M)],
    "all": [(np.all, B), (lambda x: np.all(x, axis=(0, 1)), B)],
    "any": [(np.any, B), (lambda x: np.any(x, axis=1, keepdims=True), B)],
    "count_nonzero": [(np.count_nonzero, B), (lambda x: np.count_nonzero(x, axis=0), B)],
    "cumsum": [(np.cumsum, M), (lambda x: np.cumsum(x, axis=1), M)],
    "cumprod": [(lambda x: np.cumprod(x, axis=1), M)],
    "diff": [(np.diff, M), (lambda x: np.diff(x, n=2, axis=0), M)],
    "dot": [(np.dot, M, V), (np.dot, V, V), (np.dot, M, T[:, :, :3].reshape(2, 3, 3)[:, [0] * 4])],
    "inner": [(np.inner, V, V), (np.inner, M, T)],
    "vdot": [(np.vdot, M, M[::-1])],
    "outer": [(np.outer, V, M)],
    "tensordot": [
        (lambda a, b: np.tensordot(a, b, axes=([1, 2], [0, 1])), T, M),
        (lambda a, b: np.tensordot(a, b, axes=1), M, S),
    ],
    "einsum": [(lambda a, b: np.einsum("ij,jk->ki", a, b), M, S)],
    "trace": [(np.trace, S), (lambda x: np.trace(x, offset=1, axis1=1, axis2=2), T)],
    "linalg.norm": [
        (np.linalg.norm, M),
        (lambda x: np.linalg.norm(x, axis=1), M),
        (lambda x: np.linalg.norm(x, 1, axis=0, keepdims=True), M),
    ],
    "linalg.vector_norm": [(lambda x: np.linalg.vector_norm(x, axis=1, ord=3), M)],
    "linalg.matrix_norm": [(np.linalg.matrix_norm, T)],
    "linalg.matmul": [(np.linalg.matmul, T, S)],
    "linalg.outer": [(np.linalg.outer, V, M[0])],
    "linalg.vecdot": [(np.linalg.vecdot, M, V)],
    "linalg.trace": [(np.linalg.trace, T)],
    "linalg.diagonal": [(np.linalg.diagonal, T)],
    "linalg.matrix_transpose": [(np.linalg.matrix_transpose, T)],
    "reshape": [(lambda x: np.reshape(x, (2, -1)), M)],
    "ravel": [(np.ravel, M)],
    "transpose": [(np.transpose, T), (lambda x: np.transpose(x, (1, 2, 0)), T)],
    "matrix_transpose": [(np.matrix_transpose, T)],
    "swapaxes": [(lambda x: np.swapaxes(x, 0, 2), T)],
    "moveaxis": [(lambda x: np.moveaxis(x, 0, -1), T)],
    "expand_dims": [(lambda x: np.expand_dims(x, (0, -1)), M), (lambda x: np.expand_dims(x, 1), M)],
    "squeeze": [(lambda x: np.squeeze(x, 1), M[:, None]), (np.squeeze, M[None, :, None])],
    "broadcast_to": [(lambda x: np.broadcast_to(x, (2, 3, 4)), M)],
    "broadcast_arrays": [(lambda a, b: np.broadcast_arrays(a, b)[1], M, V)],
    "atleast_1d": [(np.atleast_1d, np.array(2.0))],
    "atleast_2d": [(np.atleast_2d, V)],
    "atleast_3d": [(np.atleast_3d, M)],
    "concatenate": [
        (lambda a, b: np.concatenate([a, b], axis=1), M, N),
        (lambda a, b: np.concatenate((a, b), axis=None), M, V),
    ],
    "stack": [(lambda a, b: np.stack([a, b], axis=1), M, N)],
    "vstack": [(lambda a, b: np.vstack([a, b]), M, V)],
    "hstack": [(lambda a, b: np.hstack([a, b]), M, N), (lambda a, b: np.hstack([a, b]), V, V)],
    "dstack": [(lambda a, b: np.dstack([a, b]), M, N)],
    "column_stack": [(lambda a, b: np.column_stack([a, b]), M.T, V)],
    "append": [(np.append, M, V), (lambda a, b: np.append(a, b, axis=0), M, N)],
    "split": [(lambda x: np.split(x, 2, axis=1)[1], M), (lambda x: np.split(x, [1, 3], 1)[1], M)],
    "array_split": [(lambda x: np.array_split(x, 2)[0], M)],
    "unstack": [(lambda x: np.stack(np.unstack(x, axis=1)[1:]), M)],
    "tile": [(lambda x: np.tile(x, (2, 1, 3)), M), (lambda x: np.tile(x, 2), M)],
    "repeat": [(lambda x: np.repeat(x, 2), M), (lambda x: np.repeat(x, [1, 0, 2], axis=0), M)],
    "roll": [(lambda x: np.roll(x, 2), M), (lambda x: np.roll(x, 1, axis=1), M)],
    "flip": [(np.flip, M), (lambda x: np.flip(x, 1), M)],
    "fliplr": [(np.fliplr, M)],
    "flipud": [(np.flipud, M)],
    "diag": [(np.diag, V), (lambda x: np.diag(x, 1), S)],
    "diagonal": [(lambda x: np.diagonal(x, 0, 1, 2), T)],
    "tril": [(lambda x: np.tril(x, -1), S)],
    "triu": [(np.triu, S)],
    "where": [(lambda a, b: np.where(B, a, b), M, V), (lambda c, a: np.where(c, a, 0.0), B, M)],
    "nonzero": [(lambda x: np.nonzero(x)[1], B)],
    "flatnonzero": [(np.flatnonzero, B)],
    "argwhere": [(np.argwhere, B)],
    "take": [(lambda x: np.take(x, [0, 2, 2], axis=1), M), (lambda x: np.take(x, [5, 5]), M)],
    "take_along_axis": [(lambda x: np.take_along_axis(x, np.argsort(M, 1)[:, ::2], axis=1), M)],
    "sort": [(np.sort, M), (lambda x: np.sort(x, axis=None), M)],
    "argsort": [(np.argsort, M), (lambda x: np.argsort(x, axis=0), M)],
    "clip": [(lambda x: np.clip(x, -0.5, 0.5), N), (lambda x: np.clip(x, None, 0.3), N)],
    "round": [(lambda x: np.round(x, 1), M)],
    "around": [(np.around, M)],
    "nan_to_num": [(np.nan_to_num, M)],
    "isclose": [(np.isclose, M, M + 1e-7)],
    "copy": [(np.copy, M)],
    "astype": [(lambda x: np.astype(x, np.float64), M)],
    "zeros_like": [(np.zeros_like, M)],
    "ones_like": [(np.ones_like, M)],
    "empty_like": [(lambda x: np.zeros_like(np.empty_like(x)), np.zeros(3))],
    "full_like": [(lambda x: np.full_like(x, 2.5), M)],
}
CASES = [(f"np.{k}", getattr(np, k), *v) for k, v in UFUNCS.items() if k != "unstack"]
CASES += [(f"np.{k}", *case) for k, cases in FUNCTIONS.items() for case in cases]
NEWER = {name for name in ("unstack",) if not hasattr(np, name)}  # NumPy 2.1


def call(name: str, function, *args):
    if name.removeprefix("np.") in NEWER:
        pytest.skip(f"this NumPy has no {name}")
    with np.errstate(all="ignore"):
        return function(*args)


def constant(x):
    """Whether NumPy's function on these arrays has no gradient worth a test."""
    return np.asarray(x).dtype.kind != "f"


@pytest.mark.parametrize("case", CASES, ids=operator.itemgetter(0))
def test_value_and_gradient(case):
    """The value is NumPy's, the gradient that of NumPy's function by central differences."""
    name, function, *arrays = case
    expected = np.asarray(call(name, function, *arrays))
    inputs = [Tensor(a.copy(), requires_grad=a.dtype.kind == "f") for a in arrays]
    result = call(name, function, *inputs)
    assert isinstance(result, Tensor), type(result)
    assert result.shape == expected.shape
    assert result.dtype == expected.dtype
    np.testing.assert_allclose(result.detach().numpy(), expected, rtol=1e-10, atol=1e-12)
    if not result.requires_grad:
        assert constant(expected) or "_like" in name, f"{name} lost the history"
        return
    upstream = np.random.default_rng(5).normal(size=expected.shape)
    result.backward(Tensor(upstream))
    for i, x in enumerate(arrays):
        if x.dtype.kind != "f":
            continue
        numeric = np.empty(x.shape)
        for at in np.ndindex(x.shape):
            sides = []
            for step in (1e-6, -1e-6):
                moved = [a.copy() for a in arrays]
                moved[i][at] += step
                sides.append(call(name, function, *moved))
            numeric[at] = np.sum((sides[0] - sides[1]) * upstream) / 2e-6
        grad = inputs[i].grad
        found = np.zeros(x.shape) if grad is None else grad.numpy()
        np.testing.assert_allclose(found, numeric, rtol=1e-5, atol=1e-7, err_msg=f"input {i}")


@pytest.mark.torch
@pytest.mark.parametrize(
    ("ours", "theirs", "arrays"),
    [
        (np.exp, "exp", [N]),
        (np.abs, "abs", [np.array([-1.0, 0.0, 2.0])]),
        (np.maximum, "maximum", [np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])]),
        (np.power, "pow", [np.array([0.0, 2.0, 3.0]), np.array([0.0, 0.0, 1.5])]),
        (np.arctan2, "atan2", [N, M]),
        (np.max, "amax", [np.array([1.0, 3.0, 3.0])]),
        (np.prod, "prod", [np.array([0.0, 2.0, 3.0])]),
        (np.linalg.norm, "linalg.norm", [np.zeros(3)]),
        (np.matmul, "matmul", [T, S]),
        (np.dot, "dot", [V, V]),
        (np.cumsum, "cumsum", [V]),
        (lambda x: np.clip(x, -1.0, 1.0), "clamp", [np.array([-1.0, 0.5, 1.0, 2.0])]),
        (lambda x: np.std(x, ddof=1), "std", [M]),
        (lambda x: np.sort(x), "msort", [V]),
    ],
)
def test_gradient_is_pytorchs(ours, theirs, arrays):
    torch = pytest.importorskip("torch")
    options = {"cumsum": {"dim": 0}, "clamp": {"min": -1.0, "max": 1.0}}.get(theirs, {})
    inputs = [Tensor(a, requires_grad=True) for a in arrays]
    others = [torch.tensor(a, requires_grad=True) for a in arrays]
    result, other = ours(*inputs), operator.attrgetter(theirs)(torch)(*others, **options)
    upstream = np.random.default_rng(3).normal(size=result.shape)
    result.backward(Tensor(upstream))
    other.backward(torch.tensor(upstream))
    np.testing.assert_allclose(result.detach().numpy(), other.detach().numpy(), rtol=1e-12)
    for mine, its in zip(inputs, others, strict=True):
        np.testing.assert_allclose(mine.grad.numpy(), its.grad.numpy(), rtol=1e-9, atol=1e-12)


# ------------------------------------------------------------------------------- the tables


def test_every_op_in_the_tables_exists():
    names = set(ufuncs.OPS.values())
    for module in (ufuncs, functions):
        for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "ops":
                names.add(node.attr)
    assert not {name for name in names if not hasattr(ops, name)}


def test_every_name_in_the_tables_is_numpys():
    for name in (*ufuncs.OPS, *ufuncs.COMPOSED, *ufuncs.REDUCE):
        assert getattr(np, name).__name__ == name
        assert isinstance(getattr(np, name), np.ufunc)
    for name in {*functions.FUNCTIONS, *functions.QUESTIONS, *functions.VALUES} - NEWER:
        found = operator.attrgetter(name)(np)
        assert f"{found.__module__}.{found.__name__}" == f"numpy.{name}"


def test_every_name_in_the_tables_is_tested():
    assert set(FUNCTIONS) == set(functions.FUNCTIONS)


# ----------------------------------------------------------------------------------- ufuncs


@pytest.mark.parametrize("name", ufuncs.REDUCE)
@pytest.mark.parametrize("options", [{}, {"axis": 1}, {"axis": -1, "keepdims": True}])
def test_reduce(name, options):
    array = B if name.startswith("logical") else M
    t = Tensor(array)
    expected = getattr(np, name).reduce(array, **options)
    result = getattr(np, name).reduce(t, **options)
    assert isinstance(result, Tensor)
    np.testing.assert_allclose(result.numpy(), expected)


def test_reduce_over_all_axes():
    for name in ufuncs.REDUCE:
        array = B if name.startswith("logical") else M
        result = getattr(np, name).reduce(Tensor(array), axis=None)
        np.testing.assert_allclose(result.item(), getattr(np, name).reduce(array, axis=None))


def test_array_and_tensor_make_a_tensor():
    array, t = M.astype(np.float32), Tensor(N.astype(np.float32), requires_grad=True)
    for f in (operator.add, operator.sub, operator.mul, operator.truediv):
        for result in (f(array, t), f(t, array)):
            assert type(result) is Tensor
            assert result.dtype == np.float32
            assert result.requires_grad
    assert type(array.T @ t) is Tensor
    assert (array.T @ t).shape == (4, 4)
    assert type(array < t) is Tensor
    assert (array == t).dtype == np.bool_


@pytest.mark.parametrize("scalar", [np.float32(2), np.float64(2), np.int64(2), 2, 2.0])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_numpy_scalars_are_weak(scalar, dtype):
    t = Tensor(np.ones(3, dtype), requires_grad=True)
    for f in (operator.add, operator.sub, operator.mul, operator.truediv):
        for result in (f(scalar, t), f(t, scalar)):
            assert type(result) is Tensor
            assert result.dtype == dtype


def test_lists_are_taken():
    t = tg.tensor([1.0, 2.0], requires_grad=True)
    assert np.add([1.0, 2.0], t).dtype == np.float32
    assert np.add(t, [1, 2]).tolist() == [2.0, 4.0]
    assert np.where([True, False], t, 0.0).tolist() == [1.0, 0.0]
    assert np.dot([1.0, 1.0], t).item() == 3.0
    np.concatenate([t, [5.0]]).sum().backward()
    assert t.grad.tolist() == [1.0, 1.0]


def test_history_goes_through():
    t = tg.tensor([0.5, 1.0], requires_grad=True)
    loss = np.sum(np.exp(t) * np.array([1.0, 2.0], np.float32))
    loss.backward()
    np.testing.assert_allclose(t.grad.numpy(), np.exp([0.5, 1.0]) * [1.0, 2.0], rtol=1e-6)


def test_array_plus_equals_tensor():
    array = np.ones(3)
    same = array
    array += tg.tensor([1.0, 2.0, 3.0])
    assert same is array
    assert array.tolist() == [2.0, 3.0, 4.0]
    shares = tg.from_numpy(array)
    y = tg.tensor([1.0, 1.0, 1.0], dtype=tg.float64, requires_grad=True) * shares
    array *= tg.tensor([2.0, 2.0, 2.0])
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
    with pytest.raises(TypeError, match=r"array = array \+ t"):
        array += tg.ones(3, requires_grad=True)


def test_tensor_plus_equals_array():
    t = tg.ones(3)
    same = t
    t += np.array([1.0, 2.0, 3.0])
    assert same is t
    assert t.tolist() == [2.0, 3.0, 4.0]
    assert t.dtype == np.float32


# ---------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda t: np.cbrt(t), ["np.cbrt", "detach"]),
        (lambda t: np.modf(t), ["np.modf", "detach"]),
        (lambda t: np.fft.fft(t), ["np.fft.fft", "detach"]),
        (lambda t: np.linalg.svd(t), ["np.linalg.svd", "detach"]),
        (lambda t: np.add(t, 1.0, out=np.zeros(2)), ["np.add", "out="]),
        (lambda t: np.add(np.zeros(2), 1.0, out=t), ["np.add", "copy_"]),
        (lambda t: np.exp(t, where=np.array([True, False])), ["np.exp", "where=", "np.where"]),
        (lambda t: np.exp(t, dtype=np.float64), ["np.exp", "dtype="]),
        (lambda t: np.sum(t, where=np.array([True, False])), ["np.sum", "where"]),
        (lambda t: np.sum(t, 0, None, np.zeros(())), ["np.sum", "positional"]),
        (lambda t: np.max(t, initial=3.0), ["np.max", "initial"]),
        (lambda t: np.concatenate([t, t], out=np.zeros(4)), ["np.concatenate", "out"]),
        (lambda t: np.add.reduce(t, initial=3.0), ["np.add.reduce", "initial"]),
        (lambda t: np.subtract.reduce(t), ["np.subtract.reduce", "maximum"]),
        (lambda t: np.add.accumulate(t), ["np.add.accumulate", "cumsum"]),
        (lambda t: np.add.outer(t, t), ["np.add.outer", "[:, None]"]),
        (lambda t: np.add.at(np.zeros(2), [0, 1], t), ["np.add.at", "index_put_"]),
        (lambda t: np.add(t, "a"), ["add", "str"]),
    ],
)
def test_refused_by_name(function, words):
    with pytest.raises(TypeError) as caught:
        function(tg.tensor([1.0, 2.0], requires_grad=True))
    for word in words:
        assert word in str(caught.value)


def test_other_libraries_may_take_over():
    class Other:
        def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
            return "taken"

        def __array_function__(self, function, types, args, kwargs):
            return "taken"

    assert np.add(tg.ones(2), Other()) == "taken"
    assert np.concatenate([tg.ones(2), Other()]) == "taken"


# --------------------------------------------------------------------- out to NumPy, and back


def test_questions_ignore_the_history():
    t = tg.tensor([[1.0, 2.0]], requires_grad=True)
    assert np.shape(t) == (1, 2)
    assert np.ndim(t) == 2
    assert np.size(t) == 2
    assert np.allclose(t, [[1.0, 2.0]]) is True
    assert np.array_equal(t, t + 1) is False


def test_values_need_a_detached_tensor(tmp_path):
    t = tg.tensor([1.0, 2.0, 1.0])
    assert np.unique(t).tolist() == [1.0, 2.0]
    assert isinstance(np.bincount(tg.tensor([0, 2, 2])), Tensor)
    np.save(tmp_path / "t.npy", t)
    assert np.load(tmp_path / "t.npy").tolist() == [1.0, 2.0, 1.0]
    with pytest.raises(RuntimeError, match="Can't call numpy"):
        np.unique(t.requires_grad_())


def test_asarray():
    t = tg.tensor([1.0, 2.0])
    assert np.shares_memory(np.asarray(t), t.numpy())
    assert np.shares_memory(np.array(t, copy=False), t.numpy())
    assert not np.shares_memory(np.array(t), t.numpy())
    assert np.asarray(t, dtype=np.float64).dtype == np.float64
    with pytest.raises(ValueError, match="copy"):
        np.array(t, dtype=np.float64, copy=False)
    np.testing.assert_array_equal(np.array([tg.tensor(1.0), tg.tensor(2.0)]), [1.0, 2.0])
    assert np.array([t, t]).dtype == np.float32


def test_no_array_of_a_tensor_that_requires_grad():
    t = tg.tensor([1.0], requires_grad=True)
    message = r"Can't call numpy\(\) on Tensor that requires grad. Use tensor.detach\(\).numpy\(\)"
    for function in (np.asarray, np.array, Tensor.numpy):
        with pytest.raises(RuntimeError, match=message):
            function(t)
    assert t.numpy(force=True).tolist() == [1.0]


def test_dlpack_with_numpy():
    t = tg.zeros(3)
    array = np.from_dlpack(t)
    t[0] = 5.0
    assert array.tolist() == [5.0, 0.0, 0.0]
    back = from_dlpack(array)
    back[1] = 6.0
    assert t.tolist() == [5.0, 6.0, 0.0]
    assert t.__dlpack_device__() == array.__dlpack_device__()
    with pytest.raises(BufferError, match="detach"):
        np.from_dlpack(tg.ones(2, requires_grad=True))
    with pytest.raises(TypeError, match="__dlpack__"):
        from_dlpack([1.0])


def test_from_dlpack_is_exported():
    assert tg.from_dlpack is from_dlpack


@pytest.mark.torch
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "uint8", "bool"])
def test_dlpack_with_pytorch(dtype):
    torch = pytest.importorskip("torch")
    theirs = torch.zeros(2, 3, dtype=getattr(torch, dtype))
    ours = from_dlpack(theirs)
    assert ours.dtype == np.dtype(dtype)
    theirs[0, 1] = 1
    assert ours[0, 1].item() == 1
    ours[1, 2] = 1  # writes go the other way, too
    assert theirs[1, 2].item() == 1
    again = torch.from_dlpack(ours)
    assert again.data_ptr() == theirs.data_ptr()
    turned = torch.from_dlpack(ours.t())
    assert turned.shape == (3, 2)
    assert turned.data_ptr() == theirs.data_ptr()
    with pytest.raises(BufferError, match="detach"):
        torch.from_dlpack(tg.ones(2, requires_grad=True))
