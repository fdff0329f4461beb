"""`blame` names the op, the node or the hook that is wrong, and never one that is right."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, primitive, tensor
from tinygrad_edu.autograd import Function
from tinygrad_edu.gradcheck import blame, check_gradients

from .random_graphs import OWN, TABLE, broken, faulty_engine, graph, leaves, plan, wrong_cube

FAULTS = ["overwritten", "dropped", "doubled"]


SMALL, LARGE = (2, 8), (4, 14)  # steps of a graph


def culprits(seed, steps=SMALL):
    """Who is accused, by `check_gradients` and by `blame`, and who it was."""
    values, rows, where = plan(seed, steps)
    if seed % 2:
        name, extra = OWN[(seed // 2) % len(OWN)]
        # On a single element a mean or a flip would be right: another wrong op takes its place.
        function, names = graph(rows, where, extra), {name, "wrong_cube"}
        return (
            check_gradients(function, leaves(values), explore=False),
            blame_it(function, values),
            names,
        )
    name, op, formulas, extra = TABLE[(seed // 2) % len(TABLE)]
    function = graph(rows, where, extra)
    with broken(op, formulas):
        whole = check_gradients(function, leaves(values), explore=False)
        return whole, blame_it(function, values), {name}


def blame_it(function, values):
    return blame(function(*leaves(values)))


def assess(seeds, steps=SMALL):
    """(seed, accused) of each innocent; (seed) of each visible fault whose op was not found."""
    innocent, missed = [], []
    for seed in seeds:
        whole, local, names = culprits(seed, steps)
        for report in (whole, local):
            if report.op is not None and report.op not in names:
                innocent.append((seed, report.op))
        if not whole and whole.op is None:  # a fault that nobody sees is nobody's fault
            missed.append(seed)
        if not whole and local.op is None:
            missed.append(seed)
    return innocent, missed


@pytest.mark.parametrize("start", range(0, 60, 10))
def test_the_wrong_op_of_a_random_graph_is_named(start):
    assert assess(range(start, start + 10)) == ([], [])


@pytest.mark.slow
def test_the_wrong_op_of_300_random_graphs_is_named():
    innocent, missed = assess(range(300), LARGE)
    assert not innocent
    assert len(missed) <= 3


def test_most_faults_of_random_graphs_are_visible():
    """Else the tests above would test nothing."""
    assert sum(not culprits(seed)[0] for seed in range(12)) >= 11


@pytest.mark.parametrize("seed", range(12))
def test_a_right_graph_is_passed(seed):
    values, rows, _ = plan(seed)
    assert blame_it(graph(rows), values)


def engine_reports(seed, steps=SMALL):
    values, rows, _ = plan(seed, steps)
    with faulty_engine(FAULTS[seed % 3]):
        function = graph(rows)
        return check_gradients(function, leaves(values), explore=False), blame_it(function, values)


def names_the_engine(report):
    return report.verdict == "fail" and report.diagnosis[0][1].startswith("engine: accumulation")


@pytest.mark.parametrize("start", range(0, 30, 10))
def test_a_fault_of_the_engine_is_told_apart(start):
    for seed in range(start, start + 10):
        for report in engine_reports(seed):
            assert report.diagnosis[0][0] == "accumulate"
            assert names_the_engine(report), seed


@pytest.mark.slow
def test_faults_of_the_engine_in_300_random_graphs():
    right = [all(map(names_the_engine, engine_reports(seed, LARGE))) for seed in range(300)]
    assert np.mean(right) >= 0.98


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("overwritten", "1 of 3 contributions arrived: the others were overwritten"),
        ("dropped", "1 of 3 contributions arrived"),
        ("doubled", "2 of 3 contributions were counted twice"),
    ],
)
def test_the_fan_out_node_and_its_contributions_are_named(fault, text):
    x = tensor([1.0, 2.0, -1.0], dtype=tg.float64, requires_grad=True)
    with faulty_engine(fault):
        h = x.tanh()
        report = blame((h.exp() + h.sin() + h * 3).sum())
    assert (report.op, report.node, report.nodes) == ("tanh", 1, 7)
    assert report.diagnosis[0][1].startswith("engine: accumulation at node 1 ('tanh', fan-out 3): ")
    assert text in report.diagnosis[0][1]
    assert "no op is to blame" in str(report)


def test_a_sum_that_is_wrong_at_a_leaf_is_named_with_the_leaf():
    x = tensor([1.0, 2.0], requires_grad=True)
    x.name = "w"
    with faulty_engine("overwritten"):
        report = blame((x.exp() * x.sin()).sum())
    assert report.op is None
    assert "leaf w (fan-out 2): 1 of 2 contributions arrived" in report.diagnosis[0][1]


def test_the_first_of_two_wrong_sums_is_the_one_nearer_to_the_loss():
    x = tensor([0.3, 2.0], requires_grad=True)
    with faulty_engine("dropped"):
        h = x * 2
        k = h.exp() + h
        report = blame((k * k).sum())
    assert report.op == "add"


def test_a_hook_is_told_from_the_engine_and_named():
    def halve(g):
        return g * 0.5

    x = tensor([1.0, 2.0], requires_grad=True)
    h = x * 2
    h.register_hook(lambda g: None)
    h.register_hook(halve)
    report = blame((h * h.exp()).sum())
    assert (report.verdict, report.op, report.diagnosis[0][0]) == ("fail", "mul", "upstream")
    assert "hook 'halve' on node 1 ('mul', fan-out 2)" in report.diagnosis[0][1]
    assert "by a factor 0.5" in report.diagnosis[0][1]


def test_a_hook_on_a_leaf_is_named():
    x = tensor([1.0, 2.0], requires_grad=True)
    x.register_hook(lambda g: g.clip(-1, 1))
    report = blame((x**3).sum())
    assert report.verdict == "fail" and "hook '<lambda>' on leaf (2,)" in report.diagnosis[0][1]


def test_hooks_that_only_look_are_no_fault_and_are_still_there():
    seen = []
    x = tensor([1.0, 2.0], requires_grad=True)
    h = x.exp()
    h.register_hook(lambda g: seen.append(g))
    h.retain_grad()
    loss = h.sum()
    assert blame(loss)
    assert h.grad is None and x.grad is None
    loss.backward()
    assert h.grad is not None and seen


def test_the_line_of_the_op_is_known_to_check_gradients():
    def net(x):
        h = x * 2
        h = wrong_cube(h)
        return h.sum()

    line = net.__code__.co_firstlineno + 2
    x = tensor([1.0, 2.0], requires_grad=True)
    report = check_gradients(net, x)
    assert report.where == f"line {line} of test_blame.py"
    assert (report.op, report.node, report.nodes) == ("wrong_cube", 2, 3)
    assert f"op 'wrong_cube' (node 2 of 3, line {line} of test_blame.py)" in str(report)
    assert "check_gradients" in str(blame(net(x)))


def test_large_arrays_are_found_in_the_graph_again():
    """Above 64 elements a node keeps only what its formulas read: add keeps nothing."""

    @primitive(elementwise=True)
    def sine(x):
        return np.sin(x)

    sine.defvjp(lambda g, out, x: g * 2.0)  # reads no value at all
    rng = np.random.default_rng(0)
    x = tensor(rng.normal(size=(20, 10)), requires_grad=True)
    report = blame((sine(x.tanh() + x) * 3).sum())
    assert (report.op, report.node) == ("sine", 3)
    sine.defvjp(lambda g, out, x: g * np.cos(x))
    assert blame((sine(x.tanh() + x) * 3).sum())


def test_a_constant_that_nothing_kept_is_replaced_and_reported():
    x = tensor(np.linspace(-1, 1, 100), requires_grad=True)
    report = blame((x + tensor(np.ones(100))).sin().sum())
    assert report
    assert "'add' did not keep other, a constant of shape (100,)" in str(report.notes)


def test_options_that_a_forward_pass_fills_are_filled_anew():
    x = tensor(np.random.default_rng(0).normal(size=(5, 4)), requires_grad=True)
    loss = nn.CrossEntropyLoss()(nn.functional.layer_norm(x, (4,)), tensor([0, 1, 2, 3, 0]))
    assert blame(loss)


def test_a_graph_can_still_be_used_afterwards():
    """What forward left for its formula belongs to the graph, and is not filled by a replay."""
    values = np.random.default_rng(0).normal(size=(5, 4))
    gradients = []
    for ask in (False, True):
        x = tensor(values, requires_grad=True)
        loss = nn.CrossEntropyLoss()(nn.functional.layer_norm(x, (4,)), tensor([0, 1, 2, 3, 0]))
        assert not ask or blame(loss)
        loss.backward()
        gradients.append(x.grad.numpy())
    assert np.array_equal(*gradients)


def test_a_result_is_known_if_any_op_that_uses_it_kept_it():
    """Made up from a lost constant, the input of the logarithm could be negative."""

    @primitive(elementwise=True)
    def logarithm(x):
        return np.log(x)

    logarithm.defvjp(lambda g, out, x: g * 2.0)  # reads no value
    x = tensor(np.linspace(-3, -2, 100), requires_grad=True)
    h = x + tensor(np.full(100, 5.0))
    assert blame((logarithm(h) + h.sin()).sum()).op == "logarithm"


def test_a_conversion_to_float32_is_right():
    report = blame((tensor([1.0, 2.0], dtype=tg.float64, requires_grad=True).float() * 2).sum())
    assert report.verdict == "pass" and "noise" not in str(report)


def test_float32_graphs_are_checked_in_float64():
    x = tensor(np.linspace(-1, 1, 80, dtype=np.float32), requires_grad=True)
    assert blame((x.exp() * x).sum())
    report = blame((wrong_cube(x) * x).sum())
    assert report.op == "wrong_cube"


def test_a_formula_that_loses_precision_is_named_though_the_engine_repairs_it():
    @primitive
    def twice(x):
        return x * 2

    twice.defvjp(lambda g, out, x: (2 * g).astype(np.float32))
    x = tensor(np.array([1.0, 2.0]), requires_grad=True)
    for report in (blame(twice(x).sum()), check_gradients(lambda x: twice(x).sum(), x)):
        assert (report.verdict, report.op, report.diagnosis[0][0]) == ("fail", "twice", "dtype")


class Affine(Function):
    """Forgets to sum the gradient of `b`, and has an argument that is no tensor."""

    @staticmethod
    def forward(ctx, x, w, b, scale):
        ctx.save_for_backward(x, w)
        ctx.scale = scale
        return (x @ w + b) * scale

    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        g = g * ctx.scale
        return g @ w.T, x.T @ g, g, None


def affine_inputs():
    rng = np.random.default_rng(0)
    return [tensor(rng.normal(size=s), requires_grad=True) for s in [(3, 4), (4, 5), (5,)]]


def test_a_function_that_does_not_undo_broadcasting_is_named_though_the_engine_repairs_it():
    def net(x, w, b):
        return (Affine.apply(x, w, b, 2.0) * 2).tanh().sum()

    for report in (check_gradients(net, affine_inputs()), blame(net(*affine_inputs()))):
        assert (report.verdict, report.op, report.node) == ("fail", "Affine", 1)
        assert report.diagnosis[0][0] == "unbroadcast"


def test_an_argument_that_is_lost_makes_it_inconclusive():
    class Power(Function):
        @staticmethod
        def forward(ctx, x, n):
            ctx.save_for_backward(x)
            return x**n

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * x, None

    x = tensor([1.0, 2.0], requires_grad=True)
    report = blame(Power.apply(x, 3).sum())
    assert report.verdict == "inconclusive"
    assert "'Power' did not keep its argument 'n'" in report.reason
    assert check_gradients(lambda x: Power.apply(x, 3).sum(), x).op == "Power"


def test_an_elementwise_primitive_leaves_broadcasting_to_the_engine():
    @primitive(elementwise=True)
    def plus(x, y):
        return x + y

    plus.defvjp(lambda g, out, x, y: g, lambda g, out, x, y: g)
    x, _, b = affine_inputs()
    assert blame(plus(x[:, :1], b).sum())
    assert check_gradients(lambda x, b: plus(x, b).sum(), (x[:, :1].detach(), b))


def test_a_primitive_that_is_not_elementwise_has_to_undo_it_itself():
    @primitive
    def plus(x, y):
        return x + y

    plus.defvjp(lambda g, out, x, y: g, lambda g, out, x, y: g)
    x, _, b = affine_inputs()
    report = check_gradients(lambda b: plus(x @ x.T @ x.detach()[:, :1], b).sum(), b)
    assert (report.verdict, report.op, report.diagnosis[0][0]) == ("fail", "plus", "unbroadcast")


def test_a_freed_graph_is_told_with_both_cures():
    x = tensor([1.0, 2.0], requires_grad=True)
    loss = (x * x).sum()
    loss.backward()
    report = blame(loss)
    assert report.verdict == "inconclusive"
    assert "before loss.backward()" in report.reason and "retain_graph=True" in report.reason


def test_a_retained_graph_is_checked_and_grad_stays():
    x = tensor([1.0, 2.0], requires_grad=True)
    loss = (x * x).sum()
    loss.backward(retain_graph=True)
    assert blame(loss)
    assert x.grad.tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    ("loss", "text"),
    [(3.0, "not float"), (None, "not NoneType"), (tensor([1.0]), "no op was recorded")],
)
def test_what_has_no_graph_gets_a_reason(loss, text):
    report = blame(loss)
    assert report.verdict == "inconclusive" and text in report.reason


def test_an_in_place_write_gets_the_reason_of_the_engine():
    x = tensor([1.0, 2.0], requires_grad=True)
    h = x * 1.0
    y = h.sin()
    with tg.no_grad():
        h.detach().mul_(2.0)
    report = blame(y.sum())
    assert report.verdict == "inconclusive"
    assert "InPlaceError" in report.reason


def test_a_hook_that_raises_gets_a_reason_and_stays():
    def angry(g):
        raise ArithmeticError("no")

    x = tensor([1.0, 2.0], requires_grad=True)
    h = x * 2
    h.register_hook(angry)
    report = blame(h.sum())
    assert report.verdict == "inconclusive" and "ArithmeticError: no" in report.reason
    with pytest.raises(ArithmeticError):
        h.sum().backward()


def test_an_op_without_a_formula_is_the_culprit():
    @primitive
    def bare(x):
        return x * 2

    x = tensor([1.0, 2.0], requires_grad=True)
    report = blame((bare(x) * 2).sum())
    assert (report.verdict, report.op) == ("fail", "bare")


def test_a_result_that_is_no_scalar_is_checked_too():
    x = tensor([1.0, 2.0], requires_grad=True)
    assert blame(x.exp() * x)
    assert blame(wrong_cube(x)).op == "wrong_cube"


def test_a_gradient_penalty_is_checked_through_the_recorded_backward_pass():
    x = tensor([1.0, 2.0], requires_grad=True)
    (slope,) = tg.autograd.grad((x**3).sum(), x, create_graph=True)
    assert blame((slope**2).sum())


def test_kinks_are_counted():
    x = tensor([0.0, 1.0, -1.0], requires_grad=True)
    report = blame(x.relu().sum())
    assert report.verdict == "kink" and report.kinks == 1
