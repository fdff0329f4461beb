"""The benchmarks compute what they time, and say what they found. Times are not tested."""

import json
import sys

import numpy as np
import pytest

from . import __main__ as program
from . import budget, by_hand, memory, report, steps, table
from .contestants import BY_HAND, FOREIGN, HIPS, MYGRAD, OURS, PACKAGE, Contestant, ours
from .problems import BY_NAME, PROBLEMS, RULES, Problem
from .process import Worker, answer
from .settings import Settings
from .steps import disagreement, step_of
from .table import Section
from .timing import Failed, Spread, Times, agreed_steps, in_turn

SMALL = Problem((5, 4, 3), 6)


def test_gradients_by_hand_equal_central_differences():
    values = [value.astype(np.float64) for value in SMALL.weights()]
    x, y = SMALL.data()
    rows = np.arange(SMALL.batch)

    def loss():
        return by_hand.loss_and_gradients(x.astype(np.float64), y, rows, values)[0]

    gradients = by_hand.loss_and_gradients(x.astype(np.float64), y, rows, values)[1]
    h = 1e-6
    for value, gradient in zip(values, gradients, strict=True):
        numeric = np.empty_like(value)
        for i in np.ndindex(value.shape):
            kept = value[i]
            value[i] = kept + h
            above = loss()
            value[i] = kept - h
            numeric[i] = (above - loss()) / (2 * h)
            value[i] = kept
        np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("problem", [SMALL, *PROBLEMS[:3]], ids=lambda p: p.name)
def test_five_steps_of_ours_equal_those_by_hand(problem, rule):
    step, parameters = ours.prepare(problem, rule)
    before = [steps.plain(p).copy() for p in parameters]
    assert disagreement(problem, rule, step, parameters) == ""
    changed = [(a != steps.plain(p)).any() for a, p in zip(before, parameters, strict=True)]
    assert all(changed)


@pytest.mark.torch
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("variant", ["eager", "fused"])
def test_five_steps_of_pytorch_equal_those_by_hand(rule, variant):
    from .contestants import pytorch

    assert disagreement(SMALL, rule, *pytorch.prepare(SMALL, rule, variant)) == ""


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("who", [MYGRAD, HIPS], ids=lambda who: who.library)
def test_five_steps_of_other_libraries_equal_those_by_hand(rule, who):
    pytest.importorskip(who.library)
    assert disagreement(SMALL, rule, *who.prepare(SMALL, rule)) == ""


@pytest.mark.parametrize("rule", RULES)
def test_a_wrong_update_is_seen(rule, monkeypatch):
    problem = PROBLEMS[1]
    for name, wrong in (("LR", dict.fromkeys(RULES, 1.1e-3)), ("BETAS", (0.9, 0.99))):
        monkeypatch.setattr(ours, name, wrong)
    monkeypatch.setattr(ours, "MOMENTUM", 0.8)
    assert disagreement(problem, rule, *ours.prepare(problem, rule))
    with pytest.raises(Failed, match="differs: "):
        step_of(list(OURS), problem.name, rule)


def test_a_nan_is_a_difference():
    parameters = [np.full_like(value, np.nan) for value in SMALL.weights()]
    reference = by_hand.prepare(SMALL, "sgd")[0]
    assert "parameters" in disagreement(SMALL, "sgd", reference, parameters)
    assert "loss nan" in disagreement(SMALL, "sgd", lambda: np.nan, parameters)


def test_statistics_of_known_samples():
    a, b = Times((2.0, 4.0, 6.0, 8.0, 10.0)), Times((1.0, 1.0, 2.0, 2.0, 10.0))
    assert a.spread == (6.0, 4.0, 8.0)
    assert (a.median, a.best) == (6.0, 2.0)
    assert a.ratio(b) == Spread(3.0, 2.0, 4.0)
    assert a.minus(b) == Spread(3.0, 1.0, 4.0)
    assert Spread.of([7.0]) == (7.0, 7.0, 7.0)


def test_all_take_turns_with_the_same_number_of_steps():
    calls = []

    def runner(name, microseconds):
        def run(steps):
            calls.append((name, steps))
            return microseconds

        return run

    times = in_turn({"a": runner("a", 10.0), "b": runner("b", 30.0)}, 4, 0.001)
    assert times == {"a": Times((10.0,) * 4), "b": Times((30.0,) * 4)}
    last = calls[-8:]
    assert "".join(name for name, _ in last) == "abbaabba"
    assert {count for _, count in last} == {25}


