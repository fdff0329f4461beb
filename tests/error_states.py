"""Steps whose last one must fail. What is yielded must be unchanged after that."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import numpy as np

from tinygrad_edu.errors import (
    AnomalyError,
    DTypeError,
    GradientError,
    InPlaceError,
    ShapeError,
)

Steps = Callable[[Any], Generator[list[Any], None, None]]
STATES: list[tuple[Steps, type[Exception], tuple[str, ...], bool]] = []


def fails(error: type[Exception], *words: str, in_torch: bool = True) -> Callable[[Steps], Steps]:
    def enter(steps: Steps) -> Steps:
        STATES.append((steps, error, words, in_torch))
        return steps

    return enter


def leaf(t: Any, *shape: int) -> Any:
    return t.ones(*shape, requires_grad=True)


# -------------------------------------------------------------------------------- backward and grad


@fails(GradientError, "scalar outputs", "(3,)", ".sum()", "gradient=")
def backward_of_many(t):
    x = leaf(t, 3)
    yield [x]
    (x * 2).backward()


@fails(ShapeError, "(2,)", "(3,)", "must be equal")
def backward_with_a_gradient_of_another_shape(t):
    x = leaf(t, 3)
    yield [x]
    (x * 2).backward(t.ones(2))


@fails(GradientError, "does not require grad", "grad_fn", "requires_grad=True")
def backward_without_a_leaf(t):
    x = t.ones(3)
    yield [x]
    x.sum().backward()


@fails(GradientError, "does not require grad", "no_grad()")
def backward_of_what_no_grad_made(t):
    x = leaf(t, 3)
    with t.no_grad():
        y = (x * x).sum()
    yield [x]
    y.backward()


@fails(GradientError, "second time", "'mul'", "retain_graph=True")
def second_backward(t):
    x = leaf(t, 3)
    y = (x * x).sum()
    y.backward()
    yield [x]
    y.backward()


@fails(GradientError, "not have been used", "input 0", "(3,)", "allow_unused=True")
def grad_of_an_unused_input(t):
    x, y = leaf(t, 3), leaf(t, 3)
    yield [x, y]
    t.autograd.grad(x.sum(), y)


@fails(GradientError, "input 0 does not require grad")
def grad_of_an_input_without(t):
    x, y = leaf(t, 3), t.ones(3)
    yield [x, y]
    t.autograd.grad((x * y).sum(), y)


@fails(ValueError, "materialize_grads", "allow_unused")
def grad_with_contrary_options(t):
    x = leaf(t, 3)
    yield [x]
    t.autograd.grad(x.sum(), x, allow_unused=False, materialize_grads=True)


@fails(GradientError, "2 tensors", "1 upstream")
def grad_with_too_few_gradients(t):
    x = leaf(t, 3)
    yield [x]
    t.autograd.grad([x.sum(), x.prod()], x, [t.tensor(1.0)])


@fails(RuntimeError, "inputs=")
def backward_to_no_inputs(t):
    x = leaf(t, 3)
    yield [x]
    x.sum().backward(inputs=[])


@fails(GradientError, "'halve'", "no derivative", "defvjp", in_torch=False)
def gradient_through_an_op_without_formula(t):
    halve = t.primitive(lambda x: x / 2, name="halve")
    x = leaf(t, 3)
    y = halve(x).sum()
    yield [x]
    y.backward()


@fails(ShapeError, "broken", "(3,)", "(2, 3)", in_torch=False)
def formula_of_another_shape(t):
    broken = t.primitive(lambda x: x * 2, name="broken")
    broken.defvjp(lambda g, out, x: g[0])
    x = leaf(t, 2, 3)
    y = broken(x).sum()
    yield [x]
    y.backward()


@fails(DTypeError, "broken", "must take (g, out, x)", in_torch=False)
def formula_with_other_arguments(t):
    broken = t.primitive(lambda x: x * 2, name="broken")
    yield []
    broken.defvjp(lambda g, x: g)


@fails(GradientError, "does not require grad")
def gradient_through_a_comparison(t):
    x = leaf(t, 3)
    y = (x > 0).sum()
    yield [x]
    y.backward()


@fails(GradientError, "does not require grad")
def gradient_through_argmax(t):
    x = leaf(t, 3)
    yield [x]
    x.argmax().backward()


@fails(AnomalyError, "'log'", "inf", "error_states.py", in_torch=False)
def anomaly_in_the_forward_pass(t):
    x = t.zeros(2, requires_grad=True)
    with t.autograd.detect_anomaly():
        yield [x]
        x.log()


@fails(AnomalyError, "sqrt", "inf", in_torch=False)
def anomaly_in_the_backward_pass(t):
    x = t.zeros(2, requires_grad=True)
    with t.autograd.detect_anomaly():
        y = x.sqrt().sum()
        yield [x]
        y.backward()


# ------------------------------------------------------------------------------------ requires_grad


@fails(GradientError, "floating-point", "int64")
def requires_grad_of_integers(t):
    x = t.tensor([1, 2])
    yield [x]
    x.requires_grad_()


@fails(GradientError, "floating-point", "bool")
def requires_grad_of_bools(t):
    x = t.ones(3) > 0
    yield [x]
    x.requires_grad = True


@fails(GradientError, "leaves", ".detach()")
def requires_grad_off_in_the_middle(t):
    x = leaf(t, 3)
    y = x * 2
    yield [x, y]
    y.requires_grad = False


@fails(GradientError, "retain_grad", "requires_grad=False")
def retain_grad_without_history(t):
    x = t.ones(3)
    yield [x]
    x.retain_grad()


@fails(GradientError, "hook", "doesn't require gradient")
def hook_without_gradient(t):
    x = t.ones(3)
    yield [x]
    x.register_hook(lambda g: g)


@fails(ShapeError, "halved", "size", "(3,)", "(2,)")
def hook_that_changes_the_shape(t):
    def halved(g):
        return g[:2]

    x = leaf(t, 3)
    x.register_hook(halved)
    y = x.sum()
    yield [x]
    y.backward()


@fails(DTypeError, "wrong", "Tensor or None", "str")
def hook_that_returns_something_else(t):
    def wrong(g):
        return "g"

    x = leaf(t, 3)
    x.register_hook(wrong)
    y = x.sum()
    yield [x]
    y.backward()


@fails(ShapeError, "grad", "(2,)", "(3,)")
def grad_of_another_shape(t):
    x = leaf(t, 3)
    yield [x]
    x.grad = t.ones(2)


@fails(DTypeError, "grad", "list")
def grad_that_is_no_tensor(t):
    x = leaf(t, 3)
    yield [x]
    x.grad = [1.0]


@fails(GradientError, "deepcopy", ".detach()")
def deepcopy_in_the_middle(t):
    import copy

    x = leaf(t, 3)
    y = x * 2
    yield [x, y]
    copy.deepcopy(y)


# ----------------------------------------------------------------------------------------- in place


@fails(InPlaceError, "leaf Variable", "in-place", "no_grad()", "clone()")
def in_place_on_a_leaf(t):
    x = leaf(t, 3)
    yield [x]
    x += 1


@fails(InPlaceError, "leaf Variable", "in-place", "no_grad()")
def index_write_to_a_leaf(t):
    x = leaf(t, 3)
    yield [x]
    x[0] = 5.0


@fails(InPlaceError, "leaf Variable", "no_grad()")
def zero_a_leaf(t):
    x = leaf(t, 3)
    yield [x]
    x.zero_()


@fails(InPlaceError, "'mul'", "modified by an inplace operation", "clone()", "(3,)")
def overwritten_input(t):
    x, y = leaf(t, 3), t.ones(3)
    z = (x * y).sum()
    y += 1
    yield [x]
    z.backward()


@fails(InPlaceError, "'exp'", "modified by an inplace operation", "'result'")
def overwritten_result(t):
    x = leaf(t, 3)
    y = x.exp()
    with t.no_grad():
        y += 1
    yield [x]
    y.sum().backward()


@fails(InPlaceError, "view", "base[i] = v", "clone()", in_torch=False)
def write_through_a_view_with_history(t):
    x = leaf(t, 3)
    y = x * 2
    part = y[:2]
    yield [x, y, part]
    part += 1


@fails(InPlaceError, "read-only", "expand", "clone()")
def write_to_an_expanded_tensor(t):
    x = t.ones(1).expand(3)
    yield [x]
    x += 1


@fails(ShapeError, "(2, 3)", "(3,)", "in place")
def in_place_result_that_does_not_fit(t):
    x = t.ones(3)
    yield [x]
    x += t.ones(2, 3)


@fails(DTypeError, "float32", "int64", "cast")
def float_into_integers(t):
    x = t.tensor([1, 2])
    yield [x]
    x += t.ones(2)


@fails(ShapeError, "(2,)", "(3,)")
def copy_of_another_shape(t):
    x = t.ones(3)
    yield [x]
    x.copy_(t.ones(2))


@fails(ShapeError, "(4,)", "(3,)", "x[index] = value")
def index_write_of_another_shape(t):
    x = t.ones(2, 3)
    yield [x]
    x[0] = t.ones(4)


# ---------------------------------------------------------------------------------------- out of it


@fails(GradientError, "numpy()", ".detach().numpy()")
def numpy_of_what_requires_grad(t):
    x = leaf(t, 3)
    yield [x]
    x.numpy()


@fails(ShapeError, "3 elements", "Scalar")
def item_of_many(t):
    x = t.ones(3)
    yield [x]
    x.item()


@fails(ShapeError, "Boolean value", "ambiguous", ".any()")
def truth_of_many(t):
    x = t.ones(3)
    yield [x]
    bool(x)


@fails(ShapeError, "Boolean value", "ambiguous", ".any()")
def condition_on_many(t):
    x = t.ones(3)
    yield [x]
    if x > 0:
        pass


@fails(TypeError, "len()", "0-d tensor")
def length_of_a_number(t):
    x = t.tensor(1.0)
    yield [x]
    len(x)


@fails(TypeError, "iteration", "0-d tensor")
def iteration_over_a_number(t):
    x = t.tensor(1.0)
    yield [x]
    list(x)


@fails(ShapeError, "3 elements", "Scalar")
def float_of_many(t):
    x = t.ones(3)
    yield [x]
    float(x)


@fails(TypeError, "integer", in_torch=False)
def float_as_an_index(t):
    x = t.tensor(1.5)
    yield [x]
    range(x)


@fails(DTypeError, "add()", "'other'", "<U1", in_torch=False)
def an_array_of_texts(t):
    x = t.ones(3)
    yield [x]
    x + np.array(["a", "b", "c"])
