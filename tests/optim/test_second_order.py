"""Newton, BFGS, L-BFGS and their line searches."""

import math

import numpy as np
import pytest

import tinygrad_edu as t
from tinygrad_edu import nn, optim
from tinygrad_edu.errors import GradientError
from tinygrad_edu.gradients import detect_anomaly
from tinygrad_edu.optim.formula import evaluate
from tinygrad_edu.optim.line_search import (
    Trial,
    _inside,
    armijo,
    cubic_minimum,
    strong_wolfe,
    weak_wolfe,
)
from tinygrad_edu.optim.newton import gradient_and_hessian, solved


def leaf(*values):
    return t.tensor(np.array(values, float), requires_grad=True)


def values(p):
    return p.detach().numpy().copy()


def closure_of(opt, loss):
    def closure():
        opt.zero_grad()
        value = loss()
        value.backward()
        return value

    return closure


def rosenbrock(w):
    return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2


def cosine(w):
    return (w * t.cos(0.15 * np.pi * w)).sum()


def hyperbolic(w):
    return t.cosh(0.5 * w).sum()


# ------------------------------------------------------------------------------- Newton, row 83


def newton(loss, start, steps, **options):
    w = leaf(*start)
    opt = optim.Newton([w], **options)
    for _ in range(steps):
        opt.step(lambda: loss(w))
    return values(w)


def test_row_83_a_quadratic_takes_one_step():
    end = newton(lambda w: 0.1 * w[0] ** 2 + 2 * w[1] ** 2, (-5, -2), 1)
    np.testing.assert_allclose(end, 0, atol=1e-15)
    rng = np.random.default_rng(83)
    a = rng.normal(size=(5, 5))
    h, b = t.tensor(a @ a.T + np.eye(5)), t.tensor(rng.normal(size=5))
    end = newton(lambda w: 0.5 * w @ h @ w - b @ w, rng.normal(size=5), 1)
    np.testing.assert_allclose(h.numpy() @ end, b.numpy(), atol=1e-12)


def test_row_83_newton_jumps_to_the_saddle():
    np.testing.assert_allclose(newton(lambda w: w[0] ** 2 - w[1] ** 2, (3, 4), 1), 0, atol=1e-15)


def test_row_83_one_dimension():
    assert newton(hyperbolic, [10], 10)[0] == pytest.approx(0, abs=1e-12)
    end = newton(cosine, [10], 10)
    assert end[0] == pytest.approx(26.834133, abs=5e-7)
    assert cosine(t.tensor(end)).item() > cosine(leaf(10)).item()  # it climbed
    assert newton(cosine, [10], 10, lr=0.5)[0] == pytest.approx(7.269860, abs=5e-7)


def test_row_84_the_cost_of_a_hessian():
    assert 1e6**2 * np.dtype(np.float32).itemsize / 2**30 == pytest.approx(3725.3, abs=0.05)
    assert "3725 GiB" in optim.Newton.__doc__


def test_damping_turns_the_step_downhill():
    """At a point of negative curvature Newton climbs; with enough damping it descends."""

    def wells(w):
        return (w**4 / 4 - w**2 / 2).sum()

    before = wells(leaf(0.3)).item()
    assert wells(t.tensor(newton(wells, [0.3], 1))).item() > before
    damped = newton(wells, [0.3], 1, damping=2.0)
    g, h = 0.3**3 - 0.3, 3 * 0.3**2 - 1
    assert damped[0] == pytest.approx(0.3 - g / (h + 2), rel=1e-12)
    assert wells(t.tensor(damped)).item() < before
    assert newton(wells, [0.3], 60, damping=2.0)[0] == pytest.approx(1, abs=1e-6)


def coupled(a, b):
    return (a.exp().sum() * b) + (a**2).sum() + (b - a[0, 1]) ** 4 + (a[0] @ a[1]) ** 2


def coupled_params():
    return leaf([0.3, -0.2], [0.5, 0.1]), leaf(0.7)


