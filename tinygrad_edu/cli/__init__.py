"""The command line: ``tinygrad-edu`` and ``python -m tinygrad_edu``.

Every sub-command is a function that adds its parser, and one that runs it and returns the exit
code: 0 done, 1 the run failed, 2 bad input, 130 interrupted by Ctrl-C. Bad input is found before
anything is trained or written, and is told in one line on stderr.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence

from .. import __version__
from ..data import DataError
from ..training import OutputError
from .check import add_check
from .doctor import add_doctor
from .options import BAD_INPUT, FAILED, INTERRUPTED, Parser, UsageError, complain
from .race import add_race
from .sweep import add_sweep
from .train import add_train
from .viz import add_viz


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process unless given.

    Examples
    --------
    >>> main(["--version"])
    tinygrad-edu ...
    0
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a path may hold what it can't encode
    try:
        args = parser().parse_args(argv)
        return int(args.run(args))
    except SystemExit as stop:  # argparse, after --help or an error
        return int(stop.code or 0)
    except (UsageError, DataError, OutputError) as error:
        complain(error)
        return BAD_INPUT
    except BrokenPipeError:
        # Whoever read our output has left (`tinygrad-edu train | head`). Python would complain
        # once more when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except MemoryError as error:
        complain(f"out of memory; try a smaller model or batch ({error})")
        return FAILED
    except OSError as error:
        complain(error)
        return FAILED
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED


def parser() -> argparse.ArgumentParser:
    """Make the parser of all commands."""
    main_parser = Parser(
        prog="tinygrad-edu",
        description="A teaching autograd on NumPy: read it, check it by hand, watch it run.",
        epilog="Start with: tinygrad-edu train",
        allow_abbrev=False,
    )
    main_parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = main_parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    add_train(commands)
    add_race(commands)
    add_check(commands)
    add_viz(commands)
    add_sweep(commands)
    add_doctor(commands)
    commands.metavar = "{" + ",".join(commands.choices) + "}"
    return main_parser
