"""Writing in place: really, or recorded, or refused; never silently wrong."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import autograd, no_grad, ops, tensor
from tinygrad_edu.errors import DTypeError, InPlaceError, ShapeError

rng = np.random.default_rng(31)


def leaf(*shape):
    return tensor(rng.uniform(0.5, 2.0, shape), requires_grad=True)


def upstream(*shape):
    return rng.normal(size=shape)


def same(actual, expected):
    np.testing.assert_allclose(actual.detach().numpy(), expected, rtol=1e-10)


WRITES = {
    "+=": (lambda x: x.__iadd__(2.0), lambda a: a + 2),
    "-=": (lambda x: x.__isub__(2.0), lambda a: a - 2),
    "*=": (lambda x: x.__imul__(2.0), lambda a: a * 2),
    "/=": (lambda x: x.__itruediv__(2.0), lambda a: a / 2),
    "**=": (lambda x: x.__ipow__(2.0), lambda a: a**2),
    "add_": (lambda x: x.add_(x), lambda a: a + a),
    "mul_": (lambda x: x.mul_(x), lambda a: a * a),
    "exp_": (lambda x: x.exp_(), np.exp),
    "zero_": (lambda x: x.zero_(), np.zeros_like),
    "fill_": (lambda x: x.fill_(3), lambda a: np.full_like(a, 3)),
    "copy_": (lambda x: x.copy_(tensor([5.0, 6.0, 7.0])), lambda a: a * 0 + [5.0, 6.0, 7.0]),
    "x[...] =": (lambda x: x.__setitem__(..., 4.0) or x, lambda a: a * 0 + 4),
}


@pytest.fixture(params=WRITES, ids=list(WRITES))
def write(request):
    return WRITES[request.param]


# ------------------------------------------------------------------------------- no history


def test_without_history_the_memory_is_written_and_views_share(write):
    do, expected = write
    array = rng.uniform(0.5, 2, (2, 3))
    base = tg.from_numpy(array)
    x = base[1]
    twin = x.reshape(3, 1)
    want = expected(array[1].copy())
    untouched = array[0].copy()
    versions = [t._version for t in (base, x, twin)]
    assert do(x) is x
    np.testing.assert_allclose(array[1], want)
    np.testing.assert_array_equal(array[0], untouched)
    same(twin, want.reshape(3, 1))
    assert [t._version for t in (base, x, twin)] == [v + 1 for v in versions]


def test_under_no_grad_a_leaf_is_really_written(write):
    do, expected = write
    p = leaf(3)
    memory = p.detach().numpy()
    want = expected(memory.copy())
    with no_grad():
        assert do(p) is p
    np.testing.assert_allclose(memory, want)
    assert p.requires_grad and p.is_leaf


def test_a_leaf_that_requires_grad_refuses(write):
    p = leaf(3)
    before = p.detach().numpy().copy()
    with pytest.raises(InPlaceError, match=r"leaf Variable that requires grad.*no_grad"):
        write[0](p)
    same(p, before)
    assert p._version == 0


def test_with_history_the_write_is_recorded(write):
    do, _ = write
    x, g = leaf(3), upstream(3)
    y = x * 3
    saved = y * y
    assert do(y) is y
    assert y.requires_grad and not y.is_leaf
    (y * 5 + saved).backward(g)
    v = x.detach().numpy()
    slope = {
        "**=": lambda a: 2 * a,
        "mul_": lambda a: 2 * a,
        "add_": lambda a: 2 + 0 * a,
        "exp_": np.exp,
    }
    name = next(k for k, w in WRITES.items() if w is write)
    constant = {"*=": 2.0, "/=": 0.5, "zero_": 0, "fill_": 0, "copy_": 0, "x[...] =": 0}
    d = slope[name](3 * v) if name in slope else constant.get(name, 1.0)
    same(x.grad, g * (5 * d * 3 + 2 * 9 * v))


@pytest.mark.parametrize(
    "name", ["add_", "sub_", "mul_", "div_", "copy_", "fill_", "x[1:] =", "x[i] ="]
)
def test_a_tracked_value_written_to_a_plain_tensor(name):
    t, g = leaf(3), upstream(3)
    v = t.detach().numpy().copy()
    x = tensor(np.array([2.0, 3.0, 4.0]))
    start = x.numpy().copy()
    if name == "x[1:] =":
        x[1:] = t[:2]
        value, want = np.r_[2.0, v[:2]], np.r_[g[1:], 0.0]
    elif name == "x[i] =":
        x[[2, 0]] = t[1:]
        value, want = np.r_[v[2], 3.0, v[1]], np.r_[0.0, g[2], g[0]]
    elif name == "fill_":
        x.fill_(t[1] * 1.0)
        value, want = np.full(3, v[1]), np.r_[0.0, g.sum(), 0.0]
    else:
        getattr(x, name)(t)
        value = {"add_": start + v, "sub_": start - v, "mul_": start * v, "div_": start / v}
        want = {"add_": g, "sub_": -g, "mul_": g * start, "div_": -g * start / v**2}
        value, want = value.get(name, v), want.get(name, g)
    assert x.requires_grad
    same(x, value)
    x.backward(g)
    same(t.grad, want)


def test_copy_overwrites_infinities_and_broadcasts():
    t = leaf(3)
    x = tensor(np.full((2, 3), np.inf))
    x.copy_(t)
    same(x, np.tile(t.detach().numpy(), (2, 1)))
    g = upstream(2, 3)
    x.backward(g)
    same(t.grad, g.sum(0))


def test_a_scalar_result_can_be_written():
    """Reductions give NumPy scalars, which have no memory to write to."""
    x, t = leaf(3), tensor(2.0, requires_grad=True)
    s = x.sum()
    s.copy_(t)
    (s * 3).backward()
    assert t.grad.item() == 3.0 and (x.grad is None or not x.grad.numpy().any())
    u = tensor([1.0, 2.0]).sum()
    u += 1
    assert u.item() == 4.0


# ------------------------------------------------------------------------------- lessons


def test_lesson_gradient_step_on_data():
    p, lr = leaf(2, 3), 0.1
    (p * p).sum().backward()
    before, memory = p.detach().numpy().copy(), p.detach().numpy()
    p.data -= lr * p.grad
    same(p, before - lr * 2 * before)
    assert np.shares_memory(memory, p.detach().numpy()) and p.requires_grad and p.is_leaf
    p.data += -lr * p.grad
    same(p, before - 2 * lr * 2 * before)


def test_lesson_manual_backprop_of_cross_entropy():
    n = 4
    logits, y = leaf(n, 3), tensor([0, 2, 1, 2])
    ops.cross_entropy(logits, y).backward()
    dlogits = logits.detach().softmax(1)
    dlogits[range(n), y] -= 1
    dlogits /= n
    same(dlogits, logits.grad.numpy())


def test_lesson_manual_backprop_of_an_embedding():
    c, ix = leaf(5, 2), tensor([[1, 4, 1], [0, 1, 3]])
    emb, g = c[ix], upstream(2, 3, 2)
    emb.backward(g)
    dc = tg.zeros(5, 2, dtype=np.float64)
    for k in range(ix.shape[0]):
        for j in range(ix.shape[1]):
            dc[ix[k, j]] += tensor(g[k, j])
    same(c.grad, dc.numpy())


def test_lesson_masking():
    x, g = leaf(2, 3), upstream(2, 3)
    mask = x.detach().numpy() > 1.2
    y = x * 3
    y[tensor(mask)] = 0
    assert not y.detach().numpy()[mask].any()
    y.backward(g)
    same(x.grad, 3 * g * ~mask)


def test_lesson_filling_rows_in_a_loop():
    x, g = leaf(4, 3), upstream(4, 3)
    out = tg.zeros(4, 3, dtype=np.float64)
    for i in range(4):
        out[i] = x[i] * float(i)
    out.backward(g)
    same(x.grad, g * np.arange(4.0)[:, None])


def test_lesson_running_statistics():
    running, x = tensor(np.zeros(3)), leaf(8, 3)
    with no_grad():
        running *= 0.9
        running += 0.1 * x.mean(0)
    assert not running.requires_grad
    same(running, 0.1 * x.detach().numpy().mean(0))


# ------------------------------------------------------------------------------- guarded


def test_a_saved_value_that_was_overwritten_is_named_with_its_op():
    x, c = leaf(2, 3), tensor(upstream(2, 3))
    y = x * c
    c[0, 0] = 9.0
    with pytest.raises(InPlaceError) as caught:
        y.sum().backward()
    for part in ("'mul'", "'other'", "(2, 3)", "modified by an inplace operation", "clone()"):
        assert part in str(caught.value)


def test_a_write_through_a_view_of_a_saved_value_is_noticed():
    x, c = leaf(3), tensor(upstream(2, 3))
    y = x * c[1]
    c.reshape(6)[0] = 9.0
    with pytest.raises(InPlaceError, match="'mul'"):
        y.sum().backward()


def test_a_parameter_written_between_forward_and_backward():
    p, x = leaf(3, 2), leaf(4, 3)
    y = x @ p
    p.data -= 0.1
    with pytest.raises(InPlaceError, match="'matmul'"):
        y.sum().backward()


def test_an_index_tensor_that_was_overwritten():
    x = leaf(3)
    for key in (tensor([True, False, False]), tensor([0, 1])):
        y = x[key] * 2
        key[0] = 0
        with pytest.raises(InPlaceError, match="'getitem'"):
            y.sum().backward()


def test_what_no_formula_reads_may_be_overwritten():
    x, c, g = leaf(3), tensor(upstream(3)), upstream(3)
    y = x + c
    c.zero_()
    y.backward(g)
    same(x.grad, g)


def test_writing_before_forward_or_after_backward_is_no_problem():
    x, c = leaf(3), tensor(upstream(3))
    for _ in range(3):
        c *= 2
        (x * c).sum().backward()
        c.zero_()
        c += 1


def test_an_output_that_was_saved_and_recorded_over_is_still_right():
    x, g = leaf(3), upstream(3)
    y = x.exp()
    e = y.detach().numpy().copy()
    y += 1
    y.backward(g)
    same(x.grad, g * e)


def test_a_view_of_a_tensor_with_history_refuses():
    x = leaf(2, 3)
    y = x * 1.0
    for view in (y.reshape(3, 2), y[0], y.T):
        before = view.detach().numpy().copy()
        for write in (lambda v: v.add_(1.0), lambda v: v.__setitem__(0, 0.0), lambda v: v.zero_()):
            with pytest.raises(
                InPlaceError, match=r"view of another one.*base\[i\] = v.*clone\(\)"
            ):
                write(view)
        same(view, before)


def test_a_tracked_value_written_through_a_plain_view_refuses():
    base, t = tg.zeros(2, 3), tensor([1.0, 2.0, 3.0], requires_grad=True)
    with pytest.raises(InPlaceError, match="view"):
        base[0].copy_(t)
    base[0] = t
    assert base.requires_grad


def test_a_result_that_only_looks_like_a_view_may_be_written():
    """NumPy's fancy indexing can return a transposed array whose `.base` is its own."""
    x, g = leaf(3, 4), upstream(3, 2)
    y = x[:, [0, 2]]
    y += 1
    y *= 2
    y.backward(g)
    want = np.zeros((3, 4))
    want[:, [0, 2]] = 2 * g
    same(x.grad, want)


