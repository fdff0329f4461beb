"""The symbols are read as mathematics, and must give what the op's own formula gives."""

import ast
import re

import numpy as np
import pytest
from symbols import evaluated

import tinygrad_edu as tg
from tinygrad_edu.engine import Primitive, primitive
from tinygrad_edu.gradcheck.all_ops import as_pair, labels
from tinygrad_edu.gradcheck.samples import SAMPLES
from tinygrad_edu.viz.formulas import forward_text, vjp_shapes, vjp_text
from tinygrad_edu.viz.formulas.source import from_source
from tinygrad_edu.viz.formulas.table import TABLE

OPS = labels()
NAMES = ["aa", "bb", "cc", "dd"]

# Their texts are partly words. Everything else is evaluated.
# fmt: off
IN_WORDS = {
    "accumulate", "append", "diag_embed", "diagonal", "embedding", "getitem", "unfold",
    "index_put", "linear", "multiclass_svm_loss", "nll_loss", "nll_loss_backward", "prod",
    "put_along_dim", "put_windows", "put_zeros", "recurrence", "repeat", "scatter_extreme",
    "scatter_prod", "shifted", "take_along_dim", "cdist", "svd",
    "svdvals", "windows",
}
# fmt: on
# Five digits of its constants are shown.
ROUNDED = {"gelu_tanh": 1e-4}


def inputs_with_formula(op, count):
    return [i for i in range(count) if op.joint is not None or op.formulas[i] is not None]


# ------------------------------------------------------------------------- every op has a text


@pytest.mark.parametrize("label", OPS)
def test_every_op_has_a_text(label):
    op = OPS[label]
    for case in SAMPLES[label]:
        xs = case.inputs(np.random.default_rng(0))
        names = NAMES[: len(xs)]
        text = forward_text(op.name, names, "rr", case.options)
        assert text.startswith("rr = ") and "{" not in text
        for i in inputs_with_formula(op, len(xs)):
            text = vjp_text(op.name, names, "rr", i, case.options, op)
            assert text.startswith(f"d{names[i]} = ")
            assert "vjp(" not in text and "{" not in text
            assert len(text) < 120, "a text must fit into one line of the player"


def test_every_line_of_the_table_is_of_an_op():
    assert {op.name for op in OPS.values()} >= set(TABLE) - {"floor_divide"}
    missing = {op.name for op in OPS.values()} - set(TABLE) - {"cat", "stack"}
    assert not missing, "without a line, an op shows its source"


# ------------------------------------------------------------------------- ... that is right


def as_matrices(label, xs, g):
    """A vector in a matrix product is a row on the left and a column on the right."""
    if label != "matmul":
        return xs, g
    x, y = xs
    if x.ndim == 1:
        x, g = x[None, :], g[..., None, :]
    if y.ndim == 1:
        y, g = y[:, None], g[..., None]
    return [x, y], g


@pytest.mark.parametrize("label", sorted(set(OPS) - IN_WORDS))
def test_the_symbols_compute_the_gradient(label):
    op = OPS[label]
    for number, case in enumerate(SAMPLES[label]):
        rng = np.random.default_rng((3, number))
        xs = [np.asarray(x) for x in case.inputs(rng)]
        forward, vjp = as_pair(op, case.options)
        out = np.asarray(forward(*xs))
        g = rng.standard_normal(out.shape)
        expected = vjp(g, out, *xs)
        matrices, upstream = as_matrices(label, xs, g)
        values = {**dict(zip(NAMES, matrices, strict=False)), "rr": out, "g": upstream}
        for i in inputs_with_formula(op, len(xs)):
            text = vjp_text(op.name, NAMES[: len(xs)], "rr", i, case.options)
            formula = text.removeprefix(f"d{NAMES[i]} = ")
            found = evaluated(formula, values, xs[0], case.options, xs[i].shape)
            rtol = ROUNDED.get(label, 1e-9)
            np.testing.assert_allclose(found, expected[i], rtol=rtol, atol=rtol, err_msg=text)


GRID = np.stack(np.meshgrid(*[[-1.0, 0.0, 1.0]] * 3)).reshape(3, -1)


