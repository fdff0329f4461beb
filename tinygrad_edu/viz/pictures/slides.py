"""The steps of a trace as numbered pictures, for handouts and slides."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ..layout.layout import lay_out
from ..trace import TraceData
from .drawing import Page, Shape, page_for, shapes
from .paper import MARK, to_pdf_bytes, to_svg_text
from .storyboard import rows, steps

MOST = 999  # pictures: more are no handout, and three digits hold the numbers
CONVERTER = "rsvg-convert"  # makes PDF of SVG where matplotlib is not installed
TIMEOUT = 60.0  # seconds for one picture


def export_frames(
    data: TraceData,
    folder: str | os.PathLike[str],
    kind: str = "svg",
    prefix: str = "frame",
) -> list[Path]:
    """Draw every frame of a trace into a file of its own: `frame-001.svg`, `frame-002.svg`, ...

    All pictures have one size and show the whole graph: what waits is dashed, what runs is thick
    and orange, what is done is green, and a badge counts the contributions that have arrived.
    The caption has the formula, its shapes and the numbers. The files appear all or not at all;
    those of an earlier export with this prefix are replaced.

    Parameters
    ----------
    data
        The trace: `viz.trace(loss).data`.
    folder
        Where to; it is made if it does not exist.
    kind
        "svg", which needs nothing, or "pdf", by matplotlib or the program `rsvg-convert`.
    prefix
        What the files' names begin with.

    Returns
    -------
    list of Path
        The files in their order. A program that failed has one more: the op that failed.

    Raises
    ------
    ValueError
        For another kind, a prefix that is no name of a file, or more than 999 frames.
    FileExistsError
        If a file of this name exists that was not made here. Nothing is written then.
    RuntimeError
        If nothing that is installed draws PDF.
    OSError
        If the folder can't be written.

    Examples
    --------
    >>> import tempfile
    >>> from tinygrad_edu.viz import Graph, Vertex
    >>> data = TraceData(Graph((Vertex("v0", "leaf", "x"),), ()), {}, ())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in export_frames(data, folder)]
    ['frame-001.svg']
    """
    if kind not in ("svg", "pdf"):
        raise ValueError(f"export_frames: kind must be 'svg' or 'pdf', not {kind!r}")
    if not prefix or Path(prefix).name != prefix:
        raise ValueError(f"export_frames: prefix must be a part of a file's name, not {prefix!r}")
    count = len(data.frames) + (data.failure is not None)
    if count > MOST:
        raise ValueError(
            f"export_frames: {count} frames are too many for files, at most {MOST}; "
            'save("trace.html") shows them all'
        )
    target = Path(folder)
    names = [f"{prefix}-{number:03}.{kind}" for number in range(1, max(count, 1) + 1)]
    earlier = _earlier(target, prefix, kind, names)
    with _workshop(target) as bench:
        for name, content in zip(names, _pictures(data, kind), strict=True):
            (bench / name).write_bytes(content)
        for name in names:
            os.replace(bench / name, target / name)
    for path in earlier:
        if path.name not in names:
            path.unlink(missing_ok=True)
    return [target / name for name in names]


def _pictures(data: TraceData, kind: str) -> Iterator[bytes]:
    """One picture after the other, and a counter on a terminal."""
    draw = _pdf_writer() if kind == "pdf" else _svg
    told = steps(data)
    room = rows(told)
    layout = lay_out(data.graph, room.size)
    page = page_for(layout, told)
    with _counter(len(told)) as show:
        for number, step in enumerate(told, 1):
            drawn = shapes(data.graph, layout, room, step, page)
            yield draw(drawn, page, f"{data.title}, step {number} of {len(told)}")
            show(number)


Writer = Callable[[Sequence[Shape], Page, str], bytes]


def _svg(drawn: Sequence[Shape], page: Page, title: str) -> bytes:
    return to_svg_text(drawn, page, title).encode()


def _pdf_writer() -> Writer:
    """Who makes PDF here: matplotlib, else a program that converts our SVG."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        program = shutil.which(CONVERTER)
        if program is None:
            raise RuntimeError(
                "PDF needs matplotlib: install the extra tinygrad-edu[plot], or the program "
                f"{CONVERTER}; kind='svg' needs nothing"
            ) from error
        return lambda drawn, page, title: _convert(program, _svg(drawn, page, title))
    return lambda drawn, page, title: to_pdf_bytes(drawn, page)


def _convert(program: str, svg: bytes) -> bytes:
    done = subprocess.run([program, "-f", "pdf"], input=svg, capture_output=True, timeout=TIMEOUT)
    if done.returncode or not done.stdout.startswith(b"%PDF"):
        reason = done.stderr.decode(errors="replace").strip() or "its answer is not PDF"
        raise RuntimeError(f"{program} can't draw PDF: {reason}")
    # A comment after the end: a PDF by another program does not say who asked for it.
    return done.stdout + b"\n% " + MARK.encode() + b"\n"


# ----------------------------------------------------------------- files


def _earlier(folder: Path, prefix: str, kind: str, names: Sequence[str]) -> list[Path]:
    """The files of an earlier export; refuses if a new one would replace somebody else's."""
    pattern = re.compile(rf"{re.escape(prefix)}-\d{{3}}\.{kind}")
    try:
        found = [path for path in folder.iterdir() if pattern.fullmatch(path.name)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    foreign = [path.name for path in found if not _is_ours(path)]
    if hit := sorted(set(foreign) & set(names)):
        raise FileExistsError(
            f"{folder / hit[0]} was not made by this export; choose another folder or prefix"
        )
    return [path for path in found if path.name not in foreign]


def _is_ours(path: Path) -> bool:
    return path.is_file() and MARK.encode() in path.read_bytes()


@contextlib.contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """A folder inside the target for files in the making; what is unfinished goes with it."""
    try:
        made = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        bench = Path(tempfile.mkdtemp(prefix=".frames-", dir=folder))
    except OSError as error:
        reason = f"can't write the frames: {error.strerror}"
        raise OSError(error.errno, reason, str(folder)) from error
    try:
        yield bench
    except BaseException:
        shutil.rmtree(folder if made else bench, ignore_errors=True)
        raise
    shutil.rmtree(bench, ignore_errors=True)


@contextlib.contextmanager
def _counter(count: int) -> Iterator[Callable[[int], None]]:
    """Counts on a terminal's stderr, and leaves no trace there; elsewhere says nothing."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    try:
        yield lambda done: print(f"\rframe {done} of {count}", end="", file=sys.stderr, flush=True)
    finally:
        print("\r" + " " * len(f"frame {count} of {count}") + "\r", end="", file=sys.stderr)
