"""A run in JSON, as small as a page wants it: equal views once, defaults left out."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from ..trace import Frame, Moment, Routing, TraceData, View

DIGITS = 3  # of a block's mean: its colour needs no more


class Compact:
    """Runs that share one list of views.

    The upstream gradient of one frame is the running sum of another, and a contribution that comes
    alone is its own sum: most views occur several times.

    Parameters
    ----------
    secret
        Leave out all gradients.

    Examples
    --------
    >>> from tinygrad_edu.viz.trace import look_at
    >>> compact = Compact()
    >>> compact.view(look_at([1.0, 2.0])), compact.view(look_at([1.0, 2.0]))
    (0, 0)
    >>> compact.views[0]["numbers"]
    [1.0, 2.0]
    """

    def __init__(self, secret: bool = False) -> None:
        self.secret = secret
        self.views: list[dict[str, Any]] = []
        self._known: dict[str, int] = {}

    def view(self, view: View | None) -> int | None:
        """The number of a view in the list."""
        if view is None:
            return None
        entry = _without_defaults(view)
        if view.blocks is not None:
            entry["blocks"] = [[_short(value) for value in row] for row in view.blocks]
        for name in ("low", "mean", "high", "norm", "zeros"):
            if name in entry:
                entry[name] = float(f"{entry[name]:.6g}")
        key = json.dumps(entry)
        if key not in self._known:
            self._known[key] = len(self.views)
            self.views.append(entry)
        return self._known[key]

    def gradient(self, view: View | None) -> int | None:
        """The same for a gradient, which may be secret."""
        return None if self.secret else self.view(view)

    def run(self, data: TraceData) -> dict[str, Any]:
        """Everything of one run but its picture."""
        return {
            "title": data.title,
            "vertices": [
                {
                    "id": vertex.id,
                    "kind": vertex.kind,
                    "label": vertex.label,
                    "shape": None if vertex.shape is None else list(vertex.shape),
                    "dtype": vertex.dtype,
                    **self._moment(data.moments.get(vertex.id, Moment())),
                }
                for vertex in data.graph.vertices
            ],
            "edges": [_without_defaults(edge) for edge in data.graph.edges],
            "frames": [self._frame(frame) for frame in data.frames],
            "failure": None if data.failure is None else _without_defaults(data.failure),
            "notes": list(data.notes),
            "before": {key: self.gradient(view) for key, view in data.before.items()},
        }

    def _moment(self, moment: Moment) -> dict[str, Any]:
        entry = _without_defaults(moment)
        for name, pack in (("value", self.view), ("grad", self.gradient)):
            if name in entry and (number := pack(entry.pop(name))) is not None:
                entry[name] = number
        return entry

    def _frame(self, frame: Frame) -> dict[str, Any]:
        entry = _without_defaults(frame)
        for name in ("upstream", "contribution", "partial", "numeric"):
            if name in entry:
                entry[name] = self.gradient(entry[name])
        if frame.routing is not None:
            entry["routing"] = self._routing(frame.routing)
        return entry

    def _routing(self, routing: Routing) -> dict[str, Any]:
        # A share or p - onehot is the gradient itself, up to the upstream factor.
        view = self.gradient(routing.view)
        return {"kind": routing.kind, "text": routing.text, "view": view}


def _without_defaults(item: Any) -> dict[str, Any]:
    """The fields of a data class that say something."""
    values = {field.name: getattr(item, field.name) for field in fields(item)}
    return {
        field.name: values[field.name]
        for field in fields(item)
        if values[field.name] is not None and values[field.name] != field.default
    }


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{DIGITS}g}")
