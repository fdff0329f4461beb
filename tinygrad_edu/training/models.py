"""The three classifiers of the main job, and settings that suit them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import nn
from .rules import OPTIMIZERS


@dataclass(frozen=True)
class Settings:
    """How a model is built and trained.

    Attributes
    ----------
    epochs, batch_size
        Passes over the training set, and examples a step.
    lr, momentum
        Of SGD: ``v = momentum v + g``, then ``W = W - lr v``. Other rules have no momentum.
    reg
        The penalty ``reg * sum W**2`` on the weights; biases are free.
    hidden
        Units of each hidden layer; empty for a linear model.
    optimizer, schedule
        The update rule and the course of its learning rate, by their names in `rules`.
    early_stopping
        Stop after so many epochs without a new best validation loss, and keep the best weights.
        None: train all epochs, and keep the last.
    """

    epochs: int
    batch_size: int
    lr: float
    momentum: float
    reg: float
    hidden: tuple[int, ...] = ()
    optimizer: str = "sgd"
    schedule: str = "constant"
    early_stopping: int | None = None


@dataclass(frozen=True)
class Classifier:
    """One kind of classifier: what it is called, its loss, and the unit of that loss."""

    name: str
    title: str
    loss: Callable[[], Any]
    loss_title: str
    linear: bool


CLASSIFIERS = {
    "svm": Classifier("svm", "linear SVM", nn.MulticlassSVMLoss, "multiclass SVM loss", True),
    "softmax": Classifier(
        "softmax", "linear softmax", nn.CrossEntropyLoss, "cross-entropy (nats)", True
    ),
    "mlp": Classifier("mlp", "MLP", nn.CrossEntropyLoss, "cross-entropy (nats)", False),
}

# Chosen by the mean validation accuracy of several seeds, with constant learning rates; your own
# file gets those of mnist5k, whose learning rates are the smaller ones.
DEFAULTS = {
    "digits": {
        "svm": Settings(epochs=60, batch_size=64, lr=0.03, momentum=0.9, reg=1e-4),
        "softmax": Settings(epochs=100, batch_size=64, lr=0.3, momentum=0.9, reg=1e-4),
        "mlp": Settings(epochs=100, batch_size=64, lr=0.2, momentum=0.9, reg=1e-4, hidden=(256,)),
    },
    "mnist5k": {
        "svm": Settings(epochs=20, batch_size=64, lr=0.005, momentum=0.9, reg=1e-2),
        "softmax": Settings(epochs=20, batch_size=64, lr=0.05, momentum=0.9, reg=1e-3),
        "mlp": Settings(epochs=20, batch_size=64, lr=0.1, momentum=0.9, reg=5e-4, hidden=(128,)),
    },
}


def settings_for(data: str, model: str, **given: Any) -> Settings:
    """Return the default settings of a model on a data set, with those given that are not None.

    The default learning rates suit SGD; any other update rule has one of its own.

    Examples
    --------
    >>> settings_for("digits", "svm", epochs=5, lr=None).epochs
    5
    >>> settings_for("digits", "svm", optimizer="adam").lr
    0.001
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    rule = OPTIMIZERS[chosen.get("optimizer", "sgd")]
    if rule.lr is not None:
        chosen = {"lr": rule.lr, "momentum": 0.0, **chosen}
    return replace(DEFAULTS.get(data, DEFAULTS["mnist5k"])[model], **chosen)


def build(
    features: int, classes: int, hidden: Sequence[int], rng: np.random.Generator
) -> nn.Sequential:
    """Linear layers with ReLU between them; without hidden layers, a linear classifier.

    Examples
    --------
    >>> build(64, 10, [32], np.random.default_rng(0))
    Sequential(
      (0): Linear(in_features=64, out_features=32, bias=True)
      (1): ReLU()
      (2): Linear(in_features=32, out_features=10, bias=True)
    )
    """
    layers: list[Any] = []
    width = features
    for units in hidden:
        layers += [nn.Linear(width, units, generator=rng), nn.ReLU()]
        width = units
    return nn.Sequential(*layers, nn.Linear(width, classes, generator=rng))


def weights(parameters: Mapping[str, Any]) -> list[Any]:
    """The weight matrices among the named parameters: what is regularised. Biases are not.

    Examples
    --------
    >>> model = build(64, 10, [32], np.random.default_rng(0))
    >>> [w.shape for w in weights(dict(model.named_parameters()))]
    [(32, 64), (10, 32)]
    """
    return [p for name, p in parameters.items() if name.split(".")[-1] == "weight"]


def penalty(parameters: Mapping[str, Any], reg: float) -> Any:
    """The regularisation term ``reg * sum W**2`` over all weights.

    Parameters
    ----------
    parameters : mapping
        Tensors by the names that `Module.named_parameters` gives them.
    reg : float
        Its factor.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> penalty({"0.weight": tensor([[1.0, 2.0]]), "0.bias": tensor([7.0])}, 0.1)
    tensor(0.5000)
    """
    return reg * nn.l2_penalty(weights(parameters)) if reg else 0.0
