"""What all update rules share: parameter groups, state, and a step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..errors import located
from ..gradients import enable_grad, no_grad
from ..tensor import Tensor


class Optimizer:
    """Parameters in groups with options of their own, and a state per parameter.

    Parameters
    ----------
    params : iterable of Tensor, or of dicts
        What to train. A dict is a group: ``params`` and the options that differ for it.
    defaults : dict
        The options of groups that do not set them.
    """

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.state: dict[Any, dict[str, Any]] = {}
        self.param_groups: list[dict[str, Any]] = []
        if isinstance(params, Tensor):
            raise TypeError(located("params must be an iterable of Tensors or dicts, not a Tensor"))
        groups = list(params)
        if not groups:
            raise ValueError(located("optimizer got an empty parameter list"))
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(dict(group))

    def add_param_group(self, group: dict[str, Any]) -> None:
        """Train more parameters, with options of their own."""
        params = group["params"]
        group["params"] = [params] if isinstance(params, Tensor) else list(params)
        known = {id(p) for g in self.param_groups for p in g["params"]}
        for i, p in enumerate(group["params"]):
            if not isinstance(p, Tensor):
                raise TypeError(
                    located(f"optimizer can only optimize Tensors; parameter {i} is {type(p)}")
                )
            if not p.is_leaf:
                raise ValueError(
                    located(f"can't optimize a non-leaf Tensor: parameter {i} of shape {p.shape}")
                )
            if id(p) in known:
                raise ValueError(located(f"parameter {i} of shape {p.shape} appears twice"))
            known.add(id(p))
        for name, value in self.defaults.items():
            group.setdefault(name, value)
        self.param_groups.append(group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p.grad = None
                elif p.grad is not None:
                    p.grad.zero_()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters once from their gradients."""
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        with no_grad():
            for group in self.param_groups:
                self._update(group, [p for p in group["params"] if p._grad is not None])
        return loss

    def _update(self, group: dict[str, Any], params: list[Any]) -> None:
        raise NotImplementedError
