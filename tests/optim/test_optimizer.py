"""What all rules share: groups, state, saving, errors, and explanations."""

import copy
import math

import numpy as np
import pytest

import tinygrad_edu as t
from tinygrad_edu import nn, optim
from tinygrad_edu.errors import AxisError, DTypeError, GradientError, InPlaceError, ShapeError
from tinygrad_edu.optim.formula import Formula, evaluate, render


def leaf(*values, dtype=np.float64):
    return t.tensor(np.array(values, dtype), requires_grad=True)


def values(p):
    return p.detach().numpy().copy()


def rules():
    """One or more settings of every rule that takes gradients as they are."""
    return [
        lambda ps: optim.SGD(ps, lr=0.1),
        lambda ps: optim.SGD(ps, lr=0.1, momentum=0.9, dampening=0.2, weight_decay=0.1),
        lambda ps: optim.SGD(ps, lr=0.1, momentum=0.9, nesterov="tilde", maximize=True),
        lambda ps: optim.ASGD(ps, lr=0.1, t0=2, lambd=0.1, weight_decay=0.1),
        lambda ps: optim.Rprop(ps, lr=0.1),
        lambda ps: optim.SignSGD(ps, lr=0.1),
        lambda ps: optim.SignSGD(ps, lr=0.1, normalize="l2"),
        lambda ps: optim.Adam(ps, lr=0.1),
    ]


def closures():
    """Rules whose step needs a closure."""
    return [
        lambda ps: optim.LBFGS(ps, max_iter=3),
        lambda ps: optim.LBFGS(ps, max_iter=3, line_search_fn="strong_wolfe"),
        lambda ps: optim.BFGS(ps),
        lambda ps: optim.Newton(ps, damping=0.5),
        lambda ps: optim.SGD(ps, lr=0.01, momentum=0.5, nesterov="lookahead"),
    ]


def gradients(params, rng, scale=1.0):
    for p in params:
        g = rng.normal(size=p.shape) * scale
        p.grad = t.tensor(np.asarray(g, p.dtype))


def bowl(params):
    """A smooth loss that couples all parameters."""
    total = sum(((p - 0.5) ** 4).sum() + (p * p).sum() for p in params)
    return total + (params[0].sum() * params[-1].sum()) ** 2


# ------------------------------------------------------------------------------- identity


@pytest.mark.parametrize("rule", rules())
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_parameters_keep_object_memory_and_dtype(rule, dtype):
    rng = np.random.default_rng(0)
    model = nn.Linear(3, 2)
    model.weight.data = rng.normal(size=(2, 3)).astype(dtype)
    model.bias.data = rng.normal(size=2).astype(dtype)
    weight, memory = model.weight, model.weight._array
    before = memory.copy()
    opt = rule(model.parameters())
    for _ in range(3):
        gradients(model.parameters(), rng)
        opt.step()
    assert model.weight is weight and opt.param_groups[0]["params"][0] is weight
    assert weight._array is memory and memory.dtype == dtype
    assert not np.array_equal(memory, before)
    for state in opt.state.values():
        assert all(v.dtype == dtype for v in state.values() if isinstance(v, t.Tensor))


@pytest.mark.parametrize("rule", closures())
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rules_with_closures_write_in_place_and_keep_dtype(rule, dtype):
    params = [leaf([0.3, -0.2], [1.0, 0.4], dtype=dtype), leaf(0.7, dtype=dtype)]
    memories = [p._array for p in params]
    opt = rule(params)

    def closure():
        opt.zero_grad()
        loss = bowl(params)
        loss.backward()
        return loss

    first = float(bowl(params))
    for _ in range(4):
        opt.step(closure)
    assert all(p._array is m for p, m in zip(params, memories, strict=True))
    assert all(p.dtype == dtype for p in params)
    assert float(bowl(params)) < first


@pytest.mark.parametrize("rule", rules())
def test_the_gradient_is_never_changed(rule):
    rng = np.random.default_rng(1)
    w = leaf(1.0, -2.0, 3.0)
    opt = rule([w])
    for _ in range(3):
        gradients([w], rng)
        grad, before = w.grad, w.grad.numpy().copy()
        grad._array.flags.writeable = False
        opt.step()
        assert w.grad is grad
        np.testing.assert_array_equal(w.grad.numpy(), before)