def test_one_that_fails_drops_out():
    def broken(steps):
        raise Failed("failed: no reason")

    outcomes = in_turn({"a": lambda steps: 1.0, "b": broken}, 2, 0.001)
    assert outcomes == {"a": Times((1.0, 1.0)), "b": "failed: no reason"}


def test_slow_steps_are_taken_once():
    assert agreed_steps(lambda steps: 5e6, 0.1) == 1
    assert agreed_steps(lambda steps: 1e3, 0.1) == 100


def example() -> Section:
    return Section("x", "Title", ["model", "time"], [["64-10", "1,234"], ["a|b", "5.0"]], ["note"])


def test_table_as_text():
    assert table.text(example()).splitlines() == [
        "Title",
        "",
        "model   time",
        "-----  -----",
        "64-10  1,234",
        "a|b      5.0",
        "  note",
    ]


def test_table_as_markdown():
    assert table.markdown(example()).splitlines() == [
        "## Title",
        "",
        "| model |  time |",
        "| ----- | ----: |",
        "| 64-10 | 1,234 |",
        r"| a\|b  |   5.0 |",
        "",
        "- note",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.123, "0.12"), (9.994, "9.99"), (9.996, "10.0"), (99.94, "99.9"), (1234.5, "1,234")],
)
def test_numbers_have_three_digits(value, text):
    assert table.number(value) == text


def row_with(outcome: Times | str) -> list[str]:
    times = {"by hand": Times((10.0, 10.0)), "ours": Times((10.0, 14.0)), "other": outcome}
    return steps.row("sgd", PROBLEMS[0], times)


def test_row_of_steps():
    assert row_with(Times((20.0, 42.0))) == [
        *("sgd", "64-10", "64", "10.0", "12.0", "1.20x (1.10-1.30)", "31.0 2.50x")
    ]


def test_row_of_an_absent_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "mygrad", None)
    monkeypatch.delitem(sys.modules, f"{PACKAGE}.contestants.mygrad_", raising=False)
    arguments = {"contestant": list(MYGRAD), "problem": "64-10", "rule": "sgd"}
    failed = answer("steps.step_of", arguments, "mygrad")
    assert failed == {"failed": "not installed"}
    assert row_with(failed["failed"])[-1] == "not installed"


def test_budget_is_met_or_not():
    promise = budget.Line("w", "<= 2x", "s", budget.steps("other", "64-10", "64-32-10"), 2.0)
    keys = [(rule, model, "other") for rule in RULES for model in ("64-10", "64-32-10")]
    values = dict(zip(keys, (1.0, 1.5, 2.0, 0.5), strict=True))
    assert budget.verdict(promise, values) == ["w", "<= 2x", "2.00x (adam 64-10)", "met"]
    values[keys[0]] = 2.5
    assert budget.verdict(promise, values)[2:] == ["2.50x (sgd 64-10)", "NOT met"]
    del values[keys[1]]
    assert budget.verdict(promise, values)[3] == "NOT met, 3 of 4 measured"
    assert budget.verdict(promise, {})[2:] == ["-", "not measured"]


def test_budget_that_is_a_least():
    points = budget.steps("PyTorch", "64-10", faster=True)
    line = budget.Line("w", ">= 3x", "steps", points, 3, least=True)
    values = {("sgd", "64-10", "PyTorch"): 0.25, ("adam", "64-10", "PyTorch"): 0.5}
    assert budget.verdict(line, values)[2:] == ["2.00x (adam 64-10)", "NOT met"]
    values["adam", "64-10", "PyTorch"] = 0.3
    assert budget.verdict(line, values)[2:] == ["3.33x (adam 64-10)", "met"]


