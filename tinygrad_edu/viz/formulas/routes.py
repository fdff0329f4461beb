"""Where an op sends its gradient: masks, ties, p - onehot, sub-gradients, counts of indices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..trace import Routing
from . import choices, extremes, indices, probabilities
from .seen import Seen

_KINDS = (choices, extremes, indices, probabilities)

_TABLE: dict[str, Callable[[Seen], Routing | None]] = {
    name: rule for kind in _KINDS for name, rule in kind.ROUTES.items()
}


def routing(
    op: str,
    inputs: Sequence[Any],
    out: Any,
    i: int,
    params: Mapping[str, Any],
    contribution: Any,
) -> Routing | None:
    """Where `op` sent the gradient of its result, if it chooses at all.

    Parameters
    ----------
    op : str
        The op's name.
    inputs : sequence of array or None
        Its inputs; None for one whose value was not kept.
    out : array or None
        Its result.
    i : int
        Which input got `contribution`.
    params : mapping
        The op's options.
    contribution : array
        What the input got.

    Returns
    -------
    Routing or None
        None for ops that do not route, and where a value that is needed was not kept.

    Examples
    --------
    >>> x = np.array([-1.0, 2.0, 3.0])
    >>> found = routing("relu", [x], np.maximum(x, 0), 0, {}, np.array([0.0, 1.0, 1.0]))
    >>> found.text, found.view.numbers
    ('2 of 3 elements pass', [0.0, 1.0, 1.0])
    """
    rule = _TABLE.get(op)
    if rule is None:
        return None
    try:
        arrays = tuple(None if x is None else np.asarray(x) for x in inputs)
        with np.errstate(all="ignore"):
            return rule(Seen(arrays, np.asarray(out), i, params, np.asarray(contribution)))
    except Exception:  # a value was not kept, or the op only has the name of one of ours
        return None
