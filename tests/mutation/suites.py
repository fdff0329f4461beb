"""Which tests are to notice the mutants of which files.

A suite names source files and checks: named functions without arguments that raise when something
is wrong. To put other formulas under mutation, add a suite to ``SUITES``.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from .mutants import ROOT


@dataclass(frozen=True)
class Group:
    """Checks of one subject, the most telling first; `probe` runs what they run, once, quickly."""

    name: str
    probe: Callable[[], object]
    checks: tuple[tuple[str, Callable[[], object]], ...]


@dataclass(frozen=True)
class Suite:
    name: str
    title: str  # of its formulas
    folder: str
    files: tuple[Path, ...]
    groups: tuple[Group, ...]


def test_functions(module: ModuleType) -> Iterator[tuple[str, Callable[[], object]]]:
    """The tests of a module without fixtures, one call for each of their parameters."""
    for name, function in vars(module).items():
        if name.startswith("test_"):
            axes = []
            for mark in getattr(function, "pytestmark", []):
                if mark.name == "parametrize":
                    names = mark.args[0]
                    names = [names] if isinstance(names, str) else list(names)
                    names = [n.strip() for part in names for n in part.split(",")]
                    rows = [row if len(names) > 1 else (row,) for row in mark.args[1]]
                    axes.append([dict(zip(names, row, strict=True)) for row in rows])
            for rows in itertools.product(*axes):
                kwargs = {k: v for row in rows for k, v in row.items()}
                if set(inspect.signature(function).parameters) == set(kwargs):
                    label = f"{name}[{'-'.join(map(str, kwargs.values()))}]" if kwargs else name
                    yield label, functools.partial(_quiet, function, kwargs)


def _quiet(function: Callable[..., object], kwargs: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        function(**kwargs)


# The checks of ``tests/ops`` in the order in which they are likely to notice a wrong formula; those
# of values alone come last.
ORDER = (
    "gradient",
    "torch_gradient",
    "second_gradient",
    "float32_kept",
    "read_only",
    "layouts",
    "torch_second_gradient",
    "value",
    "torch_value",
    "on_arrays",
    "torch_dtypes",
    "forms",
    "aliases",
)
# What they check is not in ops/, or is not a matter of values.
EXCLUDED = {"arguments.py", "promotion.py", "__init__.py"}


def ops() -> Suite:
    """The derivative table against the op table and the conventions at the edges."""
    from tests.ops import test_course_losses, test_edges, test_noise, test_normalization
    from tests.ops.checks import CHECKS, Call
    from tests.ops.oracle import ORACLE
    from tests.ops.specs import SPECS

    known = {**CHECKS, **(ORACLE if find_spec("torch") else {})}

    def probe(spec: Any) -> None:
        for sample in spec.samples:
            call = Call(spec, sample)
            if spec.differentiable and spec.twice and call.live:
                call.second()
            Call(spec, sample).gradients()
            sample.call(spec.function, sample.arrays)

    groups = [
        Group(
            spec.id,
            functools.partial(probe, spec),
            tuple((name, functools.partial(known[name], spec)) for name in ORDER if name in known),
        )
        for spec in SPECS
    ]
    for module in (test_edges, test_noise, test_normalization, test_course_losses):
        groups += [Group(name, run, ((name, run),)) for name, run in test_functions(module)]
    folder = ROOT / "tinygrad_edu" / "ops"
    files = tuple(f for f in sorted(folder.rglob("*.py")) if f.name not in EXCLUDED)
    return Suite("ops", "formulas", "tinygrad_edu/ops/", files, tuple(groups))


RULE_FILES = [
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "adaptive",
    "asgd",
    "decay",
    "nadam",
    "pieces",
    "radam",
    "rmsprop",
    "rprop",
    "sgd",
    "sign_sgd",
    "yogi",
]


def optim() -> Suite:
    """The update rules against plain references and the numbers of the lectures."""
    from tests.optim import test_course_adaptive, test_course_descent, trajectories

    groups = []
    for case in trajectories.cases():
        run = functools.partial(_quiet, trajectories.compare, {"case": case})
        groups.append(Group(str(case), run, (("trajectory", run),)))
    for name, check in trajectories.HELPERS.items():
        groups.append(Group(name, check, ((name, check),)))
    for module in (test_course_adaptive, test_course_descent):
        groups += [
            Group(name, run, ((name, run),))
            for name, run in test_functions(module)
            if "vectors" in name
        ]
    folder = "tinygrad_edu/optim/"
    files = tuple(ROOT / folder / f"{name}.py" for name in RULE_FILES)
    return Suite("optim", "update rules", folder, files, tuple(groups))


SUITES: dict[str, Callable[[], Suite]] = {"ops": ops, "optim": optim}
