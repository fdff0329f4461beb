"""SGD, ASGD, Rprop, SignSGD and the random searches: what they promise, by hand."""

import numpy as np
import pytest

import tinygrad_edu as t
from tinygrad_edu import Generator, optim
from tinygrad_edu.optim.sign_sgd import total_norm


def leaf(*values, dtype=np.float64):
    return t.tensor(np.array(values, dtype), requires_grad=True)


def values(p):
    return p.detach().numpy().copy()


def feed(opt, w, *gradients):
    """The parameter after a step with each gradient."""
    path = []
    for g in gradients:
        w.grad = t.tensor(np.broadcast_to(np.asarray(g, w.dtype), w.shape).copy())
        opt.step()
        path.append(values(w))
    return np.array(path)


def by_hand(lines, value, gradients):
    """A rule of two lines, with plain numbers."""
    state, path = {"p": value, "v": 0.0}, []
    for t_, g in enumerate(gradients, 1):
        state.update(g=g, t=t_)
        lines(state)
        path.append(state["p"])
    return path


GRADIENTS = [1.0, -0.3, 1e-3, 0.0, 1e-8, -2.0, 0.7]


# ------------------------------------------------------------------------------- SGD


def options_by_hand():
    def plain(s):
        s["p"] -= 0.1 * s["g"]

    def maximize(s):
        s["p"] += 0.1 * s["g"]

    def decayed(s):
        s["p"] -= 0.1 * (s["g"] + 0.2 * s["p"])

    def summed(s):
        s["v"] = 0.9 * s["v"] + s["g"]
        s["p"] -= 0.1 * s["v"]

    def dampened(s):
        s["v"] = s["g"] if s["t"] == 1 else 0.9 * s["v"] + 0.7 * s["g"]
        s["p"] -= 0.1 * s["v"]

    def average(s):
        s["v"] = 0.9 * s["v"] + (1 - 0.9) * s["g"]
        s["p"] -= 0.1 * s["v"]

    def inside(s):
        s["v"] = 0.9 * s["v"] + 0.1 * s["g"]
        s["p"] -= s["v"]

    def nesterov(s):
        s["v"] = 0.9 * s["v"] + s["g"]
        s["p"] -= 0.1 * (s["g"] + 0.9 * s["v"])

    def nesterov_average(s):
        s["v"] = 0.9 * s["v"] + (1 - 0.9) * s["g"]
        s["p"] -= 0.1 * ((1 - 0.9) * s["g"] + 0.9 * s["v"])

    def nesterov_inside(s):
        s["v"] = 0.9 * s["v"] + 0.1 * s["g"]
        s["p"] -= 0.1 * s["g"] + 0.9 * s["v"]

    def tilde(s):
        new = 0.9 * s["v"] - 0.1 * s["g"]
        s["p"] += -0.9 * s["v"] + (1 + 0.9) * new
        s["v"] = new

    def dampened_average(s):
        share = (1 - 0.9) * s["g"]
        s["v"] = share if s["t"] == 1 else 0.9 * s["v"] + 0.7 * share
        s["p"] -= 0.1 * s["v"]

    def coupled(s):
        s["p"] *= 1 - 0.1 * 0.2
        s["v"] = 0.9 * s["v"] + s["g"]
        s["p"] -= 0.1 * s["v"]

    def alone(s):
        s["p"] *= 1 - 0.2
        s["p"] -= 0.1 * s["g"]

    momentum = {"momentum": 0.9}
    return [
        ({}, plain),
        ({"maximize": True}, maximize),
        ({"weight_decay": 0.2}, decayed),
        (momentum, summed),
        ({**momentum, "dampening": 0.3}, dampened),
        ({**momentum, "form": "ema"}, average),
        ({**momentum, "form": "lr_inside"}, inside),
        ({**momentum, "nesterov": True}, nesterov),
        ({**momentum, "nesterov": "torch"}, nesterov),
        ({**momentum, "nesterov": True, "form": "ema"}, nesterov_average),
        ({**momentum, "nesterov": True, "form": "lr_inside"}, nesterov_inside),
        ({**momentum, "nesterov": "tilde"}, tilde),
        ({**momentum, "dampening": 0.3, "form": "ema"}, dampened_average),
        ({**momentum, "weight_decay": 0.2, "decay": "lr_coupled"}, coupled),
        ({"weight_decay": 0.2, "decay": "schedule_only"}, alone),
    ]


