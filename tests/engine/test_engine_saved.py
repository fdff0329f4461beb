"""What a derivative formula reads, as found in its bytecode, on every Python."""

import functools

import numpy as np
import pytest

from tinygrad_edu import primitive, tensor
from tinygrad_edu.engine import Meta
from tinygrad_edu.signatures import levels_read

UNREAD, SHAPE, VALUE = 0, 1, 2
FACTOR = 3.0


def levels(formula, inputs=2):
    """[first input, second input, ..., result]."""
    return levels_read([formula], inputs)


def default_argument(g, out, x, y, k=2.0):
    return g * x * k


def keyword_only(g, out, x, y, *, axis, keepdims=False):
    return g * y if axis else g


def any_params(g, out, x, y, **params):
    return g * out * params["k"]


def local_of_the_same_kind(g, out, x, y):
    total = g * 2
    shape = x.shape
    return total.reshape(shape)


def renamed(g, out, x, y):
    z = x
    return g * z


def overwritten_after_its_shape(g, out, x, y):
    x = x.shape
    return g.reshape(x)


def in_a_branch(g, out, x, y):
    if g.ndim:
        return g
    return g * y


def in_a_loop(g, out, x, y):
    for _ in range(2):
        g = g + out
    return g


def in_try(g, out, x, y):
    try:
        return g.sum(axis=x.ndim)
    except ValueError:
        return y


def deleted(g, out, x, y):
    del out
    return g * x


CASES = {
    "nothing": (lambda g, out, x, y: g, [UNREAD, UNREAD, UNREAD]),
    "first": (lambda g, out, x, y: g * x, [VALUE, UNREAD, UNREAD]),
    "second": (lambda g, out, x, y: g * y, [UNREAD, VALUE, UNREAD]),
    "result": (lambda g, out, x, y: g * out, [UNREAD, UNREAD, VALUE]),
    "all": (lambda g, out, x, y: x * y * out, [VALUE, VALUE, VALUE]),
    "two loads in a row": (lambda g, out, x, y: x * y, [VALUE, VALUE, UNREAD]),
    "adjacent, then an attribute": (lambda g, out, x, y: f(x, y.shape), [VALUE, SHAPE, UNREAD]),
    "attribute of the first of two": (lambda g, out, x, y: f(x.shape, y), [SHAPE, VALUE, UNREAD]),
    "shape": (lambda g, out, x, y: g.reshape(x.shape), [SHAPE, UNREAD, UNREAD]),
    "ndim, size, dtype": (
        lambda g, out, x, y: g * x.ndim + y.size + np.zeros((), out.dtype),
        [SHAPE, SHAPE, SHAPE],
    ),
    "shape and value": (lambda g, out, x, y: g.reshape(x.shape) * x, [VALUE, UNREAD, UNREAD]),
    "value, then shape": (lambda g, out, x, y: (g * x).reshape(x.shape), [VALUE, UNREAD, UNREAD]),
    "another attribute": (lambda g, out, x, y: g @ y.T, [UNREAD, VALUE, UNREAD]),
    "a method": (lambda g, out, x, y: g * x.sum(), [VALUE, UNREAD, UNREAD]),
    "len": (lambda g, out, x, y: g * len(x), [VALUE, UNREAD, UNREAD]),
    "an element": (lambda g, out, x, y: g * y[0], [UNREAD, VALUE, UNREAD]),
    "an argument": (lambda g, out, x, y: f(out), [UNREAD, UNREAD, VALUE]),
    "a keyword argument": (lambda g, out, x, y: f(a=1, b=x), [VALUE, UNREAD, UNREAD]),
    "unpacked": (lambda g, out, x, y: f(*x), [VALUE, UNREAD, UNREAD]),
    "nested lambda": (lambda g, out, x, y: (lambda k: k * x)(g), [VALUE, UNREAD, UNREAD]),
    "shape in a nested lambda": (lambda g, out, x, y: (lambda: y.shape)(), [UNREAD, VALUE, UNREAD]),
    "list comprehension": (lambda g, out, x, y: [a * x for a in g], [VALUE, UNREAD, UNREAD]),
    "what it loops over": (lambda g, out, x, y: [a for a in y], [UNREAD, VALUE, UNREAD]),  # noqa: C416
    "generator": (lambda g, out, x, y: sum(out * k for k in g), [UNREAD, UNREAD, VALUE]),
    "set comprehension": (lambda g, out, x, y: {x for _ in g}, [VALUE, UNREAD, UNREAD]),
    "dict comprehension": (lambda g, out, x, y: dict.fromkeys(g, y), [UNREAD, VALUE, UNREAD]),
    "comprehension in a comprehension": (
        lambda g, out, x, y: [[x * b for b in a] for a in g],
        [VALUE, UNREAD, UNREAD],
    ),
    "lambda in a comprehension": (
        lambda g, out, x, y: [(lambda: out)() for _ in g],
        [UNREAD, UNREAD, VALUE],
    ),
    "a variable of the comprehension hides it": (
        lambda g, out, x, y: [x for x in g],  # noqa: C416
        None,
    ),
    "f-string": (lambda g, out, x, y: f"{x}", [VALUE, UNREAD, UNREAD]),
    "conditional": (lambda g, out, x, y: x if g else y.shape, [VALUE, SHAPE, UNREAD]),
    "comparison chain": (lambda g, out, x, y: 0 < x < 1, [VALUE, UNREAD, UNREAD]),
    "walrus": (lambda g, out, x, y: (z := x) * z, [VALUE, UNREAD, UNREAD]),
    "global": (lambda g, out, x, y: g * FACTOR, [UNREAD, UNREAD, UNREAD]),
    "default_argument": (default_argument, [VALUE, UNREAD, UNREAD]),
    "keyword_only": (keyword_only, [UNREAD, VALUE, UNREAD]),
    "any_params": (any_params, [UNREAD, UNREAD, VALUE]),
    "local": (local_of_the_same_kind, [SHAPE, UNREAD, UNREAD]),
    "renamed": (renamed, [VALUE, UNREAD, UNREAD]),
    "branch": (in_a_branch, [UNREAD, VALUE, UNREAD]),
    "loop": (in_a_loop, [UNREAD, UNREAD, VALUE]),
    "try": (in_try, [SHAPE, VALUE, UNREAD]),
    "deleted": (deleted, [VALUE, UNREAD, UNREAD]),
    "none": (None, [UNREAD, UNREAD, UNREAD]),
}