def test_read_only_and_expanded_memory():
    expanded = ops.broadcast_to(tensor([1.0, 2.0]), shape=(3, 2))
    frozen = np.ones(3)
    frozen.setflags(write=False)
    for t in (expanded, tg.from_numpy(frozen)):
        for write in (lambda t: t.add_(1), lambda t: t.__setitem__(0, 5.0), lambda t: t.zero_()):
            with pytest.raises(InPlaceError, match=r"read-only.*clone\(\)"):
                write(t)


def test_misfits_of_shape():
    plain, tracked = tensor(np.ones(3)), leaf(3) * 1.0
    for x in (plain, tracked):
        with pytest.raises(ShapeError, match=r"\(2, 3\).*\(3,\)"):
            x += np.ones((2, 3))
        with pytest.raises(ShapeError):
            x.copy_(tensor(np.ones(2)))
        with pytest.raises(ShapeError):
            x[:2] = tensor(np.ones(3))
        with pytest.raises(IndexError):
            x[5] = 1.0
        same(x[:0], [])


def test_misfits_of_dtype():
    x = tensor([1, 2, 3])
    with pytest.raises(DTypeError, match=r"float32 can't be cast.*int64"):
        x += 1.5
    with pytest.raises(DTypeError):
        x /= 2
    assert x.tolist() == [1, 2, 3]
    x.copy_(tensor([1.5, 2.5, -3.5], requires_grad=True))
    assert x.tolist() == [1, 2, -3] and not x.requires_grad
    x[0] = tensor(7.9, requires_grad=True)
    assert x.tolist() == [7, 2, -3] and not x.requires_grad


