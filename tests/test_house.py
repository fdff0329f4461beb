"""The house stays the way it was drawn: arrows point down, files stay short, the top level tidy."""

import ast
import configparser
import io
import os
import re
import subprocess
import tokenize
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "tinygrad_edu"

# Who may import whom: a module may import modules of its own rank or below. A new file or folder
# directly under tinygrad_edu/ is added here, at the lowest rank that its own imports allow.
RANKS = {
    "errors": 0,
    "holders": 0,
    "quiet": 0,
    "signatures": 0,
    "cuda": 0,
    "device": 0,
    "engine": 1,
    "dtypes": 2,
    "folding": 2,
    "gradients": 2,
    "printing": 2,
    "random": 2,
    "ops": 3,
    "info": 3,
    "linalg": 4,
    "creation": 4,
    "inplace": 4,
    "sampling": 4,
    "ranges": 4,
    "numpy_protocol": 4,
    "methods": 5,
    "serialization": 5,
    "tensor": 5,
    "data": 5,
    "utils": 5,
    "gradcheck": 6,
    "nn": 6,
    "autograd": 7,
    "optim": 7,
    "viz": 7,
    "lab": 8,
    "training": 8,
    "__init__": 9,
    "cli": 10,
    "__main__": 11,
}

# Imports that may point up, "importer -> imported": why.
MAY_POINT_UP: dict[str, str] = {}

MAX_FILE_LINES = 400
# Files that may be longer: why.
MAY_BE_LONG: dict[str, str] = {}

MAX_ENGINE_LINES = 350

TOP_LEVEL = {
    "setup.cfg",
    "README.md",
    "tinygrad_edu",
    "tests",
    "examples",
    "docs",
    "pyproject.toml",
    "LICENSE",
    "ruff.toml",
    ".ci",
    ".gitignore",
}


def sources(folder: str = "") -> list[Path]:
    files = sorted((ROOT / PACKAGE / folder).rglob("*.py"))
    assert files, f"no Python file in {PACKAGE}/{folder}"
    return files


