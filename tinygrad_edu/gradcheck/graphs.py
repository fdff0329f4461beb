"""``check_gradients``: a function of Tensors, with the engine's gradient as its formula."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..engine import LEAF, box, is_tensor
from .blame import blame_tape, refused
from .captured import Draws, captured, lifted
from .examine import told
from .recording import Recorder
from .replay import Tape
from .report import VERDICTS, GradReport
from .some_elements import compare_some
from .subject import Broken, Subject, input_names
from .tensor_function import TensorFunction

# A verdict of these classes is about a call as a whole; no op's own formula explains it better.
_CALLS = {"nondeterministic", "mutation"}


class Case:
    """A function with its arguments, ready to be checked while it is `open`.

    Parameters
    ----------
    func, inputs
        As for `check_gradients`.

    Attributes
    ----------
    function : TensorFunction
    subject : Subject
    xs : list of numpy.ndarray
        The inputs to vary, and those of integers.
    notes : list of str
        What was done to them.

    Raises
    ------
    Broken
        If no input is a Tensor of floating numbers.
    """

    def __init__(self, func: Callable[..., Any], inputs: Any) -> None:
        self.func, self.name = func, getattr(func, "__name__", type(func).__name__)
        self.given = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        self.notes: list[str] = []
        self.draws = Draws(None, legacy=False)
        tensors = [k for k, t in enumerate(self.given) if is_tensor(t)]
        floats = [k for k in tensors if self.given[k].dtype.kind == "f"]
        asked = [k for k in floats if self.given[k].requires_grad]
        if not floats:
            what = ", ".join(_kind(v) for v in self.given) or "nothing"
            raise Broken("", f"no input is a Tensor of floating numbers (given: {what})")
        if not asked:
            self.notes.append("no input requires grad: all floating ones are checked")
        whole = [k for k in tensors if self.given[k].dtype.kind in "iu"]
        self.checked = asked or floats
        self.places = sorted([*self.checked, *whole])  # integers too: shapes may depend on them
        every = input_names(func, len(self.given))
        self.names = [every[k] for k in self.places]
        narrow = [k for k in floats if self.given[k].dtype != np.float64]
        if narrow:
            kinds = ", ".join(f"{every[k]} ({self.given[k].dtype})" for k in narrow)
            self.notes.append(f"lifted to float64: {kinds}")
        self.lifted = bool(narrow)
        self._make_subject()

    def _make_subject(self) -> None:
        self.function = TensorFunction(self._start, self.draws.rewind)
        self.xs = self.arrays()
        self.subject = Subject(self.function.forward, self.function.vjp, self.xs, self.name)
        self.subject.names = self.names
        self.subject.differentiable = [i for i, k in enumerate(self.places) if k in self.checked]

    def _start(self, xs: Sequence[np.ndarray]) -> tuple[list[Any], Any]:
        leaves, args = self.boxed(xs)
        return leaves, self.func(*args)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Lift what the function holds, and put everything back at the end."""
        with lifted(captured(self.func)) as many:
            if many:
                self.notes.append(f"lifted to float64: {many} tensors that {self.name} holds")
            try:
                yield
            finally:
                self.draws.rewind()
        if self.draws.used:
            self.notes.append("it draws random numbers: the generator was put back for each call")

    def arrays(self, lift: bool = True) -> list[np.ndarray]:
        """Copies of the arrays of the inputs that are passed on, in float64."""
        return [_copied(self.given[k], lift) for k in self.places]

    def boxed(self, xs: Sequence[np.ndarray], lift: bool = True) -> tuple[list[Any], list[Any]]:
        """Fresh leaves around `xs`, and the arguments with these in their places."""
        leaves = [
            box(x, LEAF if k in self.checked else None)
            for k, x in zip(self.places, xs, strict=True)
        ]
        placed = dict(zip(self.places, leaves, strict=True))
        args = [
            placed[k] if k in placed else box(_copied(v, lift)) if is_tensor(v) else v
            for k, v in enumerate(self.given)
        ]
        return leaves, args


def _kind(value: Any) -> str:
    return f"a Tensor of {value.dtype}" if is_tensor(value) else type(value).__name__


def _copied(tensor: Any, lift: bool) -> np.ndarray:
    array = np.array(tensor._array)
    return array.astype(np.float64) if lift and array.dtype.kind == "f" else array


def check_gradients(
    func: Callable[..., Any],
    inputs: Any,
    *,
    explore: bool = True,
    shapes: bool = True,
    seed: int = 0,
    blame: bool = True,
) -> GradReport:
    """Check the gradients of a function of Tensors, and say which op is wrong.

    Parameters
    ----------
    func : callable
        Takes Tensors, returns one or more.
    inputs : Tensor or sequence
        Its arguments. Those that require grad are checked; they stay as they are.
    explore : bool
        Also check at points of our own choice. A single op is looked at everywhere (ties, zeros,
        other shapes), a larger graph only at smooth points: at exact kinks it proves nothing.
    shapes : bool
        Whether to try other shapes of the inputs.
    seed : int
        Of everything random.
    blame : bool
        After a failure, find the op; see `blame`.

    Returns
    -------
    GradReport
        True if the gradients are right. It has an op, a node and a line when they are not, and a
        reason when nothing could be checked. No exception is raised.

    Notes
    -----
    float32 numbers are lifted to float64, also those of tensors and modules that `func` reaches by
    its closure. The default generator of random numbers is put back before each call, so that
    dropout draws one mask.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> x = tensor([[1.0, 2.0, 3.0]], requires_grad=True)
    >>> report = check_gradients(lambda x: (x * x).sum(), x)
    >>> report.verdict, report.notes
    ('pass', ['lifted to float64: x (float32)'])
    """
    try:
        case = Case(func, inputs)
    except Broken as error:
        return refused(getattr(func, "__name__", type(func).__name__), error.sentence)
    with case.open():
        how = _how(case, explore, blame)
        report = case.function.examined(
            case.subject, case.xs, explore=how, shapes=shapes, seed=seed
        )
        for one, label in zip(report.inputs, case.names, strict=False):
            one.name = label
        if blame:
            report = explained(report, case.function, case.xs, seed)
            case.function.budget = None
            if report.verdict == "fail" and report.point == "given" and report.directional:
                compare_some(report, case.subject, case.xs, seed)
        if report.verdict == "inconclusive" and case.lifted:
            _blame_precision(report, case)
    report.notes = [*case.notes, *report.notes]
    return report


