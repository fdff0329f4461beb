"""How wrong is a gradient? Relative errors, and CS231n's words for them."""

from __future__ import annotations

from typing import Any

import numpy as np

# The scale of the CS231n notes: up to this relative error, these words.
SCALE = ((1e-7, "happy"), (1e-4, "ok with kinks"), (1e-2, "uncomfortable"))
WRONG = "probably WRONG"

# An element is wrong when it is off by more than this many error bounds.
TOLERANCE = 4.0


def label(error: float) -> str:
    """CS231n's words for a relative error.

    Examples
    --------
    >>> label(1e-7), label(2e-7), label(0.5), label(float("nan"))
    ('happy', 'ok with kinks', 'probably WRONG', 'probably WRONG')
    """
    for limit, words in SCALE:
        if error <= limit:
            return words
    return WRONG


def relative_errors(analytic: Any, numeric: Any, bound: Any = 0.0) -> np.ndarray:
    """Relative error ``|a - n| / max(|a|, |n|)`` of each element, in the light of its error bound.

    Where `a` and `n` agree to within 4 bounds, differences cannot tell them apart. Such an element
    is compared with the largest of the array, and counts as 0 if even that is not "happy": 0
    against 1e-13 is no relative error of 1. A NaN or a lone infinity is an infinite error.

    Examples
    --------
    >>> relative_errors([2.0, 0.0, 0.0], [1.0, 1e-13, 1.0], 1e-12).tolist()
    [0.5, 5e-14, 1.0]
    """
    a, n, b = np.broadcast_arrays(*(np.asarray(v, np.float64) for v in (analytic, numeric, bound)))
    with np.errstate(all="ignore"):
        gap, size = np.abs(a - n), np.maximum(np.abs(a), np.abs(n))
        error = np.where(size > 0, gap / size, 0.0)
        finite = np.isfinite(size)
        largest = np.maximum(size, np.max(size, initial=0.0, where=finite))
        agree = gap <= TOLERANCE * np.nan_to_num(b, nan=0.0, posinf=0.0)
        soft = np.where(largest > 0, gap / largest, 0.0)
        error = np.where(agree, np.where(soft <= SCALE[0][0], np.minimum(soft, error), 0.0), error)
    return np.where(finite, error, np.where(a == n, 0.0, np.inf))


def worst_places(errors: np.ndarray, gaps: np.ndarray, many: int) -> list[tuple[int, ...]]:
    """Indices of the largest errors, worst first; equal errors by their gap ``|a - n|``.

    A wrong factor makes all relative errors equal but for round-off, so errors within 0.2 percent
    are taken as equal: the element shown is then one that matters.

    Examples
    --------
    >>> worst_places(np.array([0.5, 1.0, 1.0]), np.array([9.0, 2.0, 3.0]), 2)
    [(2,), (1,)]
    """
    with np.errstate(divide="ignore"):
        sizes = np.round(np.log10(errors), 3)
    order = np.lexsort((-np.nan_to_num(gaps, nan=np.inf).ravel(), -sizes.ravel()))[:many]
    return [tuple(int(i) for i in np.unravel_index(k, errors.shape)) for k in order]
