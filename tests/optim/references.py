"""The update rules in plain NumPy, one function each, written from the formulas of the papers.

Every function is given the parameter, its gradient, the number t of the step, counted from 1, and
a dict `s` for what it keeps between steps; it returns the new parameter and writes into no array.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray


def decay_first(
    p: Array, g: Array, s: Any, lr: float, weight_decay: float, decay: str, maximize: bool
) -> tuple[Array, Array]:
    """Parameter and gradient after sign and weight decay; ``s["lr_0"]`` is the first rate."""
    g = -g if maximize else g
    if decay == "l2":
        return p, g + weight_decay * p
    if decay == "lr_coupled":
        return p - lr * weight_decay * p, g
    schedule = lr / s["lr_0"] if s["lr_0"] > 0 else 0.0
    return p - schedule * weight_decay * p, g


def sgd(
    p,
    g,
    t,
    s,
    *,
    lr=1e-3,
    momentum=0,
    dampening=0,
    weight_decay=0,
    nesterov=False,
    maximize=False,
    form="sum",
    decay="l2",
):
    """PyTorch's, Sutskever's and the lectures' forms; for "lookahead" g is that of `ahead`."""
    if momentum == 0:
        p, g = decay_first(p, g, s, lr, weight_decay, decay, maximize)
        return p - lr * g
    first = "v" not in s
    v = s.get("v", np.zeros_like(p))
    if nesterov == "lookahead":
        point = p + momentum * v
        if decay == "l2":
            _, g = decay_first(point, g, s, lr, weight_decay, decay, maximize)
        else:
            p, g = decay_first(p, g, s, lr, weight_decay, decay, maximize)
        s["v"] = momentum * v - lr * g
        return p + s["v"]
    p, g = decay_first(p, g, s, lr, weight_decay, decay, maximize)
    if nesterov == "tilde":
        x = p - momentum * v
        s["v"] = momentum * v - lr * g
        return (x + s["v"]) + momentum * s["v"]
    part = g if form == "sum" else (1 - momentum) * g if form == "ema" else lr * g
    s["v"] = momentum * v + (part if first else (1 - dampening) * part)
    step = part + momentum * s["v"] if nesterov else s["v"]
    return p - step if form == "lr_inside" else p - lr * step


def ahead(p: Array, s: Any, momentum: float) -> Array:
    """The point at which Nesterov's gradient is taken."""
    return p + momentum * s.get("v", 0.0)


def adam(
    p,
    g,
    t,
    s,
    *,
    lr=1e-3,
    betas=(0.9, 0.999),
    eps=1e-8,
    weight_decay=0,
    amsgrad=False,
    maximize=False,
    eps_mode="outside",
    bias_correction=True,
    decay="l2",
    yogi=False,
):
    """Kingma and Ba 2015; AMSGrad; Yogi; the four places of epsilon."""
    p, g = decay_first(p, g, s, lr, weight_decay, decay, maximize)
    b1, b2 = betas
    s["m"] = b1 * s.get("m", 0.0) + (1 - b1) * g
    v = s.get("v", 0.0)
    s["v"] = v + (1 - b2) * np.sign(g**2 - v) * g**2 if yogi else b2 * v + (1 - b2) * g**2
    m, v = s["m"], s["v"]
    if amsgrad:
        v = s["largest"] = np.maximum(s.get("largest", 0.0), v)
    c1, c2 = (1 - b1**t, 1 - b2**t) if bias_correction else (1, 1)
    if eps_mode == "outside":
        return p - lr * (m / c1) / (np.sqrt(v / c2) + eps)
    if eps_mode == "inside":
        return p - lr * (m / c1) / np.sqrt(v / c2 + eps)
    divisor = np.sqrt(v + eps) if eps_mode == "cpen" else np.sqrt(v) + eps
    return p - lr * math.sqrt(c2) / c1 * m / divisor


def adamw(p, g, t, s, *, weight_decay=1e-2, decay="lr_coupled", **options):
    """Loshchilov and Hutter 2019."""
    return adam(p, g, t, s, weight_decay=weight_decay, decay=decay, **options)


def yogi(p, g, t, s, *, lr=1e-2, eps=1e-3, **options):
    """Zaheer et al. 2018."""
    return adam(p, g, t, s, lr=lr, eps=eps, yogi=True, **options)


def adagrad(
    p,
    g,
    t,
    s,
    *,
    lr=1e-2,
    lr_decay=0,
    weight_decay=0,
    initial_accumulator_value=0,
    eps=1e-10,
    maximize=False,
    eps_mode="outside",
    full_matrix=False,
    decay="l2",
):
    """Duchi, Hazan and Singer 2011."""
    p, g = decay_first(p, g, s, lr, weight_decay, decay, maximize)
    rate = lr / (1 + (t - 1) * lr_decay)
    if full_matrix:
        flat = g.reshape(-1)
        start = initial_accumulator_value * np.eye(flat.size)
        s["G"] = s.get("G", start) + np.outer(flat, flat)
        h = inverse_root(s["G"] + eps * np.eye(flat.size)) @ flat
        return p - rate * h.reshape(g.shape)
    s["G"] = s.get("G", initial_accumulator_value) + g**2
    return p - rate * g / (np.sqrt(s["G"] + eps) if eps_mode == "inside" else np.sqrt(s["G"]) + eps)


def inverse_root(a: Array) -> Array:
    """``a^(-1/2)`` of a positive definite matrix, by the iteration of Denman and Beavers."""
    y, z = a, np.eye(len(a))
    for _ in range(30):
        y, z = (y + np.linalg.inv(z)) / 2, (z + np.linalg.inv(y)) / 2
    return z


