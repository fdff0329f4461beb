"""One run of ``tinygrad-edu sweep``: train a classifier, and score it on the validation set."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ...data import Splits, load
from ..early_stopping import EarlyStopping
from ..fit import fit
from ..models import CLASSIFIERS, build, penalty, settings_for
from ..rules import make_optimizer, make_schedule


@dataclass(frozen=True)
class Trial:
    """An objective of `sweep`: the validation accuracy of one of the classifiers.

    With the seed of a run, ``tinygrad-edu train`` does the same once more, bit for bit.

    Parameters
    ----------
    data : str
        As `data.load` takes it; read once in each process.
    model : str
        One of `CLASSIFIERS`.

    Examples
    --------
    >>> trial = Trial("digits", "softmax")
    >>> trial({"epochs": 3, "optimizer": "adam", "lr": 0.01}, seed=0)["score"] > 0.9
    True
    """

    data: str
    model: str

    def __call__(self, params: dict[str, Any], seed: int) -> dict[str, float]:
        chosen = {n: v for n, v in params.items() if n not in ("data", "model")}
        if isinstance(units := chosen.get("hidden"), int):
            chosen["hidden"] = (units,)
        if chosen.get("optimizer", "sgd") != "sgd":
            chosen.pop("momentum", None)  # of SGD alone
        settings = settings_for(self.data, self.model, **chosen)
        splits, loss = _splits(self.data), CLASSIFIERS[self.model].loss()
        rng = np.random.default_rng(seed)
        model = build(splits.num_features, splits.num_classes, settings.hidden, rng)
        parameters = dict(model.named_parameters())
        optimizer = make_optimizer(
            settings.optimizer, parameters.values(), settings.lr, settings.momentum
        )
        stopper = EarlyStopping(settings.early_stopping) if settings.early_stopping else None
        history = fit(
            model,
            loss,
            optimizer,
            splits,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            rng=rng,
            penalty=lambda: penalty(parameters, settings.reg),
            callbacks=[
                *make_schedule(settings.schedule, optimizer, settings.epochs),
                *([stopper] if stopper else []),
            ],
        )
        kept = history[stopper.best_epoch if stopper else -1]
        return {
            "score": kept.val_accuracy,
            "val_loss": kept.val_loss,
            "train_accuracy": kept.train_accuracy,
            "epoch": kept.epoch,
        }


@cache
def _splits(data: str) -> Splits:
    return load(data)