def test_the_hessian_is_that_of_all_parameters_jointly():
    a, b = coupled_params()
    g, h = gradient_and_hessian(coupled(a, b), [a, b])
    assert h.shape == (5, 5)
    np.testing.assert_allclose(h, h.T, atol=1e-12)

    def at(x):
        x = np.asarray(x)
        return coupled(t.tensor(x[:4].reshape(2, 2)), t.tensor(x[4])).item()

    x, e = np.append(values(a).ravel(), values(b)), 1e-4 * np.eye(5)
    for i in range(5):
        assert g[i] == pytest.approx((at(x + e[i]) - at(x - e[i])) / 2e-4, rel=1e-6)
        for j in range(5):
            corners = (
                at(x + e[i] + e[j]) - at(x + e[i] - e[j]),
                at(x - e[i] + e[j]) - at(x - e[i] - e[j]),
            )
            assert h[i, j] == pytest.approx((corners[0] - corners[1]) / 4e-8, abs=1e-5)


def test_a_step_solves_for_all_parameters():
    a, b = coupled_params()
    g, h = gradient_and_hessian(coupled(a, b), [a, b])
    x = np.append(values(a).ravel(), values(b))
    optim.Newton([a, b], lr=0.7, damping=0.4).step(lambda: coupled(a, b))
    wanted = x - 0.7 * np.linalg.solve(h + 0.4 * np.eye(5), g)
    np.testing.assert_allclose(np.append(values(a).ravel(), values(b)), wanted, rtol=1e-12)


def test_the_closure_may_call_backward_or_not():
    def plain(opt, a, b):
        return coupled(a, b)

    def backward(opt, a, b):
        opt.zero_grad()
        loss = coupled(a, b)
        loss.backward()
        return loss

    def retained(opt, a, b):
        loss = coupled(a, b)
        loss.backward(retain_graph=True)
        return loss

    ends = []
    for closure in (plain, backward, retained):
        a, b = coupled_params()
        opt = optim.Newton([a, b])
        with t.no_grad():
            loss = opt.step(lambda a=a, b=b, opt=opt, closure=closure: closure(opt, a, b))
        assert loss.item() == coupled(*coupled_params()).item()
        ends.append(np.append(values(a).ravel(), values(b)))
        assert (a.grad is None) == (closure is plain)
    np.testing.assert_array_equal(ends[0], ends[1])
    np.testing.assert_array_equal(ends[0], ends[2])


def test_newton_neither_reads_nor_writes_grad():
    w = leaf(1.0)
    w.grad = t.tensor([100.0], dtype=t.float64)
    optim.Newton([w]).step(lambda: (w**2).sum())
    assert w.grad.item() == 100 and w.item() == 0


def test_newton_keeps_graphs_only_while_it_runs():
    w = leaf(1.0)
    optim.Newton([w]).step(lambda: (w**4).sum())
    loss = (w**4).sum()
    loss.backward()
    with pytest.raises(GradientError, match="second time"):
        loss.backward()


def test_newton_under_detect_anomaly():
    w = leaf(-1.0)
    with pytest.raises(Exception, match="'sqrt' made nan"), detect_anomaly():
        optim.Newton([w]).step(lambda: w.sqrt().sum())


def test_frozen_and_unused_parameters_stay():
    a, b, c = leaf(2.0, 1.0), leaf(5.0), leaf(7.0)
    c.requires_grad_(False)
    optim.Newton([a, b, c]).step(lambda: ((a - 1) ** 2).sum() * c.sum())
    np.testing.assert_allclose(values(a), 1)
    assert (b.item(), c.item()) == (5.0, 7.0)


