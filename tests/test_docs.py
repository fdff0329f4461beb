"""The documentation and the tests say the same."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_each_edge_convention_stands_in_the_docs_once():
    tree = ast.parse((ROOT / "tests/ops/test_edges.py").read_text(encoding="utf-8"))
    tests = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    tests = {name for name in tests if name.startswith("test_")}
    page = (ROOT / "docs/conventions.md").read_text(encoding="utf-8")
    listed = re.findall(r"`(test_\w+)` \|$", page, re.MULTILINE)
    assert sorted(listed) == sorted(tests)
