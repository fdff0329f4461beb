"""XOR, ring and spiral: no straight line parts the classes, and one hidden layer does.

Prints the accuracy of a linear classifier and of an MLP on the points they were trained on; with a
directory as argument, draws there what each believes about the plane (needs matplotlib:
pip install "tinygrad-edu[plot]").

    python examples/training/where_linear_fails.py regions
    python examples/training/where_linear_fails.py --seeds 5
"""

import argparse
from pathlib import Path

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import data, nn, optim
from tinygrad_edu.training import LRSchedule, fit

SHAPES = {"xor": data.xor, "ring": data.ring, "spiral": data.spiral}
UNITS, EPOCHS, LR = 64, 400, 1e-2


def linear(classes):
    return nn.Linear(2, classes)


def mlp(classes):
    return nn.Sequential(
        nn.Linear(2, UNITS),
        nn.ReLU(),
        nn.Linear(UNITS, UNITS),
        nn.ReLU(),
        nn.Linear(UNITS, classes),
    )


def train(build, x, y, seed):
    """Train a model on points and their classes; return it and its accuracy on them."""
    tg.manual_seed(seed)
    model, loss = build(int(y.max()) + 1), nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=LR)
    # Towards the end the steps get short: the last points near a border come right.
    cosine = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=EPOCHS)
    history = fit(
        model,
        loss,
        optimizer,
        (x, y),
        epochs=EPOCHS,
        batch_size=32,
        rng=np.random.default_rng(seed),
        callbacks=[LRSchedule(cosine)],
    )
    return model, history[-1].train_accuracy


def main(arguments=None):
    """Print and return, by shape, a pair of accuracies a seed: linear model and MLP."""
    parser = argparse.ArgumentParser(description="A linear classifier against an MLP.")
    parser.add_argument("out", nargs="?", help="directory for the pictures")
    parser.add_argument("--seeds", type=int, default=1, help="how many runs (default 1)")
    options = parser.parse_args(arguments)
    found = {name: [] for name in SHAPES}
    print("shape   seed  linear     MLP")
    for name, shape in SHAPES.items():
        for seed in range(options.seeds):
            x, y = shape(rng=seed)
            models = [train(build, x, y, seed) for build in (linear, mlp)]
            found[name].append(tuple(accuracy for _, accuracy in models))
            print(f"{name:8}{seed:4}{found[name][-1][0]:8.1%}{found[name][-1][1]:8.1%}", flush=True)
            if options.out and seed == 0:
                draw(Path(options.out), name, models, x, y)
    return found


def draw(folder, name, models, x, y):
    """Write a picture of what each model says of each point of the plane."""
    from tinygrad_edu.viz import plots

    try:
        figures = [plots.decision_regions(model, x, y) for model, _ in models]
    except ImportError as error:
        print(error)
        return
    folder.mkdir(parents=True, exist_ok=True)
    for kind, figure in zip(("linear", "mlp"), figures, strict=True):
        figure.savefig(folder / f"{name}_{kind}.png")


if __name__ == "__main__":
    main()
