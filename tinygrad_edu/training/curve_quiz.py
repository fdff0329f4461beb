"""Which learning rate gave which curve? The quiz of S3 on ``L = 2 w**2``, with its solution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import located
from .curve_diagnosis import Diagnosis, diagnose_curve

# The learning rates of the lecture. A step multiplies w by 1 - 4 lr: 0.96, 0.6, -0.92, -1.04.
RATES = (0.01, 0.1, 0.48, 0.51)
STEPS = 20
LETTERS = "ABCD"
_BARS = " ▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class CurveQuiz:
    """Four unlabelled training runs, made by `which_curve`.

    Attributes
    ----------
    weights, losses
        By letter, from A to D: the weight and the loss before the first step and after each.
    answers
        By letter, the learning rate.
    """

    weights: Mapping[str, Sequence[float]]
    losses: Mapping[str, Sequence[float]]
    answers: Mapping[str, float]

    @property
    def question(self) -> str:
        """The text of the quiz: the curves in small, and their numbers."""
        rates = ", ".join(f"{rate:g}" for rate in RATES)
        lines = [
            f"Gradient descent on L = 2 w^2 from w = 1, {STEPS} steps, with the learning rates "
            f"{rates}.",
            "Which curve belongs to which?",
        ]
        for letter, losses in self.losses.items():
            shown = "  ".join(f"{value:.3g}" for value in losses[:4])
            weights = "  ".join(f"{value:.3g}" for value in self.weights[letter][:4])
            lines += [
                f"{letter} |{_sparkline(losses)}|",
                f"   L  {shown}  ...  {losses[-1]:.2g}",
                f"   w  {weights}  ...  {self.weights[letter][-1]:.2g}",
            ]
        return "\n".join(lines)

    def diagnosis(self, letter: str) -> Diagnosis:
        """What `diagnose_curve` says of one of the runs."""
        return diagnose_curve(self.losses[letter], weights=np.array(self.weights[letter]))

    def grade(self, given: Mapping[str, float]) -> tuple[int, str]:
        """Mark answers: how many are right, and why each is what it is.

        Parameters
        ----------
        given : mapping from letter to learning rate
            A letter that is left out counts as wrong.

        Raises
        ------
        ValueError
            If a letter or a learning rate is none of the quiz.
        """
        for letter, rate in given.items():
            if letter not in self.answers:
                raise ValueError(located(f"given: no curve {letter!r}; they are A, B, C and D"))
            if rate not in RATES:
                raise ValueError(located(f"given: {letter}={rate!r} is none of {RATES}"))
        lines, right = [], 0
        for letter, rate in self.answers.items():
            hit = given.get(letter) == rate
            right += hit
            mark = "right" if hit else f"no, {given[letter]:g}" if letter in given else "no answer"
            found = self.diagnosis(letter)
            lines.append(
                f"{letter}: {rate:g} ({mark}). A step multiplies w by 1 - 4 * {rate:g} = "
                f"{1 - 4 * rate:.2f}, so it is {found.kind}: {found.reason}."
            )
        return right, "\n".join([f"{right} of {len(self.answers)} right", *lines])

    def __str__(self) -> str:
        return self.question


def which_curve(seed: int = 0) -> CurveQuiz:
    """Make the quiz of the lecture, "which scenario does the training curve represent?".

    Parameters
    ----------
    seed : int
        Of the order of the curves.

    References
    ----------
    S3, "Learning Rate Diagnostics" (COURSE 37).

    Examples
    --------
    >>> quiz = which_curve(seed=1)
    >>> right, explanation = quiz.grade(quiz.answers)
    >>> right
    4
    >>> sorted(quiz.diagnosis(letter).kind for letter in "ABCD")
    ['diverging', 'good', 'oscillating', 'too slow']
    """
    order = np.random.default_rng(seed).permutation(len(RATES))
    answers = {LETTERS[i]: RATES[k] for i, k in enumerate(order)}
    weights = {letter: _descend(rate) for letter, rate in answers.items()}
    losses = {letter: [2 * w * w for w in path] for letter, path in weights.items()}
    return CurveQuiz(weights, losses, answers)


def _descend(rate: float) -> list[float]:
    path = [1.0]
    for _ in range(STEPS):
        path.append(path[-1] - rate * 4 * path[-1])
    return path


def _sparkline(losses: Sequence[float]) -> str:
    """A curve in one line of text; the highest bar is the largest of its own values."""
    top = max(losses)
    return "".join(_BARS[round(8 * value / top)] for value in losses)
