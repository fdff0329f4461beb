"""Arithmetic, powers, exponentials, trigonometry and smooth activations in symbols."""

from .rule import Call, Table, Text, rule


def _times(option: str, before: str, after: str) -> Text:
    """An option between two texts, left out where it is 1."""

    def text(call: Call) -> str:
        return before + ("" if call.params.get(option, 1) == 1 else f"{{{option}}} ") + after

    return text


def _power(call: Call) -> str:
    p = call.number(1)
    return {2.0: "x²", 3.0: "x³"}.get(p if p is not None else 0.0, "x^p")


def _d_power(call: Call) -> str:
    p = call.number(1)
    if p is None:
        return "g ⊙ p ⊙ x^(p − 1)"
    low = {0.0: "0", 1.0: "g", 2.0: "2 g ⊙ x", 3.0: "3 g ⊙ x²"}
    return low.get(p, f"{p:.6g} g ⊙ x^({p - 1:.6g})")


def _quotient(rounded: str, exact: str) -> Text:
    return lambda call: rounded if call.params.get("rounding_mode") else exact


def _round_quotient(call: Call) -> str:
    return "{rounding_mode}(x / y)" if call.params.get("rounding_mode") else "x / y"


ARITHMETIC: Table = {
    "add": rule("x y", _times("alpha", "x + ", "y"), "g", _times("alpha", "", "g")),
    "sub": rule("x y", _times("alpha", "x − ", "y"), "g", _times("alpha", "−", "g")),
    "mul": rule("x y", "x ⊙ y", "g ⊙ y", "g ⊙ x"),
    "div": rule("x y", _round_quotient, _quotient("0", "g / y"), _quotient("0", "−g ⊙ out / y")),
    "neg": rule("x", "−x", "−g"),
    "positive": rule("x", "+x", "g"),
    "reciprocal": rule("x", "1 / x", "−g ⊙ out²"),
    "square": rule("x", "x²", "2 g ⊙ x"),
    "abs": rule("x", "|x|", "g ⊙ sign(x)"),
    "sign": rule("x", None, "0"),
    "flat": rule("u x", "u", "g", "0"),
    "pow": rule("x p", _power, _d_power, "g ⊙ out ⊙ log(x)"),
    "remainder": rule("x y", "x mod y", "g", "−g ⊙ floor(x / y)"),
    "fmod": rule("x y", None, "g", "−g ⊙ trunc(x / y)"),
    "lerp": rule("x end w", "x + w ⊙ (end − x)", "g ⊙ (1 − w)", "g ⊙ w", "g ⊙ (end − x)"),
    "addcmul": rule(
        "x t u",
        _times("value", "x + ", "t ⊙ u"),
        "g",
        _times("value", "", "g ⊙ u"),
        _times("value", "", "g ⊙ t"),
    ),
    "addcdiv": rule(
        "x t u",
        _times("value", "x + ", "t / u"),
        "g",
        _times("value", "", "g / u"),
        _times("value", "−", "g ⊙ t / u²"),
    ),
    **{name: rule("x", None, "0") for name in ("floor", "ceil", "trunc", "round")},
    **{name: rule("x", None, "g") for name in ("frac", "clone", "cast")},
}

