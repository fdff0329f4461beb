"""All mutants of some source files: small changes to the syntax tree that make a formula wrong.

Only function bodies are mutated. Left alone are error branches (an ``if`` that raises, and what is
raised), docstrings, annotations and defaults: errors have tests of their own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]

# Exchanged when called or taken as attributes.
TWINS = {
    a: b
    for pair in [
        ("max", "min"),
        ("maximum", "minimum"),
        ("fmax", "fmin"),
        ("amax", "amin"),
        ("argmax", "argmin"),
        ("sin", "cos"),
        ("sinh", "cosh"),
        ("floor", "ceil"),
        ("zeros", "ones"),
        ("zeros_like", "ones_like"),
        ("cumsum", "cumprod"),
        ("greater", "less"),
        ("greater_equal", "less_equal"),
        ("equal", "not_equal"),
        ("all", "any"),
        ("tril", "triu"),
        ("log", "exp"),
    ]
    for a, b in (pair, pair[::-1])
}

# Without these calls a function does the same, or fails for other kinds of argument only.
CONVERSIONS = {"raw", "float", "int", "bool", "tuple", "list", "asarray", "dtype"}

COMPARISONS: dict[type, list[type]] = {
    ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Lt: [ast.LtE, ast.Gt],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
}

OPERATORS: dict[type, list[type]] = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div],
    ast.Div: [ast.Mult],
    ast.Pow: [ast.Mult],
    ast.MatMult: [],
    ast.Mod: [ast.Mult],
    ast.FloorDiv: [ast.Mult],
    ast.BitAnd: [ast.BitOr],
    ast.BitOr: [ast.BitAnd],
}


@dataclass(frozen=True)
class Unit:
    """A function or lambda that can be exchanged as a whole: one not inside another."""

    file: str
    name: str
    line: int
    formula: bool  # the whole of it states derivatives, or updates parameters
    inputs: dict[ast.AST, list[str]]  # what may be exchanged in the formulas in it
    imports: tuple[Any, ...]
    statement: Any
    node: Any

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.name}"

    @property
    def lines(self) -> range:
        return range(self.line, self.node.end_lineno + 1)


# A field of a syntax node, and an index if that is a list.
Place = tuple[Any, str, "int | None"]


def at(place: Place) -> Any:
    """The node at a place."""
    parent, field, index = place
    held = getattr(parent, field)
    return held if index is None else held[index]


@dataclass
class Mutant:
    """One change: at a place in the syntax tree, another node."""

    unit: Unit
    formula: bool
    what: str
    line: int
    context: Place  # of the statement or lambda that holds the change
    place: Place
    new: Any

    @property
    def file(self) -> str:
        return self.unit.file

    @cached_property
    def texts(self) -> tuple[str, str]:
        """The statement or lambda that holds the change, before and after it."""
        before = shown(at(self.context))
        self._exchange()
        try:
            return before, shown(at(self.context))
        finally:
            self._exchange()

    @property
    def key(self) -> tuple[str, str, str]:
        """By which an explanation names it."""
        return (self.file, *self.texts)

    def _exchange(self) -> None:
        """Put the change in, or take it out again."""
        parent, field, index = self.place
        held = at(self.place)
        if index is None:
            setattr(parent, field, self.new)
        else:
            getattr(parent, field)[index] = self.new
        self.new = held

    def codes(self) -> tuple[CodeType, CodeType]:
        """The compiled top-level statement, before and after."""
        before = compiled(self.unit)
        self._exchange()
        try:
            return before, compiled(self.unit)
        finally:
            self._exchange()

    def __str__(self) -> str:
        before, after = self.texts
        return f"{self.file}:{self.line}: {self.what}\n    - {before}\n    + {after}"


def compiled(unit: Unit) -> CodeType:
    """The code of the top-level statement that holds a unit.

    Python compiles ``np.exp(x)`` differently if it sees that np is a module, hence the imports.
    """
    module = ast.Module([*unit.imports, unit.statement], [])
    ast.fix_missing_locations(module)
    return compile(module, str(ROOT / unit.file), "exec", dont_inherit=True)


def shown(node: ast.AST) -> str:
    """A simple statement or lambda as source; of a compound statement its first line."""
    text = ast.unparse(node)
    if isinstance(node, (ast.If, ast.For, ast.While, ast.With)):
        return text.partition("\n")[0]
    return text


# ----------------------------------------------------------------------------------- the changes


def changes(node: ast.AST, names: Sequence[str]) -> Iterator[tuple[str, ast.AST]]:
    """What can be put in place of a node.

    `names` are the inputs of the formula that it is in: ``g, out, x, y``.
    """
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            yield "sign flipped", operand
        case ast.UnaryOp(op=(ast.Not() | ast.Invert()), operand=operand):
            yield "negation dropped", operand
        case ast.BinOp(left=left, op=op, right=right):
            for other in OPERATORS.get(type(op), []):
                yield "operator changed", ast.BinOp(left, other(), right)
            if isinstance(op, (ast.Sub, ast.Div, ast.MatMult, ast.Pow)):
                yield "operands swapped", ast.BinOp(right, op, left)
            if isinstance(op, (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.BitAnd, ast.BitOr)):
                part = "term" if isinstance(op, (ast.Add, ast.Sub)) else "factor"
                yield f"{part} dropped", left
                if not isinstance(op, ast.Div):
                    yield f"{part} dropped", right
            if isinstance(op, ast.MatMult):
                yield "transpose added", ast.BinOp(attribute(left, "T"), op, right)
                yield "transpose added", ast.BinOp(left, op, attribute(right, "T"))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            for other in COMPARISONS.get(type(op), []):
                yield "comparison changed", ast.Compare(left, [other()], [right])
        case ast.BoolOp(op=op, values=values):
            yield "and/or", ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield "condition negated", ast.IfExp(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.Constant(value=bool(value)):
            yield "constant changed", ast.Constant(not value)
        case ast.Constant(value=(int() | float()) as value):
            yield "constant changed", ast.Constant(value + 1)
        case ast.Attribute(value=value, attr="T" | "mT"):
            yield "transpose removed", value
        case ast.Attribute(value=value, attr=name) if name in TWINS:
            yield "function changed", attribute(value, TWINS[name])
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name in TWINS:
            yield "function changed", ast.Call(ast.Name(TWINS[name], ast.Load()), args, keywords)
        case ast.keyword(arg="keepdims" | "keepdim", value=value):
            if not isinstance(value, ast.Constant):
                yield "keepdims flipped", ast.keyword(node.arg, ast.UnaryOp(ast.Not(), value))
        case ast.keyword(arg="axis" | "dim" | "dims", value=value):
            if not isinstance(value, ast.Constant):
                yield "axis dropped", ast.keyword(node.arg, ast.Constant(None))
        case ast.Name(id=name, ctx=ast.Load()) if name in names:
            for other in swaps(name, names):
                yield f"{name} -> {other}", ast.Name(other, ast.Load())
        case ast.AugAssign(target=target, op=op, value=value):
            for other in OPERATORS.get(type(op), []):
                yield "operator changed", ast.AugAssign(target, other(), value)
            yield "statement dropped", ast.Pass()
        case ast.Expr(value=ast.Call(func=ast.Attribute())):  # of a Name: a test of arguments
            yield "statement dropped", ast.Pass()
        case ast.If(test=test, body=body, orelse=orelse):
            yield "condition negated", ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
    match node:  # besides what was changed above
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[argument]) if (
            name not in CONVERSIONS
            and not isinstance(argument, (ast.Starred, ast.GeneratorExp, ast.ListComp))
        ):
            yield "call dropped", argument


def attribute(value: ast.expr, name: str) -> ast.Attribute:
    return ast.Attribute(value, name, ast.Load())


def swaps(name: str, names: Sequence[str]) -> list[str]:
    """By what an input of a formula ``f(g, out, x, y)`` is replaced."""
    g, out, *inputs = names
    if name == g:
        return [out]
    if name == out:
        return inputs[:1]
    others = [n for n in inputs if n != name]
    return [out, *others[:1]]


# ------------------------------------------------------------------------------------ the search


def all_mutants(files: Sequence[Path]) -> list[Mutant]:
    """Every mutant of these files, each change of a line once."""
    trees = {str(f.relative_to(ROOT)): ast.parse(f.read_text(encoding="utf-8")) for f in files}
    found: list[Mutant] = []
    for unit in units(trees):
        seen = set()
        for mutant in _of(unit):
            before, after = mutant.texts
            if before != after and (after, mutant.line) not in seen:
                seen.add((after, mutant.line))
                found.append(mutant)
    return found


def units(trees: dict[str, ast.Module]) -> list[Unit]:
    """The outermost functions and lambdas, and whether they state derivatives or update rules."""
    given = formulas(trees)
    updates = update_functions(trees)
    found: list[Unit] = []
    for file, tree in trees.items():
        imports = tuple(s for s in tree.body if isinstance(s, (ast.Import, ast.ImportFrom)))
        for statement in tree.body:
            for node in _outermost(statement):
                name = getattr(node, "name", "<lambda>")
                if name in given.explain:
                    continue
                first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
                inside = {n: given.inputs[n] for n in ast.walk(node) if n in given.inputs}
                whole = node in inside or name in given.called or node in updates
                found.append(Unit(file, name, first, whole, inside, imports, statement, node))
    return found


class Formulas(NamedTuple):
    """The functions and lambdas given to ``defvjp``, with the names of their arguments ``g``,
    ``out`` and inputs; the names of functions that they call; and of those that explain errors."""

    inputs: dict[ast.AST, list[str]]
    called: set[str]
    explain: set[str]


def formulas(trees: dict[str, ast.Module]) -> Formulas:
    """What states derivatives."""
    inputs: dict[ast.AST, list[str]] = {}
    explain: set[str] = set()
    functions: dict[str, ast.FunctionDef] = {}
    for tree in trees.values():
        local = {n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
        functions |= {k: n for k, n in local.items() if k[0] == "_" and not n.decorator_list}
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(value=op, attr="defvjp" | "defvjp_each")):
                    options = _options(local.get(getattr(op, "id", "")))
                    for part in [*node.args, *(k.value for k in node.keywords)]:
                        for formula in [local.get(getattr(part, "id", "")), *ast.walk(part)]:
                            if isinstance(formula, (ast.Lambda, ast.FunctionDef)):
                                inputs[formula] = _inputs(formula, options)
                case ast.FunctionDef(decorator_list=[ast.Attribute(attr="defvjp_each")]):
                    inputs[node] = _inputs(node, set())
                case ast.Assign(targets=[ast.Attribute(attr="explain")], value=value):
                    explain |= {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}
    used = {n.id for f in inputs for n in ast.walk(f) if isinstance(n, ast.Name)}
    todo = [n for n in used if n in functions]
    reached: set[str] = set()
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            inside = {n.id for n in ast.walk(functions[name]) if isinstance(n, ast.Name)}
            todo += [n for n in inside if n in functions]
    return Formulas(inputs, reached, explain)


# Where a rule's computation starts: its state, what it must know of a group, a step, looking ahead.
RULE = ("_start", "_begin", "_update", "_moved")


def update_functions(trees: dict[str, ast.Module]) -> set[ast.AST]:
    """The methods in which rules compute, and the functions of these files that they call."""
    functions: dict[str, list[ast.AST]] = {}
    for tree in trees.values():
        for statement in tree.body:
            for node in _outermost(statement):
                functions.setdefault(getattr(node, "name", "<lambda>"), []).append(node)
    reached: set[ast.AST] = set()
    if "_update" not in functions:  # no rules
        return reached
    todo = [n for name in RULE for n in functions.get(name, [])]
    while todo:
        node = todo.pop()
        if node not in reached:
            reached.add(node)
            for part in ast.walk(node):
                match part:
                    case ast.Call(
                        func=ast.Name(id=name) | ast.Attribute(value=ast.Name(id="self"), attr=name)
                    ):
                        todo += functions.get(name, [])
    return reached


def _options(op: ast.FunctionDef | None) -> set[str]:
    """What an op's forward function takes besides its inputs."""
    return {a.arg for a in op.args.kwonlyargs} if op else set()


