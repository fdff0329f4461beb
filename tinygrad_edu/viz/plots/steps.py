"""How far each step moves each parameter: gradient norm, and update against weight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .canvas import INK, look, new_figure, tidy
from .history import Column, check_lengths, columns_by_parameter, places, read_table
from .learning import draw_line

HEALTHY = 1e-3  # CS231n notes, "Neural Networks 3": lower may be too slow, higher too fast
PANELS = {"grad_norm": "gradient norm  ‖g‖", "update_ratio": "update / weight  ‖Δw‖ / ‖w‖"}
_NAMES_A_COLUMN = 16


class StepWatch:
    """Measures each step of an optimiser: put ``with watch:`` around ``optimizer.step()``.

    Parameters
    ----------
    model : Module, or mapping from name to Tensor
        Whose parameters are watched.

    Attributes
    ----------
    history : dict
        ``step`` (from 1), and by parameter ``grad_norm`` ‖g‖ and ``update_ratio`` ‖Δw‖ / ‖w‖
        (Euclidean norms; w before the step). NaN where there is no gradient, or w is 0.

    Examples
    --------
    >>> from tinygrad_edu import optim, tensor
    >>> w = tensor([3.0, 4.0], requires_grad=True)
    >>> optimizer, watch = optim.SGD([w], lr=0.5), StepWatch({"w": w})
    >>> (w * tensor([0.0, 2.0])).sum().backward()
    >>> with watch:
    ...     optimizer.step()
    >>> watch.history
    {'step': [1], 'grad_norm': {'w': [2.0]}, 'update_ratio': {'w': [0.2]}}
    """

    def __init__(self, model: Any) -> None:
        named = model.items() if isinstance(model, Mapping) else model.named_parameters()
        self.parameters: dict[str, Any] = dict(named)
        self.history: dict[str, Any] = {
            "step": [],
            **{panel: {name: [] for name in self.parameters} for panel in PANELS},
        }
        self._before: dict[str, Any] = {}
        self._norms: dict[str, float] = {}

    def __enter__(self) -> StepWatch:
        # Copies: a step may write into the weights, and into the gradients.
        self._before = {name: _numbers(p).copy() for name, p in self.parameters.items()}
        self._norms = {
            name: float("nan") if p.grad is None else _norm(_numbers(p.grad))
            for name, p in self.parameters.items()
        }
        return self

    def __exit__(self, kind: Any, *rest: Any) -> None:
        before, self._before = self._before, {}
        if kind is not None:  # a step that failed is none
            return
        self.history["step"].append(len(self.history["step"]) + 1)
        for name, parameter in self.parameters.items():
            size = _norm(before[name])
            moved = _norm(_numbers(parameter) - before[name])
            self.history["grad_norm"][name].append(self._norms[name])
            self.history["update_ratio"][name].append(moved / size if size else float("nan"))


def _numbers(tensor: Any) -> Any:
    return tensor.detach().numpy()


def _norm(array: Any) -> float:
    return float(np.linalg.norm(array.astype(np.float64).ravel()))


def ratios(history: Any, ax: Any = None) -> Any:
    """Draw gradient norm (above) and update-to-weight ratio (below) of each parameter.

    The dashed line at 1e-3 is a rule of thumb of the course notes: far below it a parameter
    hardly learns, far above it the learning rate may be too large.

    Parameters
    ----------
    history : StepWatch, dict, or list of dict
        With ``grad_norm`` or ``update_ratio``, or both: each a dict from parameter to its numbers,
        or, in rows, one dict from parameter to number a row. ``step`` or ``epoch`` count them.
    ax : Axes, or pair of Axes, optional
        Where to draw the two. One Axes takes the ratio, or the norm if there is no ratio.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> history = {"update_ratio": {"0.weight": [2e-2, 3e-3, 1e-3]}}
    >>> figure = ratios(history)  # doctest: +SKIP
    >>> [line.get_label() for line in figure.axes[0].get_lines()]  # doctest: +SKIP
    ['0.weight', '1e-3, a rule of thumb']
    """
    table = read_table(history, "ratios")
    panels = {panel: columns_by_parameter(table, panel) for panel in PANELS}
    panels = {panel: lines for panel, lines in panels.items() if lines}
    if not panels:
        raise ValueError(
            "ratios: nothing to draw; the history needs 'grad_norm' or 'update_ratio', each a dict "
            "from parameter to numbers (StepWatch makes one)"
        )
    everything = {f"{p}[{n}]": c for p, lines in panels.items() for n, c in lines.items()}
    unit, x = places(table, check_lengths("ratios", everything))
    check_lengths("ratios", {**everything, unit: x})
    names = list(dict.fromkeys(name for lines in panels.values() for name in lines))
    targets = _targets(ax, panels, len(names))
    for panel, axes in targets.items():
        _draw_panel(axes, x, panels[panel], names)
        axes.set_ylabel(PANELS[panel])
        if panel == "update_ratio":
            axes.axhline(
                HEALTHY, color=INK, linestyle="--", linewidth=1.2, label="1e-3, a rule of thumb"
            )
    lowest = list(targets.values())[-1]
    lowest.set_xlabel(unit)
    lowest.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    # Beside the picture: with a line a parameter there is no free place in it.
    lowest.legend(
        loc="lower left",
        bbox_to_anchor=(1.01, 0.0),
        frameon=False,
        fontsize=9,
        ncols=-(-(len(names) + 1) // _NAMES_A_COLUMN),
    )
    return lowest.figure


def _draw_panel(axes: Any, x: Column, lines: Mapping[str, Column], names: list[str]) -> None:
    for name, values in lines.items():
        kind = look(names.index(name))
        # A logarithmic axis has no place for 0: a gap says that nothing moved.
        shown = np.where(values > 0, values, np.nan)
        style = {"color": kind.color, "linestyle": kind.line, "marker": kind.marker, "label": name}
        draw_line(axes, x, shown, style)
        every = max(1, len(x) // 8)
        axes.get_lines()[-1].set(markersize=5, markevery=every)
    axes.set_yscale("log")
    tidy(axes)


def _targets(ax: Any, panels: Mapping[str, Any], lines: int) -> dict[str, Any]:
    if ax is None:
        wide = 7.6 + 1.8 * ((lines + 1) // (_NAMES_A_COLUMN + 1))
        figure = new_figure("ratios", wide, 0.6 + 2.7 * len(panels))
        grid = figure.subplots(len(panels), 1, squeeze=False, sharex=True)[:, 0]
        return dict(zip(panels, grid, strict=True))
    if hasattr(ax, "plot"):
        return {list(panels)[-1]: ax}
    given = list(np.ravel(np.asarray(ax, dtype=object)))
    if len(given) != len(PANELS):
        raise ValueError(f"ratios: ax is one Axes, or a pair for norm and ratio, not {len(given)}")
    return {panel: axes for panel, axes in zip(PANELS, given, strict=True) if panel in panels}
