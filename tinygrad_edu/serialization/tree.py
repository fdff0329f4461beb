"""Nested plain data taken apart: the arrays under names, and all else as JSON.

A dict of nothing but arrays needs no JSON: its keys are the names, so that any other program finds
in the file what it expects. In the JSON, an object with a single key that begins with ``$`` stands
for what JSON has not: ``{"$tensor": name}``, ``{"$tuple": [...]}``, ``{"$dict": [[key, value],
...]}`` (keys that are no strings), ``{"$Counter": [...]}``, ``{"$float": "nan"}``.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

import numpy as np

from ..engine import box
from .refusals import FileFormatError, checked_array, is_array, refused

# The name of the JSON in a file. No array is called so: names get an ending in .npz.
JSON_NAME = "tinygrad_edu.json"


def taken_apart(obj: Any) -> tuple[dict[str, np.ndarray], str | None]:
    """The arrays in plain data by name, and the rest as JSON (None for a flat dict of arrays).

    Raises
    ------
    TypeError
        Something in it is neither an array nor plain data.
    """
    if isinstance(obj, dict) and all(_is_name(k) and is_array(v) for k, v in obj.items()):
        return {k: checked_array(v, k) for k, v in obj.items()}, None
    arrays: dict[str, np.ndarray] = {}
    try:
        return arrays, json.dumps(_plain(obj, "", arrays), allow_nan=False)
    except RecursionError as error:
        raise ValueError("save: the data contain themselves, or are nested too deep") from error


def put_together(arrays: dict[str, np.ndarray], text: str | None) -> Any:
    """The inverse of `taken_apart`, with Tensors for arrays."""
    tensors = {name: box(array) for name, array in arrays.items()}
    return tensors if text is None else _value(json.loads(text), tensors)


def _is_name(key: Any) -> bool:
    """Whether a key can name an array in every format."""
    # Zip cuts a name at a null character, and on Windows turns a backslash into a slash.
    return isinstance(key, str) and key.isprintable() and "\\" not in key and key != "__metadata__"


def _plain(value: Any, where: str, arrays: dict[str, np.ndarray]) -> Any:
    """A value as JSON has it; the arrays in it are entered in `arrays`."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": repr(value)}
    if is_array(value):
        name = where if where and _is_name(where) else "tensor"
        while name in arrays:
            name += "_"
        arrays[name] = checked_array(value, where)
        return {"$tensor": name}
    if type(value) is tuple or isinstance(value, list):
        items = [_plain(v, below(where, i), arrays) for i, v in enumerate(value)]
        return {"$tuple": items} if type(value) is tuple else items
    if not isinstance(value, dict):
        raise refused(value, where)
    named = {k: _plain(v, below(where, k), arrays) for k, v in value.items()}
    is_counter = isinstance(value, Counter)
    if not is_counter and all(isinstance(k, str) and k[:1] != "$" for k in named):
        return named
    pairs = [[_plain(k, below(where, "key"), arrays), v] for k, v in named.items()]
    return {"$Counter" if is_counter else "$dict": pairs}


def below(where: str, key: Any) -> str:
    """The path to an item of what stands at `where`."""
    return f"{where}.{key}" if where else str(key)


def _value(plain: Any, tensors: dict[str, Any]) -> Any:
    """What a part of the JSON stands for."""
    if isinstance(plain, list):
        return [_value(p, tensors) for p in plain]
    if not isinstance(plain, dict):
        return plain
    tag = next(iter(plain), "")
    if not tag.startswith("$"):
        return {k: _value(p, tensors) for k, p in plain.items()}
    content = plain[tag]
    if tag == "$tensor":
        return tensors[content]
    if tag == "$float":
        return float(content)
    items = [_value(p, tensors) for p in content]
    if tag == "$tuple":
        return tuple(items)
    if tag in ("$dict", "$Counter"):
        return dict(items) if tag == "$dict" else Counter(dict(items))
    raise FileFormatError(f"was written by a newer version: {tag} is unknown to this one")
