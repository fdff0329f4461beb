"""An op of one's own, in two lines; and the dtype of everything that passes through the engine."""

import numpy as np
import pytest

from tinygrad_edu import autograd, ops, primitive, tensor
from tinygrad_edu.errors import DTypeError, GradientError, ShapeError

rng = np.random.default_rng(41)


def leaf(*shape):
    return tensor(rng.uniform(0.5, 2.0, shape), requires_grad=True)


@primitive
def cube(x):
    return x**3


cube.defvjp(lambda g, out, x: 3 * x**2 * g)


@primitive(elementwise=True)
def hypotenuse(x, y, *, scale=1.0):
    return scale * (x**2 + y**2) ** 0.5


hypotenuse.defvjp(
    lambda g, out, x, y, scale=1.0: g * x / out * scale**2,
    lambda g, out, x, y, scale=1.0: g * y / out * scale**2,
)


def test_first_second_and_third_order():
    x, g = leaf(2, 3), rng.normal(size=(2, 3))
    v = x.detach().numpy()
    (d1,) = autograd.grad(cube(x), x, tensor(g), create_graph=True)
    (d2,) = autograd.grad(d1.sum(), x, create_graph=True)
    (d3,) = autograd.grad(d2.sum(), x)
    np.testing.assert_allclose(d1.detach().numpy(), 3 * v**2 * g)
    np.testing.assert_allclose(d2.detach().numpy(), 6 * v * g)
    np.testing.assert_allclose(d3.numpy(), 6 * g)


def test_on_plain_arrays_it_is_the_plain_function():
    assert type(cube(np.arange(3.0))) is np.ndarray
    assert cube(2.0) == 8.0


def test_broadcasting_is_undone():
    x, y, g = leaf(2, 1), leaf(3), rng.normal(size=(2, 3))
    hypotenuse(x, y, scale=2.0).backward(g)
    a, b = x.detach().numpy(), y.detach().numpy()
    r = (a**2 + b**2) ** 0.5
    np.testing.assert_allclose(x.grad.numpy(), (2 * g * a / r).sum(1, keepdims=True))
    np.testing.assert_allclose(y.grad.numpy(), (2 * g * b / r).sum(0))


def test_inputs_by_keyword_in_any_order():
    x, y, g = leaf(3), leaf(3), rng.normal(size=3)
    hypotenuse(y=y, x=x).backward(g)
    r = hypotenuse(x.detach().numpy(), y.detach().numpy())
    np.testing.assert_allclose(y.grad.numpy(), g * y.detach().numpy() / r)


def test_a_joint_formula():
    @primitive
    def product(x, y):
        return x * y

    product.defvjp(joint=lambda g, out, x, y: (g * y, g * x))
    x, y, g = leaf(2, 3), leaf(2, 3), rng.normal(size=(2, 3))
    dx, _ = autograd.grad(product(x, y), [x, y], tensor(g), create_graph=True)
    np.testing.assert_allclose(dx.detach().numpy(), g * y.detach().numpy())
    (dxy,) = autograd.grad(dx.sum(), y)
    np.testing.assert_allclose(dxy.numpy(), g)
    x.grad = None
    product(x, tensor(g)).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), g)


def test_as_a_method():
    class Thing(type(tensor(1.0))):
        cubed = cube

    x = Thing(np.array([1.0, 2.0]), requires_grad=True)
    x.cubed().sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [3.0, 12.0])


def test_without_a_formula_backward_names_it():
    @primitive
    def mystery(x, weight):
        return x * weight

    x = leaf(3)
    y = mystery(x, 2.0)
    with pytest.raises(GradientError, match=r"'mystery' has no derivative.*'x'.*mystery\.defvjp"):
        y.sum().backward()
    mystery.defvjp(lambda g, out, x, w: g * w)
    mystery(x, 2.0).sum().backward()
    with pytest.raises(GradientError, match=r"'mystery'.*'weight'"):
        mystery(x, leaf(3)).sum().backward()


def test_without_a_formula_but_without_need():
    @primitive
    def mystery(x):
        return x * 2

    assert mystery(tensor([1.0])).item() == 2.0


def test_a_gradient_of_the_wrong_shape_names_op_and_input():
    @primitive
    def total(x):
        return x.sum()

    total.defvjp(lambda g, out, x: g)
    with pytest.raises(
        ShapeError, match=r"total: the gradient for input 0 has shape \(\).*\(2, 3\)"
    ):
        total(leaf(2, 3)).backward()


def test_a_gradient_of_the_wrong_shape_of_an_elementwise_op():
    @primitive(elementwise=True)
    def twice(x):
        return x * 2

    twice.defvjp(lambda g, out, x: g[:-1])
    with pytest.raises(
        ShapeError, match=r"twice: the gradient for input 0 has shape \(2,\).*\(3,\)"
    ):
        twice(leaf(3)).sum().backward()


def test_a_python_number_as_gradient():
    @primitive
    def constant(x):
        return x * 0 + 7

    constant.defvjp(lambda g, out, x: 0.0)
    x = tensor(2.0, requires_grad=True)
    constant(x).backward()
    assert x.grad.item() == 0.0 and x.grad.dtype == np.float32
    with pytest.raises(ShapeError, match="constant"):
        constant(leaf(3)).sum().backward()


