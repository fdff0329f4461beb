"""A race of several rules over one function, as an animated GIF."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .pictures import GREYS, Window, common, contour
from .style import look
from .trace import Trace


def race_gif(
    traces: Trace | Sequence[Trace],
    window: Window | None = None,
    frames: int = 60,
    seconds: float = 6.0,
    progress: Callable[[int, int], None] | None = None,
) -> bytes:
    """A race as an animated GIF.

    Parameters
    ----------
    traces : Trace or sequence of Trace
        Of one function.
    window : tuple of (low, high), optional
        The range of each variable; the function's own unless given, grown to hold the paths.
    frames : int
        How many pictures, at most.
    seconds : float
        How long they take.
    progress : callable, optional
        Called with the number of pictures drawn and of all.

    Raises
    ------
    ImportError
        Without matplotlib; the message says how to install it.
    """
    chosen, _ = common(traces)
    figure = contour(chosen, window, arrow=False)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    figure.set_dpi(100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.axes[0]
    lines = axes.lines[-len(chosen) :]
    paths = [line.get_xydata() for line in lines]
    counter = axes.text(0.02, 0.03, "", transform=axes.transAxes, zorder=9, bbox=_CARD)
    canvas.draw()  # once, so that the layout is settled; after it only the lines change
    figure.set_layout_engine("none")
    moving = [*lines, counter]
    for artist in moving:
        artist.set_visible(False)
    canvas.draw()
    still = canvas.copy_from_bbox(figure.bbox)
    longest = max(t.steps for t in chosen)
    shown = np.unique(np.linspace(0, longest, min(frames, longest + 1)).round().astype(int))
    images = []
    for done, k in enumerate(shown, 1):
        canvas.restore_region(still)
        for line, path in zip(lines, paths, strict=True):
            line.set_data(*path[: k + 1].T)
            line.set(markevery=[min(k, len(path) - 1)], markersize=9)  # the runner alone
        counter.set_text(f"step {k}")
        for artist in moving:
            artist.set_visible(True)
            axes.draw_artist(artist)
        pixels = np.asarray(canvas.buffer_rgba())[..., :3].copy()
        images.append(Image.fromarray(pixels))
        if progress is not None:
            progress(done, len(shown))
    palette = _palette(len(chosen))
    flat = [i.quantize(palette=palette, dither=Image.Dither.NONE) for i in images]
    file = io.BytesIO()
    pause = [max(20, round(1000 * seconds / len(images)))] * len(images)
    pause[-1] = 2000  # the finished race, before it starts anew
    flat[0].save(file, format="GIF", save_all=True, append_images=flat[1:], duration=pause, loop=0)
    return file.getvalue()


def _palette(count: int) -> Any:
    """The colours of a picture, for all pictures of a GIF.

    A palette that is found by counting would spend itself on the greys of the ground.
    """
    from PIL import Image

    def blend(start: str, end: str, shades: int) -> list[int]:
        colors = [[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in (start, end)]
        first, last = np.array(colors)
        return np.linspace(first, last, shades).round().astype(int).ravel().tolist()

    flat = blend(*GREYS, 24) + blend("#000000", "#ffffff", 16) + blend("#f0e442", "#ffffff", 3)
    for i in range(count):
        flat += blend(look(i).color, GREYS[i % 2], 5)[:12]
    palette = Image.new("P", (1, 1))
    palette.putpalette(flat[: 3 * 256])
    return palette


_CARD = {"facecolor": "white", "edgecolor": "#b9c0cb", "pad": 4}