def test_a_singular_hessian_names_damping():
    w = leaf(1.0, 2.0)
    before = values(w)
    with pytest.raises(GradientError, match=r"singular.*damping=0.001") as caught:
        optim.Newton([w]).step(lambda: (w[0] + 3 * w[1]) ** 2)
    assert "test_second_order.py" in str(caught.value)
    np.testing.assert_array_equal(values(w), before)
    with pytest.raises(GradientError, match="singular"):
        optim.Newton([w]).step(lambda: w[0] - w[1])
    opt = optim.Newton([w], damping=0.1)
    opt.step(lambda: (w[0] + 3 * w[1]) ** 2)
    assert abs(values(w) @ [1, 3]) < 0.05


def test_a_loss_without_history_is_an_error():
    w = leaf(1.0)
    opt = optim.Newton([w])
    with pytest.raises(GradientError, match="has no history"):
        opt.step(lambda: (w**2).sum().detach())
    with pytest.raises(GradientError, match="NaN"):
        opt.step(lambda: (w * math.inf).sum() ** 2)
    assert w.item() == 1.0


def test_newton_in_float32():
    w = t.tensor([3.0, -1.0], requires_grad=True)
    optim.Newton([w]).step(lambda: (w**2).sum() + w[0] * w[1])
    assert w.dtype == np.float32
    np.testing.assert_allclose(values(w), 0, atol=1e-6)


def test_the_printed_formula_of_newton_is_the_fast_code():
    for damping, text in [(0, "d ← H⁻¹ g"), (0.4, "d ← (H + δ I)⁻¹ g")]:
        a, b = coupled_params()
        g, h = gradient_and_hessian(coupled(a, b), [a, b])
        x = np.append(values(a).ravel(), values(b))
        opt = optim.Newton([a, b], lr=0.7, damping=damping)
        opt.step(lambda a=a, b=b: coupled(a, b))
        assert str(opt.formula()).splitlines() == [text, "θ ← θ − η d"]
        known = {"H": h, "I": np.eye(5), "g": g, "p": x, "lr": 0.7, "damping": damping}
        rows = evaluate(opt.formula().lines, known)
        np.testing.assert_allclose(rows[-1][2], np.append(values(a).ravel(), values(b)), rtol=1e-12)


def test_newton_explains_its_step():
    a, b = coupled_params()
    g, h = gradient_and_hessian(coupled(a, b), [a, b])
    opt = optim.Newton([("a", a), ("b", b)], damping=0.5)
    opt.step(lambda: coupled(a, b))
    table = opt.explain_step(a, (1, 0))
    assert table["p"] == pytest.approx(values(a)[1, 0], rel=1e-12)
    assert table["g"] == pytest.approx(g[2], rel=1e-10)  # the row of H times d, with damping
    assert table["H5"] == pytest.approx(h[2, 4]) and table["damping"] == 0.5
    assert "parameter a, element (1, 0), step 1" in str(table)
    assert opt.explain_step(b, 0)["p"] == pytest.approx(b.item(), rel=1e-12)


def test_newton_explains_a_step_of_many_parameters():
    w = leaf(*range(1, 10))
    opt = optim.Newton([w])
    opt.step(lambda: (w**2).sum())
    assert opt.explain_step(0, 3)["d"] == 4.0
    assert [name for name, _, _ in opt.explain_step(0, 3).rows] == ["p"]


def test_solved():
    h = np.array([[2.0, 1.0], [1.0, 3.0]])
    np.testing.assert_allclose(h @ solved(h, np.array([1.0, 2.0]), 0.0), [1, 2])
    # Steep and flat at once is no error, as long as the flat direction is more than rounding.
    np.testing.assert_allclose(solved(np.diag([1.0, 1e-12]), np.ones(2), 0.0), [1, 1e12])
    for flat in (3e-16, -3e-16):
        with pytest.raises(GradientError, match="singular"):
            solved(np.diag([1.0, flat]), np.ones(2), 0.0)
    assert solved(h.astype(np.float32), np.ones(2, np.float32), 0.0).dtype == np.float32


# ------------------------------------------------------------------------------- row 85


