"""Every op says what is wrong: a named error that names op, argument and shapes, and the line."""

from __future__ import annotations

import ast
import builtins
import functools
import importlib
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import error_cases
import error_rules
import numpy as np
import pytest
from error_rules import Case
from error_states import STATES

import tinygrad_edu
from tinygrad_edu import Tensor, errors, ops
from tinygrad_edu.engine import Primitive

linalg = importlib.import_module("tinygrad_edu.linalg")
FILES = ("error_cases.py:", "error_rules.py:", "error_states.py:", "test_errors.py:")
NAMED = {kind for kind in vars(errors).values() if isinstance(kind, type)}
# Where Python or PyTorch have one of their own for it.
BUILTIN = {IndexError, ValueError, TypeError, RuntimeError, NotImplementedError, AssertionError}


def error_class(name: str) -> type[Exception]:
    found = getattr(errors, name, None) or getattr(builtins, name)
    assert issubclass(found, Exception)
    return found


def from_table(table: str, in_torch: bool) -> list[Case]:
    """The cases in a table. Each call is compiled as a line of the file that it stands in."""
    lines = inspect.getsource(error_cases).splitlines()
    found = []
    for row in table.strip().replace("\n    ", " ").splitlines():
        op, error, call, *words = row.split(" | ")
        line = next(i for i, text in enumerate(lines, 1) if text and row.startswith(text))
        tree = ast.increment_lineno(ast.parse(call, mode="eval"), line - 1)
        code = compile(tree, error_cases.__file__, "eval")

        def start(t: Any, code: Any = code) -> tuple[list[Any], Callable[[], Any]]:
            x, n = t.ones(2, 3), t.ones(2, 3, dtype=t.int64)
            names = {"t": t, "F": t.nn.functional, "np": np, "x": x, "n": n}
            names |= {name: getattr(t, name) for name in ("ones", "zeros", "tensor", "int64")}
            return [x, n], lambda: eval(code, names)

        found.append(Case(op, call, error_class(error), tuple(words), start, in_torch))
    return found


def from_steps(steps: Any, error: Any, words: tuple[str, ...], in_torch: bool) -> Case:
    def start(t: Any) -> tuple[list[Any], Callable[[], Any]]:
        walk = steps(t)
        return next(walk), lambda: next(walk, None)

    return Case("[state]", steps.__name__, error, words, start, in_torch)


CASES = [
    *(
        c
        for table in error_cases.TABLES
        for c in from_table(table, table is not error_cases.ONLY_HERE)
    ),
    *error_rules.cases(),
    *(from_steps(*state) for state in STATES),
]


def snapshot(tensor: Any) -> tuple[Any, ...]:
    grad = None if tensor._grad is None else np.array(tensor._grad.tolist())
    array = tensor.detach().numpy()
    return array.copy(), grad, tensor.requires_grad, tensor.grad_fn, tensor.dtype


def op_names(case: Case) -> list[str]:
    """What the text may call the op: as it was called, or its proper name."""
    if case.op.startswith("["):
        return [""]
    found: Any = case.op.rpartition(".")[2]
    names = [found.strip("_")]
    for package in (tinygrad_edu, tinygrad_edu.nn.functional, linalg, Tensor):
        op = getattr(package, found, None)
        names += [getattr(op, key, "").strip("_") for key in ("name", "__name__") if op is not None]
    return [n for n in names if n]


@pytest.mark.parametrize("case", CASES, ids=[c.id for c in CASES])
def test_error(case: Case) -> None:
    watched, call = case.start(tinygrad_edu)
    before = [snapshot(x) for x in watched]
    with pytest.raises(case.error) as info:
        call()
    kind, text = info.type, str(info.value)
    message = text.partition("\n  at ")[0]
    assert kind in NAMED | BUILTIN or kind.__module__.startswith("tinygrad_edu"), kind
    for word in case.words:
        assert word in message
    assert any(name in message for name in op_names(case)), f"{message!r} does not name the op"
    assert any(file in text for file in FILES), f"{text!r} does not point at the user's line"
    for old, tensor in zip(before, watched, strict=True):
        for a, b in zip(old, snapshot(tensor), strict=True):
            assert a is b or np.array_equal(a, b), f"{message!r}, but a tensor was changed"
    assert tinygrad_edu.is_grad_enabled()


@functools.cache
def torch() -> ModuleType:
    return importlib.import_module("torch")


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
def test_pytorch_raises_the_same_class() -> None:
    """Where PyTorch raises a RuntimeError so do we, and so on."""
    torch().backends.opt_einsum.enabled = False  # which, where installed, raises errors of its own
    wrong = []
    for case in CASES:
        if not case.in_torch or "svm" in case.op:
            continue
        theirs, ours = outcome(case, torch()), outcome(case, tinygrad_edu)
        if theirs is None:
            wrong.append(f"{case.id}: PyTorch raises nothing")
        elif isinstance(theirs, RuntimeError):  # or one of its kinds
            theirs = RuntimeError()
        # An AttributeError of theirs is an accident: code that a list was not meant for.
        if not isinstance(theirs, (AttributeError, type(None))) and not isinstance(
            ours, type(theirs)
        ):
            wrong.append(f"{case.id}: {ours!r} is no {type(theirs).__name__}")
    assert not wrong, "\n".join(wrong)


def outcome(case: Case, package: Any) -> Exception | None:
    try:
        case.start(package)[1]()
    except Exception as error:
        return error
    return None


def test_every_op_has_a_case() -> None:
    covered = {name.strip("_") for case in CASES for name in op_names(case)}
    covered |= {case.op.strip("[]") for case in CASES}
    public = {*ops.__all__, *tinygrad_edu.nn.functional.__all__, *linalg.__all__[1:]}
    public |= {n for n, v in inspect.getmembers(Tensor) if isinstance(v, Primitive)}
    assert not sorted(n for n in public if n[0] != "_" and n.strip("_") not in covered)
