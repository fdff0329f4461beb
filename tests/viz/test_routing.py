"""A routing is what the gradient was multiplied with: its numbers must say so, and its counts."""

import numpy as np
import pytest

from tinygrad_edu import ops
from tinygrad_edu.gradcheck.all_ops import as_pair, labels
from tinygrad_edu.gradcheck.samples import SAMPLES
from tinygrad_edu.viz.formulas import routing
from tinygrad_edu.viz.formulas.routes import _TABLE

OPS = labels()

# Those whose view times the upstream gradient is the contribution, input by input.
MULTIPLIED = """relu leaky_relu hardtanh softshrink hardshrink threshold clamp clamp_min clamp_max
    nan_to_num where masked_fill dropout maximum minimum fmax fmin abs sign floor ceil trunc round
    distance amax amin max min median index_put logsumexp from_logits relu_backward"""


def ran(label, case, seed=3):
    """The inputs, the result, a random upstream gradient and the contributions of one sample."""
    rng = np.random.default_rng(seed)
    xs = [np.asarray(x) for x in case.inputs(rng)]
    op, params = OPS[label], {k: {} if isinstance(v, dict) else v for k, v in case.options.items()}
    out = np.asarray(op.forward(*xs, **params))
    g = rng.standard_normal(out.shape)
    _, vjp = as_pair(op, case.options)
    return xs, out, params, g, vjp(g, out, *xs)


def numbers(found):
    return np.array(found.view.numbers, float).reshape(found.view.shape)


def summed(value, shape):
    value = value.sum(tuple(range(value.ndim - len(shape))))
    thin = tuple(k for k, n in enumerate(shape) if n == 1)
    return value.sum(thin, keepdims=True) if thin else value


@pytest.mark.parametrize("label", MULTIPLIED.split())
def test_the_numbers_are_what_the_gradient_is_multiplied_with(label):
    op = OPS[label]
    for case in SAMPLES[label]:
        xs, out, params, g, given = ran(label, case)
        if params.get("axis") is not None and not params.get("keepdims"):
            g = np.expand_dims(g, params["axis"])
        for i, c in enumerate(given):
            if op.formulas[i] is None:
                continue
            found = routing(op.name, xs, out, i, params, c)
            if label in ("from_logits", "index_put") and i == 1:
                continue
            np.testing.assert_allclose(summed(numbers(found) * g, xs[i].shape), c, atol=1e-6)


def route(label, *xs, i=0, g=None, **params):
    op = OPS[label]
    xs = [np.asarray(x) for x in xs]
    out = np.asarray(op.forward(*xs, **params))
    g = np.ones(out.shape) if g is None else np.asarray(g, float)
    formula = op.joint or op.formulas[i]
    return routing(op.name, xs, out, i, params, formula(g, out, *xs, **params))


def test_relu_counts_what_passes_and_its_kink():
    found = route("relu", [-1.0, 0.0, 2.0, 3.0])
    assert found.kind == "mask"
    assert found.text == "2 of 4 elements pass; 1 at a kink: slope 0 is chosen"
    assert found.view.numbers == [0, 0, 1, 1]


def test_relu_needs_only_its_result():
    x = np.array([-1.0, 2.0])
    found = routing("relu", [None], np.maximum(x, 0), 0, {}, x)
    assert found.text == "1 of 2 elements passes"


def test_a_bound_counts_its_kink():
    # The hinge of a binary margin loss is made of this.
    found = route("clamp_min", [-1.0, 0.0, 2.0], 0.0)
    assert found.text == "2 of 3 elements pass; 1 at a kink: slope 1 is chosen"
    assert found.view.numbers == [0, 1, 1]


def test_a_maximum_with_a_tie():
    found = route("max", [1.0, 3.0, 3.0], axis=(0,), keepdims=False)
    assert (found.kind, found.text) == ("ties", "2 tied elements share the gradient")
    assert found.view.numbers == [0, 0.5, 0.5]


def test_a_maximum_without_a_tie():
    found = route("amax", [[1.0, 3.0], [5.0, 4.0]], axis=(1,), keepdims=False)
    assert (found.kind, found.text) == ("mask", "2 of 4 elements pass, no ties")


def test_ties_in_some_rows():
    found = route("amax", [[3.0, 3.0], [5.0, 4.0]], axis=(1,), keepdims=False)
    assert found.text == "2 tied elements share the gradient: ties in 1 of 2 results"


def test_the_larger_of_two_with_a_tie():
    found = route("maximum", [1.0, 2.0, 3.0], [1.0, 5.0, 0.0], i=1)
    assert found.kind == "ties"
    assert found.text == "2 of 3 elements pass; 1 tied: half the gradient each"
    assert found.view.numbers == [0.5, 1, 0]


