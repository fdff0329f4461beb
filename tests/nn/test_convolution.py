"""Convolution and pooling: COURSE 18, closed forms, ties and edges, gradients of gradients."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, ops, optim
from tinygrad_edu.gradcheck import gradgradcheck
from tinygrad_edu.nn import functional as F


def image(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


# -------------------------------------------------------------------------------- convolution


def test_a_kernel_of_one_is_a_linear_layer():
    x, w, b = image(2, 3, 4, 5), image(6, 3, 1, 1), image(6)
    found = F.conv2d(tg.tensor(x), tg.tensor(w), tg.tensor(b)).numpy()
    pixels = x.transpose(0, 2, 3, 1) @ w[:, :, 0, 0].T + b
    np.testing.assert_allclose(found, pixels.transpose(0, 3, 1, 2), rtol=1e-12)


def test_a_kernel_of_the_whole_image_is_a_linear_layer():
    x, w = image(2, 3, 4, 5), image(6, 3, 4, 5)
    found = F.conv2d(tg.tensor(x), tg.tensor(w)).numpy()
    np.testing.assert_allclose(found[:, :, 0, 0], x.reshape(2, -1) @ w.reshape(6, -1).T, 1e-12)


def test_a_kernel_with_a_single_one_shifts():
    x, w = image(1, 1, 5, 6), np.zeros((1, 1, 3, 3))
    w[0, 0, 0, 2] = 1.0  # one up, one right: a cross-correlation, not flipped
    found = F.conv2d(tg.tensor(x), tg.tensor(w), padding="same").numpy()
    np.testing.assert_array_equal(found[0, 0, 1:, :-1], x[0, 0, :-1, 1:])
    assert not found[0, 0, 0].any() and not found[0, 0, :, -1].any()


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, (2, 5)])
@pytest.mark.parametrize("mode", ["zeros", "circular"])
def test_same_keeps_the_size(kernel, mode):
    layer = nn.Conv2d(2, 3, kernel, padding="same", padding_mode=mode)
    assert layer(tg.ones(2, 2, 6, 7)).shape == (2, 3, 6, 7)


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("kernel", [(2, 3), (4, 2)])
def test_same_puts_the_odd_row_at_the_end(kernel):
    torch = pytest.importorskip("torch")
    x, w = image(1, 2, 5, 6), image(3, 2, *kernel)
    ours = F.conv2d(tg.tensor(x), tg.tensor(w), padding="same").numpy()
    theirs = torch.nn.functional.conv2d(torch.tensor(x), torch.tensor(w), padding="same").numpy()
    np.testing.assert_allclose(ours, theirs, rtol=1e-10)


def test_bias_gets_the_sum_of_its_channel():
    layer = nn.Conv2d(2, 3, 2, dtype=tg.float64)
    upstream = image(4, 3, 3, 5)
    layer(tg.tensor(image(4, 2, 4, 6))).backward(tg.tensor(upstream))
    np.testing.assert_allclose(layer.bias.grad.numpy(), upstream.sum((0, 2, 3)), rtol=1e-12)


def test_windows_put_back_count_how_often_each_pixel_was_seen():
    """A kernel of 3 on a row of 5: 1, 2, 3, 2, 1 times; the outer product for an image."""
    how = {"kernel": (3, 2), "stride": (1, 1), "dilation": (1, 1), "padding": ((0, 0), (0, 0))}
    seen = ops.convolution._windows(np.ones((1, 1, 5, 4)), **how)
    counts = ops.convolution._put_windows(seen, shape=(1, 1, 5, 4), **how)
    np.testing.assert_array_equal(counts[0, 0], np.outer([1, 2, 3, 2, 1], [1, 2, 2, 1]))


def test_the_input_stays_as_it_is():
    x = image(1, 2, 4, 5)
    before = x.copy()
    leaf = tg.tensor(x, requires_grad=True)
    F.conv2d(leaf, tg.tensor(image(3, 2, 2, 2)), padding=1).sum().backward()
    F.max_pool2d(leaf, 2).sum().backward()
    np.testing.assert_array_equal(leaf.numpy(force=True), before)


@pytest.mark.parametrize(
    "function",
    [
        lambda x, w: F.conv2d(x, w, stride=(2, 1), padding=(1, 0)) ** 2,
        lambda x, w: F.conv2d(x, w, dilation=(1, 2)) ** 3,
        lambda x, w: F.max_pool2d(F.conv2d(x, w, padding=1) ** 2, 2),
        lambda x, w: F.fractional_max_pool2d(
            F.conv2d(x, w, padding=1) ** 2, None, 2, _random_samples=tg.zeros(1, 3, 2) + 0.3
        ),
    ],
)
def test_gradients_of_gradients(function):
    x, w = (tg.tensor(image(*s), requires_grad=True) for s in [(1, 2, 4, 5), (3, 2, 2, 2)])
    assert gradgradcheck(function, (x, w))


def test_a_small_network_learns_where_a_line_is():
    """Bars, upright or lying, anywhere in an image of noise."""
    rng = np.random.default_rng(0)
    x, y = 0.3 * rng.normal(size=(200, 1, 8, 8)), rng.integers(0, 2, 200)
    for one, label, place in zip(x, y, rng.integers(0, 8, 200), strict=True):
        (one[0, place] if label else one[0, :, place])[...] += 1.0
    g = tg.Generator(0)
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, generator=g),
        nn.ReLU(),
        nn.FractionalMaxPool2d(None, output_ratio=0.5, generator=g),
        nn.Flatten(),
        nn.Linear(64, 2, generator=g),
    )
    x, y, opt = tg.tensor(x, dtype=tg.float32), tg.tensor(y), optim.Adam(net.parameters(), 0.01)
    for _ in range(60):
        opt.zero_grad()
        nn.CrossEntropyLoss()(net(x[:150]), y[:150]).backward()
        opt.step()
    assert (net(x[150:]).argmax(1) == y[150:]).float().mean().item() > 0.9


# ------------------------------------------------------------------------------------ pooling


def test_the_first_of_several_gets_the_gradient():
    x = tg.tensor([[[1.0, 3.0], [3.0, 3.0]]], requires_grad=True)
    out, index = F.max_pool2d(x, 2, return_indices=True)
    out.backward(tg.tensor([[[5.0]]]))
    assert x.grad.tolist() == [[[0, 5], [0, 0]]] and index.tolist() == [[[1]]]


def test_windows_that_overlap_add_up():
    x = tg.tensor([[[0.0, 0.0, 0.0], [0.0, 9.0, 0.0], [0.0, 0.0, 0.0]]], requires_grad=True)
    F.max_pool2d(x, 2, 1).backward(tg.tensor([[[1.0, 2.0], [4.0, 8.0]]]))
    assert x.grad.tolist() == [[[0, 0, 0], [0, 15, 0], [0, 0, 0]]]


def test_padding_is_smaller_than_every_number():
    x = tg.full((1, 1, 2, 2), -7.0)
    assert (F.max_pool2d(x, 2, 2, 1) == -7.0).all()
    lowest = tg.full((1, 1, 3, 3), -np.inf)
    out, index = F.max_pool2d(lowest, 2, 2, 1, return_indices=True)
    assert (out == -np.inf).all() and index.tolist() == [[[[0, 1], [3, 4]]]]


def test_nan_wins():
    for place in range(4):
        x = np.array([1.0, 3.0, 5.0, 2.0])
        x[place] = np.nan
        out, index = F.max_pool2d(tg.tensor(x.reshape(1, 2, 2)), 2, return_indices=True)
        assert np.isnan(out.item()) and index.item() == place


@pytest.mark.torch
def test_fractional_pooling_draws_as_torch_does_in_float32():
    """The same numbers, the same regions, in both dtypes."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    for dtype in (np.float32, np.float64):
        for size in ((9, 9), (5, 7), (14, 3)):
            x = rng.normal(size=(3, 4, 17, 15)).astype(dtype)
            samples = rng.random((3, 4, 2)).astype(dtype)
            options = {"return_indices": True}
            ours = F.fractional_max_pool2d(
                tg.tensor(x), (2, 3), size, _random_samples=tg.tensor(samples), **options
            )
            theirs = torch.nn.functional.fractional_max_pool2d(
                torch.tensor(x), (2, 3), size, _random_samples=torch.tensor(samples), **options
            )
            for a, b in zip(ours, theirs, strict=True):
                np.testing.assert_array_equal(a.numpy(), b.numpy())