def test_a_parameter_without_gradient_stays():
    a, b = leaf(1.0), leaf(2.0)
    opt = optim.SGD([a, b], lr=0.1, momentum=0.9, weight_decay=0.5)
    a.grad = t.tensor(np.array([1.0]))
    opt.step()
    assert b.item() == 2.0 and b not in opt.state and a.item() != 1.0


def test_read_only_memory_is_an_error():
    array = np.ones(2)
    array.flags.writeable = False
    w = t.tensor(0.0)
    w.data = array
    w.requires_grad_()
    w.grad = t.tensor(np.ones(2))
    with pytest.raises(InPlaceError, match="read-only"):
        optim.SGD([w], lr=0.1).step()


def test_a_step_is_entered_in_the_books():
    """A backward through a value that step() has overwritten raises."""
    w = leaf(2.0)
    loss = (w * w).sum()
    w.grad = t.tensor(np.array([1.0]))
    optim.SGD([w], lr=0.1).step()
    with pytest.raises(InPlaceError, match="inplace"):
        loss.backward()


# ------------------------------------------------------------------------------- groups


def test_groups_have_options_of_their_own():
    a, b = leaf(1.0), leaf(1.0)
    opt = optim.SGD([{"params": [a]}, {"params": b, "lr": 0.5}], lr=0.1)
    a.grad, b.grad = t.tensor(np.array([1.0])), t.tensor(np.array([1.0]))
    opt.step()
    assert (a.item(), b.item()) == (0.9, 0.5)
    opt.param_groups[0]["lr"] = 0.2
    opt.step()
    assert a.item() == pytest.approx(0.7)


def test_add_param_group_takes_defaults():
    a, b = leaf(1.0), leaf(2.0)
    opt = optim.SGD([a], lr=0.1, momentum=0.5)
    opt.add_param_group({"params": [b], "momentum": 0.0})
    assert opt.param_groups[1]["lr"] == 0.1 and opt.param_groups[1]["momentum"] == 0
    b.grad = t.tensor(np.array([1.0]))
    opt.step()
    assert b.item() == pytest.approx(1.9)


def test_named_parameters():
    model = nn.Linear(2, 1)
    opt = optim.SGD(model.named_parameters(), lr=0.1)
    assert opt.param_groups[0]["param_names"] == ["weight", "bias"]
    assert opt.param_groups[0]["params"][0] is model.weight
    gradients(model.parameters(), np.random.default_rng(2))
    opt.step()
    assert "parameter bias" in str(opt.explain_step(model.bias))
    assert opt.state_dict()["param_groups"][0]["param_names"] == ["weight", "bias"]


def test_momentum_that_is_switched_on_later():
    w = leaf(1.0)
    opt = optim.SGD([w], lr=0.1, dampening=0.5)
    for momentum in (0, 0.9, 0.9):
        opt.param_groups[0]["momentum"] = momentum
        w.grad = t.tensor(np.array([1.0]))
        opt.step()
    assert w.item() == pytest.approx(1 - 0.1 - 0.1 - 0.1 * 1.4)


