"""Samples of ops along axes: sums, extremes, norms, running sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from .case import Case, Table, case, normal, steps


def reduction(**options: Any) -> list[Case]:
    """Along the last axis, and along two of three with the axes kept."""
    return [
        case(normal(3, 4), axis=(1,), keepdims=False, **options),
        case(normal(2, 3, 4), axis=(0, 2), keepdims=True, **options),
    ]


def extreme() -> list[Case]:
    """The same, then with elements that tie."""
    return [*reduction(), case(steps(4, 3), axis=(0,), keepdims=False)]


def whole(**options: Any) -> list[Case]:
    """Over all axes at once."""
    return [case(normal(3, 4), axis=(0, 1), keepdims=False, **options)]


def running(**options: Any) -> list[Case]:
    """Along one axis, which stays."""
    return [case(normal(3, 4), axis=0, **options), case(normal(2, 3, 4), axis=1, **options)]


_ORDERS = (0.0, 1.0, 2.0, 2.5, np.inf, -np.inf)

TABLE: Table = {
    **{name: reduction() for name in ("sum", "mean", "nansum", "logsumexp")},
    **{name: extreme() for name in ("amax", "amin")},
    **{name: whole() for name in ("max", "min")},
    **{name: running() for name in ("backwards", "cumsum", "cumprod")},
    "median": [*whole(skip_nan=False), *whole(skip_nan=True)],
    "prod": [
        case(normal(3, 4), axis=0, keepdims=False),
        case(normal(2, 3, 4), axis=1, keepdims=True),
    ],
    "var": reduction(correction=1.0, whole=False),
    "std": reduction(correction=1.0, whole=False),
    "vector_norm": [case(normal(3, 4), ord=p, axis=(1,), keepdims=False) for p in _ORDERS],
    "shifted": running(first=1.0),
    "recurrence": [
        case(normal(3, 4), normal(3, 4), axis=1).in_these_shapes("both must have the same")
    ],
    "append": [case(normal(3, 2), normal(3, 4), axis=1)],
    "trace": [case(normal(3, 4))],
    "sum_to": [case(normal(2, 3, 4), shape=(3, 1))],
    "broadcast_to": [case(normal(3, 1), shape=(2, 3, 4))],
}
