"""``check_module``: the gradient of every parameter of a model, and of the penalty apart.

The lectures' advice, kept: a few dimensions of *every* parameter (one flat vector of all would let
a large layer hide a small one), the regularisation term by itself (it can mask the gradient of the
data loss), and the noise of dropout held still.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine import box, is_tensor
from ..nn.module import Module
from ..nn.penalties import Regularized
from .blame import refused
from .captured import Draws, captured, lifted
from .graphs import explained
from .report import VERDICTS, Evaluations, GradReport
from .some_elements import compare_some
from .subject import Subject
from .tensor_function import TensorFunction


def check_module(
    module: Module,
    loss_fn: Callable[..., Any],
    batch: Any,
    *,
    per_param: bool = True,
    regularization: Callable[[Any], Any] | None = None,
    seed: int = 0,
) -> GradReport:
    """Check the gradient of a loss with respect to every parameter of a model.

    Parameters
    ----------
    module : Module
        The model, in the mode (training or evaluation) it is in. It stays as it is: parameters,
        gradients, running statistics and generators of random numbers.
    loss_fn : callable
        ``loss_fn(module(*inputs), target)``. The penalty of a `Regularized` loss is found.
    batch : sequence or Tensor
        ``(*inputs, target)``; a Tensor alone has no target. A few examples are enough.
    per_param : bool
        Each parameter by itself (three elements, and a direction through all of it); otherwise one
        direction through all parameters, which is faster.
    regularization : callable, optional
        A penalty, given the module: such as ``L2Penalty(1e-3)``.
    seed : int
        Of everything random.

    Returns
    -------
    GradReport
        With one of `parts` per parameter, and one for the regularisation term; the worst of their
        verdicts is that of the whole.

    Examples
    --------
    >>> from tinygrad_edu import nn, ones, zeros
    >>> report = check_module(nn.Linear(3, 2), nn.MSELoss(), (ones(4, 3), zeros(4, 2)))
    >>> report.verdict, [part.name for part in report.parts]
    ('pass', ['weight', 'bias'])
    """
    name = type(module).__name__
    if not isinstance(module, Module):
        return refused(name, f"check_module takes a Module, not {name}")
    named = [(n, p) for n, p in module.named_parameters() if p.requires_grad]
    frozen = [n for n, p in module.named_parameters() if not p.requires_grad]
    notes = [f"frozen, so not checked: {', '.join(frozen)}"] if frozen else []
    if not named:
        return refused(name, "the module has no parameter that requires grad", notes)
    for path, parameter in named:
        if not np.isfinite(parameter._array).all():
            return refused(name, f"parameter {path} holds nan or inf", notes)
    if isinstance(batch, (list, tuple)) and not batch:
        return refused(name, "the batch is empty: give (inputs, target)", notes)
    if not callable(loss_fn):
        return refused(name, f"loss_fn must be callable, not {type(loss_fn).__name__}", notes)
    inside = captured([module, loss_fn, regularization, batch])
    with lifted(inside) as many:
        if many:
            notes.append(f"lifted to float64: {many} tensors (parameters, buffers and the batch)")
        check = _ModuleCheck(module, named, inside, seed)
        try:
            parts = check.parts(loss_fn, batch, regularization, per_param)
        finally:
            check.draws.rewind()
    if check.draws.used:
        notes.append("it draws random numbers: generators were put back for each call, one mask")
    return _whole(name, parts, notes)


class _ModuleCheck:
    """One check of a module; keeps what has to be the same in each call."""

    def __init__(
        self, module: Module, named: Sequence[tuple[str, Any]], inside: Sequence[Any], seed: int
    ) -> None:
        self.module, self.named, self.seed = module, list(named), seed
        self.draws = Draws(module)
        # Buffers that a call writes to (running statistics) start each call the same.
        parameters = {id(p) for _, p in named}
        self.others = [(t, t._array.copy()) for t in inside if id(t) not in parameters]
        self.values = [p._array.copy() for _, p in named]

    def _before(self) -> None:
        self.draws.rewind()
        for tensor, array in self.others:
            tensor._array = array.copy()
        for (_, parameter), value in zip(self.named, self.values, strict=True):
            parameter._array = value

    def function(self, term: Callable[[], Any], places: Sequence[int]) -> TensorFunction:
        """A term of the loss as a function of the parameters at `places`."""
        leaves = [self.named[k][1] for k in places]

        def start(xs: Sequence[np.ndarray]) -> tuple[list[Any], Any]:
            for leaf, x in zip(leaves, xs, strict=True):
                leaf._array = x
            return leaves, term()

        return TensorFunction(start, self._before)

    def parts(
        self,
        loss_fn: Callable[..., Any],
        batch: Any,
        regularization: Callable[[Any], Any] | None,
        per_param: bool,
    ) -> list[GradReport]:
        """One report per parameter (or one for all), and one for each regularisation term."""
        every = list(range(len(self.named)))
        data, penalties = _terms(self.module, loss_fn, batch)
        if regularization is not None:
            penalties.append(lambda: regularization(self.module))
        found = []
        if per_param:
            found += [self.part(self.named[k][0], data, [k]) for k in every]
        else:
            found.append(self.part("all parameters", data, every))
        for k, term in enumerate(penalties):
            number = f" {k + 1}" if len(penalties) > 1 else ""
            found.append(self.part(f"regularisation{number}", term, every))
        return found

    def part(self, name: str, term: Callable[[], Any], places: list[int]) -> GradReport:
        """The check of one term of the loss with respect to some parameters together."""
        function, xs = self.function(term, places), [self.values[k].copy() for k in places]
        subject = Subject(function.forward, function.vjp, xs, name)
        subject.names = [self.named[k][0] for k in places]
        function.limit(xs, 1)
        report = function.examined(subject, xs, explore="none", shapes=False, seed=self.seed)
        for one, label in zip(report.inputs, subject.names, strict=False):
            one.name = label
        report = explained(report, function, xs, self.seed)
        function.budget = None
        if report.verdict != "inconclusive" and report.reason is None:
            compare_some(report, subject, xs, self.seed)
        return report


def _terms(
    module: Module, loss_fn: Callable[..., Any], batch: Any
) -> tuple[Callable[[], Any], list[Callable[[], Any]]]:
    """The data loss, and the penalties that `loss_fn` adds to it."""
    *inputs, target = batch if isinstance(batch, (list, tuple)) else (batch, None)
    if isinstance(batch, (list, tuple)) and not inputs:
        inputs, target = [target], None
    inputs = [_as_tensor(x) for x in inputs]
    regularized = isinstance(loss_fn, Regularized)
    loss = loss_fn.loss if isinstance(loss_fn, Regularized) else loss_fn

    def data() -> Any:
        result = module(*inputs)
        return loss(result) if target is None else loss(result, target)

    def penalty() -> Any:
        return loss_fn.penalty(list(module.parameters()))  # type: ignore[attr-defined]

    return data, [penalty] if regularized else []


def _as_tensor(value: Any) -> Any:
    """Floating arrays of a batch as float64 tensors; labels stay what they are."""
    if is_tensor(value) or not isinstance(value, np.ndarray):
        return value
    return box(value.astype(np.float64) if value.dtype.kind == "f" else value)


def _whole(name: str, parts: list[GradReport], notes: list[str]) -> GradReport:
    """The report on the module: the worst verdict, and the first failure in detail."""
    worst = max(parts, key=lambda part: VERDICTS.index(part.verdict))
    report = GradReport(worst.verdict, name, parts=list(parts), points=["given"])
    report.evaluations = Evaluations(
        sum(part.evaluations.forward for part in parts),
        sum(part.evaluations.backward for part in parts),
    )
    report.kinks = sum(part.kinks for part in parts)
    report.inputs = [one for part in parts if not _is_penalty(part) for one in part.inputs]
    if not worst:
        report.inputs = worst.inputs if _is_penalty(worst) else report.inputs
        for key in ("diagnosis", "point", "directional", "op", "node", "nodes", "where"):
            setattr(report, key, getattr(worst, key))
        report.learn, report.hint, report.reason = worst.learn, worst.hint, worst.reason
    seen = [note for part in ([worst] if not worst else parts) for note in part.notes]
    report.notes = list(dict.fromkeys([*notes, *seen]))
    return report


def _is_penalty(part: GradReport) -> bool:
    return part.name.startswith("regularisation")
