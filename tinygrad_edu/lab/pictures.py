"""Pictures of traces: contour with paths, loss against step, the (lr, beta) plane.

They need matplotlib (the `plot` extra), imported when a picture is drawn, and are Figure objects
made without `pyplot`, so that the backend a notebook chose stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import located
from .contours import grid, levels, window_of
from .functions import LabError, Objective
from .phase import best_descent, best_momentum, convergence_rate
from .style import look
from .trace import Trace

Window = tuple[tuple[float, float], ...]
GREYS = ("#ffffff", "#c9ced6")  # of the ground: low is light, and every path stands out
_LEAST = 1e-16  # what a logarithmic axis shows of zero


def plotting(what: str) -> Any:
    """The class Figure of matplotlib.

    Raises
    ------
    ImportError
        It is not installed; the message says how to.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            f'{what} needs matplotlib: python -m pip install "tinygrad-edu[plot]"'
        ) from error
    return Figure


def common(traces: Trace | Sequence[Trace]) -> tuple[list[Trace], Objective]:
    """One trace or several as a list, and the function that they share."""
    chosen = [traces] if isinstance(traces, Trace) else list(traces)
    if not chosen:
        raise LabError(located("traces: there is none"))
    functions = {t.function.name for t in chosen}
    if len(functions) > 1:
        raise LabError(located(f"traces of different functions: {', '.join(sorted(functions))}"))
    return chosen, chosen[0].function


def labels_of(traces: Sequence[Trace]) -> list[str]:
    """A name for each: the rule, with what tells it from another trace of the same rule."""
    names = []
    for t in traces:
        twins = [u for u in traces if u.label == t.label]
        extra = [
            f"{'β' if k == 'momentum' else k}={v}"
            for k, v in t.options.items()
            if k != "lr" and any(u.options.get(k) != v for u in twins)
        ]
        names.append(" ".join([t.label, *extra]))
    return names


