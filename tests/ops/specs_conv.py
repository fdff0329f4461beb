"""Specs of convolution and pooling of images. The references go from window to window."""

import itertools

import numpy as np

from .spec import OpSpec, op, sample

F = "nn.functional."


def _pair(value):
    return value if isinstance(value, (tuple, list)) else (value, value)


def _edges(padding, kernel, dilation):
    """How many rows and columns are added at either side."""
    if padding == "valid":
        return [(0, 0), (0, 0)]
    if padding == "same":
        both = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return [(n // 2, n - n // 2) for n in both]
    return [(p, p) for p in _pair(padding)]


def _conv2d(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    """Output by output: the sum over the window of this output."""
    if x.ndim == 3:
        return _conv2d(x[None], w, b, stride, padding, dilation, groups)[0]
    stride, dilation, (outputs, depth, *kernel) = _pair(stride), _pair(dilation), w.shape
    x = np.pad(x, [(0, 0), (0, 0), *_edges(padding, kernel, dilation)])
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    rows, columns = ((x.shape[2 + a] - reach[a]) // stride[a] + 1 for a in (0, 1))
    out = np.zeros((len(x), outputs, rows, columns))
    for n, o, i, j in itertools.product(*map(range, out.shape)):
        first = o // (outputs // groups) * depth
        top, left = i * stride[0], j * stride[1]
        down = slice(top, top + reach[0], dilation[0])
        along = slice(left, left + reach[1], dilation[1])
        out[n, o, i, j] = np.sum(x[n, first : first + depth, down, along] * w[o])
        out[n, o, i, j] += 0.0 if b is None else b[o]
    return out


def _ends(start, size, step, n):
    """The elements of a window that are inside an axis of `n`."""
    return [i for i in range(start, start + size * step, step) if 0 <= i < n]


def _max_pool2d(
    x, kernel, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
):
    if x.ndim == 3:
        found = _max_pool2d(x[None], kernel, stride, padding, dilation, ceil_mode, return_indices)
        return (found[0][0], found[1][0]) if return_indices else found[0]
    kernel, padding, dilation = _pair(kernel), _pair(padding), _pair(dilation)
    stride = kernel if stride is None else _pair(stride)
    windows = []
    for a in (0, 1):
        n, starts, k, d = x.shape[2 + a], [], kernel[a], dilation[a]
        at = -padding[a]
        # In ceil mode a window may reach over the edge, but not begin beyond the right padding.
        while (at < n if ceil_mode else at + d * (k - 1) < n + padding[a]) and (
            at + d * (k - 1) + 1 < n + padding[a] + stride[a]
        ):
            starts.append(at)
            at += stride[a]
        windows.append([_ends(start, k, d, n) for start in starts])
    return _pooled(x, windows, return_indices)


def _pooled(x, windows, return_indices):
    """The largest of each window, given as rows and columns."""
    rows, columns = windows
    out = np.zeros((*x.shape[:2], len(rows), len(columns)))
    places = np.zeros(out.shape, np.int64)
    for n, c, i, j in itertools.product(*map(range, out.shape)):
        part = [(x[n, c, a, b], a * x.shape[3] + b) for a in rows[i] for b in columns[j]]
        out[n, c, i, j], places[n, c, i, j] = max(part, key=lambda pair: pair[0])
    return (out, places) if return_indices else out


def _fractional(
    x, kernel, size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    """One image and channel at a time: each has windows of its own."""
    if x.ndim == 3:
        found = _fractional(x[None], kernel, size, output_ratio, False, _random_samples)
        return found[0]
    size = (
        _pair(size)
        if size is not None
        else [int(n * r) for n, r in zip(x.shape[2:], output_ratio, strict=True)]
    )
    kernel, out = _pair(kernel), np.zeros((*x.shape[:2], *size))
    places = np.zeros(out.shape, np.int64)
    for n, c in itertools.product(range(len(x)), range(x.shape[1])):
        windows = []
        for a in (0, 1):
            u, free = _random_samples[n, c, 1 - a], x.shape[2 + a] - kernel[a]
            alpha = free / max(size[a] - 1, 1)
            starts = [int((i + u) * alpha) - int(u * alpha) for i in range(size[a] - 1)] + [free]
            windows.append([range(s, s + kernel[a]) for s in starts])
        one = _pooled(x[n : n + 1, c : c + 1], windows, True)
        out[n, c], places[n, c] = one[0][0, 0], one[1][0, 0]
    return (out, places) if return_indices else out


def _disjoint(x, kernel, size=None, output_ratio=None, return_indices=False, _random_samples=None):
    """Region by region, of the sizes ceil(a (i + u)) - ceil(a (i - 1 + u)), a = n / regions."""
    if x.ndim == 3:
        found = _disjoint(x[None], None, size, output_ratio, True, _random_samples)
        return (found[0][0], found[1][0]) if return_indices else found[0][0]
    ratios = _pair(output_ratio)
    size = [int(n * r) for n, r in zip(x.shape[2:], ratios, strict=True)] if ratios[0] else size
    windows = []
    for n, count, u in zip(x.shape[2:], _pair(size), _random_samples[0, 0, ::-1], strict=True):
        ends = [int(np.ceil(n / count * (i + u))) for i in range(count + 1)]
        windows.append([range(a - ends[0], b - ends[0]) for a, b in itertools.pairwise(ends)])
    return _pooled(x, windows, return_indices)


SPECS: list[OpSpec] = [
    op(
        F + "conv2d",
        _conv2d,
        lambda draw: [
            sample(draw(2, 3, 4, 5), draw(2, 3, 2, 3), draw(2)),
            sample(draw(1, 2, 5, 4), draw(3, 2, 3, 2), None, (2, 1), (1, 2)),
            sample(draw(2, 1, 6, 5), draw(2, 1, 2, 2), draw(2), stride=2, dilation=(3, 2)),
            sample(draw(1, 4, 3, 4), draw(6, 2, 2, 3), draw(6), groups=2),
            sample(draw(2, 3, 3, 2), draw(3, 1, 2, 1), padding=1, groups=3),
            sample(draw(1, 2, 4, 5), draw(2, 2, 1, 3), draw(2), padding="same"),
            sample(draw(1, 1, 4, 5), draw(1, 1, 3, 2), padding="same", dilation=(1, 2)),
            sample(draw(1, 2, 3, 4), draw(2, 2, 2, 1), padding="valid"),
            sample(draw(2, 4, 3), draw(3, 2, 2, 2), draw(3)),
            sample(draw(0, 2, 4, 3), draw(3, 2, 2, 2), draw(3)),
        ],
        ints=False,
        low_rtol=1e-4,
    ),
    op(
        F + "max_pool2d",
        _max_pool2d,
        lambda draw: [
            sample(draw.spaced(2, 2, 4, 6), 2),
            sample(draw.spaced(1, 2, 5, 4), (3, 2), 1),
            sample(draw.spaced(1, 1, 5, 7), 3, (2, 3), (1, 0)),
            sample(draw.spaced(2, 1, 6, 5), 2, 1, 1, (3, 2)),
            sample(draw.spaced(1, 2, 5, 4), 3, 2, ceil_mode=True),
            sample(draw.spaced(1, 1, 6, 5), 3, 3, 1, 1, True),
            sample(draw.spaced(2, 3, 4), 2, 1, return_indices=True),
            sample(draw.spaced(2, 1, 4, 6), (2, 3), padding=1, return_indices=True),
            sample(np.zeros((0, 2, 4, 6)), 2),
        ],
        ints=False,
    ),
    op(
        F + "fractional_max_pool2d",
        _fractional,
        lambda draw: [
            sample(
                draw.spaced(2, 2, 6, 5), 2, 3, _random_samples=draw.uniform(0, 1, 2, 2, 2)
            ).constant(1),
            sample(
                draw.spaced(1, 2, 7, 5),
                (3, 2),
                output_ratio=(0.5, 0.5),
                _random_samples=draw.uniform(0, 1, 1, 2, 2),
                return_indices=True,
            ).constant(1),
            sample(
                draw.spaced(1, 1, 5, 6), 2, (2, 3), _random_samples=np.array([[[0.9, 0.2]]])
            ).constant(1),
            sample(
                draw.spaced(1, 1, 4, 6), 1, (1, 4), _random_samples=np.full((1, 1, 2), 0.75)
            ).constant(1),
        ],
        ints=False,
        torch_gradgrad=False,
    ),
    op(
        F + "fractional_max_pool2d",
        _disjoint,
        lambda draw: [
            sample(
                draw.spaced(2, 2, 6, 5), None, (4, 3), _random_samples=draw.uniform(0, 1, 2, 2, 2)
            ).constant(1),
            sample(
                draw.spaced(3, 7, 8),
                None,
                output_ratio=0.6,
                return_indices=True,
                _random_samples=draw.uniform(0, 1, 1, 3, 2),
            ).constant(1),
            sample(
                draw.spaced(1, 2, 5, 7),
                None,
                output_ratio=(0.9, 0.3),
                _random_samples=np.array([[[0.1, 0.7], [0.5, 0.5]]]),
            ).constant(1),
            sample(
                draw.spaced(1, 2, 3, 4), None, (3, 1), _random_samples=draw.uniform(0, 1, 1, 2, 2)
            ).constant(1),
        ],
        label="disjoint",
        torch=None,
        ints=False,
    ),
]