def iterations(make, most=201):
    """Steps until the norm of the gradient of Rosenbrock's function falls below a bound."""
    w = leaf(-1.2, 1.0)
    opt = make([w])
    for k in range(1, most + 1):
        opt.step(closure_of(opt, lambda: rosenbrock(w)))
        opt.zero_grad()
        rosenbrock(w).backward()
        if np.linalg.norm(w.grad.numpy()) < 1e-8:
            return k, w, opt
    return most, w, opt


def test_row_85_bfgs():
    count, w, _ = iterations(lambda ps: optim.BFGS(ps, tolerance_grad=1e-9))
    assert count == 35
    np.testing.assert_allclose(values(w), 1, atol=1e-8)


def test_row_85_lbfgs():
    options = {"max_iter": 1, "max_eval": 60, "history_size": 5, "tolerance_grad": 1e-9}
    count, w, _ = iterations(
        lambda ps: optim.LBFGS(ps, line_search_fn="weak_wolfe", tolerance_change=0, **options)
    )
    assert count == 38
    np.testing.assert_allclose(values(w), 1, atol=1e-8)


def test_row_85_armijo_alone_stalls():
    """Without a condition on the curvature, 197 of 200 pairs have y.s <= 0 and are rejected."""
    _, w, opt = iterations(
        lambda ps: optim.LBFGS(ps, max_iter=1, max_eval=60, history_size=5, line_search_fn="armijo")
    )
    state = opt.state[w]
    assert state["n_iter"] == 201  # the pair of each step is judged in the next
    assert state["rejected"] == 197 and len(state["old_dirs"]) == 3
    assert rosenbrock(w).item() > 1


def test_row_85_an_update_has_rank_2():
    w = leaf(*np.linspace(-1, 1, 6))
    opt = optim.BFGS([w])

    def loss():
        return ((w**2) @ t.arange(1, 7, dtype=t.float64)) + (w.sum() - 1) ** 4

    before = np.eye(6)
    for _ in range(6):
        opt.step(closure_of(opt, loss))
        after = opt.state[w]["inverse_hessian"].numpy().copy()
        singular = np.linalg.svd(after - before, compute_uv=False)
        assert (singular > 1e-12 * singular[0]).sum() == 2
        np.testing.assert_allclose(after, after.T, atol=1e-12)
        assert np.linalg.eigvalsh(after).min() > 0
        before = after


def test_the_printed_formula_of_bfgs_is_the_fast_code():
    w = leaf(-1.2, 1.0)
    opt = optim.BFGS([w])
    b = np.eye(2)
    for _ in range(5):
        x = values(w)
        w.grad = None
        rosenbrock(w).backward()
        g = w.grad.numpy().copy()
        opt.step(closure_of(opt, lambda: rosenbrock(w)))
        w.grad = None
        rosenbrock(w).backward()
        table = opt.explain_step(0, 1)
        known = {"B": b, "I": np.eye(2), "g": g, "p": x, "alpha": table["alpha"]}
        rows = {
            n: v for n, _, v in evaluate(opt.formula().lines, {**known, "g_new": w.grad.numpy()})
        }
        np.testing.assert_allclose(rows["p"], values(w), rtol=1e-12)
        assert table["p"] == pytest.approx(values(w)[1], rel=1e-12)
        assert (table["d"], table["g"]) == (rows["d"][1], g[1])
        b = opt.state[w]["inverse_hessian"].numpy().copy()
        np.testing.assert_allclose(rows["B"], b, rtol=1e-9)
        np.testing.assert_allclose(b @ rows["y"], rows["s"], rtol=1e-8)  # the secant equation
    assert str(opt.formula()).splitlines()[0] == "d ← −B g"


def test_bfgs_does_nothing_at_a_minimum_and_refuses_a_bad_pair():
    w = leaf(0.0)
    opt = optim.BFGS([w])
    assert opt.step(closure_of(opt, lambda: (w**2).sum())).item() == 0
    assert w.item() == 0 and opt.state[w]["func_evals"] == 1
    up = leaf(1.0)  # concave: no step satisfies the curvature condition
    opt = optim.BFGS([up], max_eval=4)
    opt.step(closure_of(opt, lambda: -(up**2).sum()))
    assert opt.state[up]["func_evals"] == 5
    np.testing.assert_array_equal(opt.state[up]["inverse_hessian"].numpy(), [[1.0]])


