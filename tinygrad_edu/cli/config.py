"""Options from a file: TOML or JSON, with the names of the command line; flags come first."""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from .options import UsageError


def fill(
    args: argparse.Namespace,
    command: argparse.ArgumentParser,
    path: str,
    without: Collection[str] = (),
) -> None:
    """Give options that the command line left out (None) the values of a file.

    Parameters
    ----------
    args : Namespace
        Changed in place.
    command : ArgumentParser
        Whose options may stand in the file, with ``-`` or ``_`` in their names.
    path : str
        The file.
    without : collection of str
        Options that may not.

    Raises
    ------
    UsageError
        The file can't be read, a key is unknown, or a value is refused. It names all of these.
    """
    actions = {
        action.dest: action
        for action in command._actions
        if action.option_strings and action.dest not in ("help", "config", *without)
    }
    for key, value in read(path).items():
        name = key.replace("-", "_")
        if name not in actions:
            known = [option.replace("_", "-") for option in actions]
            near = difflib.get_close_matches(key.replace("_", "-"), known, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            raise UsageError(f"{path}: unknown key {key!r}; {hint}")
        chosen = value_of(actions[name], value, f"{path}: {key}")
        if getattr(args, name) is None:
            setattr(args, name, chosen)


def read(path: str) -> Mapping[str, Any]:
    """Read a table of options: TOML from a ``.toml`` file, JSON from any other."""
    try:
        text = Path(path).read_text(encoding="utf-8")
        table = _toml(text, path) if path.lower().endswith(".toml") else json.loads(text)
    except OSError as error:
        raise UsageError(f"--config {path}: can't be read ({error.strerror})") from error
    except ValueError as error:  # not UTF-8, not TOML, not JSON, or a null character in the path
        raise UsageError(f"--config {path}: can't be read ({error})") from error
    if not isinstance(table, dict):
        raise UsageError(f"--config {path}: holds a {type(table).__name__}, not a table of options")
    return table


def _toml(text: str, path: str) -> Any:
    if sys.version_info < (3, 11):
        raise UsageError(f"--config {path}: TOML needs Python 3.11 or newer; write it as JSON")
    import tomllib

    return tomllib.loads(text)


def value_of(action: argparse.Action, value: Any, where: str) -> Any:
    """Read a value as the command line would."""
    if value is None:
        return None
    several = action.nargs == "+"
    items = value if several and isinstance(value, list) else [value]
    if not items:
        raise UsageError(f"{where}: is empty; leave it out")
    chosen = [_one(action, item, where) for item in items]
    return chosen if several else chosen[0]


def _one(action: argparse.Action, value: Any, where: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        kind = "several values" if isinstance(value, list) else f"a {type(value).__name__}"
        raise UsageError(f"{where}: {kind}; must be a string or a number")
    try:
        chosen: Any = action.type(str(value)) if callable(action.type) else str(value)
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"{where}: {error}") from error
    if action.choices is not None and chosen not in action.choices:
        known = ", ".join(map(str, action.choices))
        raise UsageError(f"{where}: {value!r}: must be one of {known}")
    return chosen
