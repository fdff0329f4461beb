"""Plots of models: decision regions with margins, weight templates, histograms a layer."""

import numpy as np
import pytest
from plotted import SQUARE, net, texts

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.viz import plots
from tinygrad_edu.viz.plots.activations import measure_layers
from tinygrad_edu.viz.plots.canvas import new_figure
from tinygrad_edu.viz.plots.regions import _lead, ground_colors

# --------------------------------------------------------------------------- decision regions


def contours(axes):
    """Level and points of every contour on the axes."""
    return [
        (float(c.levels[0]), np.concatenate([v for s in c.allsegs for v in s]), c.linestyles)
        for c in axes.collections
        if hasattr(c, "allsegs")
    ]


@pytest.mark.plot
def test_the_margins_of_a_linear_svm_are_where_the_score_is_one():
    from matplotlib.colors import to_hex

    w, b = np.array([2.0, -1.0]), -1.5
    figure = plots.decision_regions(lambda p: p @ w + b, SQUARE, [-1, 1, -1, 1])
    axes = figure.axes[0]
    found = contours(axes)
    assert sorted(level for level, *_ in found) == [-1, 0, 1]
    for level, points, style in found:
        np.testing.assert_allclose(points @ w + b, level, atol=1e-6)
        assert style == ("-" if level == 0 else "--")
    assert texts(axes.get_legend()) == ["-1", "1", "boundary", "margin: score ±1"]
    classes, points = ground(axes)
    np.testing.assert_array_equal(classes, points @ w + b > 0)
    _, positive = [c for c in axes.collections if not hasattr(c, "allsegs")]
    np.testing.assert_array_equal(positive.get_offsets(), SQUARE[[1, 3]])
    assert ground_colors(2)[1] == to_hex(axes.get_images()[0].to_rgba(1.0))
    plain = plots.decision_regions(lambda p: p @ w + b, SQUARE, [-1, 1, -1, 1], margins=False)
    assert [level for level, *_ in contours(plain.axes[0])] == [0]


def ground(axes):
    """The drawn classes, and the points in the middle of their pixels."""
    (image,) = axes.get_images()
    assert image.origin == "lower"
    left, right, bottom, top = image.get_extent()
    n, m = image.get_array().shape
    x = left + (np.arange(m) + 0.5) * (right - left) / m
    y = bottom + (np.arange(n) + 0.5) * (top - bottom) / n
    return np.asarray(image.get_array()), np.stack(np.meshgrid(x, y), axis=-1)


@pytest.mark.plot
def test_regions_of_several_classes():
    weights = np.array([[1.0, 0.2, -1.0], [-0.5, 1.0, 0.3]])
    figure = plots.decision_regions(
        lambda p: p @ weights, SQUARE - 2, [0, 1, 2, 0], names="abc", resolution=50
    )
    axes = figure.axes[0]
    classes, points = ground(axes)
    np.testing.assert_allclose(points[[0, -1], [0, -1]], [[-2.32] * 2, [2.32] * 2])
    scores = points @ weights
    ordered = np.sort(scores, axis=-1)
    clear = ordered[..., -1] - ordered[..., -2] > 1e-9
    assert classes.shape == (50, 50) and set(classes.ravel()) == {0, 1, 2}
    np.testing.assert_array_equal(classes[clear], scores.argmax(-1)[clear])
    assert texts(axes.get_legend())[:3] == ["a", "b", "c"]
    for level, at, _ in contours(axes):
        best = np.sort(at @ weights, axis=1)
        gap = best[:, -1] - best[:, -2]
        # Straight pieces between grid points: exact but in the cells where three classes meet.
        assert np.quantile(np.abs(gap - level), 0.9) < 1e-6
    drawn = [c for c in axes.collections if not hasattr(c, "allsegs")]
    assert [len(c.get_offsets()) for c in drawn] == [2, 1, 1]
    np.testing.assert_array_equal(drawn[2].get_offsets(), [[-2, 2]])
    assert len({c.get_paths()[0].vertices.tobytes() for c in drawn}) == 3  # three markers
    assert axes.get_xlim() == pytest.approx((-2.32, 2.32))


