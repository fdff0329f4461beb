"""Making tensors: values, dtypes, devices, random numbers and their generators."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import tensor
from tinygrad_edu.errors import DTypeError, GradientError, ShapeError


def same(actual, expected, dtype=None):
    array = actual.detach().numpy()
    np.testing.assert_array_equal(array, expected)
    assert array.shape == np.shape(expected)
    assert dtype is None or array.dtype == dtype, array.dtype


# ---------------------------------------------------------------------------- from data


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (5, tg.int64),
        (2.5, tg.float32),
        (True, tg.bool),
        ([1, 2.5], tg.float32),
        ([True, 2], tg.int64),
        ([], tg.float32),
        ([[]], tg.float32),
        (range(3), tg.int64),
        (np.float64(1), tg.float64),
        ([np.float64(1.0)], tg.float64),
        ([np.float32(1.0), 2], tg.float32),
        ([np.int32(3)], tg.int32),
        (np.arange(3, dtype=np.uint8), tg.uint8),
        ([np.array([1.0, 2.0]), np.array([1.0, 2.0])], tg.float64),
    ],
)
def test_dtype_of_data(data, dtype):
    assert tensor(data).dtype == dtype


def test_tensors_in_a_list():
    same(tensor([tensor(1.0), 2]), [1, 2], tg.float32)
    same(tensor([tensor(1), tensor(2)]), [1, 2], tg.int64)


def test_tensor_copies_and_as_tensor_does_not():
    array = np.array([1.0, 2.0])
    copied, shared, again = tensor(array), tg.as_tensor(array), tg.from_numpy(array)
    array[0] = 9.0
    same(copied, [1, 2])
    same(shared, [9, 2])
    same(again, [9, 2])
    x = tensor([1.0], requires_grad=True)
    assert tg.as_tensor(x) is x
    assert tg.as_tensor(x, dtype=tg.float64).requires_grad
    same(tg.asarray(array, copy=True), [9, 2])
    same(tensor(array, dtype=tg.int64), [9, 2], tg.int64)


@pytest.mark.parametrize(
    ("data", "error", "text"),
    [
        ([[1, 2], [3]], ShapeError, "inhomogeneous"),
        (["a"], DTypeError, "can't make a tensor"),
        (None, DTypeError, "can't make a tensor"),
        (1j, DTypeError, "complex"),
    ],
)
def test_what_is_no_data(data, error, text):
    with pytest.raises(error, match=text):
        tensor(data)


def test_from_numpy_takes_arrays_only():
    with pytest.raises(TypeError, match="expected an ndarray"):
        tg.from_numpy([1.0])
    with pytest.raises(TypeError, match="can't convert"):
        tg.from_numpy(np.array(["a"]))


def test_only_floats_require_grad():
    assert tensor([1.0], requires_grad=True).is_leaf
    for make in (lambda: tensor([1], requires_grad=True), lambda: tg.arange(3, requires_grad=True)):
        with pytest.raises(GradientError, match="floating"):
            make()


def test_names_of_classes():
    same(tg.FloatTensor([1, 2]), [1, 2], tg.float32)
    same(tg.LongTensor([1, 2]), [1, 2], tg.int64)
    assert tg.DoubleTensor(2, 3).shape == (2, 3)


# ---------------------------------------------------------------------------- of one value


def test_sizes_in_every_form():
    for shape in [tg.zeros(2, 3).shape, tg.zeros((2, 3)).shape, tg.zeros(size=[2, 3]).shape]:
        assert shape == (2, 3)
    same(tg.zeros(()), 0.0, tg.float32)
    same(tg.ones(2, dtype=tg.int64), [1, 1], tg.int64)
    assert tg.empty(2, 0).shape == (2, 0)
    with pytest.raises(TypeError, match="size"):
        tg.zeros()
    with pytest.raises(ShapeError, match="non-negative"):
        tg.ones(-1)
    with pytest.raises(DTypeError, match="integers"):
        tg.zeros(2.0)


@pytest.mark.parametrize(
    ("value", "dtype"), [(1, tg.int64), (True, tg.bool), (1.5, tg.float32), (np.pi, tg.float32)]
)
def test_full(value, dtype):
    same(tg.full((2,), value), np.full(2, value, dtype), dtype)
    same(tg.full((), value, dtype=tg.float64), np.float64(value), tg.float64)
    with pytest.raises(DTypeError, match=r"write \(2,\)"):
        tg.full(2, value)


def test_likes():
    x = tg.zeros(2, 3, dtype=tg.float64)
    for make in (tg.zeros_like, tg.ones_like, tg.empty_like, tg.rand_like, tg.randn_like):
        assert make(x).shape == (2, 3) and make(x).dtype == tg.float64
        assert make(x, dtype=tg.float32).dtype == tg.float32
        assert make(x, requires_grad=True).requires_grad
    same(tg.full_like(tg.arange(2), 2.7), [2, 2], tg.int64)
    same(tg.randint_like(x, 3, 4), np.full((2, 3), 3.0), tg.float64)


def test_new():
    x = tg.zeros(2, dtype=tg.float64)
    assert x.new_zeros(2, 3).dtype == x.new_ones((1,)).dtype == x.new_empty(1).dtype == tg.float64
    same(x.new_full((2,), 3), [3, 3], tg.float64)
    same(x.new_tensor([1, 2]), [1, 2], tg.float64)
    assert x.new_zeros(1, dtype=tg.int32).dtype == tg.int32


# ----------------------------------------------------------------------------------- ranges


def test_arange():
    same(tg.arange(4), [0, 1, 2, 3], tg.int64)
    same(tg.arange(1, 6, 2), [1, 3, 5], tg.int64)
    same(tg.arange(5, 0, -2), [5, 3, 1])
    same(tg.arange(0, 1, 0.25), [0, 0.25, 0.5, 0.75], tg.float32)
    same(tg.arange(3.0), [0, 1, 2], tg.float32)
    same(tg.arange(end=2), [0, 1])
    same(tg.arange(tensor(2)), [0, 1])
    same(tg.arange(2, dtype=tg.float64), [0, 1], tg.float64)
    with pytest.raises(ShapeError, match="nonzero"):
        tg.arange(0, 5, 0)
    with pytest.raises(ShapeError, match="inconsistent"):
        tg.arange(5, 0)


def test_linspace_and_logspace():
    same(tg.linspace(0, 1, 5), [0, 0.25, 0.5, 0.75, 1], tg.float32)
    same(tg.linspace(3, 10, 1), [3])
    same(tg.linspace(3, 10, 0), [])
    same(tg.linspace(0, 10, 5, dtype=tg.int64), [0, 2, 5, 7, 10], tg.int64)
    same(tg.logspace(0, 2, 3), [1, 10, 100])
    same(tg.logspace(0, 3, 4, base=2), [1, 2, 4, 8])
    with pytest.raises(ShapeError, match="non-negative"):
        tg.linspace(0, 1, -1)


def test_eye_and_triangle_indices():
    same(tg.eye(2, 3), [[1, 0, 0], [0, 1, 0]], tg.float32)
    same(tg.eye(2, dtype=tg.int64), [[1, 0], [0, 1]], tg.int64)
    same(tg.tril_indices(2, 3), [[0, 1, 1], [0, 0, 1]], tg.int64)
    same(tg.triu_indices(2, 3, 1), [[0, 0, 1], [1, 2, 2]])


# ----------------------------------------------------------------------------------- device


def test_device():
    cpu = tg.device("cpu")
    assert cpu == tg.zeros(1, device="cpu").device and cpu.type == "cpu" and str(cpu) == "cpu"
    assert repr(tg.device("cpu:0")) == "device(type='cpu', index=0)"
    assert not tg.cuda.is_available() and tg.cuda.device_count() == 0
    x = tg.ones(2)
    assert x.to("cpu") is x and x.to(cpu) is x and x.cpu() is x and not x.is_cuda
    for wrong in (
        lambda: tg.device("cuda"),
        lambda: tg.zeros(2, device="cuda"),
        lambda: x.to("mps"),
        lambda: x.cuda(),
    ):
        with pytest.raises(RuntimeError, match="CPU only"):
            wrong()


def test_to_in_every_form():
    x, like = tg.ones(2), tg.zeros(1, dtype=tg.int32)
    assert x.to(tg.float64).dtype == x.to(dtype=tg.float64).dtype == tg.float64
    assert x.to("cpu", tg.int64).dtype == x.to(device="cpu", dtype=tg.int64).dtype == tg.int64
    assert x.to(like).dtype == x.type_as(like).dtype == x.type(tg.int32).dtype == tg.int32
    assert x.to(tg.float32) is x and x.to(tg.float32, copy=True) is not x and x.float() is x
    assert x.to(np.float64).dtype == x.to("cpu", np.float64).dtype == tg.float64  # NumPy's class
    assert tg.nn.Linear(2, 1).to(np.float64).weight.dtype == tg.float64
    assert x.type() == "torch.FloatTensor" and x.type("torch.LongTensor").dtype == tg.int64
    with pytest.raises(TypeError, match="unknown argument"):
        x.to(colour="red")


def test_conversions_under_numpy_s_names():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = x.astype(np.float64)
    assert y.dtype == tg.float64 and x.astype("float32") is not x
    assert x.astype(np.float32, copy=False) is x
    (y * x.copy()).backward(tg.tensor([1.0, 3.0], dtype=tg.float64))
    assert x.grad.tolist() == [2.0, 12.0]


# ------------------------------------------------------------------------------- what it is


def test_sizes_and_strides():
    x = tg.zeros(2, 3, 4)
    assert x.size() == (2, 3, 4) and x.size(-1) == x.size(dim=2) == 4
    assert x.stride() == (12, 4, 1) and x.stride(0) == 12
    assert x.transpose(0, 2).stride() == (1, 4, 12)
    assert x.numel() == x.nelement() == tg.numel(x) == 24 and x.dim() == x.ndimension() == 3
    assert x.element_size() == x.itemsize == 4 and x.nbytes == 96
    assert x[1].storage_offset() == 12
    assert x.is_contiguous() and not x.T.is_contiguous() and x.T.contiguous().is_contiguous()
    assert x.contiguous() is x
    with pytest.raises(IndexError, match="out of range"):
        x.size(3)


def test_questions():
    assert tg.is_tensor(tg.ones(1)) and not tg.is_tensor(np.ones(1))
    assert tg.is_floating_point(tg.ones(1)) and not tg.arange(3).is_floating_point()
    assert tg.is_nonzero(tensor([2.0])) and not tg.is_nonzero(tensor(0))
    assert tg.result_type(tg.arange(2), 1.5) == tg.float32
    assert tg.promote_types(tg.uint8, tg.int8) == tg.int16
    assert tg.can_cast(tg.int64, tg.float32) and not tg.can_cast(tg.float32, tg.int64)
    assert tg.finfo(tg.float32).eps == 2.0**-23 and tg.finfo().bits == 32
    assert tg.iinfo(tg.int8).max == 127
    with pytest.raises(TypeError, match="iinfo"):
        tg.finfo(tg.int64)
    assert 2.0 in tg.ones(3) * 2 and 3.0 not in tg.ones(3)


# ------------------------------------------------------------------------------- random numbers

SAMPLERS = [
    lambda g: tg.rand(3, 4, generator=g),
    lambda g: tg.randn(3, 4, generator=g),
    lambda g: tg.randint(0, 100, (3, 4), generator=g),
    lambda g: tg.randperm(20, generator=g),
    lambda g: tg.normal(0.0, 1.0, (3, 4), generator=g),
    lambda g: tg.bernoulli(tg.full((5, 5), 0.5), generator=g),
    lambda g: tg.multinomial(tg.ones(3, 9), 5, generator=g),
    lambda g: tg.poisson(tg.full((9,), 4.0), generator=g),
    lambda g: tg.zeros(3, 4).uniform_(generator=g),
    lambda g: tg.zeros(3, 4).normal_(generator=g),
    lambda g: tg.zeros(3, 4).exponential_(generator=g),
    lambda g: tg.zeros(3, 4).random_(50, generator=g),
    lambda g: tg.zeros(5, 5).bernoulli_(0.5, generator=g),
    lambda g: tg.zeros(3, 4).log_normal_(generator=g),
    lambda g: tg.zeros(3, 4).cauchy_(generator=g),
    lambda g: tg.zeros(3, 4).geometric_(0.1, generator=g),
]


@pytest.mark.parametrize("draw", SAMPLERS)
def test_seeds_decide(draw):
    one, two, other = (draw(tg.Generator().manual_seed(s)).tolist() for s in (1, 1, 2))
    assert one == two and one != other
    tg.manual_seed(3)
    first = draw(None).tolist()
    assert draw(None).tolist() != first
    tg.manual_seed(3)
    assert draw(None).tolist() == first


def test_generator_state():
    g = tg.Generator(device="cpu").manual_seed(5)
    assert g.initial_seed() == 5 and g.device == tg.device("cpu")
    state = g.get_state()
    one = tg.rand(4, generator=g).tolist()
    g.set_state(state)
    assert tg.rand(4, generator=g).tolist() == one
    assert tg.Generator().initial_seed() == tg.Generator("cpu").initial_seed() == 67280421310721
    before = tg.get_rng_state()
    one = tg.rand(4).tolist()
    tg.set_rng_state(before)
    with tg.random.fork_rng():
        assert tg.rand(4).tolist() == one
    assert tg.rand(4).tolist() == one
    assert tg.seed() == tg.initial_seed()


def test_distributions():
    g = tg.Generator().manual_seed(0)
    u = tg.rand(20000, generator=g).numpy()
    assert u.min() >= 0 and u.max() < 1 and abs(u.mean() - 0.5) < 0.01
    n = tg.randn(20000, generator=g).numpy()
    assert abs(n.mean()) < 0.03 and abs(n.std() - 1) < 0.02 and n.dtype == np.float32
    m = tg.normal(tensor([1.0, -50.0]).expand(10000, 2), tensor([2.0, 0.1]), generator=g).numpy()
    np.testing.assert_allclose(m.mean(0), [1, -50], atol=0.1)
    np.testing.assert_allclose(m.std(0), [2, 0.1], rtol=0.03)
    e = tg.zeros(20000).exponential_(4.0, generator=g).numpy()
    assert abs(e.mean() - 0.25) < 0.01
    w = tg.zeros(20000).uniform_(-2, 6, generator=g).numpy()
    assert w.min() >= -2 and w.max() < 6 and abs(w.mean() - 2) < 0.1
    i = tg.randint(3, 6, (9000,), generator=g).numpy()
    assert set(i.tolist()) == {3, 4, 5} and i.dtype == np.int64
    assert tg.rand(50000, dtype=tg.float16, generator=g).numpy().max() < 1


def test_multinomial():
    g = tg.Generator().manual_seed(0)
    weights = tensor([[1.0, 3.0, 0.0], [0.0, 0.0, 2.0]])
    drawn = tg.multinomial(weights, 20000, replacement=True, generator=g).numpy()
    assert drawn.shape == (2, 20000) and set(drawn[1]) == {2}
    np.testing.assert_allclose(np.bincount(drawn[0], minlength=3) / 20000, [0.25, 0.75, 0], 0.05)
    for _ in range(20):
        assert sorted(tg.multinomial(tg.ones(4), 4, generator=g).tolist()) == [0, 1, 2, 3]
    first = [tg.multinomial(weights[0], 2, generator=g).tolist()[0] for _ in range(4000)]
    assert abs(np.mean(first) - 0.75) < 0.03


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (lambda: tg.multinomial(tg.ones(3), 4), "without replacement"),
        (lambda: tg.multinomial(tg.ones(3), 0), "n_sample <= 0"),
        (lambda: tg.multinomial(tensor([-1.0, 2.0]), 1), "element < 0"),
        (lambda: tg.multinomial(tg.zeros(3), 1), "sum of probabilities"),
        (lambda: tg.multinomial(tg.ones(1, 2, 3), 1), "1 or 2 dim"),
        (lambda: tg.multinomial(tg.arange(3), 1), "floating-point"),
        (lambda: tg.bernoulli(tensor([2.0])), "from 0 to 1"),
        (lambda: tg.normal(tg.zeros(2), -1.0), "std >= 0"),
        (lambda: tg.normal(0.0, 1.0), "size"),
        (lambda: tg.randint(5, 5, (2,)), "less than"),
        (lambda: tg.rand(2, dtype=tg.int64), "only for floats"),
        (lambda: tg.arange(3).normal_(), "float"),
        (lambda: tg.zeros(2).uniform_(2, 1), "found from=2"),
        (lambda: tg.zeros(2).normal_(0, -1), "std >= 0"),
        (lambda: tg.zeros(2).exponential_(0), "lambda > 0"),
        (lambda: tg.zeros(2).geometric_(2), "p to be in"),
    ],
)
def test_wrong_arguments(wrong, text):
    with pytest.raises(RuntimeError, match=text):
        wrong()


def test_samples_written_into_a_leaf():
    x = tg.zeros(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf"):
        x.normal_()
    with tg.no_grad():
        assert x.uniform_(1, 2) is x and x.requires_grad
    y = x * 2
    y.normal_()  # what was there is gone, and so is its gradient
    y.sum().backward()
    same(x.grad, [0, 0, 0])


# ------------------------------------------------------------------------------- default dtype


def test_default_dtype():
    tg.set_default_dtype(tg.float64)
    try:
        made = [tensor(1.0), tg.zeros(1), tg.rand(1), tg.linspace(0, 1, 2), tg.arange(1.0)]
        assert {t.dtype for t in made} == {tg.float64}
    finally:
        tg.set_default_dtype(tg.float32)
    with pytest.raises(TypeError, match="floating"):
        tg.set_default_dtype(tg.int64)