def test_cross_entropy_shows_p_minus_onehot():
    x, y = np.array([[2.0, 0.0, 0.0], [0.0, 0.0, 3.0]]), np.array([0, 1])
    p = np.exp(x) / np.exp(x).sum(1, keepdims=True)
    found = route("cross_entropy", x, labels=y, kept={})
    np.testing.assert_allclose(numbers(found), p - np.eye(3)[y], rtol=1e-5)
    own = (p[0, 0] + p[1, 1]) / 2
    assert found.kind == "softmax"
    assert found.text == (
        f"p − onehot of 2 rows: the true class has p = {own:.3g} on average, in 1 the largest"
    )


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("axis", [1, 0])
def test_log_softmax_finds_the_classes_of_a_likelihood(classes, axis):
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((4, classes)), rng.integers(0, classes, 4)
    g = np.zeros((4, classes))
    g[np.arange(3), y[:3]] = [-0.5, -0.5, -2.0]  # one row is left out
    p = np.exp(x) / np.exp(x).sum(1, keepdims=True)
    turn = np.transpose if axis == 0 else np.asarray
    found = route("log_softmax", turn(x), g=turn(g), axis=(axis,))
    np.testing.assert_allclose(numbers(found), (p - np.eye(classes)[y])[:3], rtol=1e-5)
    assert "p − onehot of 3 rows (1 more get nothing)" in found.text


def test_log_softmax_of_another_loss_is_not_called_onehot():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((4, 3))
    found = route("log_softmax", x, g=rng.standard_normal((4, 3)), axis=(1,))
    assert "onehot" not in found.text
    np.testing.assert_allclose(numbers(found).sum(1), 1, rtol=1e-5)


@pytest.mark.parametrize("turned", [False, True])
def test_a_class_hinge_shows_the_margins(turned):
    x = np.array([[3.0, 2.0, 0.0], [0.0, 0.5, 0.0]])
    x = np.asfortranarray(x) if turned else x
    y, g = np.array([0, 2]), 0.7
    params = {"labels": y, "delta": 1.0, "power": 1, "factor": 0.5, "total": True, "kept": {}}
    found = route("multiclass_svm_loss", x, g=g, **params)
    # Margins: 0 (at the kink) and -2; 1 and 1.5.
    assert found.text == "2 of 4 margins violated, in 1 of 2 rows; 1 at the kink: slope 0 is chosen"
    assert found.view.numbers == [0, 0, 0, 1, 1, -2]
    op = OPS["multiclass_svm_loss"]
    c = op.formulas[0](np.float64(g), None, x, **params)
    np.testing.assert_allclose(numbers(found) * g * 0.5, c)


def test_a_norm_of_zero_shows_the_chosen_subgradient():
    x = np.array([[0.0, 0.0], [3.0, 4.0]])
    found = route("vector_norm", x, ord=2.0, axis=(1,), keepdims=False)
    assert found.kind == "subgradient"
    assert found.text == "1 norm of 0: there the sub-gradient 0 is chosen"
    assert found.view.numbers == [0, 0, 1, 1]
    assert route("vector_norm", x + 1, ord=2.0, axis=(1,), keepdims=False) is None


def test_the_kink_of_an_absolute_value():
    found = route("abs", [-2.0, 0.0, 5.0, 1.0])
    assert found.kind == "subgradient"
    assert found.text == (
        "slope +1 at 2 elements, −1 at 1; at the kink of 1 element the sub-gradient 0 is chosen"
    )


def test_repeated_rows_are_counted():
    found = route("embedding", np.ones((4, 2)), index=np.array([1, 3, 1, -3]), scale=None)
    assert found.kind == "index"
    assert found.text == (
        "2 of 4 rows read, 1 of them more than once (up to 3 times): their gradients add up"
    )
    assert found.view.numbers == [0, 0, 3, 3, 0, 0, 1, 1]


def test_padding_is_counted():
    scale = np.array([[1.0], [0.0], [1.0]])
    found = route("embedding", np.ones((4, 2)), index=np.array([1, 3, 2]), scale=scale)
    assert found.text == "3 of 4 rows read; 1 read of padding dropped"


def test_repeated_elements_are_counted():
    found = route("getitem", np.arange(5.0), index=np.array([4, 0, 4]))
    assert found.text.startswith("2 of 5 elements read, 1 of them more than once (up to 2 times)")
    assert found.view.numbers == [1, 0, 0, 0, 2]


def test_taken_along_an_axis():
    x = np.array([[1.0, 5.0], [7.0, 2.0]])
    found = route("take_along_dim", x, indices=np.array([[1], [0]]), axis=1)
    assert found.view.numbers == [0, 1, 1, 0]
    assert found.text.startswith("2 of 4 elements")


def test_dropout_says_its_scale():
    found = route("dropout", np.ones(4), np.array([2.0, 0.0, 2.0, 2.0]))
    assert found.text == "3 of 4 elements pass, scaled by 2"


def test_ops_that_do_not_route():
    x = np.ones((2, 2))
    for name in ("matmul", "add", "exp", "a name of nobody"):
        assert routing(name, [x, x], x, 0, {}, x) is None


@pytest.mark.parametrize("name", sorted(_TABLE))
def test_what_was_not_kept_does_not_raise(name):
    x = np.ones((2, 2))
    for inputs in ([None], [None, None, None], [], [x], [object()]):
        for out in (None, x, object()):
            for params in ({}, {"axis": "?", "labels": 3, "kept": {}, "indices": None}):
                found = routing(name, inputs, out, 0, params, x)
                assert found is None or found.text


def test_every_rule_is_of_an_op():
    assert {op.name for op in OPS.values()} >= set(_TABLE)
    assert ops.relu.name in _TABLE
