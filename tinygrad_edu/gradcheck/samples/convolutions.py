"""Samples of what a convolution is made of: windows, and windows put back."""

from __future__ import annotations

from typing import Any

from .case import Table, case, normal

_PLAIN: dict[str, Any] = {
    "kernel": (2, 3),
    "stride": (1, 1),
    "dilation": (1, 1),
    "padding": ((0, 0), (0, 0)),
}
# Windows with gaps inside and between, and more zeros on one side than on the other.
_SPREAD: dict[str, Any] = {
    "kernel": (3, 2),
    "stride": (2, 1),
    "dilation": (1, 2),
    "padding": ((1, 0), (2, 1)),
}
_ONE = "its axes are those of images"

TABLE: Table = {
    "windows": [
        case(normal(2, 3, 4, 5), **_PLAIN).in_these_shapes(_ONE),
        case(normal(1, 2, 5, 4), **_SPREAD).in_these_shapes(_ONE),
    ],
    "put_windows": [
        case(normal(1, 1, 2, 3, 5, 4), shape=(1, 1, 6, 6), **_PLAIN).in_these_shapes(_ONE),
        case(normal(1, 1, 3, 2, 4, 5), shape=(1, 1, 9, 4), **_SPREAD).in_these_shapes(_ONE),
    ],
}
