"""The one device: the CPU. Here so that lessons that name a device run unchanged."""

from __future__ import annotations

from typing import Any

from .errors import located


class DeviceError(RuntimeError, AssertionError):
    """A device was asked for that there is not (PyTorch raises one of these two, by case)."""


class device:  # PyTorch's name
    """Where a tensor is.

    Parameters
    ----------
    type : str or device
        "cpu"; anything else is refused.
    index : int, optional
        Kept, without meaning.

    Examples
    --------
    >>> device("cpu")
    device(type='cpu')
    """

    type: str
    index: int | None

    def __init__(self, type: Any, index: int | None = None) -> None:
        if isinstance(type, device):
            type, index = type.type, type.index
        name, _, number = str(type).partition(":")
        if name != "cpu":
            raise DeviceError(
                located(
                    f"tinygrad_edu computes on the CPU only, there is no device {str(type)!r}; "
                    "write device='cpu', or ask cuda.is_available() first"
                )
            )
        self.type = name
        self.index = int(number) if number else index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type={self.type!r}{index})"


CPU = device("cpu")


def check_device(given: Any) -> None:
    """Raise DeviceError unless `given` is None or the CPU."""
    if given is not None and given is not CPU and given != "cpu":
        device(given)
