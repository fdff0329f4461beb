"""A report as text: at most 25 lines of at most 100 columns, whatever it holds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import wrap
from typing import Any

import numpy as np

from .findings import Findings, InputReport, Worst
from .scale import WRONG

LINES, COLUMNS = 25, 100
INDENT = " " * 4

VERDICT_WORDS = {
    "pass": "PASSED",
    "kink": "PASSED at a kink, not a bug",
    "inconclusive": "INCONCLUSIVE",
    "fail": "FAILED",
}
POINT_WORDS = {
    "given": "at the inputs you gave",
    "fresh": "at fresh random inputs",
    "positive": "at positive inputs",
    "ties": "where values tie",
    "sorted": "at sorted inputs",
    "calm": "at small inputs",
    "zeros": "at inputs with zeros",
    "constant": "at constant inputs",
    "shape": "at inputs of other shapes",
}


def clean(words: Any) -> str:
    """One line of printable text."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(str(words).split()))


def cut(words: Any, width: int) -> str:
    """The text in at most `width` columns: its middle gives way.

    Examples
    --------
    >>> cut("encoder.layers.0.weight", 15)
    'encode...weight'
    """
    line = clean(words)
    if len(line) <= width:
        return line
    tail = (width - 3) // 2
    return line[: width - 3 - tail] + "..." + line[len(line) - tail :]


def shape_text(shape: Any) -> str:
    """A shape without spaces; several shapes side by side.

    Examples
    --------
    >>> shape_text((3, 4)), shape_text((5,)), shape_text(((3, 4), (4, 2)))
    ('(3,4)', '(5,)', '(3,4) (4,2)')
    """
    parts = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    if parts and all(isinstance(part, (tuple, list)) for part in parts):
        return cut(" ".join(shape_text(part) for part in parts), 40)
    return cut("(" + ",".join(str(n) for n in parts) + ("," if len(parts) == 1 else "") + ")", 32)


def number(value: float, digits: int = 6) -> str:
    """A number with so many significant digits; a zero has no sign."""
    return f"{value + 0.0:.{digits}g}"


def error_text(error: float, digits: int = 0) -> str:
    """A relative error or an error bound, of which the exponent matters."""
    return number(error) if error == 0 or not math.isfinite(error) else f"{error:.{digits}e}"


def digits_for(error: float, least: int) -> int:
    """So many digits that two numbers with this relative error look different."""
    if not 0 < error < 1:
        return least
    return min(max(least, math.ceil(-math.log10(error)) + 2), 17)


def paragraph(title: str, words: Any, lines: int) -> list[str]:
    """``title: words``, wrapped to at most so many lines; what is left out shows as dots."""
    start = f"{INDENT}{title}: " if title else INDENT
    rows = wrap(
        clean(words),
        COLUMNS,
        initial_indent=start,
        subsequent_indent=INDENT * 2,
        break_on_hyphens=False,
        max_lines=lines,
        placeholder=" ...",
    )
    return [row[:COLUMNS] for row in rows]


def subject(report: Findings) -> str:
    """What was checked, and where it stands: ``op 'linear' (node 4 of 9, line 31 of mlp.py)``."""
    name = f"op '{cut(report.op, 40)}'" if report.op else f"'{cut(report.name, 40)}'"
    places = []
    if report.node is not None:
        of = "" if report.nodes is None else f" of {report.nodes}"
        places.append(f"node {report.node}{of}")
    if report.where:
        places.append(cut(report.where, 50))
    words = name + (f" ({', '.join(places)})" if places else "")
    if report.verdict in ("fail", "inconclusive"):
        point = str(report.point)
        words += ", " + POINT_WORDS.get(point, f"at the point '{cut(point, 30)}'")
    return words


def calls(report: Findings) -> str:
    """How often the function and its formula were called."""
    forward, backward = report.evaluations[:2]
    return f"{forward} forward / {backward} backward calls" if forward or backward else ""


def headline(report: Findings) -> list[str]:
    """The verdict, its subject, and the price of it: on one line where they fit."""
    words = f"gradcheck {VERDICT_WORDS[report.verdict]}: {subject(report)}"
    price = calls(report)
    if price and len(words) + len(price) + 3 <= COLUMNS:
        return [words + "   " + price]
    rows = wrap(words, COLUMNS, subsequent_indent=INDENT, max_lines=2, placeholder=" ...")
    return rows + ([INDENT + price] if price else [])


def disagrees(one: InputReport) -> bool:
    """Does anything about this input's gradient need a look?"""
    return one.wrong > 0 or one.label == WRONG


