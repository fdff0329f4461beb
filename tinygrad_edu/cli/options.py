"""What the sub-commands share: exit codes, errors of one line, and the values of options."""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Callable
from typing import Any, NoReturn

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


class UsageError(ValueError):
    """Options that do not go together."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, and that reads ``--start -5,-2``."""

    def error(self, message: str) -> NoReturn:
        complain(message, self.prog)
        self.exit(BAD_INPUT)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        given = list(sys.argv[1:] if args is None else args)
        for i in range(len(given) - 1, 0, -1):
            # argparse takes "-5,-2" for an option, as it doesn't look like one number.
            if re.fullmatch("--[^=]+", given[i - 1]) and re.match(r"-[\d.][^,]*,", given[i]):
                given[i - 1 : i + 1] = [f"{given[i - 1]}={given[i]}"]
        return super().parse_known_args(given, namespace)


def complain(message: object, prog: str = "tinygrad-edu") -> None:
    """Write one line to stderr, whatever the message holds."""
    print(f"{prog}: error: {' '.join(str(message).split())}", file=sys.stderr)


def count(what: str, largest: int | None = None) -> Callable[[str], int]:
    """Return a reader of whole numbers from 1.

    Examples
    --------
    >>> count("epochs")("12")
    12
    """

    def read(text: str) -> int:
        value = whole(text)
        if value < 1:
            raise argparse.ArgumentTypeError(f"{value} {what}: must be at least 1")
        if largest is not None and value > largest:
            raise argparse.ArgumentTypeError(f"{value} {what}: must be at most {largest}")
        return value

    return read


def seed(text: str) -> int:
    """Read a seed: a whole number from 0."""
    value = whole(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{value}: must be at least 0")
    return value


def whole(text: str) -> int:
    """Read a whole number."""
    try:
        return int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: must be a whole number") from error


def number(
    above: float = -math.inf, least: float = -math.inf, below: float = math.inf
) -> Callable[[str], float]:
    """Return a reader of finite numbers within bounds.

    Examples
    --------
    >>> number(least=0, below=1)("0.9")
    0.9
    """
    bounds = [
        text
        for text, bound in ((f"above {above:g}", above), (f"at least {least:g}", least))
        if math.isfinite(bound)
    ]
    bounds += [f"below {below:g}"] if math.isfinite(below) else []

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and above < value and least <= value < below):
            rule = " and ".join(["a finite number", *bounds])
            raise argparse.ArgumentTypeError(f"{text!r}: must be {rule}")
        return value

    return read
