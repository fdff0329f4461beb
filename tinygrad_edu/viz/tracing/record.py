"""``viz.trace``: run a backward pass in recording mode, and keep all of it as plain data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_edu.engine import Node, is_tensor

from ..graph import read_graph
from ..pictures.render import RenderResult
from ..pictures.render import save as save_picture
from ..trace import Frame, Moment, TraceData, look_at
from .failing import partial_graph
from .matching import match
from .naming import Variables, name_all, variables_of
from .overlay import LARGE_NOTE, with_numeric
from .recording import recording
from .runs import Beside, Leaf, Trace
from .sweeping import as_recorded, edge_of, run_sweep, seed_of
from .telling import Run, backward_frames, forward_frames, moments, renamed
from .values import Values, reachable

__all__ = ["Beside", "Trace", "save", "trace"]


def trace(
    loss: Any,
    params: Any = None,
    *,
    gradient: Any = None,
    check: bool = False,
    title: str = "Backpropagation",
) -> Trace:
    """Record a backward pass, step by step, and leave every ``.grad`` as it was.

    Parameters
    ----------
    loss : Tensor or callable
        A scalar with a history; or a function without arguments that computes one. Of a function,
        the lines are known as well, and one that fails gives the graph up to the op that failed.
    params : mapping or Module, optional
        Names of parameters. Other names are those of the caller's variables.
    gradient : array_like, optional
        The gradient to start from, for a result that is not a scalar.
    check : bool
        Put finite differences beside each gradient.
    title : str
        Of the page.

    Returns
    -------
    Trace
        Forward, a frame per op; backward, a frame per edge, in the engine's own order. Hooks of
        the user's are called as by `backward`.

    Raises
    ------
    GradientError
        If the loss has no history or is no scalar, or if its graph was freed by a backward pass
        and was not made in `viz.recording()`.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> y = tg.tensor([3.0, 4.0], requires_grad=True)
    >>> run = trace((x * x + x * y).sum())
    >>> run
    <Trace: 4 forward and 7 backward frames>
    >>> run.moments["v0"].grad.numbers, x.grad
    ([5.0, 8.0], None)
    """
    variables = variables_of(loss)
    if not is_tensor(loss):
        if not callable(loss):
            raise TypeError(f"viz.trace: give a Tensor or a function, not {type(loss).__name__}")
        book = recording()
        try:
            with book:
                result = loss()
        except Exception as error:
            return _failed(error, book, params, variables, title)
        if not is_tensor(result):
            raise TypeError(
                f"viz.trace: the function must return the loss, a Tensor, not "
                f"{type(result).__name__}"
            )
        loss = result
    return _traced(loss, params, gradient, check, title, variables)


def save(
    output: Any, path: str | os.PathLike[str], params: Any = None, **show: Any
) -> RenderResult:
    """Draw a graph into a file; the suffix says how.

    Parameters
    ----------
    output
        A Tensor, several, or a Graph from `read_graph`.
    path
        ``.svg``, ``.png``, ``.pdf``, ``.dot``, ``.tex``: the picture. ``.html``: the player of a
        backward pass, for a Tensor.
    params, **show
        As for `read_graph`.

    Returns
    -------
    RenderResult
        The path, which engine ran, and why others that were tried did not.

    Raises
    ------
    ValueError
        For an unknown suffix.

    Examples
    --------
    >>> import tempfile, tinygrad_edu as tg
    >>> x = tg.tensor(2.0, requires_grad=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(x * x, f"{folder}/square.dot").engine
    'text'
    """
    if Path(path).suffix.lower() == ".html" and is_tensor(output):
        if show:
            raise TypeError(f"save: the player shows everything; it takes no {', '.join(show)}")
        return trace(output, params).save(path)
    return save_picture(output, path, params, **show)


def _traced(
    loss: Any, params: Any, gradient: Any, check: bool, title: str, variables: Variables
) -> Trace:
    seed, root = seed_of(loss, gradient), edge_of(loss)
    nodes = reachable([root])
    with as_recorded(nodes):
        values = Values(nodes)
        found = match(read_graph(loss, params), nodes, values)
        if not isinstance(root, Node):
            found.vertices[root], found.objects["v0"] = "v0", root
        run = _named_run(Run(found, {}, values, root), variables)
        run.sweep = run_sweep(root, seed, nodes)
        forward, backward = forward_frames(run), backward_frames(run)
        if check and isinstance(root, Node):
            backward = with_numeric(backward, run.sweep.steps, root)
    leaves = {v: e for v, e in found.objects.items() if not isinstance(e, Node)}
    grads = {t: np.array(t._grad._array) for t in leaves.values() if t._grad is not None}
    panels, lost = moments(run, grads)
    notes = _notes(run, lost, backward if check else [])
    data = TraceData(
        renamed(found.graph, run.names),
        panels,
        (*forward, *backward),
        title,
        notes=notes,
        before={v: look_at(grads[leaf]) for v, leaf in leaves.items() if leaf in grads},
    )
    gradients = run.sweep.gradients
    return Trace(data, {v: Leaf(t, gradients.get(t), grads.get(t)) for v, t in leaves.items()})


def _failed(
    error: Exception, book: recording, params: Any, variables: Variables, title: str
) -> Trace:
    graph, nodes, failure = partial_graph(error, book.nodes, params)
    last, values = graph.vertices[-1], Values(nodes[:-1])
    run = _named_run(Run(match(graph, nodes, values), {}, values), variables)
    run.names.pop(last.id)
    panels, _ = moments(run, {})
    panels[last.id] = Moment(line=failure.line)
    forward = tuple(forward_frames(run))
    whole = renamed(graph, run.names)
    return Trace(TraceData(whole, panels, forward, title, failure=failure), {})


def _named_run(run: Run, variables: Variables) -> Run:
    run.names = name_all(run.match, run.root, variables)
    return run


def _notes(run: Run, lost: list[str], checked: list[Frame]) -> tuple[str, ...]:
    notes = []
    if lost:
        names = ", ".join(run.names[v] for v in lost[:5]) + (", ..." if len(lost) > 5 else "")
        notes.append(
            f"not kept: the value of {names}; compute the loss in a function, or under "
            "viz.recording(), to see all values"
        )
    hooked = [run.names[run.match.vertices[n]] for n in run.match.nodes if n.hooks]
    leaves = [v for v, e in run.match.objects.items() if not isinstance(e, Node) and e._hooks]
    hooked += [run.names[v] for v in leaves]
    if hooked:
        notes.append(f"hooks saw, and may have changed, the gradient of {', '.join(hooked[:5])}")
    if any(f.numeric is not None and f.numeric.shape != _contributed(f) for f in checked):
        notes.append(LARGE_NOTE)
    return tuple(notes)


def _contributed(frame: Frame) -> tuple[int, ...]:
    return frame.numeric.shape if frame.contribution is None else frame.contribution.shape  # type: ignore[union-attr]