def test_the_dtype_stays():
    half = tensor([1.0, 2.0])
    half += np.ones(2)
    half *= tensor(np.ones(2))
    assert half.dtype == np.float32
    x = tensor([1.0, 2.0], requires_grad=True)
    y = x * 1.0
    y *= tensor(np.array([2.0, 3.0]), requires_grad=True)
    assert y.dtype == np.float32 and y.tolist() == [2.0, 6.0]
    y.sum().backward()
    assert x.grad.dtype == np.float32


def test_writes_recorded_twice_differentiate_twice():
    x, h = leaf(3), upstream(3)
    y = x * 1.0
    y *= x
    y[1] = x[0] ** 3
    (d,) = autograd.grad(y.sum(), x, create_graph=True)
    v = x.detach().numpy()
    same(d, [2 * v[0] + 3 * v[0] ** 2, 0.0, 2 * v[2]])
    (d2,) = autograd.grad(d, x, tensor(h))
    same(d2, [h[0] * (2 + 6 * v[0]), 0.0, 2 * h[2]])


def test_an_element_is_a_view():
    x = tensor([1.0, 2.0, 3.0])
    x[1].fill_(9.0)
    row = tensor([[1.0, 2.0], [3.0, 4.0]])[1]
    row[0] += 5
    assert x.tolist() == [1.0, 9.0, 3.0] and row.tolist() == [8.0, 4.0]


# ------------------------------------------------------------------------------- views of a number


@pytest.mark.parametrize(
    "view",
    [
        lambda s: s.view(1),
        lambda s: s.reshape(1, 1),
        lambda s: s.unsqueeze(0),
        lambda s: s.squeeze(),
        lambda s: s.flatten(),
        lambda s: s[None],
        lambda s: s[...],
        lambda s: s.T,
        lambda s: s.permute(()),
    ],
)
@pytest.mark.parametrize("number", [lambda: tg.ones(3).sum(), lambda: tg.tensor(3.0)])
def test_a_view_of_a_number_is_a_view(number, view):
    s = number()
    part = view(s)
    part.mul_(0.5)
    assert s.item() == part.item() == 1.5
    s.fill_(7.0)
    assert part.item() == 7.0


def test_a_number_that_is_expanded_is_seen_to_change():
    s = tg.ones(3).sum()
    wide = s.expand(2)
    s.fill_(4.0)
    assert wide.tolist() == [4.0, 4.0]


def test_a_write_through_a_view_of_a_number_with_history_is_refused():
    y = tg.tensor(2.0, requires_grad=True) * 1
    with pytest.raises(InPlaceError):
        y.reshape(1).fill_(5.0)
    assert y.item() == 2.0
