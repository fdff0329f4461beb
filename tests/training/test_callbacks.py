"""What the loop tells its callbacks; schedules, early stopping, loaders; modes of a model."""

import copy
import math

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.data import DataLoader, TensorDataset
from tinygrad_edu.optim import lr_scheduler
from tinygrad_edu.training import (
    Callback,
    Checkpoint,
    DivergedError,
    EarlyStopping,
    Epoch,
    LRSchedule,
    OnEpoch,
    evaluate,
    evaluate_batches,
    fit,
)

LOSSES = [1, 0.8, 0.7, 0.72, 0.69, 0.70, 0.71, 0.73, 0.68, 0.9]  # COURSE 87


def arrays(count=20, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, 4)).astype("f"), rng.integers(0, 3, count)


def linear(seed=0):
    return nn.Linear(4, 3, generator=np.random.default_rng(seed))


def train(model=None, data=None, epochs=2, lr=0.1, seed=1, **options):
    model = model or linear()
    optimizer = optim.SGD(model.parameters(), lr=lr)
    data = arrays() if data is None else data
    options = {"batch_size": 8, "rng": np.random.default_rng(seed), **options}
    return model, fit(model, nn.CrossEntropyLoss(), optimizer, data, epochs=epochs, **options)


class Told(Callback):
    def __init__(self, log, name="", last=False):
        self.log, self.name, self.last = log, name, last

    def on_start(self, run):
        self.log.append((self.name, "start", run.epoch, run.step))

    def on_step(self, run):
        assert len(run.losses) == run.step
        self.log.append((self.name, "step", run.epoch, run.step))

    def on_epoch(self, run):
        assert run.history[-1].epoch == run.epoch - 1
        self.log.append((self.name, "epoch", run.epoch, run.step))

    def on_end(self, run):
        self.log.append((self.name, "end", run.epoch, run.step))


# ------------------------------------------------------------------------ the order of events


def test_what_a_callback_is_told():
    """20 examples in minibatches of 8 are 3 steps."""
    log = []
    train(callbacks=[Told(log)])
    first = [("", "step", 1, step) for step in (1, 2, 3)]
    second = [("", "step", 2, step) for step in (1, 2, 3)]
    start, ends = ("", "start", 1, 0), [("", "epoch", 2, 0), ("", "epoch", 3, 0)]
    assert log == [start, *first, ends[0], *second, ends[1], ("", "end", 3, 0)]


def test_those_that_save_come_last():
    log = []
    train(epochs=1, callbacks=[Told(log, "saver", last=True), Told(log, "a"), Told(log, "b")])
    assert [name for name, event, *_ in log if event == "epoch"] == ["a", "b", "saver"]
    assert Checkpoint.last


def test_the_end_is_told_after_an_error_too():
    log = []
    with pytest.raises(DivergedError):
        train(lr=1e39, callbacks=[Told(log)])
    assert log[-1][1] == "end"


def test_a_callback_ends_the_run():
    class Enough(Callback):
        def on_epoch(self, run):
            if run.epoch == 3:
                run.stop("enough")

    assert len(train(epochs=9, callbacks=[Enough()])[1]) == 2


def test_on_epoch_is_a_callback():
    seen = []
    _, history = train(callbacks=[OnEpoch(seen.append)], on_epoch=seen.append)
    assert seen == [history[0], history[0], history[1], history[1]]


# ------------------------------------------------------------------------ what can be read


def test_a_loader_and_its_list_of_batches_train_alike():
    x, y = arrays()
    loader = DataLoader(TensorDataset(tg.tensor(x), tg.tensor(y)), batch_size=8)
    one, first = train(data=loader)
    two, second = train(data=list(loader))
    assert (one.weight.detach().numpy() == two.weight.detach().numpy()).all()
    assert [e.train_loss for e in first] == [e.train_loss for e in second]
    loss, accuracy = evaluate(one, nn.CrossEntropyLoss(), x, y)
    assert first[-1].train_loss == pytest.approx(loss, rel=1e-6)
    assert first[-1].train_accuracy == pytest.approx(accuracy)
    assert math.isnan(first[-1].val_loss)


def test_batches_count_by_their_size():
    x, y = arrays()
    model, loss = linear(), nn.CrossEntropyLoss()
    whole = evaluate(model, loss, x, y)
    parts = evaluate_batches(model, loss, [(x[:3], y[:3]), (x[3:], y[3:])])
    assert parts == pytest.approx(whole, rel=1e-6)
    with pytest.raises(ValueError, match="no minibatch"):
        evaluate_batches(model, loss, [])