@pytest.mark.parametrize(
    ("label", "xs", "params"),
    [
        ("clamp", GRID, {}),
        ("prelu", GRID[:2], {}),
        ("hardshrink", GRID[:1], {"lambd": 1.0}),
        ("threshold", GRID[:1], {"threshold": 0.0, "value": 5.0}),
        ("hardsigmoid", 3 * GRID[:1], {}),
        ("hardswish", 3 * GRID[:1], {}),
        ("nan_to_num", np.array([[1.0, np.nan, np.inf]]), {"nan": 0, "posinf": 0, "neginf": 0}),
        ("nansum", np.array([[1.0, np.nan, 2.0]]), {"axis": (0,), "keepdims": False}),
    ],
)
def test_the_symbols_are_right_at_kinks(label, xs, params):
    op, xs = OPS[label], list(xs)
    out = np.asarray(op.forward(*xs, **params))
    g = np.random.default_rng(0).standard_normal(out.shape)
    values = {**dict(zip(NAMES, xs, strict=False)), "rr": out, "g": g}
    for i, x in enumerate(xs):
        text = vjp_text(op.name, NAMES[: len(xs)], "rr", i, params).removeprefix(f"d{NAMES[i]} = ")
        found = evaluated(text, values, xs[0], params, x.shape)
        np.testing.assert_allclose(found, op.formulas[i](g, out, *xs, **params), err_msg=text)


def test_linear_in_symbols():
    rng = np.random.default_rng(0)
    x, w, g = rng.standard_normal((4, 3)), rng.standard_normal((2, 3)), rng.standard_normal((4, 2))
    op = OPS["linear"]
    values = {"aa": x, "bb": w, "g": g}
    for i, name in enumerate(NAMES[:2]):
        text = vjp_text("linear", NAMES[:3], "rr", i, {}).removeprefix(f"d{name} = ")
        found = evaluated(text, values, x, {}, values[name].shape)
        np.testing.assert_allclose(found, op.formulas[i](g, None, x, w, np.zeros(2)))
    assert vjp_text("linear", NAMES[:3], "rr", 2, {}) == "dcc = Σ(rows of g)"


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 0.5, -1, -2.5])
def test_powers_by_a_number(exponent):
    x, g = np.array([0.3, 1.7]), np.array([2.0, -0.7])
    text = vjp_text("pow", ["x", str(exponent)], "y", 0, {}).removeprefix("dx = ")
    found = evaluated(text, {"x": x, "g": g}, x, {}, x.shape)
    np.testing.assert_allclose(found, g * exponent * x ** (exponent - 1.0))


# ------------------------------------------------------------------------- names and numbers


@pytest.mark.parametrize(
    ("op", "names", "result", "i", "params", "text"),
    [
        ("matmul", ["x", "w"], "h", 0, {}, "dx = g wᵀ"),
        ("matmul", ["x", "w"], "h", 1, {}, "dw = xᵀ g"),
        ("linear", ["x", "fc1.weight"], "h", 1, {}, "d(fc1.weight) = gᵀ x"),
        ("mul", ["x", "2.0"], "h", 0, {}, "dx = g · 2.0"),
        ("mul", ["x", "-2.0"], "h", 0, {}, "dx = g · (-2.0)"),
        ("mul", ["x", "a + b"], "h", 0, {}, "dx = g ⊙ (a + b)"),
        # In a Sequential, parameters are numbered; `g 2.weight` would read as a number.
        ("linear", ["x", "2.weight"], "h", 0, {}, "dx = g (2.weight)"),
        ("sigmoid", ["x"], "h", 0, {}, "dx = g ⊙ h ⊙ (1 − h)"),
        ("add", ["x", "y"], "h", 1, {"alpha": 3}, "dy = 3 g"),
        ("sub", ["x", "y"], "h", 1, {}, "dy = −g"),
        # `g` is a tensor here, and so cannot be the upstream gradient.
        ("mul", ["g", "x"], "h", 1, {}, "dx = dh ⊙ g"),
        ("cat", ["a", "b"], "h", 1, {"dim": 1, "ends": (3, 5)}, "db = g[:, 3:5]"),
        ("softmax", ["s"], "p", 0, {"axis": (1,)}, "ds = p ⊙ (g − Σ(g ⊙ p))"),
        (
            "cross_entropy",
            ["s", "y"],
            "L",
            0,
            {"labels": np.zeros(32, int)},
            "ds = (p − onehot(y)) g / 32, p = softmax(s)",
        ),
    ],
)
def test_vjp_texts(op, names, result, i, params, text):
    assert vjp_text(op, names, result, i, params) == text