def input_text(one: InputReport) -> str:
    """One input: name, shape, worst error and its word, and how many elements differ."""
    dtype = "" if str(one.dtype) in ("float64", "") else f" {cut(one.dtype, 12)}"
    name = f"{cut(one.name, 36)} {shape_text(one.shape)}{dtype}{'' if one.size else ', empty'}"
    if one.misfit:
        return f"{name}: its gradient has shape {shape_text(np.asarray(one.analytic).shape)}"
    if one.worst is None:
        return name + (f"; {one.wrong}/{one.size} elements differ" if one.wrong else "")
    error, bound = float(one.worst), one.worst.bound
    if not disagrees(one):
        within = error == 0 and one.worst.analytic != one.worst.numeric and bound > 0
        size = f"0 within {error_text(bound)}" if within else error_text(error)
        return f"{name}: {size} {one.label}"
    words = f"{name}: {error_text(error, 1)} {one.label}"
    if one.wrong:
        yet = "; yet " if one.label == "happy" else "; "
        words += f"{yet}{one.wrong}/{one.size} elements differ, error bound {error_text(bound)}"
    return words


def packed(items: Sequence[str]) -> list[str]:
    """The items side by side, on as many lines as they need."""
    rows: list[str] = []
    for item in items:
        if rows and len(rows[-1]) + 3 + len(item) <= COLUMNS:
            rows[-1] += "   " + item
        else:
            rows.append(cut_end(INDENT + item))
    return rows


def folded(items: Sequence[str], lines: int, rest: str) -> list[str]:
    """As many of the items as so many lines hold, and how many more there are."""
    for k in range(min(len(items), 12 * lines), 0, -1):
        more = [f"... and {len(items) - k} {rest}"] if k < len(items) else []
        rows = packed([*items[:k], *more])
        if len(rows) <= lines:
            return rows
    return [f"{INDENT}{len(items)} {rest}"] if items else []


def cut_end(row: str) -> str:
    """A row in 100 columns."""
    row = row.rstrip()
    return row if len(row) <= COLUMNS else row[: COLUMNS - 3] + "..."


HEADINGS = ("index", "analytic", "numeric", "ratio")


def element_row(one: Worst) -> tuple[str, str, str, str]:
    """The cells of an element; enough digits that a difference shows."""
    digits = digits_for(float(one), 6)
    ratio = number(one.ratio, digits_for(float(one), 4)) if math.isfinite(one.ratio) else "-"
    values = (number(one.analytic, digits), number(one.numeric, digits))
    return (cut(shape_text(one.index), 30), *values, ratio)


def element_rows(inputs: Sequence[InputReport]) -> list[tuple[str, ...]]:
    """Heading and up to three of the worst elements of the worst input; none if all agree."""
    bad = [one for one in inputs if disagrees(one) and one.worst is not None]
    if not bad:
        return []
    worst = max(bad, key=lambda one: float(one.worst or 0.0))
    return [HEADINGS, *map(element_row, worst.elements(min(3, worst.wrong or 3)))]


