"""Layers: the same as PyTorch's in every respect, with gradients that are checked."""

import inspect
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.gradcheck import check_gradients, check_module

sys.path.insert(0, str(Path(__file__).parent))  # under any way of starting pytest
from layer_table import ACTIVATIONS, DRAWS, LAYERS, ONLY_HERE, tensors

every_layer = pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.id)
every_one_of_ours = pytest.mark.parametrize(
    "layer", [*LAYERS, *ONLY_HERE], ids=lambda layer: layer.id
)
FILES = {
    "activations",
    "convolution",
    "dropout",
    "embedding",
    "layers",
    "normalization",
    "pooling",
    "residual",
    "smooth_activations",
}
TABLE = {layer.name for layer in [*LAYERS, *ONLY_HERE]}


def test_the_table_has_every_layer():
    """But containers, which hold no numbers, and what is tested elsewhere."""
    found = {
        name
        for name, value in vars(nn).items()
        if isinstance(value, type)
        and issubclass(value, nn.Module)
        and value.__module__.rpartition(".")[2] in FILES
    }
    assert found == TABLE


# ------------------------------------------------------------------------------ against PyTorch


def both(layer):
    """The layer here and in PyTorch, with the same random parameters."""
    torch = pytest.importorskip("torch")
    ours, theirs = layer.made().to(tg.float64), layer.made(torch.nn).to(torch.float64)
    rng = np.random.default_rng(3)
    named = dict(theirs.named_parameters())
    assert [n for n, _ in ours.named_parameters()] == list(named)
    for name, parameter in ours.named_parameters():
        assert tuple(parameter.shape) == tuple(named[name].shape)
        values = rng.normal(size=parameter.shape)
        with tg.no_grad():
            parameter.copy_(tg.Tensor(values))
        with torch.no_grad():
            named[name].copy_(torch.from_numpy(values))
    return torch, ours, theirs


@pytest.mark.torch
@every_layer
@pytest.mark.parametrize("training", [True, False])
def test_forward_and_backward_are_those_of_torch(layer, training):
    torch, ours, theirs = both(layer)
    if layer.id in DRAWS:
        ours.eval(), theirs.eval()
        training = False
    rng = np.random.default_rng(1)
    for step in range(3):  # running statistics and the like follow, too
        arrays = layer.arrays(step)
        xs = tensors(arrays)
        their_xs = [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
        if step == 2:
            ours.train(training), theirs.train(training)
        out, their_out = ours(*xs), theirs(*their_xs)
        np.testing.assert_allclose(out.numpy(force=True), their_out.detach().numpy(), 1e-9, 1e-12)
        upstream = rng.normal(size=out.shape)
        ours.zero_grad(), theirs.zero_grad()
        if out.requires_grad:
            out.backward(tg.Tensor(upstream))
            their_out.backward(torch.from_numpy(upstream))
        compared = [*zip(xs, their_xs, strict=True)]
        compared += zip(ours.parameters(), theirs.parameters(), strict=True)
        for mine, other in compared:
            assert (mine.grad is None) == (other.grad is None)
            if mine.grad is not None:
                close = {"rtol": 1e-7, "atol": 1e-10}
                np.testing.assert_allclose(mine.grad.numpy(), other.grad.numpy(), **close)
    for (name, mine), (other_name, other) in zip(
        ours.named_buffers(), theirs.named_buffers(), strict=True
    ):
        assert name == other_name and str(mine.dtype) == str(other.dtype).removeprefix("torch.")
        np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=1e-12, err_msg=name)


@pytest.mark.torch
@every_layer
def test_it_prints_as_in_torch(layer):
    torch = pytest.importorskip("torch")
    assert repr(layer.made()) == repr(layer.made(torch.nn))


@pytest.mark.torch
@pytest.mark.parametrize("layer", ACTIVATIONS, ids=lambda layer: layer.id)
def test_it_prints_inplace_as_in_torch(layer):
    torch = pytest.importorskip("torch")
    theirs = getattr(torch.nn, layer.name)
    if "inplace" not in inspect.signature(theirs).parameters:
        return
    kwargs = {**layer.kwargs, "inplace": True}
    assert repr(layer._replace(kwargs=kwargs).made()) == repr(theirs(*layer.args, **kwargs))