def test_a_rule_of_ones_own():
    """PyTorch's idiom: a subclass with its own step, which looks into an empty state."""

    class Mine(optim.Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        @t.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    state = self.state[p]
                    if len(state) == 0:
                        state["step"] = 0
                    state["step"] += 1
                    p.add_(p.grad, alpha=-group["lr"])

    w = leaf(1.0)
    opt = Mine([w], lr=0.1)
    w.grad = t.tensor(np.array([2.0]))
    opt.step()
    assert w.item() == 0.8 and opt.state[w]["step"] == 1


# ------------------------------------------------------------------------------- zero_grad, closure


def test_zero_grad():
    w = leaf(1.0, 2.0)
    opt = optim.SGD([w], lr=0.1)
    (w * w).sum().backward()
    grad, memory = w.grad, w.grad._array
    opt.zero_grad(set_to_none=False)
    assert w.grad is grad and w.grad._array is memory and not memory.any()
    opt.zero_grad()
    assert w.grad is None
    opt.zero_grad(set_to_none=False)
    assert w.grad is None


def test_zero_grad_drops_the_history_of_a_gradient():
    w = leaf(3.0)
    (w * w).sum().backward(create_graph=True)
    assert w.grad.requires_grad
    optim.SGD([w], lr=0.1).zero_grad(set_to_none=False)
    assert not w.grad.requires_grad and w.grad.item() == 0


def test_step_returns_what_the_closure_returns():
    w = leaf(3.0)
    opt = optim.SGD([w], lr=0.1)

    def closure():
        opt.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    with t.no_grad():  # the closure records all the same
        assert opt.step(closure).item() == 9.0
    assert w.item() == pytest.approx(2.4)
    assert opt.step() is None


# ------------------------------------------------------------------------------- saving


@pytest.mark.parametrize("rule", rules())
def test_a_run_continues_bit_for_bit(rule):
    def run(stop):
        rng = np.random.default_rng(3)
        params = [leaf(1.0, -2.0, 0.5), leaf(4.0)]
        opt = rule(params)
        for k in range(8):
            if k == stop:
                saved = copy.deepcopy(opt.state_dict())
                params = [t.tensor(values(p), requires_grad=True) for p in params]
                opt = rule(params)
                opt.load_state_dict(saved)
            gradients(params, rng)
            opt.step()
        return [values(p) for p in params]

    for straight, stopped in zip(run(None), run(4), strict=True):
        np.testing.assert_array_equal(straight, stopped)


@pytest.mark.parametrize("rule", closures())
def test_a_run_with_closures_continues_bit_for_bit(rule):
    def run(stop):
        params = [leaf([0.3, -0.2], [1.0, 0.4]), leaf(0.7)]
        opt = rule(params)

        def closure():
            opt.zero_grad()
            loss = bowl(params)
            loss.backward()
            return loss

        for k in range(5):
            if k == stop:
                saved = copy.deepcopy(opt.state_dict())
                params = [t.tensor(values(p), requires_grad=True) for p in params]
                opt = rule(params)
                opt.load_state_dict(saved)
            opt.step(closure)
        return [values(p) for p in params]

    for straight, stopped in zip(run(None), run(2), strict=True):
        np.testing.assert_array_equal(straight, stopped)


def test_loading_copies_and_casts():
    a, b = leaf(1.0), leaf(1.0, dtype=np.float32)
    one, two = optim.SGD([a], lr=0.1, momentum=0.9), optim.SGD([b], lr=0.5)
    a.grad = t.tensor(np.array([1.0]))
    one.step()
    two.load_state_dict(one.state_dict())
    group, buffer = two.param_groups[0], two.state[b]["momentum_buffer"]
    assert group["lr"] == 0.1 and group["momentum"] == 0.9 and group["params"][0] is b
    assert buffer.dtype == np.float32 and buffer.item() == 1.0
    one.state[a]["momentum_buffer"].zero_()
    assert buffer.item() == 1.0


def broken_states(good):
    """State dicts that do not fit an SGD with momentum on one parameter of three numbers."""

    def changed(**changes):
        return {**copy.deepcopy(good), **changes}

    group = good["param_groups"][0]
    return [
        (changed(param_groups=[]), ValueError, "0 parameter groups"),
        (changed(param_groups=[group, group]), ValueError, "2 parameter groups"),
        (changed(param_groups=[{**group, "params": [0, 1]}]), ValueError, "has 2 parameters"),
        (changed(param_groups=[{**group, "lr": -3.0}]), ValueError, "-3.0"),
        (changed(state={7: {}}), ValueError, "unknown parameter 7"),
        (
            changed(state={0: {"step": 1, "momentum_buffer": t.zeros(2)}}),
            ShapeError,
            r"momentum_buffer has shape \(2,\), not \(3,\)",
        ),
        ({"state": {}}, KeyError, "param_groups"),
        ({"param_groups": [group]}, KeyError, "state"),
    ]


@pytest.mark.parametrize("which", range(8))
def test_a_state_that_does_not_fit_changes_nothing(which):
    w = leaf(1.0, 2.0, 3.0)
    opt = optim.SGD([w], lr=0.1, momentum=0.9)
    gradients([w], np.random.default_rng(4))
    opt.step()
    bad, error, text = broken_states(opt.state_dict())[which]
    before = copy.deepcopy(opt.state_dict())
    with pytest.raises(error, match=text):
        opt.load_state_dict(bad)
    after = opt.state_dict()
    assert after["param_groups"] == before["param_groups"]
    np.testing.assert_array_equal(
        after["state"][0]["momentum_buffer"], before["state"][0]["momentum_buffer"]
    )


def test_lbfgs_refuses_the_state_of_another_model():
    a, b = leaf(1.0, 2.0), leaf(1.0, 2.0, 3.0)
    one, two = optim.LBFGS([a], max_iter=2), optim.LBFGS([b], max_iter=2)

    def closure():
        one.zero_grad()
        loss = (a**4).sum()
        loss.backward()
        return loss

    one.step(closure)
    with pytest.raises(ShapeError, match=r"d has shape \(2,\), not \(3,\)"):
        two.load_state_dict(one.state_dict())
    assert not two.state.get(b)


# ------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda p: optim.SGD([], lr=0.1), ValueError, "empty parameter list"),
        (lambda p: optim.SGD(iter([]), lr=0.1), ValueError, "empty parameter list"),
        (lambda p: optim.SGD([p, p], lr=0.1), ValueError, "number 1, .*twice"),
        (lambda p: optim.SGD([{"params": [p]}, {"params": [p]}]), ValueError, "twice"),
        (lambda p: optim.SGD([p * 2], lr=0.1), ValueError, "params: .*non-leaf.*number 0"),
        (lambda p: optim.SGD([p, 3.5], lr=0.1), TypeError, "params: .*number 1 is 3.5"),
        (lambda p: optim.SGD(p, lr=0.1), TypeError, r"params .*\[p\]"),
        (lambda p: optim.SGD([{"params": {p}}], lr=0.1), TypeError, "params .*set"),
        (lambda p: optim.SGD([{"lr": 0.1}]), KeyError, "params"),
        (lambda p: optim.SGD([p]).add_param_group([leaf(1.0)]), TypeError, "param_group.*list"),
        (lambda p: optim.SGD([("w", p), leaf(1.0)]), ValueError, "1 of 2 have names"),
        (lambda p: optim.SGD([p], foo=1), TypeError, "foo"),
        (lambda p: optim.SGD([p], lr=-0.1), ValueError, "lr value: -0.1"),
        (lambda p: optim.SGD([p], lr=math.nan), ValueError, "lr value: nan"),
        (lambda p: optim.SGD([{"params": [p], "lr": -2}], lr=0.1), ValueError, "lr value: -2"),
        (lambda p: optim.SGD([p], momentum=-0.5), ValueError, "momentum value: -0.5"),
        (lambda p: optim.SGD([p], weight_decay=-1), ValueError, "weight_decay value: -1"),
        (lambda p: optim.SGD([p], nesterov=True), ValueError, "Nesterov momentum requires"),
        (
            lambda p: optim.SGD([p], nesterov=True, momentum=0.9, dampening=0.1),
            ValueError,
            "zero dampening",
        ),
        (lambda p: optim.SGD([p], form="mean"), ValueError, "form: 'mean'"),
        (lambda p: optim.SGD([p], nesterov="no"), ValueError, "nesterov: 'no'"),
        (lambda p: optim.SGD([p], decay="l3"), ValueError, "decay: 'l3'"),
        (lambda p: optim.SGD([p], differentiable=True), ValueError, "differentiable"),
        (lambda p: optim.ASGD([p], lr=-1), ValueError, "lr value: -1"),
        (lambda p: optim.ASGD([p], weight_decay=-1), ValueError, "weight_decay value: -1"),
        (lambda p: optim.Rprop([p], lr=-1), ValueError, "lr value: -1"),
        (lambda p: optim.Rprop([p], etas=(1.1, 1.2)), ValueError, "eta values: 1.1, 1.2"),
        (lambda p: optim.Rprop([p], etas=(0.5, 0.9)), ValueError, "eta values: 0.5, 0.9"),
        (lambda p: optim.Rprop([p], etas=(0, 1.2)), ValueError, "eta values: 0, 1.2"),
        (lambda p: optim.SignSGD([p], lr=-1), ValueError, "lr value: -1"),
        (lambda p: optim.SignSGD([p], normalize="l1"), ValueError, "normalize: 'l1'"),
        (lambda p: optim.LBFGS([p], lr=-1), ValueError, "lr value: -1"),
        (lambda p: optim.LBFGS([p], line_search_fn="x"), RuntimeError, "line_search_fn: 'x'"),
        (
            lambda p: optim.LBFGS([{"params": [p]}, {"params": [leaf(1.0)]}]),
            ValueError,
            "LBFGS doesn't support per-parameter options",
        ),
        (lambda p: optim.BFGS([p], lr=-1), ValueError, "lr value: -1"),
        (lambda p: optim.BFGS([p], c1=0.9, c2=0.1), ValueError, "c1, c2: 0.9, 0.1"),
        (lambda p: optim.BFGS([p], max_eval=0), ValueError, "max_eval: 0"),
        (lambda p: optim.Newton([p], lr=-1), ValueError, "lr value: -1"),
        (lambda p: optim.Newton([p], damping=-1), ValueError, "damping value: -1"),
        (lambda p: optim.RandomSearch([p], scale=-1), ValueError, "scale value: -1"),
        (lambda p: optim.RandomLocalSearch([p], step=-1), ValueError, "step value: -1"),
        (lambda p: optim.RandomSearch([p.detach()]), ValueError, "none requires grad"),
        (lambda p: optim.LBFGS([p]).step(), TypeError, "closure"),
        (lambda p: optim.BFGS([p]).step(), TypeError, "closure"),
        (lambda p: optim.Newton([p]).step(), TypeError, "closure"),
        (lambda p: optim.Newton([p]).step(lambda: None), ValueError, "must return the loss"),
        (lambda p: optim.LBFGS([p]).step(lambda: p * 1), ValueError, "a single number"),
        (
            lambda p: optim.SGD([p], momentum=0.5, nesterov="lookahead").step(),
            GradientError,
            r"step\(closure\)",
        ),
        (lambda p: optim.SGD([p]).explain_step(), GradientError, "keep_last_step"),
        (lambda p: optim.SGD([p]).explain_step(3), AxisError, "none of 1 parameters"),
        (lambda p: optim.SGD([p]).explain_step(leaf(1.0)), AxisError, "none of 1 parameters"),
    ],
)
def test_bad_input_names_the_argument_and_the_value(make, error, text):
    with pytest.raises(error, match=text) as caught:
        make(leaf(1.0, 2.0))
    if "foo" not in text:
        assert "test_optimizer.py" in str(caught.value)  # the user's line


