"""``.safetensors``: Hugging Face's format, through the `safetensors` package (an extra)."""

from __future__ import annotations

import json
from typing import IO, Any

import numpy as np

from .refusals import FileFormatError
from .tree import JSON_NAME, put_together, taken_apart

# The format's names of the dtypes that NumPy has.
_DTYPES = {
    "BOOL": np.bool_,
    "F16": np.float16,
    "F32": np.float32,
    "F64": np.float64,
    "I8": np.int8,
    "I16": np.int16,
    "I32": np.int32,
    "I64": np.int64,
    "U8": np.uint8,
    "U16": np.uint16,
    "U32": np.uint32,
    "U64": np.uint64,
}


def _library() -> Any:
    """The package, or an error that names the extra."""
    try:
        import safetensors.numpy as library
    except ImportError as error:
        raise ImportError(
            '.safetensors files need safetensors: python -m pip install "tinygrad-edu[safetensors]"'
        ) from error
    return library


def write(obj: Any, file: IO[bytes]) -> None:
    """Write plain data; what is no array goes into the file's own metadata."""
    arrays, text = taken_apart(obj)
    file.write(_library().save(arrays, None if text is None else {JSON_NAME: text}))


def read(content: bytes) -> Any:
    """Read the tensors of a file, and the plain data around them if it has any."""
    _library()
    from safetensors import deserialize

    length = int.from_bytes(content[:8], "little")
    arrays = {name: _array(name, entry) for name, entry in deserialize(content)}
    metadata = json.loads(content[8 : 8 + length]).get("__metadata__", {})
    return put_together(arrays, metadata.get(JSON_NAME))


def _array(name: str, entry: dict[str, Any]) -> np.ndarray:
    if entry["dtype"] not in _DTYPES:
        raise FileFormatError(
            f"{name!r} is {entry['dtype']}, which NumPy does not have; in PyTorch, save it as "
            "float32: {k: v.float() for k, v in state.items()}"
        )
    dtype = np.dtype(_DTYPES[entry["dtype"]]).newbyteorder("<")
    array = np.frombuffer(entry["data"], dtype).reshape(entry["shape"])
    return np.array(array, dtype.newbyteorder("="))
