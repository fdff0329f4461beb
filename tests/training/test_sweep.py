"""Sweeps: what is drawn, what is kept, and what a dead worker, Ctrl-C or a half line can do."""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.training.sweep import (
    Run,
    Runs,
    RunsError,
    SpaceError,
    SweepInterrupted,
    choices,
    integers,
    log_integers,
    log_uniform,
    picture,
    read_runs,
    sweep,
    uniform,
)
from tinygrad_edu.training.sweep.workers import Workers

SPACE = {"x": uniform(-1, 1), "kind": ["a", "b"]}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.jsonl"


# Objectives at the top level, so that a spawned process can import them.


def square(params, seed):
    return params["x"] ** 2


def echo(params, seed):
    return {"score": params["x"], "seed": seed, "pid": os.getpid()}


def die_at_seven(params, seed):
    """Run 7 kills its process, always; 23 only once, which its mark on the disk says."""
    mark = Path(params["folder"]) / "killed_once"
    if params["number"] == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    if params["number"] == 23 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return params["number"]


def forty(tmp_path):
    return {"number": integers(0, 39, points=40), "folder": str(tmp_path)}


# -------------------------------------------------------------------------------- space


def test_log_uniform_is_even_in_each_decade():
    rng = np.random.default_rng(0)
    drawn = np.array([log_uniform(1e-4, 1).draw(rng) for _ in range(4000)])
    counts, _ = np.histogram(np.log10(drawn), bins=[-4, -3, -2, -1, 0])
    assert counts.sum() == 4000
    # 1000 each, with a standard deviation of sqrt(4000 * 1/4 * 3/4) = 27.4.
    assert np.abs(counts - 1000).max() < 5 * 27.4


@pytest.mark.parametrize("make", [integers, log_integers])
def test_whole_numbers_stay_whole_and_reach_both_ends(make):
    rng = np.random.default_rng(0)
    drawn = [make(1, 4).draw(rng) for _ in range(400)]
    assert set(drawn) == {1, 2, 3, 4} and all(type(x) is int for x in drawn)
    if make is integers:  # 100 each, with a standard deviation of 8.7
        assert all(abs(drawn.count(x) - 100) < 44 for x in (1, 2, 3, 4))


def test_uniform_has_the_mean_and_spread_of_its_range():
    rng = np.random.default_rng(0)
    drawn = np.array([uniform(2, 8).draw(rng) for _ in range(3000)])
    assert drawn.min() >= 2 and drawn.max() <= 8
    assert abs(drawn.mean() - 5) < 5 * math.sqrt(3 / 3000)  # variance 6**2 / 12 = 3