@pytest.mark.parametrize(
    ("options", "lines"), options_by_hand(), ids=lambda v: getattr(v, "__name__", str(v))
)
def test_sgd_by_hand(options, lines):
    w = leaf(1.5)
    opt = optim.SGD([w], lr=0.1, **options)
    path = []
    for g in GRADIENTS:
        path += list(feed(opt, w, g)[:, 0])
        table = opt.explain_step()
        assert table["p"] == pytest.approx(w.item(), rel=1e-12)
        if "momentum_buffer" in opt.state[w]:
            assert table["v"] == pytest.approx(opt.state[w]["momentum_buffer"].item(), abs=1e-15)
    np.testing.assert_allclose(path, by_hand(lines, 1.5, GRADIENTS), rtol=1e-12)


@pytest.mark.parametrize("weight_decay", [0, 0.2])
@pytest.mark.parametrize("decay", ["l2", "lr_coupled"])
@pytest.mark.parametrize("maximize", [False, True])
def test_lookahead_explains_itself(weight_decay, decay, maximize):
    w = leaf(1.5, -0.5)
    opt = optim.SGD(
        [w],
        lr=0.1,
        momentum=0.9,
        nesterov="lookahead",
        weight_decay=weight_decay,
        decay=decay,
        maximize=maximize,
    )
    x, v = values(w), np.zeros(2)

    def closure():
        opt.zero_grad()
        loss = (w**4).sum() / 4
        loss.backward()
        np.testing.assert_allclose(values(w), x + 0.9 * v, rtol=1e-12)
        return loss

    for _ in range(5):
        opt.step(closure)
        g = (x + 0.9 * v) ** 3 * (-1 if maximize else 1)
        if decay == "l2":
            g = g + weight_decay * (x + 0.9 * v)
        else:
            x = x * (1 - 0.1 * weight_decay)
        v = 0.9 * v - 0.1 * g
        x = x + v
        np.testing.assert_allclose(values(w), x, rtol=1e-12)
        for i in range(2):
            assert opt.explain_step(0, i)["p"] == pytest.approx(x[i], rel=1e-12)


def test_lookahead_puts_parameters_back_when_the_closure_fails():
    w = leaf(1.0)
    opt = optim.SGD([w], lr=0.1, momentum=0.9, nesterov="lookahead")
    feed_closure = iter([1, 0])

    def closure():
        1 / next(feed_closure)
        opt.zero_grad()
        (w * w).sum().backward()

    opt.step(closure)
    before = values(w)
    with pytest.raises(ZeroDivisionError):
        opt.step(closure)
    np.testing.assert_array_equal(values(w), before)


def test_switches_of_pytorch_are_taken():
    w = leaf(1.0)
    optim.SGD([w], foreach=True, fused=True)
    optim.ASGD([w], foreach=False, capturable=True)
    optim.Rprop([w], foreach=True, capturable=False)
    for rule in (optim.SGD, optim.ASGD, optim.Rprop):
        with pytest.raises(ValueError, match="differentiable: True"):
            rule([w], differentiable=True)


# ------------------------------------------------------------------------------- ASGD


def test_asgd_by_hand():
    w = leaf(1.5)
    opt = optim.ASGD([w], lr=0.1, lambd=0.5, alpha=0.75, t0=3, weight_decay=0.2)
    x, ax, eta, mu = 1.5, 0.0, 0.1, 1.0
    for k, g in enumerate(GRADIENTS, 1):
        feed(opt, w, g)
        g = g + 0.2 * x
        x = x * (1 - 0.5 * eta) - eta * g
        ax = ax + mu * (x - ax)
        eta = 0.1 / (1 + 0.5 * 0.1 * k) ** 0.75
        mu = 1 / max(1, k - 3)
        state = opt.state[w]
        assert w.item() == pytest.approx(x, rel=1e-12)
        assert state["ax"].item() == pytest.approx(ax, rel=1e-12)
        assert (state["eta"], state["mu"]) == pytest.approx((eta, mu), rel=1e-12)
        table = opt.explain_step()
        assert [table[n] for n in ("p", "ax", "eta", "mu")] == pytest.approx([x, ax, eta, mu])


def test_asgd_averages_the_noise_away():
    rng = np.random.default_rng(6)
    w = leaf(*np.zeros(200))
    opt = optim.ASGD([w], lr=0.1, lambd=0, t0=100)
    for _ in range(1000):
        w.grad = t.tensor(values(w) - 1 + rng.normal(size=200))
        opt.step()
    last, average = values(w) - 1, opt.state[w]["ax"].numpy() - 1
    assert average.std() < last.std() / 4


def test_asgd_climbs():
    w = leaf(1.0)
    assert feed(optim.ASGD([w], lr=0.1, lambd=0, maximize=True), w, 2.0)[0] == pytest.approx(1.2)


