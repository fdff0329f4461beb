"""Sums, extremes, norms, running sums, softmax and normalisations in symbols.

``spread`` repeats a reduced array along the axes that were reduced; ``n`` is how many elements
each result was made of, and ``ties`` how many of them equal it.
"""

from .rule import Call, Table, rule, shown


def _share(call: Call) -> str:
    return "spread(g) ⊙ 1(x = spread(out)) / ties"


def _free(call: Call) -> str:
    correction = float(call.params.get("correction", 1.0))
    return "n" if not correction else f"(n − {shown(correction)})"


def _norm(call: Call) -> str:
    p = float(call.params.get("ord", 2.0))
    bars = f"‖x‖{'' if p == 2 else '_' + shown(p).replace('inf', '∞')}"
    axis = call.params.get("axis")
    return bars if axis is None else f"{bars} (axis={shown(axis)})"


def _d_norm(call: Call) -> str:
    p = float(call.params.get("ord", 2.0))
    if p in (0.0, 1.0, 2.0):
        return {0.0: "0", 1.0: "spread(g) ⊙ sign(x)", 2.0: "x ⊙ spread(g / out)"}[p]
    if abs(p) == float("inf"):
        return "spread(g) ⊙ sign(x) ⊙ 1(|x| = spread(out)) / ties"
    return f"spread(g) ⊙ sign(x) ⊙ (|x| / spread(out))^({shown(p - 1)})"


REDUCTIONS: Table = {
    "sum": rule("x", None, "spread(g, axis={axis})"),
    "mean": rule("x", None, "spread(g, axis={axis}) / n"),
    "nansum": rule("x", None, "spread(g) ⊙ 1(¬isnan(x))"),
    "prod": rule("x", None, "spread(g) ⊙ (product of the others)"),
    "logsumexp": rule("x", None, "spread(g) ⊙ exp(x − spread(out))"),
    "var": rule("x", None, lambda call: f"2 (x − mean(x)) ⊙ spread(g) / {_free(call)}"),
    "std": rule("x", None, lambda call: f"(x − mean(x)) ⊙ spread(g / out) / {_free(call)}"),
    "vector_norm": rule("x", _norm, _d_norm),
    **{name: rule("x", None, _share) for name in ("amax", "amin", "max", "min", "median")},
    "sum_to": rule("x", None, "broadcast_to(g)"),
    "broadcast_to": rule("x", None, "sum_to(g)"),
}

RUNNING: Table = {
    "cumsum": rule("x", None, "flip(cumsum(flip(g)))"),
    "cumprod": rule("x", None, "flip(cumsum(flip(g ⊙ out))) / x, where x ≠ 0"),
    "backwards": rule("x", "flip(x, axis={axis})", "flip(g, axis={axis})"),
    "shifted": rule("x", None, "g moved back by 1 along axis {axis}"),
    "recurrence": rule(
        "a x",
        "a[k] + x[k] ⊙ out[k − 1]",
        "s, s[k] = g[k] + x[k + 1] ⊙ s[k + 1]",
        "s[k] ⊙ out[k − 1], s[k] = g[k] + x[k + 1] ⊙ s[k + 1]",
    ),
}

SOFTMAX: Table = {
    "softmax": rule("x", None, "out ⊙ (g − Σ(g ⊙ out))"),
    "log_softmax": rule("x", None, "g − p ⊙ Σ(g), p = exp(out)"),
    "normalize": rule(
        "x",
        "(x − mean(x)) / √(var(x) + {eps})",
        "(g − mean(g) − out ⊙ mean(g ⊙ out)) / √(var(x) + {eps})",
    ),
    "rms_norm": rule(
        "x", "x / √(mean(x²) + {eps})", "(g − out ⊙ mean(g ⊙ out)) / √(mean(x²) + {eps})"
    ),
}

TABLE: Table = {**REDUCTIONS, **RUNNING, **SOFTMAX}
