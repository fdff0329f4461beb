"""Samples of losses, and of the steps that losses are made of."""

from __future__ import annotations

import numpy as np

from .case import Table, case, constant, normal, unit
from .elementwise import binary, tied

_LABELS = np.array([2, 0, 2, 1])
_SCALE = np.array([0.3, 1.2, 0.0, 0.7])  # 0 marks a row that is left out

TABLE: Table = {
    "cross_entropy": [case(normal(4, 3), labels=_LABELS, kept={})],
    "nll_loss": [case(normal(4, 3), labels=_LABELS, scale=_SCALE)],
    "nll_loss_backward": [case(normal(4), labels=_LABELS, scale=_SCALE, classes=3)],
    "multiclass_svm_loss": [
        case(
            normal(4, 3),
            labels=_LABELS,
            delta=1.0,
            power=power,
            factor=factor,
            total=total,
            kept={},
        )
        for power, factor, total in ((1, 0.25, True), (2, 0.25, True), (1, _SCALE, False))
    ],
    "mse_loss": [case(normal(3, 4), normal(3, 4))],
    "huber_loss": [case(normal(3, 4), normal(3, 4), delta=0.5, scale=2.0)],
    "distance": tied(),
    "binary": [
        c.only_here("the slope by the target is infinite at 0 and 1, as in PyTorch")
        for c in binary(unit, unit)
    ],
    "from_logits": binary(normal, unit),
    "from_logits_weighted": [case(normal(3, 4), unit(3, 4), constant(2, 3, 1, 2))],
    "flat": [case(normal(3, 4), normal(3, 4))],
    "relu_backward": [case(normal(4), stops=np.array([True, False, False, True]))],
}