def test_grid_is_every_combination(path):
    space = {"lr": log_uniform(0.01, 1, points=3), "units": [8, (16, 4)], "seed": 5}
    runs = sweep(lambda params, seed: 1.0, space, method="grid", path=path)
    assert [tuple(run.params.values()) for run in runs] == [
        (pytest.approx(lr), units, 5) for lr in (0.01, 0.1, 1) for units in (8, (16, 4))
    ]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: uniform(1, 0), "low < high"),
        (lambda: uniform("a", 1), "finite numbers"),
        (lambda: uniform(0, math.inf), "finite numbers"),
        (lambda: log_uniform(0, 1), "above 0"),
        (lambda: integers(0.5, 3), "whole numbers"),
        (lambda: uniform(0, 1, points=1), "at least 2"),
        (lambda: choices(), "at least one value"),
        (lambda: choices(object()), "can't be written down"),
    ],
)
def test_bad_dimensions_are_refused(make, words):
    with pytest.raises(SpaceError, match=words):
        make()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n": 0}, "n=0"),
        ({"n": None}, "n=None: how many runs"),
        ({"method": "grid", "n": 4}, "leave n out"),
        ({"method": "bayes"}, "'random' or 'grid'"),
        ({"goal": "most"}, "'max' or 'min'"),
        ({"seed": -1}, "seed=-1"),
        ({"executor": 0}, "executor: 0"),
        ({"executor": "two"}, "executor: 'two'"),
        ({"space": {}}, "space: {}"),
        ({"space": {1: [2]}}, "the name 1"),
        ({"objective": 3}, "objective: 3"),
        ({"objective": lambda params, seed: 0.0, "executor": 2}, "another process"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_written(path, change, words):
    arguments = {"objective": square, "space": SPACE, "n": 3, **change}
    with pytest.raises(SpaceError, match=words):
        sweep(arguments.pop("objective"), arguments.pop("space"), path=path, **arguments)
    assert not path.exists()


# --------------------------------------------------------------------------------- runs


def test_the_goal_says_which_run_is_best(path, tmp_path):
    largest = sweep(square, SPACE, n=9, path=path)
    smallest = sweep(square, SPACE, n=9, path=tmp_path / "b.jsonl", goal="min")
    scores = [run.score for run in largest]
    assert scores == [run.params["x"] ** 2 for run in smallest]
    assert largest.best.score == max(scores) and smallest.best.score == min(scores)
    assert [run.score for run in smallest.done] == sorted(scores)


def test_each_run_has_its_own_seed_whatever_the_number_of_runs(path, tmp_path):
    few = sweep(echo, SPACE, n=5, path=path, seed=3)
    many = sweep(echo, SPACE, n=12, path=tmp_path / "b.jsonl", seed=3)
    other = sweep(echo, SPACE, n=12, path=tmp_path / "c.jsonl", seed=4)
    assert [(r.seed, r.params) for r in few] == [(r.seed, r.params) for r in many[:5]]
    assert len({run.seed for run in [*many, *other]}) == 24
    assert all(run.measures["seed"] == run.seed for run in many)
    assert len({run.params["x"] for run in [*many, *other]}) == 24


def test_the_seed_governs_the_default_generator_which_is_left_alone(path, tmp_path):
    def draws(params, seed):
        return {"score": 0.0, "number": float(tg.rand(1))}

    tg.manual_seed(5)
    first = sweep(draws, {"a": 1}, n=3, path=path)
    after = float(tg.rand(1))
    tg.manual_seed(5)
    assert float(tg.rand(1)) == after
    again = sweep(draws, {"a": 1}, n=3, path=tmp_path / "b.jsonl")
    numbers = [run.measures["number"] for run in first]
    assert numbers == [run.measures["number"] for run in again] and len(set(numbers)) == 3


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (math.nan, "ArithmeticError: the score is nan"),
        (-math.inf, "ArithmeticError: the score is -inf"),
        ("good", "TypeError: the objective returned str"),
        ({"accuracy": 1}, "TypeError: the objective returned a dict without 'score'"),
        (None, "TypeError: the objective returned NoneType"),
    ],
)
def test_a_result_that_is_no_score_is_a_failed_run(path, result, reason):
    run = sweep(lambda params, seed: result, {"a": [1]}, n=1, path=path)[0]
    assert run.status == "failed" and run.score is None and run.reason.startswith(reason)
    with pytest.raises(RunsError, match="none of 1 runs is done: run 0 failed"):
        _ = read_runs(path).best


@pytest.mark.parametrize("error", [ValueError("lr\nis bad"), SystemExit(3)])
def test_a_run_that_raises_is_kept_with_its_reason(path, error):
    def objective(params, seed):
        if params["x"] > 0:
            raise error
        return params["x"]

    runs = sweep(objective, {"x": [-1, 1]}, method="grid", path=path)
    assert [run.status for run in runs] == ["done", "failed"]
    assert runs[1].reason.startswith(type(error).__name__ + ": ")
    assert "test_sweep.py:" in runs[1].reason and "\n" not in runs[1].reason


def test_scores_may_be_tensors_and_arrays(path):
    results = iter([tg.tensor(0.5), np.float32(0.25), np.array(2)])
    runs = sweep(lambda params, seed: next(results), {"a": [1]}, n=3, path=path)
    assert [run.score for run in runs] == [0.5, 0.25, 2.0]


# ----------------------------------------------------------------------------- the file


def counting():
    calls = []

    def objective(params, seed):
        calls.append(params["x"])
        return params["x"]

    return objective, calls


def test_finished_runs_are_not_repeated(path):
    objective, calls = counting()
    first = sweep(objective, SPACE, n=4, path=path)
    before = path.read_bytes()
    assert sweep(objective, SPACE, n=4, path=path) == first and len(calls) == 4
    assert path.read_bytes() == before
    more = sweep(objective, SPACE, n=6, path=path)
    assert more[:4] == first and len(calls) == 6
    assert path.read_bytes().startswith(before)