def _inputs(formula: Any, options: set[str]) -> list[str]:
    """The names among the arguments of a formula that may be exchanged for each other."""
    names = [a.arg for a in formula.args.args if a.arg not in options]
    if names[:1] == ["i"]:  # of `defvjp_each`
        names = names[1:]
    if formula.args.vararg:
        names.append(formula.args.vararg.arg)
    return names if names[:2] == ["g", "out"] else []


def _outermost(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, (ast.FunctionDef, ast.Lambda)):
        yield node
        return
    for child in ast.iter_child_nodes(node):
        yield from _outermost(child)


def _of(unit: Unit) -> Iterator[Mutant]:
    """The mutants of a unit."""
    names = unit.inputs.get(unit.node, [])
    if isinstance(unit.node, ast.Lambda):
        yield from _below(
            unit, (unit.node, "body", None), (unit, "node", None), names, unit.formula
        )
    else:
        for i in range(len(unit.node.body)):
            place = (unit.node, "body", i)
            yield from _below(unit, place, place, names, unit.formula)


def _below(
    unit: Unit, place: Place, context: Place, names: Sequence[str], formula: bool
) -> Iterator[Mutant]:
    """The mutants of the node at a place, and of those below it."""
    node = at(place)
    if _left_alone(node):
        return
    if isinstance(node, ast.stmt):
        context = place
    if node in unit.inputs:
        names, formula = unit.inputs[node], True
    for what, new in changes(node, names):
        line = getattr(node, "lineno", None) or place[0].lineno
        yield Mutant(unit, formula, what, line, context, place, new)
    names = _but_for_their_kind(node, names)
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list") or isinstance(value, ast.arguments):
            continue
        if isinstance(value, ast.AST):
            yield from _below(unit, (node, name, None), context, names, formula)
        elif isinstance(value, list):
            for i, item in enumerate(value):
                if isinstance(item, ast.AST):
                    yield from _below(unit, (node, name, i), context, names, formula)


def _but_for_their_kind(node: ast.AST, names: Sequence[str]) -> Sequence[str]:
    """The names to exchange below a node: none if it takes no values from them.

    ``g`` has the shape and dtype of ``out`` in any case.
    """
    match node:
        case ast.Attribute(attr="dtype"):
            return []
        case ast.Attribute(value=ast.Name(id="g"), attr="shape" | "ndim" | "size"):
            return []
        case ast.Call(func=ast.Name(id="is_tensor" | "isinstance" | "no_slope")):
            return []
    return names


def _left_alone(node: ast.AST) -> bool:
    match node:
        case ast.Raise() | ast.Assert() | ast.Import() | ast.ImportFrom() | ast.JoinedStr():
            return True
        case ast.keyword(arg="strict"):  # of zip: an assertion
            return True
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case ast.If(body=[*_, ast.Raise()], orelse=[]):
            return True
    return False