def f(*args, **kwargs):
    return args


@pytest.mark.parametrize("case", CASES)
def test_levels(case):
    formula, expected = CASES[case]
    if expected is None:  # too careful is allowed, a miss is not
        assert levels(formula)[1:] == [UNREAD, UNREAD]
    else:
        assert levels(formula) == expected


def test_a_reused_name_is_at_least_its_shape():
    assert levels(overwritten_after_its_shape)[0] >= SHAPE


def test_closures():
    weight = np.ones(3)
    assert levels(lambda g, out, x, y: g * weight) == [UNREAD, UNREAD, UNREAD]

    def outer(g, out, x, y):
        def inner():
            def innermost():
                return y * weight

            return innermost()

        return inner() * out.size

    assert levels(outer) == [UNREAD, VALUE, SHAPE]


def test_a_cell_variable_read_only_for_its_shape_outside():
    def formula(g, out, x, y):
        def inner():
            return x

        return inner() if g.ndim else x.shape

    assert levels(formula)[0] == VALUE


def test_what_has_no_bytecode_reads_everything():
    everything = [VALUE] * 3
    assert levels(lambda *args: args[0]) == everything
    assert levels(lambda g, *rest: g) == [UNREAD] * 3
    assert levels(functools.partial(lambda g, out, x, y, k: g, k=1)) == [UNREAD] * 3
    assert levels(np.multiply) == everything

    class Rule:
        def __call__(self, g, out, x, y):
            return g * x

    assert levels(Rule()) == everything


def test_bound_methods_are_read_without_self():
    class Rule:
        scale = 3.0

        def formula(self, g, out, x, y):
            return self.scale * g * x

    assert levels(Rule().formula) == [VALUE, UNREAD, UNREAD]


def test_the_highest_level_of_several_formulas_counts():
    both = [lambda g, out, x, y: g * y, lambda g, out, x, y: g.reshape(x.shape)]
    assert levels_read(both, 2) == [SHAPE, VALUE, UNREAD]


def test_an_attribute_far_down_a_long_list_of_names():
    """More than 255 names need an EXTENDED_ARG between a variable and its attribute."""
    names = ", ".join(f"k{i}=g.a{i}" for i in range(300))
    scope = {}
    exec(f"def formula(g, out, x, y):\n    f({names})\n    return g.reshape(x.shape) * y", scope)
    found = levels(scope["formula"])
    assert found[0] >= SHAPE and found[1:] == [VALUE, UNREAD]


@pytest.mark.parametrize("size", [3, 1000])
def test_meta_stands_where_only_the_shape_is_read(size):
    @primitive
    def third(x, y):
        return x * y

    third.defvjp(
        lambda g, out, x, y: g * y * np.ones(x.shape, out.dtype),
        lambda g, out, x, y: sum(g * k for k in [x]),
    )
    x = tensor(np.full(size, 2.0), requires_grad=True)
    y = tensor(np.full(size, 5.0))
    z = third(x, y)
    saved_x, saved_y = z.grad_fn.saved
    assert isinstance(saved_x, Meta) and isinstance(saved_y, np.ndarray)
    assert isinstance(z.grad_fn.out, Meta)
    assert saved_x.shape == (size,) and saved_x.ndim == 1 and saved_x.size == size
    g = np.random.default_rng(3).normal(size=size)
    z.backward(g)
    np.testing.assert_allclose(x.grad.numpy(), 5 * g)


def test_the_plan_depends_on_which_inputs_need_gradients():
    @primitive
    def product(x, y):
        return x * y

    product.defvjp(lambda g, out, x, y: g * y, lambda g, out, x, y: g * x)
    x, y = (tensor(np.arange(1.0, 4.0), requires_grad=True) for _ in range(2))
    c = tensor(np.arange(4.0, 7.0))
    assert [isinstance(v, Meta) for v in product(x, c).grad_fn.saved] == [True, False]
    assert [isinstance(v, Meta) for v in product(c, y).grad_fn.saved] == [False, True]
    assert [isinstance(v, Meta) for v in product(x, y).grad_fn.saved] == [False, False]


def test_ops_with_any_number_of_inputs_have_a_plan_for_each_number():
    @primitive
    def joined(*xs):
        return np.concatenate(xs)

    def part(i, g, out, *xs):
        start = sum(len(x) for x in xs[:i])
        return g[start : start + len(xs[i])]

    joined.defvjp_each(part)
    a, b = tensor([1.0, 2.0], requires_grad=True), tensor([3.0])
    for k in (1, 3, 2):
        g = np.random.default_rng(k).normal(size=2 + k).astype(np.float32)
        a.grad = None
        joined(a, *[b] * k).backward(g)
        np.testing.assert_array_equal(a.grad.numpy(), g[:2])
