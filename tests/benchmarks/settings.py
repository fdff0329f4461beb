"""What was asked for, the workers, and what is known so far: one object for all sections."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .contestants import FOREIGN, LIBRARIES, Contestant
from .problems import PROBLEMS, RULES, Problem
from .process import Worker, cores
from .table import Section
from .timing import Failed, Outcome, Runner, in_turn

# Seconds between two processes: threads of OpenBLAS and OpenMP go on waiting for work for a while,
# on the cores that the next contestant needs.
PAUSE = 0.03


class Entry(NamedTuple):
    """A step to be timed: who runs it, and what call there makes it."""

    worker: Worker
    make: str
    arguments: dict[str, Any]


@dataclass
class Settings:
    """How to measure, and where.

    Attributes
    ----------
    rounds, seconds : int, float
        How often all contestants run in turn, and how long such a round takes about.
    against : sequence of str
        Foreign libraries to compare with.
    sections : dict
        Those that are finished or begun, by name.
    """

    threads: int = len(cores())
    quick: bool = False
    problems: Sequence[Problem] = PROBLEMS
    rules: Sequence[str] = RULES
    against: Sequence[str] = LIBRARIES
    say: Callable[[str], None] = lambda text: None
    sections: dict[str, Section] = field(default_factory=dict)
    workers: dict[tuple[str, str], Worker] = field(default_factory=dict)

    @property
    def rounds(self) -> int:
        return 3 if self.quick else 21

    @property
    def seconds(self) -> float:
        return 0.06 if self.quick else 0.6

    def rivals(self, library: str = "") -> list[Contestant]:
        """The foreign contestants that were asked for."""
        return [c for c in FOREIGN if c.library in self.against and library in ("", c.library)]

    def open(self, name: str, title: str, header: Sequence[str]) -> Section:
        """A section that is known from its beginning, in case that it is interrupted."""
        self.sections[name] = Section(name, title, header)
        return self.sections[name]

    def worker(self, library: str, purpose: str = "") -> Worker:
        """The library's process; for a purpose of its own, another one."""
        key = (library, purpose)
        if key not in self.workers:
            self.workers[key] = Worker(library, self.threads)
        return self.workers[key]

    def retire(self, purpose: str) -> None:
        """End the processes that were started for this purpose."""
        for key in [key for key in self.workers if key[1] == purpose]:
            self.workers.pop(key).close()

    def close(self) -> None:
        """End all processes."""
        while self.workers:
            self.workers.popitem()[1].close()


def race(
    settings: Settings, entries: Mapping[str, Entry], rounds: int = 0, seconds: float = 0.0
) -> dict[str, Outcome]:
    """Time the entries in turn; one that cannot run has the reason in the place of its times."""
    failures: dict[str, Outcome] = {}
    runners: dict[str, Runner] = {}
    last: list[Worker] = []

    def runner(name: str, worker: Worker) -> Runner:
        def run(steps: int) -> float:
            if last != [worker]:
                last[:] = [worker]
                time.sleep(PAUSE)
            return worker.ask("block", key=name, steps=steps)

        return run

    for name, (worker, make, arguments) in entries.items():
        try:
            worker.ask("hold", key=name, make=make, arguments=arguments)
        except Failed as error:
            failures[name] = str(error)
        else:
            runners[name] = runner(name, worker)
    outcomes = in_turn(runners, rounds or settings.rounds, seconds or settings.seconds)
    for worker in {id(entry.worker): entry.worker for entry in entries.values()}.values():
        try:
            worker.ask("forget")
        except Failed:
            worker.close()
    return {name: {**failures, **outcomes}[name] for name in entries}


def explain(section: Section, outcomes: Mapping[str, Outcome]) -> None:
    """Reasons that are too long for a cell go below the table."""
    for name, outcome in outcomes.items():
        if isinstance(outcome, str) and outcome != "not installed":
            section.note(f"{name} {outcome}.")


class Progress:
    """One line on stderr that says what is being measured."""

    def __init__(self) -> None:
        self.terminal, self.last = sys.stderr.isatty(), ""

    def __call__(self, text: str) -> None:
        if self.terminal:
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
        elif text and text.partition(":")[0] != self.last:
            # In a log, one line for each section.
            self.last = text.partition(":")[0]
            print(self.last, file=sys.stderr, flush=True)
