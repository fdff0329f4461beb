"""nn.init: the distributions, PyTorch's special cases, and what a deep net makes of them."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn

init = nn.init
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "initialisation.py"
SHAPE = (300, 40, 5)  # fan_in 200, fan_out 1500


def fresh(seed: int = 0) -> tg.Generator:
    return tg.Generator(seed)


def drawn(function, shape=SHAPE, **options) -> np.ndarray:
    weight = nn.Parameter(tg.empty(*shape))
    assert function(weight, generator=fresh(), **options) is weight
    assert weight.is_leaf and weight.requires_grad and weight.dtype == tg.float32
    return weight.detach().numpy()


# ------------------------------------------------------------------------------ distributions

UNIFORM, NORMAL = "uniform", "normal"
FAN_IN, FAN_OUT = 200, 1500


@pytest.mark.parametrize(
    ("function", "options", "kind", "std"),
    [
        (init.uniform_, {"a": -1, "b": 1}, UNIFORM, 1 / math.sqrt(3)),
        (init.normal_, {"std": 0.3}, NORMAL, 0.3),
        (init.xavier_uniform_, {}, UNIFORM, math.sqrt(2 / (FAN_IN + FAN_OUT))),
        (init.xavier_normal_, {"gain": 3.0}, NORMAL, 3 * math.sqrt(2 / (FAN_IN + FAN_OUT))),
        (init.kaiming_uniform_, {}, UNIFORM, math.sqrt(2 / FAN_IN)),
        (init.kaiming_uniform_, {"a": math.sqrt(5)}, UNIFORM, math.sqrt(1 / 3 / FAN_IN)),
        (init.kaiming_normal_, {"mode": "fan_out"}, NORMAL, math.sqrt(2 / FAN_OUT)),
        (init.kaiming_normal_, {"a": 2.0}, NORMAL, math.sqrt(2 / 5 / FAN_IN)),
        (init.kaiming_normal_, {"nonlinearity": "tanh"}, NORMAL, 5 / 3 / math.sqrt(FAN_IN)),
        (init.kaiming_normal_, {"nonlinearity": "relu", "a": 2}, NORMAL, math.sqrt(2 / FAN_IN)),
    ],
)
def test_distributions(function, options, kind, std):
    x = drawn(function, **options)
    five_sigma = 5 / math.sqrt(x.size)
    assert abs(x.mean()) < five_sigma * std
    assert x.std() == pytest.approx(std, rel=five_sigma)
    # The fourth moment tells a uniform (9/5) from a normal distribution (3).
    kurtosis = ((x / std) ** 4).mean()
    assert kurtosis == pytest.approx({UNIFORM: 1.8, NORMAL: 3}[kind], rel=0.1)
    if kind == UNIFORM:
        assert np.abs(x).max() <= math.sqrt(3) * std * (1 + 1e-6)


def test_normal_has_its_mean():
    assert drawn(init.normal_, mean=2.0, std=0.5).mean() == pytest.approx(2, abs=0.02)


# Mean and standard deviation of a standard normal cut to [a, b]: (phi(a) - phi(b)) / Z and so on,
# in closed form below; the cases go through both ways of drawing, and one of the far tails.
@pytest.mark.parametrize(
    ("a", "b"), [(-2, 2), (-1, 3), (0.1, 0.4), (-0.2, 0.3), (3, 4), (8, 100), (-9, -6)]
)
@pytest.mark.filterwarnings("ignore:mean is more than 2 std")
def test_truncated_normal(a, b):
    mean, std = 5.0, 2.0
    weight = tg.empty(200, 200, dtype=tg.float64)
    init.trunc_normal_(weight, mean, std, mean + a * std, mean + b * std, fresh())
    z = (weight.numpy() - mean) / std
    assert a - 1e-9 <= z.min() and z.max() <= b + 1e-9

    # In the mirror, b < 0 has no cancellation either.
    phi = lambda t: math.exp(-t * t / 2) / math.sqrt(2 * math.pi)
    tail = lambda t: math.erfc(t / math.sqrt(2)) / 2
    low, high, sign = (a, b, 1) if a + b > 0 else (-b, -a, -1)
    mass = tail(low) - tail(high)
    first = (phi(low) - phi(high)) / mass
    variance = 1 + (low * phi(low) - high * phi(high)) / mass - first**2
    spread = math.sqrt(variance / z.size)
    assert sign * z.mean() == pytest.approx(first, abs=5 * spread)
    assert z.std() == pytest.approx(math.sqrt(variance), rel=0.05)


def test_truncated_normal_warns_like_pytorch():
    with pytest.warns(UserWarning, match="mean is more than 2 std from"):
        init.trunc_normal_(tg.empty(3), mean=10.0)


def test_orthogonal_is_uniform():
    # Of a uniform orthogonal matrix, every element has mean 0 and variance 1/n; QR alone would
    # give diagonals of one sign.
    n, draws = 3, 4000
    generator, weight = fresh(), tg.empty(n, n)
    all_of_them = np.stack(
        [init.orthogonal_(weight, generator=generator).numpy().copy() for _ in range(draws)]
    )
    assert np.abs(all_of_them.mean(0)).max() < 5 / math.sqrt(n * draws)
    assert (all_of_them**2).mean(0) == pytest.approx(np.full((n, n), 1 / n), rel=0.1)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (6, 2, 2), (2, 3, 4)])
def test_orthogonal_rows_or_columns(shape):
    w = drawn(init.orthogonal_, shape, gain=2.0).reshape(shape[0], -1)
    small = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=1e-5)


def test_sparse():
    w = drawn(init.sparse_, (40, 30), sparsity=0.31, std=0.5)
    assert ((w == 0).sum(axis=0) == math.ceil(0.31 * 40)).all()
    assert w[w != 0].std() == pytest.approx(0.5, rel=0.15)
    # Each column has its own zeros, and each row some.
    assert len(np.unique((w == 0).T, axis=0)) == 30
    assert ((w == 0).any(axis=1)).all()


def test_same_generator_state_gives_the_same_numbers():
    for function in (init.orthogonal_, init.trunc_normal_, init.kaiming_normal_):
        np.testing.assert_array_equal(drawn(function), drawn(function))
    np.testing.assert_array_equal(
        drawn(init.sparse_, (4, 5), sparsity=0.5), drawn(init.sparse_, (4, 5), sparsity=0.5)
    )


def test_default_generator_is_used():
    tg.manual_seed(3)
    first = init.xavier_normal_(tg.empty(4, 4)).numpy().copy()
    assert not np.array_equal(first, init.xavier_normal_(tg.empty(4, 4)).numpy())
    tg.manual_seed(3)
    np.testing.assert_array_equal(first, init.xavier_normal_(tg.empty(4, 4)).numpy())


def test_dtype_is_kept_and_history_is_not_made():
    w = nn.Parameter(tg.empty(3, 3, dtype=tg.float64))
    for function in (init.orthogonal_, init.eye_, init.ones_, init.trunc_normal_):
        assert function(w).dtype == tg.float64
        assert w.grad_fn is None


# ------------------------------------------------------------------------------ against PyTorch


@pytest.mark.torch
@pytest.mark.parametrize(
    ("name", "param"),
    [(name, None) for name in ("linear", "conv1d", "conv_transpose2d", "tanh", "relu", "selu")]
    + [("leaky_relu", None), ("leaky_relu", 0.2), ("leaky_relu", 0), ("tanh", 3)],
)
def test_gains(name, param):
    torch = pytest.importorskip("torch")
    assert init.calculate_gain(name, param) == torch.nn.init.calculate_gain(name, param)


@pytest.mark.torch
@pytest.mark.parametrize(
    ("name", "shape", "args"),
    [
        ("eye_", (3, 5), ()),
        ("eye_", (5, 3), ()),
        ("constant_", (2, 3), (0.3,)),
        ("ones_", (4,), ()),
        ("zeros_", (2, 1), ()),
        ("dirac_", (4, 3, 5), ()),
        ("dirac_", (3, 5, 4, 3), ()),
        ("dirac_", (6, 2, 3, 3), (3,)),
        ("dirac_", (4, 4, 1, 2, 3), (2,)),
    ],
)
def test_fixed_values(name, shape, args):
    torch = pytest.importorskip("torch")
    ours = getattr(init, name)(tg.full(shape, 7.0), *args)
    theirs = getattr(torch.nn.init, name)(torch.full(shape, 7.0), *args)
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.torch
def test_no_name_is_missing():
    torch = pytest.importorskip("torch")
    assert [name for name in torch.nn.init.__all__ if not hasattr(init, name)] == []


@pytest.mark.torch
@pytest.mark.parametrize(
    ("name", "shape", "args"),
    [
        ("kaiming_uniform_", (3,), ()),
        ("kaiming_normal_", (3, 3), (0, "fan_avg")),
        ("kaiming_normal_", (3, 3), (0, "fan_in", "swish")),
        ("xavier_normal_", (3,), ()),
        ("eye_", (3,), ()),
        ("dirac_", (3, 3), ()),
        ("dirac_", (5, 3, 3), (2,)),
        ("orthogonal_", (3,), ()),
        ("sparse_", (3,), (0.5,)),
    ],
)
def test_errors_are_those_of_pytorch(name, shape, args):
    torch = pytest.importorskip("torch")
    with pytest.raises(ValueError) as theirs:
        getattr(torch.nn.init, name)(torch.empty(*shape), *args)
    weight = tg.full(shape, 7.0)
    with pytest.raises(ValueError) as ours:
        getattr(init, name)(weight, *args)
    said = str(theirs.value).split(" is not")[0].split("fewer than")[0]
    assert said in str(ours.value) and name in str(ours.value)
    assert (weight.numpy() == 7).all()  # nothing was written


@pytest.mark.parametrize("name", ["kaiming_uniform_", "kaiming_normal_"])
def test_empty_tensors_are_left_alone(name):
    with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
        getattr(init, name)(tg.empty(0, 4))


def test_other_functions_take_empty_tensors():
    for function in (init.xavier_normal_, init.orthogonal_, init.trunc_normal_, init.ones_):
        assert function(tg.empty(0, 4)).shape == (0, 4)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: init.normal_([1.0, 2.0]), "normal_"),
        (lambda: init.orthogonal_(np.zeros((2, 2))), "orthogonal_"),
        (lambda: init.orthogonal_(tg.zeros(2, 2, dtype=tg.int64)), "int64"),
        (lambda: init.trunc_normal_(tg.zeros(2), std=0.0), "std > 0"),
        (lambda: init.trunc_normal_(tg.zeros(2), a=2.0, b=1.0), "a < b"),
        (lambda: init.sparse_(tg.zeros(2, 2), 1.5), "from 0 to 1"),
        (lambda: init.calculate_gain("leaky_relu", "steep"), "not a valid number"),
        (lambda: init.calculate_gain("leaky_relu", True), "not a valid number"),
        (lambda: init.dirac_(tg.zeros(2, 2, 2), 0), "divisible by groups"),
    ],
)
def test_bad_input_is_named(call, said):
    with pytest.raises((TypeError, ValueError), match=said) as caught:
        call()
    assert "test_init.py" in str(caught.value)


def test_old_names_work_and_say_so():
    with pytest.warns(FutureWarning, match=r"`nn.init.constant` is now deprecated in favor of"):
        assert init.constant(tg.empty(2), 3.0).tolist() == [3, 3]


# ------------------------------------------------------------------------------ COURSE 88


def activation_stds(scheme: str, seed: int) -> list[float]:
    spec = importlib.util.spec_from_file_location("initialisation", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.activation_stds(scheme, seed)


@pytest.mark.parametrize(
    ("scheme", "layers", "tolerance"),
    [
        ("tanh, normal std 0.01", {0: 0.214, 4: 5e-4, 9: 2.9e-7}, 0.08),
        ("tanh, normal std 1", {0: 0.98, 4: 0.98, 9: 0.98}, 0.01),
        ("tanh, Xavier", {0: 0.628, 4: 0.320, 9: 0.227}, 0.05),
        # Of ReLU nets only the mean over many draws is that sharp: one draw of ten layers varies
        # by 10 % in the last.
        ("ReLU, Xavier", {0: 0.585, 9: 0.023}, 0.2),
        ("ReLU, He", {0: 0.827, 4: 0.769, 9: 0.727}, 0.2),
    ],
)
def test_activations_of_ten_layers(scheme, layers, tolerance):
    stds = activation_stds(scheme, seed=0)
    for layer, expected in layers.items():
        assert stds[layer] == pytest.approx(expected, rel=tolerance if layer else 0.01)


def test_he_keeps_the_second_moment_of_relu():
    """E h² stays 1 from layer to layer, so std h = sqrt(1 - 1/pi); Xavier halves E h² in each."""
    runs = range(4)
    he = np.mean([activation_stds("ReLU, He", seed) for seed in runs], axis=0)
    xavier = np.mean([activation_stds("ReLU, Xavier", seed) for seed in runs], axis=0)
    exact = math.sqrt(1 - 1 / math.pi)
    np.testing.assert_allclose(he, np.full(10, exact), rtol=0.12)
    np.testing.assert_allclose(xavier, exact / math.sqrt(2) ** np.arange(1, 11), rtol=0.12)
