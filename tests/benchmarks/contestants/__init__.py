"""One file for each of those who run: `prepare(problem, rule)` gives a step and its parameters."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

from ..problems import Problem

PACKAGE = __package__.rpartition(".")[0]


class Contestant(NamedTuple):
    """Who runs: the title of the column, the library that must be there, and where the step is."""

    label: str
    library: str
    module: str
    variant: str = ""

    def prepare(self, problem: Problem, rule: str) -> tuple[Callable[[], Any], list[Any]]:
        """A step that returns the loss before it, and the parameters that it changes."""
        prepare = import_module(f"{PACKAGE}.{self.module}").prepare
        return prepare(problem, rule, self.variant) if self.variant else prepare(problem, rule)


BY_HAND = Contestant("by hand", "numpy", "by_hand")
OURS = Contestant("ours", "numpy", "contestants.ours")
EAGER = Contestant("PyTorch", "torch", "contestants.pytorch", "eager")
FUSED = Contestant("PyTorch fused", "torch", "contestants.pytorch", "fused")
JAX = Contestant("JAX jit", "jax", "contestants.jax_jit")
MYGRAD = Contestant("MyGrad", "mygrad", "contestants.mygrad_")
HIPS = Contestant("autograd", "autograd", "contestants.hips")

FOREIGN = (EAGER, FUSED, JAX, MYGRAD, HIPS)
LIBRARIES = tuple(dict.fromkeys(c.library for c in FOREIGN))
