"""``.npz``: a zip of NumPy's ``.npy`` arrays, without pickle."""

from __future__ import annotations

import io
import math
import zipfile
from typing import IO, Any

import numpy as np

from .refusals import DTYPES, FileFormatError
from .tree import JSON_NAME, put_together, taken_apart

_SUFFIX = ".npy"


def write(obj: Any, file: IO[bytes]) -> None:
    """Write plain data; the same data always give the same bytes."""
    arrays, text = taken_apart(obj)
    with zipfile.ZipFile(file, "w") as archive:
        if text is not None:
            archive.writestr(member(JSON_NAME), text)
        for name, array in arrays.items():
            # An array may be larger than the 2 GB that a zip member has without force_zip64.
            with archive.open(member(name + _SUFFIX), "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)


def member(name: str) -> zipfile.ZipInfo:
    """A zip member without the time of day."""
    return zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))


def read(content: bytes) -> Any:
    """Read an archive of arrays; without our JSON in it, it is a dict of them."""
    arrays = {}
    text = None
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            if name == JSON_NAME:
                text = archive.read(name).decode()
            elif name.endswith(_SUFFIX):
                key = name[: -len(_SUFFIX)]
                arrays[key] = _array(archive.read(name), key)
            else:
                raise FileFormatError(f"is a zip file, but no .npz: {name!r} is not an array")
    return put_together(arrays, text)


def _array(content: bytes, name: str) -> np.ndarray:
    """One ``.npy`` array, after a look at its header: it may ask for pickle, or for terabytes."""
    stream = io.BytesIO(content)
    form = np.lib.format
    version = form.read_magic(stream)
    header = form.read_array_header_1_0 if version == (1, 0) else form.read_array_header_2_0
    shape, _, dtype = header(stream)
    if dtype.hasobject:
        raise FileFormatError(
            f"{name!r} holds Python objects, which need pickle (unsafe, so not read); store numbers"
        )
    if dtype.name not in DTYPES:
        raise FileFormatError(f"{name!r} holds {dtype}, not real numbers; store e.g. float32")
    if len(content) - stream.tell() != math.prod(shape) * dtype.itemsize:
        raise FileFormatError(f"{name!r} does not hold {shape} numbers: the file is damaged")
    stream.seek(0)
    array = form.read_array(stream, allow_pickle=False)
    return np.asarray(array, dtype=dtype.newbyteorder("="), order="C")