def test_failed_runs_are_repeated_only_if_asked_for(path):
    def bad(params, seed):
        raise ValueError

    objective, calls = counting()
    sweep(bad, SPACE, n=2, path=path)
    assert len(sweep(objective, SPACE, n=2, path=path).failed) == 2 and not calls
    again = sweep(objective, SPACE, n=2, path=path, retry_failed=True)
    assert len(again.done) == 2 and len(calls) == 2
    assert len(read_runs(path).done) == 2  # the last line of a run counts


def test_every_cut_of_the_file_is_a_file_to_go_on_with(path, tmp_path):
    """Cut after any byte of the runs: what is whole is kept, the rest is made again."""
    objective, calls = counting()
    whole = sweep(objective, {"x": [0.5, 1.5]}, n=2, path=path)
    content = path.read_bytes()
    start = content.index(b"\n") + 1
    for length in range(start, len(content)):
        cut = tmp_path / "cut.jsonl"
        cut.write_bytes(content[:length])
        calls.clear()
        ended = max(0, sum(_is_run(line) for line in content[start:length].split(b"\n")))
        again = sweep(objective, {"x": [0.5, 1.5]}, n=2, path=cut)
        assert [(r.number, r.score) for r in again] == [(r.number, r.score) for r in whole]
        assert len(calls) == 2 - ended
        assert [(r.number, r.score) for r in read_runs(cut)] == [
            (0, whole[0].score),
            (1, whole[1].score),
        ]
        assert cut.read_bytes().startswith(content[:length])


def _is_run(line):
    try:
        return bool(json.loads(line))
    except ValueError:
        return False


def test_lines_are_json_that_any_parser_reads(path):
    sweep(echo, {"x": [1.5], "net": [(64, 32)], "f": [math.sqrt]}, n=1, path=path)
    header, run = map(json.loads, path.read_text().splitlines())
    assert header["seed"] == 0 and header["method"] == "random" and header["goal"] == "max"
    assert run["run"] == 0 and run["status"] == "done" and run["score"] == 1.5
    assert run["params"] == {"x": 1.5, "net": [64, 32], "f": "sqrt"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 1}, "seed 0, not 1"),
        ({"goal": "min"}, 'goal "max", not "min"'),
        ({"space": {"x": uniform(-1, 2), "kind": ["a", "b"]}}, "with space"),
    ],
)
def test_the_file_of_another_sweep_is_left_alone(path, change, words):
    sweep(square, SPACE, n=2, path=path)
    before = path.read_bytes()
    arguments = {"space": SPACE, "n": 2, **change}
    with pytest.raises(RunsError, match=words):
        sweep(square, arguments.pop("space"), path=path, **arguments)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"dear diary\n", b'{"run": 1}\n', b"\xff\xfe\x00"])
def test_a_foreign_file_is_left_alone(path, content):
    path.write_bytes(content)
    with pytest.raises(RunsError, match="no file of a sweep"):
        sweep(square, SPACE, n=2, path=path)
    assert path.read_bytes() == content


# ------------------------------------------------------------------- executors and deaths


def test_threads_give_what_one_process_gives(path, tmp_path):
    alone = sweep(square, SPACE, n=8, path=path)
    with ThreadPoolExecutor(3) as pool:
        threads = sweep(square, SPACE, n=8, path=tmp_path / "b.jsonl", executor=pool)
        assert pool.submit(int).result() == 0  # it is still the caller's
    assert [(r.params, r.score) for r in threads] == [(r.params, r.score) for r in alone]


def test_forty_runs_on_two_processes_survive_workers_that_die(path, tmp_path):
    runs = sweep(die_at_seven, forty(tmp_path), method="grid", executor=2, path=path)
    assert [run.number for run in runs.failed] == [7]
    assert "the process died" in runs[7].reason
    assert [run.score for run in runs if run.done] == [x for x in range(40) if x != 7]
    assert (tmp_path / "killed_once").exists()
    lines = [json.loads(line)["run"] for line in path.read_text().splitlines()[1:]]
    assert sorted(lines) == list(range(40))


def test_a_given_pool_that_breaks_is_replaced(path, tmp_path):
    space = {**forty(tmp_path), "number": integers(6, 9, points=4)}
    with ProcessPoolExecutor(1) as pool:
        runs = sweep(die_at_seven, space, method="grid", executor=pool, path=path)
    assert [(r.params["number"], r.status) for r in runs] == [
        (6, "done"),
        (7, "failed"),
        (8, "done"),
        (9, "done"),
    ]