@pytest.mark.torch
@every_layer
def test_arguments_and_defaults_are_those_of_torch(layer):
    torch = pytest.importorskip("torch")
    theirs = inspect.signature(getattr(torch.nn, layer.name)).parameters
    ours = inspect.signature(getattr(nn, layer.name)).parameters
    shared = [n for n, p in ours.items() if p.kind is not p.KEYWORD_ONLY]
    renamed = [n for n in theirs if n not in ("args", "kwargs")]
    if layer.name == "Threshold" or len(shared) != len(renamed):
        renamed = renamed[: len(shared)]
    assert shared == [n for n in renamed if n in ours]
    for name in shared:
        assert ours[name].default == theirs[name].default, name


@pytest.mark.torch
@every_layer
def test_state_dict_has_the_keys_of_torch(layer):
    torch = pytest.importorskip("torch")
    mine, other = layer.made().state_dict(), layer.made(torch.nn).state_dict()
    assert list(mine) == list(other)
    for name in mine:
        assert tuple(mine[name].shape) == tuple(other[name].shape)


@pytest.mark.torch
@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("Linear", (50, 200)),
        ("Linear", (3, 4000)),
        ("Bilinear", (20, 30, 40)),
        ("Conv2d", (12, 40, (3, 5), 1, 0, 1, 2)),
        ("Embedding", (300, 40)),
    ],
)
def test_initial_values_are_distributed_as_in_torch(name, args, reset):
    """Range, mean, variance and the whole distribution function (Kolmogorov, Smirnov)."""
    torch = pytest.importorskip("torch")
    tg.manual_seed(0), torch.manual_seed(0)
    ours, theirs = getattr(nn, name)(*args), getattr(torch.nn, name)(*args)
    if reset:
        with tg.no_grad():
            for parameter in ours.parameters():
                parameter.fill_(7.0)
        ours.reset_parameters()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        a, b = (np.sort(t.numpy(force=True).ravel().astype(float)) for t in (mine, other))
        n = len(a)
        scale = b.std()
        assert abs(a.mean()) < 4 * scale / np.sqrt(n)
        assert abs(a.var() / scale**2 - 1) < 8 / np.sqrt(n)
        if name != "Embedding":
            assert abs(a).max() == pytest.approx(abs(b).max(), rel=12 / n + 1e-3)
        both_ = np.concatenate([a, b])
        gap = np.searchsorted(a, both_, "right") - np.searchsorted(b, both_, "right")
        assert abs(gap).max() / n < 1.95 * np.sqrt(2 / n), "p < 0.001"


def test_initial_values_are_uniform_within_one_over_root_of_fan_in():
    """The bound that PyTorch documents, without PyTorch."""
    for layer, fan_in in (
        (nn.Linear(16, 500, generator=tg.Generator(1)), 16),
        (nn.Conv2d(6, 60, (2, 3), groups=2, generator=tg.Generator(1)), 18),
        (nn.Bilinear(9, 4, 60, generator=tg.Generator(1)), 9),
    ):
        bound = fan_in**-0.5
        for parameter in layer.parameters():
            values = parameter.numpy(force=True)
            assert 0.9 * bound < abs(values).max() <= bound
            assert values.var() == pytest.approx(bound**2 / 3, rel=0.3)


# --------------------------------------------------------------------------------- every gradient


@every_one_of_ours
def test_gradients_are_checked(layer):
    if layer.kwargs.get("max_norm") or layer.kwargs.get("scale_grad_by_freq"):
        pytest.skip("writes to its table, or divides the gradient on purpose")
    if layer.name == "Embedding" and len(layer.args) > 2:
        pytest.skip("drops the gradient of its padding on purpose")
    tg.manual_seed(2)
    module = layer.made()
    arrays = layer.arrays(5)
    if any(True for _ in module.parameters()):
        rng = np.random.default_rng(4)
        upstream = tg.Tensor(rng.normal(size=module(*tensors(arrays, np.float32)).shape))
        inputs = [tg.Tensor(a) for a in arrays]
        report = check_module(module, lambda out, u: (out * u).sum(), (*inputs, upstream))
        assert report.verdict == "pass", report
    xs = [x for x in tensors(arrays) if x.requires_grad]
    if xs:
        module = module.to(tg.float64)
        report = check_gradients(module, xs, explore=False, shapes=False)
        assert report.verdict == "pass", report