def test_a_lead_is_over_the_best_other():
    scores = np.array([[3.0, 1.0, 2.5], [0.0, 4.0, 1.0]])
    assert [_lead(scores, k).tolist() for k in range(3)] == [[0.5, -4.0], [-2.0, 3.0], [-0.5, -3.0]]


@pytest.mark.plot
def test_two_scores_have_margins_where_they_differ_by_one():
    scores = lambda p: np.stack([p[:, 0], 3 * p[:, 1]], axis=1)
    axes = plots.decision_regions(scores, SQUARE, [0, 0, 1, 1]).axes[0]
    for level, points, _ in contours(axes):
        np.testing.assert_allclose(3 * points[:, 1] - points[:, 0], level, atol=1e-6)
    classes, points = ground(axes)
    assert classes[-1, 0] == 1 and classes[0, -1] == 0
    assert len(contours(axes)) == 3


@pytest.mark.plot
@pytest.mark.parametrize("kinds", [(3, 7), ("low", "up")])
def test_a_function_may_give_labels(kinds):
    def rule(points):
        assert type(points) is np.ndarray
        return np.where(points[:, 1] > 1, kinds[1], kinds[0])

    axes = plots.decision_regions(rule, SQUARE, [kinds[0]] * 2 + [kinds[1]] * 2).axes[0]
    classes, points = ground(axes)
    np.testing.assert_array_equal(classes, points[..., 1] > 1)
    assert texts(axes.get_legend()) == [*map(str, kinds), "boundary"]


@pytest.mark.plot
def test_a_module_is_asked_in_evaluation_mode_and_left_as_it_was():
    modes = []

    class Spy(nn.Module):
        def forward(self, x):
            modes.append((self.training, tg.is_grad_enabled(), x.dtype))
            return x

    model = nn.Sequential(nn.Linear(2, 3, generator=np.random.default_rng(0)), Spy())
    model[0].eval()
    axes = new_figure("test", 4, 4).subplots()
    figure = plots.decision_regions(model, tg.tensor(SQUARE), tg.tensor([0, 1, 2, 1]), ax=axes)
    assert figure is axes.figure
    assert set(modes) == {(False, False, tg.float32)}
    assert (model.training, model[0].training, model[1].training) == (True, False, True)
    assert tg.is_grad_enabled() and model[0].weight.grad is None


@pytest.mark.parametrize(
    ("model", "x", "y", "error", "text"),
    [
        (len, np.ones((4, 3)), [0] * 4, ValueError, r"of shape \(N, 2\) .* not \(4, 3\)"),
        (len, np.ones((0, 2)), [], ValueError, "N > 0"),
        (len, np.full((4, 2), np.inf), [0] * 4, ValueError, "x is not finite"),
        (len, SQUARE, [0, 1], ValueError, r"shape \(4,\), not \(2,\)"),
        (len, SQUARE, np.eye(4), ValueError, r"one class for each of the 4 points"),
        (len, [[1, 2], [3]], [0, 1], TypeError, "x: expected an array of numbers"),
        (3, SQUARE, [0] * 4, TypeError, "a Module or a function, got int"),
        (lambda p: p[:5, 0], SQUARE, [0] * 4, ValueError, r"the model must map .* not \(5,\)"),
        (lambda p: p @ np.eye(2), SQUARE, [0, 1, 2, 1], ValueError, r"0 .. 1; y has 2"),
        (lambda p: p[:, 0], SQUARE, [0, 1, 2, 1], ValueError, "y has 3: 0, 1, 2"),
        (lambda p: p[:, 0] * np.nan, SQUARE, [0, 1, 0, 1], ValueError, "are not finite, the first"),
    ],
)
def test_bad_regions(model, x, y, error, text):
    with pytest.raises(error, match=text), np.errstate(invalid="ignore"):
        plots.decision_regions(model, x, y)


def test_every_class_needs_a_name():
    with pytest.raises(ValueError, match=r"1 names for 2 classes \(0, 1\)"):
        plots.decision_regions(lambda p: p[:, 0], SQUARE, [0, 1, 0, 1], names=["a"])


