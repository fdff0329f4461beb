"""What all plots share: figures without a display, arrays from anything, colours and markers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

INK = "#1a1a1a"
GREY = "#6b6b6b"


@dataclass(frozen=True)
class Look:
    """Colour, marker and line style of one of several things; any two of them tell it apart."""

    color: str
    marker: str
    line: str


# Okabe and Ito's colours, darkened where they were too pale for a line on white. Readers with any
# common colour blindness can tell them apart; the markers say it without colour.
_COLORS = ("#0072b2", "#d55e00", "#007a5a", "#a8447f", "#8f6200", "#222222", "#3f9fd8")
COLORS = len(_COLORS)
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")
_LINES = ("-", "--", ":", "-.")


def look(number: int) -> Look:
    """The look of thing `number`; a colour comes back after seven, with another marker and line.

    Examples
    --------
    >>> look(0), look(7).marker == look(0).marker, look(7).line
    (Look(color='#0072b2', marker='o', line='-'), False, '--')
    """
    return Look(
        _COLORS[number % len(_COLORS)],
        _MARKERS[number % len(_MARKERS)],
        _LINES[number // len(_COLORS) % len(_LINES)],
    )


def tint(color: str, share: float = 0.28) -> str:
    """A colour on white, as thin as `share`.

    Examples
    --------
    >>> tint("#000000", 0.2)
    '#cccccc'
    """
    parts = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 + (part - 255) * share):02x}" for part in parts)


def new_figure(what: str, width: float, height: float) -> Any:
    """A figure in inches, made without `pyplot`: a notebook's backend stays as it is.

    Raises
    ------
    ImportError
        Without matplotlib; the message says how to install it.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            f'{what} needs matplotlib: python -m pip install "tinygrad-edu[plot]"'
        ) from error
    return Figure(figsize=(width, height), layout="constrained")


def tidy(axes: Any) -> None:
    """A light grid, and no frame where there is no scale."""
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def as_array(value: Any, name: str) -> NDArray[Any]:
    """The numbers in a Tensor, an array or nested lists.

    Raises
    ------
    TypeError
        If they are no numbers; the message calls them `name`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> as_array(tensor([1.0, 2.0], requires_grad=True), "x")
    array([1., 2.], dtype=float32)
    >>> as_array([[1, 2], [3]], "x")
    Traceback (most recent call last):
        ...
    TypeError: x: expected an array of numbers, got a ragged or non-numeric list
    """
    try:
        array = np.asarray(value.detach() if hasattr(value, "detach") else value)
    except ValueError:
        array = np.empty(0, object)
    if array.dtype.kind not in "buif":
        raise TypeError(
            f"{name}: expected an array of numbers, got a ragged or non-numeric "
            f"{type(value).__name__}"
        )
    return array
