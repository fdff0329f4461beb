"""The page of a run: where it was measured, and all tables."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from .contestants import LIBRARIES
from .process import cores
from .table import Section, markdown


def processor() -> str:
    """The name of the CPU."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def blas() -> str:
    """The library that multiplies NumPy's matrices."""
    found = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{found.get('name', 'unknown')} {found.get('version', '')}".strip()


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
