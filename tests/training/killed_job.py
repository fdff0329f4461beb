"""A small training run for the tests to kill: ``python killed_job.py JOB EPOCHS FOLDER RESULT``."""

import sys
import warnings

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.optim import lr_scheduler
from tinygrad_edu.training import Checkpoint, EarlyStopping, LRSchedule, fit

EXAMPLES, FEATURES, CLASSES, BATCH = 40, 6, 3, 4


class Noise(nn.Module):
    """Draws from a generator of its own, as dropout may."""

    def __init__(self, generator):
        super().__init__()
        self.generator = generator

    def forward(self, x):
        noise = self.generator.standard_normal(x.shape, dtype=np.float32)
        return x + 0.1 * noise if self.training else x


def data():
    rng = np.random.default_rng(5)
    x = rng.standard_normal((EXAMPLES, FEATURES)).astype("f")
    return x, rng.integers(0, CLASSES, EXAMPLES)


def momentum(rng):
    """SGD with momentum; the rate falls at each step; noise from the generator that shuffles."""
    model = nn.Sequential(nn.Linear(FEATURES, 8), nn.ReLU(), Noise(rng), nn.Linear(8, CLASSES))
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    return model, optimizer, [LRSchedule(lr_scheduler.ExponentialLR(optimizer, 0.999), per="step")]


def adam(rng):
    """Adam, batch norm, dropout from the default generator; cosine per epoch; the best is kept."""
    model = nn.Sequential(
        nn.Linear(FEATURES, 8),
        nn.BatchNorm1d(8),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(8, CLASSES),
    )
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    cosine = lr_scheduler.CosineAnnealingLR(optimizer, T_max=100)
    return model, optimizer, [LRSchedule(cosine), EarlyStopping(None)]


JOBS = {"momentum": momentum, "adam": adam}


def run(job, folder=None, epochs=6, say=None, **options):
    """Train, with checkpoints if there is a folder; return the weights and the history."""
    tg.manual_seed(3)
    rng = np.random.default_rng(4)
    model, optimizer, callbacks = JOBS[job](rng)
    if folder is not None:
        options = {"every_steps": 1, "resume": True, "say": say, **options}
        callbacks = [Checkpoint(folder, **options), *callbacks]
    x, y = data()
    history = fit(
        model,
        nn.CrossEntropyLoss(),
        optimizer,
        (x[8:], y[8:]),
        validation=(x[:8], y[:8]),
        epochs=epochs,
        batch_size=BATCH,
        rng=rng,
        callbacks=callbacks,
    )
    weights = {name: value.numpy().copy() for name, value in model.state_dict().items()}
    weights["history"] = np.array([[e.loss, e.val_loss, e.lr] for e in history])
    return weights


if __name__ == "__main__":
    warnings.simplefilter("error")
    print("started", flush=True)
    job, epochs, folder, result = sys.argv[1:]
    np.savez(result, **run(job, folder, int(epochs)))
