"""What a notebook shows of a trace: a picture that stands alone, and the player in a frame."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from ..graph import Graph
from ..pictures.svg import to_svg

HEIGHT = 760  # pixels: the player's graph and panels, without a scroll bar


def bundle(text: str, graph: Graph, page: Callable[[], str]) -> dict[str, str]:
    """All that can be made of these, by media type; what can't says why in ``text/plain``.

    Parameters
    ----------
    text
        In words.
    graph
        For the picture.
    page
        Makes the player's page.

    Examples
    --------
    >>> def broken():
    ...     raise RuntimeError("no page today")
    >>> bundle("a trace", Graph((), ()), broken)["text/plain"]
    'a trace (no player: no page today)'
    """
    shown: dict[str, Any] = {"text/plain": text}
    picture = ""
    # A notebook would print a traceback in place of the cell's result.
    try:
        picture = shown["image/svg+xml"] = to_svg(graph)
    except Exception as error:
        shown["text/plain"] += f" (no picture: {error})"
    try:
        frame = html.escape(page())
        shown["text/html"] = (
            f'<details><summary>The graph</summary>{picture}</details><iframe srcdoc="{frame}" '
            f'title="Player" sandbox="allow-scripts" '
            f'style="width:100%;height:{HEIGHT}px;border:0"></iframe>'
        )
    except Exception as error:
        shown["text/plain"] += f" (no player: {error})"
        if picture:
            shown["text/html"] = picture
    return shown