def table(inputs: Sequence[InputReport]) -> list[str]:
    """The worst elements, in columns."""
    rows = element_rows(inputs)
    widths = [max(len(row[k]) for row in rows) for k in range(4)] if rows else []
    lines = ("   ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows)
    return [cut_end(INDENT + "   " + line.rstrip()) for line in lines]


def summary(report: Findings) -> list[str]:
    """The inputs that agree side by side, those that do not one by one; none that is a part."""
    told = {part.name for part in report.parts}
    inputs = [one for one in report.inputs if one.name not in told]
    fine = [one for one in inputs if not disagrees(one)]
    bad = [one for one in inputs if disagrees(one)]
    known = all(one.label == "happy" and one.worst is not None for one in fine)
    rest = "inputs more, all happy" if known else "inputs more, none of them wrong"
    lines = folded([input_text(one) for one in fine], 1 if bad else 3, rest)
    bad.sort(key=lambda one: -float(one.worst or 0.0))
    shown = bad if len(bad) <= 3 else bad[:2]
    lines += [cut_end(INDENT + input_text(one)) for one in shown]
    if len(shown) < len(bad):
        lines.append(f"{INDENT}... and {len(bad) - len(shown)} inputs more that disagree")
    return lines


def coverage(report: Findings) -> str:
    """What a passed check has looked at."""
    words = []
    if report.points:
        points = ", ".join(cut(point, 24) for point in report.points)
        words.append(f"{plural(len(report.points), 'point')} ({points})")
    if report.shapes:
        shown = "; ".join(shape_text(shape) for shape in report.shapes[:3])
        shown += "; ..." if len(report.shapes) > 3 else ""
        words.append(f"{plural(len(report.shapes), 'further shape')}: {shown}")
    if report.kinks:
        words.append(f"{plural(report.kinks, 'kink')}, sub-gradient verified")
    return ", ".join(words)


def plural(many: int, noun: str) -> str:
    """So many of them."""
    return f"{many} {noun}{'' if many == 1 else 's'}"


def slopes(report: Findings) -> list[str]:
    """The two slopes along the joint direction."""
    along = report.directional
    if along is None:
        return []
    size = max(abs(along.analytic), abs(along.numeric))
    gap = abs(along.analytic - along.numeric)
    seen = gap > along.bound and 0 < size < math.inf  # digits below the bound mean nothing
    digits = digits_for(gap / size, 9) if seen else 9
    return [
        f"{INDENT}directional derivative: analytic {number(along.analytic, digits)}, "
        f"numeric {number(along.numeric, digits)} +- {error_text(along.bound)}"
    ]


def causes(report: Findings) -> list[str]:
    """Likely causes, best first, what to try and where to read."""
    lines = []
    for k, (cls, sentence) in enumerate(report.diagnosis[:3]):
        title, room = ("likely cause", 3) if k == 0 else ("or", 2 - (k == 2))
        lines += paragraph(title, f"{cls} - {sentence}" if sentence else cls, room)
    if report.hint:
        lines += paragraph("try", report.hint, 2)
    if report.learn:
        lines += paragraph("learn", report.learn, 1)
    return lines


def is_penalty(part: Findings) -> bool:
    """Is this part the regularisation term? It is by its name."""
    return part.name.lower().startswith("regulari")


def part_text(part: Findings) -> str:
    """A parameter of a module, or its regularisation term, on one line."""
    mark = "" if part.verdict == "pass" else f"{VERDICT_WORDS[part.verdict]}: "
    bad = max(part.inputs, key=lambda one: float(one.worst or 0.0), default=None)
    if bad is None or is_penalty(part):
        words = cut(part.name, 40) or "(no name)"
        if bad is not None:
            words += ", apart: " + input_text(bad)
    else:
        words = (
            input_text(bad) if bad.name == part.name else f"{cut(part.name, 30)}: {input_text(bad)}"
        )
    return cut_end(INDENT + mark + words)


def part_lines(parts: Sequence[Findings], room: int) -> list[str]:
    """One line for each part, the regularisation term last; those that fail come first if many."""
    ordered = sorted(parts, key=is_penalty)  # a stable sort
    if len(ordered) <= room:
        return [part_text(part) for part in ordered]
    chosen = sorted(ordered, key=bool)[: max(room - 1, 0)]
    left = [part for part in ordered if not any(part is one for one in chosen)]
    failed = sum(not part for part in left)
    words = f"{failed} of them not passed" if failed else "all passed"
    last = f"{INDENT}... and {plural(len(left), 'part')} more, {words}"
    return [part_text(part) for part in ordered if any(part is one for one in chosen)] + [last]


def note_lines(notes: Sequence[str], room: int) -> list[str]:
    """The notes, as far as there is room."""
    if not notes or room <= 0:
        return []
    lines: list[str] = []
    for k, note in enumerate(notes):
        rest = len(notes) - k - 1
        space = room - len(lines) - (1 if rest else 0)
        if space <= 0:
            lines.append(f"{INDENT}... and {plural(rest + 1, 'note')} more")
            break
        lines += paragraph("note", note, min(space, 3))
    return lines


def explanation(report: Findings) -> list[str]:
    """The reason of the verdict, likely causes, and what a passed check covered."""
    lines = paragraph("reason", report.reason, 3) if report.reason else []
    lines += causes(report)
    if report and coverage(report):
        lines += paragraph("covered", coverage(report), 3)
    return lines


def text(report: Findings) -> str:
    """The whole report. Notes and parts fold to the room that the rest leaves them."""
    first = headline(report) + slopes(report) + summary(report) + table(report.inputs)
    last = explanation(report)
    free = LINES - len(first) - len(last)
    wanted = min(len(report.notes), 4, max(free - 1, 0))
    parts = part_lines(report.parts, max(free - wanted, 1))
    notes = note_lines(report.notes, free - len(parts))
    return "\n".join([*first, *parts, *last, *notes][:LINES])
