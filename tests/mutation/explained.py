"""Survivors that are no missing tests: mutants that compute the same as the original.

An entry that matches no mutant any more, or a mutant that a check does notice, is an error. Before
adding one, ask whether the source could be simpler: a part that may be dropped may not be needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Explanation(NamedTuple):
    """Why mutants of one statement or lambda go unnoticed.

    `original` is the source as the script prints it, each change a part of it and what is put in
    its place.
    """

    file: str
    original: str
    changes: tuple[tuple[str, str], ...]
    reason: str


OPS = "tinygrad_edu/ops/"
GUARD = "any number but 0 will do where the quotient is not taken"
PATHS = "the quick path and the recorded one give the same"

EXPLAINED: list[Explanation] = [
]


def explained_keys() -> Iterator[tuple[str, str, str]]:
    """(file, original, mutant) of each."""
    for entry in EXPLAINED:
        for old, new in entry.changes:
            yield OPS + entry.file, entry.original, entry.original.replace(old, new)
