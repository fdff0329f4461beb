"""Each loss module calls its function, with the settings it was given."""

import inspect

import numpy as np
import pytest

from tests.ops.spec import Draw
from tinygrad_edu import Tensor, nn
from tinygrad_edu.nn import functional as F

draw = Draw("modules")
SCORES, LABELS = draw(4, 3), np.array([0, 2, 1, 2])
X, Y = draw(4, 3), draw(4, 3)
SIGNS = np.where(draw.bools(4, 3), 1.0, -1.0)
P, Q = draw.uniform(0.1, 0.9, 4, 3), draw.uniform(0.1, 0.9, 4, 3)
WEIGHT = {"weight": np.array([0.5, 1.0, 2.0])}

# Module, function, inputs, settings.
CASES = [
    ("CrossEntropyLoss", "cross_entropy", (SCORES, LABELS), {}),
    (
        "CrossEntropyLoss",
        "cross_entropy",
        (SCORES, LABELS),
        {**WEIGHT, "ignore_index": 1, "label_smoothing": 0.2},
    ),
    ("NLLLoss", "nll_loss", (SCORES, LABELS), {**WEIGHT, "ignore_index": 1}),
    ("MulticlassSVMLoss", "multiclass_svm_loss", (SCORES, LABELS), {"delta": 0.5, "squared": True}),
    (
        "MultiMarginLoss",
        "multi_margin_loss",
        (SCORES, LABELS),
        {**WEIGHT, "p": 2, "margin": 0.5},
    ),
    ("MultiLabelMarginLoss", "multilabel_margin_loss", (X, np.tile([2, -1, 0], (4, 1))), {}),
    ("MultiLabelSoftMarginLoss", "multilabel_soft_margin_loss", (X, P), WEIGHT),
    ("MSELoss", "mse_loss", (X, Y), {}),
    ("L1Loss", "l1_loss", (X, Y), {}),
    ("SmoothL1Loss", "smooth_l1_loss", (X, Y), {"beta": 0.5}),
    ("HuberLoss", "huber_loss", (X, Y), {"delta": 0.5}),
    ("BCELoss", "binary_cross_entropy", (P, Q), WEIGHT),
    (
        "BCEWithLogitsLoss",
        "binary_cross_entropy_with_logits",
        (X, Q),
        {**WEIGHT, "pos_weight": np.array([3.0, 1.0, 0.5])},
    ),
    ("KLDivLoss", "kl_div", (np.log(P), np.log(Q)), {"log_target": True}),
    ("KLDivLoss", "kl_div", (np.log(P), Q), {"reduction": "batchmean"}),
    ("PoissonNLLLoss", "poisson_nll_loss", (P, Q), {"log_input": False, "full": True, "eps": 0.1}),
    ("GaussianNLLLoss", "gaussian_nll_loss", (X, Y, P), {"full": True, "eps": 0.3}),
    ("SoftMarginLoss", "soft_margin_loss", (X, SIGNS), {}),
    ("HingeEmbeddingLoss", "hinge_embedding_loss", (X, SIGNS), {"margin": 0.5}),
    ("MarginRankingLoss", "margin_ranking_loss", (X, Y, SIGNS), {"margin": 0.5}),
    ("CosineEmbeddingLoss", "cosine_embedding_loss", (X, Y, SIGNS[:, 0]), {"margin": 0.5}),
    (
        "TripletMarginLoss",
        "triplet_margin_loss",
        (X, Y, P),
        {"margin": 2.0, "p": 1, "eps": 0.1, "swap": True},
    ),
    (
        "TripletMarginWithDistanceLoss",
        "triplet_margin_with_distance_loss",
        (X, Y, P),
        {"distance_function": lambda a, b: ((a - b) ** 2).sum(-1), "margin": 2.0, "swap": True},
    ),
]


REDUCTIONS = [{}, {"reduction": "sum"}, {"reduction": "none"}]


def tensors(values):
    return {k: Tensor(v) if isinstance(v, np.ndarray) else v for k, v in values.items()}