def test_a_loader_that_shuffles_trains_as_if_nothing_were_measured():
    """By hand: each epoch draws one order from the loader's generator."""
    x, y = map(tg.tensor, arrays())

    def loader():
        data = TensorDataset(x, y)
        return DataLoader(data, batch_size=8, shuffle=True, generator=tg.Generator(5))

    model, loss = linear(), nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    batches = loader()
    for _ in range(3):
        for inputs, targets in batches:
            optimizer.zero_grad()
            loss(model(inputs), targets).backward()
            optimizer.step()
    fitted, _ = train(data=loader(), validation=loader(), epochs=3)
    assert (fitted.weight.detach().numpy() == model.weight.detach().numpy()).all()


def test_regression_has_no_accuracy():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 2)).astype("f")
    y = (x @ [[2.0], [-1.0]] + 0.5).astype("f")
    model = nn.Linear(2, 1, generator=rng)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    history = fit(
        model, nn.MSELoss(), optimizer, (x, y), validation=(x, y), epochs=100, rng=rng, batch_size=8
    )
    np.testing.assert_allclose(model.weight.detach().numpy(), [[2, -1]], atol=1e-4)
    assert history[-1].val_loss < 1e-8 and math.isnan(history[-1].val_accuracy)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"data": (np.zeros((3, 4), "f"), np.zeros(2, int))}, ValueError, r"\(3, 4\).*\(2,\)"),
        ({"data": (np.zeros((0, 4), "f"), np.zeros(0, int))}, ValueError, "at least one"),
        ({"data": iter([])}, TypeError, "once only"),
        ({"data": []}, ValueError, "no minibatch"),
        ({"data": [np.zeros(3)]}, TypeError, "pair"),
        ({"data": 7}, TypeError, "DataLoader"),
        ({"epochs": 0}, ValueError, "epochs: 0"),
        ({"epochs": True}, ValueError, "epochs: True"),
        ({"batch_size": 2.5}, ValueError, "batch_size: 2.5"),
        ({"callbacks": [print]}, TypeError, "callbacks"),
    ],
)
def test_what_is_refused(options, error, words):
    options = {"data": arrays(), **options}
    model = linear()
    before = model.weight.detach().numpy().copy()
    with pytest.raises(error, match=words):
        train(model, **options)
    assert (model.weight.detach().numpy() == before).all()


# ------------------------------------------------------------------------ modes


class Mode(nn.Module):
    def __init__(self, seen):
        super().__init__()
        self.seen = seen

    def forward(self, x):
        self.seen.append(self.training)
        return x


def test_dropout_and_batch_norm_see_the_right_mode():
    seen = []
    model = nn.Sequential(linear(), Mode(seen)).eval()
    model[0].train()
    train(model, epochs=1, validation=arrays(seed=2))
    assert seen == [True] * 3 + [False] * 2  # 3 steps; training and validation set
    assert (model.training, model[0].training, model[1].training) == (False, True, False)


# ------------------------------------------------------------------------ schedules


def rates(schedule, per, epochs=4, **options):
    """The rate of each step, and what the history says."""
    seen = []

    class Rate(Callback):
        def on_step(self, run):
            seen.append(run.optimizer.param_groups[0]["lr"])

    model = linear()
    optimizer = optim.SGD(model.parameters(), lr=0.8)
    callbacks = [Rate(), LRSchedule(schedule(optimizer), per=per, **options)]
    history = fit(
        model,
        nn.CrossEntropyLoss(),
        optimizer,
        arrays(),
        epochs=epochs,
        batch_size=10,
        validation=arrays(seed=2),
        callbacks=callbacks,
    )
    return seen, [epoch.lr for epoch in history]


def halving(optimizer):
    return lr_scheduler.ExponentialLR(optimizer, 0.5)


def test_a_schedule_per_epoch():
    seen, told = rates(halving, "epoch", epochs=3)
    assert seen == [0.8, 0.8, 0.4, 0.4, 0.2, 0.2]
    assert told == [0.8, 0.4, 0.2]


def test_a_schedule_per_step():
    seen, _ = rates(halving, "step", epochs=2)
    assert seen == [0.8, 0.4, 0.2, 0.1]


def test_a_plateau_watches_a_measure():
    def plateau(optimizer):
        # Nothing is better by so much: after one epoch of patience the rate falls each second time.
        return lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1, threshold=0.99)

    _, told = rates(plateau, "epoch", epochs=6, monitor="val_loss")
    assert told == [0.8, 0.8, 0.8, 0.4, 0.4, 0.2]
    with pytest.raises(ValueError, match="val_loss"):
        rates(plateau, "step")


def test_schedules_that_are_refused():
    with pytest.raises(ValueError, match="per: 'batch'"):
        rates(halving, "batch")
    with pytest.raises(ValueError, match="monitor: 'val_los'"):
        rates(halving, "epoch", monitor="val_los")


# ------------------------------------------------------------------------ early stopping