def test_none_as_gradient_stops_the_flow():
    @primitive
    def gate(x, y):
        return x + y

    gate.defvjp(lambda g, out, x, y: None, lambda g, out, x, y: g)
    x, y = leaf(3), leaf(3)
    gate(x, y).sum().backward()
    assert x.grad is None and y.grad.tolist() == [1.0] * 3


@pytest.mark.parametrize(
    "formula", [lambda g, x: 2 * g, lambda g: 2 * g, lambda g, out, x, k: g * k]
)
def test_a_formula_with_the_wrong_arguments_is_refused_at_once(formula):
    @primitive
    def double(x):
        return x * 2

    with pytest.raises(DTypeError, match=r"double: formula 0 takes \(.*must take \(g, out, x\)"):
        double.defvjp(formula)


def test_a_failing_forward_names_op_and_shapes():
    @primitive
    def joined(x, y):
        return np.concatenate([x, y], axis=1)

    with pytest.raises(ShapeError, match=r"joined: .*x \(2, 3\) float64, y \(4, 3\) float64"):
        joined(leaf(2, 3), leaf(4, 3))


def test_a_wrong_keyword():
    with pytest.raises(DTypeError, match=r"cube: .*power.*inputs are x"):
        cube(leaf(3), power=2)


# ------------------------------------------------------------------------------- dtype


def pair(values, **options):
    return tensor(np.array(values, np.float32), **options)


PATHS = {
    "python scalars": lambda x: (x * 2.5 + 1) / 3 - 0.5**x,
    "reflected": lambda x: 2.0 - (3.0 / x) + 2**x,
    "numpy scalar": lambda x: x * np.float64(2.5),
    "integers": lambda x: x * tensor([1, 2, 3]) + tensor([True, False, True]),
    "0-d": lambda x: x.sum() * x.mean(),
    "0-d float64 tensor": lambda x: x * tensor(np.float64(3.0)),
    "element": lambda x: x[1] * x,
    "softmax": lambda x: x.softmax(0).log() + x.logsumexp(0),
    "choice": lambda x: ops.where(x > 1, x, 0.0) + ops.maximum(x, 1.0) + x.relu(),
    "shape": lambda x: x.reshape(3, 1) @ x.unsqueeze(0),
    "writes": lambda x: (x * 1).add_(1.5).mul_(x),
    "mean": lambda x: x.mean(),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_dtype_stays_through_every_path(path, dtype):
    if path == "0-d float64 tensor" and dtype == np.float16:
        pytest.skip("covered by the others")
    x = tensor(np.array([0.5, 1.5, 2.5], dtype), requires_grad=True)
    y = PATHS[path](x)
    assert y.dtype == dtype
    seed = rng.normal(size=y.shape)
    (first,) = autograd.grad(y, x, seed, create_graph=True)
    assert first.dtype == dtype
    if first.requires_grad:
        (second,) = autograd.grad(first.sum(), x, retain_graph=True)
        assert second.dtype == dtype
    for _ in range(2):
        y.backward(seed, retain_graph=True)
        assert x.grad.dtype == dtype


def test_the_seed_of_a_recorded_leaf_root_is_cast():
    x = pair([1.0, 2.0], requires_grad=True)
    x.backward(np.ones(2), create_graph=True)
    assert x.grad.dtype == np.float32
    seed = tensor(np.ones(2), requires_grad=True)
    (d,) = autograd.grad(x * 2, x, seed, create_graph=True)
    assert d.dtype == np.float32
    (back,) = autograd.grad(d.sum(), seed)
    assert back.dtype == np.float64 and back.tolist() == [2.0, 2.0]


@pytest.mark.parametrize("create_graph", [False, True])
def test_mixed_dtypes_give_each_input_its_own(create_graph):
    x = pair([1.0, 2.0, 3.0], requires_grad=True)
    y = leaf(2, 3)
    g = rng.normal(size=(2, 3))
    z = x * y + x.exp()
    assert z.dtype == np.float64
    dx, dy = autograd.grad(z, [x, y], tensor(g), create_graph=create_graph)
    assert (dx.dtype, dy.dtype) == (np.float32, np.float64)
    v = x.detach().numpy()
    np.testing.assert_allclose(
        dx.detach().numpy(), (g * (y.detach().numpy() + np.exp(v))).sum(0), 1e-5
    )
    np.testing.assert_allclose(dy.detach().numpy(), g * v)
    if create_graph:
        d2x, d2y = autograd.grad((dx * dx).sum() + dy.sum(), [x, y])
        assert (d2x.dtype, d2y.dtype) == (np.float32, np.float64)


def test_a_cast_gives_its_gradient_back():
    x = pair([1.0, 2.0], requires_grad=True)
    (x.double() ** 2).sum().backward()
    assert x.grad.dtype == np.float32 and x.grad.tolist() == [2.0, 4.0]


def test_gradients_of_a_formula_that_widens_are_cast():
    @primitive
    def triple(x):
        return x * 3

    triple.defvjp(lambda g, out, x: g * np.full(x.shape, 3.0))
    x = pair([1.0, 2.0], requires_grad=True)
    (triple(x) * 2 + triple(x)).sum().backward()
    assert x.grad.dtype == np.float32 and x.grad.tolist() == [9.0, 9.0]
