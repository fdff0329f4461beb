"""Putting a mutant into the running package, and asking the checks."""

from __future__ import annotations

import gc
import os
import signal
import sys
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import CodeType, FrameType, FunctionType
from typing import Any

from tinygrad_edu.engine import Primitive

from .mutants import ROOT, Mutant, Unit
from .suites import Group, Suite

# Seconds after which a check counts as hung.
PATIENCE = 20

Key = tuple[Any, ...]


def key(code: CodeType) -> Key:
    """What tells a function's code from any other: its file and the columns of its parts."""
    return (code.co_filename, code.co_name, code.co_firstlineno, tuple(code.co_positions()))


def nested(code: CodeType) -> Iterator[CodeType]:
    """The code of the functions defined inside, in order."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from nested(constant)


def pairs(before: CodeType, after: CodeType) -> list[tuple[CodeType, CodeType]]:
    """Which code takes the place of which; if inner functions were dropped, the outer ones only."""
    olds, news = list(nested(before)), list(nested(after))
    if len(olds) != len(news):
        olds, news = (
            [c for c in code.co_consts if isinstance(c, CodeType)] for code in (before, after)
        )
    return list(zip(olds, news, strict=True))


@dataclass
class Live:
    """The functions and ops that exist in this process."""

    functions: dict[Key, list[FunctionType]] = field(default_factory=lambda: defaultdict(list))
    primitives: list[Any] = field(default_factory=list)

    @classmethod
    def collect(cls, files: Sequence[str]) -> Live:
        found, wanted = cls(), set(files)
        for thing in gc.get_objects():
            if type(thing) is FunctionType and thing.__code__.co_filename in wanted:
                found.functions[key(thing.__code__)].append(thing)
            elif issubclass(type(thing), Primitive):  # isinstance() would run properties
                found.primitives.append(thing)
        return found

    @contextmanager
    def swapped(self, mutant: Mutant) -> Iterator[bool]:
        """Run the mutant's code in place of the original; gives whether that was possible."""
        before, after = mutant.codes()
        changed: list[tuple[FunctionType, CodeType]] = []
        for old, new in pairs(before, after):
            for function in self.functions.get(key(old), ()):
                with suppress(ValueError):  # other free variables: not this function's code
                    function.__code__ = new
                    changed.append((function, old))
        self._forget()
        try:
            yield bool(changed)
        finally:
            for function, old in changed:
                function.__code__ = old
            self._forget()

    def _forget(self) -> None:
        """Drop what ops remember about the bytecode of their formulas."""
        for op in self.primitives:
            op.__dict__.pop("keeps", None)
            op._plans.clear()


class Trial:
    """A suite, and which of its groups run which unit."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self.live = Live.collect([str(f) for f in suite.files])
        self.runs: dict[str, set[tuple[str, int]]] = {}
        self.broken: dict[str, str] = {}  # checks that fail without any mutant
        self._sound: dict[tuple[str, str], bool] = {}
        for group in suite.groups:
            self.runs[group.name] = self._trace(group.probe)

    def _trace(self, probe: Callable[[], object]) -> set[tuple[str, int]]:
        """File and first line of every function that a probe runs."""
        prefixes = {str(f): str(f.relative_to(ROOT)) for f in self.suite.files}
        seen: set[tuple[str, int]] = set()

        def note(frame: FrameType, event: str, _: object) -> None:
            if event == "call" and frame.f_code.co_filename in prefixes:
                seen.add((prefixes[frame.f_code.co_filename], frame.f_code.co_firstlineno))

        before = sys.getprofile()
        with warnings.catch_warnings(), suppress(Exception):  # such a check is left out later
            warnings.simplefilter("ignore")
            sys.setprofile(note)
            try:
                probe()
            finally:
                sys.setprofile(before)
        return seen

    def groups_for(self, unit: Unit) -> list[Group]:
        """Those that run it, the ones with the fewest other functions first."""
        starts = {(unit.file, line) for line in unit.lines}  # of the unit, or a lambda in it
        hit = [g for g in self.suite.groups if starts & self.runs[g.name]]
        return sorted(hit, key=lambda g: len(self.runs[g.name]))

    def sound(self, group: Group, name: str, check: Callable[[], object]) -> bool:
        """Whether a check passes without any mutant."""
        at = (group.name, name)
        if at not in self._sound:
            error = attempt(check)
            self._sound[at] = error is None
            if error is not None:
                self.broken[f"{name} of {group.name}"] = error
        return self._sound[at]

    def verdict(self, mutant: Mutant) -> tuple[str, str]:
        """("killed", by whom), ("survived", "") or ("untested", why)."""
        groups = self.groups_for(mutant.unit)
        if not groups:
            return "survived", "no check runs this function"
        for few in (groups[:4], groups[4:]):
            for wave in (slice(0, 4), slice(4, None)):
                for group in few:
                    for name, check in group.checks[wave]:
                        if not self.sound(group, name, check):
                            continue
                        with self.live.swapped(mutant) as possible:
                            if not possible:
                                return "survived", "the function could not be exchanged"
                            error = attempt(check)
                        if error is not None:
                            return "killed", f"{name} of {group.name}: {error}"
        return "survived", f"{len(groups)} groups of checks passed"


def attempt(check: Callable[[], object]) -> str | None:
    """Run a check; what it raises, or None."""
    with impatient():
        try:
            check()
        except Exception as error:
            return " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return None


@contextmanager
def impatient() -> Iterator[None]:
    """Stop what hangs. Without alarms (Windows, other threads) it is not stopped."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"no end after {PATIENCE} s")

    try:
        before = signal.signal(signal.SIGALRM, stop)
    except (AttributeError, ValueError):
        yield
        return
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def single_threaded() -> None:
    """One thread per process for linear algebra: two processes share two cores."""
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
