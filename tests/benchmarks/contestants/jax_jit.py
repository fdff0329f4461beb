"""JAX: gradient and update in one compiled function that may write over its old state.

The loss picks the labels' entries; with a one-hot product instead it was no faster. Waiting for the
result belongs to the step: JAX hands out results that are not there yet.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from ..problems import BETAS, EPS, LR, MOMENTUM, Problem

State = Any


def loss_of(parameters: list[jax.Array], x: jax.Array, y: jax.Array) -> jax.Array:
    *hidden, (w_last, b_last) = zip(parameters[::2], parameters[1::2], strict=True)
    for w, b in hidden:
        x = jax.nn.relu(x @ w.T + b)
    log_p = jax.nn.log_softmax(x @ w_last.T + b_last)
    return -jnp.take_along_axis(log_p, y[:, None], axis=1).mean()


def sgd(parameters: list, gradients: list, velocity: State) -> tuple[list, State]:
    velocity = jax.tree.map(lambda v, g: MOMENTUM * v + g, velocity, gradients)
    return jax.tree.map(lambda p, v: p - LR["sgd"] * v, parameters, velocity), velocity


def adam(parameters: list, gradients: list, state: State) -> tuple[list, State]:
    (beta1, beta2), (count, m, v) = BETAS, state
    count = count + 1
    m = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, m, gradients)
    v = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, v, gradients)
    rate, correction = LR["adam"] / (1 - beta1**count), 1 - beta2**count
    parameters = jax.tree.map(
        lambda p, m, v: p - rate * m / (jnp.sqrt(v / correction) + EPS), parameters, m, v
    )
    return parameters, (count, m, v)


@partial(jax.jit, static_argnums=0, donate_argnums=(1, 2))
def train(
    update: Callable, parameters: list, state: State, x: jax.Array, y: jax.Array
) -> tuple[list, State, jax.Array]:
    loss, gradients = jax.value_and_grad(loss_of)(parameters, x, y)
    return *update(parameters, gradients, state), loss


def prepare(problem: Problem, rule: str) -> tuple[Callable[[], Any], list[Any]]:
    """A step that returns the loss before it, and the list in which it puts the parameters."""
    parameters = [jnp.array(value) for value in problem.weights()]
    state: State = jax.tree.map(jnp.zeros_like, parameters)
    if rule == "adam":
        state = (jnp.zeros(()), state, jax.tree.map(jnp.zeros_like, parameters))
    update = {"sgd": sgd, "adam": adam}[rule]
    x, y = map(jnp.asarray, problem.data())

    def step() -> Any:
        nonlocal state
        parameters[:], state, loss = train(update, parameters, state, x, y)
        return jax.block_until_ready((loss, parameters, state))[0]

    return step, parameters
