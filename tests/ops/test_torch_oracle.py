"""The table against PyTorch: values, gradients, gradients of gradients, shapes, dtypes, names."""

import pytest

from tests.ops.oracle import ORACLE
from tests.ops.specs import SPECS

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.id)
@pytest.mark.parametrize("check", ORACLE.values(), ids=lambda c: c.__name__)
def test_op(spec, check):
    pytest.importorskip("torch")
    check(spec)