FUNCTIONS: Table = {
    "exp": rule("x", None, "g ⊙ out"),
    "exp2": rule("x", "2^x", "log(2) g ⊙ out"),
    "expm1": rule("x", "exp(x) − 1", "g ⊙ (out + 1)"),
    "log": rule("x", None, "g / x"),
    "log2": rule("x", None, "g / (log(2) x)"),
    "log10": rule("x", None, "g / (log(10) x)"),
    "log1p": rule("x", "log(1 + x)", "g / (1 + x)"),
    "sqrt": rule("x", "√x", "g / (2 out)"),
    "rsqrt": rule("x", "1 / √x", "−½ g ⊙ out³"),
    "logaddexp": rule("x y", "log(exp(x) + exp(y))", "g ⊙ σ(x − y)", "g ⊙ σ(y − x)"),
    "logaddexp2": rule("x y", "log2(2^x + 2^y)", "g / (1 + 2^(y − x))", "g / (1 + 2^(x − y))"),
    "erf": rule("x", None, "2 g ⊙ exp(−x²) / √π"),
    "erfc": rule("x", "1 − erf(x)", "−2 g ⊙ exp(−x²) / √π"),
    "sin": rule("x", None, "g ⊙ cos(x)"),
    "cos": rule("x", None, "−g ⊙ sin(x)"),
    "tan": rule("x", None, "g ⊙ (1 + out²)"),
    "asin": rule("x", None, "g / √(1 − x²)"),
    "acos": rule("x", None, "−g / √(1 − x²)"),
    "atan": rule("x", None, "g / (1 + x²)"),
    "sinh": rule("x", None, "g ⊙ cosh(x)"),
    "cosh": rule("x", None, "g ⊙ sinh(x)"),
    "tanh": rule("x", None, "g ⊙ (1 − out²)"),
    "asinh": rule("x", None, "g / √(x² + 1)"),
    "acosh": rule("x", None, "g / √(x² − 1)"),
    "atanh": rule("x", None, "g / (1 − x²)"),
    "atan2": rule("y x", None, "g ⊙ x / (x² + y²)", "−g ⊙ y / (x² + y²)"),
    "hypot": rule("x y", "√(x² + y²)", "g ⊙ x / out", "g ⊙ y / out"),
}


def _d_logit(call: Call) -> str:
    if call.params.get("eps") is None:
        return "g / (x ⊙ (1 − x))"
    return "g ⊙ 1({eps} ≤ x ≤ 1 − {eps}) / (x ⊙ (1 − x))"


def _d_gelu(call: Call) -> str:
    if "kept" in call.params:  # the exact one keeps its distribution function
        return "g ⊙ (Φ(x) + x ⊙ φ(x))"
    return (
        "½ g ⊙ (1 + t + x ⊙ (1 − t²) ⊙ (0.79788 + 0.10703 x²)), t = tanh(0.79788 x + 0.035677 x³)"
    )


def _d_elu(call: Call) -> str:
    alpha, scale, rate = (float(call.params.get(k, 1.0)) for k in ("alpha", "scale", "rate"))
    steep, inner = alpha * scale * rate, "x" if rate == 1 else "{rate} x"
    below = f"exp({inner})" if steep == 1 else f"{steep:.6g} exp({inner})"
    return f"g ⊙ where(x > 0, {scale:.6g}, {below})"


SMOOTH: Table = {
    "sigmoid": rule("x", "σ(x)", "g ⊙ out ⊙ (1 − out)"),
    "logit": rule("x", "log(x / (1 − x))", _d_logit),
    "logsigmoid": rule("x", "log(σ(x))", "g ⊙ σ(−x)"),
    "softplus": rule("x", None, lambda call: f"g ⊙ σ({_beta(call)}x)"),
    "softsign": rule("x", "x / (1 + |x|)", "g / (1 + |x|)²"),
    "tanhshrink": rule("x", "x − tanh(x)", "g ⊙ tanh(x)²"),
    "silu": rule("x", "x ⊙ σ(x)", "g ⊙ σ(x) ⊙ (1 + x ⊙ (1 − σ(x)))"),
    "mish": rule(
        "x", "x ⊙ tanh(softplus(x))", "g ⊙ (t + x ⊙ σ(x) ⊙ (1 − t²)), t = tanh(softplus(x))"
    ),
    "gelu": rule("x", None, _d_gelu),
    "elu": rule("x", None, _d_elu),
}


def _beta(call: Call) -> str:
    return "" if call.params.get("beta", 1) == 1 else "{beta} "


TABLE: Table = {**ARITHMETIC, **FUNCTIONS, **SMOOTH}
