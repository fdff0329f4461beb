"""Convolution and pooling on small images (batch, channel, row, column)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view as windows

from .model import Op, bugs, normal


def patches(x: Any, size: int, stride: int = 1) -> Any:
    """Return all size x size patches: (n, c, rows, columns, size, size)."""
    return windows(x, (size, size), (2, 3))[:, :, ::stride, ::stride]


def conv(x: Any, w: Any, stride: int = 1) -> Any:
    return np.einsum("ncijab,fcab->nfij", patches(x, w.shape[-1], stride), w)


def conv_x(g: Any, x: Any, w: Any, stride: int = 1, order: str = "right") -> Any:
    """Add each output's gradient to the patch that it saw."""
    out, k = np.zeros(x.shape), w.shape[-1]
    for i, j in np.ndindex(*g.shape[2:]):
        part = np.einsum("nf,fcab->ncab", g[:, :, i, j], w)
        where = np.s_[:, :, i * stride : i * stride + k, j * stride : j * stride + k]
        if order == "overwrite":
            out[where] = part
        else:
            out[where] += part
    return out


def conv_w(g: Any, x: Any, w: Any, stride: int = 1) -> Any:
    return np.einsum("ncijab,nfij->fcab", patches(x, w.shape[-1], stride), g)


def turned(w: Any) -> Any:
    return w[:, :, ::-1, ::-1]


def flat(w: Any) -> Any:
    return w.swapaxes(2, 3)


def conv_vjp(stride: int) -> Any:
    return lambda g, y, x, w: (conv_x(g, x, w, stride), conv_w(g, x, w, stride))


