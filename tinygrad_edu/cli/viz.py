"""``tinygrad-edu viz``: see backprop in a script of your own, as a page, a picture or slides."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .check_script import read_target
from .options import DONE, FAILED, UsageError, complain
from .viz_script import EPILOG, run_script

if TYPE_CHECKING:
    from ..viz.trace import TraceData

SUFFIXES = (".html", ".svg", ".png", ".pdf", ".dot", ".tex")


def add_viz(commands: Any) -> None:
    """Add the parser of ``viz``."""
    command = commands.add_parser(
        "viz",
        help="see backprop in a script: a page that steps through it, pictures, slides",
        description=(
            "Run a script, record its forward and backward pass, and write what is seen. The "
            "suffix says what: .html a page to step through; .svg, .png, .pdf, .dot the graph; "
            ".tex a Beamer slide; a folder a numbered picture of every frame."
        ),
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.set_defaults(run=run_viz)
    option = command.add_argument
    option("script", metavar="SCRIPT.py:NAME", help="a loss, or a function that returns one")
    option("--out", required=True, metavar="FILE", help="where to: a file, or a folder/")
    option("--params", metavar="NAME", help="the model or dict in the script that names parameters")
    option("--check", action="store_true", help="differences beside every gradient")
    option(
        "--frames",
        nargs="?",
        const="svg",
        choices=("svg", "pdf"),
        help="write a picture of every frame into the folder --out (default: svg)",
    )
    option("--title", metavar="TEXT", help="of the page (default: SCRIPT.py:NAME)")


def run_viz(args: argparse.Namespace) -> int:
    """Draw what the options say."""
    path, name = read_target(args.script, "draw", "loss")
    out = read_out(args.out, args.frames)
    where = f"{path.name}:{name}"
    trace = run_script(path, name, args.params, check=args.check, title=args.title or where)
    data: TraceData = trace.data
    try:
        wrote = write_frames(data, out, args.frames or "svg") if is_folder(out, args) else None
        print(wrote or write_file(trace, out))
    # What is missing for PNG and PDF, or too long for slides: a library's error, or ours.
    except (RuntimeError, ImportError, ValueError) as error:
        complain(error)
        return FAILED
    print(summary(data))
    if data.failure is not None:
        line = f"; {data.failure.line}" if data.failure.line else ""
        complain(
            f"{where}: {data.failure.op} failed, drawn up to there: {data.failure.message}{line}"
        )
        return FAILED
    return verdict(data) if args.check else DONE


def read_out(text: str, frames: str | None) -> Path:
    """Make sure, before the script runs, that something can be written there.

    Examples
    --------
    >>> read_out("graph.gif", None)
    Traceback (most recent call last):
    tinygrad_edu.cli.options.UsageError: argument --out: graph.gif: must end in .html, ...
    """
    path = Path(text)
    if not text:
        raise UsageError("argument --out: must be the name of a file or folder")
    if frames or text.endswith("/") or path.is_dir():
        if path.exists() and not path.is_dir():
            raise UsageError(f"argument --out: {text}: is a file; every frame goes into a folder")
        return path
    if path.suffix.lower() not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise UsageError(f"argument --out: {text}: must end in {known}, or in / for a folder")
    if not path.parent.is_dir():
        raise UsageError(f"argument --out: {text}: there is no directory {path.parent}")
    return path


def is_folder(out: Path, args: argparse.Namespace) -> bool:
    """Whether the frames go out one by one."""
    return bool(args.frames) or args.out.endswith("/") or out.is_dir()


def write_frames(data: TraceData, folder: Path, kind: str) -> str:
    """Write one picture per frame; say what was written."""
    from ..viz.pictures.slides import export_frames

    made = export_frames(data, folder, kind)
    return f"wrote {made[0]} to {made[-1].name}"


def write_file(trace: Any, out: Path) -> str:
    """Write one file; say which engine drew it, and why those before it did not."""
    done = trace.save(out)
    lines = [f"wrote {out} by {done.engine}"]
    lines += [f"  not by {text}" for text in done.skipped]
    return "\n".join(lines)


def summary(data: TraceData) -> str:
    """How much there is to see."""
    forward = sum(frame.phase == "forward" for frame in data.frames)
    backward = len(data.frames) - forward
    frames = "1 frame" if len(data.frames) == 1 else f"{len(data.frames)} frames"
    lines = [f"{frames}: {forward} forward, {backward} backward"]
    lines += [f"note: {note}" for note in data.notes]
    return "\n".join(lines)


def verdict(data: TraceData) -> int:
    """Say whether differences agree; return the exit code."""
    checked = [frame for frame in data.frames if frame.agrees is not None]
    wrong = [frame for frame in checked if not frame.agrees]
    print(f"{len(checked) - len(wrong)} of {len(checked)} contributions agree with differences")
    ops = {vertex.id: vertex.op for vertex in data.graph.vertices}
    for frame in wrong:
        moment = data.moments.get(frame.vertex)
        where = f" ({moment.line.strip()})" if moment is not None and moment.line else ""
        words = f"{frame.formula or frame.contributes}: disagrees with differences"
        complain(f"{ops.get(frame.vertex, '')}{where}: {words}")
    return FAILED if wrong else DONE
