"""The part of ``tinygrad-edu check`` that reads a script: a model, or a function of Tensors."""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ..creation import tensor
from ..engine import is_tensor
from ..gradcheck.graphs import check_gradients
from ..gradcheck.modules import check_module
from ..gradcheck.report import GradReport
from ..nn import Linear, Module, functional
from .options import UsageError

EPILOG = """\
SCRIPT.py:NAME names a thing that the script defines at its top level:
  a model      a nn.Module, its class, or a function that returns one. The script may also define
               batch = (x, y), loss_fn (called with output and y), and regularization (called
               with the model). Without batch, 5 random examples are made for the model's first
               Linear, of as many classes as it has outputs; without loss_fn the loss is
               cross_entropy, or mse_loss if y is not of integers.
  a function   of Tensors, with its arguments in the script as the list inputs.
The script is imported: what is under `if __name__ == "__main__":` does not run."""

FOR_A_MODEL = ("batch", "loss_fn", "regularization")  # what a script may define beside it
EXAMPLES = 5  # in a random batch: few data points mean few kinks


def check_script(target: str, seed: int = 0) -> GradReport:
    """Check what ``SCRIPT.py:NAME`` names.

    Raises
    ------
    UsageError
        The script can't be imported, or holds no such thing, or not all that it needs.
    """
    path, name = read_target(target)
    with imported(path) as script:
        if not hasattr(script, name):
            raise UsageError(f"{path.name}: defines no {name!r}; {candidates(script)}")
        value = getattr(script, name)
        where = f"{path.name}:{name}"
        if is_function(value) and needs_arguments(value):
            return check_gradients(value, given_inputs(script, where), seed=seed)
        model = built(value, where)
        batch = given_batch(script, path.name) or random_batch(model, where, seed)
        loss_fn = getattr(script, "loss_fn", None) or default_loss(batch[-1])
        term = getattr(script, "regularization", None)
        return check_module(model, loss_fn, batch, regularization=term, seed=seed)


# ----------------------------------------------------------------- the script


def read_target(target: str, verb: str = "check", example: str = "model") -> tuple[Path, str]:
    """Split ``SCRIPT.py:NAME``; who left the name out is told what to `verb`, with an example.

    Examples
    --------
    >>> read_target("mlp.py")
    Traceback (most recent call last):
    tinygrad_edu.cli.options.UsageError: mlp.py: say what to check, as in mlp.py:model
    """
    file, colon, name = target.rpartition(":")
    if not colon or not name.isidentifier():
        script = target.rstrip(":")
        raise UsageError(f"{target}: say what to {verb}, as in {script}:{example}")
    path = Path(file)
    if not path.is_file():
        what = "is a directory" if path.is_dir() else "there is no such file"
        raise UsageError(f"{file}: {what}; give a script, as in mlp.py:{example}")
    if path.suffix != ".py":
        raise UsageError(f"{file}: must be a Python script, its name ending in .py")
    return path, name


@contextlib.contextmanager
def imported(path: Path) -> Iterator[ModuleType]:
    """Import a script as a module; its folder is on ``sys.path`` while it is used.

    Afterwards ``sys.path``, ``sys.argv`` and ``sys.modules`` are what they were.
    """
    # Not the bare name: a script called numpy.py must not take the place of NumPy.
    name = f"checked_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path}: can't be imported")
    script = importlib.util.module_from_spec(spec)
    before = sys.path[:], sys.argv
    sys.path.insert(0, str(path.resolve().parent))
    sys.argv = [str(path)]  # ours are not for the script
    sys.modules[name] = script  # dataclasses and pickle look there
    try:
        try:
            spec.loader.exec_module(script)
        except (Exception, SystemExit) as error:
            raise UsageError(f"{path.name}: {told(error, path)}") from error
        yield script
    finally:
        sys.path[:], sys.argv = before
        sys.modules.pop(name, None)


