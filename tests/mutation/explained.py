"""Survivors that are no missing tests: mutants that compute the same as the original.

An entry that matches no mutant any more, or a mutant that a check does notice, is an error. Before
adding one, ask whether the source could be simpler: a part that may be dropped may not be needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Explanation(NamedTuple):
    """Why mutants of one statement or lambda go unnoticed. Sources as the script prints them."""

    file: str
    original: str
    mutants: tuple[str, ...]
    reason: str


EXPLAINED: list[Explanation] = [
    Explanation(
        "tinygrad_edu/ops/activation.py",
        "lambda g, out, x: where(out > 0, g, 0.0)",
        ("lambda g, out, x: where(x > 0, g, 0.0)",),
        "max(0, x) is positive exactly where x is",
    ),
]


def explained_keys() -> Iterator[tuple[str, str, str]]:
    """(file, original, mutant) of each."""
    for entry in EXPLAINED:
        for mutant in entry.mutants:
            yield entry.file, entry.original, mutant
