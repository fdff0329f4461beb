"""Any text as source from which pdfLaTeX prints it."""

from __future__ import annotations

import unicodedata

from .paper import clean

# What has a meaning in LaTeX, or no glyph in its oldest font encoding.
SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\ensuremath{<}",
    ">": r"\ensuremath{>}",
    "|": r"\ensuremath{|}",
    '"': "''",
    "`": "`{}",  # two would become one quotation mark
    "-": "-{}",  # `--` would become one dash
    "[": "{[}",  # `\\` takes what follows in brackets for its argument
    "]": "{]}",
    "\N{REPLACEMENT CHARACTER}": "?",
    "\N{HORIZONTAL ELLIPSIS}": r"\ldots{}",
    "\N{MIDDLE DOT}": r"\ensuremath{\cdot}",
    "\N{EN DASH}": "--",
    "\N{EM DASH}": "---",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{NO-BREAK SPACE}": "~",
}

MATH = {
    "∂": r"\partial",
    "Σ": r"\Sigma",
    "∑": r"\Sigma",
    "∏": r"\Pi",
    "⊙": r"\odot",
    "⊗": r"\otimes",
    "×": r"\times",
    "÷": r"\div",
    "±": r"\pm",
    "−": "-",
    "∓": r"\mp",
    "→": r"\to",
    "←": r"\leftarrow",
    "↦": r"\mapsto",
    "⇒": r"\Rightarrow",
    "√": r"\surd",
    "∞": r"\infty",
    "≤": r"\le",
    "≥": r"\ge",
    "≠": r"\ne",
    "≈": r"\approx",
    "∈": r"\in",
    "∉": r"\notin",
    "∣": r"\mid",
    "‖": r"\|",
    "∥": r"\|",
    "∇": r"\nabla",
    "∘": r"\circ",
    "∗": "*",
    "⋅": r"\cdot",
    "⌊": r"\lfloor",
    "⌋": r"\rfloor",
    "⌈": r"\lceil",
    "⌉": r"\rceil",
    "⟨": r"\langle",
    "⟩": r"\rangle",
    "∧": r"\wedge",
    "∨": r"\vee",
    "¬": r"\neg",
    "′": r"{}'",
    "⁄": "/",
}

GREEK = {
    unicodedata.lookup(f"GREEK {size} LETTER {name}"): "\\"
    + (name.lower() if size == "SMALL" else name.capitalize())
    for size, names in (
        (
            "SMALL",
            "ALPHA BETA GAMMA DELTA EPSILON ZETA ETA THETA IOTA KAPPA MU NU XI PI RHO SIGMA TAU "
            "UPSILON PHI CHI PSI OMEGA",
        ),
        ("CAPITAL", "GAMMA DELTA THETA XI PI SIGMA PHI PSI OMEGA"),
    )
    for name in names.split()
} | {"λ": r"\lambda", "Λ": r"\Lambda"}  # Unicode spells it LAMDA

MATHS = {**GREEK, **MATH}
LAST_ACCENTED = "\N{LATIN SMALL LETTER LONG S}"  # up to here every LaTeX reads UTF-8


def escape(text: str) -> str:
    r"""A text as LaTeX source that prints it and does nothing else.

    Examples
    --------
    >>> escape("x_1 & 50%")
    'x\\_1 \\& 50\\%'
    >>> escape("xᵀ")
    'x\\ensuremath{^{\\mathrm{T}}}'
    """
    return "".join(map(_one, clean(text)))


def _one(char: str) -> str:
    if char in SPECIAL:
        return SPECIAL[char]
    if char in MATHS:
        return rf"\ensuremath{{{MATHS[char]}}}"
    if char.isascii():
        return char
    if char.isalpha() and char < LAST_ACCENTED:
        return char
    return _taken_apart(char)


def _taken_apart(char: str) -> str:
    """Sub- and superscripts, ligatures, fractions; a code for what LaTeX's fonts do not have."""
    kind, *codes = unicodedata.decomposition(char).split() or [""]
    if not kind.startswith("<"):
        return rf"{{[}}U+{ord(char):04X}{{]}}"
    parts = [chr(int(code, 16)) for code in codes]
    if kind in ("<super>", "<sub>"):
        sign = "^" if kind == "<super>" else "_"
        return rf"\ensuremath{{{sign}{{{''.join(map(_in_math, parts))}}}}}"
    return "".join(map(_one, parts))


def _in_math(char: str) -> str:
    if char in MATHS:
        return MATHS[char]
    return rf"\mathrm{{{char}}}" if char.isalpha() and char.isascii() else _one(char)
