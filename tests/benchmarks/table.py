"""A table of strings, for the terminal and as Markdown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field

from .timing import Outcome, Spread, Times

LONGEST_REASON = 36
# A number with its unit or its spread, and no name such as 64-10.
NUMBER = re.compile(r"-?\d[\d,.]*(x|\s|$)")


@dataclass
class Section:
    """What one file measured.

    Attributes
    ----------
    name, title, header, rows, notes
        What is printed; a row has a string per column.
    values : dict
        The numbers that `budget.py` judges.
    """

    name: str
    title: str
    header: Sequence[str]
    rows: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    values: dict[tuple[str, ...], float] = field(default_factory=dict)

    def note(self, text: str) -> None:
        """Say it below the table, once."""
        if text not in self.notes:
            self.notes.append(text)


def number(value: float) -> str:
    """Three digits that mean something, without exponents."""
    size = abs(value)
    if size >= 99.95:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 9.995 else f"{value:.2f}"


def paired(outcome: Outcome | None, base: Outcome | None) -> Spread | None:
    """How many times the base it is, if both were timed."""
    both = isinstance(outcome, Times) and isinstance(base, Times)
    return outcome.ratio(base) if both else None  # type: ignore[union-attr, arg-type]


def ratio(outcome: Outcome | None, base: Outcome | None) -> str:
    """The median of the ratio, with the quartiles beside it."""
    spread = paired(outcome, base)
    return f"{spread.median:.2f}x ({spread.low:.2f}-{spread.high:.2f})" if spread else "-"


def reason(outcome: str) -> str:
    """Why there is no time, cut to the width of a cell."""
    return textwrap.shorten(outcome, LONGEST_REASON, placeholder=" ...")


def time(outcome: Outcome | None, scale: float = 1.0) -> str:
    """The median time, or why there is none."""
    if outcome is None:
        return "-"
    return number(outcome.median * scale) if isinstance(outcome, Times) else reason(outcome)


def compared(outcome: Outcome | None, base: Outcome | None, scale: float = 1.0) -> str:
    """A time, and how many times the base it is."""
    spread = paired(outcome, base)
    return time(outcome, scale) + (f" {spread.median:.2f}x" if spread else "")


def is_number(cell: str) -> bool:
    return bool(NUMBER.match(cell))


def to_right(section: Section) -> list[bool]:
    """Which columns hold numbers, and stand to the right."""
    columns = list(zip(*section.rows, strict=True)) or [()] * len(section.header)
    return [bool(column) and any(map(is_number, column)) for column in columns]


def padded(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> list[str]:
    return [
        cell.rjust(width) if flush else cell.ljust(width)
        for cell, width, flush in zip(cells, widths, right, strict=True)
    ]


def _aligned(section: Section) -> tuple[list[list[str]], list[int], list[bool]]:
    lines = [list(section.header), *section.rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    right = to_right(section)
    return [padded(line, widths, right) for line in lines], widths, right


def text(section: Section) -> str:
    """For the terminal."""
    (head, *rows), widths, _ = _aligned(section)
    lines = [section.title, ""]
    lines += ["  ".join(cells).rstrip() for cells in (head, ["-" * n for n in widths], *rows)]
    for note in section.notes:
        lines += textwrap.wrap(note, 100, initial_indent="  ", subsequent_indent="    ")
    return "\n".join(lines) + "\n"


def markdown(section: Section) -> str:
    """For a page."""
    escaped = Section(
        section.name,
        section.title,
        [cell.replace("|", r"\|") for cell in section.header],
        [[cell.replace("|", r"\|") for cell in row] for row in section.rows],
    )
    (head, *rows), widths, right = _aligned(escaped)
    rule = ["-" * (max(n, 3) - flush) + ":" * flush for n, flush in zip(widths, right, strict=True)]
    lines = [f"## {section.title}", ""]
    lines += [f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)]
    if section.notes:
        lines += ["", *(f"- {note}" for note in section.notes)]
    return "\n".join(lines) + "\n"
