"""``.pt``: PyTorch's zip files, read and written without PyTorch and without running anything.

Such a file holds, in one folder, ``data.pkl`` (a pickle of the data, where each tensor is a call of
``torch._utils._rebuild_tensor_v2`` on a numbered storage) and the storages, ``data/0``, ``data/1``.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import struct
import sys
import zipfile
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from ..creation import leaf
from ..engine import is_tensor
from ..errors import DTypeError, located
from .npz import member
from .refusals import DAMAGED, FileFormatError, checked_array, is_array, refused
from .tree import below

_STORAGES = {
    "float64": "DoubleStorage",
    "float32": "FloatStorage",
    "float16": "HalfStorage",
    "int64": "LongStorage",
    "int32": "IntStorage",
    "int16": "ShortStorage",
    "int8": "CharStorage",
    "uint8": "ByteStorage",
    "bool": "BoolStorage",
}
_DTYPES = {storage: dtype for dtype, storage in _STORAGES.items()}
_PICKLE = "/data.pkl"


def is_torch_file(content: bytes) -> bool:
    """Whether a zip file is one of PyTorch's."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return any(name.count("/") == 1 and name.endswith(_PICKLE) for name in archive.namelist())


# ------------------------------------------------------------------------------------- reading


def read(content: bytes) -> Any:
    """Read the tensors and plain data of a file that `torch.save` wrote."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        folder = next(n for n in names if n.endswith(_PICKLE))[: -len(_PICKLE)]
        order = f"{folder}/byteorder"
        if order in names and archive.read(order) == b"big":
            raise FileFormatError("was written on a big-endian machine; save it again on another")
        data = archive.read(folder + _PICKLE)
        _check_memo(data)
        return _Unpickler(io.BytesIO(data), archive, folder).load()


def _check_memo(data: bytes) -> None:
    """Refuse a pickle that numbers an object higher than it can have objects.

    Python's unpickler makes a list as long as the highest number: a few bytes would fill memory.
    """
    for opcode, number, _ in pickletools.genops(data):
        if opcode.name in ("PUT", "LONG_BINPUT") and (number or 0) > len(data):
            raise FileFormatError(DAMAGED)


class _Call:
    """A function that a pickle may call, but not change: a pickle can set attributes."""

    __slots__ = ("function",)
    function: Callable[..., Any]

    def __init__(self, function: Callable[..., Any]) -> None:
        object.__setattr__(self, "function", function)

    def __setattr__(self, name: str, value: Any) -> None:
        raise FileFormatError(f"its pickle tries to change {self.function.__name__}")

    def __call__(self, *args: Any) -> Any:
        return self.function(*args)


class _Unpickler(pickle.Unpickler):
    """Knows tensors and plain data, and refuses every other name."""

    def __init__(self, file: IO[bytes], archive: zipfile.ZipFile, folder: str) -> None:
        super().__init__(file)
        self.archive, self.folder = archive, folder
        self.storages: dict[str, np.ndarray] = {}

    def find_class(self, module: str, name: str) -> Any:
        """What a name in the pickle stands for."""
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        known = _KNOWN.get((module, name))
        if known is None:
            raise FileFormatError(_unknown(module, name))
        return _Call(known)

    def persistent_load(self, pid: Any) -> np.ndarray:
        """The numbers of a storage, read when its first tensor needs them."""
        kind, dtype, key, _, length = pid
        if kind != "storage" or not isinstance(dtype, str):
            raise FileFormatError(DAMAGED)
        if key not in self.storages:
            name = f"{self.folder}/data/{key}"
            size = length * np.dtype(dtype).itemsize
            if self.archive.getinfo(name).file_size != size:
                raise FileFormatError(f"storage {key} does not hold {length} numbers: {DAMAGED}")
            content = bytearray(self.archive.read(name))  # tensors can be written to, bytes not
            self.storages[key] = np.frombuffer(content, np.dtype(dtype).newbyteorder("<"))
        return self.storages[key]


def _tensor(
    storage: np.ndarray, offset: int, size: tuple, stride: tuple, grad: bool = False, *_: Any
) -> Any:
    """A tensor on a storage; several share one, as in PyTorch."""
    item = storage.itemsize
    strides = tuple(item * s for s in stride)
    # NumPy checks that all of it lies within the storage.
    array = np.ndarray(tuple(size), storage.dtype, storage, item * offset, strides)
    return leaf(array.view(storage.dtype.newbyteorder("=")), bool(grad))


def _parameter(data: Any, requires_grad: bool = True, *_: Any) -> Any:
    return leaf(data.numpy(force=True), bool(requires_grad))


_KNOWN: dict[tuple[str, str], Callable[..., Any]] = {
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch", "Size"): tuple,
    ("collections", "OrderedDict"): OrderedDict,
    ("collections", "Counter"): Counter,
}


def _unknown(module: str, name: str) -> str:
    """Why a file with this name in it is refused, and what to do."""
    if module == "torch" and name == "BFloat16Storage":
        return (
            "holds bfloat16, which NumPy does not have; in PyTorch, save it as float32: "
            "{k: v.float() for k, v in state.items()}"
        )
    if module == "torch" and name.endswith("Storage"):
        return f"holds a torch.{name}, which NumPy does not have; in PyTorch, save it as float32"
    if module == "torch._utils":
        return (
            f"holds a tensor that is not a plain dense one ({name}: sparse, quantized, uint16 or "
            "the like); in PyTorch, save a dense float32 one"
        )
    return (
        f"holds {module}.{name}, not only tensors and plain data, and to read that could run any "
        "code; in PyTorch, save model.state_dict() instead"
    )


# ------------------------------------------------------------------------------------- writing


def write(obj: Any, file: IO[bytes]) -> None:
    """Write plain data as `torch.save` would; the same data always give the same bytes."""
    arrays: list[np.ndarray] = []
    try:
        data = b"\x80\x02" + _pickled(obj, "", arrays) + b"."
    except RecursionError as error:
        raise ValueError("save: the data contain themselves, or are nested too deep") from error
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(member("archive" + _PICKLE), data)
        archive.writestr(member("archive/byteorder"), sys.byteorder)
        for i, array in enumerate(arrays):
            with archive.open(member(f"archive/data/{i}"), "w", force_zip64=True) as entry:
                entry.write(array.tobytes())
        archive.writestr(member("archive/version"), "3\n")


def _pickled(value: Any, where: str, arrays: list[np.ndarray]) -> bytes:
    """Plain data as pickle opcodes (protocol 2); the arrays in it are added to `arrays`.

    Python's own pickler can't write the name of a PyTorch function without PyTorch.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if is_array(value):
        return _pickled_tensor(value, where, arrays)
    if value is None:
        return b"N"
    if isinstance(value, bool):
        return b"\x88" if value else b"\x89"
    if isinstance(value, int):
        return _pickled_int(int(value))
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode("utf-8", "surrogatepass")
        return b"X" + struct.pack("<I", len(text)) + text
    if type(value) is tuple or isinstance(value, list):
        items = b"".join(_pickled(v, below(where, i), arrays) for i, v in enumerate(value))
        return b"(" + items + b"t" if type(value) is tuple else b"](" + items + b"e"
    if not isinstance(value, dict):
        raise refused(value, where)
    pairs = b"".join(
        _pickled(k, below(where, "key"), arrays) + _pickled(v, below(where, k), arrays)
        for k, v in value.items()
    )
    content = b"}(" + pairs + b"u"
    if isinstance(value, Counter):
        return b"ccollections\nCounter\n" + content + b"\x85R"
    return content


