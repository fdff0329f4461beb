"""Labels and indices of narrow integer types: what is computed from them may not fit the type."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, ops
from tinygrad_edu.nn import functional as F

KINDS = ["uint8", "int8", "int16", "int32", "uint32", "uint64"]
LOSSES = [F.cross_entropy, F.nll_loss, F.multi_margin_loss, F.multiclass_svm_loss]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("loss", LOSSES, ids=lambda f: f.__name__)
def test_labels_of_any_integer_type(loss, kind):
    """There are more than 127 and 255 rows: places in the scores do not fit the labels' type."""
    rng = np.random.default_rng(2)
    scores, labels = rng.normal(size=(300, 7)), rng.integers(0, 7, 300)
    found, expected = (Tensor(scores.copy(), requires_grad=True) for _ in "ab")
    values = [
        loss(found, Tensor(labels.astype(kind))),
        loss(expected, Tensor(labels)),
    ]
    for value in values:
        value.backward()
    np.testing.assert_allclose(values[0].item(), values[1].item(), rtol=1e-12)
    np.testing.assert_allclose(found.grad.numpy(), expected.grad.numpy(), rtol=1e-9, atol=1e-15)
    with pytest.raises(IndexError, match="Target 7 is out of bounds"):
        loss(found, Tensor(np.full(300, 7, kind)))


# Each looks something up in a table with 300 rows, whose number does not fit a byte.
BY_INDEX = {
    "getitem": lambda x, i: x[i],
    "index_select": lambda x, i: ops.index_select(x, 0, i),
    "embedding": lambda x, i: F.embedding(i, x),
    "gather": lambda x, i: ops.gather(x, 0, i.reshape(-1, 1)),
    "take_along_dim": lambda x, i: ops.take_along_dim(x, i.reshape(-1, 1), 0),
    "take": lambda x, i: ops.take(x, i),
    "scatter_add": lambda x, i: ops.scatter_add(x, 0, i.reshape(-1, 1), 2 * x),
    "index_add": lambda x, i: ops.index_add(x, 0, i, 2 * x[:3]),
}


@pytest.mark.parametrize("kind", ["uint8", "int8", "int16", "uint16", "int32"])
@pytest.mark.parametrize("name", BY_INDEX)
def test_places_of_any_integer_type(name, kind):
    if (name, kind) == ("getitem", "uint8"):
        return  # a mask, as in PyTorch
    places = np.array([3, 100, 3])
    rng = np.random.default_rng(6)
    values = rng.normal(size=(300, 4))
    results = []
    for dtype in (kind, "int64"):
        x = Tensor(values.copy(), requires_grad=True)
        out = BY_INDEX[name](x, Tensor(places.astype(dtype)))
        out.backward(Tensor(np.cos(np.arange(out.numel())).reshape(out.shape)))
        results.append((out.detach().numpy(), x.grad.numpy()))
    for found, expected in zip(*results, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ["getitem", "take_along_dim"])
def test_negative_places_of_a_narrow_type(name):
    x = Tensor(np.arange(300.0).reshape(300, 1), requires_grad=True)
    out = BY_INDEX[name](x, Tensor(np.array([-1, 2], "int8")))
    out.sum().backward()
    assert out.flatten().tolist() == [299.0, 2.0]
    assert np.flatnonzero(x.grad.numpy()).tolist() == [2, 299]