# -------------------------------------------------------------------------------- COURSE 18


def test_sizes_of_fractional_regions():
    """a = 1.5, u = 0.3: 1, 2, 1, 2, ... 16 regions share out 24."""
    found = F.fractional_pool_sizes(1.5, 0.3, 16)
    assert found.tolist() == [1, 2] * 8 and found.sum() == 24


@pytest.mark.parametrize("alpha", [1.25, 1.5, 1.75, 2.0, 2.5])
@pytest.mark.parametrize("u", [0.05, 0.3, 0.95])
def test_sizes_differ_by_one_and_share_out_the_axis(alpha, u):
    found = F.fractional_pool_sizes(alpha, u, 16)
    assert set(found) <= {np.floor(alpha), np.ceil(alpha)}
    assert found.sum() == 16 * alpha


def test_regions_share_out_the_image():
    """Along each axis the regions are 1, 2, 1, 2, ... wide, so the last of each is the largest."""
    x = np.arange(576.0).reshape(1, 24, 24)
    samples = np.full((1, 1, 2), 0.3)
    out = F.fractional_max_pool2d(
        tg.tensor(x), None, output_ratio=2 / 3 + 1e-9, _random_samples=tg.tensor(samples)
    ).numpy()
    last = np.cumsum([1, 2] * 8) - 1
    np.testing.assert_array_equal(out[0], x[0][np.ix_(last, last)])