@pytest.mark.parametrize(
    ("op", "names", "params", "text"),
    [
        ("matmul", ["x", "w"], {}, "h = x @ w"),
        ("linear", ["x", "w", "b"], {}, "h = x wᵀ + b"),
        ("linear", ["x", "w"], {}, "h = x wᵀ"),
        ("mul", ["0.5", "x"], {}, "h = 0.5 · x"),
        ("div", ["x", "y"], {"rounding_mode": "floor"}, "h = floor(x / y)"),
        ("sum", ["x"], {"axis": (0,), "keepdims": True}, "h = sum(x, axis=0, keepdims=True)"),
        ("getitem", ["x"], {"index": (slice(None), 2)}, "h = x[:, 2]"),
        ("pow", ["x", "2"], {}, "h = x²"),
        ("gelu", ["x"], {"kept": {"cdf": np.ones(3)}}, "h = gelu(x)"),
        (
            "multiclass_svm_loss",
            ["s"],
            {"delta": 1.0, "power": 2, "factor": 0.25},
            "h = 0.25 Σ max(s − s[labels] + 1, 0)²",
        ),
        ("unknown_op", ["x", "y"], {"k": 3}, "h = unknown_op(x, y, k=3)"),
    ],
)
def test_forward_texts(op, names, params, text):
    assert forward_text(op, names, "h", params) == text


# ------------------------------------------------------------------------- the source instead


def a_named_formula(g, out, x, y):
    """Shown without this line."""
    slope = 2 * x + y
    return g * slope


def a_formula_that_branches(g, out, x, y):
    if x is None:
        return g
    return g * y


def an_op(*formulas, joint=None) -> Primitive:
    @primitive
    def an_op_of_ones_own(x, y):
        return x * y

    return an_op_of_ones_own.defvjp(*formulas, joint=joint)


def test_an_op_without_a_line_shows_its_source():
    op = an_op(lambda g, out, x, y: g * y + out, lambda g, out, x, y: g * x)
    assert vjp_text(op.name, ["u", "v"], "h", 0, {}, op) == "du = g * v + h"
    assert vjp_text(op.name, ["u", "v"], "h", 1, {}, op) == "dv = g * u"


def test_swapped_names_are_not_renamed_twice():
    op = an_op(lambda g, out, x, y: g * x / y)
    assert from_source(op, ["y", "x"], "g2", 0) == "g * y / x"


def test_a_name_that_is_an_expression_gets_parentheses():
    op = an_op(lambda g, out, x, y: g * y**2)
    assert from_source(op, ["u", "-1.5"], "h", 0) == "g * (-1.5) ** 2"


def test_steps_of_a_named_formula_follow():
    op = an_op(a_named_formula)
    assert from_source(op, ["u", "v"], "h", 0) == "g * slope, slope = 2 * u + v"


def test_a_joint_formula_shows_its_part():
    op = an_op(joint=lambda g, out, x, y: (g * y, g * x))
    assert "v" in from_source(op, ["u", "v"], "h", 0)


def test_a_formula_for_each_input():
    @primitive
    def added(*xs):
        return sum(xs)

    added.defvjp_each(lambda i, g, out, *xs: g * (i + 1))
    assert from_source(added, ["u", "v"], "h", 1) == "g * (1 + 1)"


@pytest.mark.parametrize(
    "op",
    [
        None,
        object(),
        an_op(a_formula_that_branches),
        an_op(eval("lambda g, out, x, y: g * y")),
    ],
)
def test_the_last_resort(op):
    assert vjp_text("mystery", ["u", "v"], "h", 0, {}, op) == "du = vjp(g)"