class Scripted(nn.Module):
    """Scores nothing. In each epoch its validation loss is the next of a list.

    It counts its epochs in a parameter and in a buffer, so that one sees which epoch's they are.
    """

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(tg.zeros(1))
        self.register_buffer("seen", tg.zeros(1))
        self.register_buffer("unsaved", tg.zeros(1), persistent=False)


class Script(Callback):
    """Replaces what was measured by the numbers of a list, and counts in the model."""

    def __init__(self, values, measure="val_loss"):
        self.values, self.measure = values, measure

    def on_epoch(self, run):
        number = len(run.history)
        for tensor in (run.model.weight, run.model.seen, run.model.unsaved):
            tensor.data.fill_(number - 1)
        measures = {self.measure: float(self.values[number - 1])}
        run.history[-1] = Epoch(number, 0.1, 1.0, 1.0, 0.5, **measures)


class Nothing(nn.Module):
    def forward(self, scores, y):
        return (scores * 0).sum()


def scripted(stopper, values=LOSSES, measure="val_loss"):
    model = Scripted()
    model.forward = lambda x: x * model.weight
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    data = (np.zeros((2, 1), "f"), np.zeros((2, 1), "f"))
    callbacks = [Script(values, measure), stopper]
    history = fit(
        model, Nothing(), optimizer, data, epochs=len(values), batch_size=2, callbacks=callbacks
    )
    tensors = (model.weight, model.seen, model.unsaved)
    return len(history) - 1, [int(tensor.item()) for tensor in tensors]


@pytest.mark.parametrize(("patience", "stop", "best"), [(1, 3, 2), (2, 6, 4), (3, 7, 4), (4, 9, 8)])
def test_the_best_epoch_comes_back_with_its_buffers(patience, stop, best):
    """COURSE 87: where each patience stops, and what it keeps."""
    stopper = EarlyStopping(patience)
    assert scripted(stopper) == (stop, [best] * 3)
    assert stopper.best_epoch == best


@pytest.mark.parametrize("patience", [100, None])
def test_the_best_is_kept_also_if_nothing_stops_the_run(patience):
    assert scripted(EarlyStopping(patience)) == (9, [8] * 3)


def test_the_last_is_kept_if_asked_for():
    assert scripted(EarlyStopping(2, restore_best=False)) == (6, [6] * 3)


def test_an_accuracy_of_0_is_a_first_best():
    """COURSE 2.27: a best that starts at 0, and must be exceeded, keeps no weights at all."""
    stopper = EarlyStopping(3, monitor="val_accuracy")
    assert scripted(stopper, [0, 0, 0, 0, 0], "val_accuracy") == (3, [0] * 3)
    stopper = EarlyStopping(2, monitor="val_accuracy")
    assert scripted(stopper, [0.5, 0.7, 0.6, 0.65, 0.9], "val_accuracy") == (3, [1] * 3)
    assert stopper.best == 0.7


def test_a_stopper_starts_anew_in_each_run():
    stopper = EarlyStopping(1)
    assert scripted(stopper) == scripted(stopper) == (3, [2] * 3)


def test_what_is_restored_predicts_as_in_the_best_epoch():
    """COURSE 2.27 and 2.29: with batch norm, whose running statistics belong to the weights."""
    rng = np.random.default_rng(3)
    x, y = arrays(30)
    model = nn.Sequential(
        nn.Linear(4, 16, generator=rng), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3)
    )
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    scores = []

    class Predict(Callback):
        def on_epoch(self, run):
            model.eval()
            scores.append(model(tg.tensor(x)).detach().numpy().copy())

    stopper = EarlyStopping(3)
    fit(
        model,
        nn.CrossEntropyLoss(),
        optimizer,
        (x[:20], y[:20]),
        validation=(x[20:], y[20:]),
        epochs=40,
        rng=rng,
        batch_size=5,
        callbacks=[Predict(), stopper],
    )
    assert stopper.best_epoch < len(scores) - 1
    model.eval()
    assert (model(tg.tensor(x)).detach().numpy() == scores[stopper.best_epoch]).all()
    # A deep copy: what was kept does not change with the model.
    kept = copy.deepcopy(stopper.best_model)
    with tg.no_grad():
        for tensor in (*model.parameters(), *model.buffers()):
            tensor.zero_()
    assert all((kept[name] == stopper.best_model[name]).all() for name in kept)
    assert any(np.any(value) for value in kept.values())


def test_without_a_validation_set_it_says_so():
    with pytest.raises(ValueError, match="give fit\\(\\) a validation set"):
        train(callbacks=[EarlyStopping(1)])
    with pytest.raises(ValueError, match="monitor: 'accuracy'"):
        EarlyStopping(1, monitor="accuracy")
