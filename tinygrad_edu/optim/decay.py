"""Weight decay in its three forms, shared by the rules that have it.

``decay="l2"`` adds ``weight_decay * p`` to the gradient (S2, PyTorch's Adam and SGD).
``"lr_coupled"`` shrinks the weights by ``1 - lr * weight_decay`` (PyTorch's AdamW, S2).
``"schedule_only"`` shrinks them by ``1 - s * weight_decay``, where ``s = lr / initial lr`` is the
schedule's share alone (the AdamW paper). For plain SGD at a constant rate the first two are the
same; for Adam they are not: there the L2 term is divided by the root of its own square, so that its
strength hardly matters.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .optimizer import at_least_0, one_of
from .symbols import Line

DECAYS = ("l2", "lr_coupled", "schedule_only")


def check_decay(group: dict[str, Any]) -> None:
    """Refuse a negative strength or an unknown form; remember where the schedule started."""
    at_least_0(group, "weight_decay")
    one_of(group, "decay", DECAYS)
    if group["decay"] == "schedule_only":
        group.setdefault("initial_lr", group["lr"])


def decayed(p: np.ndarray, g: np.ndarray, group: dict[str, Any]) -> np.ndarray:
    """The gradient to go on with: sign and L2 term added. Decoupled decay is written into `p`."""
    strength = group["weight_decay"]
    if group["maximize"]:
        g = -g
    if not strength:
        return g
    if group["decay"] == "l2":
        return g + strength * p
    share = group["lr"]
    if group["decay"] == "schedule_only":
        share = share / group["initial_lr"] if group["initial_lr"] else 0.0
    p *= 1 - share * strength
    return g


def decay_lines(group: dict[str, Any]) -> list[Line]:
    """The same in symbols."""
    lines: list[Line] = [("g", "-g")] if group["maximize"] else []
    if group["weight_decay"]:
        lines.append(
            {
                "l2": ("g", "g + weight_decay * p"),
                "lr_coupled": ("p", "p - lr * weight_decay * p"),
                "schedule_only": ("p", "p - lr / initial_lr * weight_decay * p"),
            }[group["decay"]]
        )
    return lines