def test_runs_are_made_by_several_processes(path):
    runs = sweep(echo, SPACE, n=6, executor=2, path=path)
    assert os.getpid() not in {run.measures["pid"] for run in runs}


def test_ctrl_c_keeps_what_is_done(path):
    def objective(params, seed):
        if len(path.read_text().splitlines()) == 4:
            raise KeyboardInterrupt
        return params["x"]

    with pytest.raises(SweepInterrupted, match="3 of 9 runs are done"):
        sweep(objective, SPACE, n=9, path=path)
    assert len(read_runs(path)) == 3
    assert len(sweep(square, SPACE, n=9, path=path)) == 9


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_ctrl_c_ends_processes_at_once(tmp_path):
    (tmp_path / "slow.py").write_text(
        textwrap.dedent(
            """
            import time
            from tinygrad_edu.training.sweep import sweep

            def objective(params, seed):
                time.sleep(0 if params["x"] < 4 else 600)
                return params["x"]

            if __name__ == "__main__":
                sweep(objective, {"x": list(range(8))}, method="grid", executor=2)
            """
        )
    )
    command = [sys.executable, "slow.py"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        file, limit = tmp_path / "runs.jsonl", time.monotonic() + 50
        while not (file.exists() and file.read_text().count("\n") == 5):
            assert time.monotonic() < limit and process.poll() is None
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert "SweepInterrupted: 4 of 8 runs are done" in err
    assert err.count("Traceback") == 1  # workers say nothing
    assert [run.score for run in read_runs(file)] == [0, 1, 2, 3]


def nap(params, seed):
    time.sleep(0 if params["x"] == 0 else 600)
    return params["x"]


def test_ctrl_c_leaves_no_thread_behind(path, monkeypatch):
    # Python's exit writes to a pipe of the pool's thread, which closes it when it ends.
    def interrupted(*args):
        raise KeyboardInterrupt

    before = set(threading.enumerate())
    monkeypatch.setattr(Workers, "_collect", interrupted)
    with pytest.raises(SweepInterrupted, match="1 of 3 runs are done"):
        sweep(nap, {"x": [0, 1, 2]}, method="grid", executor=2, path=path)
    assert set(threading.enumerate()) <= before


def test_a_script_without_a_guard_is_told_so(tmp_path):
    (tmp_path / "script.py").write_text(
        "from tinygrad_edu.training.sweep import sweep\n"
        "def objective(params, seed):\n    return 1.0\n"
        "sweep(objective, {'x': [1, 2]}, n=4, executor=2)\n"
    )
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1 and "if __name__ == '__main__'" in done.stderr
    assert len(read_runs(tmp_path / "runs.jsonl")) == 0


@pytest.mark.dask
def test_the_same_sweep_on_a_dask_cluster(path, tmp_path):
    distributed = pytest.importorskip("distributed")
    (tmp_path / "killed_once").touch()
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        runs = sweep(
            die_at_seven, forty(tmp_path), method="grid", executor=client.get_executor(), path=path
        )
    assert [run.number for run in runs.failed] == [7] and "Killed" in runs[7].reason
    assert [run.score for run in runs if run.done] == [x for x in range(40) if x != 7]


@pytest.mark.mpi
def test_the_same_sweep_over_mpi(tmp_path):
    (tmp_path / "script.py").write_text(
        textwrap.dedent(
            """
            from mpi4py.futures import MPIPoolExecutor
            from test_sweep import echo
            from tinygrad_edu.training.sweep import integers, sweep

            if __name__ == "__main__":
                space = {"x": integers(0, 39, points=40)}
                with MPIPoolExecutor() as pool:
                    sweep(echo, space, method="grid", executor=pool)
            """
        )
    )
    beside = Path(sys.executable).with_name("mpiexec")
    mpiexec = str(beside) if beside.exists() else shutil.which("mpiexec")
    if mpiexec is None:
        pytest.skip("no mpiexec: pip install mpich")
    command = [mpiexec, "-n", "3", sys.executable, "-m", "mpi4py.futures", "script.py"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=120, env=environment
    )
    assert done.returncode == 0, done.stderr
    runs = read_runs(tmp_path / "runs.jsonl")
    assert [run.score for run in runs] == list(range(40))
    assert len({run.measures["pid"] for run in runs}) == 2  # the third gives the work out


def test_a_full_disk_stops_the_sweep_and_loses_nothing(path, monkeypatch):
    sweep(square, SPACE, n=2, path=path)
    whole, write = read_runs(path), os.write

    def full(file, line):
        return write(file, line[:20]) if b'"run": 3' in line else write(file, line)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="disk is full"):
            sweep(square, SPACE, n=5, path=path)
    assert read_runs(path)[:2] == whole and len(read_runs(path)) == 3
    assert len(sweep(square, SPACE, n=5, path=path).done) == len(read_runs(path)) == 5