# ------------------------------------------------------------------------------- Rprop


def test_rprop_by_hand():
    w = leaf(1.0)
    opt = optim.Rprop([w], lr=0.1, etas=(0.5, 1.2), step_sizes=(0.03, 0.13))
    path = feed(opt, w, 1.0, 5.0, 1e-8, -1.0, -1.0, -1.0, 1.0, 0.0, 1.0, 1.0)[:, 0]
    moves = np.diff(np.append(1.0, path))
    wanted = [
        -0.1,  # the first step is lr
        -0.12,  # grows
        -0.13,  # to the largest
        0.0,  # turned: waits, and the step is halved
        0.065,  # nothing to compare with
        0.078,  # grows
        0.0,  # turned
        0.0,  # no gradient, no move
        -0.039,
        -0.0468,
    ]
    np.testing.assert_allclose(moves, wanted, atol=1e-12)


def test_rprop_has_a_smallest_step():
    w = leaf(1.0)
    opt = optim.Rprop([w], lr=0.1, step_sizes=(0.03, 50))
    feed(opt, w, *[1.0, -1.0] * 10)
    assert opt.state[w]["step_size"].item() == 0.03
    opt = optim.Rprop([w], lr=0.001, step_sizes=(0.03, 50))
    assert feed(opt, w, 1.0)[0] == pytest.approx(w.item())
    assert opt.state[w]["step_size"].item() == 0.03


def test_rprop_climbs():
    w = leaf(1.0)
    path = feed(optim.Rprop([w], lr=0.1, maximize=True), w, 2.0, 2.0)
    np.testing.assert_allclose(path[:, 0], (1.1, 1.22))


@pytest.mark.parametrize("options", [{}, {"maximize": True}, {"step_sizes": (0.02, 0.11)}], ids=str)
def test_rprop_explains_itself(options):
    rng = np.random.default_rng(7)
    w = leaf(*np.zeros(5))
    opt = optim.Rprop([w], lr=0.1, **options)
    for _ in range(12):
        feed(opt, w, rng.integers(-1, 2, size=5) * 10.0 ** -rng.integers(0, 9, size=5))
        for i in range(5):
            table = opt.explain_step(0, i)
            assert table["p"] == pytest.approx(values(w)[i], abs=1e-15)
            assert table["delta"] == pytest.approx(opt.state[w]["step_size"].numpy()[i])
            assert table["q"] == opt.state[w]["prev"].numpy()[i]


# ------------------------------------------------------------------------------- SignSGD


def test_sign_by_hand():
    w = leaf(1.0, 1.0, 1.0)
    opt = optim.SignSGD([w], lr=0.1)
    np.testing.assert_allclose(feed(opt, w, [3.0, -1e-8, 0.0])[0], (0.9, 1.1, 1.0))
    opt = optim.SignSGD([w], lr=0.1, maximize=True)
    np.testing.assert_allclose(feed(opt, w, [3.0, -1e-8, 0.0])[0], (1.0, 1.0, 1.0))
    assert str(optim.SignSGD([w]).formula()) == "θ ← θ − η sign(g)"


def test_the_norm_is_that_of_the_whole_group():
    a, b, c = leaf(0.0), leaf(0.0, 0.0), leaf(0.0)
    opt = optim.SignSGD([{"params": [a, b]}, {"params": [c], "lr": 0.5}], lr=1, normalize="l2")
    a.grad, b.grad, c.grad = (t.tensor(np.array(g)) for g in ([3.0], [0.0, 4.0], [1e-8]))
    opt.step()
    np.testing.assert_allclose(values(a), [-0.6])
    np.testing.assert_allclose(values(b), [0, -0.8])
    np.testing.assert_allclose(values(c), [-0.5])
    assert opt.explain_step(b, 1)["p"] == pytest.approx(-0.8)
    assert opt.explain_step(b, 1)["norm"] == 5