def test_a_function_of_the_users_own_names_its_backward():
    class Cube(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 3 * x**2 * g

    y = Cube.apply(tg.tensor([1.0, 2.0], requires_grad=True))
    op = y._node.op
    assert vjp_text(op.name, ["x"], "y", 0, {}, op) == "dx = Cube.backward(g)"


def test_too_few_names_or_strange_options_do_not_raise():
    for name in [*TABLE, "cat", "stack"]:
        for names in ([], ["x"]):
            for params in ({}, {"axis": object(), "dim": "?", "index": object(), "ends": None}):
                assert " = " in forward_text(name, names, "h", params)
                assert " = " in vjp_text(name, names, "h", 0, params)
                assert isinstance(vjp_shapes(name, [(2, 3)], (3,), 0, params), str)


# ------------------------------------------------------------------------- shapes


@pytest.mark.parametrize(
    ("op", "shapes", "out", "i", "params", "text"),
    [
        ("matmul", [(32, 784), (784, 10)], (32, 10), 0, {}, "(32, 10) @ (10, 784)"),
        ("matmul", [(2, 3, 4), (4, 5)], (2, 3, 5), 1, {}, "(4, 6) @ (6, 5)"),
        ("linear", [(32, 784), (10, 784), (10,)], (32, 10), 0, {}, "(32, 10) @ (10, 784)"),
        ("linear", [(32, 784), (10, 784), (10,)], (32, 10), 1, {}, "(10, 32) @ (32, 784)"),
        (
            "linear",
            [(2, 3, 4), (5, 4), (5,)],
            (2, 3, 5),
            2,
            {},
            "sum over axes 0, 1: (2, 3, 5) → (5,)",
        ),
        ("add", [(32, 10), (10,)], (32, 10), 0, {}, "(32, 10)"),
        ("add", [(32, 10), (10,)], (32, 10), 1, {}, "sum over axis 0: (32, 10) → (10,)"),
        ("mul", [(32, 10), None], (32, 10), 0, {}, "(32, 10)"),
        ("mul", [(32, 10), (10,)], (32, 10), 0, {}, "(32, 10) ⊙ (10,)"),
        ("relu", [(32, 10)], (32, 10), 0, {}, "(32, 10) ⊙ (32, 10)"),
        (
            "mean",
            [(32, 10)],
            (10,),
            0,
            {"axis": (0,)},
            "spread over axis 0: (10,) → (32, 10), n = 32",
        ),
        ("t", [(3, 4)], (4, 3), 0, {"dims": (1, 0)}, "(4, 3) → (3, 4)"),
        ("mul", [None, (3,)], (3,), 0, {}, ""),
    ],
)
def test_shapes(op, shapes, out, i, params, text):
    assert vjp_shapes(op, shapes, out, i, params) == text


@pytest.mark.parametrize("label", OPS)
def test_products_of_shapes_fit(label):
    """What stands at both sides of an @ can be multiplied, and gives the input's shape."""
    op = OPS[label]
    for case in SAMPLES[label]:
        xs = [np.asarray(x) for x in case.inputs(np.random.default_rng(0))]
        out = np.asarray(as_pair(op, case.options)[0](*xs))
        for i in inputs_with_formula(op, len(xs)):
            text = vjp_shapes(op.name, [x.shape for x in xs], out.shape, i, case.options)
            assert text
            made = re.findall(r"\([\d, ]*\)", text)
            if "→" in text:
                assert ast.literal_eval(made[-1]) == xs[i].shape, text
            elif " @ " in text and "⊗" not in text:
                product = np.zeros(ast.literal_eval(made[0]))
                for shape in made[1:]:
                    product = product @ np.zeros(ast.literal_eval(shape))
                assert product.shape == xs[i].shape, text
            elif " ⊙ " in text:
                whole = np.broadcast_shapes(*map(ast.literal_eval, made))
                assert whole == xs[i].shape == out.shape, text
