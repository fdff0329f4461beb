"""PyTorch as its tutorials show it; the variant "fused" asks the optimizer for its fused kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from ..problems import BETAS, EPS, LR, MOMENTUM, Problem


def prepare(
    problem: Problem, rule: str, variant: str = "eager"
) -> tuple[Callable[[], Any], list[Any]]:
    """A step that returns the loss before it, and the parameters that it changes."""
    layers: list[nn.Module] = []
    for fan_in, fan_out in zip(problem.sizes, problem.sizes[1:], strict=False):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    parameters = list(model.parameters())
    with torch.no_grad():
        for p, value in zip(parameters, problem.weights(), strict=True):
            p.copy_(torch.from_numpy(value))
    # None leaves the choice to PyTorch, as in a program that does not mention it.
    fused = True if variant == "fused" else None
    if rule == "sgd":
        opt: Any = torch.optim.SGD(parameters, lr=LR["sgd"], momentum=MOMENTUM, fused=fused)
    else:
        opt = torch.optim.Adam(parameters, lr=LR["adam"], betas=BETAS, eps=EPS, fused=fused)
    x, y = map(torch.from_numpy, problem.data())

    def step() -> Any:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        return loss

    return step, parameters