def rmsprop(
    p,
    g,
    t,
    s,
    *,
    lr=1e-2,
    alpha=0.99,
    eps=1e-8,
    weight_decay=0,
    momentum=0,
    centered=False,
    maximize=False,
    eps_mode="outside",
    decay="l2",
):
    """Tieleman and Hinton 2012; Graves 2013."""
    p, g = decay_first(p, g, s, lr, weight_decay, decay, maximize)
    v = s["v"] = alpha * s.get("v", 0.0) + (1 - alpha) * g**2
    if centered:
        s["a"] = alpha * s.get("a", 0.0) + (1 - alpha) * g
        v = v - s["a"] ** 2
    step = g / (np.sqrt(v + eps) if eps_mode == "inside" else np.sqrt(v) + eps)
    if momentum:
        step = s["b"] = momentum * s.get("b", 0.0) + step
    return p - lr * step


def adadelta(p, g, t, s, *, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0, maximize=False, decay="l2"):
    """Zeiler 2012."""
    p, g = decay_first(p, g, s, lr, weight_decay, decay, maximize)
    s["v"] = rho * s.get("v", 0.0) + (1 - rho) * g**2
    step = np.sqrt(s.get("D", 0.0) + eps) / np.sqrt(s["v"] + eps) * g
    s["D"] = rho * s.get("D", 0.0) + (1 - rho) * step**2
    return p - lr * step


def adamax(
    p, g, t, s, *, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, maximize=False, decay="l2"
):
    """Kingma and Ba 2015, section 7.1, with PyTorch's place of epsilon."""
    p, g = decay_first(p, g, s, lr, weight_decay, decay, maximize)
    b1, b2 = betas
    s["m"] = b1 * s.get("m", 0.0) + (1 - b1) * g
    s["u"] = np.maximum(b2 * s.get("u", 0.0), abs(g) + eps)
    return p - lr / (1 - b1**t) * s["m"] / s["u"]


def nadam(
    p,
    g,
    t,
    s,
    *,
    lr=2e-3,
    betas=(0.9, 0.999),
    eps=1e-8,
    weight_decay=0,
    momentum_decay=4e-3,
    maximize=False,
    decay="l2",
):
    """Dozat 2016."""
    p, g = decay_first(p, g, s, lr, weight_decay, decay, maximize)
    b1, b2 = betas
    mus = [b1 * (1 - 0.96 ** (k * momentum_decay) / 2) for k in range(1, t + 2)]
    s["m"] = b1 * s.get("m", 0.0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0.0) + (1 - b2) * g**2
    m_hat = mus[t] * s["m"] / (1 - math.prod(mus)) + (1 - mus[t - 1]) * g / (1 - math.prod(mus[:t]))
    return p - lr * m_hat / (np.sqrt(s["v"] / (1 - b2**t)) + eps)


def radam(
    p, g, t, s, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, maximize=False, decay="l2"
):
    """Liu et al. 2020, with PyTorch's threshold and place of epsilon."""
    p, g = decay_first(p, g, s, lr, weight_decay, decay, maximize)
    b1, b2 = betas
    s["m"] = b1 * s.get("m", 0.0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0.0) + (1 - b2) * g**2
    m_hat = s["m"] / (1 - b1**t)
    most = 2 / (1 - b2) - 1
    rho = most - 2 * t * b2**t / (1 - b2**t)
    if rho <= 5:
        return p - lr * m_hat
    r = math.sqrt((rho - 4) / (most - 4) * (rho - 2) / (most - 2) * most / rho)
    return p - lr * r * m_hat * math.sqrt(1 - b2**t) / (np.sqrt(s["v"]) + eps)


def asgd(p, g, t, s, *, lr=1e-2, lambd=1e-4, alpha=0.75, t0=1e6, weight_decay=0, maximize=False):
    """Polyak and Juditsky 1992; the rate of a step is settled at the end of the one before."""
    g = (-g if maximize else g) + weight_decay * p
    last = s.get("lr", lr)
    s["lr"] = lr
    eta = last / (1 + lambd * last * (t - 1)) ** alpha
    p = p * (1 - lambd * eta) - eta * g
    since = t - 1 - t0
    s["ax"] = p if since <= 1 else s["ax"] + (p - s["ax"]) / since
    return p


def rprop(p, g, t, s, *, lr=1e-2, etas=(0.5, 1.2), step_sizes=(1e-6, 50), maximize=False):
    """Riedmiller and Braun 1993, element by element; a weight whose gradient turns waits."""
    new, was = np.array(p), s.get("g", np.zeros_like(p))
    now, sizes = np.zeros_like(p), s.get("sizes", np.full_like(p, lr)).copy()
    for i in np.ndindex(p.shape):
        slope = -g[i] if maximize else g[i]
        product = slope * was[i]
        factor = etas[1] if product > 0 else etas[0] if product < 0 else 1.0
        sizes[i] = min(max(sizes[i] * factor, step_sizes[0]), step_sizes[1])
        if product >= 0:
            now[i] = slope
            new[i] -= math.copysign(sizes[i], slope) if slope else 0.0
    s["g"], s["sizes"] = now, sizes
    return new


def sign_sgd(p, g, t, s, *, lr=1e-2, normalize="sign", maximize=False):
    """Bernstein et al. 2018; ``s["all"]`` holds the gradients of the group, one after another."""
    up = 1 if maximize else -1
    if normalize == "sign":
        return p + up * lr * np.where(g > 0, 1.0, np.where(g < 0, -1.0, 0.0))
    norm = math.hypot(*s["all"])
    return p + up * lr * (g / norm if norm else 0.0)
