"""``blame``: which op of a graph has a wrong formula, or which node a wrong sum?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..engine import Node, is_tensor
from .adjoints import Fault, engine_fault
from .contract import upstream
from .examine import examine, told
from .recording import Recorder
from .replay import FREED_TEXT, Tape, Unknown
from .report import Evaluations, GradReport, InputReport
from .subject import count

_LINE_NOTE = "check_gradients(func, inputs) would name the line of your file as well"


def blame(loss: Any, *, seed: int = 0) -> GradReport:
    """Find the first op of a recorded graph whose gradient is wrong.

    Each op is run again alone, on the inputs it really had, and its formula is compared with
    differences. When all formulas are right, a second backward pass adds up their results and is
    compared with the engine's, which shows a sum that is wrong or a hook that interferes.

    Parameters
    ----------
    loss : Tensor
        The result of the computation, before ``backward()`` or after one with
        ``retain_graph=True``. It need not be a scalar. No ``.grad`` is touched.
    seed : int
        Of everything random.

    Returns
    -------
    GradReport
        When it failed, ``op``, ``node`` and ``nodes`` say where, and the rest is about that op
        alone. Nodes are numbered from 1, in the order in which they were computed.

    Examples
    --------
    >>> from tinygrad_edu import primitive, tensor
    >>> @primitive
    ... def cube(x):
    ...     return x**3
    >>> _ = cube.defvjp(lambda g, out, x: 2 * x**2 * g)
    >>> x = tensor([1.0, 2.0], requires_grad=True)
    >>> report = blame((cube(x * 2) + 1).sum())
    >>> report.verdict, report.op, report.node, report.nodes
    ('fail', 'cube', 2, 4)
    """
    if not is_tensor(loss):
        return refused("loss", f"blame takes the Tensor of a result, not {type(loss).__name__}")
    if loss.grad_fn is None:
        reason = "no op was recorded: no input had requires_grad=True, or it ran under no_grad()"
        return refused("loss", reason)
    report = blame_tape(Tape([loss.grad_fn]), [_upstream(loss, seed)], seed=seed)
    if report.op is not None and report.where is None:
        report.notes.append(_LINE_NOTE)
    return report


def refused(name: str, reason: str, notes: Sequence[str] = ()) -> GradReport:
    """A report that says why nothing could be checked."""
    return GradReport("inconclusive", name, reason=reason, notes=list(notes))


def _upstream(result: Any, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return upstream(rng, result.shape).astype(result.dtype)


@dataclass
class _Found:
    """What the ops of a graph have shown so far."""

    forward: int = 0
    backward: int = 0
    kinks: int = 0
    notes: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)

    def count(self, report: GradReport) -> None:
        self.forward += report.evaluations.forward
        self.backward += report.evaluations.backward
        self.kinks += report.kinks


def blame_tape(
    tape: Tape, upstreams: Sequence[np.ndarray], *, recorder: Recorder | None = None, seed: int = 0
) -> GradReport:
    """`blame` for a graph with any number of results.

    Parameters
    ----------
    tape : Tape
    upstreams : sequence of numpy.ndarray
        One for each result.
    recorder : Recorder, optional
        Knows the lines of the user's file.
    """
    if tape.freed:
        return refused("loss", FREED_TEXT)
    found = _Found()
    for node in tape.ops:
        report = _alone(tape, node, seed, found)
        if report is not None and report.verdict == "fail":
            return _culprit(tape, node, report, found, recorder)
    return _engine(tape, upstreams, found, recorder)


def _alone(tape: Tape, node: Node, seed: int, found: _Found) -> GradReport | None:
    """The examination of one op; None when it cannot be run again."""
    place = f"node {tape.number(node)}"
    try:
        subject, xs = tape.alone(node)
        if not xs:
            return None
        report = examine(subject, xs, explore="none", shapes=False, seed=seed)
    except Unknown as unknown:
        found.unclear.append(f"{place}: {unknown}")
        return None
    except Exception as error:  # an op may refuse what stands in for a constant it did not keep
        found.unclear.append(f"{place}: '{node.op.name}' could not be run again: {told(error)}")
        return None
    found.count(report)
    for one, name in zip(report.inputs, subject.names, strict=False):
        one.name = name
    if report.verdict == "inconclusive":
        found.unclear.append(f"{place} ('{node.op.name}'): {report.reason}")
    return report


def _placed(report: GradReport, tape: Tape, edge: Any, recorder: Recorder | None) -> GradReport:
    """The report with the place of the op in the graph and in the user's file."""
    report.nodes = len(tape.nodes)
    if isinstance(edge, Node):
        report.op, report.node = edge.op.name, tape.number(edge)
        report.where = (recorder.lines.get(edge) if recorder else None) or None
    report.notes += list(dict.fromkeys(tape.notes))
    return report


def _culprit(
    tape: Tape, node: Node, report: GradReport, found: _Found, recorder: Recorder | None
) -> GradReport:
    report.evaluations = Evaluations(found.forward, found.backward)
    before = tape.number(node) - 1
    if before:
        report.notes.append(f"the {count(before, 'op')} before it: right")
    return _placed(report, tape, node, recorder)


def _engine(
    tape: Tape, upstreams: Sequence[np.ndarray], found: _Found, recorder: Recorder | None
) -> GradReport:
    """All formulas are right: is the sum of what they give?"""
    evaluations = Evaluations(found.forward, found.backward)
    try:
        fault = engine_fault(tape, upstreams)
    except Exception as error:  # an in-place write, a hook that raises: the engine says which
        report = refused("loss", f"the backward pass raised {told(error)}", found.unclear)
        report.evaluations = evaluations
        return _placed(report, tape, None, recorder)
    if fault is not None:
        report = _fault_report(fault)
        report.evaluations = evaluations
        return _placed(report, tape, fault.edge, recorder)
    verdict = "inconclusive" if found.unclear else "kink" if found.kinks else "pass"
    report = GradReport(verdict, "loss", evaluations=evaluations, kinks=found.kinks)
    report.points = ["given"]
    if found.unclear:
        report.reason = found.unclear[0]
        report.notes += found.unclear[1:]
    else:
        ops = count(len(tape.nodes), "op")
        report.notes.append(f"checked one by one: {ops}; and how their gradients add up")
    return _placed(report, tape, None, recorder)


def _fault_report(fault: Fault) -> GradReport:
    """The report of a sum that is wrong, or of a hook."""
    shape = getattr(fault.edge, "out", fault.edge).shape or fault.expected.shape
    inputs = []
    if fault.given.shape == fault.expected.shape:
        given, expected = fault.given.reshape(shape), fault.expected.reshape(shape)
        bound = np.finfo(float).eps * float(np.max(np.abs(expected), initial=0.0))
        inputs.append(InputReport.compare("its gradient", "float64", given, expected, bound))
    is_hook = fault.cls == "upstream"
    return GradReport(
        "fail",
        "loss",
        inputs,
        [(fault.cls, fault.sentence)],
        notes=[fault.sentence, "all formulas are right: no op is to blame"],
        hint="remove the hook" if is_hook else "add what arrives: grad += contribution",
        learn="docs/gradcheck.md#hooks" if is_hook else "docs/gradcheck.md#fan-out",
    )