def _how(case: Case, explore: bool, find: bool) -> str:
    """Everywhere for a single op, at smooth points for more, whose cause is then found by op."""
    try:
        tape, upper, _ = case.function.tape(case.xs)
    except Exception:  # whatever it is, `examine` meets it again, and reports it
        return "calm" if explore else "none"
    single = len(tape.ops) <= 1
    if find and not single:
        case.function.limit(case.xs, sum(u.size for u in upper))
    return ("full" if single else "calm") if explore else "none"


def _blame_precision(report: GradReport, case: Case) -> None:
    """If the function runs as it was given, but not in float64, say so."""
    try:
        case.func(*case.boxed(case.arrays(lift=False), lift=False)[1])
    except Exception:  # then precision is not what is wrong
        return
    try:
        case.func(*case.boxed(case.arrays())[1])
    except Exception as error:
        report.reason = (
            "the function takes float32 but not float64, in which it is checked: "
            f"{told(error)}. Let it follow the dtype of its input"
        )


# ------------------------------------------------------------------------------ the culprit


def explained(
    report: GradReport, function: TensorFunction, xs: list[np.ndarray], seed: int = 0
) -> GradReport:
    """A failed report with the op that is to blame, or with the reason why none is."""
    if report.verdict != "fail":
        return report
    if function.narrow and report.diagnosis[0][0] == "dtype" and not _is_unfit(report):
        return _undecided(report, f"the function itself rounds to float32, in {function.narrow}")
    if report.diagnosis[0][0] in _CALLS:
        return report
    found = []
    for point in [xs, *reversed(function.points)]:
        try:
            tape, upper, seen = function.tape(point)
        except Exception as error:
            report.notes.append(f"the culprit was not found: {told(error)}")
            continue
        if not tape.nodes:
            continue
        local = blame_tape(tape, upper, recorder=seen, seed=seed)
        if local.verdict == "fail":
            return _merged(report, local)
        if len(tape.ops) == 1 and (report.point != "given" or local.verdict != "pass"):
            return _single(report, tape, seen)
        found.append(local)
    # Of the points after the given one, it is not known which one failed: take the least clear.
    there = found[:1] if report.point == "given" else found[1:] or found
    passed = max(there, key=lambda local: VERDICTS.index(local.verdict), default=None)
    return _no_culprit(report, passed)


def _single(report: GradReport, tape: Tape, seen: Recorder) -> GradReport:
    """The only op is the culprit, also where it is right by itself along most lines (at ties)."""
    node = tape.ops[0]
    report.op, report.node, report.nodes = node.op.name, tape.number(node), len(tape.nodes)
    report.where = seen.lines.get(node) or None
    return report


def _is_unfit(report: GradReport) -> bool:
    """Whether a single op was seen to give too little precision."""
    return "returned a" in (report.reason or "")


def _undecided(report: GradReport, reason: str) -> GradReport:
    """A failure that turned out to prove nothing."""
    report.verdict, report.reason = "inconclusive", reason
    report.diagnosis, report.hint, report.learn = [], None, None
    return report


def _merged(report: GradReport, local: GradReport) -> GradReport:
    """The report on the whole function, with what was found about one op."""
    report.op, report.node, report.nodes = local.op, local.node, local.nodes
    report.where, report.hint, report.learn = local.where, local.hint, local.learn
    report.diagnosis = local.diagnosis
    report.reason = local.reason or report.reason
    wrong = [one for one in local.inputs if one.worst is not None and one.wrong]
    for one in wrong[:2] if local.nodes != 1 else []:
        w = one.worst
        assert w is not None
        report.notes.append(
            f"in '{local.op or local.name}', {one.name} at {w.index}: analytic {w.analytic:.8g}, "
            f"numeric {w.numeric:.8g}, ratio {w.ratio:.4g}"
        )
    report.notes += [note for note in local.notes if note not in report.notes]
    return report


def _no_culprit(report: GradReport, passed: GradReport | None) -> GradReport:
    """Every op is right and so is the sum, and yet the whole is not."""
    if passed is None:
        cause = ("detached", "no op was recorded: the result does not depend on the inputs")
        report.diagnosis = [cause, *report.diagnosis][:3]
        return report
    report.notes += passed.notes
    if passed.verdict == "kink":
        return _undecided(
            report,
            "every op is right, but some are at an exact kink, where sub-gradients do not add up "
            "(relu(x) - relu(-x) at 0). Move the inputs a little",
        )
    if passed.verdict == "inconclusive":
        report.notes.append(f"no op was found wrong, but not all are known: {passed.reason}")
    else:
        cause = (
            "detached",
            "every recorded op is right: a part of the computation was not recorded (detach(), "
            ".data, .item(), no_grad() or a NumPy function on the way)",
        )
        report.diagnosis = [cause, *report.diagnosis][:3]
        report.hint = "compute with Tensors all the way, without detach() or .data"
        report.learn = "docs/gradcheck.md#detached"
    return report
