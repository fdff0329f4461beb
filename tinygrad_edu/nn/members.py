"""What a module is made of: the parameters, buffers and modules in its attributes."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

from ..errors import DTypeError, GradientError, located
from ..tensor import Tensor
from .parameter import Buffer, Parameter

_WANTED = {"parameter": "nn.Parameter", "buffer": "Tensor", "module": "nn.Module"}
# What is assigned over what: a parameter takes the place of anything, nothing takes that of one.
_RANK = {"parameter": 0, "module": 1, "buffer": 2, "": 3}

Member = tuple[str, tuple[Any, ...], Any]


def _cure(value: Any) -> str:
    """How a module is made of something else."""
    if isinstance(value, (list, tuple)):
        return ": pass the modules one by one, as in Sequential(*layers)"
    if isinstance(value, type):
        return f": make one of the class, {value.__name__}(...)"
    return ": a function is no module, nn.ReLU() is one" if callable(value) else ""


class Members:
    """The part of Module that finds, names and registers what stands in its attributes.

    A parameter or module counts wherever it is: as an attribute, or inside lists, tuples and dicts.
    So each is an ordinary attribute, and reading it costs no more than that. The books say which
    name was registered as what, which matters for buffers, for None, and for a wrong type.
    """

    _places: dict[str, str]  # name -> "parameter", "buffer" or "module"
    _unsaved: set[str]  # buffers that are not in the state dict

    def __init__(self) -> None:
        self.__dict__.update(_places={}, _unsaved=set())

    def __setstate__(self, state: dict[str, Any]) -> None:
        # A shallow copy gets books of its own.
        self.__dict__.update(state)
        books = {"_places": dict(state["_places"]), "_unsaved": set(state["_unsaved"])}
        self.__dict__.update(books)

    # ---------------------------------------------------------------- setting

    def __setattr__(self, name: str, value: Any) -> None:
        kind, places = _kind(value), self.__dict__.get("_places")
        if (kind or places) and not isinstance(getattr(type(self), name, None), property):
            if places is None:
                text = f"cannot assign {kind} '{name}' before Module.__init__() call"
                raise AttributeError(located(f"{text}: begin with super().__init__()"))
            self._enter(name, value, kind, places.get(name, ""))
        object.__setattr__(self, name, value)

    def _enter(self, name: str, value: Any, kind: str, place: str) -> None:
        """Enter a value in the books, or refuse it."""
        if kind and _RANK[kind] < _RANK[place]:
            self.__dict__.pop(name, None)  # the new one comes last, as in PyTorch
            self._places.pop(name, None)
            self._places[name] = kind
            self._unsaved.discard(name)
        elif place and value is not None and not isinstance(value, _TYPES[place]):
            text = f"cannot assign '{type(value).__name__}' object as {place} '{name}'"
            raise DTypeError(located(f"{text} ({_WANTED[place]} or None expected)"))
        if isinstance(value, Buffer):
            (self._unsaved.discard if value.persistent else self._unsaved.add)(name)

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        self._places.pop(name, None)
        self._unsaved.discard(name)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Set a parameter by name (None: a place that stays empty).

        Examples
        --------
        >>> from tinygrad_edu import nn, ones
        >>> module = nn.Module()
        >>> module.register_parameter("bias", None)
        >>> module.bias = nn.Parameter(ones(2))
        >>> list(module.state_dict())
        ['bias']
        """
        if isinstance(param, Parameter) and not param.is_leaf:
            text = f"Cannot assign non-leaf Tensor to parameter '{name}': it must be created "
            raise GradientError(located(text + "explicitly; compute a value in forward()"))
        self._register("parameter", name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Keep a tensor that is saved with the model but not trained.

        Parameters
        ----------
        name : str
            The attribute's name.
        tensor : Tensor or None
            None: a place that stays empty.
        persistent : bool
            False: it is not in the state dict.

        Examples
        --------
        >>> from tinygrad_edu import nn, zeros
        >>> module = nn.Module()
        >>> module.register_buffer("mean", zeros(2))
        >>> module.register_buffer("scratch", zeros(2), persistent=False)
        >>> [name for name, _ in module.named_buffers()], list(module.state_dict())
        (['mean', 'scratch'], ['mean'])
        """
        self._register("buffer", name, tensor)
        (self._unsaved.discard if persistent else self._unsaved.add)(name)

    def register_module(self, name: str, module: Any) -> None:
        """Set a submodule by name (None: a place that stays empty)."""
        self._register("module", name, module)

    def add_module(self, name: str, module: Any) -> None:
        """Set a submodule by name: another name of `register_module`."""
        self.register_module(name, module)

    def _register(self, place: str, name: str, value: Any) -> None:
        if "_places" not in self.__dict__:
            text = f"cannot assign {place} '{name}' before Module.__init__() call"
            raise AttributeError(located(f"{text}: begin with super().__init__()"))
        if not isinstance(name, str):
            raise DTypeError(located(f"{place} name should be a string, not {name!r}"))
        if not name or "." in name:
            raise KeyError(located(f"{place} name can't be empty or contain '.', as {name!r} does"))
        if self._places.get(name) != place and hasattr(self, name):
            raise KeyError(located(f"attribute '{name}' already exists"))
        if value is not None and not isinstance(value, _TYPES[place]):
            text = f"cannot assign '{type(value).__name__}' object to {place} '{name}'"
            cure = _cure(value) if place == "module" else ""
            raise DTypeError(located(f"{text} ({_WANTED[place]} or None required){cure}"))
        self._places[name] = place
        object.__setattr__(self, name, value)

    # ---------------------------------------------------------------- finding

    def _members(self, place: str) -> Iterator[Member]:
        """Members of one kind: the name, the keys that lead to it from the attributes, the value.

        Buffers are attributes only; what stands in a list has no name to be registered by.
        """
        if place == "buffer":
            for name, kind in self._places.items():
                if kind == "buffer" and vars(self).get(name) is not None:
                    yield name, (name,), vars(self)[name]
            return
        wanted = _TYPES[place]
        for name, value in vars(self).items():
            if isinstance(value, wanted):
                yield name, (name,), value
            elif isinstance(value, (list, tuple, dict)) and name != "_places":  # our own book
                yield from _inside(name, value, wanted)

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """This module and all below it, with the path to it.

        Parameters
        ----------
        memo : set, optional
            Modules to leave out.
        prefix : str
            In front of each path.
        remove_duplicate : bool
            A module that is shared comes once; else once for each of its paths.

        Examples
        --------
        >>> from tinygrad_edu import nn
        >>> [path for path, _ in nn.Sequential(nn.ReLU(), nn.Tanh()).named_modules()]
        ['', '0', '1']
        """
        seen = {id(module) for module in memo or ()}
        stack: list[tuple[str, Any]] = [(prefix, self)]
        while stack:
            path, module = stack.pop()
            if module.__class__ is int:
                seen.discard(module)  # all below that module is done
                continue
            if id(module) in seen:
                continue
            seen.add(id(module))
            yield path, module
            if not remove_duplicate:
                stack.append(("", id(module)))
            start = path + "." if path else ""
            below = [(start + name, child) for name, _, child in module._members("module")]
            stack.extend(reversed(below))

    def modules(self) -> Iterator[Any]:
        """This module and all below it, each once."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Any]]:
        """The modules directly below, each once, with their names."""
        seen = set()
        for name, _, child in self._members("module"):
            if id(child) not in seen:
                seen.add(id(child))
                yield name, child

    def children(self) -> Iterator[Any]:
        """The modules directly below, each once."""
        return (module for _, module in self.named_children())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """All parameters with the path to each; one that is shared comes once.

        Parameters
        ----------
        prefix : str
            In front of each path.
        recurse : bool
            Also those of the modules below.
        remove_duplicate : bool
            False: one that is shared comes once for each of its paths.

        Examples
        --------
        >>> from tinygrad_edu import nn
        >>> [(name, p.shape) for name, p in nn.Linear(2, 3).named_parameters()]
        [('weight', (3, 2)), ('bias', (3,))]
        """
        return self._named("parameter", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, each once."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """All buffers with the path to each; one that is shared comes once."""
        return self._named("buffer", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers, each once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def _named(
        self, place: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        here: Any = [(prefix, self)]
        below = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        for path, module in below if recurse else here:
            for name, _, item in module._members(place):
                if not remove_duplicate or id(item) not in seen:
                    seen.add(id(item))
                    yield (f"{path}.{name}" if path else name), item

    # ---------------------------------------------------------------- one of them

    def get_submodule(self, target: str) -> Any:
        """The module at a path such as ``"net.0"``; the empty path is this module.

        Examples
        --------
        >>> from tinygrad_edu import nn
        >>> nn.Sequential(nn.Sequential(nn.ReLU())).get_submodule("0.0")
        ReLU()
        """
        found: Any = self
        for name in target.split(".") if target else ():
            found = self._item(found, name)
        if not isinstance(found, Members):
            raise AttributeError(located(f"`{target}` is not an nn.Module"))
        return found

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a path such as ``"net.0.weight"``."""
        return self._get(target, "parameter")

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a path such as ``"net.1.running_mean"``."""
        return self._get(target, "buffer")

    def _get(self, target: str, place: str) -> Any:
        path, _, name = target.rpartition(".")
        holder: Any = self
        for part in path.split(".") if path else ():
            holder = self._item(holder, part)
        found = self._item(holder, name)
        registered = getattr(holder, "_places", {}).get(name)
        if not isinstance(found, _TYPES[place]) or (place == "buffer" and registered != place):
            raise AttributeError(located(f"`{name}` is not a {place}"))
        return found

    @staticmethod
    def _item(holder: Any, name: str) -> Any:
        """What is called `name` in a module, or in a list, tuple or dict of one."""
        if isinstance(holder, (list, tuple)) and name.isdigit() and int(name) < len(holder):
            return holder[int(name)]
        if isinstance(holder, dict):
            for key, value in holder.items():
                if str(key) == name:
                    return value
        elif isinstance(holder, Members) and hasattr(holder, name):
            return getattr(holder, name)
        raise AttributeError(located(f"{type(holder).__name__} has no attribute `{name}`"))

    def set_submodule(self, target: str, module: Any, strict: bool = False) -> None:
        """Put a module at a path; `strict` demands that there is one already."""
        if not target or not isinstance(module, Members):
            text = f"set_submodule needs a path and an nn.Module, not {target!r} and"
            raise ValueError(located(f"{text} {type(module).__name__}"))
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict or hasattr(parent, name):
            self.get_submodule(target)
        setattr(parent, name, module)

    # ---------------------------------------------------------------- PyTorch's dicts of them

    @property
    def _parameters(self) -> Registered:
        return Registered(self, "parameter")

    @property
    def _buffers(self) -> Registered:
        return Registered(self, "buffer")

    @property
    def _modules(self) -> Registered:
        return Registered(self, "module")


class Registered(MutableMapping[str, Any]):
    """The attributes of one kind, as a dict: to write to it is to set an attribute."""

    def __init__(self, module: Any, place: str) -> None:
        self._module, self._place = module, place

    def __iter__(self) -> Iterator[str]:
        places = self._module._places
        return (name for name in vars(self._module) if places.get(name) == self._place)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return self._module._places.get(name) == self._place

    def __getitem__(self, name: str) -> Any:
        if name not in self:
            raise KeyError(name)
        return vars(self._module)[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._module._register(self._place, name, value)

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        delattr(self._module, name)

    def __repr__(self) -> str:
        return repr(dict(self))


_TYPES = {"parameter": Parameter, "buffer": Tensor, "module": Members}


def _kind(value: Any) -> str:
    """What a value is registered as by being assigned."""
    if isinstance(value, Tensor):
        if isinstance(value, Parameter):
            return "parameter"
        return "buffer" if isinstance(value, Buffer) else ""
    return "module" if isinstance(value, Members) else ""


def _inside(name: str, value: Any, wanted: type) -> Iterator[Member]:
    """What is in lists, tuples and dicts below one attribute, in their order."""
    stack: list[Member] = [(name, (name,), value)]
    while stack:
        path, keys, item = stack.pop()
        if isinstance(item, wanted):
            yield path, keys, item
        elif isinstance(item, (list, tuple, dict)):
            pairs = item.items() if isinstance(item, dict) else enumerate(item)
            below = [(f"{path}.{key}", (*keys, key), v) for key, v in pairs]
            stack.extend(reversed(below))