@every_one_of_ours
def test_float32_is_kept(layer):
    module = layer.made()
    xs = tensors(layer.arrays(), np.float32)
    out = module(*xs)
    assert out.dtype == np.float32
    if out.requires_grad:
        out.backward(tg.ones_like(out))
    for tensor in (*xs, *module.parameters()):
        assert tensor.grad is None or tensor.grad.dtype == np.float32
    assert all(p.dtype == np.float32 for p in module.parameters())


@every_one_of_ours
def test_dtype_of_parameters(layer):
    if "dtype" in inspect.signature(getattr(nn, layer.name)).parameters:
        module = layer._replace(kwargs={**layer.kwargs, "dtype": tg.float64}).made()
        floats = [t for t in (*module.parameters(), *module.buffers()) if t.dtype.kind == "f"]
        assert all(t.dtype == np.float64 for t in floats)


@every_one_of_ours
@pytest.mark.parametrize("training", [True, False])
def test_no_examples(layer, training):
    if isinstance(layer.inputs[0], tuple) and len(layer.inputs[0]) == 3 and "2d" in layer.name:
        pytest.skip("one image, without an axis of examples")
    if layer.name == "Softmin" or layer.args[:1] == (0,):
        pytest.skip("along the axis of examples")
    module = layer.made().train(training)
    full = [np.asarray(a) for a in layer.arrays()]
    expected = module(*tensors(full, np.float32)).shape
    before = [b.numpy().copy() for b in module.buffers()]
    out = module(*tensors([a[:0] for a in full], np.float32))
    assert tuple(out.shape) == (0, *expected[1:])
    for old, new in zip(before, module.buffers(), strict=True):
        if new.dtype.kind == "f":
            np.testing.assert_array_equal(old, new.numpy())


@pytest.mark.parametrize("layer", ACTIVATIONS, ids=lambda layer: layer.id)
def test_in_place_gives_the_same(layer):
    if "inplace" not in inspect.signature(getattr(nn, layer.name)).parameters:
        return
    (x,) = (tg.Tensor(a) for a in layer.arrays())
    expected = layer.made()(x).numpy()
    out = layer._replace(kwargs={**layer.kwargs, "inplace": True}).made()(x)
    assert out is x
    np.testing.assert_array_equal(x.numpy(), expected)


# --------------------------------------------------------------------------------- single layers


def test_embedding_by_hand():
    """Rows of the table; a row met twice gets two gradients, and the padding none."""
    module = nn.Embedding(3, 2, padding_idx=0)
    np.testing.assert_array_equal(module.weight.numpy(force=True)[0], [0, 0])
    out = module(tg.tensor([1, 0, 1]))
    out.backward(tg.tensor([[1.0, 2.0], [5.0, 5.0], [3.0, 4.0]]))
    np.testing.assert_array_equal(module.weight.grad.numpy(), [[0, 0], [4, 6], [0, 0]])


def test_embedding_renorms_rows_that_are_used():
    table = tg.tensor([[3.0, 4.0], [6.0, 8.0], [0.3, 0.4]])
    module = nn.Embedding.from_pretrained(table, max_norm=1.0)
    np.testing.assert_allclose(module(tg.tensor([1, 2])).numpy(), [[0.6, 0.8], [0.3, 0.4]], 1e-5)
    np.testing.assert_allclose(module.weight.numpy(force=True)[0], [3, 4])


@pytest.mark.parametrize("freeze", [True, False])
def test_pretrained_embedding(freeze):
    table = tg.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    module = nn.Embedding.from_pretrained(table, freeze, 1)
    assert module.weight.requires_grad is not freeze
    np.testing.assert_array_equal(module(tg.tensor(1)).numpy(force=True), [3, 4])
    table[0, 0] = 9.0
    assert module.weight[0, 0].item() == 9.0, "the memory is shared"
    assert repr(module) == "Embedding(3, 2, padding_idx=1)"


