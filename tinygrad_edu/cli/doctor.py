"""``tinygrad-edu doctor``: what is installed, what is missing and how to get it, and who draws."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from .options import DONE

GOOD, MISSING, BROKEN = "ok", "missing", "broken"
TIMEOUT = 10.0  # seconds for a program to say its version

# Each extra: the distributions it brings, and what it is for.
EXTRAS = {
    "plot": (("matplotlib",), "pictures of training, races and sweeps; PNG and PDF of graphs"),
    "progress": (("tqdm",), "a progress bar instead of a line"),
    "graphviz": (("pygraphviz",), "Graphviz layouts without the program dot"),
    "safetensors": (("safetensors",), "weights as .safetensors"),
    "mpi": (("mpi4py",), "data-parallel training, sweeps over MPI"),
    "dask": (("distributed",), "sweeps on a Dask cluster"),
    "notebook": (("ipython", "jupyter"), "Jupyter notebooks"),
    "docs": (("Sphinx", "MyST-NB", "furo"), "building the documentation"),
    "test": (("pytest", "hypothesis", "pytest-randomly", "pytest-xdist"), "running the tests"),
    "browser": (("playwright",), "testing the player in a browser"),
    "bench": (("torch", "jax", "mygrad", "autograd"), "comparing the speed with other libraries"),
    "lint": (("ruff", "mypy"), "checking the style and the types"),
}


def add_doctor(commands: Any) -> None:
    """Add the parser of ``doctor``."""
    command = commands.add_parser(
        "doctor",
        help="tell what is installed, what is missing, and how to get it",
        description=(
            "Tell what is installed, which extras are missing and the command that gets each, "
            "which engine draws graphs, and whether the bundled data can be read. Nothing is "
            "changed, and nothing that is missing makes this command fail."
        ),
        allow_abbrev=False,
    )
    command.set_defaults(run=run_doctor)
    command.add_argument("--json", action="store_true", help="as JSON, to send along with a report")


def run_doctor(args: argparse.Namespace) -> int:
    """Examine this installation, and tell what was found."""
    found = examine()
    print(json.dumps(found, indent=2) if args.json else as_text(found))
    return DONE


def examine() -> dict[str, Any]:
    """Everything that the command tells, as plain data.

    Examples
    --------
    >>> sorted(examine())
    ['blas', 'data', 'drawing', 'extras', 'packages', 'programs', 'system']
    """
    return {
        "system": {
            "tinygrad-edu": __version__,
            "python": platform.python_version(),
            "executable": sys.executable,
            "platform": platform.platform(),
            "processors": os.cpu_count(),
        },
        "packages": {name: version(name) for name in ("numpy", "graphviz")},
        "blas": blas(),
        "programs": {"dot": program("dot", "-V"), "mpiexec": program("mpiexec", "--version")},
        "extras": {name: extra(name) for name in EXTRAS},
        "drawing": {kind: drawing(kind) for kind in ("svg", "png", "pdf")},
        "data": {name: data_set(name) for name in ("digits", "mnist5k")},
    }


def version(distribution: str) -> str | None:
    """The version of an installed distribution; None if there is none.

    Examples
    --------
    >>> version("numpy") == np.__version__
    True
    """
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def extra(name: str) -> dict[str, Any]:
    """What an extra of ours has brought, and the command that brings the rest."""
    distributions, purpose = EXTRAS[name]
    versions = {distribution: version(distribution) for distribution in distributions}
    missing = [distribution for distribution, found in versions.items() if found is None]
    # Not imported: that takes seconds, and may start things.
    entry = {"status": MISSING if missing else GOOD, "for": purpose, "packages": versions}
    return {**entry, "install": install(name)} if missing else entry


def install(name: str) -> str:
    """The command that installs an extra for this Python."""
    short = Path(sys.executable).name or "python"
    # Another Python may come first on the PATH, when a virtual environment is not activated.
    python = short if shutil.which(short) == sys.executable else sys.executable
    return f'{shlex.quote(python)} -m pip install "tinygrad-edu[{name}]"'


def blas() -> dict[str, Any]:
    """Who multiplies matrices for NumPy, and the limits of its threads that are set."""
    try:
        config: Any = np.show_config(mode="dicts")
        found = config["Build Dependencies"]["blas"]
        about = {"name": str(found["name"]), "version": str(found["version"])}
    # A NumPy that was built in another way may tell less, or nothing.
    except Exception as error:
        about = {"name": "unknown", "version": f"{type(error).__name__}: {error}"}
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    return {**about, "threads": {n: os.environ[n] for n in names if n in os.environ}}


def program(name: str, option: str) -> dict[str, Any]:
    """Where a program is, and what it says of its version."""
    beside = Path(sys.executable).with_name(name)
    path = shutil.which(name) or (str(beside) if beside.exists() else None)
    if path is None:
        return {"status": MISSING}
    try:
        done = subprocess.run(
            [path, option], capture_output=True, text=True, errors="replace", timeout=TIMEOUT
        )
    except (OSError, subprocess.SubprocessError) as error:
        return {"status": BROKEN, "path": path, "reason": one_line(error)}
    lines = (done.stdout + done.stderr).splitlines()
    # MPICH has a line without a number before that of its version.
    said = next((line for line in lines if any(map(str.isdigit, line))), "says no version")
    status = GOOD if done.returncode == 0 else BROKEN
    return {"status": status, "path": path, "version": " ".join(said.split())}


def drawing(kind: str) -> dict[str, Any]:
    """Draw a small graph, and tell who drew it and why those before did not."""
    try:
        from .. import viz
        from ..creation import tensor

        x = tensor([1.0, 2.0], requires_grad=True)
        with tempfile.TemporaryDirectory() as folder:
            done = viz.save((x * x).sum(), Path(folder) / f"graph.{kind}")
    # Whatever is wrong with an engine here is what the command is asked for.
    except Exception as error:
        return {"status": BROKEN, "reason": one_line(error)}
    return {"status": GOOD, "engine": done.engine, "skipped": list(done.skipped)}


def data_set(name: str) -> dict[str, Any]:
    """Read a bundled data set."""
    try:
        from ..data import load

        splits = load(name)
    # A file that is damaged or gone is what the command is asked for.
    except Exception as error:
        return {"status": BROKEN, "reason": one_line(error)}
    sizes = (len(splits.y_train), len(splits.y_val), len(splits.y_test))
    return {"status": GOOD, "images": sum(sizes)}


def one_line(error: Exception) -> str:
    """What went wrong, without line breaks."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