def test_a_cancelled_run_is_told_and_not_kept(path):
    class Cancels(ThreadPoolExecutor):
        def submit(self, *args, **options):
            future = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    with pytest.raises(RuntimeError, match="cancelled a run"):
        sweep(square, SPACE, n=2, path=path, executor=Cancels())
    assert len(read_runs(path)) == 0


def test_an_executor_that_broke_for_good_is_told(path):
    class Broken(ThreadPoolExecutor):
        def submit(self, *args, **options):
            raise BrokenExecutor

    with pytest.raises(RuntimeError, match="Broken broke"):
        sweep(square, SPACE, n=2, path=path, executor=Broken())
    assert len(read_runs(path)) == 0


# ----------------------------------------------------------------------------- what is shown


def test_progress_tells_of_runs_and_failures(path, capsys):
    def objective(params, seed):
        if params["x"] == 2:
            raise ValueError
        return params["x"]

    sweep(objective, {"x": [1, 3, 2]}, method="grid", path=path, progress=True)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == "" and len(lines) == 3
    assert lines[1].startswith("run 2/3  best 3 (x 3)  ")
    assert lines[2].startswith("run 3/3  best 3 (x 3)  1 failed  0:00 left")


def test_a_terminal_has_one_line_that_is_written_again(path, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    sweep(square, {"x": [0.5]}, n=3, path=path)
    err = capsys.readouterr().err
    assert err.startswith("\r") and err.count("\n") == 1
    assert "run 3/3  best 0.25 (x 0.5)" in err.split("\r")[-1]


def test_a_short_sweep_in_a_log_says_nothing(path, capsys):
    sweep(square, SPACE, n=2, path=path)
    assert capsys.readouterr() == ("", "")


@pytest.mark.plot
def test_picture_has_a_panel_for_each_parameter(path):
    def objective(params, seed):
        if params["lr"] > 0.5:
            raise ValueError("diverged")
        return -abs(math.log10(params["lr"]) + 2)

    space = {"lr": log_uniform(1e-4, 1), "momentum": uniform(0, 0.9), "rule": ["sgd", "adam"]}
    runs = sweep(objective, {**space, "fixed": 3}, n=30, path=path)
    assert runs.failed
    figure = picture(runs, "a title")
    panels = {axes.get_xlabel(): axes for axes in figure.axes if axes.get_xlabel()}
    assert list(panels) == ["lr (log scale)", "momentum", "rule"]
    panel = panels["lr (log scale)"]
    assert panel.get_xscale() == "log" and panels["momentum"].get_xscale() == "linear"
    assert [t.get_text() for t in panels["rule"].get_xticklabels()] == sorted(
        {"sgd", "adam"}, key=[run.params["rule"] for run in runs].index
    )
    points, best, failed = panel.lines
    assert len(points.get_xdata()) == len(runs.done)
    assert best.get_xdata()[0] == runs.best.params["lr"]
    assert len(failed.get_xdata()) == len(runs.failed)
    figure.canvas.draw()
    # The same from the file, where tuples and names have become JSON.
    assert len(picture(read_runs(path)).axes) == len(figure.axes)


@pytest.mark.plot
def test_picture_of_one_run(path):
    figure = picture(sweep(square, {"x": [0.5]}, n=1, path=path))
    figure.canvas.draw()
    assert [axes.get_xlabel() for axes in figure.axes] == ["x"]


def test_picture_without_a_score_is_refused():
    pytest.importorskip("matplotlib")
    with pytest.raises(RunsError, match="none of 0 runs"):
        picture(Runs())


def test_table_shows_the_best_first():
    scores = (0.25, 0.75, 0.5)
    runs = Runs(Run(i, i, {"lr": 0.1 * i}, "done", score=s) for i, s in enumerate(scores))
    assert [line.split() for line in runs.table(2).splitlines()] == [
        ["run", "score", "lr"],
        ["1", "0.75", "0.1"],
        ["2", "0.5", "0.2"],
    ]
