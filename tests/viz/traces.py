"""Runs to play, written by hand: forward values, formulas and gradients in plain NumPy."""

from dataclasses import dataclass, field

import numpy as np

from tinygrad_edu.viz import Edge, Graph, Vertex
from tinygrad_edu.viz.trace import Failure, Frame, Moment, Routing, TraceData, look_at


@dataclass
class Back:
    """How one input of an op gets its gradient."""

    vjp: object
    formula: str = ""
    shapes: str = ""
    summed: str = ""
    routing: object = None


@dataclass
class Tape:
    """Records vertices and ops; `finish` runs the sweep, newest op first."""

    title: str
    vertices: list = field(default_factory=list)
    edges: list = field(default_factory=list)
    values: dict = field(default_factory=dict)
    forward: list = field(default_factory=list)
    backs: dict = field(default_factory=dict)
    failure: Failure | None = None

    def add(self, kind, label, value):
        name = f"v{len(self.vertices)}"
        value = np.asarray(value)
        self.vertices.append(Vertex(name, kind, label, value.shape, str(value.dtype)))
        self.values[name] = value
        return name

    def op(self, label, formula, value, inputs, backs, shapes=""):
        name = self.add("op", label, value)
        for position, (source, back) in enumerate(zip(inputs, backs, strict=True)):
            shape, out = self.values[source].shape, self.values[name].shape
            text = f"{shape} → {out}" if back and back.summed else ""
            if back:
                self.backs[len(self.edges)] = back
            self.edges.append(Edge(source, name, text, position))
        self.forward.append(Frame("forward", name, formula=formula, shapes=shapes))
        return name

    def finish(self, output=None, **more):
        frames, grads = list(self.forward), {}
        if output is not None:
            label = self.add("output", "loss", self.values[output])
            self.edges.append(Edge(output, label))
            grads = self.sweep(output, frames)
        targets = [self.edges[frame.edge].source for frame in frames if frame.edge >= 0]
        moments = {
            name: Moment(
                look_at(value),
                look_at(grads[name]) if name in grads else None,
                f"step.py:{number + 10}: {self.vertices[number].label}",
                targets.count(name),
            )
            for number, (name, value) in enumerate(self.values.items())
        }
        graph = Graph(tuple(self.vertices), tuple(self.edges))
        return TraceData(graph, moments, tuple(frames), self.title, self.failure, **more)

    def sweep(self, output, frames):
        expected = {}
        for number in self.backs:
            source = self.edges[number].source
            expected[source] = expected.get(source, 0) + 1
        grads, arrived = {output: np.ones_like(self.values[output])}, {}
        ready = [output]
        while ready:
            vertex = ready.pop(ready.index(max(ready, key=lambda name: int(name[1:]))))
            mine = [number for number, edge in enumerate(self.edges) if edge.target == vertex]
            for number in filter(self.backs.__contains__, mine):
                back, source = self.backs[number], self.edges[number].source
                part = back.vjp(grads[vertex])
                grads[source] = grads.get(source, 0) + part
                arrived[source] = arrived.get(source, 0) + 1
                is_op = any(edge.target == source for edge in self.edges)
                if arrived[source] == expected[source] and is_op:
                    ready.append(source)
                frames.append(
                    Frame(
                        "backward",
                        vertex,
                        number,
                        back.formula,
                        back.shapes,
                        f"∂L/∂{self.vertices[int(source[1:])].label} += …",
                        look_at(grads[vertex]),
                        look_at(part),
                        look_at(grads[source]),
                        arrived[source],
                        expected[source],
                        back.summed,
                        back.routing,
                        tuple(sorted(ready, key=lambda name: -int(name[1:]))),
                    )
                )
        return grads