# --------------------------------------------------------------------------- what is printed


def as_text(found: dict[str, Any]) -> str:
    """The findings for people.

    Examples
    --------
    >>> print(as_text(examine()))
    tinygrad-edu ... on Python ...
    ...
    """
    system = found["system"]
    lines = [
        f"tinygrad-edu {system['tinygrad-edu']} on Python {system['python']}",
        row("python", system["executable"]),
        row("platform", f"{system['platform']}, {system['processors']} processors"),
        *(row(name, text or MISSING) for name, text in found["packages"].items()),
        row("BLAS", blas_text(found["blas"])),
        *(row(name, program_text(about)) for name, about in found["programs"].items()),
        "",
        "drawing",
    ]
    for kind, about in found["drawing"].items():
        lines.append(row(kind, about.get("reason") or f"drawn by {about['engine']}"))
        lines += [row("", f"not by {text}") for text in about.get("skipped", [])]
    lines += ["", "bundled data"]
    for name, about in found["data"].items():
        lines.append(row(name, about.get("reason") or f"{about['images']} images"))
    lines += ["", "extras"]
    for name, about in found["extras"].items():
        have = [f"{n} {v}" for n, v in about["packages"].items() if v]
        lack = [n for n, v in about["packages"].items() if not v]
        text = ", ".join([*have, *(f"no {n}" for n in lack)])
        lines.append(row(name, f"{text} ({about['for']})"))
        if lack:
            lines.append(row("", about["install"]))
    return "\n".join(lines)


def row(name: str, text: str) -> str:
    """A line of the report."""
    return f"  {name:<12}{text}"


def blas_text(about: dict[str, Any]) -> str:
    """BLAS in one line."""
    limits = ", ".join(f"{name}={value}" for name, value in about["threads"].items())
    return f"{about['name']} {about['version']}" + (f" ({limits})" if limits else "")


def program_text(about: dict[str, Any]) -> str:
    """A program in one line."""
    if about["status"] == MISSING:
        return "not found (none is needed)"
    return f"{about['path']}: {about.get('version') or about['reason']}"