@pytest.mark.parametrize("size", [1e-30, 1e-8, 1.0, 1e30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_length_of_a_step_is_lr(size, dtype):
    g = np.random.default_rng(8).normal(size=6) * size
    w = leaf(*np.zeros(6), dtype=dtype)
    path = feed(optim.SignSGD([w], lr=0.25, normalize="l2"), w, g)
    assert np.linalg.norm(path[0]) == pytest.approx(0.25, rel=1e-6)
    assert path.dtype == dtype


def test_total_norm():
    assert total_norm([]) == 0 and total_norm([np.zeros(3), np.zeros(0)]) == 0
    assert total_norm([np.array([3.0]), np.array([[4.0]])]) == 5
    assert total_norm([np.full(4, 1e200)]) == pytest.approx(2e200)
    assert total_norm([np.full(4, 1e-200)]) == pytest.approx(2e-200)
    assert total_norm([np.array([1.0, -np.inf])]) == np.inf
    assert np.isnan(total_norm([np.array([1.0, np.nan])]))


# ------------------------------------------------------------------------------- random search


def bowl(w):
    return (w * w).sum()


def test_random_search_keeps_the_best_guess():
    w = leaf(100.0, 100.0)
    generator = np.random.default_rng(9)
    guesses = 0.5 * np.random.default_rng(9).standard_normal((50, 2))
    opt = optim.RandomSearch([w], scale=0.5, generator=generator)
    losses = [opt.step(lambda: bowl(w)) for _ in range(50)]
    sizes = (guesses**2).sum(1)
    np.testing.assert_allclose(losses, np.minimum.accumulate(sizes))
    np.testing.assert_allclose(values(w), guesses[sizes.argmin()])
    state = opt.state[w]
    assert state["step"] == 50
    assert state["accepted"] == 1 + (np.diff(np.minimum.accumulate(sizes)) < 0).sum()


def test_random_local_search_moves_only_downhill():
    w = leaf(3.0, 4.0)
    noise = np.random.default_rng(10).standard_normal((30, 2))
    opt = optim.RandomLocalSearch([w], step=0.3, generator=np.random.default_rng(10))
    x, best = np.array([3.0, 4.0]), 25.0
    for n in noise:
        there = x + 0.3 * n
        better = there @ there < best
        x, best = (there, there @ there) if better else (x, best)
        assert opt.step(lambda: bowl(w)) == pytest.approx(best)
        np.testing.assert_allclose(values(w), x)
    assert 0 < opt.state[w]["accepted"] < 30


@pytest.mark.parametrize("rule", [optim.RandomSearch, optim.RandomLocalSearch])
def test_searches_explain_themselves(rule):
    w = leaf(1.0, -2.0)
    opt = rule([w], 0.5, generator=Generator(3))
    for _ in range(20):
        before = values(w)
        best = opt.step(lambda: bowl(w))
        for i in range(2):
            table = opt.explain_step(0, i)
            assert table["p"] == values(w)[i]
            assert table["w"] == pytest.approx(
                (before[i] if rule is optim.RandomLocalSearch else 0) + 0.5 * table["n"]
            )
        assert best == pytest.approx(min(table["L"], table["L_new"]))


def test_searches_take_the_default_generator():
    ends = []
    for _ in range(2):
        t.manual_seed(11)
        w = leaf(0.0, 0.0)
        optim.RandomSearch([w], 1.0).step(lambda w=w: bowl(w))
        ends.append(values(w))
    np.testing.assert_array_equal(*ends)
    assert ends[0].all()


def test_searches_leave_frozen_parameters_and_dtypes():
    a, b = leaf(1.0, dtype=np.float32), leaf(2.0)
    b.requires_grad_(False)
    memory = a._array
    opt = optim.RandomLocalSearch([a, b], 0.5, Generator(1))
    for _ in range(20):
        opt.step(lambda: bowl(a) + bowl(b))
    assert b.item() == 2 and a.dtype == np.float32 and a._array is memory and a.item() != 1


def test_a_search_whose_closure_fails_goes_back():
    w = leaf(1.0)
    opt = optim.RandomSearch([w], 1.0, Generator(1))
    opt.step(lambda: bowl(w))
    before = values(w)
    with pytest.raises(ZeroDivisionError):
        opt.step(lambda: 1 / 0)
    np.testing.assert_array_equal(values(w), before)


def test_nan_is_never_better():
    w = leaf(1.0)
    opt = optim.RandomLocalSearch([w], 1.0, Generator(1))
    assert opt.step(lambda: bowl(w) * (1 if w.item() == 1.0 else np.nan)) == 1.0
    assert w.item() == 1.0


def test_a_search_continues():
    def run(stop):
        w, generator = leaf(5.0), np.random.default_rng(12)
        opt = optim.RandomLocalSearch([w], 0.5, generator)
        for k in range(20):
            if k == stop:
                saved, w = opt.state_dict(), leaf(*values(w))
                opt = optim.RandomLocalSearch([w], 0.1, generator)
                opt.load_state_dict(saved)
            opt.step(lambda w=w: bowl(w))
        return values(w), opt.state[w]["accepted"]

    assert run(None) == run(7)