def test_a_refused_group_is_not_added():
    opt = optim.SGD([leaf(1.0)], lr=0.1)
    with pytest.raises(ValueError, match="lr value"):
        opt.add_param_group({"params": [leaf(2.0)], "lr": -1})
    assert len(opt.param_groups) == 1


def test_type_errors_are_named():
    with pytest.raises(DTypeError):
        optim.SGD(leaf(1.0))


# ------------------------------------------------------------------------------- explanations


@pytest.mark.parametrize("rule", rules())
def test_the_explanation_is_the_fast_code(rule):
    rng = np.random.default_rng(5)
    params = [leaf([1.0, -2.0], [0.5, 3.0]), leaf(4.0)]
    opt = rule(params)
    for k in range(5):
        gradients(params, rng, scale=[1, 1e-3, 1e-8, 0, 1][k])
        opt.step()
        for place in np.ndindex(2, 2):
            table = opt.explain_step(0, place)
            assert table["p"] == pytest.approx(values(params[0])[place], rel=1e-12)
            for key, name in opt.symbols.items():
                if key in opt.state[params[0]] and name in {n for n, _, _ in table.rows}:
                    now = np.broadcast_to(np.asarray(opt.state[params[0]][key]), (2, 2))[place]
                    assert table[name] == pytest.approx(float(now), rel=1e-12, abs=1e-300)


