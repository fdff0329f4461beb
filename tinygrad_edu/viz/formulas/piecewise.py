"""Ops that choose in symbols: rectifiers, bounds, masks, the larger of two."""

from .rule import Call, Table, rule


def _leaky(call: Call) -> str:
    # rrelu draws a slope for every element.
    return "{slope}" if not getattr(call.params.get("slope"), "ndim", 0) else "slope"


TABLE: Table = {
    "relu": rule("x", None, "g ⊙ 1(x > 0)"),
    "relu_backward": rule("u", None, "g ⊙ 1(¬stops)"),
    "leaky_relu": rule("x", None, lambda call: f"g ⊙ where(x > 0, 1, {_leaky(call)})"),
    "prelu": rule("x w", None, "g ⊙ where(x > 0, 1, w)", "g ⊙ x ⊙ 1(x ≤ 0)"),
    "hardtanh": rule("x", "min(max(x, {low}), {high})", "g ⊙ 1({low} < x < {high})"),
    "hardsigmoid": rule("x", None, "g ⊙ 1(|x| < 3) / 6"),
    "hardswish": rule("x", None, "g ⊙ where(|x| < 3, x / 3 + ½, 1(x ≥ 3))"),
    "softshrink": rule("x", None, "g ⊙ 1(|x| > {lambd})"),
    "hardshrink": rule("x", None, "g ⊙ 1(|x| > {lambd})"),
    "threshold": rule("x", None, "g ⊙ 1(x > {threshold})"),
    "clamp_min": rule("x low", "max(x, low)", "g ⊙ 1(x ≥ low)", "g ⊙ 1(x < low)"),
    "clamp_max": rule("x high", "min(x, high)", "g ⊙ 1(x ≤ high)", "g ⊙ 1(x > high)"),
    "clamp": rule(
        "x low high",
        "min(max(x, low), high)",
        "g ⊙ 1(low ≤ x ≤ high)",
        "g ⊙ 1(x < low < high)",
        "g ⊙ 1((x > high) ∨ (high < low))",
    ),
    "nan_to_num": rule("x", None, "g ⊙ 1(isfinite(x))"),
    "where": rule("c x y", "where(c, x, y)", None, "g ⊙ 1(c)", "g ⊙ 1(¬c)"),
    "masked_fill": rule("x m v", "where(m, v, x)", "g ⊙ 1(¬m)", None, "g ⊙ 1(m)"),
    "dropout": rule("x m", "x ⊙ m", "g ⊙ m", None),
    # Of two equal elements each gets half; only the first does for those that pass over NaN.
    "maximum": rule(
        "x y", "max(x, y)", "g ⊙ (1(x > y) + ½ 1(x = y))", "g ⊙ (1(y > x) + ½ 1(x = y))"
    ),
    "minimum": rule(
        "x y", "min(x, y)", "g ⊙ (1(x < y) + ½ 1(x = y))", "g ⊙ (1(y < x) + ½ 1(x = y))"
    ),
    "fmax": rule("x y", None, "g ⊙ 1(x ≥ y)", "g ⊙ 1(x < y)"),
    "fmin": rule("x y", None, "g ⊙ 1(x ≤ y)", "g ⊙ 1(x > y)"),
    "at_least": rule("x", "max(x, {eps})", "g"),
}