def test_bfgs_first_length_is_lr():
    w = leaf(1.0)
    opt = optim.BFGS([w], lr=0.25)
    opt.step(closure_of(opt, lambda: (w**2).sum()))
    assert w.item() == 0.5  # the curvature condition holds at once


# ------------------------------------------------------------------------------- L-BFGS


def test_lbfgs_applies_the_bfgs_matrix():
    """With all pairs in memory, -B g equals that of BFGS started from the same multiple of I."""
    w = leaf(*np.linspace(-1, 1, 4))

    def loss():
        return (w**2) @ t.tensor([1.0, 3.0, 5.0, 9.0], dtype=t.float64) + (w.sum() - 1) ** 4

    opt = optim.LBFGS([w], max_iter=1, max_eval=30, line_search_fn="strong_wolfe")
    for _ in range(4):
        opt.step(closure_of(opt, loss))
    state = opt.state[w]
    b = state["H_diag"] * np.eye(4)
    for s, y, rho in zip(state["old_stps"], state["old_dirs"], state["ro"], strict=True):
        s, y = s.numpy(), y.numpy()
        assert rho == pytest.approx(1 / (s @ y))
        left = np.eye(4) - rho * np.outer(s, y)
        b = left @ b @ left.T + rho * np.outer(s, s)
    np.testing.assert_allclose(state["d"].numpy(), -b @ state["prev_flat_grad"].numpy(), rtol=1e-9)


def test_lbfgs_stops():
    w = leaf(3.0)
    opt = optim.LBFGS([w], line_search_fn="strong_wolfe")
    for _ in range(3):
        opt.step(closure_of(opt, lambda: ((w - 1) ** 2).sum()))
    assert w.item() == pytest.approx(1, abs=1e-7)
    evals = opt.state[w]["func_evals"]
    opt.step(closure_of(opt, lambda: ((w - 1) ** 2).sum()))
    assert opt.state[w]["func_evals"] == evals + 1  # one look, and nothing left to do


def test_lbfgs_stops_when_nothing_changes():
    steep, even = leaf(5.0), leaf(0.5)
    for w, loss, options in [
        (
            steep,
            lambda: (1e6 * steep).sum(),
            {"lr": 1e-6},
        ),  # parameters move by 1e-6, the loss by 1
        (even, lambda: (even**2).sum() / 2, {"lr": 2.0}),  # across the valley, to the same height
    ]:
        opt = optim.LBFGS([w], tolerance_change=2e-6, **options)
        opt.step(closure_of(opt, loss))
        assert (opt.state[w]["n_iter"], opt.state[w]["func_evals"]) == (1, 2)


def test_lbfgs_counts_and_forgets():
    w = leaf(-1.2, 1.0)
    opt = optim.LBFGS([w], lr=1e-3, max_iter=7, history_size=2, max_eval=100)
    opt.step(closure_of(opt, lambda: rosenbrock(w)))
    state = opt.state[w]
    assert (state["n_iter"], state["func_evals"]) == (7, 7)
    assert len(state["old_dirs"]) == len(state["old_stps"]) == len(state["ro"]) == 2
    assert opt.param_groups[0]["max_eval"] == 100
    assert optim.LBFGS([w], max_iter=7).param_groups[0]["max_eval"] == 8


def test_lbfgs_explains_its_last_iteration():
    w = leaf(-1.2, 1.0)
    opt = optim.LBFGS([w], max_iter=5, max_eval=30, line_search_fn="strong_wolfe")
    opt.step(closure_of(opt, lambda: rosenbrock(w)))
    for i in range(2):
        table = opt.explain_step(0, i)
        assert table["p"] == pytest.approx(values(w)[i], rel=1e-12)
        assert table["d"] == opt.state[w]["d"].numpy()[i]
    assert "step 5" in str(table) and str(opt.formula()).startswith("d ← −B g\nθ ← θ + α d")


