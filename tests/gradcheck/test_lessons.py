"""Each lesson shows what it says: what the classical check finds, and what ours does."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples/gradient_checking"
LESSONS = sorted(FOLDER.glob("*.py"))

# CS231n's scale: up to the first a reader is happy, beyond the second the gradient is wrong.
HAPPY, WRONG = 1e-7, 1e-2


def lesson(name):
    """The names of a lesson, its main not run."""
    return runpy.run_path(str(FOLDER / f"{name}.py"), run_name=name)


def first_class(report):
    assert report.verdict == "fail"
    return report.diagnosis[0][0]


def test_there_are_twelve():
    assert len(LESSONS) == 12


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
def test_prints_what_was_learnt(path, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", [str(path)])
    runpy.run_path(str(path), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("Learnt: ") for line in lines[-2:])
    assert max(map(len, lines)) <= 100
    assert not any(re.search(r"\bnan\b|<lambda>|object at 0x", line) for line in lines)


def test_kink_at_zero():
    names = lesson("kink_at_zero")
    # COURSE: relu at -1e-6 and 1e-6 with a step of 1e-5.
    np.testing.assert_allclose(names["numeric"](), [0.45, 0.55], atol=1e-9)
    assert names["classical"]() > WRONG
    assert names["near"]().verdict == "pass"
    assert names["at"]().verdict == "kink"
    assert names["at"]().kinks == 1
    assert names["tied"](names["share"]).verdict == "kink"
    assert names["tied"](names["first"]).verdict == "kink"
    assert first_class(names["tied"](names["each"])) == "ties"


@pytest.mark.parametrize(
    ("forward", "vjp", "cause"),
    [("exp", "exp_without_g", "upstream"), ("softmax", "softmax_nothing", "detached")],
)
def test_ones_upstream(forward, vjp, cause):
    names = lesson("ones_upstream")
    pair = names[forward], names[vjp]
    assert names["classical"](*pair) < 1e-8
    assert first_class(names["ours"](*pair)) == cause


def test_one_hot_upstream():
    names = lesson("one_hot_upstream")
    assert names["classical"]() < 1e-8
    assert names["classical_torch"](False)
    assert names["classical_torch"](True)
    assert first_class(names["ours"]()) == "upstream"


def test_square_matrices():
    names = lesson("square_matrices")
    assert names["classical"](names["SQUARE"]) < HAPPY
    assert names["classical"](names["OBLONG"]) > WRONG
    report = names["ours"]()
    assert first_class(report) == "mean_n"
    assert report.inputs[0].shape in {(3, 4), (4, 3)}


def test_regularisation_mask():
    names = lesson("regularisation_mask")
    assert names["classical"](50.0)
    assert not names["classical"](0.0)
    for penalty in (50.0, 0.0):
        assert names["ours"](penalty).verdict == "fail"
    # The last example is forgotten, so the error is its share of the gradient, penalty or not.
    x, label = names["X"][-1], names["LABELS"][-1]
    share = np.zeros((3, 4))
    share[:, label] = x / 20
    right = names["d_data_loss"](1.0, 0.0, names["W"])[0] - share + 100 * names["W"]
    worst = names["ours"](50.0).inputs[0].worst
    assert worst.index[1] == label
    assert worst.ratio == pytest.approx(1 + share[worst.index] / right[worst.index], rel=1e-9)


def test_float32_trap():
    names = lesson("float32_trap")
    assert names["classical"](np.float64) < HAPPY
    assert names["classical"](np.float32) > WRONG
    # COURSE: 3e-4 at a step of 1e-2 is what single precision can do.
    assert names["classical"](np.float32, 1e-2) < 1e-3
    report = names["ours"]()
    assert report.verdict == "pass"
    assert any("float32" in note for note in report.notes)
    assert names["classical_narrow"]() < HAPPY
    assert first_class(names["ours_narrow"]()) == "dtype"


def test_fixed_step():
    names = lesson("fixed_step")
    right, step = names["ours"], names["classical_step"]
    sizes = names["SIZES"]
    assert step(sizes[0]) > WRONG
    assert step(sizes[-1]) > WRONG
    assert step(1.0) < HAPPY
    assert [right(size).verdict for size in sizes] == ["pass"] * len(sizes)
    assert not names["classical_tolerance"](1.0)
    assert names["classical_tolerance"](1e4)
    assert first_class(names["ours_wrong"]()) == "sign"


def test_mean_or_sum():
    names = lesson("mean_or_sum")
    assert names["classical"]()
    assert not names["classical"](1200.0)
    report = names["ours"]()
    assert first_class(report) == "mean_n"
    # Divided twice by the number of elements, of the inputs that the report shows.
    assert report.inputs[0].worst.ratio == pytest.approx(1 / report.inputs[0].size)


def test_fan_out_overwritten():
    names = lesson("fan_out_overwritten")
    assert all(names["classical"](op) < HAPPY for op in names["OPS"])
    report = names["ours"]()
    assert first_class(report) == "missing_term"
    wrong = {one.name for one in report.inputs if one.wrong}
    assert wrong == {"x"}
    sound = names["engine"]()
    assert (sound.verdict, sound.nodes) == ("pass", 3)


def test_stale_cache():
    names = lesson("stale_cache")
    layer = names["Tanh"]()
    assert names["classical"](layer, names["FIRST"]) < HAPPY
    assert names["classical"](layer, names["SECOND"]) > WRONG
    report = names["ours"]()
    assert first_class(report) == "stale"
    assert report.point != "given"


def test_numerical_gradient_table():
    """The numbers of the slide."""
    names = lesson("numerical_gradient_table")
    slide = [names["forward_difference"](k, 5) for k in range(9)]
    np.testing.assert_allclose(slide, [-2.5, 0.6, 0, 0.2, 0.7, -0.5, 1.1, 1.3, -2.1], atol=1e-6)
    losses = [round(names["loss"](names["W"] + 1e-4 * np.eye(9)[k]), 5) for k in range(3)]
    assert losses == [1.25322, 1.25353, 1.25347]
    # With curvature 1 a forward difference is wrong by h / 2.
    exact = np.array([names["forward_difference"](k, None) for k in range(9)])
    np.testing.assert_allclose(exact - names["ANALYTIC"], 5e-5, atol=1e-9)
    small = names["ANALYTIC"].copy()
    small[2] = 0.04
    assert names["forward_difference"](2, 5, small) == 0
    assert names["forward_difference"](2, None, small) == pytest.approx(0.04 + 5e-5)


@pytest.mark.parametrize(
    ("step", "forward", "central"),
    [(1e-2, 5e-3, 3e-5), (1e-5, 5e-6, 5e-11), (1e-8, 3e-8, 4e-8), (1e-12, 6e-4, 6e-4)],
)
def test_u_curve_has_the_errors_of_the_course(step, forward, central):
    error = lesson("u_curve")["error"]
    # Round-off depends on the machine's exp and log: the order of magnitude must be right.
    assert forward / 4 < error("forward", step) < forward * 4
    assert central / 4 < error("central", step) < central * 4


def test_u_curve_slopes_and_best_steps(tmp_path, capsys):
    names = lesson("u_curve")
    curve = names["curve"]()
    for method, order in (("forward", 1), ("central", 2), ("fourth", 4), ("sixth", 6)):
        found = curve.of(method)
        assert found.slope == pytest.approx(order, abs=0.2)
        assert found.round_off == pytest.approx(-1, abs=0.2)
        theory = np.finfo(float).eps ** (1 / (order + 1))
        assert theory / 20 < found.best_step < theory * 20
    names["main"](str(tmp_path / "curve.svg"))
    assert "<svg" in (tmp_path / "curve.svg").read_text(encoding="utf-8")
    assert "float32" in capsys.readouterr().out


# ------------------------------------------------------------------------------- with PyTorch


def as_pytorch(torch, forward, vjp):
    """A pair of NumPy functions as an op of PyTorch."""

    class Op(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *xs):
            y = torch.as_tensor(np.asarray(forward(*(x.detach().numpy() for x in xs))))
            ctx.save_for_backward(y, *xs)
            return y

        @staticmethod
        def backward(ctx, g):
            y, *xs = (t.detach().numpy() for t in ctx.saved_tensors)
            return tuple(torch.as_tensor(np.asarray(b)) for b in vjp(g.numpy(), y, *xs))

    return Op.apply


@pytest.mark.torch
def test_pytorch_falls_into_its_traps():
    """What the lessons say about PyTorch's test is true of PyTorch."""
    torch = pytest.importorskip("torch")

    def passes(func, *arrays, **options):
        xs = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in arrays]
        return torch.autograd.gradcheck(func, xs, raise_exception=False, **options)

    names = lesson("one_hot_upstream")
    op = as_pytorch(torch, names["relu"], names["guided_relu"])
    assert passes(op, names["X"])
    assert passes(op, names["X"], fast_mode=True)
    names = lesson("mean_or_sum")
    op = as_pytorch(torch, names["mean_square"], names["d_mean_square"])
    assert passes(op, names["NEAR"], names["TARGET"])
    assert not passes(lambda *xs: 1200 * op(*xs), names["NEAR"], names["TARGET"])
    names = lesson("regularisation_mask")
    op = as_pytorch(torch, names["data_loss"], names["d_data_loss"])
    assert passes(lambda w: op(w) + 50 * (w * w).sum(), names["W"])
    assert not passes(op, names["W"])
    names = lesson("fixed_step")
    op = as_pytorch(torch, names["inverse"], names["d_inverse_wrong"])
    assert passes(op, names["at"](1e4))
    assert not passes(op, names["at"](1.0))
