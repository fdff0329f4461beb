"""Write a picture of a graph to a file, with the best program there is, or with none."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from ..folding import fold as fold_repeats
from ..graph import Graph, read_graph, shown_by
from .dot import to_dot
from .mpl import to_image
from .svg import to_svg

SUFFIXES = (".svg", ".png", ".pdf", ".dot", ".tex")
VARIABLE = "TINYGRAD_EDU_DOT"
TIMEOUT = 60.0  # seconds that a program may take before the next one is asked
MOST = 1000  # vertices that pygraphviz gets: it runs in this process, and nothing can stop it
SIGNS = {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF"}  # what a good answer contains


@dataclass(frozen=True)
class RenderResult:
    """What `save` did.

    Attributes
    ----------
    path
        The file.
    engine
        Who drew it: the path of a program, `"pygraphviz"`, `"built-in"` or, for DOT, `"text"`.
    skipped
        One line for each engine that was tried before and failed, with the reason.
    """

    path: Path
    engine: str
    skipped: tuple[str, ...] = ()


def save(
    output: Any,
    path: str | os.PathLike[str],
    params: Any = None,
    *,
    fold: bool | None = None,
    **show: Any,
) -> RenderResult:
    """Draw a graph into a file; the suffix says how: `.svg`, `.png`, `.pdf`, `.dot` or `.tex`.

    The first of these that works draws: the program that the environment variable
    `TINYGRAD_EDU_DOT` names, `dot`, pygraphviz (2 or later), the built-in layout (PNG and PDF
    then need matplotlib). LaTeX (a page with a TikZ picture) always has the built-in layout. The
    file appears complete or not at all.

    Parameters
    ----------
    output
        A Tensor, several, or a Graph from `read_graph`.
    path
        The file to write.
    params, **show
        As for `read_graph`. A Graph was read already and takes none.
    fold
        Whether blocks of ops that repeat are drawn once, with a count; by default they are if
        there are more than 200 vertices.

    Returns
    -------
    RenderResult
        The path, which engine ran, and why others that were tried did not.

    Raises
    ------
    ValueError
        For an unknown suffix.
    TypeError
        If the output is neither a Tensor nor a Graph, or a Graph comes with `params` or `show_...`.
    OSError
        If the path can't be written.
    RuntimeError
        If a PNG or PDF can be drawn by nothing that is installed.

    Examples
    --------
    >>> import tempfile, tinygrad_edu as tg
    >>> x = tg.tensor(2.0, requires_grad=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(x * x, f"{folder}/square.dot").engine
    'text'
    """
    path = Path(path)
    kind = path.suffix.lower().removeprefix(".")
    if f".{kind}" not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise ValueError(f"can't draw {path.name!r}: unknown suffix {path.suffix!r}; use {known}")
    if not isinstance(output, Graph):
        graph = read_graph(output, params, **show)
    elif params is None and not show:
        graph = output
    else:
        raise TypeError("save: params and show_... are for a Tensor; give them to read_graph")
    content, engine, skipped = draw(fold_repeats(graph, fold), kind)
    write_atomically(path, content)
    return RenderResult(path, engine, skipped)


def draw(graph: Graph, kind: str) -> tuple[bytes, str, tuple[str, ...]]:
    """A picture's bytes, the engine that drew it, and why those before it did not."""
    if kind == "tex":
        from .tikz import graph_tikz

        return graph_tikz(graph).encode(), "built-in", ()
    source = to_dot(graph).source
    if kind == "dot":
        return source.encode(), "text", ()
    skipped = []
    for engine, run in _engines(graph, source, kind):
        try:
            content = run()
        # Whatever an external program or library does wrong, the next engine can still draw.
        except Exception as error:
            skipped.append(f"{engine}: {error}")
            continue
        if SIGNS[kind] in content:
            return content, engine, tuple(skipped)
        skipped.append(f"{engine}: its answer is not {kind.upper()}")
    reasons = "\n  ".join(skipped)
    raise RuntimeError(
        f"nothing here can draw {kind.upper()}: install the extra tinygrad-edu[plot], or save as "
        f".svg, which needs nothing. Tried:\n  {reasons}"
    )


@shown_by
def notebook_svg(graph: Graph) -> str:
    """The picture of a graph in a notebook: it stands alone, and long repeats are folded."""
    return to_svg(fold_repeats(graph))


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside the target, then rename: a reader never sees half a file."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        try:
            temporary.write_bytes(content)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        reason = f"can't write the picture: {error.strerror}"
        raise OSError(error.errno, reason, str(path)) from error


def _engines(graph: Graph, source: str, kind: str) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Engines in order of preference, each with what it does."""
    named = os.environ.get(VARIABLE)
    if named:
        yield named, lambda: _run_program(named, source, kind)
    system = shutil.which("dot")
    if system and system != named:
        yield system, lambda: _run_program(system, source, kind)
    if _is_installed("pygraphviz"):
        yield "pygraphviz", lambda: _run_pygraphviz(source, kind, len(graph.vertices))
    if kind == "svg":
        yield "built-in", lambda: to_svg(graph).encode()
    else:
        yield "built-in", lambda: to_image(graph, kind)


def _run_program(program: str, source: str, kind: str) -> bytes:
    done = subprocess.run(
        [program, f"-T{kind}"], input=source.encode(), capture_output=True, timeout=TIMEOUT
    )
    if done.returncode:
        message = done.stderr.decode(errors="replace").strip().splitlines()
        raise RuntimeError(
            f"exit code {done.returncode}: {message[0] if message else 'no message'}"
        )
    return done.stdout


def _is_installed(module: str) -> bool:
    try:
        import_module(module)
    except ImportError:
        return False
    return True


def _run_pygraphviz(source: str, kind: str, count: int) -> bytes:
    pygraphviz: Any = import_module("pygraphviz")
    if int(pygraphviz.__version__.split(".")[0]) < 2:
        raise RuntimeError(f"version {pygraphviz.__version__} needs the program dot; 2 does not")
    if count > MOST:
        raise RuntimeError(f"{count} nodes may take it minutes, at most {MOST}")
    return bytes(pygraphviz.AGraph(string=source).draw(format=kind, prog="dot"))