def _pickled_int(value: int) -> bytes:
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    long = pickle.encode_long(value)
    if len(long) < 256:
        return b"\x8a" + bytes([len(long)]) + long
    return b"\x8b" + struct.pack("<i", len(long)) + long


def _pickled_tensor(value: Any, where: str, arrays: list[np.ndarray]) -> bytes:
    """The call that makes a contiguous tensor of a new storage."""
    array = checked_array(value, where)
    if array.dtype.name not in _STORAGES:
        raise DTypeError(
            located(f"save: {where or 'the array'} is {array.dtype}, which .pt has not; use .npz")
        )
    key = str(len(arrays))
    arrays.append(array)
    strides = tuple(s // array.itemsize for s in array.strides)
    storage = b"(" + _pickled("storage", "", [])
    storage += f"ctorch\n{_STORAGES[array.dtype.name]}\n".encode()
    storage += b"".join(_pickled(v, "", []) for v in (key, "cpu", array.size)) + b"tQ"
    grad = is_tensor(value) and bool(value.requires_grad)
    rest = b"".join(_pickled(v, "", []) for v in (0, array.shape, strides, grad))
    call = b"ctorch._utils\n_rebuild_tensor_v2\n"
    return call + b"(" + storage + rest + b"ccollections\nOrderedDict\n)R" + b"tR"