def told(error: BaseException, path: Path) -> str:
    """What stopped a script, and in which of its lines."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"line {error.lineno}: SyntaxError: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f.lineno for f in frames if Path(f.filename).resolve() == path.resolve()]
    at = f"line {lines[-1]}: " if lines else ""
    if isinstance(error, SystemExit):
        return f"{at}the script ends itself on import; put that under if __name__ == '__main__':"
    text = str(error).partition("\n  at ")[0]
    return f"{at}{type(error).__name__}: {text}".rstrip(": ")


def candidates(script: ModuleType) -> str:
    """What in a script could be checked."""
    found = [
        name
        for name, value in vars(script).items()
        if not name.startswith("_")
        and name not in FOR_A_MODEL
        and (
            isinstance(value, Module)
            or (callable(value) and getattr(value, "__module__", None) == script.__name__)
        )
    ]
    return f"it has {', '.join(found)}" if found else "it has no model and no function"


# ----------------------------------------------------------------- what it names


def is_function(value: Any) -> bool:
    """Whether a value is called with data, not a model nor a class of models."""
    return callable(value) and not isinstance(value, (Module, type))


def needs_arguments(function: Any) -> bool:
    """Whether a function takes data: an argument without a default, or any number of them.

    Examples
    --------
    >>> needs_arguments(lambda x: x), needs_arguments(lambda hidden=8: hidden)
    (True, False)
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # of a builtin
        return True
    return any(
        p.kind is p.VAR_POSITIONAL
        or (p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty)
        for p in parameters
    )


def given_inputs(script: ModuleType, where: str) -> list[Any]:
    """The arguments for a function: the script's `inputs`, in which every float is checked."""
    inputs = getattr(script, "inputs", None)
    if inputs is None:
        raise UsageError(
            f"{where}: is a function with arguments; define inputs = [...] in the script to say "
            "with which"
        )
    many = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    if any(is_tensor(x) and x.requires_grad for x in many):
        return many  # the script says which of them are differentiated
    return [differentiable(x) for x in many]


def differentiable(x: Any) -> Any:
    """A Tensor that requires grad, of an array or Tensor of floats; anything else as it is."""
    if is_tensor(x):
        return x.detach().requires_grad_() if x.dtype.kind == "f" else x
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        return tensor(x, requires_grad=True)
    return x


def built(value: Any, where: str) -> Module:
    """The model that a value is, or makes."""
    if isinstance(value, type) and issubclass(value, Module) and needs_arguments(value):
        raise UsageError(
            f"{where}: the class needs arguments; define model = {value.__name__}(...)"
        )
    if callable(value) and not isinstance(value, Module):
        try:
            value = value()
        except Exception as error:
            text = str(error).partition("\n  at ")[0]
            raise UsageError(f"{where}: {type(error).__name__} when called: {text}") from error
        where = f"{where}()"
    if not isinstance(value, Module):
        raise UsageError(
            f"{where}: is {type(value).__name__}, but must be a nn.Module, a function that "
            "returns one, or a function of Tensors"
        )
    return value


# ----------------------------------------------------------------- data


def given_batch(script: ModuleType, file: str) -> tuple[Any, ...] | None:
    """The script's ``batch = (x, y)`` as Tensors; with several inputs, the target comes last."""
    batch = getattr(script, "batch", None)
    if batch is None:
        return None
    if not isinstance(batch, (tuple, list)) or len(batch) < 2:
        raise UsageError(f"{file}: batch must be a pair of inputs and targets, batch = (x, y)")
    return tuple(part if is_tensor(part) else tensor(part) for part in batch)


def random_batch(model: Module, where: str, seed: int) -> tuple[Any, Any]:
    """A few random examples of as many numbers as the model's first Linear takes, and classes."""
    first = next((m for m in model.modules() if isinstance(m, Linear)), None)
    if first is None:
        raise UsageError(f"{where}: the model has no Linear; define batch = (x, y) in the script")
    rng = np.random.default_rng(seed)
    x = tensor(rng.standard_normal((EXAMPLES, first.in_features)), dtype=first.weight.dtype)
    try:
        shape = model(x).shape
    except Exception as error:
        text = str(error).partition("\n  at ")[0]
        raise UsageError(
            f"{where}: the model does not take a batch of shape {tuple(x.shape)} ({text}); define "
            "batch = (x, y) in the script"
        ) from error
    if len(shape) != 2:
        raise UsageError(
            f"{where}: the model's output has shape {tuple(shape)}, not (examples, classes); "
            "define batch = (x, y) and loss_fn in the script"
        )
    return x, tensor(rng.integers(0, shape[1], EXAMPLES))


def default_loss(y: Any) -> Any:
    """The loss that goes with a target: of classes if it is of integers, else of numbers."""
    return functional.cross_entropy if y.dtype.kind in "iu" else functional.mse_loss