# ---------------------------------------------------------------------------------- templates


@pytest.mark.plot
def test_templates_share_a_scale_around_zero():
    weight = np.arange(12.0).reshape(2, 6) - 3  # -3 .. 8
    figure = plots.templates(tg.tensor(weight, requires_grad=True), (2, 3), ["cat", "$dog"])
    first, second = figure.axes[:2]
    np.testing.assert_array_equal(first.get_images()[0].get_array(), [[-3, -2, -1], [0, 1, 2]])
    np.testing.assert_array_equal(second.get_images()[0].get_array(), [[3, 4, 5], [6, 7, 8]])
    assert {a.get_images()[0].get_clim() for a in (first, second)} == {(-8, 8)}
    assert [a.get_title() for a in (first, second)] == ["cat", "$dog"]
    assert figure.axes[-1].get_ylabel() == "weight"  # the colour bar


@pytest.mark.plot
def test_templates_with_colours_are_grey_at_zero():
    weight = np.zeros((1, 3, 2, 2))
    weight[0, 0] = [[1.0, -2.0], [0.0, 0.0]]  # red comes first
    (axes,) = plots.templates(weight, (3, 2, 2)).axes
    picture = axes.get_images()[0].get_array()
    np.testing.assert_allclose(picture[0, 0], [0.75, 0.5, 0.5])
    np.testing.assert_allclose(picture[0, 1], [0.0, 0.5, 0.5])


@pytest.mark.plot
def test_of_many_templates_some_are_drawn():
    figure = plots.templates(np.ones((60, 4)), (2, 2))
    assert sum(bool(axes.get_images()) for axes in figure.axes) == 40
    assert figure.get_suptitle() == "Weight templates, the first 40 of 60 classes"


@pytest.mark.parametrize(
    ("shape", "size", "text"),
    [
        ((10, 4), (2, 3), r"\(classes, 6\) for images of shape \(2, 3\), not \(10, 4\)$"),
        ((4, 10), (2, 2), r"not \(4, 10\); give weight.T"),
        ((0, 4), (2, 2), r"not \(0, 4\)"),
        ((), (2, 2), r"not \(\)"),
    ],
)
def test_bad_templates(shape, size, text):
    with pytest.raises(ValueError, match=text):
        plots.templates(np.ones(shape), size)


def test_every_template_needs_a_name():
    with pytest.raises(ValueError, match="1 names for 3 templates"):
        plots.templates(np.ones((3, 4)), (2, 2), ["a"])


# --------------------------------------------------------------------------------- histograms


