"""The part of ``tinygrad-edu viz`` that runs a script under recording."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from traceback import walk_tb
from types import ModuleType
from typing import Any

from ..engine import is_tensor
from ..nn import Module
from .check_script import given_inputs, imported, is_function, needs_arguments
from .options import UsageError

EPILOG = """\
SCRIPT.py:NAME names a thing that the script defines at its top level:
  a loss       a Tensor of one element.
  a function   that returns one; its arguments, if it has any, are the script's list inputs.
Tensors and models of the script's top level give their names to the picture; --params says which
model or dict to take instead. A script that fails is drawn up to the op that failed.
The script is imported: what is under `if __name__ == "__main__":` does not run."""


def run_script(path: Path, name: str, params: str | None, check: bool, title: str) -> Any:
    """Run a script and trace what ``NAME`` is in it.

    Raises
    ------
    UsageError
        The script can't be imported, holds no such thing, or fails before any op has run.
    """
    from .. import viz

    run = _Run(path, name, params, {"check": check, "title": title})
    try:
        trace = viz.trace(run, params=run.names, check=check, title=title)
    except _Stop as stop:
        if stop.refused is not None:
            raise stop.refused from stop.refused.__cause__
        trace = stop.trace
    except (ValueError, TypeError, RuntimeError) as error:
        raise run.refuse(error) from error
    failure = trace.data.failure
    if failure is not None and not (trace.data.frames or failure.inputs):
        line = f" ({failure.line})" if failure.line else ""
        raise UsageError(f"{run.where}: {failure.op}: {failure.message}{line}")
    return trace


class _Stop(BaseException):
    """Leaves a running trace, which takes any Exception for one of the script's."""

    def __init__(self, refused: UsageError | None = None, trace: Any = None) -> None:
        self.refused, self.trace = refused, trace


class _Run:
    """Runs the script when called, so that every op is recorded, also of a script that fails."""

    def __init__(self, path: Path, name: str, params: str | None, options: dict[str, Any]) -> None:
        self.path, self.name, self.params, self.options = path, name, params, options
        self.where = f"{path.name}:{name}"
        self.names = _Names()

    def __call__(self) -> Any:
        try:
            with imported(self.path) as script:
                self.names.fill(_names(vars(script), self.params, self.path.name))
                return self._loss(script)
        except UsageError as error:
            cause = error.__cause__
            space = None if cause is None else _globals_of(cause, self.path)
            if space is None or not isinstance(cause, Exception):
                raise _Stop(refused=error) from None
            self.names.fill(_names(space, None, self.path.name))
            raise cause from None

    def _loss(self, script: ModuleType) -> Any:
        if not hasattr(script, self.name):
            raise UsageError(f"{self.path.name}: defines no {self.name!r}; {candidates(script)}")
        value = getattr(script, self.name)
        if is_function(value):
            from .. import viz

            inputs = given_inputs(script, self.where) if needs_arguments(value) else []
            # A trace of its own: what else the script has computed is no part of the function.
            call = lambda: self._tensor(value(*inputs), "returns")
            try:
                trace = viz.trace(call, params=self.names, **self.options)
            except (ValueError, TypeError, RuntimeError) as error:
                raise _Stop(refused=self.refuse(error)) from error
            raise _Stop(trace=trace)
        return self._tensor(value, "is")

    def refuse(self, error: Exception) -> UsageError:
        """An error of the trace, without the line of ours that it points at."""
        text, _, _ = str(error).partition("\n  at ")
        return UsageError(f"{self.where}: {text}")

    def _tensor(self, value: Any, verb: str) -> Any:
        if not is_tensor(value):
            error = UsageError(
                f"{self.where}: {verb} {type(value).__name__}, but must be a Tensor, or a function "
                "that returns one"
            )
            raise _Stop(refused=error)
        return value


class _Names(Mapping[str, Any]):
    """Names that are only known when the script has run."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}

    def fill(self, found: Mapping[str, Any]) -> None:
        self._found = dict(found)

    def __getitem__(self, name: str) -> Any:
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def _names(space: Mapping[str, Any], params: str | None, file: str) -> dict[str, Any]:
    """Name -> Tensor, of the thing that `params` names, or of all that the script defines."""
    if params is not None:
        if params not in space:
            raise UsageError(f"argument --params: {file} defines no {params!r}")
        value = space[params]
        if isinstance(value, Module):
            return dict(value.named_parameters())
        if isinstance(value, Mapping) and all(map(is_tensor, value.values())):
            return {str(name): tensor for name, tensor in value.items()}
        raise UsageError(
            f"argument --params: {params} is {type(value).__name__}, but must be a nn.Module or a "
            "dict of Tensors"
        )
    public = {name: value for name, value in space.items() if not name.startswith("_")}
    models = {name: value for name, value in public.items() if isinstance(value, Module)}
    # A name that the script gives itself goes before a parameter's path in a model.
    names = {
        f"{model}.{path}" if len(models) > 1 else path: parameter
        for model, value in models.items()
        for path, parameter in value.named_parameters()
    }
    leaves = {name: v for name, v in public.items() if is_tensor(v) and _is_leaf(v)}
    return {**names, **leaves}


def _is_leaf(tensor: Any) -> bool:
    return bool(tensor.is_leaf)


def candidates(script: ModuleType) -> str:
    """What in a script could be drawn."""
    found = [
        name
        for name, value in vars(script).items()
        if not name.startswith("_")
        and (
            (is_tensor(value) and not _is_leaf(value))
            or (is_function(value) and getattr(value, "__module__", None) == script.__name__)
        )
    ]
    return f"it has {', '.join(found)}" if found else "it has no loss and no function"


def _globals_of(error: BaseException, path: Path) -> dict[str, Any] | None:
    """The top level of the script in which an error was raised; None if it never ran."""
    for frame, _ in walk_tb(error.__traceback__):
        code = frame.f_code
        if code.co_name == "<module>" and Path(code.co_filename).resolve() == path.resolve():
            return frame.f_globals
    return None
