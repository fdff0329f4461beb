"""tinygrad_edu, as its README shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tinygrad_edu as tg
from tinygrad_edu import nn, optim

from ..problems import BETAS, EPS, LR, MOMENTUM, Problem


def prepare(problem: Problem, rule: str) -> tuple[Callable[[], Any], list[Any]]:
    """A step that returns the loss before it, and the parameters that it changes."""
    layers: list[Any] = []
    for fan_in, fan_out in zip(problem.sizes, problem.sizes[1:], strict=False):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    parameters = list(model.parameters())
    for p, value in zip(parameters, problem.weights(), strict=True):
        p.data = tg.from_numpy(value)
    if rule == "sgd":
        opt: Any = optim.SGD(parameters, lr=LR["sgd"], momentum=MOMENTUM)
    else:
        opt = optim.Adam(parameters, lr=LR["adam"], betas=BETAS, eps=EPS)
    x, y = map(tg.from_numpy, problem.data())

    def step() -> Any:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        return loss

    return step, parameters