def repository_files() -> list[str]:
    """Return the files git tracks or would track: everything that it does not ignore."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "-z"]
    try:
        out = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [name for name in out.split("\0") if name and (ROOT / name).is_file()]


# ------------------------------------------------------------------------------- imports


class Import(NamedTuple):
    source: str
    target: str
    line: int

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}"


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def read_imports(modules: dict[str, Path]) -> list[Import]:
    """Return every import of one module of the package by another.

    Every statement counts: under `if TYPE_CHECKING`, inside a function, inside a class. A name that
    is no module (`from .ops import add`) is an import of the package that defines it. Importing
    `ops.reduce` from outside `ops` also runs `ops/__init__.py`, and so is an import of both.
    """
    found = []
    for source, file in modules.items():
        package = source if file.name == "__init__.py" else source.rpartition(".")[0]
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                targets = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                here = package.split(".")[: -node.level + 1 or None] if node.level else []
                base = ".".join([*here, *filter(None, [node.module])])
                names = [f"{base}.{alias.name}" for alias in node.names]
                targets = [name if name in modules else base for name in names]
            else:
                continue
            for target in targets:
                if target.split(".")[0] != PACKAGE:
                    continue
                assert target in modules, f"{file}:{node.lineno}: there is no module {target}"
                found.append(Import(source, target, node.lineno))
                while "." in (target := target.rpartition(".")[0]):
                    if not f"{source}.".startswith(f"{target}."):
                        found.append(Import(source, target, node.lineno))
    return found


@cache
def house() -> tuple[dict[str, Path], list[Import]]:
    modules = {module_name(file): file for file in sources()}
    return modules, read_imports(modules)


def rank(module: str) -> int:
    room = module.split(".")[1] if "." in module else "__init__"
    assert room in RANKS, f"{module}: add {room!r} to RANKS in tests/test_house.py"
    return RANKS[room]


def find_circle(imports: list[Import]) -> list[str]:
    """Return the modules of an import circle, the first repeated at the end, or an empty list."""
    below: dict[str, list[str]] = {}
    for source, target, _ in imports:
        below.setdefault(source, []).append(target)
    finished: set[str] = set()

    def visit(module: str, path: list[str]) -> list[str]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module not in finished:
            for target in below.get(module, []):
                if circle := visit(target, [*path, module]):
                    return circle
            finished.add(module)
        return []

    return next(filter(None, (visit(module, []) for module in below)), [])


def test_every_module_has_a_rank():
    for module in house()[0]:
        rank(module)


def test_every_folder_is_a_package():
    """Without an `__init__.py` it would be missing from a wheel."""
    missing = {file.parent for file in sources() if not (file.parent / "__init__.py").exists()}
    assert not missing


def test_imports_point_down():
    up = [i for i in house()[1] if rank(i.target) > rank(i.source) and str(i) not in MAY_POINT_UP]
    assert not up, "imports that point up:\n" + "\n".join(f"{i}, line {i.line}" for i in up)


def test_no_import_circle():
    circle = find_circle([i for i in house()[1] if str(i) not in MAY_POINT_UP])
    assert not circle, "import circle: " + " -> ".join(circle)


def test_upward_imports_still_exist():
    assert not MAY_POINT_UP.keys() - set(map(str, house()[1])), "remove these from MAY_POINT_UP"


@pytest.mark.parametrize(
    ("files", "circle"),
    [
        ({"a.py": "from . import b", "b.py": ""}, []),
        ({"a.py": "from . import b", "b.py": "from .a import x"}, ["a", "b"]),
        ({"a.py": "import tinygrad_edu.b", "b.py": "def f():\n    from . import a"}, ["a", "b"]),
        # A face imports what it shows; a module below it that imports from it closes a circle.
        ({"p/__init__.py": "from .q import x", "p/q.py": ""}, []),
        ({"p/__init__.py": "from .q import x", "p/q.py": "from . import y"}, ["p", "p.q"]),
        # Importing p.r runs p/__init__.py, which needs a.
        (
            {"a.py": "from .p import r", "p/__init__.py": "from ..a import x", "p/r.py": ""},
            ["a", "p"],
        ),
    ],
)
def test_circles_are_found(tmp_path, monkeypatch, files, circle):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    for name, text in {"__init__.py": "", **files}.items():
        file = tmp_path / PACKAGE / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    found = find_circle(read_imports({module_name(file): file for file in sources()}))
    assert sorted(set(found)) == [f"{PACKAGE}.{name}" for name in circle]


# ------------------------------------------------------------------------------- lengths


def code_lines(source: str) -> int:
    """Count the lines of code: those that are not blank, nor all comment, nor docstring."""
    layout = {
        tokenize.ENCODING,
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in layout:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                lines.difference_update(range(node.lineno, node.end_lineno + 1))
    return len(lines)


def test_code_lines_are_counted():
    source = '"""Module."""\n\nx = 1  # one\n# a comment\ny = """a\n\nb"""\n\n\n'
    source += 'def f(\n    x,\n):\n    """Do.\n\n    More.\n    """\n    return x\n'
    assert code_lines(source) == 1 + 3 + 3 + 1


def test_engine_is_short():
    counts = {file.name: code_lines(file.read_text(encoding="utf-8")) for file in sources("engine")}
    assert sum(counts.values()) < MAX_ENGINE_LINES, counts


def test_files_are_short():
    lengths = {
        file.relative_to(ROOT).as_posix(): len(file.read_text(encoding="utf-8").splitlines())
        for file in sources()
    }
    long = {name: length for name, length in lengths.items() if length > MAX_FILE_LINES}
    assert not long.keys() - MAY_BE_LONG.keys(), f"over {MAX_FILE_LINES} lines: {long}"
    assert not MAY_BE_LONG.keys() - long.keys(), "short again: remove these from MAY_BE_LONG"


# --------------------------------------------------------------------------- repository


def test_top_level_is_tidy():
    strays = {name.split("/")[0] for name in repository_files()} - TOP_LEVEL
    assert not strays, f"not at the top level: {sorted(strays)}"


# A path of somebody's machine, not a part of a URL or of a longer path.
MACHINE_PATH = re.compile(r"(?<![\w.~)}\]-])/(?:work|root|tmp)(?![\w-])|/(?:home|Users)/\w+/")


def test_no_machine_paths():
    found = []
    for name in repository_files():
        content = (ROOT / name).read_bytes()
        if b"\0" in content:
            continue  # not a text
        for number, line in enumerate(content.decode("utf-8").splitlines(), 1):
            if match := MACHINE_PATH.search(line):
                found.append(f"{name}:{number}: {match[0]}")
    assert not found, "paths of one machine:\n" + "\n".join(found)


def test_machine_paths_are_found():
    for top in ("work", "root", "tmp"):
        assert MACHINE_PATH.search(f"see `/{top}/x`") and MACHINE_PATH.search(f"cd /{top}")
        assert not MACHINE_PATH.search(f"https://example.org/{top}/x or /{top}-shop or a/{top}")


def test_readme_has_two_commands():
    """`.ci/run` runs the second one."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = re.search(r"^## Quick start$(.*?)(?=^## |\Z)", readme, re.M | re.S)
    assert section, "README.md: there is no section '## Quick start'"
    block = re.search(r"^```bash\n(.*?)^```", section[1], re.M | re.S)
    assert block, "README.md: no ```bash block under '## Quick start'"
    commands = [line for line in block[1].splitlines() if line.strip() and line.strip()[0] != "#"]
    assert len(commands) == 2
    assert "train" in commands[0]
    assert "[test]" in commands[1] and commands[1].endswith("python -m pytest")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no executable bit")
def test_ci_is_executable():
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_metadata_is_in_setup_cfg():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    required = re.findall(r"^\w+", config["options"]["install_requires"], re.M)
    assert required == ["numpy", "graphviz"]
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    assert len(pyproject) == 3 and pyproject[0] == "[build-system]"


def test_version_is_a_literal():
    """A build reads it without importing the package, whose dependencies it does not have."""
    tree = ast.parse((ROOT / PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    versions = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__version__"
    ]
    assert len(versions) == 1 and re.fullmatch(r"\d+\.\d+\.\d+\S*", versions[0])
