"""Reads the symbols of a formula as NumPy: ᵀ, ⊙, Σ, 1(...), √, and a space for a product."""

import ast
import math
import re

import numpy as np

_SIGNS = [
    (r"√π", "sqrt(pi)"),
    (r"√(\w+)", r"sqrt(\1)"),
    (r"√", "sqrt"),
    (r"\|([^|]+)\|", r"abs(\1)"),
    (r"(?<![\w.])1\(", "one("),
    (r"(\w+)⁻ᵀ", r"inv(\1).mT"),
    (r"ᵀ", ".mT"),
    (r"shape of (\w+)", r"\1.shape"),
    (r"²", "**2"),
    (r"³", "**3"),
    (r"½", "0.5"),
    (r"\^", "**"),
    (r"−", "-"),
    (r"[⊙·]", "*"),
    (r" = ", " == "),
    (r"≤", "<="),
    (r"≥", ">="),
    (r"¬", "~"),
    (r"∨", "|"),
    (r"Σ", "total"),
]
# A space between two factors: of matrices a product, with a number or a scalar a multiple.
_PRODUCT = re.compile(r"(?<=[\w)\]]) (?=[\w(~])")


class Array(np.ndarray):
    def __matmul__(self, other):
        return self * other if not self.ndim or not np.ndim(other) else super().__matmul__(other)

    def __rmatmul__(self, other):
        return other * self if not self.ndim or not np.ndim(other) else super().__rmatmul__(other)


class _Chains(ast.NodeTransformer):
    """``a < x < b`` of arrays is ``(a < x) & (x < b)``."""

    def visit_Compare(self, node):
        terms = [node.left, *node.comparators]
        pairs = zip(terms, node.ops, terms[1:], strict=False)
        whole, *rest = [ast.Compare(a, [op], [b]) for a, op, b in pairs]
        for pair in rest:
            whole = ast.BinOp(whole, ast.BitAnd(), pair)
        return whole


def evaluated(text, values, x, params, shape):
    """The value of `text`, summed over the axes that broadcasting added to `shape`."""
    text = re.sub(r", where .*", "", text)
    formula, *clauses = re.split(r", (?=\w+ = )", text)
    known = {k: np.asarray(v).view(Array) for k, v in values.items()}
    known = {**_functions(x, params, known), **known}
    for clause in clauses:
        name, _, value = clause.partition(" = ")
        known[name] = _value(value, known)
    return _summed(np.asarray(_value(formula, known)), shape)


def _value(text, known):
    for sign, meaning in _SIGNS:
        text = re.sub(sign, meaning, text)
    text = _PRODUCT.sub(" @ ", text)
    tree = ast.fix_missing_locations(_Chains().visit(ast.parse(text.strip(), mode="eval")))
    found = eval(compile(tree, text, "eval"), {"__builtins__": {}}, known)
    return np.asarray(found).view(Array)


def _summed(value, shape):
    full = np.broadcast_shapes(value.shape, shape)
    value = np.broadcast_to(value, full)
    value = value.sum(tuple(range(len(full) - len(shape))))
    thin = tuple(k for k, n in enumerate(shape) if n == 1)
    return value.sum(thin, keepdims=True) if thin else value


def _erf(v):
    return np.vectorize(math.erf)(v)


def _functions(x, params, known):
    # An op that names no axis reduces the last ones.
    axis = params.get("axis", tuple(range(np.ndim(known.get("rr", 0.0)), x.ndim)))
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    along = {"axis": axes, "keepdims": True}

    def spread(a, axis=None):
        assert axis is None or axis == params["axis"] or (axis,) == params["axis"]
        reduced = np.ndim(a) + len(axes) == x.ndim and not params.get("keepdims")
        return np.broadcast_to(np.expand_dims(a, axes) if reduced else a, x.shape)

    def softmax(v):
        e = np.exp(v - v.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)

    plain = ["sqrt", "sign", "exp", "log", "sin", "cos", "tanh", "sinh", "cosh"]
    plain += ["where", "floor", "trunc", "isfinite", "isnan"]
    return {
        **{name: getattr(np, name) for name in plain},
        "abs": np.abs,
        "pi": np.pi,
        "one": lambda test: np.asarray(test).astype(float).view(Array),
        "σ": lambda v: 1 / (1 + np.exp(-v)),
        "Φ": lambda v: 0.5 * (1 + _erf(v / math.sqrt(2))),
        "φ": lambda v: np.exp(-v * v / 2) / math.sqrt(2 * math.pi),
        "softplus": lambda v: np.log(1 + np.exp(v)),
        "clamp": np.clip,
        "total": lambda v: v.sum(**along),
        "mean": lambda v: v.mean(**along),
        "var": lambda v: v.var(**along),
        "spread": spread,
        "n": math.prod(x.shape[a] for a in axes),
        "ties": _ties(x, known, axes, params),
        "softmax": softmax,
        "labels": params.get("labels"),
        "stops": params.get("stops"),
        "onehot": lambda labels: np.eye(x.shape[1])[np.asarray(labels)],
        "einsum": lambda text, a, b: np.einsum(text, np.asarray(a), np.asarray(b)),
        "flip": lambda v, axis=axes, dims=None: np.flip(v, axis if dims is None else dims),
        "roll": lambda v, shifts, dims: np.roll(v, shifts, dims if dims != "None" else None),
        "cumsum": lambda v: np.cumsum(v, axes[0]),
        "permute": np.transpose,
        "reshape": np.reshape,
        "broadcast_to": lambda v: np.broadcast_to(v, x.shape),
        "sum_to": lambda v: v,  # which happens to every result
        "inv": lambda v: np.linalg.inv(np.asarray(v)).view(Array),
        "I": np.eye(*x.shape[-2:]) if x.ndim > 1 else None,
        "tril": lambda v, diagonal: np.tril(v, diagonal),
        "triu": lambda v, diagonal: np.triu(v, diagonal),
    }


def _ties(x, known, axes, params):
    """How many elements equal the result, in size where the op is a norm."""
    out = np.asarray(known.get("rr", 0.0))
    if out.ndim + len(axes) == x.ndim:
        out = np.expand_dims(out, axes)
    size = np.abs(x) if "ord" in params else x
    try:
        return (size == out).sum(axis=axes, keepdims=True)
    except ValueError:
        return None