def test_layers_are_measured_as_a_hand_derivation_gives_them():
    model, x, y = net()
    layers = measure_layers(model, (x, y), nn.CrossEntropyLoss())
    w1, b1, w2, b2 = (p.detach().numpy() for p in model.parameters())
    h = x.astype(np.float32) @ w1.T + b1
    scores = np.maximum(h, 0) @ w2.T + b2
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    d_scores = (p - np.eye(3)[y]) / len(y)
    d_a = d_scores @ w2
    expected = [
        ("0 Linear", h, d_a * (h > 0)),
        ("1 ReLU", np.maximum(h, 0), d_a),
        ("2 Linear", scores, d_scores),
    ]
    for layer, (name, values, gradient) in zip(layers, expected, strict=True):
        assert layer.name == name
        np.testing.assert_allclose(layer.values, values, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(layer.gradient, gradient, rtol=1e-4, atol=1e-6)


def test_measuring_leaves_the_model_as_it_was():
    model, x, y = net()
    model[1].eval()
    (model(tg.tensor(x, dtype=tg.float32)) ** 2).mean().backward()
    before = [(p, p.grad, p.grad.numpy().copy(), p._version) for p in model.parameters()]
    model.kept = model(tg.tensor(x, dtype=tg.float32))  # a result, which cannot be copied
    kept, attributes = model.kept, [list(vars(m)) for m in model.modules()]
    with tg.no_grad():
        layers = measure_layers(model, (x, y), nn.CrossEntropyLoss())
        assert not tg.is_grad_enabled()
    assert layers[0].gradient is not None
    for p, grad, copy, version in before:
        assert p.grad is grad and p._version == version
        np.testing.assert_array_equal(p.grad.numpy(), copy)
    assert model.kept is kept and attributes == [list(vars(m)) for m in model.modules()]
    assert [m.training for m in model.modules()] == [True, True, False, True]


def test_in_place_repeated_and_frozen_layers():
    shared = nn.ReLU(inplace=True)
    rng = np.random.default_rng(1)
    first, last = nn.Linear(3, 3, generator=rng), nn.Linear(3, 2, generator=rng)
    first.requires_grad_(False)

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.act, self.last = first, shared, last

        def forward(self, x):
            return self.act(self.last(self.act(self.first(x))))

    a, b, c, d = measure_layers(Model(), rng.standard_normal((6, 3)))
    assert [layer.name for layer in (a, b, c, d)] == [
        "first Linear",
        "act ReLU",
        "last Linear",
        "act ReLU, call 2",
    ]
    assert (a.values < 0).any() and (c.values < 0).any()  # before relu wrote over them
    assert (b.values >= 0).all()
    assert a.gradient is None and b.gradient is None  # nothing below needs one
    np.testing.assert_allclose(c.gradient, d.gradient * (c.values > 0))


@pytest.mark.plot
def test_histograms_count_what_is_not_zero():
    model, x, y = net()
    layers = measure_layers(model, (x, y), nn.CrossEntropyLoss())
    figure = plots.histograms(model, (x, y), nn.CrossEntropyLoss())
    grid = np.array(figure.axes).reshape(3, 2)
    for (left, right), layer in zip(grid, layers, strict=True):
        assert left.get_ylabel() == layer.name
        for axes, values in ((left, layer.values), (right, layer.gradient)):
            shares, edges, _ = axes.patches[0].get_data()
            assert shares.sum() == pytest.approx(np.mean(values != 0))
            assert np.abs(edges).min() == 0  # no bar holds both signs
            assert shares[edges[1:] <= 0].sum() == pytest.approx(np.mean(values < 0), abs=1e-9)
            assert f"std {values.std():.2g}" in axes.get_title(loc="left")
    zeros = 100 * np.mean(layers[1].values == 0)
    assert zeros > 0 and f"{zeros:.0f} % zeros" in grid[1, 0].get_title(loc="left")
    for column in grid.T:
        assert len({axes.get_xlim() for axes in column}) == 1


@pytest.mark.plot
def test_histograms_say_what_is_not_finite():
    model = nn.Linear(2, 2)
    with tg.no_grad():
        model.weight[0, 0] = float("nan")
    figure = plots.histograms(model, np.ones((3, 2)))
    title = figure.axes[0].get_title(loc="left")
    assert title.endswith("3 NaN or infinite") and figure.axes[0].get_ylabel() == "Linear"
    assert "standard normal" in figure.get_suptitle()
    frozen = nn.Linear(2, 2).requires_grad_(False)
    axes = plots.histograms(frozen, np.ones((3, 2))).axes
    assert axes[1].get_title(loc="left") == "no gradient comes here"


@pytest.mark.plot
def test_of_many_layers_some_are_drawn():
    figure = plots.histograms(nn.Sequential(*[nn.Linear(2, 2) for _ in range(20)]), np.ones((2, 2)))
    assert len(figure.axes) == 32 and "the first 16 of 20" in figure.get_suptitle()


@pytest.mark.parametrize(
    ("model", "batch", "loss", "error", "text"),
    [
        (len, np.ones(3), None, TypeError, "must be a Module, not builtin_function"),
        (nn.ReLU(), (1, 2, 3), None, ValueError, "a pair of inputs and targets, not 3"),
        (nn.ReLU(), ([1.0], [1]), None, ValueError, "needs loss="),
        (nn.ReLU(), ["a"], None, TypeError, "batch: expected an array of numbers"),
        (nn.ReLU(), np.ones(3), lambda out: out, ValueError, r"a scalar Tensor, not shape \(3,\)"),
    ],
)
def test_bad_batches(model, batch, loss, error, text):
    with pytest.raises(error, match=text):
        plots.histograms(model, batch, loss)
