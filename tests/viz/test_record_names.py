"""The names in formulas: the user's own, where they are known."""

import numpy as np
import pytest
from programs import doubled, leaf

import tinygrad_edu as tg
from tinygrad_edu import nn, viz
from tinygrad_edu.viz.tracing.naming import assigned

weight = leaf(2.0, 3.0)  # a global that a traced function reads


def labels(run):
    """Of ops, the name in front of the op."""
    return [v.label.partition(" = ")[0] for v in run.graph.vertices]


def unnamed(tensors):
    """A loss of tensors that no variable of the caller's holds."""
    return ((tensors[0] * tensors[1]).exp() + tensors[1] * 2.0).sum()


def test_params_come_first_then_the_tensors_own_name_then_variables():
    a, b, c = leaf(1.0), leaf(2.0), leaf(3.0)
    b.name = "own"
    run = viz.trace((a * b * c).sum(), params={"given": a})
    assert labels(run)[:2] == ["given", "own"] and labels(run)[3] == "c"
    assert run.graph.vertices[0].kind == "parameter"


def test_what_has_no_name_is_numbered():
    run = viz.trace(unnamed([leaf(1.0), leaf(2.0)]))
    assert labels(run) == ["w", "w2", "h1", "h2", "h3", "h4", "L", "L"]
    data = [tg.tensor(np.ones(2)), tg.tensor(np.ones(2))]
    run = viz.trace((leaf(1.0, 2.0) * data[0] * data[1]).sum())
    assert sorted(labels(run)) == ["L", "L", "h1", "h2", "w", "x", "x2"]


def test_results_have_the_names_of_variables():
    x = leaf(1.0, 2.0)
    hidden = x * 2.0
    cost = (hidden * hidden).sum()
    assert labels(viz.trace(cost)) == ["x", "hidden", "h1", "cost", "cost"]


def test_a_function_names_its_own_variables():
    def program():
        hidden = weight * 2.0
        squares = hidden * hidden
        return squares.sum()

    run = viz.trace(program)
    assert labels(run) == ["weight", "hidden", "squares", "L", "L"]
    assert run.frames[1].formula == "squares = hidden ⊙ hidden"


def test_a_function_names_the_globals_of_its_own_file():
    assert labels(viz.trace(doubled))[0] == "FACTOR"


def test_a_name_that_is_used_again_gets_a_number():
    def program():
        h = weight
        for _ in range(3):
            h = h * 2.0
        return h.sum()

    found = labels(viz.trace(program))
    assert found[0] == "weight" and len(set(found[:-1])) == len(found) - 1
    assert found[1:4] == ["h", "h2", "h3"]


def test_names_that_begin_with_an_underscore_are_nobodys():
    def program():
        _temporary = weight * 2.0
        return (_temporary * 3.0).sum()

    _hidden = leaf(1.0)
    assert labels(viz.trace(program))[1:3] == ["h1", "h2"]
    assert labels(viz.trace((_hidden * 2.0).sum()))[0] == "w"


def test_a_model_in_a_variable_names_its_parameters():
    tg.manual_seed(0)
    model = nn.Linear(2, 3)
    images = tg.tensor(np.ones((4, 2), np.float32))
    run = viz.trace(model(images).sum())
    assert set(labels(run)) >= {"images", "weight", "bias"}


def test_a_detached_tensor_does_not_take_the_name():
    x = leaf(1.0, 2.0)
    run = viz.trace((x.detach() * x).sum())
    kinds = {v.label: v.kind for v in run.graph.vertices}
    assert kinds["x"] == "leaf" and kinds["x2"] == "input"


def test_long_graphs_keep_plain_labels():
    x = leaf(1.0)
    h = x * 2.0
    for _ in range(300):
        h = h * 2.0
    run = viz.trace(h.sum())
    assert labels(run)[:3] == ["x", "mul 2.0", "mul 2.0"]
    assert run.frames[0].formula.startswith("h1 = ")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("y = x @ w", "y"),
        ("y: int = x @ w", ""),
        ("total += x", "total"),
        ("p, q = f(x)", ""),
        ("a = b = x * 2", ""),
        ("ys = [x * 2, x * 3]", ""),
        ("a = x * 2; b = x * 3", ""),
        ("for h in f(x):", ""),
        ("return x * 2", ""),
        ("self.h = x * 2", ""),
        ("", ""),
    ],
)
def test_the_variable_that_a_line_assigns(source, name):
    assert assigned(source) == name


def test_data_have_the_name_of_the_program_or_else_of_their_role():
    scores = tg.ones(3, 2, requires_grad=True)
    right = tg.tensor([0, 1, 0])

    def dropped():
        return nn.functional.cross_entropy(nn.functional.dropout(scores, 0.5), right)

    assert {"mask", "right", "scores"} <= set(labels(viz.trace(dropped)))
    graph = viz.read_graph(dropped())
    assert [v.label for v in graph.vertices if v.kind == "input"] == ["mask", "labels"]
    far = nn.functional.mse_loss(scores, tg.zeros(3, 2))
    assert [v.label for v in viz.read_graph(far).vertices if v.kind == "input"] == ["target"]
