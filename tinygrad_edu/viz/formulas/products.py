"""Matrix products and linear algebra in symbols."""

from .rule import Call, Table, Text, rule


def _subscripts(call: Call, *order: str) -> str:
    labels = {key: call.params[key] for key in ("xs", "ys", "out")}
    longest = max((len(str(a)) for group in labels.values() for a in group), default=1)
    comma = "" if longest == 1 else " "
    first, second, result = (comma.join(map(str, labels[key])) for key in order)
    return f"'{first},{second}->{result}'"


def _einsum(a: str, b: str, *order: str) -> Text:
    return lambda call: f"einsum({_subscripts(call, *order)}, {a}, {b})"


def _linear(call: Call) -> str:
    return "x wᵀ + b" if len(call.names) > 2 else "x wᵀ"


TABLE: Table = {
    "matmul": rule("x y", "x @ y", "g yᵀ", "xᵀ g"),
    # A bias is added to every row, so its gradient is the sum of the rows.
    "linear": rule("x w b", _linear, "g w", "gᵀ x", "Σ(rows of g)"),
    "einsum": rule(
        "x y",
        _einsum("x", "y", "xs", "ys", "out"),
        _einsum("g", "y", "out", "ys", "xs"),
        _einsum("x", "g", "xs", "out", "ys"),
    ),
    "inv": rule("x", "x⁻¹", "−outᵀ g outᵀ"),
    "solve": rule("a b", "a⁻¹ b", "−a⁻ᵀ g outᵀ", "a⁻ᵀ g"),
    "det": rule("x", None, "spread(g ⊙ out) ⊙ x⁻ᵀ"),
    "trace": rule("x", None, "g I"),
    "svd": rule("x", None, "U (F ⊙ (Uᵀ dU − dUᵀ U) s + diag(ds) + …) Vᵀ (Townsend 2016)"),
    "svdvals": rule("x", None, "U diag(g) Vᵀ, x = U diag(out) Vᵀ"),
    "cdist": rule("x y", None, "Σⱼ (g / out)ᵢⱼ (xᵢ − yⱼ)", "Σᵢ (g / out)ᵢⱼ (yⱼ − xᵢ)"),
    "chebyshev": rule("x", "max(|x|, axis=-1)", "spread(g) ⊙ sign(x) ⊙ 1(|x| = spread(out))"),
}