def mlp():
    """A step of a 64-16-10 network on a batch of 8: linear, relu, linear, cross entropy."""
    rng = np.random.default_rng(1)
    draw = lambda *shape: rng.normal(size=shape).astype(np.float32)
    tape = Tape("MLP step on digits")
    values = (np.abs(draw(8, 64)), draw(64, 16) / 8, draw(16), draw(16, 10) / 4, draw(10))
    x_, w1_, b1_, w2_, b2_ = values
    labels = rng.integers(0, 10, 8)
    x = tape.add("input", "x", x_)
    w1, b1 = tape.add("parameter", "hidden.weight", w1_), tape.add("parameter", "hidden.bias", b1_)
    h_ = x_ @ w1_
    h = tape.op(
        "matmul",
        "h = x @ hidden.weight",
        h_,
        [x, w1],
        [None, Back(lambda g: x_.T @ g, "dhidden.weight = xᵀ g", "(64, 8) @ (8, 16)")],
        "(8, 64) @ (64, 16)",
    )
    z_ = h_ + b1_
    z = tape.op(
        "add",
        "z = h + hidden.bias",
        z_,
        [h, b1],
        [
            Back(lambda g: g, "dh = g", "(8, 16)"),
            Back(lambda g: g.sum(0), "dhidden.bias = sum(g)", "(8, 16)", "sum(axis=0)"),
        ],
        "(8, 16) + (16,)",
    )
    mask = (z_ > 0).astype(np.float32)
    share = f"{int(mask.sum())} of {mask.size} elements pass"
    a_ = z_ * mask
    a = tape.op(
        "relu",
        "a = relu(z)",
        a_,
        [z],
        [
            Back(
                lambda g: g * mask,
                "dz = g ⊙ [z > 0]",
                "(8, 16)",
                routing=Routing("mask", share, look_at(mask)),
            )
        ],
        "(8, 16)",
    )
    w2, b2 = tape.add("parameter", "out.weight", w2_), tape.add("parameter", "out.bias", b2_)
    s_ = a_ @ w2_ + b2_
    s = tape.op(
        "linear",
        "s = a @ out.weight + out.bias",
        s_,
        [a, w2, b2],
        [
            Back(lambda g: g @ w2_.T, "da = g out.weightᵀ", "(8, 10) @ (10, 16)"),
            Back(lambda g: a_.T @ g, "dout.weight = aᵀ g", "(16, 8) @ (8, 10)"),
            Back(lambda g: g.sum(0), "dout.bias = sum(g)", "(8, 10)", "sum(axis=0)"),
        ],
        "(8, 16) @ (16, 10) + (10,)",
    )
    y = tape.add("input", "labels", labels)
    p = np.exp(s_ - s_.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    wrong = p - np.eye(10, dtype=np.float32)[labels]
    loss = tape.op(
        "cross_entropy",
        "L = cross_entropy(s, labels)",
        np.float32(-np.log(p[range(8), labels]).mean()),
        [s, y],
        [
            Back(
                lambda g: g * wrong / 8,
                "ds = g (p − onehot) / 8",
                "(8, 10)",
                routing=Routing("softmax", "p − onehot, per example", look_at(wrong)),
            ),
            None,
        ],
        "(8, 10), (8,)",
    )
    return tape.finish(loss, notes=("no gradient is computed for the input layer",))


def fan_out(before=()):
    """x*x + x*y with x = 3 and y = 4: dx = 2x + y = 10 from three contributions, dy = x = 3."""
    tape = Tape("x*x + x*y")
    x, y = tape.add("leaf", "x", 3.0), tape.add("leaf", "y", 4.0)
    to_x = lambda formula, factor: Back(lambda g: g * factor, formula, "() * ()")
    square = tape.op(
        "mul", "a = x * x", 9.0, [x, x], [to_x("dx = g * x", 3.0), to_x("dx = g * x", 3.0)]
    )
    product = tape.op(
        "mul", "b = x * y", 12.0, [x, y], [to_x("dx = g * y", 4.0), to_x("dy = g * x", 3.0)]
    )
    same = lambda name: Back(lambda g: g, f"d{name} = g", "()")
    total = tape.op("add", "L = a + b", 21.0, [square, product], [same("a"), same("b")])
    given = {name: look_at(value) for name, value in zip((x, y), before, strict=False)}
    return tape.finish(total, before=given)


def tie():
    """The maximum of (2, 5, 5): both fives share the gradient."""
    tape = Tape("max with a tie")
    x = tape.add("leaf", "x", [2.0, 5.0, 5.0])
    share = np.array([0.0, 0.5, 0.5])
    routing = Routing("ties", "2 tied elements share the gradient", look_at(share))
    back = Back(lambda g: g * share, "dx = g ⊙ [x = m] / 2", "() * (3,)", routing=routing)
    return tape.finish(tape.op("max", "m = max(x)", 5.0, [x], [back], "max (3,)"))


def broadcast():
    """A bias of shape (3,) added to a (2, 3) matrix, then a weighted sum."""
    tape = Tape("a broadcast bias")
    x_, b_, c = np.arange(6.0).reshape(2, 3), np.array([0.5, -1.0, 2.0]), np.array([[1.0], [-3.0]])
    x, b = tape.add("input", "x", x_), tape.add("parameter", "b", b_)
    back = Back(lambda g: g.sum(0), "db = sum(g)", "(2, 3)", "sum(axis=0)")
    y = tape.op("add", "y = x + b", x_ + b_, [x, b], [None, back], "(2, 3) + (3,)")
    weights = tape.add("input", "c", c)
    to_y = Back(lambda g: g * c * np.ones((2, 3)), "dy = g * c", "() * (2, 1)")
    total = tape.op("dot", "L = sum(c * y)", (c * (x_ + b_)).sum(), [y, weights], [to_y, None])
    return tape.finish(total)


def failed():
    """A matmul whose shapes don't match: the graph so far, the op, its message."""
    message = "matmul: (2, 3) @ (4, 5): inner dimensions must match, 3 != 4"
    tape = Tape("a shape error")
    x, w = tape.add("input", "x", np.ones((2, 3))), tape.add("parameter", "w", np.ones((4, 5)))
    h = tape.op("exp", "h = exp(x)", np.exp(np.ones((2, 3))), [x], [None])
    tape.failure = Failure("matmul", message, "step.py:13: y = h @ w", (h, w))
    name = tape.add("op", "matmul", 0.0)
    tape.vertices[-1] = Vertex(name, "op", "matmul")
    tape.edges += [Edge(h, name), Edge(w, name, position=1)]
    del tape.values[name]
    return tape.finish()


def checked(agrees):
    """exp at 0 and 1 with finite differences beside; a wrong formula does not agree."""
    tape = Tape("a checked gradient")
    x_ = np.array([0.0, 1.0])
    x = tape.add("leaf", "x", x_)
    factor = 1.0 if agrees else 2.0
    back = Back(lambda g: factor * g * np.exp(x_), "dx = g ⊙ y", "(2,)")
    y = tape.op("exp", "y = exp(x)", np.exp(x_), [x], [back], "(2,)")
    data = tape.finish(y)
    frames = [*data.frames[:-1]]
    given = {"numeric": look_at(np.exp(x_)), "agrees": agrees}
    frames.append(Frame(**{**vars(data.frames[-1]), **given}))
    return TraceData(data.graph, data.moments, tuple(frames), data.title)


def broken():
    """log of a negative number: NaN, and everything after it."""
    tape = Tape("a NaN")
    x = tape.add("leaf", "x", [-1.0, 1.0])
    y = tape.op(
        "log", "y = log(x)", [np.nan, 0.0], [x], [Back(lambda g: g / [-1, 1], "dx = g / x")]
    )
    z = tape.op("sum", "L = sum(y)", np.nan, [y], [Back(lambda g: g * np.ones(2), "dy = g")])
    data = tape.finish(z)
    data.moments[y] = Moment(**{**vars(data.moments[y]), "bad": "nan"})
    return data


ALL = {
    "mlp": mlp,
    "fan_out": fan_out,
    "tie": tie,
    "broadcast": broadcast,
    "failed": failed,
    "agrees": lambda: checked(True),
    "disagrees": lambda: checked(False),
    "nan": broken,
}