def blocks(x: Any) -> Any:
    """View x as 2 x 2 blocks: (n, c, rows, columns, 4)."""
    n, c, h, w = x.shape
    return x.reshape(n, c, h // 2, 2, w // 2, 2).swapaxes(3, 4).reshape(n, c, h // 2, w // 2, 4)


def unblocks(b: Any) -> Any:
    n, c, h, w, _ = b.shape
    return b.reshape(n, c, h, w, 2, 2).swapaxes(3, 4).reshape(n, c, 2 * h, 2 * w)


def winner(x: Any) -> Any:
    b = blocks(x)
    return np.arange(4) == b.argmax(-1)[..., None]


def smooth(x: Any) -> Any:
    return np.apply_along_axis(np.convolve, 1, x, KERNEL, "valid")


def smooth_vjp(g: Any, kernel: Any, mode: str = "full") -> Any:
    return np.apply_along_axis(np.convolve, 1, g, kernel, mode)


KERNEL = np.array([0.2, 0.5, -0.4])

OPS = [
    Op(
        "conv2d",
        conv,
        conv_vjp(1),
        normal((2, 2, 4, 4), (3, 2, 3, 3)),
        bugs(
            (
                "transpose",
                lambda g, y, x, w: (conv_x(g, x, turned(w)), conv_w(g, x, w)),
                "anywhere",
                ("index",),
            ),
            ("transpose", lambda g, y, x, w: (conv_x(g, x, flat(w)), conv_w(g, x, w))),
            (
                "transpose",
                lambda g, y, x, w: (conv_x(g, x, w), turned(conv_w(g, x, w))),
                "anywhere",
                ("index",),
            ),
            ("transpose", lambda g, y, x, w: (conv_x(g, x, w), flat(conv_w(g, x, w)))),
            (
                "index_dup",
                lambda g, y, x, w: (conv_x(g, x, w, order="overwrite"), conv_w(g, x, w)),
                "anywhere",
                ("missing_term",),
            ),
            ("mean_n", lambda g, y, x, w: (conv_x(g, x, w), conv_w(g, x, w) / len(x))),
            (
                "unbroadcast",
                lambda g, y, x, w: (conv_x(g, x, w), conv_w(g[:1], x[:1], w)),
                "anywhere",
                ("missing_term",),
            ),
            ("sign", lambda g, y, x, w: (conv_x(g, x, w), -conv_w(g, x, w))),
            ("detached", lambda g, y, x, w: (np.zeros_like(x), conv_w(g, x, w))),
            (
                "off_by_one",
                lambda g, y, x, w: (conv_x(g[:, :, :-1], x, w), conv_w(g, x, w)),
                "anywhere",
                ("missing_term",),
            ),
            (
                "index",
                lambda g, y, x, w: (conv_x(g, x, w[:, ::-1]), conv_w(g, x, w)),
                "anywhere",
                ("transpose",),
            ),
            ("upstream", lambda g, y, x, w: (conv_x(g, x, w), conv_w(np.ones_like(g), x, w))),
        ),
        variants={
            "unequal": normal((1, 2, 5, 4), (3, 2, 2, 2)),
            "one": normal((1, 1, 1, 1), (1, 1, 1, 1)),
        },
    ),
    Op(
        "conv2d_stride2",
        lambda x, w: conv(x, w, 2),
        conv_vjp(2),
        normal((2, 1, 5, 5), (2, 1, 3, 3)),
        bugs(
            (
                "off_by_one",
                lambda g, y, x, w: (conv_x(g, x, w, 1), conv_w(g, x, w, 2)),
                "anywhere",
                ("index", "transpose", "missing_chain"),
            ),
            (
                "index_dup",
                lambda g, y, x, w: (conv_x(g, x, w, 2, "overwrite"), conv_w(g, x, w, 2)),
                "anywhere",
                ("missing_term",),
            ),
            ("transpose", lambda g, y, x, w: (conv_x(g, x, w, 2), flat(conv_w(g, x, w, 2)))),
            (
                "transpose",
                lambda g, y, x, w: (conv_x(g.swapaxes(2, 3), x, w, 2), conv_w(g, x, w, 2)),
                "anywhere",
                ("index",),
            ),
            ("factor", lambda g, y, x, w: (conv_x(g, x, w, 2), 2 * conv_w(g, x, w, 2))),
        ),
    ),
    Op(
        "channel_bias",
        lambda x, b: x + b[:, None, None],
        lambda g, y, x, b: (g, g.sum((0, 2, 3))),
        normal((2, 3, 2, 2), (3,)),
        bugs(
            ("mean_n", lambda g, y, x, b: (g, g.mean((0, 2, 3)))),
            ("mean_n", lambda g, y, x, b: (g, g.sum((0, 2, 3)) / len(x))),
            ("unbroadcast", lambda g, y, x, b: (g, g[0].sum((1, 2)))),
            ("unbroadcast", lambda g, y, x, b: (g, g.sum(0)[:, 0, 0])),
            ("unbroadcast", lambda g, y, x, b: (g, g.sum((0, 2))), "anywhere", ("shape",)),
            ("wrong_axis", lambda g, y, x, b: (g, np.resize(g.sum((0, 1, 2)), b.shape))),
            ("detached", lambda g, y, x, b: (g, np.zeros_like(b))),
        ),
        variants={"empty": normal((0, 3, 2, 2), (3,)), "unequal": normal((2, 3, 4, 5), (3,))},
    ),
    Op(
        "max_pool",
        lambda x: blocks(x).max(-1),
        lambda g, y, x: (unblocks(g[..., None] * winner(x)),),
        normal((2, 1, 4, 4)),
        bugs(
            ("mask", lambda g, y, x: (unblocks(np.repeat(g[..., None], 4, -1)),)),
            (
                "ties",
                lambda g, y, x: (unblocks(g[..., None] * (blocks(x) == y[..., None])),),
                "ties",
            ),
            ("mask", lambda g, y, x: (unblocks(g[..., None] * ~winner(x)),)),
            (
                "factor",
                lambda g, y, x: (unblocks(g[..., None] * winner(x)) / 4,),
                "anywhere",
                ("mean_n",),
            ),
            (
                "transpose",
                lambda g, y, x: (unblocks(g[..., None] * winner(x)[..., [0, 2, 1, 3]]),),
                "anywhere",
                ("index", "mask"),
            ),
            ("missing_chain", lambda g, y, x: (unblocks(g[..., None] * winner(x)) * x,)),
            (
                "index",
                lambda g, y, x: (unblocks(g[..., None] * winner(-x)),),
                "anywhere",
                ("mask", "transpose"),
            ),
            ("upstream", lambda g, y, x: (unblocks(1.0 * winner(x)),)),
        ),
        variants={"unequal": normal((1, 2, 2, 6)), "long": normal((1, 1, 256, 256))},
    ),
    Op(
        "average_pool",
        lambda x: blocks(x).mean(-1),
        lambda g, y, x: (unblocks(np.repeat(g[..., None] / 4, 4, -1)),),
        normal((2, 1, 4, 4)),
        bugs(
            (
                "mean_n",
                lambda g, y, x: (unblocks(np.repeat(g[..., None], 4, -1)),),
                "anywhere",
                ("factor",),
            ),
            (
                "mean_n",
                lambda g, y, x: (unblocks(np.repeat(g[..., None] / 2, 4, -1)),),
                "anywhere",
                ("factor",),
            ),
            (
                "mask",
                lambda g, y, x: (unblocks(g[..., None] * (np.arange(4) == 0)),),
                "anywhere",
                ("missing_term",),
            ),
            (
                "transpose",
                lambda g, y, x: (unblocks(np.repeat(g.swapaxes(2, 3)[..., None] / 4, 4, -1)),),
                "anywhere",
                ("index",),
            ),
            ("missing_chain", lambda g, y, x: (unblocks(np.repeat(g[..., None] / 4, 4, -1)) * x,)),
        ),
    ),
    Op(
        "global_average_pool",
        lambda x: x.mean((2, 3)),
        lambda g, y, x: (np.broadcast_to(g[:, :, None, None], x.shape) / x[0, 0].size,),
        normal((2, 3, 4, 4)),
        bugs(
            ("mean_n", lambda g, y, x: (np.broadcast_to(g[:, :, None, None], x.shape).copy(),)),
            (
                "mean_n",
                lambda g, y, x: (np.broadcast_to(g[:, :, None, None], x.shape) / x.shape[2],),
            ),
            ("mean_n", lambda g, y, x: (np.broadcast_to(g[:, :, None, None], x.shape) / x.size,)),
            ("shape", lambda g, y, x: (g[:, :, None, None] / 16,)),
            ("upstream", lambda g, y, x: (np.full(x.shape, g.mean()) / x[0, 0].size,)),
        ),
    ),
    Op(
        "upsample",
        lambda x: x.repeat(2, 2).repeat(2, 3),
        lambda g, y, x: (blocks(g).sum(-1),),
        normal((1, 2, 2, 2)),
        bugs(
            ("mean_n", lambda g, y, x: (blocks(g).mean(-1),), "anywhere", ("factor",)),
            (
                "index_dup",
                lambda g, y, x: (g[:, :, ::2, ::2],),
                "anywhere",
                ("unbroadcast", "missing_term"),
            ),
            (
                "transpose",
                lambda g, y, x: (blocks(g).sum(-1).swapaxes(2, 3),),
                "anywhere",
                ("index",),
            ),
            ("sign", lambda g, y, x: (-blocks(g).sum(-1),)),
        ),
        variants={"unequal": normal((1, 2, 2, 3))},
    ),
    Op(
        "conv1d_fixed_kernel",
        smooth,
        lambda g, y, x: (smooth_vjp(g, KERNEL[::-1]),),
        normal((2, 6)),
        bugs(
            (
                "transpose",
                lambda g, y, x: (smooth_vjp(g, KERNEL),),
                "anywhere",
                ("index", "missing_chain"),
            ),
            ("missing_term", lambda g, y, x: (np.pad(g, ((0, 0), (1, 1))) * KERNEL[1],)),
            ("sign", lambda g, y, x: (-smooth_vjp(g, KERNEL[::-1]),)),
            (
                "off_by_one",
                lambda g, y, x: (np.roll(smooth_vjp(g, KERNEL[::-1]), 1, 1),),
                "anywhere",
                ("index", "transpose"),
            ),
        ),
    ),
    Op(
        "depthwise_scale",
        lambda x, s: x * s[:, None, None],
        lambda g, y, x, s: (g * s[:, None, None], (g * x).sum((0, 2, 3))),
        normal((2, 3, 2, 2), (3,)),
        bugs(
            ("missing_chain", lambda g, y, x, s: (g, (g * x).sum((0, 2, 3)))),
            ("missing_chain", lambda g, y, x, s: (g * s[:, None, None], g.sum((0, 2, 3)))),
            ("mean_n", lambda g, y, x, s: (g * s[:, None, None], (g * x).mean((0, 2, 3)))),
            (
                "unbroadcast",
                lambda g, y, x, s: (g * s[:, None, None], (g * x).sum((0, 2))),
                "anywhere",
                ("shape",),
            ),
            ("missing_chain", lambda g, y, x, s: (g * s[:, None, None], (g * y).sum((0, 2, 3)))),
            (
                "wrong_axis",
                lambda g, y, x, s: (
                    g * s[:, None, None],
                    np.resize((g * x).sum((0, 1, 2)), s.shape),
                ),
            ),
        ),
    ),
]
