"""Update rules in symbols: printed, evaluated, and explained from one text.

A rule states its update as lines ``(name, expression)`` in Python syntax, such as
``("v", "momentum * v + g")``. From them come the formula in Unicode and LaTeX, and the last step of
one element by hand, with a number for each line. A test holds them equal to the fast code.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .symbols import Line, symbol

_FUNCTIONS: dict[str, Any] = {
    "sqrt": np.sqrt,
    "abs": abs,
    "max": max,
    "min": min,
    "sign": np.sign,
    # For rules that see all parameters as one vector:
    "solve": np.linalg.solve,
    "dot": np.dot,
    "outer": np.outer,
}

_RAISED = dict(zip("0123456789t−", "⁰¹²³⁴⁵⁶⁷⁸⁹ᵗ⁻", strict=True))

# How a product of two arguments is written, in Unicode and in LaTeX.
_PRODUCTS = {
    "solve": ("{}⁻¹ {}", "{}^{{-1}} {}"),
    "dot": ("{}ᵀ {}", r"{}^\top {}"),
    "outer": ("{} {}ᵀ", r"{} {}^\top"),
}


class _Writer(ast.NodeVisitor):
    """Turns one expression into text. Each method returns (text, binding strength)."""

    def __init__(self, latex: bool) -> None:
        self.latex = latex

    def write(self, node: ast.AST, at_least: int = 0) -> str:
        text, strength = self.visit(node)
        return text if strength >= at_least else self.bracketed(text)

    def bracketed(self, text: str) -> str:
        return rf"\left({text}\right)" if self.latex else f"({text})"

    def visit_Expression(self, node: ast.Expression) -> tuple[str, int]:
        return self.visit(node.body)

    def visit_Name(self, node: ast.Name) -> tuple[str, int]:
        return symbol(node.id, self.latex), 9

    def visit_Constant(self, node: ast.Constant) -> tuple[str, int]:
        assert isinstance(node.value, (int, float))
        return f"{node.value:g}", 9

    def visit_UnaryOp(self, node: ast.UnaryOp) -> tuple[str, int]:
        return "−" * (not self.latex) + "-" * self.latex + self.write(node.operand, 5), 4

    def visit_BinOp(self, node: ast.BinOp) -> tuple[str, int]:
        if isinstance(node.op, ast.Add):
            return f"{self.write(node.left, 3)} + {self.write(node.right, 3)}", 3
        if isinstance(node.op, ast.Sub):
            minus = "-" if self.latex else "−"
            return f"{self.write(node.left, 3)} {minus} {self.write(node.right, 4)}", 3
        if isinstance(node.op, (ast.Mult, ast.MatMult)):
            between = r" \, " if self.latex else " "
            return f"{self.write(node.left, 5)}{between}{self.write(node.right, 6)}", 5
        if isinstance(node.op, ast.Div):
            if self.latex:
                return rf"\frac{{{self.write(node.left)}}}{{{self.write(node.right)}}}", 8
            return f"{self.write(node.left, 5)} / {self.write(node.right, 7)}", 5
        exponent = self.write(node.right)
        if self.latex:
            return f"{self.write(node.left, 9)}^{{{exponent}}}", 8
        if set(exponent) <= _RAISED.keys():
            plain = "".join(_RAISED[c] for c in exponent)
        else:
            plain = f"^{exponent}" if len(exponent) == 1 else f"^{self.bracketed(exponent)}"
        return self.write(node.left, 9) + plain, 8

    def visit_Call(self, node: ast.Call) -> tuple[str, int]:
        assert isinstance(node.func, ast.Name)
        name, inner = node.func.id, ", ".join(self.write(a) for a in node.args)
        if name in _PRODUCTS:
            return _PRODUCTS[name][self.latex].format(*(self.write(a, 8) for a in node.args)), 5
        if name == "sqrt":
            return (rf"\sqrt{{{inner}}}", 9) if self.latex else (f"√({inner})", 9)
        if name == "abs":
            return f"|{inner}|", 9
        written = rf"\operatorname{{{name}}}" if self.latex else name
        return written + self.bracketed(inner), 9

    def visit_IfExp(self, node: ast.IfExp) -> tuple[str, int]:
        parts = [self.write(n) for n in (node.body, node.test, node.orelse)]
        if self.latex:
            return r"{} \text{{ if }} {} \text{{ else }} {}".format(*parts), 0
        return "{} if {} else {}".format(*parts), 0

    def visit_Compare(self, node: ast.Compare) -> tuple[str, int]:
        signs = {ast.Eq: "=", ast.Gt: ">", ast.Lt: "<", ast.GtE: "≥", ast.LtE: "≤"}
        sign = signs[type(node.ops[0])]
        return f"{self.write(node.left)} {sign} {self.write(node.comparators[0])}", 1

    def generic_visit(self, node: ast.AST) -> Any:
        raise ValueError(f"a formula can't contain {type(node).__name__}")


def render(lines: Sequence[Line], latex: bool = False) -> str:
    """The lines as text, one assignment each.

    Examples
    --------
    >>> print(render([("v", "momentum * v + g"), ("p", "p - lr * v")]))
    v ← μ v + g
    θ ← θ − η v
    """
    arrow = r" \leftarrow " if latex else " ← "
    rows = []
    for name, expression in lines:
        tree = ast.parse(expression, mode="eval")
        rows.append(symbol(name, latex) + arrow + _Writer(latex).write(tree))
    return (r" \\ " + "\n").join(rows) if latex else "\n".join(rows)


def _number(value: Any) -> Any:
    return np.float64(value) if isinstance(value, (int, float)) else value


def evaluate(lines: Sequence[Line], values: dict[str, Any]) -> list[tuple[str, str, float]]:
    """The value of each line, from the top: rows of (name, expression, value).

    Examples
    --------
    >>> evaluate(
    ...     [("v", "0.5 * v + g"), ("p", "p - lr * v")],
    ...     dict(v=2.0, g=1.0, p=3.0, lr=0.1),
    ... )
    [('v', '0.5 * v + g', 2.0), ('p', 'p - lr * v', 2.8)]
    """
    # NumPy's numbers divide by zero as the fast code does: to inf or nan, in silence.
    known = {**_FUNCTIONS, **{name: _numpy(value) for name, value in values.items()}}
    rows = []
    with np.errstate(all="ignore"):
        for name, expression in lines:
            code = compile(expression, "<formula>", "eval")
            known[name] = value = _numpy(eval(code, {"__builtins__": {}}, known))
            rows.append((name, expression, value if np.ndim(value) else float(value)))
    return rows


def _numpy(value: Any) -> Any:
    """A float64 number, or an array for the rules that see all parameters as one vector."""
    return np.asarray(value, np.float64)[()]


@dataclass(frozen=True)
class Formula:
    """An update rule in symbols: prints as Unicode, and as LaTeX in a notebook."""

    lines: tuple[Line, ...]

    def __str__(self) -> str:
        return render(self.lines)

    @property
    def latex(self) -> str:
        """The same for a document."""
        return render(self.lines, latex=True)

    def _repr_latex_(self) -> str:
        return (
            r"$\begin{aligned}"
            + self.latex.replace(r"\leftarrow", r"&\leftarrow")
            + (r"\end{aligned}$")
        )


@dataclass(frozen=True)
class StepTable:
    """One step of one element by hand: what went in, and the number each line gave."""

    rule: str
    where: str
    given: dict[str, float]
    rows: tuple[tuple[str, str, float], ...]

    def __getitem__(self, name: str) -> float:
        """The last value of a name."""
        found = {**self.given, **{n: v for n, _, v in self.rows}}
        return found[name]

    def __str__(self) -> str:
        given = ", ".join(f"{symbol(n)} = {v:.8g}" for n, v in self.given.items())
        texts = [render([(n, e)]) for n, e, _ in self.rows]
        width = max(map(len, texts), default=0)
        body = [
            f"  {t:<{width}}  = {v:.10g}" for t, (_, _, v) in zip(texts, self.rows, strict=True)
        ]
        return "\n".join([f"{self.rule}, {self.where}", f"  given {given}", *body])

    def _repr_html_(self) -> str:
        head = f"<caption>{self.rule}, {self.where}</caption>"
        given = "".join(
            f"<tr><td>{symbol(n)}</td><td>given</td><td>{v:.8g}</td></tr>"
            for n, v in self.given.items()
        )
        body = "".join(
            f"<tr><td>{symbol(n)}</td><td>{render([(n, e)])}</td><td>{v:.10g}</td></tr>"
            for n, e, v in self.rows
        )
        return f"<table>{head}{given}{body}</table>"
