"""The derivative formula of an op that no table names: its own source, with this graph's names."""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
from collections.abc import Callable, Sequence
from types import CodeType
from typing import Any

from .rule import atom

_Function = ast.Lambda | ast.FunctionDef


def from_source(op: Any, names: Sequence[str], result: str, i: int, g: str = "g") -> str:
    """The formula of `op` for input `i` as it is written, or ``vjp(g)`` if that cannot be read.

    Parameters
    ----------
    op
        A Primitive, or whatever stands in for one.
    names, result
        Of the inputs and of the result.
    i : int
        Which input.
    g : str
        What the upstream gradient is called.

    Examples
    --------
    >>> from tinygrad_edu.engine import primitive
    >>> @primitive
    ... def cube(x):
    ...     return x**3
    >>> def d_cube(g, out, x):
    ...     slope = 3 * x**2
    ...     return g * slope
    >>> from_source(cube.defvjp(d_cube), ["w"], "h", 0)
    'g * slope, slope = 3 * w ** 2'
    """
    try:
        return _translated(op, names, result, i, g) or f"vjp({g})"
    except Exception:  # a picture is drawn whatever a program's source looks like
        return f"vjp({g})"


def _translated(op: Any, names: Sequence[str], result: str, i: int, g: str) -> str:
    if hasattr(op, "function"):  # a user's Function has a backward in place of formulas
        return f"{op.name}.backward({g})"
    joint = getattr(op, "joint", None)
    given = joint or op.formulas[i]
    if given is None:
        return "0"
    given_names = [g, result, *names]
    if isinstance(given, functools.partial):  # one formula for any number of inputs
        given_names, given = [*map(str, given.args), *given_names], given.func
    tree = definition(given)
    if tree is None:
        return ""
    positional = [a.arg for a in (*tree.args.posonlyargs, *tree.args.args)]
    renamed = dict(zip(positional, given_names, strict=False))
    return _steps(tree, renamed, i if joint else None)


def definition(function: Callable) -> _Function | None:
    """The syntax tree of a function or lambda, or None.

    `inspect.getsource` gives whole lines, on which several lambdas may stand; so the file is read,
    and of the lambdas on the line the one that compiles to the same code is taken.
    """
    code = inspect.unwrap(function).__code__
    text = "".join(linecache.getlines(code.co_filename, getattr(function, "__globals__", {})))
    found = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.Lambda, ast.FunctionDef)) and _line(node) == code.co_firstlineno
    ]
    if len(found) > 1:
        found = [f for f in found if isinstance(f, ast.FunctionDef) or _same(f, code)]
    return found[0] if found else None


def _line(node: _Function) -> int:
    decorators = getattr(node, "decorator_list", [])
    return decorators[0].lineno if decorators else node.lineno


def _same(tree: ast.Lambda, code: CodeType) -> bool:
    made = compile(ast.Expression(tree), "", "eval").co_consts
    other = next(part for part in made if isinstance(part, CodeType))
    parts = ("co_code", "co_names", "co_varnames", "co_consts")
    return all(getattr(other, part) == getattr(code, part) for part in parts)


def _steps(tree: _Function, names: dict[str, str], part: int | None) -> str:
    """What is returned, and after commas the assignments that led to it.

    Empty for a function that does more than assign and return.
    """
    if isinstance(tree, ast.Lambda):
        return _expression(tree.body, names)
    *before, last = tree.body
    if before and isinstance(before[0], ast.Expr):  # the docstring
        before = before[1:]
    if not isinstance(last, ast.Return) or last.value is None:
        return ""
    if not all(isinstance(line, ast.Assign) for line in before):
        return ""
    value = last.value
    if part is not None and isinstance(value, ast.Tuple):
        value = value.elts[part]
    local = {name for line in before for name in _assigned(line)}
    names = {k: v for k, v in names.items() if k not in local}
    return ", ".join([_expression(value, names), *(_assignment(b, names) for b in before)])


def _assigned(line: ast.stmt) -> list[str]:
    names = [node for node in ast.walk(line) if isinstance(node, ast.Name)]
    return [name.id for name in names if isinstance(name.ctx, ast.Store)]


def _assignment(line: ast.stmt, names: dict[str, str]) -> str:
    assert isinstance(line, ast.Assign)
    return f"{_expression(line.targets[0], names)} = {_expression(line.value, names)}"


def _expression(tree: ast.AST, names: dict[str, str]) -> str:
    """One expression as text, its parameters renamed.

    A name may be any text: it goes in as an identifier, in its place when the text is made, so
    that the parentheses are those of the formula.
    """
    marks = {f"_name_{k}_": v for k, v in enumerate(names.values())}
    letters = dict(zip(names, marks, strict=True))
    text = ast.unparse(_Renamed(letters).visit(ast.parse(ast.unparse(tree), mode="eval")))
    for mark, name in marks.items():
        text = text.replace(mark, name if text == mark else atom(name))
    return text


class _Renamed(ast.NodeTransformer):
    """Other names for some variables; an op's private name loses its underscore."""

    def __init__(self, letters: dict[str, str]) -> None:
        self.letters = letters

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.letters.get(node.id, node.id.lstrip("_") or node.id), node.ctx)
