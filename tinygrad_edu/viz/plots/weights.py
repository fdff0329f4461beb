"""Weight templates: what a linear model looks for in each class, as images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .canvas import as_array, new_figure

MOST = 40
COLUMNS = 10
_HEAD = 0.35  # inch, of the title


def templates(
    weight: Any,
    shape: Sequence[int],
    names: Sequence[str] | None = None,
    *,
    title: str = "Weight templates",
    figure: Any = None,
) -> Any:
    """Draw each row of a weight matrix as an image, all on one scale from blue over white to red.

    Parameters
    ----------
    weight : Tensor or array of shape (C, D), or (C, *shape)
        One row a class, as in ``Linear.weight``. Weights of shape (D, C) need ``weight.T``.
    shape : sequence of int
        Of one image, D pixels: ``(28, 28)``, with colours ``(32, 32, 3)`` or ``(3, 32, 32)``.
        Images with colours are drawn in them, and grey is zero.
    names : sequence of str, optional
        Of the classes; their numbers unless given. Of many, the first 40 are drawn.
    title : str
        Above all.
    figure : Figure or SubFigure, optional
        Where to draw. A new one unless given.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        The rows do not fill the shape, or a class has no name.

    Examples
    --------
    >>> figure = templates(np.eye(4), (2, 2), ["a", "b", "c", "d"])  # doctest: +SKIP
    >>> [axes.get_title() for axes in figure.axes[:4]]  # doctest: +SKIP
    ['a', 'b', 'c', 'd']
    """
    size = tuple(int(n) for n in shape)
    rows = _rows(as_array(weight, "templates: weight"), size)
    labels = [str(i) for i in range(len(rows))] if names is None else list(map(str, names))
    if len(labels) != len(rows):
        raise ValueError(f"templates: {len(labels)} names for {len(rows)} templates")
    shown = min(len(rows), MOST)
    columns = min(shown, COLUMNS)
    lines = -(-shown // columns)
    if figure is None:
        figure = new_figure("templates", *figure_size([shown]))
    grid = figure.subplots(lines, columns, squeeze=False)
    image = _draw(grid.ravel(), rows[:shown], size, labels)
    first = f", the first {shown} of {len(rows)} classes" if shown < len(rows) else ""
    scale = ", grey is zero" if image is None else ""
    figure.suptitle(f"{title}{first}{scale}", parse_math=False)
    if image is not None:
        figure.colorbar(image, ax=grid, fraction=0.03, pad=0.02, label="weight")
    return figure


def figure_size(counts: Sequence[int]) -> tuple[float, float]:
    """Width and height in inches for pictures of so many templates, one below the other.

    Examples
    --------
    >>> width, height = figure_size([10, 10])
    >>> round(width, 1), round(height, 2)
    (11.9, 3.55)
    """
    widest = min(max(counts), COLUMNS)
    lines = [-(-min(count, MOST) // COLUMNS) for count in counts]
    return widest * 1.05 + 1.4, sum(n * 1.15 + 0.45 for n in lines) + _HEAD


def _rows(weight: NDArray[Any], size: tuple[int, ...]) -> NDArray[Any]:
    """One flat row a class."""
    pixels = math.prod(size)
    classes = len(weight) if weight.ndim > 1 else 1
    if not weight.size or weight.size != classes * pixels:
        turned = weight.ndim == 2 and weight.shape[0] == pixels
        cure = "; give weight.T" if turned else ""
        raise ValueError(
            f"templates: weight must be (classes, {pixels}) for images of shape {size}, "
            f"not {weight.shape}{cure}"
        )
    return weight.reshape(classes, pixels).astype(np.float64)


def _draw(places: Any, rows: NDArray[Any], size: tuple[int, ...], names: Sequence[str]) -> Any:
    """Draw all on one colour scale; return what a colour bar can explain."""
    for axes in places:
        axes.set_axis_off()
    finite = np.abs(rows[np.isfinite(rows)])
    limit = float(finite.max(initial=0.0)) or 1.0
    mapped = None
    for axes, row, name in zip(places, rows, names, strict=False):
        axes.set_title(name, fontsize=10, parse_math=False)
        picture = as_picture(row, size)
        if picture.ndim == 3:  # colours: grey means zero
            axes.imshow(picture / (2 * limit) + 0.5, aspect="equal")
        else:
            mapped = axes.imshow(picture, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="equal")
    return mapped


def as_picture(row: NDArray[Any], image_shape: tuple[int, ...]) -> NDArray[Any]:
    """Give a row of numbers the shape of a picture: (H, W), or (H, W, 3) with colours.

    Examples
    --------
    >>> [
    ...     as_picture(np.zeros(n), s).shape
    ...     for n, s in [(12, (3, 4)), (5, (5,)), (75, (3, 5, 5))]
    ... ]
    [(3, 4), (1, 5), (5, 5, 3)]
    """
    image = row.reshape(image_shape)
    if image.ndim == 3 and image.shape[-1] not in (1, 3) and image.shape[0] in (1, 3):
        image = np.moveaxis(image, 0, -1)  # channels first, as PyTorch has them
    if image.ndim == 3 and image.shape[-1] == 3:
        return image
    if image.ndim == 3 and image.shape[-1] == 1:
        return image[..., 0]
    return image if image.ndim == 2 else image.reshape(1 if image.ndim < 2 else len(image), -1)
