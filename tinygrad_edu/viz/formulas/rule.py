"""How one line of a table is written, and how its letters become the names of a graph."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Call:
    """One call of an op: the names of its inputs, and its options."""

    names: tuple[str, ...]
    params: Mapping[str, Any]

    def number(self, i: int) -> float | None:
        """Input `i`, if its name is a number."""
        try:
            return float(self.names[i])
        except (ValueError, IndexError):
            return None


Text = str | Callable[[Call], str] | None


@dataclass(frozen=True)
class Rule:
    """One op in symbols.

    Attributes
    ----------
    letters : tuple of str
        What the texts call the inputs; ``g`` and ``out`` are the upstream gradient and the result.
    forward : str, callable or None
        The result in terms of the letters; None writes the call: ``softmax(x, axis=1)``.
    vjps : tuple
        One text per input; None for an input without a gradient. ``{axis}`` stands for an option.
        A callable makes the text from the call, for ops whose formula depends on their options.
    """

    letters: tuple[str, ...]
    forward: Text
    vjps: tuple[Text, ...]


def rule(letters: str, forward: Text, *vjps: Text) -> Rule:
    """One line of a table: letters, the result, and one VJP for each letter.

    Examples
    --------
    >>> rule("x y", "x ⊙ y", "g ⊙ y", "g ⊙ x").letters
    ('x', 'y')
    """
    return Rule(tuple(letters.split()), forward, vjps)


Table = dict[str, Rule]

# ------------------------------------------------------------------------- letters into names

# An option in braces, or a word of a text. Superscripts are no part of a word here.
_WORD = re.compile(r"\{(\w+)\}|(?<![\w.])([A-Za-z_]\w*)", re.ASCII)
_DIGITS = r"\d+\.?\d*(?:e[-+]?\d+)?"
_NUMBER = rf"(?:{_DIGITS}|\(-{_DIGITS}\))"


def written(text: Text, call: Call, letters: Sequence[str], g: str, out: str) -> str:
    """A text of a rule with the names and options of one call.

    Examples
    --------
    >>> written("g / ({beta} x)", Call(("a + b",), {"beta": 2.0}), ["x"], "g", "h")
    'g / (2 (a + b))'
    """
    if callable(text):
        text = text(call)
    names = {**dict(zip(letters, call.names, strict=False)), "g": g, "out": out}

    def replaced(found: re.Match[str]) -> str:
        option, word = found.groups()
        if option:
            return shown(call.params.get(option, option))
        return atom(names[word]) if word in names else word

    done = _WORD.sub(replaced, text or "")
    whole = re.fullmatch(r"\((.*)\)", done)
    if whole and text in names:  # a name alone needs no parentheses
        done = whole[1]
    # An elementwise product with a number is a plain one.
    done = re.sub(rf" ⊙ ({_NUMBER})(?=$|[\s),])", r" · \1", done)
    return re.sub(rf"(?<![\w.^])({_NUMBER}) ⊙ ", r"\1 · ", done)


def atom(name: str) -> str:
    """A name in parentheses, unless it is one word or a number.

    Examples
    --------
    >>> atom("fc1.weight"), atom("x[0]"), atom("2.5")
    ('fc1.weight', 'x[0]', '2.5')
    >>> atom("2.weight"), atom("-2.0"), atom("a + b")
    ('(2.weight)', '(-2.0)', '(a + b)')
    """
    plain = re.fullmatch(rf"[^\W\d][\w.]*(\[\w*\])?|{_DIGITS}", name)
    return name if plain else f"({name})"


def differential(name: str) -> str:
    """The name of the gradient of something.

    Examples
    --------
    >>> differential("w"), differential("fc1.weight")
    ('dw', 'd(fc1.weight)')
    """
    return f"d{name}" if re.fullmatch(r"\w+", name) else f"d({name})"


def shown(value: Any) -> str:
    """An option as a reader writes it: numbers short, tuples of one as numbers.

    Examples
    --------
    >>> shown(2.0), shown((0,)), shown((0, 1)), shown(slice(0, 3)), shown("floor")
    ('2', '0', '(0, 1)', '0:3', 'floor')
    """
    if isinstance(value, np.ndarray):
        return shown(value.item()) if value.size == 1 and value.ndim == 0 else "…"
    if isinstance(value, (float, np.floating)):
        return f"{value:.6g}"
    if isinstance(value, slice):
        ends = [value.start, value.stop, *([value.step] if value.step is not None else [])]
        return ":".join("" if end is None else shown(end) for end in ends)
    if isinstance(value, (tuple, list)):
        if len(value) == 1:
            return shown(value[0])
        return f"({', '.join(shown(v) for v in value)})"
    return "…" if value is Ellipsis else str(value)


def called(op: str, call: Call) -> str:
    """An op as a call of a function, with those of its options that say something.

    Examples
    --------
    >>> called("sum", Call(("x",), {"axis": (0,), "keepdims": False}))
    'sum(x, axis=0)'
    """
    said = {key: v for key, v in call.params.items() if _says_something(key, v)}
    # A shape of one axis stays a tuple, unlike an axis.
    options = [f"{key}={v if key == 'shape' else shown(v)}" for key, v in said.items()]
    return f"{op}({', '.join([*call.names, *options])})"


# `kept` is where forward leaves values for the formula; `ends` and `whole` are bookkeeping.
_UNSAID = ("kept", "ends", "whole")


def _says_something(key: str, value: Any) -> bool:
    if key in _UNSAID or value is None or isinstance(value, (dict, np.ndarray)):
        return False
    return value is not False and not (key in ("alpha", "value") and value == 1)