def test_row_86_lbfgs_wants_full_batches():
    """Softmax on blobs: one batch of all against batches of 32, with equally many iterations."""
    rng = np.random.default_rng(86)
    y = rng.integers(4, size=512)
    x = 1.5 * rng.normal(size=(4, 8))[y] + rng.normal(size=(512, 8))

    def loss(w, rows):
        return nn.functional.cross_entropy(t.tensor(x[rows]) @ w, t.tensor(y[rows]))

    losses = {}
    for name, batches in [("full", [np.arange(512)]), ("mini", np.split(np.arange(512), 16))]:
        w = t.zeros(8, 4, dtype=t.float64, requires_grad=True)
        opt = optim.LBFGS([w], max_iter=5, line_search_fn="strong_wolfe")
        for k in range(48):
            rows = batches[k % len(batches)]
            opt.step(closure_of(opt, lambda w=w, rows=rows: loss(w, rows)))
        losses[name] = loss(w, np.arange(512)).item()
    assert losses["mini"] > 10 * losses["full"]


# ------------------------------------------------------------------------------- line searches


def line(f, slope):
    """phi of a function of one number, and its trial at 0."""
    calls = []

    def phi(t):
        calls.append(t)
        return Trial(t, f(t), np.array([slope(t)]), slope(t))

    return phi, Trial(0.0, f(0), np.array([slope(0)]), slope(0)), calls


LINES = {
    "parabola": (lambda t: (t - 3) ** 2, lambda t: 2 * (t - 3)),
    "far": (lambda t: (t / 100 - 3) ** 2, lambda t: (t / 100 - 3) / 50),
    "near": (lambda t: (100 * t - 3) ** 2, lambda t: 200 * (100 * t - 3)),
    "quartic": (lambda t: t**4 - 2 * t, lambda t: 4 * t**3 - 2),
    "wavy": (
        lambda t: math.sin(5 * t) - 6 * t + t * t,
        lambda t: 5 * math.cos(5 * t) - 6 + 2 * t,
    ),
}


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("first", [1.0, 1e-3, 50.0])
@pytest.mark.parametrize("search", [strong_wolfe, weak_wolfe, armijo])
def test_a_search_keeps_its_conditions(name, first, search):
    phi, start, calls = line(*LINES[name])
    chosen, count = search(phi, start, first)
    assert count == len(calls) and chosen.t in calls
    assert chosen.f <= start.f + 1e-4 * chosen.t * start.slope
    if search is weak_wolfe:
        assert chosen.slope >= 0.9 * start.slope
    if search is strong_wolfe:
        assert abs(chosen.slope) <= 0.9 * abs(start.slope)


def test_searches_take_their_constants():
    phi, start, _ = line(*LINES["parabola"])
    assert abs(strong_wolfe(phi, start, 0.1, c2=1e-6)[0].slope) <= 6e-6 * (1 + 1e-9)
    assert weak_wolfe(phi, start, 0.1, c2=0.1)[0].slope >= -0.6
    # A step of 5.9 on (t - 3)^2 goes down, but by less than c1 of what the slope promises.
    assert strong_wolfe(phi, start, 5.9, c1=0.1, c2=0.99)[0].t < 5.4
    # Sufficient decrease with c1 = .9 holds up to t = .6 on this parabola.
    assert armijo(phi, start, 4.0, c1=0.9)[0].t == 0.5
    assert weak_wolfe(phi, start, 4.0, c1=0.9, c2=0.95)[0].t == 0.5


