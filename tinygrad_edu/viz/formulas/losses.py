"""Losses, and the steps that losses are made of, in symbols."""

from .rule import Call, Table, rule, shown


def _labels(call: Call) -> str:
    """The name of the class labels, if the graph has one after the inputs."""
    return call.names[1] if len(call.names) > 1 else "labels"


def _cross_entropy(call: Call) -> str:
    labels = call.params.get("labels")
    rows = "n" if labels is None else str(len(labels))
    return f"(p − onehot({_labels(call)})) g / {rows}, p = softmax(x)"


def _factor(call: Call) -> str:
    factor = call.params.get("factor", 1.0)
    if getattr(factor, "ndim", 0):  # a weight for each row
        return "factor "
    return "" if factor == 1 else f"{shown(factor)} "


def _margin(call: Call) -> str:
    return f"x − x[{_labels(call)}] + {shown(call.params.get('delta', 1.0))}"


def _hinges(call: Call) -> str:
    square = "²" if call.params.get("power", 1) == 2 else ""
    return f"{_factor(call)}Σ max({_margin(call)}, 0){square}"


def _d_hinges(call: Call) -> str:
    square = call.params.get("power", 1) == 2
    counts = f"2 max({_margin(call)}, 0)" if square else f"1({_margin(call)} > 0)"
    labels = _labels(call)
    return f"{_factor(call)}g (M − onehot({labels}) ⊙ Σ(M)), M = {counts} off the labels"


TABLE: Table = {
    "mse_loss": rule("x y", "mean((x − y)²)", "2 g (x − y) / n", "2 g (y − x) / n"),
    "distance": rule("x y", "|x − y|", "g ⊙ sign(x − y)", "g ⊙ sign(y − x)"),
    "huber_loss": rule(
        "x y",
        None,
        "{scale} g ⊙ clamp(x − y, −{delta}, {delta})",
        "{scale} g ⊙ clamp(y − x, −{delta}, {delta})",
    ),
    "cross_entropy": rule(
        "x labels", lambda call: f"cross_entropy(x, {_labels(call)})", _cross_entropy
    ),
    "nll_loss": rule(
        "x labels",
        lambda call: f"−scale ⊙ x[{_labels(call)}]",
        lambda call: f"−scale ⊙ g at {_labels(call)}, 0 elsewhere",
    ),
    "nll_loss_backward": rule("u", None, "−scale ⊙ g[labels]"),
    "multiclass_svm_loss": rule("x labels", _hinges, _d_hinges),
    "binary": rule(
        "p t",
        "−t ⊙ log(p) − (1 − t) ⊙ log(1 − p)",
        "g ⊙ (p − t) / (p ⊙ (1 − p))",
        "g ⊙ (log(1 − p) − log(p))",
    ),
    "from_logits": rule("x t", "−t ⊙ log(σ(x)) − (1 − t) ⊙ log(σ(−x))", "g ⊙ (σ(x) − t)", "−g ⊙ x"),
    "from_logits_weighted": rule(
        "x t w",
        "−w ⊙ t ⊙ log(σ(x)) − (1 − t) ⊙ log(σ(−x))",
        "g ⊙ ((1 + (w − 1) ⊙ t) ⊙ σ(x) − w ⊙ t)",
        "−g ⊙ (x + (w − 1) ⊙ log(σ(x)))",
        None,
    ),
    "t_log_t": rule("t", "t ⊙ log(t)", "g ⊙ (log(t) + 1)"),
}
