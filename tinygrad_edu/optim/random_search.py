"""Search without gradients: guess, and keep what is better."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..errors import located
from ..gradients import no_grad
from ..random import numpy_generator
from .optimizer import at_least_0
from .symbols import Line
from .whole import WholeOptimizer


class _Search(WholeOptimizer):
    """Draw a candidate, and go there if its loss is lower than the best so far."""

    symbols = {"noise": "n", "loss": "L_new", "best_loss": "L"}

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any], generator: Any) -> None:
        super().__init__(params, defaults)
        self.generator = generator
        if not any(p.requires_grad for p in self._params):
            raise ValueError(located("params: none requires grad, so there is nothing to train"))

    def _candidate(self, x: np.ndarray, noise: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _first(self, closure: Callable[[], Any] | None) -> float:
        """The loss that the first candidate has to beat."""
        return np.inf

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Try one candidate.

        Parameters
        ----------
        closure : callable
            Computes the loss and returns it; no ``backward()`` is needed.

        Returns
        -------
        float
            The best loss so far, which is that of the point now in the parameters.
        """
        shared = self._shared
        with no_grad():
            if "best_loss" not in shared:
                shared.update(step=0, best_loss=self._first(closure), accepted=0)
            x, best = self._point(), shared["best_loss"]
            noise = numpy_generator(self.generator).standard_normal(len(x)).astype(x.dtype)
            there = self._candidate(x, noise)
            frozen = [np.full(p._array.size, not p.requires_grad) for p in self._params]
            self._go_to(np.where(np.concatenate(frozen), x, there))
            loss = np.inf
            try:
                loss = self._evaluated(closure)[1]
            finally:
                better = loss < best
                if not better:
                    self._go_to(x)
            shared["step"] += 1
            shared["accepted"] += better
            shared["best_loss"] = loss if better else best
            self._remember(
                shared["step"], p=x, g=np.zeros_like(x), noise=noise, loss=loss, best_loss=best
            )
        return shared["best_loss"]


class RandomSearch(_Search):
    """Guess all weights anew: ``w = scale * n``, n standard normal; keep the best.

    Parameters
    ----------
    params : iterable of Tensor
        One group only. Those that do not require grad stay as they are.
    scale : float
        Standard deviation of the guesses.
    generator : Generator or numpy.random.Generator, optional
        Where they come from; the default generator unless given. Its state is not a part of
        `state_dict`.

    Notes
    -----
    The first guess is always kept. ``state[first parameter]`` counts the steps and the `accepted`.

    References
    ----------
    S1 of the lectures, "strategy 1: a first very bad idea".

    Examples
    --------
    >>> from tinygrad_edu import Generator, tensor
    >>> w = tensor([0.0], requires_grad=True)
    >>> opt = RandomSearch([w], scale=2.0, generator=Generator(0))
    >>> losses = [opt.step(lambda: ((w - 1) ** 2).sum()) for _ in range(100)]
    >>> losses[-1] < 0.01
    True
    >>> print(opt.formula())
    w ← scale n
    θ ← w if L_new < L else θ
    """

    def __init__(self, params: Iterable[Any], scale: float = 1e-4, generator: Any = None) -> None:
        super().__init__(params, {"scale": scale}, generator)

    def _check(self, group: dict[str, Any]) -> None:
        at_least_0(group, "scale")

    def _candidate(self, x: np.ndarray, noise: np.ndarray) -> np.ndarray:
        return self.param_groups[0]["scale"] * noise

    def _lines(self, group: dict[str, Any], t: int) -> list[Line]:
        return [("w", "scale * n"), ("p", "w if L_new < L else p")]


class RandomLocalSearch(_Search):
    """Guess in the neighbourhood: ``w = p + step * n``, n standard normal; go there if better.

    Parameters
    ----------
    params : iterable of Tensor
        One group only. Those that do not require grad stay as they are.
    step : float
        Standard deviation of the moves.
    generator : Generator or numpy.random.Generator, optional
        Where they come from; the default generator unless given. Its state is not a part of
        `state_dict`.

    Notes
    -----
    The first step also evaluates the point it starts from.

    References
    ----------
    The notes of CS231n, "strategy 2: random local search"; S1 of the lectures.

    Examples
    --------
    >>> from tinygrad_edu import Generator, tensor
    >>> w = tensor([-5.0, -2.0], requires_grad=True)
    >>> opt = RandomLocalSearch([w], step=0.5, generator=Generator(0))
    >>> losses = [opt.step(lambda: (w * w).sum()) for _ in range(200)]
    >>> losses[-1] < 0.1 and losses == sorted(losses, reverse=True)
    True
    >>> print(opt.formula())
    w ← θ + step n
    θ ← w if L_new < L else θ
    """

    def __init__(self, params: Iterable[Any], step: float = 1e-4, generator: Any = None) -> None:
        super().__init__(params, {"step": step}, generator)

    def _check(self, group: dict[str, Any]) -> None:
        at_least_0(group, "step")

    def _first(self, closure: Callable[[], Any] | None) -> float:
        return self._evaluated(closure)[1]

    def _candidate(self, x: np.ndarray, noise: np.ndarray) -> np.ndarray:
        return x + self.param_groups[0]["step"] * noise

    def _lines(self, group: dict[str, Any], t: int) -> list[Line]:
        return [("w", "p + step * n"), ("p", "w if L_new < L else p")]