@pytest.mark.parametrize("seed", range(5))
def test_every_pixel_is_in_one_region(seed):
    """The largest of an image is the largest of one region, wherever it is."""
    rng = np.random.default_rng(seed)
    size, place = rng.integers(1, 12, 2), rng.integers(0, 12, 2)
    x = np.zeros((1, 1, 12, 12))
    x[0, 0, place[0], place[1]] = 1.0
    options = {"generator": tg.Generator(seed)}
    out = F.fractional_max_pool2d(tg.tensor(x), None, tuple(map(int, size)), **options)
    assert out.shape == (1, 1, *size) and out.sum().item() == 1.0


def test_regions_are_drawn_anew_and_repeat_with_a_seed():
    x = tg.tensor(image(1, 1, 20, 20))
    for kernel in (None, 2):
        layer = nn.FractionalMaxPool2d(kernel, 13, generator=tg.Generator(1))
        again = nn.FractionalMaxPool2d(kernel, 13, generator=tg.Generator(1))
        first, second = layer(x).numpy(), layer(x).numpy()
        assert not np.array_equal(first, second)
        np.testing.assert_array_equal(first, again(x).numpy())


# ---------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nn.Conv2d(3, 4, 2, groups=2), ValueError, "in_channels=3.*groups=2"),
        (lambda: nn.Conv2d(4, 3, 2, groups=2), ValueError, "out_channels=3.*groups=2"),
        (lambda: nn.Conv2d(4, 3, 2, padding_mode="mirror"), ValueError, "zeros, reflect.*mirror"),
        (lambda: nn.Conv2d(4, 3, 2, padding="full"), ValueError, "'same' or 'valid', not 'full'"),
        (lambda: nn.Conv2d(4, 3, 2, 2, "same"), ValueError, "stride 1"),
        (lambda: nn.Conv2d(4, 3, 0), RuntimeError, "kernel_size must be at least 1"),
        (lambda: nn.Conv2d(4, 3, (1, 2, 3)), RuntimeError, "kernel_size.*pair"),
        (lambda: nn.Conv2d(4, 3, "2"), TypeError, "kernel_size must be an int or a pair"),
        (lambda: nn.Conv2d(4, 3, 2)(tg.ones(1, 3, 5, 5)), RuntimeError, "expects 4 channels"),
        (
            lambda: nn.Conv2d(1, 1, 3, padding=3, padding_mode="reflect")(tg.ones(1, 3, 4)),
            RuntimeError,
            "reflect.*larger input.*3 elements",
        ),
        (lambda: nn.MaxPool2d(2)(tg.ones(4, 4)), RuntimeError, r"\(C, H, W\).*\(4, 4\)"),
        (lambda: nn.MaxPool2d(2)(tg.ones(1, 4, 4) > 0), TypeError, "bool"),
        (lambda: nn.FractionalMaxPool2d(2), ValueError, "either an output_size or an output_ratio"),
        (lambda: nn.FractionalMaxPool2d(2, 2, 0.5), ValueError, "and not both"),
        (lambda: nn.FractionalMaxPool2d(2, output_ratio=1.5), ValueError, "0 and 1.*1.5"),
        (lambda: nn.FractionalMaxPool2d(2, 5)(tg.ones(1, 5, 5)), RuntimeError, "too small"),
        (
            lambda: F.fractional_max_pool2d(
                tg.ones(1, 4, 4), 2, 2, _random_samples=tg.ones(2, 1, 2)
            ),
            RuntimeError,
            r"_random_samples must have shape \(1, 1, 2\)",
        ),
    ],
)
def test_bad_arguments(call, error, words):
    with pytest.raises(error, match=words):
        call()
