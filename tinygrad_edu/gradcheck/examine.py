"""The whole examination: contract, slopes at the inputs, exploration, explanation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .comparison import Comparison, Outcome, broken
from .contract import check_contract, gradients_at, upstream
from .explanation import Failure, explain
from .exploration import Point, points
from .report import Evaluations, GradReport, InputReport
from .subject import Broken, Subject, count

# What one check may cost, whatever the size of the inputs. A point costs 7 and 1.
FORWARD, BACKWARD = 60, 12


def examine(
    subject: Subject,
    xs: Sequence[np.ndarray],
    *,
    explore: str = "full",
    shapes: bool = True,
    seed: int = 0,
    sampler: Callable[..., Sequence] | None = None,
    notes: Sequence[str] = (),
) -> GradReport:
    """Check a subject's gradients at `xs`, and at points of our own choice.

    Parameters
    ----------
    subject : Subject
        The function and its formula.
    xs : sequence of numpy.ndarray
        Inputs, as :func:`subject.prepared` returns them.
    explore : {"full", "calm", "none"}
        "full" also looks at ties, zeros and other shapes; "calm" at smooth points only, as fits a
        whole network; "none" at the inputs alone (7 forward and 4 backward calls).
    shapes : bool
        Whether to try other shapes.
    seed : int
        Of everything random.
    sampler : callable, optional
        ``sampler(rng)`` gives inputs inside the domain of the function.
    notes : sequence of str
        To be repeated in the report.

    Returns
    -------
    GradReport
        Never raises because of what the function does; KeyboardInterrupt passes through.

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 3.0])
    >>> right = Subject(lambda x: x**2, lambda g, y, x: (2 * x * g,), [x], "square")
    >>> examine(right, [x]).verdict
    'pass'
    >>> wrong = Subject(lambda x: x**2, lambda g, y, x: (x * g,), [x], "square")
    >>> report = examine(wrong, [x])
    >>> report.verdict, report.diagnosis[0][0]
    ('fail', 'factor')
    """
    return _Examination(subject, [np.array(x) for x in xs], seed, list(notes)).run(
        explore, shapes, sampler
    )


class _Examination:
    def __init__(self, subject: Subject, xs: list[np.ndarray], seed: int, notes: list[str]) -> None:
        self.subject, self.xs, self.notes = subject, xs, notes
        self.rng = np.random.default_rng(seed)
        self.covered: list[str] = []
        self.shapes: list[tuple] = []
        self.kink_tests = 0
        self.latest: tuple[list[np.ndarray], np.ndarray] = ([], np.empty(0))

    def run(
        self, explore: str, shapes: bool, sampler: Callable[..., Sequence] | None
    ) -> GradReport:
        for k in self.subject.differentiable:
            if not np.isfinite(self.xs[k]).all():
                index = tuple(int(i) for i in np.argwhere(~np.isfinite(self.xs[k]))[0])
                value = self.xs[k][index]
                return self._inconclusive(f"{self.subject.names[k]} holds {value} at {index}")
        try:
            y = self.subject.forward(self.xs)
        except Broken as error:
            return self._broken_forward(error)
        except Exception as error:
            return self._inconclusive(f"the forward function raised {told(error)}")
        if y.size and not np.isfinite(y).any():
            return self._inconclusive("the function has no finite value at the inputs you gave")
        given = Point("given", self.xs)
        outcome, failure = self._given(given, y)
        if failure is not None:
            return self._fail(failure)
        self.covered.append("given")
        self.notes += outcome.notes
        if outcome.verified + outcome.kinks and explore != "none":
            failure = self._explore(explore, shapes, sampler)
            if failure is not None:
                return self._fail(failure)
        return self._passed(outcome, y)

    def _given(self, point: Point, y: np.ndarray) -> tuple[Outcome, Failure | None]:
        """Contract and comparison at the inputs that were given."""
        g = np.ones(y.shape)
        try:
            if not y.size or not any(self.xs[k].size for k in self.subject.differentiable):
                gradients_at(self.subject, upstream(self.rng, y.shape), y, self.xs)
                self.notes.append("an input or the output is empty: only shapes were compared")
                return Outcome(), None
            g, first = check_contract(self.subject, self.rng, y, self.xs)
            left = FORWARD - self.subject.forwards
            outcome = Comparison(self.subject, self.rng, point, y, g, first, calls=left).run()
        except Broken as error:
            return Outcome(), Failure(point, y, g, broken(error), error)
        except Exception as error:
            outcome = Outcome("raised", f"the formula raised {told(error)}")
            return outcome, Failure(point, y, g, outcome, error)
        return outcome, Failure(point, y, g, outcome) if outcome.fault else None

    def _accepts(self, xs: list[np.ndarray]) -> bool:
        """Whether the function has a finite value there, which is kept for the comparison."""
        if self.subject.forwards >= FORWARD - 6:
            return False
        try:
            y = self.subject.forward(xs)
        except Exception:  # whatever it raises at points of our choice, it does not want them
            return False
        self.latest = (xs, y)
        return bool(y.size) and bool(np.isfinite(y).all())

    def _explore(self, explore: str, shapes: bool, sampler: Any) -> Failure | None:
        try:
            chosen = points(
                self.xs, self.rng, self._accepts,
                everywhere=explore == "full", shapes=shapes and explore == "full", sampler=sampler,
            )  # fmt: skip
            for point in chosen:
                if self.subject.forwards + 6 > FORWARD or self.subject.backwards >= BACKWARD:
                    break
                if self.latest[0] is not point.xs and not self._accepts(point.xs):
                    told_once = "the function has no finite value at a point of the sampler"
                    self.notes += [told_once] if told_once not in self.notes else []
                    continue
                failure = self._at(point, self.latest[1])
                if failure is not None:
                    return failure
        except Broken as error:
            self.notes.append(f"only the inputs given were checked: {error.sentence}")
        finally:
            self._note_shapes()
        return None

    def _at(self, point: Point, y: np.ndarray) -> Failure | None:
        """Compare at a point of our own choice."""
        subject = self.subject
        afford = subject.forwards + 12 <= FORWARD and subject.backwards + 2 <= BACKWARD
        g = upstream(self.rng, y.shape)
        error: Exception | None = None
        try:
            comparison = Comparison(
                subject, self.rng, point, y, g,
                kinks=afford and self.kink_tests < 3, calls=FORWARD - subject.forwards,
            )  # fmt: skip
            outcome = comparison.run()
        except np.linalg.LinAlgError:
            return None  # a singular matrix of our own making
        except Broken as broke:
            outcome, error = broken(broke), broke
        except Exception as raised:
            outcome, error = Outcome("raised", f"the formula raised {told(raised)}"), raised
        self.kink_tests += outcome.kinks > 0
        if outcome.jumps and outcome.fault != "nondeterministic":
            return None
        if outcome.fault and self._is_unstable(point, y):
            return None
        if not outcome.fault:
            self.covered.append(point.name)
            shape = tuple(x.shape for x in point.xs)
            if shape != tuple(x.shape for x in self.xs):
                self.shapes.append(shape)
            return None
        return Failure(point, y, g, outcome, error)

    def _is_unstable(self, point: Point, y: np.ndarray) -> bool:
        """Whether rounding alone changes the function visibly: a jump, a singular matrix."""
        near = [
            x * (1 + 1e-13 * self.rng.choice([-1.0, 1.0], x.shape)) if x.dtype.kind == "f" else x
            for x in point.xs
        ]
        try:
            moved = self.subject.forward([np.asarray(x) for x in near])
        except Exception:  # as above: our point, its right
            return True
        if moved.shape != y.shape or not np.isfinite(moved).all():
            return True
        return bool(np.any(np.abs(moved - y) > 1e-6 * (np.abs(y) + np.sqrt(np.mean(y**2)))))

    def _note_shapes(self) -> None:
        self.shapes = list(dict.fromkeys(self.shapes))

    def _report(self, verdict: str, **more: Any) -> GradReport:
        subject = self.subject
        inputs = more.pop("inputs", None) or [
            InputReport(name, x.shape, str(x.dtype))
            for name, x in zip(subject.names, self.xs, strict=True)
        ]
        return GradReport(
            verdict=verdict, name=subject.name, inputs=inputs,
            diagnosis=more.pop("diagnosis", []),
            evaluations=Evaluations(subject.forwards, subject.backwards),
            notes=self.notes, points=self.covered, shapes=self.shapes, **more,
        )  # fmt: skip

    def _inconclusive(self, reason: str) -> GradReport:
        return self._report("inconclusive", reason=reason)

    def _broken_forward(self, error: Broken) -> GradReport:
        if not error.cls:
            return self._inconclusive(error.sentence)
        return self._report("fail", diagnosis=[(error.cls, error.sentence)], reason=error.sentence)

    def _fail(self, failure: Failure) -> GradReport:
        found = self._report("fail")  # counts the calls made up to here
        explained = explain(self.subject, failure, self.xs)
        found.inputs = explained.inputs or found.inputs
        found.diagnosis, found.hint, found.learn = (
            explained.diagnosis, explained.hint, explained.learn,
        )  # fmt: skip
        found.point, found.directional = failure.point.name, failure.outcome.directional
        found.reason = failure.outcome.sentence or None
        found.notes = [*found.notes, *explained.notes]
        return found

    def _passed(self, outcome: Outcome, y: np.ndarray) -> GradReport:
        more: dict[str, Any] = {"directional": outcome.directional, "kinks": outcome.kinks}
        if outcome.jumps:
            reason = (
                f"{count(outcome.jumps, 'output')} of {y.size} jump at the inputs you gave; "
                "a jump has no derivative. Move the inputs a little"
            )
            return self._report("inconclusive", reason=reason, **more)
        if y.size and outcome.directional and not outcome.verified + outcome.kinks:
            return self._report("inconclusive", reason="no output could be compared", **more)
        return self._report("kink" if outcome.kinks else "pass", **more)


def told(error: Exception) -> str:
    """``ValueError: its first line``."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