def test_explain_step_prints():
    w = leaf(1.0, 3.0)
    opt = optim.SGD([w], lr=0.5, momentum=0.9)
    w.grad = t.tensor(np.array([1.0, -2.0]))
    opt.step()
    table = opt.explain_step()
    assert str(table).splitlines() == [
        "SGD, parameter 0, element (1,), step 1",
        "  given θ = 3, g = -2, v = 0, η = 0.5, μ = 0.9, t = 1",
        "  v ← μ v + g  = -2",
        "  θ ← θ − η v  = 4",
    ]
    assert table["v"] == -2 and table["g"] == -2
    html = table._repr_html_()
    assert html.startswith("<table>") and "<td>θ ← θ − η v</td><td>4</td>" in html
    assert opt.explain_step(w, 0)["p"] == 0.5
    assert opt.explain_step(w, -1)["p"] == 4.0
    with pytest.raises(AxisError, match=r"shape \(2,\) has no element 2"):
        opt.explain_step(0, 2)
    with pytest.raises(AxisError, match="has no element"):
        opt.explain_step(0, (0, 0))


def test_keep_last_step():
    small, large = leaf(*range(4096)), leaf(*range(4097))
    for w, keep, explains in [
        (small, None, True),
        (large, None, False),
        (large, True, True),
        (small, False, False),
    ]:
        opt = optim.SGD([w], lr=0.1)
        opt.keep_last_step = keep
        w.grad = t.ones(w.shape, dtype=t.float64)
        opt.step()
        if explains:
            assert opt.explain_step().rows
        else:
            with pytest.raises(GradientError, match="keep_last_step = True"):
                opt.explain_step()


