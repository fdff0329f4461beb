"""Survivors that are no missing tests: mutants that compute the same as the original.

An entry that matches no mutant any more, or a mutant that a check does notice, is an error. Before
adding one, ask whether the source could be simpler: a part that may be dropped may not be needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Explanation(NamedTuple):
    """Why mutants of one statement or lambda go unnoticed.

    `original` is the source as the script prints it, each change a part of it and what is put in
    its place.
    """

    file: str
    original: str
    changes: tuple[tuple[str, str], ...]
    reason: str
    folder: str = "tinygrad_edu/ops/"


OPTIM = "tinygrad_edu/optim/"
LARGER = "out is the larger of x and low"
SMALLER = "out is the smaller of x and high"
FLAT = "a gradient of 0 reaches x from its result as well"
GUARD = "a stand-in: where it is taken, the result does not depend on it"

EXPLAINED: list[Explanation] = [
    Explanation(
        "bounds.py",
        "lambda g, out, x, low: where(x >= low, g, 0.0)",
        (("x >= low", "x >= out"),),
        LARGER,
    ),
    Explanation(
        "bounds.py",
        "lambda g, out, x, low: where(x < low, g, 0.0)",
        (("x < low", "x < out"),),
        LARGER,
    ),
    Explanation(
        "bounds.py",
        "lambda g, out, x, high: where(x <= high, g, 0.0)",
        (("x <= high", "x <= out"),),
        SMALLER,
    ),
    Explanation(
        "bounds.py",
        "lambda g, out, x, high: where(x > high, g, 0.0)",
        (("x > high", "x > out"),),
        SMALLER,
    ),
    Explanation(
        "bounds.py",
        "lambda g, out, x, low, high: where((x >= low) * (x <= high), g, 0.0)",
        (("x <= high", "x <= out"),),
        "out is the smaller of x and high if x is not below low",
    ),
    Explanation(
        "bounds.py",
        "lambda g, out, x, low, high: where((x < low) * (low < high), g, 0.0)",
        (("x < low", "x < out"), ("low < high)", "out < high)")),
        "out is low if x is below it and low below high, and else high or not above x",
    ),
    Explanation(
        "bounds.py",
        "lambda g, out, x, low, high: where((x > high) + (high < low), g, 0.0)",
        (("high < low", "out < low"),),
        "out is below low only if high is",
    ),
    Explanation(
        "compare.py",
        "return _where(zero, 0.0, g / _where(zero, 1.0, d))",
        (("1.0", "2.0"),),
        GUARD,
    ),
    *[
        Explanation(
            "compare.py",
            f"lambda g, out, x, y: _share(g, {one} {sign} {other}, x == y)",
            (
                (f"{one} {sign} {other}", f"{one} {sign} out"),
                ("x == y", "x == out" if one == "y" else "out == y"),
            ),
            "out is the winner, which the loser differs from, and at a tie both",
        )
        for one, other in ("xy", "yx")
        for sign in "<>"
    ],
    *[
        Explanation(
            "compare.py",
            f"lambda g, out, x, y: _where(_first_of_{which}(x, y), {values})",
            (("(x, y)", "(x, out)"),),
            "x is taken if it is no worse than what was taken, or that is nan",
        )
        for which in ("max", "min")
        for values in ("g, 0.0", "0.0, g")
    ],
    Explanation(
        "cumulative.py",
        "if np.all(raw(x)):",
        (("raw(x)", "raw(out)"),),
        "a product is 0 where a factor is",
    ),
    Explanation(
        "cumulative.py",
        "turned = _shifted(_backwards(factor, axis=axis), axis=axis, first=0.0)",
        (("0.0", "1.0"),),
        "a recurrence does not use its first factor",
    ),
    Explanation(
        "decompositions.py",
        "gaps = s * s - turned(s * s) + eye",
        (("+ eye", "- eye"),),
        "it keeps from 0 the diagonal, where 0 is divided by it",
    ),
    Explanation(
        "decompositions.py",
        "if m > n:",
        (("m > n", "m >= n"),),
        "of a square U, the columns span all: the part outside that is added is 0",
    ),
    Explanation(
        "decompositions.py",
        "if n > m:",
        (("n > m", "n >= m"),),
        "of a square V, the columns span all: the part outside that is added is 0",
    ),
    Explanation(
        "decompositions.py",
        "n = x.shape[-1]",
        (("-1", "-2"),),
        "the matrix is square",
    ),
    Explanation(
        "decompositions.py",
        "sign = np.sign(np.linalg.det(raw(u)) * np.linalg.det(raw(v)))[..., None, None]",
        (
            ("np.sign", ""),
            ("*", "/"),
        ),
        "both determinants are 1 or -1, up to rounding",
    ),
    Explanation(
        "decompositions.py",
        "others = others * getitem(s, index=(..., (np.arange(n) + shift) % n))",
        (("+ shift", "- shift"),),
        "over all shifts, every other singular value comes up either way",
    ),
    Explanation(
        "linalg.py",
        "return _rows(x).T @ _reshape(g, shape=(math.prod(g.shape),))",
        (("(math.prod(g.shape),))", "(math.prod(g.shape),)).T"),),
        "a vector transposed is itself",
    ),
    Explanation(
        "normalization.py",
        "centred = x - _mean(x, axis=axis, keepdims=True)",
        (("x - _mean(x, axis=axis, keepdims=True)", "_mean(x, axis=axis, keepdims=True) - x"),),
        "only its square is used",
    ),
    Explanation(
        "norms.py",
        "steep = where(x == 0, 1.0, size) ** (ord - 1.0)",
        (("0, 1.0", "0, 2.0"),),
        GUARD,
    ),
    Explanation("norms.py", "return g * flat(_slope(x), x)", ((", x)", ", out)"),), FLAT),
    Explanation(
        "norms.py",
        "return where(at, g / share, 0.0) * flat(_slope(x), x)",
        ((", x)", ", out)"),),
        FLAT,
    ),
    Explanation("norms.py", "if ord > 1:", ((">", ">="),), "for ord 1 it has returned before"),
    Explanation("norms.py", "out = where(out == 0, 1.0, out)", (("1.0", "2.0"),), GUARD),
    Explanation(
        "norms.py",
        "out = where(out == 0, 1.0, out)",
        (("(out ==", "(x =="),),
        "where x is 0 the gradient is 0 in any case; and where out is, x is",
    ),
    Explanation(
        "rectifiers.py",
        "lambda g, out, x: flat(_through(g, stops=raw(out) <= 0), out)",
        (("raw(out)", "raw(x)"),),
        "relu keeps the sign of what it passes",
    ),
    Explanation(
        "rectifiers.py",
        "lambda g, out, x: flat(_through(g, stops=raw(out) <= 0), out)",
        ((", out)", ", x)"),),
        FLAT,
    ),
    Explanation(
        "rectifiers.py",
        "lambda g, out, x, low, high: flat(where(_outside(x, low, high), 0.0, g), x)",
        ((", x)", ", out)"),),
        FLAT,
    ),
    Explanation(
        "rectifiers.py",
        "lambda g, out, x, slope: flat(where(x > 0, g, g * slope), x)",
        ((", x)", ", out)"),),
        FLAT,
    ),
    Explanation(
        "rectifiers.py",
        "lambda g, out, x, lambd: flat(where(_within(x, lambd), 0.0, g), x)",
        ((", x)", ", out)"),),
        FLAT,
    ),
    Explanation(
        "rectifiers.py",
        "lambda g, out, x, lambd: flat(where(_within(out, lambd), 0.0, g), out)",
        ((", out)", ", x)"),),
        FLAT,
    ),
    Explanation(
        "rectifiers.py",
        "lambda g, out, x, threshold, value: flat(where(x <= threshold, 0.0, g), x)",
        ((", x)", ", out)"),),
        FLAT,
    ),
    Explanation(
        "rectifiers.py",
        "lambda g, out, x, low, high: flat(where(_outside(x, low, high), 0.0, g), x)",
        (("(x,", "(out,"),),
        "outside, the result is a bound, and a bound is outside",
    ),
    Explanation(
        "rectifiers.py",
        "lambda g, out, x: where(x <= -3.0, 0.0, where(x < 3.0, g * (x / 3.0 + 0.5), g))",
        (("x < 3.0", "out < 3.0"),),
        "hardswish is 3 at 3 and rises there",
    ),
    Explanation(
        "rectifiers.py",
        "lambda g, out, x, lambd: flat(where(_within(out, lambd), 0.0, g), out)",
        (("(out,", "(x,"),),
        "within, the result is 0; else it is x",
    ),
    Explanation(
        "rectifiers.py",
        "lambda g, out, x, w: where(x > 0, 0.0, x * g)",
        (("x > 0", "x >= 0"),),
        "at 0 both cases are 0",
    ),
    Explanation(
        "reduce.py",
        "lambda g, out, x, axis, keepdims: "
        "spread(g / (count(x.shape, axis) or 1.0), x.shape, axis)",
        (("or 1.0", "or 2.0"),),
        "the gradient of a mean of nothing has no elements",
    ),
    Explanation(
        "regression.py",
        "return g * scale * where(far, delta * sign(d), d)",
        (("delta * sign", "delta / sign"),),
        "far from 0 the sign is 1 or -1",
    ),
    Explanation(
        "scattering_formulas.py",
        "others = where(x == 0, 1.0, x)",
        (("1.0", "2.0"), ("x ==", "out ==")),
        "the product of it and others is divided by it again",
    ),
    Explanation(
        "scattering_formulas.py",
        "quotient = getitem(g * out, index=index) / where(zero, 1.0, src)",
        (("1.0", "2.0"),),
        "either the quotient is not taken, or out is 0 as there are more zeros",
    ),
    Explanation(
        "smooth.py",
        "slope = alpha * scale * rate * exp(where(below, x, 0.0) * rate)",
        (("0.0", "1.0"),),
        GUARD,
    ),
    *[
        Explanation(
            file,
            original,
            (("-1", "-2"),),
            "NumPy takes any negative length for the one to work out",
            OPTIM,
        )
        for file, original in (
            ("adagrad.py", "flat = np.reshape(g, -1)"),
            ("pieces.py", "flat = [np.reshape(a, -1) for a in arrays]"),
        )
    ],
    Explanation(
        "pieces.py",
        "if _scratch.memory.size < a.nbytes:",
        (("<", "<="),),
        "memory of the same size is as good",
        OPTIM,
    ),
    *[
        Explanation(
            "pieces.py", original, (("<=", "<"),), "the longer way gives the same there", OPTIM
        )
        for original in ("if a.nbytes <= _LITTLE:", "if p.ndim and p.nbytes <= _LITTLE:")
    ],
    *[
        Explanation("sgd.py", original, (("=4", "=5"),), "pieces of any size give the same", OPTIM)
        for original in (
            "for part, slope in blocks(p, g, size=4):",
            "for part, slope, velocity in blocks(p, g, v, size=4):",
        )
    ],
    *[
        Explanation("sgd.py", original, (("== 1", "== 2"),), "1 times the gradient is it", OPTIM)
        for original in (
            "velocity += slope if share == 1 else share * slope",
            "step += slope if next_share == 1 else next_share * slope",
        )
    ],
    Explanation(
        "adagrad.py",
        "scale = np.where(values > 0, 1 / np.sqrt(values), 0)",
        ((", 0)", ", 1)"),),
        "along a direction without any gradient so far, this one has no part",
        OPTIM,
    ),
    Explanation(
        "adagrad.py",
        "h = vectors @ (scale * (flat @ vectors))",
        (("(flat @", "(flat.T @"), ("vectors))", "vectors)).T")),
        "a vector transposed is itself",
        OPTIM,
    ),
    Explanation(
        "asgd.py",
        "return {'eta': float(group['lr']), 'mu': 1.0, 'ax': box(np.zeros_like(p))}",
        (("zeros_like", "ones_like"),),
        "the first step writes the point there",
        OPTIM,
    ),
    Explanation(
        "sign_sgd.py",
        "largest = max((float(abs(a).max()) for a in arrays if a.size), default=0.0)",
        (("default=0.0", "default=1.0"),),
        "of no numbers the sum is 0, whatever it is multiplied by",
        OPTIM,
    ),
]


def explained_keys() -> Iterator[tuple[str, str, str]]:
    """(file, original, mutant) of each."""
    for entry in EXPLAINED:
        for old, new in entry.changes:
            yield entry.folder + entry.file, entry.original, entry.original.replace(old, new)
