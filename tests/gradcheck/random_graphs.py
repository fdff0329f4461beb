"""Random graphs with one fault: a wrong formula somewhere, or an engine that adds up wrongly."""

import importlib
import inspect
import sys
from contextlib import contextmanager

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import primitive, tensor
from tinygrad_edu.autograd import Function

SHAPES = [(2, 3), (3,), (2, 1), (1, 3), (), (4, 2)]
sweep_module = importlib.import_module("tinygrad_edu.engine.sweep")
backward_module = sys.modules["tinygrad_edu.gradients.backward"]

UNARY = [
    lambda t: t.tanh(),
    lambda t: t.exp(),
    lambda t: t.sin(),
    lambda t: t.relu(),
    lambda t: t.abs(),
    lambda t: t * 0.7,
    lambda t: 1.5 - t,
    lambda t: -t,
    lambda t: t**2,
    lambda t: (t * t + 0.5).log(),
    lambda t: (t * t + 0.5).sqrt(),
    lambda t: t.sigmoid(),
    lambda t: t.clone(),
    lambda t: t.mean(),
    lambda t: t.sum(0, keepdim=True) if t.ndim else t * 2,
    lambda t: t.softmax(-1) if t.ndim else t.cos(),
    lambda t: t.reshape(-1).logsumexp(0),
    lambda t: t.amax(-1, keepdim=True) if t.ndim else t.tanh(),
    lambda t: t.transpose(0, 1) if t.ndim == 2 else t.exp(),
    lambda t: t[..., :1] if t.ndim else t * t,
]
BINARY = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / (b * b + 1),
    lambda a, b: tg.maximum(a, b),
    lambda a, b: tg.where(a > b, a, b * 0.5),
    lambda a, b: (a.reshape(-1, 1) @ b.reshape(1, -1)).tanh().mean(),
    lambda a, b: tg.cat([a.reshape(-1), b.reshape(-1)]),
]


# Wrong formulas, as (name, function of a tensor).


@primitive(name="wrong_cube", elementwise=True)
def wrong_cube(x):
    return x**3


wrong_cube.defvjp(lambda g, out, x: 2 * x**2 * g)


@primitive(name="wrong_mean")
def wrong_mean(x):
    return np.asarray(x).mean()


wrong_mean.defvjp(lambda g, out, x: g * np.ones(x.shape))


@primitive(name="wrong_flip")
def wrong_flip(x):
    return x[..., ::-1].copy()


wrong_flip.defvjp(lambda g, out, x: g)


class WrongSquare(Function):
    @staticmethod
    def forward(ctx, x, factor):
        ctx.save_for_backward(x)
        ctx.factor = factor
        return x * x * factor

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return x * g * ctx.factor, None


class WrongPair(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2, x.sin()

    @staticmethod
    def backward(ctx, g, h):
        (x,) = ctx.saved_tensors
        return 2 * g - h * x.cos()


def _pair(t):
    a, b = WrongPair.apply(t)
    return a * 0.3 + b


def _flipped(t):
    """Each element counts differently, or a flip would not be seen."""
    return wrong_flip(t * 1.1) * tensor(np.arange(1.0, t.shape[-1] + 1))


OWN = [
    ("wrong_cube", wrong_cube),
    ("wrong_mean", lambda t: wrong_mean(t * t) if t.numel() > 1 else wrong_cube(t)),
    ("wrong_flip", lambda t: _flipped(t) if t.ndim and t.shape[-1] > 1 else wrong_cube(t)),
    ("WrongSquare", lambda t: WrongSquare.apply(t, 1.5)),
    ("WrongPair", _pair),
]
MY_OPS = {"wrong_cube", "wrong_mean", "wrong_flip", "WrongSquare", "WrongPair"}

# Ops of the table whose formula is replaced: name, op, wrong formulas (or joint), a use.
TABLE = [
    ("tanh", tg.ops.tanh, (lambda g, out, x: g * (1 - out),), lambda t: t.tanh()),
    ("exp", tg.ops.exp, (lambda g, out, x: g * (out + 0.1),), lambda t: t.exp()),
    ("sin", tg.ops.sin, (lambda g, out, x: g * -np.cos(x),), lambda t: t.sin()),
    ("sigmoid", tg.ops.sigmoid, (lambda g, out, x: g * out,), lambda t: t.sigmoid()),
    (
        "mul",
        tg.ops.mul,
        (lambda g, out, x, y: g * y, lambda g, out, x, y: g * y),
        lambda t: t * (t + 1.3),
    ),
    (
        "add",
        tg.ops.add,
        (lambda g, out, x, y, alpha: g, lambda g, out, x, y, alpha: -g),
        lambda t: t.sin() + t,
    ),
]


@contextmanager
def broken(op, formulas):
    """An op of the table with wrong formulas."""
    before = op.formulas, op.joint
    op.defvjp(*formulas)
    try:
        yield
    finally:
        op.formulas, op.joint, op._plans = *before, {}
        op.__dict__.pop("keeps", None)


@contextmanager
def faulty_engine(kind):
    """The engine with another rule for what arrives where something is already."""
    source = inspect.getsource(sweep_module)
    first, second = "pending[edge] += c", "pending[edge] = pending[edge] + c"
    assert source.count(first) == source.count(second) == 1
    rules = {
        "overwritten": "pending[edge] = c",
        "dropped": "pass",
        "doubled": "pending[edge] = pending[edge] + 2 * c",
    }
    source = source.replace(second, rules[kind]).replace(first, rules[kind])
    names = {"__name__": sweep_module.__name__, "__package__": sweep_module.__package__}
    exec(compile(source, "sweep", "exec"), names)
    right = backward_module.sweep
    backward_module.sweep = names["sweep"]
    try:
        yield
    finally:
        backward_module.sweep = right


def plan(seed, steps=(4, 14)):
    """Which ops in which order: numbers only, so that the graph can be computed again."""
    rng = np.random.default_rng(seed)
    values = [rng.normal(size=s) + 0.05 * rng.choice([-1, 1], s) for s in SHAPES[:5]]
    rows = []
    for _ in range(rng.integers(*steps)):
        kind = rng.choice(["unary", "binary"])
        rows.append((kind, int(rng.integers(1000)), *map(int, rng.integers(1000, size=2))))
    where = int(rng.integers(len(rows)))
    return values, rows, where


def graph(rows, where=-1, extra=None):
    """The function of a plan; `extra` is applied at step `where`, and everything is used."""

    def function(*leaves):
        pool = list(leaves)
        for k, (kind, choice, i, j) in enumerate(rows):
            a, b = pool[i % len(pool)], pool[j % len(pool)]
            if k == where:
                a = extra(a)
                pool.append(a)
            if kind == "unary":
                pool.append(calm(UNARY[choice % len(UNARY)](a)))
                continue
            try:
                pool.append(calm(BINARY[choice % len(BINARY)](a, b)))
            except (ValueError, RuntimeError):  # shapes that do not broadcast
                pool.append(a * 0.9)
        total = 0.0
        for k, t in enumerate(pool):
            total = total + (t * (0.3 + 0.1 * k)).sum()
        return total

    return function


def calm(t):
    """Keep the numbers of a long chain in bounds."""
    return t if np.abs(t.detach().numpy()).max(initial=0) < 20 else t.tanh()


def leaves(values):
    return [tensor(v, requires_grad=True) for v in values]
