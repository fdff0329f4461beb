"""What tells the traces of a race apart: colour, dashes and marker, shared by all pictures.

Colours are those of Okabe and Ito, which readers with any common colour blindness can tell apart;
the marker says it without colour.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """`on_dark` is the colour on a dark ground; `marker` is matplotlib's name of the shape."""

    color: str
    on_dark: str
    marker: str
    dash: str  # lengths in px, as SVG takes them; empty for a solid line


_LOOKS = (
    Look("#0072b2", "#4db2ee", "o", ""),
    Look("#d55e00", "#ff8a3d", "s", ""),
    Look("#007a5a", "#2bc79b", "^", ""),
    Look("#a8447f", "#e39bc6", "D", ""),
    Look("#8f6200", "#e6b53c", "v", "7 3"),
    Look("#222222", "#f0f0f0", "P", "7 3"),
    Look("#2b6cb0", "#9cc9f2", "X", "2 3"),
)


def look(number: int) -> Look:
    """The look of trace `number`; they come round after seven, with finer dashes.

    Examples
    --------
    >>> look(0).color, look(7).dash
    ('#0072b2', '2 3')
    """
    chosen = _LOOKS[number % len(_LOOKS)]
    if number < len(_LOOKS):
        return chosen
    return Look(chosen.color, chosen.on_dark, chosen.marker, "2 3")