def test_a_trial_stays_inside_its_bracket():
    """The second time in a row near an end, or once on it: a tenth of the bracket away."""
    none = np.zeros(0)
    ends = [Trial(4.0, 0, none, 0), Trial(2.0, 0, none, 0)]
    assert _inside(3.0, ends, False) == (3.0, False)
    assert _inside(3.0, ends, True) == (3.0, False)
    assert _inside(2.25, ends, True) == (2.25, False)
    assert _inside(3.75, ends, True) == (3.75, False)
    for near, on, moved in [(2.1, 2.0, 2.2), (3.9, 4.0, 3.8)]:
        assert _inside(near, ends, False) == (near, True)
        assert _inside(near, ends, True) == (pytest.approx(moved), False)
        assert _inside(on, ends, False) == (pytest.approx(moved), False)


def test_a_small_bracket_ends_the_search():
    """Its width counts in the parameters: step length times the largest element of d."""
    phi, start, calls = line(lambda t: abs(t - 0.3) ** 1.1, lambda t: math.copysign(1, t - 0.3))
    counts = []
    for reach in (1.0, 1e-3, 1e3):
        calls.clear()
        chosen, count = strong_wolfe(phi, start, 1.0, reach, c2=1e-3, tolerance=1e-3, max_iter=60)
        assert abs(chosen.t - 0.3) <= 1e-3 / reach and count == len(calls)
        counts.append(count)
    assert counts[1] < counts[0] < counts[2] < 60


def test_when_a_bracket_begins():
    """Going up ends the search for a bracket from the third trial on, as in PyTorch."""
    script, calls = iter([(-1.0, -1.0), (-0.9, -1.0), (-0.85, -1.0), (-1.1, 0.0)]), []

    def phi(t):
        calls.append(t)
        f, slope = next(script)
        return Trial(t, f, np.array([slope]), slope)

    strong_wolfe(phi, Trial(0.0, 0.0, np.array([-1.0]), -1.0), 0.01)
    assert calls[0] < calls[1] < calls[2] and calls[1] < calls[3] < calls[2]


def test_searches_give_up():
    def downhill(t):
        return -t

    phi, start, calls = line(downhill, lambda t: -1.0)
    chosen, count = strong_wolfe(phi, start, 1.0, max_iter=3)
    assert count == len(calls) == 4 and chosen.t == max(calls)
    calls.clear()
    chosen, count = weak_wolfe(phi, start, 1.0, max_iter=3)
    assert count == 3 and calls == [1, 2, 4] and chosen.t == 4

    phi, start, calls = line(lambda t: t, lambda t: -1.0)  # a wrong gradient: it goes up
    for search in (strong_wolfe, weak_wolfe, armijo):
        calls.clear()
        chosen, count = search(phi, start, 1.0, max_iter=5)
        assert chosen is start and len(calls) == count <= 6


def test_searches_survive_nan():
    phi, start, _ = line(lambda t: -t if t < 1 else math.nan, lambda t: -1.0 if t < 0.5 else -0.1)
    for search in (weak_wolfe, armijo):
        chosen, _ = search(phi, start, 8.0)
        assert 0 < chosen.t < 1


def test_cubic_minimum_is_exact_for_cubics():
    def f(x):
        return x**3 - 2 * x**2 + 0.5 * x

    def slope(x):
        return 3 * x**2 - 4 * x + 0.5

    none = np.zeros(0)
    best = (4 + math.sqrt(10)) / 6
    a, b = (Trial(x, f(x), none, slope(x)) for x in (0.4, 2.0))
    assert cubic_minimum(a, b) == pytest.approx(best, rel=1e-12)
    assert cubic_minimum(b, a) == pytest.approx(best, rel=1e-12)
    assert cubic_minimum(a, b, (1.5, 1.8)) == 1.5
    assert cubic_minimum(a, b, (0.0, 0.2)) == 0.2
    a, b = Trial(0.0, 0.0, none, 3.0), Trial(1.0, 1.0, none, 3.0)  # no minimum
    assert cubic_minimum(a, b) == 0.5
    a, b = Trial(0.0, 0.0, none, 1.0), Trial(1.0, 0.8, none, 1.0)
    assert cubic_minimum(a, b) == 0.5