def test_same_generator_same_layer():
    for make in (
        lambda g: nn.Linear(3, 2, generator=g),
        lambda g: nn.Conv2d(3, 2, 2, generator=g),
        lambda g: nn.Bilinear(3, 2, 2, generator=g),
        lambda g: nn.Embedding(3, 2, generator=g),
    ):
        a, b, c = (make(tg.Generator(seed)).weight.numpy(force=True) for seed in (1, 1, 2))
        np.testing.assert_array_equal(a, b)
        assert not np.array_equal(a, c)


def test_reset_parameters_writes_where_they_are():
    """An optimizer that holds them still does."""
    for module in (nn.Linear(3, 2), nn.BatchNorm1d(3), nn.PReLU(), nn.Embedding(3, 2, 1)):
        before = list(module.parameters())
        with tg.no_grad():
            for parameter in before:
                parameter.fill_(5.0)
        module.reset_parameters()
        assert all(a is b for a, b in zip(before, module.parameters(), strict=True))
        assert not any((p == 5.0).any().item() for p in before)


LOSSES = {
    "BCELoss", "BCEWithLogitsLoss", "CosineEmbeddingLoss", "CrossEntropyLoss", "GaussianNLLLoss",
    "HingeEmbeddingLoss", "HuberLoss", "KLDivLoss", "L1Loss", "MSELoss", "MarginRankingLoss",
    "MultiLabelMarginLoss", "MultiLabelSoftMarginLoss", "MultiMarginLoss", "MulticlassSVMLoss",
    "NLLLoss", "PoissonNLLLoss", "SmoothL1Loss", "SoftMarginLoss", "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
}  # fmt: skip


def test_every_loss_of_the_op_table_is_a_module():
    called = {
        value.function.__name__
        for name, value in vars(nn).items()
        if name in LOSSES and hasattr(value, "function")
    }
    losses = {
        name
        for name in nn.functional.__all__
        if "reduction" in inspect.signature(getattr(nn.functional, name)).parameters
    }
    assert set(vars(nn)) >= LOSSES
    assert not losses - called - {"triplet_margin_with_distance_loss"}


# ---------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.Linear(2.5, 3), TypeError, "Linear: in_features must be an int, not 2.5"),
        (lambda: nn.Linear(2, -3), ValueError, "out_features must not be negative, but is -3"),
        (lambda: nn.Linear("a", 3), TypeError, "in_features"),
        (lambda: nn.Bilinear(0, 2, 3), ValueError, "in1_features must be > 0"),
        (lambda: nn.Embedding(3, 2, 3), AssertionError, "padding_idx 3"),
        (lambda: nn.Embedding(3, 2, -4), AssertionError, "padding_idx -4"),
        (lambda: nn.Embedding(3, 2, _weight=tg.ones(2, 3)), RuntimeError, r"\(3, 2\).*\(2, 3\)"),
        (lambda: nn.Embedding.from_pretrained(tg.ones(3)), RuntimeError, r"2-D.*\(3,\)"),
        (lambda: nn.Hardtanh(1.0, 1.0), ValueError, "max_val=1.0 must be larger than min_val=1.0"),
        (lambda: nn.Linear(2, 3, device="cuda"), RuntimeError, "cuda"),
        (lambda: nn.Linear(3, 2)(tg.ones(4, 2)), RuntimeError, r"\(4, 2\) has 2 features.*3"),
        (lambda: nn.Embedding(3, 2)(tg.tensor([3])), IndexError, "index 3 out of range for 3"),
        (lambda: nn.Embedding(3, 2)(tg.ones(2)), RuntimeError, "integers, not float32"),
        (lambda: nn.Bilinear(3, 2, 1)(tg.ones(4, 3), tg.ones(4, 3)), RuntimeError, "bilinear"),
    ],
)
def test_bad_arguments(make, error, words):
    with pytest.raises(error, match=words):
        make()