def test_formula_prints_in_unicode_and_latex():
    opt = optim.SGD([leaf(1.0)], lr=0.1, momentum=0.9, weight_decay=0.1)
    formula = opt.formula()
    assert str(formula).splitlines() == ["g ← g + λ θ", "v ← μ v + g", "θ ← θ − η v"]
    assert formula.latex.splitlines()[-1] == r"\theta \leftarrow \theta - \eta \, v"
    shown = formula._repr_latex_()
    assert shown.startswith(r"$\begin{aligned}") and shown.endswith(r"\end{aligned}$")


def test_formula_speaks_of_its_group():
    a, b = leaf(1.0), leaf(1.0)
    opt = optim.SGD([{"params": [a]}, {"params": [b], "momentum": 0.5}], lr=0.1)
    assert "v" not in str(opt.formula()) and "v" in str(opt.formula(1))


@pytest.mark.parametrize(
    ("expression", "unicode", "latex"),
    [
        ("a - (b - c)", "a − (b − c)", "a - \\left(b - c\\right)"),
        ("a / (b * c)", "a / (b c)", r"\frac{a}{b \, c}"),
        ("(a + b) * c", "(a + b) c", r"\left(a + b\right) \, c"),
        ("beta1 ** t", "β₁ᵗ", r"\beta_1^{t}"),
        ("a ** 10", "a¹⁰", "a^{10}"),
        ("a ** alpha", "a^α", r"a^{\alpha}"),
        ("a ** (b + 1)", "a^(b + 1)", "a^{b + 1}"),
        ("-a * b", "(−a) b", r"\left(-a\right) \, b"),
        ("-(B @ g)", "−B g", r"-B \, g"),
        ("sqrt(v) + eps", "√(v) + ε", r"\sqrt{v} + \epsilon"),
        ("abs(g)", "|g|", "|g|"),
        ("sign(g)", "sign(g)", r"\operatorname{sign}\left(g\right)"),
        ("solve(H, g)", "H⁻¹ g", "H^{-1} g"),
        ("solve(H + damping * I, g)", "(H + δ I)⁻¹ g", r"\left(H + \delta \, I\right)^{-1} g"),
        ("1 / dot(y, s)", "1 / (yᵀ s)", r"\frac{1}{y^\top s}"),
        ("rho * outer(s, y)", "ρ (s yᵀ)", r"\rho \, \left(s y^\top\right)"),
        ("0 if s < 0 else g", "0 if s < 0 else g", r"0 \text{ if } s < 0 \text{ else } g"),
    ],
)
def test_rendering(expression, unicode, latex):
    assert render([("x", expression)]) == "x ← " + unicode
    assert render([("x", expression)], latex=True) == r"x \leftarrow " + latex