def test_every_line_of_the_budget_finds_its_measurements():
    everybody = [c.label for c in (BY_HAND, *FOREIGN)]
    ratios = {(r, p.name, c): 0.1 for r in RULES for p in PROBLEMS for c in everybody}
    lengths = {(kind, str(n)): 0.1 for kind in ("ours", "ratio") for n in budget.LENGTHS}
    values = {
        "steps": ratios,
        "memory": {(*key[:2], kind): 0.1 for key in ratios for kind in memory.KINDS},
        "chain": lengths,
        "imports": {("tinygrad_edu", "median"): 20.0},
    }
    sections = {name: Section(name, "", [], values=found) for name, found in values.items()}
    section = Section("budget", "", [])
    budget.judge(section, sections)
    assert {row[-1] for row in section.rows} == {"met"}
    empty = Section("budget", "", [])
    budget.judge(empty, {})
    assert {row[-1] for row in empty.rows} == {"not measured"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "steps,nonsense"], "'nonsense' is not one of steps, overhead"),
        (["--problems", "64-11"], "'64-11' is not one of 64-10"),
        (["--rules", ""], "'' is not one of sgd, adam"),
        (["--against", "none,torch"], "'none' is not one of torch, jax, mygrad, autograd, none"),
        (["--threads", "0"], "'0' is not a number from 1 to "),
        (["--threads", "many"], "'many' is not a number from 1 to "),
        (["--write", "no/such/folder/page.md"], "is not a file in an existing folder"),
        (["--fast"], "unrecognized arguments: --fast"),
    ],
)
def test_bad_arguments_are_answered_in_one_line(arguments, said, capsys):
    with pytest.raises(SystemExit) as ended:
        program.main(arguments)
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("python -m tests.benchmarks: ") and said in line


def test_good_arguments():
    options = program.parse(["--only", "memory,steps", "--against", "none", "--rules", "adam"])
    assert (options.only, options.against, options.rules) == (["steps", "memory"], [], ["adam"])


def test_memory_is_what_stands_and_what_a_step_allocates(monkeypatch):
    def prepare(problem, rule):
        kept = [np.ones(300_000, np.uint8)]

        def step():
            kept.pop()  # its release takes nothing off what the step allocates
            kept.append(np.ones(300_000, np.uint8))
            np.ones(1_000_000, np.uint8)

        return step, kept

    monkeypatch.setattr(ours, "prepare", prepare)
    whole, alone = memory.peaks(list(OURS), "64-10", "sgd")
    assert whole == pytest.approx(1_300_000, rel=0.02)
    assert alone == pytest.approx(1_300_000, rel=0.02)


def test_memory_of_a_step_leaves_out_what_stands(monkeypatch):
    def prepare(problem, rule):
        kept = [np.ones(300_000, np.uint8)]
        return lambda: np.ones(1_000_000, np.uint8), kept

    monkeypatch.setattr(ours, "prepare", prepare)
    whole, alone = memory.peaks(list(OURS), "64-10", "sgd")
    assert whole == pytest.approx(1_300_000, rel=0.02)
    assert alone == pytest.approx(1_000_000, rel=0.02)


def test_interrupted_run_shows_what_it_has(monkeypatch, capsys):
    def measure(settings):
        section = settings.open("steps", "Title", ["a"])
        section.rows.append(["1.0"])
        raise KeyboardInterrupt

    monkeypatch.setattr(steps, "measure", measure)
    assert not program.run(["steps"], Settings())
    assert "  Interrupted: the rest is missing.\n" in capsys.readouterr().out


def test_page_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "page.md"
    page = report.page([example()], report.machine(1), "the command")
    report.write(path, page)
    assert path.read_text(encoding="utf-8").startswith("# Benchmarks\n\n`the command`\n")
    with pytest.raises(TypeError):
        report.write(path, None)
    assert [file.name for file in tmp_path.iterdir()] == ["page.md"]
    assert path.read_text(encoding="utf-8") == page


def test_worker_answers_and_dies_alone():
    worker = Worker("numpy", 1)
    try:
        arguments = {"contestant": list(BY_HAND), "problem": PROBLEMS[0].name, "rule": "sgd"}
        worker.ask("hold", key="k", make="steps.step_of", arguments=arguments)
        assert worker.ask("block", key="k", steps=2) > 0
        with pytest.raises(Failed, match="failed: KeyError"):
            worker.ask("block", key="other", steps=1)
        worker._process.kill()
        with pytest.raises(Failed, match="failed: killed by SIGKILL"):
            worker.ask("block", key="k", steps=1)
    finally:
        worker.close()


def test_contestants_travel_as_json():
    for who in (BY_HAND, OURS, *FOREIGN):
        assert Contestant(*json.loads(json.dumps(who))) == who
    assert set(BY_NAME) == {problem.name for problem in PROBLEMS}
