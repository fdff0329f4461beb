"""The page of a run: where it was measured, and all tables."""

from __future__ import annotations

import ctypes
import os
import platform
import tempfile
import time
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from itertools import product
from pathlib import Path

import numpy as np

from .contestants import LIBRARIES
from .process import cores
from .table import Section, markdown

CPUINFO, MAPS = Path("/proc/cpuinfo"), Path("/proc/self/maps")


def processor() -> str:
    """The name of the CPU."""
    lines = _read(CPUINFO).splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def blas() -> str:
    """The library that multiplies NumPy's matrices, and for which processor it does so.

    OpenBLAS chooses its kernels by the processor's name. One that is newer than the library gets
    those of an older kind, unless OPENBLAS_CORETYPE names a better one.
    """
    found = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    name = f"{found.get('name', 'unknown')} {found.get('version', '')}".strip()
    kernels = _kernels()
    if not kernels:
        return name
    told = os.environ.get("OPENBLAS_CORETYPE")
    chosen = f"OPENBLAS_CORETYPE={told}" if told else "chosen by itself"
    text = f"{name}, kernels for {kernels} ({chosen})"
    if "avx512f" in _read(CPUINFO) and kernels in ("Haswell", "Zen"):
        text += "; they leave this processor's AVX-512 unused"
    return text


def _kernels() -> str:
    """What the OpenBLAS in this process calls the processor; nothing if it can't be asked."""
    paths = {line.split()[-1] for line in _read(MAPS).splitlines() if "openblas" in line}
    for path in sorted(paths):
        library = ctypes.CDLL(path)
        for prefix, suffix in product(("scipy_openblas", "openblas"), ("64_", "")):
            ask = getattr(library, f"{prefix}_get_corename{suffix}", None)
            if ask is not None:
                ask.restype = ctypes.c_char_p
                return (ask() or b"").decode()
    return ""


def _read(path: Path) -> str:
    """A text of the system's; empty on another system."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def versions() -> str:
    found = []
    for name in ("tinygrad-edu", "numpy", *LIBRARIES):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    return ", ".join(found)


def machine(threads: int) -> dict[str, str]:
    """What a reader must know to compare."""
    facts = {
        "processor": processor(),
        "cores": str(len(cores())),
        "threads": str(threads),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "libraries": versions(),
        "BLAS": blas(),
        "date": time.strftime("%Y-%m-%d %H:%M"),
    }
    if hasattr(os, "getloadavg"):
        # A machine that was busy before tells why numbers are high.
        facts["load before"] = f"{os.getloadavg()[0]:.1f}"
    return facts


def page(sections: Iterable[Section], facts: dict[str, str], command: str) -> str:
    """All of it as Markdown."""
    head = ["# Benchmarks", "", f"`{command}`", ""]
    head += [f"- {name}: {value}" for name, value in facts.items()]
    return "\n".join([*head, "", "\n".join(map(markdown, sections))])


def write(path: Path, text: str) -> None:
    """All or nothing: an old page stays until the new one is complete."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