def test_formulas_refuse_other_syntax():
    with pytest.raises(ValueError, match="Lambda"):
        str(Formula((("x", "lambda: 3"),)))


def test_evaluate_knows_matrices():
    h, g = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([1.0, 2.0])
    rows = evaluate([("d", "solve(H, g)"), ("q", "dot(d, H @ d)")], {"H": h, "g": g})
    np.testing.assert_allclose(h @ rows[0][2], g)
    assert rows[1][2] == pytest.approx(rows[0][2] @ g)


def test_repr():
    text = repr(optim.SGD([leaf(1.0)], lr=0.25))
    assert text.startswith("SGD (\nParameter Group 0\n") and "    lr: 0.25\n" in text


def test_deepcopy_is_independent():
    w = leaf(1.0)
    opt = optim.SGD([w], lr=0.1, momentum=0.9)
    w.grad = t.tensor(np.array([1.0]))
    opt.step()
    other = copy.deepcopy(opt)
    v = other.param_groups[0]["params"][0]
    assert v is not w and other.state[v]["momentum_buffer"].item() == 1.0
    other.step()
    assert w.item() == 0.9 and v.item() != 0.9


@pytest.mark.parametrize("make", [lambda lr: t.tensor(lr), lambda lr: np.array(lr)])
@pytest.mark.parametrize(
    "rule",
    [
        lambda p, lr: optim.SGD(p, lr=lr),
        lambda p, lr: optim.SGD(p, lr=lr, momentum=0.9),
        lambda p, lr: optim.Adam(p, lr=lr),
        lambda p, lr: optim.RMSprop(p, lr=lr),
        lambda p, lr: optim.Rprop(p, lr=lr),
    ],
)
def test_a_learning_rate_that_can_be_written_to(rule, make):
    """Its value counts at each step, not the one it had when it was first seen."""
    results = []
    for convert in (make, float):
        p, rate = leaf(1.0, 2.0), convert(0.125)
        opt = rule([p], rate)
        for i in range(4):
            if i == 2:
                if convert is float:
                    opt.param_groups[0]["lr"] = 0.5
                else:
                    rate[...] = 0.5
            p.grad = t.tensor([1.0, -3.0])
            opt.step()
        results.append(p.tolist())
    assert results[0] == pytest.approx(results[1], rel=1e-6)


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        (lambda p: optim.SGD(p, lr=0.1, momentum=0.9), "momentum_buffer"),
        (lambda p: optim.RMSprop(p, lr=0.1, momentum=0.9), "momentum_buffer"),
        (lambda p: optim.Adam(p, lr=0.1), "exp_avg"),
    ],
)
def test_a_replaced_state_of_a_number_goes_on(rule, name):
    """An op on a tensor without axes gives a NumPy number, which is no memory."""
    results = []
    for shape in ((), (1,)):
        p = t.tensor(np.full(shape, 1.0), requires_grad=True)
        opt = rule([p])
        for i in range(5):
            p.grad = t.tensor(np.full(shape, 1.0 + i))
            opt.step()
            if i == 1:
                opt.state[p][name] = opt.state[p][name] * 0.5
            if i == 3:
                opt.load_state_dict(opt.state_dict())
        results.append((p.item(), opt.state[p][name].item()))
    assert results[0] == results[1]


def test_a_state_that_counts_no_steps_has_made_one():
    # PyTorch's SGD saves the buffer alone: v = 0.9 * 1 + (1 - 0.5) * 1 = 1.4 is no first step.
    w = leaf(1.0)
    opt = optim.SGD([w], lr=0.1, momentum=0.9, dampening=0.5)
    saved = opt.state_dict()
    opt.load_state_dict({**saved, "state": {0: {"momentum_buffer": np.ones(1)}}})
    w.grad = t.tensor(np.ones(1))
    opt.step()
    np.testing.assert_allclose(w.detach().numpy(), [1 - 0.14], rtol=1e-6)
    assert opt.state[w]["step"] == 2
