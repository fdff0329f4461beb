"""`check_gradients`: functions of Tensors, right, wrong and broken."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, primitive, tensor
from tinygrad_edu.autograd import Function
from tinygrad_edu.gradcheck import check_gradients, gradcheck

from .random_graphs import graph, leaves, plan, wrong_cube


def make(*shapes, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    return [tensor(rng.normal(size=s).astype(dtype), requires_grad=True) for s in shapes]


# ------------------------------------------------------------------------- right functions

RIGHT = {
    "product": (lambda a, b: a @ b, [(3, 4), (4, 5)]),
    "square product": (lambda a, b: a @ b, [(4, 4), (4, 4)]),
    "one op": (lambda x: x.softmax(-1), [(3, 4)]),
    "max": (lambda x: x.amax(1), [(3, 4)]),
    "scalar": (lambda x: x.exp(), [()]),
    "two outputs": (lambda x: (x.sin(), x * 2), [(3,)]),
    "list of outputs": (lambda x: [x.sin(), x.argmax()], [(3,)]),
    "broadcast": (lambda x, b: (x + b).tanh().mean(), [(3, 4), (4,)]),
    "identity": (lambda x: x, [(3,)]),
    "unused input": (lambda x, y: x * 2, [(3,), (2,)]),
    "constant": (lambda x: tensor(np.ones(2)), [(3,)]),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_functions_pass(name):
    function, shapes = RIGHT[name]
    report = check_gradients(function, make(*shapes))
    assert report.verdict in ("pass", "kink"), report


@pytest.mark.parametrize("seed", range(8))
def test_right_graphs_pass(seed):
    values, rows, _ = plan(seed)
    assert check_gradients(graph(rows), leaves(values))


def test_a_single_op_is_explored_everywhere_and_a_graph_only_at_smooth_points():
    single = check_gradients(lambda a, b: a @ b, make((4, 4), (4, 4)))
    assert {"ties", "zeros", "constant"} <= set(single.points) and single.shapes
    several = check_gradients(lambda a, b: (a @ b).tanh(), make((4, 4), (4, 4)))
    assert several.points == ["given", "fresh", "calm"] and not several.shapes
    near = check_gradients(lambda a, b: a @ b, make((4, 4), (4, 4)), explore=False)
    assert near.points == ["given"]
    assert not check_gradients(lambda a, b: a @ b, make((4, 4), (4, 4)), shapes=False).shapes


def test_what_one_check_costs():
    calls = []

    def counted(x):
        calls.append(1)
        return (x.tanh() * x).sum()

    report = check_gradients(counted, make((30, 40)), explore=False)
    assert report.evaluations == (7, 4)
    assert len(calls) <= 7 + 4 + 1  # each backward call runs the function; once to see the graph


def test_inputs_are_left_alone():
    x, y = make((3,), (3,))
    before = x.numpy().copy() if not x.requires_grad else x.detach().numpy().copy()
    array = x._array
    check_gradients(lambda x, y: (wrong_cube(x) * y).sum(), (x, y))
    assert x._array is array and np.array_equal(array, before)
    assert x.grad is None and y.grad is None and x.requires_grad


def test_only_inputs_that_require_grad_are_checked():
    x, y = make((3,), (3,))
    report = check_gradients(lambda x, y: x * y, (x, y.detach()))
    assert [one.name for one in report.inputs] == ["x"]
    report = check_gradients(lambda x, y: x * y, (x.detach(), y.detach()))
    assert [one.name for one in report.inputs] == ["x", "y"]
    assert any("no input requires grad" in note for note in report.notes)


def test_integer_inputs_are_passed_on():
    x = make((5, 3))[0]
    assert check_gradients(lambda x, i: x[i], (x, tensor([0, 2, 2])))


def test_arguments_that_are_no_tensors_are_passed_on():
    assert check_gradients(
        lambda x, n, mode: x**n if mode == "power" else x, (make(3)[0], 3, "power")
    )


# ----------------------------------------------------------------------------- precision


def test_float32_is_lifted_and_reported():
    (x,) = make((3, 4), dtype=np.float32)
    report = check_gradients(lambda x: (x.exp() * x).sum(), x)
    assert report and "lifted to float64: x (float32)" in report.notes
    assert x.dtype == np.float32


def test_what_a_closure_holds_is_lifted_and_put_back():
    layer, scale = nn.Linear(4, 3), tensor([2.0])
    own = layer.weight._array
    (x,) = make((2, 4), dtype=np.float32)
    report = check_gradients(lambda x: layer(x).tanh() * scale, x)
    assert report and "lifted to float64: 3 tensors that <lambda> holds" in report.notes
    assert layer.weight._array is own and scale.dtype == np.float32


WEIGHT = tensor(np.linspace(-1, 1, 8, dtype=np.float32).reshape(4, 2), requires_grad=True)


def test_so_are_globals_that_the_function_names():
    def by_name(x):
        return x @ WEIGHT

    assert check_gradients(by_name, make((3, 4), dtype=np.float32))
    assert WEIGHT.dtype == np.float32


def test_gradients_of_what_it_holds_stay():
    def careless(x):
        (WEIGHT * 2).sum().backward()
        return x @ WEIGHT

    assert check_gradients(careless, make((3, 4)))
    assert WEIGHT.grad is None


def test_precision_lost_on_the_way_is_found_though_it_does_not_show():
    """The engine casts a float32 gradient to float64, and a larger one hides the difference."""

    @primitive
    def thin(x):
        return x * 2

    thin.defvjp(lambda g, out, x: (2 * g).astype(np.float32))
    report = check_gradients(lambda x: (x.sin() + 1e-9 * thin(x)).sum(), make(3))
    assert (report.verdict, report.op, report.diagnosis[0][0]) == ("fail", "thin", "dtype")
    assert gradcheck(lambda x: (x.sin() + 1e-9 * thin(x)).sum(), make(3), eps=1e-6)


def test_it_is_put_back_after_an_error_and_after_ctrl_c():
    layer = nn.Linear(4, 3)
    own, (x,) = layer.weight._array, make((2, 4))

    def interrupted(x):
        layer(x)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_gradients(interrupted, x)
    assert layer.weight._array is own
    assert tg.engine.state.watch is None
    assert Function.__dict__["apply"].__func__.__qualname__ == "Function.apply"


def test_a_function_that_rounds_to_float32_itself_is_no_failure():
    report = check_gradients(lambda x: x.float() * 2, make(3)[0])
    assert report.verdict == "inconclusive"
    assert "rounds to float32, in 'cast' (line" in report.reason


def test_a_bias_before_a_normalisation_is_no_failure():
    """Its gradient cancels to nothing: what is left is rounding, exact even in float32."""
    rng = np.random.default_rng(0)
    x, w = tensor(rng.normal(size=(6, 5))), tensor(rng.normal(size=(5, 4)))
    b = tensor(rng.normal(size=4), requires_grad=True)

    def net(b):
        h = nn.functional.batch_norm(x @ w + b, None, None, training=True)
        return (h.relu() * 0.7).sum()

    assert check_gradients(net, b)


# --------------------------------------------------------------------------- wrong ones


def test_a_wrong_formula_is_a_failure_with_inputs_of_the_function_and_words_on_the_op():
    x, w = make((3, 4), (4, 2))
    report = check_gradients(lambda x, w: wrong_cube((x @ w).tanh()).sum(), (x, w))
    assert report.verdict == "fail" and report.op == "wrong_cube"
    assert [one.name for one in report.inputs] == ["x", "w"]
    assert all(one.worst.ratio == pytest.approx(2 / 3) for one in report.inputs)
    assert report.diagnosis[0][0] == "factor"
    assert any(note.startswith("in 'wrong_cube', x at") for note in report.notes)


def test_a_failure_of_a_large_input_is_not_dear_and_has_a_worst_element():
    calls = []

    def net(x):
        calls.append(1)
        return wrong_cube(x * 2).sum()

    report = check_gradients(net, make((30, 10)))
    assert report.op == "wrong_cube" and report.inputs[0].worst.ratio == pytest.approx(2 / 3)
    assert len(calls) < 700


def test_blame_can_be_left_out():
    report = check_gradients(lambda x: wrong_cube(x * 2), make(3)[0], blame=False)
    assert report.verdict == "fail" and report.op is None


def test_a_fault_that_shows_only_at_negative_numbers_is_found_and_blamed():
    @primitive
    def bent(x):
        return x**3

    bent.defvjp(lambda g, out, x: g * 3 * x * abs(x))
    x = tensor(np.array([1.0, 2.0, 3.0]), requires_grad=True)
    report = check_gradients(lambda x: (bent(x) * 2).sum(), x)
    assert (report.verdict, report.op) == ("fail", "bent")
    assert report.point != "given"


def test_a_detached_part_is_named_as_such():
    report = check_gradients(lambda x: (x * x.detach()).sum(), make(3)[0])
    assert report.verdict == "fail" and report.diagnosis[0][0] == "detached"
    assert report.op is None


def test_numpy_on_the_way_is_a_detached_part():
    report = check_gradients(lambda x: tensor(np.sin(x.detach().numpy())) + x * 0, make(3)[0])
    assert report.diagnosis[0][0] == "detached" and report.op is None


def test_a_result_without_any_history_is_detached():
    report = check_gradients(lambda x: x.detach() * 2, make(3)[0])
    assert report.verdict == "fail" and report.diagnosis[0][0] == "detached"


def test_a_graph_at_exact_kinks_proves_nothing():
    """relu(x) - relu(-x) is x: the slope at 0 is 1, and every engine says 0."""
    x = tensor(np.zeros(3), requires_grad=True)
    report = check_gradients(lambda x: (x.relu() - (-x).relu()).sum(), x)
    assert report.verdict == "inconclusive" and "exact kink" in report.reason
    assert not report.diagnosis


def test_a_wrong_op_beside_kinks_is_still_a_failure():
    x = tensor(np.array([0.0, 1.0, 2.0]), requires_grad=True)
    assert check_gradients(lambda x: (x.relu() + wrong_cube(x + 1)).sum(), x).op == "wrong_cube"


# ------------------------------------------------------------------------------ bad input


def raising(x):
    raise OSError("the file is gone")


BAD = {
    "None": (lambda x: None, "None; does it lack a return"),
    "a number": (lambda x: 3.0, "returned float"),
    "an array": (lambda x: x.detach().numpy(), "returned ndarray"),
    "integers": (lambda x: x.argmax(), "returned only int64"),
    "nothing": (lambda x: (), "returned nothing"),
    "a mixed tuple": (lambda x: (x, None), "returned None"),
    "an error": (raising, "OSError: the file is gone"),
    "too few parameters": (lambda: tensor(1.0), "TypeError"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_functions_get_a_reason(name):
    function, text = BAD[name]
    report = check_gradients(function, make(3)[0])
    assert report.verdict == "inconclusive" and text in report.reason


@pytest.mark.parametrize(
    "inputs", [(), [], 3, None, "x", tensor([1, 2]), (tensor([True]), 2), np.ones(3)]
)
def test_bad_inputs_get_a_reason(inputs):
    report = check_gradients(lambda *xs: tensor(1.0), inputs)
    assert report.verdict == "inconclusive" and "no input is a Tensor of floating" in report.reason


def test_nan_in_the_input_gets_a_reason():
    report = check_gradients(lambda x: x * 2, tensor([1.0, float("nan")], requires_grad=True))
    assert report.verdict == "inconclusive" and "nan at (1,)" in report.reason


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_empty_inputs_pass(shape):
    assert check_gradients(lambda x: x * 2, tensor(np.zeros(shape), requires_grad=True))


def test_a_function_that_changes_its_input_is_a_mutation():
    def rude(x):
        x.detach().mul_(2.0)
        return x * 1.0

    x = make(3)[0]
    before = x.detach().numpy().copy()
    report = check_gradients(rude, x)
    assert report.verdict == "fail" and report.diagnosis[0][0] == "mutation"
    assert np.array_equal(x.detach().numpy(), before)


def test_global_randomness_is_a_failure_with_a_reason():
    report = check_gradients(lambda x: (x * np.random.rand(3)).sum(), make(3)[0])
    assert report.verdict == "fail" and report.diagnosis[0][0] == "nondeterministic"


def test_dropout_draws_one_mask_and_the_generator_goes_on_as_before():
    tg.manual_seed(5)
    expected = tg.rand(3).tolist()
    tg.manual_seed(5)
    report = check_gradients(lambda x: nn.functional.dropout(x, 0.5).sum(), make((4, 5))[0])
    assert report and any("draws random numbers" in note for note in report.notes)
    assert tg.rand(3).tolist() == expected


def test_a_function_that_takes_only_float32_is_told_so():
    def picky(x):
        if x.dtype != np.float32:
            raise TypeError("float32 only")
        return x * 2

    report = check_gradients(picky, make(3, dtype=np.float32)[0])
    assert report.verdict == "inconclusive" and "takes float32 but not float64" in report.reason


def test_a_single_op_that_is_wrong_only_at_ties_is_named():
    """By itself, at the same point, it is right along any line but those that keep the tie."""

    @primitive
    def largest(x):
        return x.max(-1)

    largest.defvjp(lambda g, out, x: g[..., None] * (x == out[..., None]))
    report = check_gradients(largest, make((3, 4)))
    assert (report.verdict, report.op, report.node) == ("fail", "largest", 1)
    assert report.diagnosis[0][0] == "ties"


def test_nan_behind_a_where_is_no_detached_part():
    """The branch that is not chosen has a NaN as its slope, and 0 * NaN is a NaN."""

    def masked(x):
        return tg.where(x > 0, x.sqrt(), 0.0).sum()

    report = check_gradients(masked, tensor(np.array([1.0, 2.0, -1.0]), requires_grad=True))
    assert report.verdict == "fail" and report.diagnosis[0][0] == "nonfinite"
