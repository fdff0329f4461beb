"""Checkpoints: what they hold, when they are written, and what becomes of damaged ones."""

import contextlib
import random as python_random
import signal

import numpy as np
import pytest
from killed_job import JOBS, data, run

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.data import DataLoader, TensorDataset
from tinygrad_edu.optim import lr_scheduler
from tinygrad_edu.training import (
    Callback,
    Checkpoint,
    CheckpointError,
    EarlyStopping,
    Interrupted,
    LRSchedule,
    ResumeError,
    checkpoints_in,
    fit,
)


class Stop(Exception):
    pass


class Crash(Callback):
    """Fails after so many steps, after the checkpoint of that step."""

    last = True

    def __init__(self, steps):
        self.left = steps

    def on_step(self, run):
        self.left -= 1
        if not self.left:
            raise Stop


def same_bits(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert one[name].tobytes() == other[name].tobytes(), name


def small(
    folder=None, *, epochs=3, lr=0.1, hidden=4, crash=0, rule=optim.SGD, batch_size=4, saver=None
):
    """A model of 32 examples, and its history."""
    rng = np.random.default_rng(1)
    model = nn.Sequential(
        nn.Linear(6, hidden, generator=rng), nn.Tanh(), nn.Linear(hidden, 3, generator=rng)
    )
    x, y = data()
    callbacks = [] if folder is None else [saver or Checkpoint(folder, resume=True, every_steps=1)]
    # A checkpoint tells which callbacks a run had: this one is always there.
    callbacks.append(Crash(crash))
    optimizer = rule(model.parameters(), lr=lr)
    options = {"epochs": epochs, "batch_size": batch_size, "rng": rng, "callbacks": callbacks}
    try:
        history = fit(model, nn.CrossEntropyLoss(), optimizer, (x[8:], y[8:]), **options)
    except Stop:
        history = None
    return model, history


def weights(model):
    return {name: value.numpy().copy() for name, value in model.state_dict().items()}


# ------------------------------------------------------------------------ resuming


@pytest.mark.parametrize("at", [1, 5, 7, 8, 9, 24])
def test_a_run_that_crashed_at_any_step_goes_on(tmp_path, at):
    """32 examples in minibatches of 4 are 8 steps an epoch: within it, at its end, after it."""
    whole, history = small()
    small(tmp_path, crash=at)
    assert checkpoints_in(tmp_path)
    resumed, again = small(tmp_path)
    same_bits(weights(whole), weights(resumed))
    # NaN, the validation loss that was not measured, is not equal to itself.
    assert [(e.epoch, e.loss, e.train_loss) for e in again] == [
        (e.epoch, e.loss, e.train_loss) for e in history
    ]


def test_a_run_saved_between_its_last_step_and_the_end_of_the_epoch_goes_on_in_silence(tmp_path):
    """The schedule, whose step is then the first thing to happen, does not miss the optimizer's."""

    def scheduled(crash):
        (x, y), rng = data(), np.random.default_rng(1)
        model = nn.Linear(x.shape[1], 3, generator=rng)
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        fall = LRSchedule(lr_scheduler.ExponentialLR(optimizer, 0.5))
        saver = Checkpoint(tmp_path, resume=True, every_steps=1)
        options = {"rng": rng, "callbacks": [saver, Crash(crash), fall]}
        with contextlib.suppress(Stop):
            fit(model, nn.CrossEntropyLoss(), optimizer, (x, y), epochs=2, batch_size=40, **options)
        return optimizer.param_groups[0]["lr"]

    assert scheduled(crash=1) == 0.1
    assert scheduled(crash=0) == pytest.approx(0.025)


@pytest.mark.parametrize("job", JOBS)
def test_a_run_in_two_parts_is_the_run_in_one(tmp_path, job):
    whole = run(job, epochs=6)
    run(job, tmp_path, epochs=3, every_steps=None)
    same_bits(whole, run(job, tmp_path, epochs=6, every_steps=None))


def test_a_finished_run_is_only_read(tmp_path):
    first = run("adam", tmp_path)
    before = [path.stat().st_mtime_ns for path in checkpoints_in(tmp_path)]
    same_bits(first, run("adam", tmp_path))
    assert [path.stat().st_mtime_ns for path in checkpoints_in(tmp_path)] == before


class Careless:
    """A data set that draws from NumPy's and Python's global generators."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        scale = np.float32(np.random.uniform(0.5, 1.5) * python_random.uniform(0.5, 1.5))
        return self.x[i] * scale, self.y[i]


def by_loader(folder=None, crash=0, careless=False):
    tg.manual_seed(7)
    np.random.seed(7)
    python_random.seed(7)
    x, y = data()
    source = Careless(x, y) if careless else TensorDataset(tg.tensor(x), tg.tensor(y))
    loader = DataLoader(source, batch_size=8, shuffle=True, generator=tg.Generator(3))
    model = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Dropout(0.5), nn.Linear(5, 3))
    optimizer = optim.AdamW(model.parameters(), lr=0.01)
    saver = [Checkpoint(folder, resume=True, every_steps=1)] if folder else []
    with contextlib.suppress(Stop):
        fit(
            model,
            nn.CrossEntropyLoss(),
            optimizer,
            loader,
            epochs=4,
            validation=DataLoader(source, batch_size=40),
            callbacks=[*saver, Crash(crash)],
        )
    return weights(model)


@pytest.mark.parametrize("careless", [False, True])
def test_a_loader_goes_on_within_its_epoch(tmp_path, careless):
    by_loader(tmp_path, crash=7, careless=careless)
    np.random.seed(99)
    same_bits(by_loader(careless=careless), by_loader(tmp_path, careless=careless))


# ---------------------------------------------------------------- what does not fit


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rule": optim.Adam}, "update rule: saved with SGD, but this run has Adam"),
        ({"hidden": 5}, "shape"),
        ({"batch_size": 8}, "minibatches of 4, but this run has .* minibatches of 8"),
    ],
)
def test_a_checkpoint_of_another_run_changes_nothing(tmp_path, changes, words):
    small(tmp_path, crash=5)
    rng = np.random.default_rng(1)
    hidden = changes.get("hidden", 4)
    fresh = nn.Sequential(
        nn.Linear(6, hidden, generator=rng), nn.Tanh(), nn.Linear(hidden, 3, generator=rng)
    )
    seen = {}

    class Before(Checkpoint):
        def on_end(self, run):
            seen.update(weights(run.model), epoch=run.epoch, step=run.step)

    with pytest.raises(ResumeError, match=words):
        small(tmp_path, **changes, saver=_same_kind(Before)(tmp_path, resume=True))
    assert (seen.pop("epoch"), seen.pop("step")) == (1, 0)
    same_bits(seen, weights(fresh))


def _same_kind(kind):
    kind.__name__ = "Checkpoint"
    return kind


def test_a_misfit_found_late_is_undone(tmp_path):
    """Model and optimizer fit, and are loaded; then the schedule turns out to be another one."""

    def start(schedule, folder, epochs):
        rng = np.random.default_rng(2)
        model = nn.Linear(6, 3, generator=rng)
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        saver = Checkpoint(folder, resume=True)
        callbacks = [LRSchedule(schedule(optimizer)), saver]
        options = {"epochs": epochs, "batch_size": 4, "rng": rng, "callbacks": callbacks}
        try:
            fit(model, nn.CrossEntropyLoss(), optimizer, data(), **options)
        except ResumeError as error:
            return str(error), weights(model), optimizer.state_dict(), rng.random()
        return "", weights(model), optimizer.state_dict(), rng.random()

    def cosine(optimizer):
        return lr_scheduler.CosineAnnealingLR(optimizer, T_max=5)

    start(lambda optimizer: lr_scheduler.ExponentialLR(optimizer, 0.5), tmp_path, 3)
    error, values, state, draw = start(cosine, tmp_path, 3)
    assert "CosineAnnealingLR" in error
    rng = np.random.default_rng(2)
    same_bits(values, weights(nn.Linear(6, 3, generator=rng)))
    assert state["state"] == {} and state["param_groups"][0]["lr"] == 0.1
    assert draw == rng.random()


def test_other_callbacks_are_refused(tmp_path):
    run("momentum", tmp_path, epochs=1)
    with pytest.raises(ResumeError, match=r"callback kinds: saved with .*LRSchedule"):
        small(tmp_path)


def test_a_folder_that_is_in_use_is_refused(tmp_path):
    run("momentum", tmp_path, epochs=1)
    files = checkpoints_in(tmp_path)
    with pytest.raises(CheckpointError, match="resume=True"):
        run("momentum", tmp_path, epochs=1, resume=False)
    assert checkpoints_in(tmp_path) == files


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(CheckpointError, match="can't be written"):
        run("momentum", tmp_path / "file", epochs=1)
    assert (tmp_path / "file").read_text() == "mine"


# ---------------------------------------------------------------- damage


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0xFF
    path.write_bytes(bytes(content))


def foreign(path):
    with open(path, "wb") as file:
        np.savez(file, weight=np.zeros(3))


def empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [truncate, flip, foreign, empty])
def test_the_one_before_a_damaged_checkpoint_is_used(tmp_path, damage):
    whole = run("adam", epochs=4)
    run("adam", tmp_path, epochs=3)
    newest, before = checkpoints_in(tmp_path)
    damage(newest)
    lines = []
    same_bits(whole, run("adam", tmp_path, epochs=4, say=lines.append))
    assert len(lines) == 1
    assert newest.name in lines[0] and "can't be read" in lines[0]
    assert lines[0].endswith(f"going on from {before.name}")
    assert newest.with_name(newest.name + ".damaged").exists()  # for whoever wants to look


def test_without_a_whole_checkpoint_there_is_an_error_and_no_loss(tmp_path):
    run("momentum", tmp_path, epochs=2)
    files = checkpoints_in(tmp_path)
    for path in files:
        truncate(path)
    with pytest.raises(CheckpointError, match="none can be used"):
        run("momentum", tmp_path, epochs=3)
    assert checkpoints_in(tmp_path) == files


def test_half_written_files_are_no_checkpoints(tmp_path):
    part = tmp_path / ".epoch-0009-step-000000.npz.1-1.tmp"
    part.write_bytes(b"half")
    run("momentum", tmp_path, epochs=1)
    assert not part.exists() and len(checkpoints_in(tmp_path)) == 2


# ---------------------------------------------------------------- when, and how many


def names(folder):
    return [path.stem for path in checkpoints_in(folder)]


def test_which_files_are_kept(tmp_path):
    options = {"every_steps": None, "keep": 3}
    run("momentum", tmp_path / "a", epochs=12, every_epochs=5, **options)
    ends = ["epoch-0013", "epoch-0011", "epoch-0006"]
    assert names(tmp_path / "a") == [f"{end}-step-000000" for end in ends]
    run("momentum", tmp_path / "b", epochs=1, every_steps=3)
    assert names(tmp_path / "b") == ["epoch-0002-step-000000", "epoch-0001-step-000006"]
    run("momentum", tmp_path / "c", epochs=3, seconds=1000)  # the end is always saved
    assert names(tmp_path / "c") == ["epoch-0004-step-000000"]


@pytest.mark.parametrize(
    "options", [{"every_epochs": 0}, {"every_steps": -1}, {"keep": 1}, {"seconds": -1}]
)
def test_what_is_refused(tmp_path, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        Checkpoint(tmp_path, **options)


# ---------------------------------------------------------------- Ctrl-C


class PressCtrlC(Callback):
    """At one step; between forward pass and update, for it is told before the checkpoint is."""

    def __init__(self, at):
        self.at, self.count = at, 0

    def on_step(self, run):
        self.count += 1
        if self.count == self.at:
            signal.raise_signal(signal.SIGINT)


def interruptible(folder=None, at=0):
    rng = np.random.default_rng(1)
    model = nn.Linear(6, 3, generator=rng)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    schedule = LRSchedule(lr_scheduler.ExponentialLR(optimizer, 0.99), per="step")
    callbacks = [Checkpoint(folder, resume=True, seconds=1000)] if folder else []
    options = {"epochs": 3, "batch_size": 4, "rng": rng}
    callbacks += [schedule, EarlyStopping(None, monitor="loss"), PressCtrlC(at)]
    fit(model, nn.CrossEntropyLoss(), optimizer, data(), callbacks=callbacks, **options)
    return weights(model)


def test_ctrl_c_saves_the_run_and_says_how_to_go_on(tmp_path):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(Interrupted, match=r"epoch-0002-step-000003\.npz; resume=True"):
        interruptible(tmp_path, at=13)
    assert signal.getsignal(signal.SIGINT) is before
    same_bits(interruptible(), interruptible(tmp_path))
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_acts_at_once(tmp_path):
    class Twice(Callback):
        def on_step(self, run):
            signal.raise_signal(signal.SIGINT)
            with pytest.raises(KeyboardInterrupt) as caught:
                signal.raise_signal(signal.SIGINT)
            assert not isinstance(caught.value, Interrupted)
            raise caught.value

    model = nn.Linear(6, 3)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    saver = Checkpoint(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        fit(model, nn.CrossEntropyLoss(), optimizer, data(), epochs=1, callbacks=[saver, Twice()])
    assert checkpoints_in(tmp_path) == []