def contour(
    traces: Trace | Sequence[Trace], window: Window | None = None, arrow: bool = True
) -> Any:
    """Draw the landscape and the paths over it, as ``show_trace_2d`` of S4 does.

    Parameters
    ----------
    traces : Trace or sequence of Trace
        Of one function. In one dimension its graph is drawn instead of contours.
    window : tuple of (low, high), optional
        The range of each variable; the function's own unless given, grown to hold the paths.
    arrow : bool
        Draw the first step of the first trace, ``-lr`` times its gradient, as an arrow.

    Returns
    -------
    matplotlib.figure.Figure
    """
    chosen, function = common(traces)
    figure = plotting("contour")(figsize=(7.2, 5.4), layout="constrained")
    axes = figure.add_subplot()
    sides = window or window_of(chosen)
    places = draw_ground(axes, function, sides)
    for number, (t, name) in enumerate(zip(chosen, labels_of(chosen), strict=True)):
        kind = look(number)
        few = t.steps <= 60
        axes.plot(
            *places(t),
            color=kind.color,
            marker=kind.marker,
            markersize=4.5 if few else 3.5,
            markevery=1 if few else max(1, t.steps // 25),
            markeredgecolor="white",
            markeredgewidth=0.5,
            linewidth=1.6,
            linestyle=_dashes(kind.dash),
            label=name,
            zorder=4,
        )
    if arrow:
        _draw_first_step(axes, chosen[0], places(chosen[0]))
    _legend(figure, axes)
    return figure


def draw_ground(axes: Any, function: Objective, window: Window) -> Any:
    """Draw the function itself; return what turns a trace into places on the picture."""
    axes.set_title(f"{function.name}: {function.formula}", fontsize=10, parse_math=False)
    axes.set_xlim(*window[0])
    axes.spines[["top", "right"]].set_visible(False)
    if function.dimension == 1:
        x = np.linspace(*window[0], 401)
        y = function(x)
        axes.plot(x, y, color="#808894", linewidth=1.4, zorder=1)
        axes.set_xlabel("x")
        axes.set_ylabel("f")
        axes.set_ylim(*span(y))
        return lambda t: (t.points[:, 0], t.values)
    from matplotlib.colors import LinearSegmentedColormap

    x1, x2, values = grid(function, window)
    heights = levels(values)
    shades = LinearSegmentedColormap.from_list("ground", GREYS)
    colors = shades(np.linspace(0, 1, len(heights) + 1))
    axes.contourf(x1, x2, values, levels=heights, colors=colors, extend="both")
    axes.contour(x1, x2, values, levels=heights, colors="#808894", linewidths=0.6)
    for minimum in function.minima:
        axes.plot(*minimum, marker="*", markersize=13, color="#f0e442", markeredgecolor="#1a1a1a")
    axes.set_ylim(*window[1])
    axes.set_xlabel("x₁")
    axes.set_ylabel("x₂")
    return lambda t: (t.points[:, 0], t.points[:, 1])


def span(y: Any) -> tuple[float, float]:
    """The range of an axis, a little wider than what is on it."""
    low, high = float(np.min(y)), float(np.max(y))
    room = 0.06 * (high - low) or 1.0
    return low - room, high + room


def _draw_first_step(axes: Any, t: Trace, places: tuple[Any, Any]) -> None:
    if "lr" not in t.options or not t.steps:
        return
    tail = np.array([places[0][0], places[1][0]])
    step = -t.options["lr"] * np.resize([*t.gradients[0], 0.0], 2)
    # An arrow that leaves the picture ends at its edge: matplotlib would draw it over the title.
    corners = np.array([axes.get_xlim(), axes.get_ylim()])
    with np.errstate(all="ignore"):
        room = np.where(step > 0, corners[:, 1] - tail, corners[:, 0] - tail) / step
    share = min(1.0, *room[step != 0])
    if not share > 0:
        return
    tip = tail + share * step
    axes.annotate(
        "",
        xy=tip,
        xytext=tail,
        arrowprops={"arrowstyle": "-|>", "color": "#1a1a1a", "lw": 2.0, "shrinkA": 0, "shrinkB": 0},
        zorder=5,
    )
    axes.plot([], [], color="#1a1a1a", linewidth=2.0, label="−η∇f at the start")


def _dashes(dash: str) -> Any:
    return (0, tuple(float(d) / 1.6 for d in dash.split())) if dash else "-"


def loss_curves(traces: Trace | Sequence[Trace]) -> Any:
    """Draw the height above the minimum against the step, on a logarithmic scale.

    Where the minimum is not known, or infinitely far down, the function itself on a linear one.

    Returns
    -------
    matplotlib.figure.Figure
    """
    chosen, function = common(traces)
    figure = plotting("loss_curves")(figsize=(7.2, 4.4), layout="constrained")
    axes = figure.add_subplot()
    for number, (t, name) in enumerate(zip(chosen, labels_of(chosen), strict=True)):
        kind = look(number)
        axes.plot(
            heights(t),
            color=kind.color,
            marker=kind.marker,
            markersize=4.5,
            markevery=max(1, t.steps // 15),
            linewidth=1.6,
            linestyle=_dashes(kind.dash),
            label=name,
        )
    if function.lowest is not None:
        axes.set_yscale("log")
        decades = np.log10(np.concatenate([heights(t) for t in chosen]))
        top = max(np.log10(heights(t)[0]) for t in chosen)
        low, high = visible(decades, top, function)
        axes.set_ylim(10**low, 10**high)
        axes.set_ylabel("f − minimum" if function.lowest else "f")
    else:
        axes.set_ylabel("f")
        axes.set_ylim(
            *visible(
                np.concatenate([t.values for t in chosen]),
                max(t.values[0] for t in chosen),
                function,
            )
        )
    axes.set_xlabel("step")
    axes.set_title(f"{function.name}: {function.formula}", fontsize=10, parse_math=False)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    _legend(figure, axes)
    return figure


def _legend(figure: Any, axes: Any) -> None:
    """Below the picture, so that no path runs through it, in as many columns as fit."""
    _, names = axes.get_legend_handles_labels()
    columns = max(1, min(4, len(names), 80 // (max(map(len, names)) + 8)))
    figure.legend(loc="outside lower center", ncols=columns, frameon=False)


def visible(curves: Any, top: float, function: Objective) -> tuple[float, float]:
    """The range of loss that is worth an axis, if traces start at most as high as `top`.

    One that diverges, or falls without end, must not flatten the others.
    """
    room = 1.0 if function.lowest is not None else 1 + abs(top)
    return span(np.clip(curves, top - 20 * room, top + 2 * room))


def heights(t: Trace) -> Any:
    """What a loss curve shows: the height above the minimum if that is known, else the value."""
    if t.function.lowest is None:
        return t.values
    return np.maximum(t.values - t.function.lowest, _LEAST)


def _curvatures(given: Sequence[float] | Objective) -> tuple[str, Sequence[float]]:
    """What to call them, and the eigenvalues."""
    if not isinstance(given, Objective):
        return "", given
    if not given.minima:
        raise LabError(located(f"phase_diagram: {given.name} has no minimum"))
    return f"{given.name}, ", np.linalg.eigvalsh(given.hessian(given.minima[0])).tolist()


def phase_diagram(
    curvatures: Sequence[float] | Objective,
    traces: Trace | Sequence[Trace] = (),
    lr_max: float | None = None,
    points: int = 301,
) -> Any:
    """Draw by how much a step of momentum shrinks the error, over learning rate and momentum.

    Parameters
    ----------
    curvatures : sequence of float, or Objective
        Eigenvalues of the Hessian; of a function, those at its lowest minimum.
    traces : Trace or sequence of Trace, optional
        Mark where their settings lie.
    lr_max : float, optional
        Where the picture ends; what momentum 1 could just bear unless given.
    points : int
        Of the grid along each axis.

    Returns
    -------
    matplotlib.figure.Figure
    """
    name, curvatures = _curvatures(curvatures)
    figure = plotting("phase_diagram")(figsize=(7.2, 5.0), layout="constrained")
    axes = figure.add_subplot()
    largest = max(curvatures)
    lr = np.linspace(0, lr_max or 4 / largest, points)
    beta = np.linspace(0, 1, points)
    rate = convergence_rate(lr[None, :], beta[:, None], curvatures)
    steps = np.linspace(np.floor(20 * rate.min()) / 20, 1.0, 15)
    mapped = axes.contourf(lr, beta, rate, levels=steps, cmap="cividis")
    axes.contourf(lr, beta, rate, levels=[1.0, np.inf], colors="#e6e6e6", hatches=["//"])
    axes.plot((2 + 2 * beta) / largest, beta, color="#d55e00", linewidth=2.2)
    axes.annotate(
        "diverges",
        xy=(0.93, 0.08),
        xycoords="axes fraction",
        ha="right",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 3},
    )
    for best, marker, text in (
        (best_descent(curvatures), "o", "best without momentum"),
        (best_momentum(curvatures), "*", "best with momentum"),
    ):
        label = f"{text}: η {best.lr:.4g}, β {best.beta:.4g}, rate {best.rate:.4g}"
        style = {"color": "white", "markeredgecolor": "#1a1a1a", "clip_on": False, "zorder": 5}
        size = 15 if marker == "*" else 9
        axes.plot(best.lr, best.beta, marker, markersize=size, label=label, **style)
    marked = [traces] if isinstance(traces, Trace) else list(traces)
    for number, (t, text) in enumerate(zip(marked, labels_of(marked), strict=True)):
        where = t.options.get("lr", 0), t.options.get("momentum", 0)
        style = {"color": look(number).color, "markeredgecolor": "white", "clip_on": False}
        axes.plot(*where, look(number).marker, markersize=9, label=text, zorder=6, **style)
    axes.plot([], [], color="#d55e00", linewidth=2.2, label="η λ = 2 + 2β, the limit")
    axes.set_xlim(0, lr[-1])
    axes.set_ylim(0, 1)
    axes.set_xlabel("learning rate η")
    axes.set_ylabel("momentum β")
    shown = ", ".join(f"{c:.4g}" for c in curvatures)
    axes.set_title(f"{name}curvatures {shown}", fontsize=10, parse_math=False)
    figure.colorbar(mapped, ax=axes, label="spectral radius: the factor of one step", format="%.2f")
    figure.legend(loc="outside lower center", ncols=1, frameon=False, fontsize=9)
    return figure