@pytest.mark.parametrize(("module", "function", "inputs", "settings"), CASES)
def test_module_is_its_function(module, function, inputs, settings):
    kind, call = getattr(nn, module), getattr(F, function)
    inputs = [Tensor(a) for a in inputs]
    reductions = (
        [{}] if "reduction" in settings else [{}, {"reduction": "sum"}, {"reduction": "none"}]
    )
    for reduction in reductions:
        found = kind(**tensors(settings), **reduction)(*inputs).numpy()
        expected = call(*inputs, **tensors(settings), **reduction).numpy()
        np.testing.assert_array_equal(found, expected)
        default = (
            call(*inputs, **reduction).numpy() if "distance_function" not in settings else None
        )
        if settings and default is not None:
            assert not np.allclose(found, default), "the settings make no difference"


@pytest.mark.parametrize(("module", "function", "inputs", "settings"), CASES)
def test_weights_are_buffers(module, function, inputs, settings):
    loss = getattr(nn, module)(**tensors(settings))
    assert not list(loss.parameters())
    expected = "MulticlassSVMLoss(delta=0.5, squared=True)" if "SVM" in module else f"{module}()"
    assert repr(loss) == expected


def test_every_loss_is_here():
    losses = {n for n, c in vars(nn).items() if n.endswith("Loss") and inspect.isclass(c)}
    assert losses == {case[0] for case in CASES}


@pytest.mark.parametrize(
    ("size_average", "reduce", "reduction"),
    [
        (True, None, "mean"),
        (False, None, "sum"),
        (None, True, "mean"),
        (None, False, "none"),
        (True, False, "none"),
        (False, False, "none"),
        (False, True, "sum"),
        (True, True, "mean"),
    ],
)
def test_the_old_way_to_say_reduction(size_average, reduce, reduction):
    old = F.mse_loss(Tensor(X), Tensor(Y), size_average, reduce).numpy()
    np.testing.assert_array_equal(
        old, F.mse_loss(Tensor(X), Tensor(Y), reduction=reduction).numpy()
    )
    assert nn.MSELoss(size_average, reduce).reduction == reduction


@pytest.mark.torch
@pytest.mark.parametrize("module", sorted({case[0] for case in CASES} - {"MulticlassSVMLoss"}))
def test_arguments_and_repr_are_pytorchs(module):
    torch = pytest.importorskip("torch")
    ours, theirs = getattr(nn, module), getattr(torch.nn, module)

    def arguments(kind):
        parameters = inspect.signature(kind).parameters.values()
        return [(p.name, p.default, p.kind) for p in parameters]

    assert arguments(ours) == arguments(theirs)
    if module != "TripletMarginWithDistanceLoss":  # which shows its default distance, too
        assert repr(ours()) == repr(theirs())


@pytest.mark.torch
@pytest.mark.parametrize("function", sorted({case[1] for case in CASES} - {"multiclass_svm_loss"}))
def test_functions_take_pytorchs_arguments(function):
    torch = pytest.importorskip("torch")

    def arguments(call):
        return [(p.name, p.default) for p in inspect.signature(call).parameters.values()]

    ours, theirs = getattr(F, function), getattr(torch.nn.functional, function)
    assert arguments(ours) == arguments(theirs)


@pytest.mark.parametrize(
    "name",
    [
        "celu",
        "elu",
        "hardsigmoid",
        "hardswish",
        "hardtanh",
        "leaky_relu",
        "mish",
        "relu",
        "relu6",
        "selu",
        "silu",
    ],
)
def test_activations_in_place(name):
    function, values = getattr(F, name), draw(3, 4)
    expected = function(Tensor(values)).numpy()
    x = Tensor(values.copy())
    assert function(x, inplace=True) is x
    np.testing.assert_array_equal(x.numpy(), expected)
    if hasattr(F, f"{name}_"):
        x = Tensor(values.copy())
        assert getattr(F, f"{name}_")(x) is x
        np.testing.assert_array_equal(x.numpy(), expected)
    leaf = Tensor(values, requires_grad=True)
    function(leaf * 1.0, inplace=True).sum().backward()
    found = leaf.grad.numpy()
    leaf = Tensor(values, requires_grad=True)
    function(leaf).sum().backward()
    np.testing.assert_array_equal(found, leaf.grad.numpy())


def test_in_place_is_the_last_positional_argument():
    x = Tensor(np.array([-3.0, 3.0]))
    assert F.hardtanh(x, -1.0, 2.0, True) is x
    assert F.threshold(x, 0.0, 5.0, inplace=True) is x
    np.testing.assert_array_equal(x.numpy(), [5.0, 2.0])
    assert F.leaky_relu(input=x, inplace=True) is x
