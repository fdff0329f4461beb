"""Functions that look at a module's inputs, outputs and gradients, and may replace them."""

from __future__ import annotations

import itertools
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import box, is_tensor, raw, state
from ..errors import DTypeError, GradientError, located
from ..gradients.function import Function
from ..gradients.hooks import RemovableHandle

_number = itertools.count().__next__
_NOTHING: Any = object()


class Hooks:
    """The hooks of one module. A module without any has no such object."""

    def __init__(self) -> None:
        self.forward_pre: OrderedDict[int, Any] = OrderedDict()  # (hook, with_kwargs)
        self.forward: OrderedDict[int, Any] = OrderedDict()  # (hook, with_kwargs, always_call)
        self.backward_pre: OrderedDict[int, Any] = OrderedDict()
        self.backward: OrderedDict[int, Any] = OrderedDict()


class Hookable:
    """What a Module can do with hooks, and the call that runs them."""

    # None for nearly every module: this one look-up is all that hooks cost where there are none.
    _hooks: Hooks | None = None
    forward: Callable[..., Any]

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "forward" and self._hooks is None:
            self._hooks = Hooks()  # it no longer does what its class says, so it is to be called

    def __call__(self, first: Any = _NOTHING, /, *args: Any, **kwargs: Any) -> Any:
        if self._hooks is None and first is not _NOTHING and not args and not kwargs:
            return self.forward(first)  # nearly every call: nothing to pack and unpack
        if first is not _NOTHING:
            args = (first, *args)
        if self._hooks is None:
            return self.forward(*args, **kwargs)
        return _call(self, self._hooks, args, kwargs)

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before each forward; what it returns replaces `args`.

        Parameters
        ----------
        hook : callable
            Gets the positional arguments as a tuple. A value that is no tuple replaces them all.
        prepend : bool
            Before the hooks that are there already, not after.
        with_kwargs : bool
            Call ``hook(module, args, kwargs)``, which returns None or new ``(args, kwargs)``.

        Returns
        -------
        RemovableHandle
            Takes the hook off: ``handle.remove()``.

        Examples
        --------
        >>> from tinygrad_edu import nn, ones
        >>> layer = nn.Identity()
        >>> handle = layer.register_forward_pre_hook(lambda module, args: args[0] * 2)
        >>> layer(ones(1))
        tensor([2.])
        >>> handle.remove()
        >>> layer(ones(1))
        tensor([1.])
        """
        return self._hook("forward_pre", hook, prepend, (hook, with_kwargs))

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after each forward; its result replaces `output`.

        Parameters
        ----------
        hook : callable
            Gets the positional arguments as a tuple.
        prepend : bool
            Before the hooks that are there already, not after.
        with_kwargs : bool
            Call ``hook(module, args, kwargs, output)``.
        always_call : bool
            Also when forward raised an error (the output is None then).

        Returns
        -------
        RemovableHandle
            Takes the hook off: ``handle.remove()``.

        Examples
        --------
        >>> from tinygrad_edu import nn, ones
        >>> seen = []
        >>> layer = nn.Identity()
        >>> with layer.register_forward_hook(
        ...     lambda module, args, output: seen.append(output.shape)
        ... ):
        ...     _ = layer(ones(2, 3))
        >>> seen
        [(2, 3)]
        """
        return self._hook("forward", hook, prepend, (hook, with_kwargs, always_call))

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` before the module's backward.

        Parameters
        ----------
        hook : callable
            Gets the gradients of the outputs as a tuple; a tuple that it returns replaces them.
        prepend : bool
            Before the hooks that are there already, not after.

        Returns
        -------
        RemovableHandle
            Takes the hook off: ``handle.remove()``.

        Examples
        --------
        >>> from tinygrad_edu import nn, ones
        >>> layer, x = nn.Identity(), ones(2, requires_grad=True)
        >>> _ = layer.register_full_backward_pre_hook(lambda module, grads: (grads[0] * 3,))
        >>> layer(x).sum().backward()
        >>> x.grad
        tensor([3., 3.])
        """
        return self._hook("backward_pre", hook, prepend, hook)

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` once the gradient of the inputs is known.

        Parameters
        ----------
        hook : callable
            Gets two tuples: an entry per positional argument and per output, None for what is no
            tensor or has no gradient. A tuple that it returns replaces `grad_input`. If no input
            requires grad it is called when the gradient reaches the output, with None for each.
        prepend : bool
            Before the hooks that are there already, not after.

        Returns
        -------
        RemovableHandle
            Takes the hook off: ``handle.remove()``.

        Examples
        --------
        >>> from tinygrad_edu import nn, ones
        >>> layer, x = nn.ReLU(), ones(2, requires_grad=True)
        >>> _ = layer.register_full_backward_hook(lambda module, g_in, g_out: print(g_in))
        >>> (layer(x) * 5).sum().backward()
        (tensor([5., 5.]),)
        """
        return self._hook("backward", hook, prepend, hook)

    def _hook(self, kind: str, hook: Any, prepend: bool, entry: Any) -> RemovableHandle:
        if not callable(hook):
            raise DTypeError(located(f"hook must be callable, not {type(hook).__name__}"))
        if self._hooks is None:
            self._hooks = Hooks()
        hooks, key = getattr(self._hooks, kind), _number()
        hooks[key] = entry
        if prepend:
            hooks.move_to_end(key, last=False)
        return RemovableHandle(hooks, key)


def _call(module: Any, hooks: Hooks, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """One call of a module with hooks."""
    result, called = None, set()
    try:
        for hook, with_kwargs in list(hooks.forward_pre.values()):
            args, kwargs = _before(module, hook, with_kwargs, args, kwargs)
        watch = _Watch(module, hooks) if hooks.backward or hooks.backward_pre else None
        if watch is not None:
            args = watch.inputs(args)
        result = module.forward(*args, **kwargs)
        for key, (hook, with_kwargs, _) in list(hooks.forward.items()):
            called.add(key)
            new = _after(module, hook, with_kwargs, args, kwargs, result)
            result = result if new is None else new
        return result if watch is None else watch.outputs(result)
    except Exception:
        for key, (hook, with_kwargs, always) in list(hooks.forward.items()):
            if always and key not in called:
                try:
                    new = _after(module, hook, with_kwargs, args, kwargs, result)
                    result = result if new is None else new
                except Exception as error:  # the first error is the one to see
                    text = "module forward hook with ``always_call=True`` raised an exception"
                    warnings.warn(f"{text} after an error in forward: {error}", stacklevel=3)
        raise


def _before(
    module: Any, hook: Any, with_kwargs: bool, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    new = hook(module, args, kwargs) if with_kwargs else hook(module, args)
    if new is None:
        return args, kwargs
    if not with_kwargs:
        return new if isinstance(new, tuple) else (new,), kwargs
    if not isinstance(new, tuple) or len(new) != 2:
        text = "forward pre-hook must return None or a tuple of (new_args, new_kwargs)"
        raise DTypeError(located(f"{text}, but got {new!r}"))
    return new


def _after(
    module: Any, hook: Any, with_kwargs: bool, args: Any, kwargs: dict[str, Any], result: Any
) -> Any:
    if with_kwargs:
        return hook(module, args, kwargs, result)
    return hook(module, args, result)


class _Gate(Function):
    """The identity on several tensors, whose gradients pass through one function together."""

    @staticmethod
    def forward(ctx: Any, passing: Callable[..., Any], *tensors: Any) -> Any:
        ctx.passing = passing
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(*(t for t in tensors if not t.requires_grad))
        return tensors

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return (None, *ctx.passing(grads))


class _Watch:
    """The backward pass of one call: a gate at its inputs, and one at its outputs."""

    def __init__(self, module: Any, hooks: Hooks) -> None:
        self.module = module
        self.before, self.after = [*hooks.backward_pre.values()], [*hooks.backward.values()]
        self.counts: dict[str, int] = {}  # of inputs and outputs
        self.places: dict[str, list[int]] = {}  # of the tensors among the inputs and the outputs
        self.zeros: list[Any] = []  # one for each tensor among the inputs
        self.grad_output: tuple[Any, ...] | None = None

    def inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        # Broadcast from one element: they cost no memory until a gradient is missing.
        tensors = [raw(v) for v in args if is_tensor(v)]
        self.zeros = [np.broadcast_to(np.zeros((), t.dtype), t.shape) for t in tensors]
        return self._gated("inputs", args, self._leaving)

    def outputs(self, result: Any) -> Any:
        if isinstance(result, tuple):
            return self._gated("outputs", result, self._entering)
        if not is_tensor(result):
            warnings.warn(
                "for backward hooks to be called, the output of a module should be a Tensor or a "
                f"tuple of Tensors, not {type(result).__name__}",
                stacklevel=4,
            )
            return result
        return self._gated("outputs", (result,), self._entering)[0]

    def _gated(self, side: str, values: tuple[Any, ...], passing: Any) -> tuple[Any, ...]:
        places = [i for i, v in enumerate(values) if is_tensor(v)]
        self.counts[side] = len(values)
        if not state.grad or not any(values[i].requires_grad for i in places):
            return values
        self.places[side] = places
        gated = _Gate.apply(passing, *(values[i] for i in places))
        # An integer comes back as it was: with no history, the same object.
        new = list(values)
        for i, value in zip(places, gated, strict=True):
            new[i] = value
        return tuple(new) if type(values) is tuple else type(values)(*new)

    def _spread(self, side: str, grads: Any) -> tuple[Any, ...]:
        """One entry for each input or output: None for what is no tensor."""
        found = dict(zip(self.places[side], grads, strict=True))
        return tuple(found.get(i) for i in range(self.counts[side]))

    def _entering(self, grads: Any) -> Any:
        """The gradient of the outputs arrives."""
        given = self._spread("outputs", grads)
        for hook in self.before:
            given = _replaced(hook(self.module, given), given, "grad_output")
        self.grad_output = given
        if "inputs" not in self.places:
            none = (None,) * self.counts["inputs"]
            for hook in self.after:
                new = hook(self.module, none, given)
                if new is not None and any(g is not None for g in new):
                    text = "no input of the module requires grad: its hook must return None"
                    raise GradientError(located(f"{text}, not {new!r}"))
            self.grad_output = None
        return [given[i] for i in self.places["outputs"]]

    def _leaving(self, grads: Any) -> Any:
        """The gradient of the inputs is known."""
        if self.grad_output is None:  # it came past the outputs, in a second derivative
            return grads
        filled = zip(grads, self.zeros, strict=True)  # PyTorch has zeros for unused inputs, too
        given = self._spread("inputs", [box(zero.copy()) if g is None else g for g, zero in filled])
        for hook in self.after:
            new = hook(self.module, given, self.grad_output)
            given = _replaced(new, given, "grad_input")
        self.grad_output = None
        return [given[i] for i in self.places["inputs"]]


def _replaced(new: Any, old: tuple[Any, ...], what: str) -> tuple[Any, ...]:
    if new is None:
        return old
    new = (new,) if is_tensor(new) else tuple(new)
    if len(new) != len(old):
        text = f"backward hook returned an invalid number of {what}"
        raise GradientError(located(f"{text}: {len(new)}, but expected {len(old)}"))
    return new
