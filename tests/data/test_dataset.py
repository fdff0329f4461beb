"""Data sets and what cuts and joins them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.data import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    random_split,
)


class Letters(Dataset):
    def __init__(self, text):
        self.text = text

    def __getitem__(self, index):
        return self.text[index]

    def __len__(self):
        return len(self.text)


def test_tensor_dataset():
    x, y = tg.arange(6.0).reshape(3, 2), tg.tensor([5, 6, 7])
    data = TensorDataset(x, y)
    assert len(data) == 3 and data.tensors == (x, y)
    row, label = data[-1]
    assert row.tolist() == [4, 5] and label.item() == 7
    rows, labels = data[[0, 2]]
    assert rows.tolist() == [[0, 1], [4, 5]] and labels.tolist() == [5, 7]
    assert data[1:][1].tolist() == [6, 7]


def test_tensor_dataset_shares_the_memory_of_arrays():
    x = np.zeros((3, 2), np.float32)
    data = TensorDataset(x)
    x[1] = 4
    assert data[1][0].tolist() == [4, 4]


@pytest.mark.parametrize(
    "tensors",
    [(), (tg.zeros(3), tg.zeros(4)), (tg.tensor(1.0),), (np.zeros(2), np.ones(()))],
)
def test_tensor_dataset_needs_equal_lengths(tensors):
    with pytest.raises(ValueError, match="Size mismatch between tensors") as caught:
        TensorDataset(*tensors)
    assert "test_dataset.py" in str(caught.value)


def test_tensor_dataset_needs_tensors():
    with pytest.raises(TypeError, match="argument 1 must be a Tensor or an ndarray, not list"):
        TensorDataset(tg.zeros(2), [1, 2])


def test_subset_of_a_subset():
    data = Subset(Subset(Letters("abcdef"), [5, 3, 1]), [2, 0])
    assert list(data) == ["b", "f"] and len(data) == 2


def test_subset_of_tensors_takes_a_list():
    data = Subset(TensorDataset(tg.arange(5)), [4, 2, 0])
    assert data[[0, 2]][0].tolist() == [4, 0]


def test_concatenation():
    data = Letters("ab") + Letters("") + Letters("cde")
    assert isinstance(data, ConcatDataset)
    assert [data[i] for i in range(len(data))] == list("abcde")
    assert [data[-i] for i in range(1, 6)] == list("edcba")
    for outside in (5, -6):
        with pytest.raises(IndexError, match="out of range for 5 examples"):
            data[outside]


def test_a_concatenation_of_three_ends_when_looped_over():
    assert "".join(Letters("ab") + Letters("c")) == "abc"


def test_concatenation_of_what_has_no_length_is_refused():
    class Stream(IterableDataset):
        def __iter__(self):
            return iter("xy")

    with pytest.raises(TypeError, match="use ChainDataset"):
        ConcatDataset([Stream()])
    assert list(Stream() + Stream()) == list("xyxy")
    assert isinstance(Stream() + Stream(), ChainDataset)
    with pytest.raises(ValueError, match="empty"):
        ConcatDataset([])


def test_base_classes_say_what_is_missing():
    class Nothing(Dataset):
        pass

    class NoStream(IterableDataset):
        pass

    with pytest.raises(NotImplementedError, match="Nothing does not define __getitem__"):
        Nothing()[0]
    with pytest.raises(NotImplementedError, match="NoStream does not define __iter__"):
        iter(NoStream())


# ------------------------------------------------------------------------------ random_split


@pytest.mark.torch
@pytest.mark.parametrize(
    ("count", "lengths"),
    [(10, [3, 7]), (10, [0.55, 0.45]), (11, [0.3, 0.3, 0.4]), (7, [1 / 3] * 3), (20, [20, 0])],
)
def test_lengths_are_those_of_pytorch(count, lengths):
    torch = pytest.importorskip("torch")
    parts = random_split(range(count), lengths)
    theirs = torch.utils.data.random_split(range(count), lengths)
    assert list(map(len, parts)) == list(map(len, theirs))
    assert sorted(i for part in parts for i in part) == list(range(count))


def test_split_is_decided_by_the_generator():
    def split(seed):
        return [list(p) for p in random_split(range(50), [25, 25], tg.Generator(seed))]

    assert split(1) == split(1) != split(2)
    assert split(1)[0] != list(range(25))
    tg.manual_seed(8)
    first = list(random_split(range(50), [25, 25])[0])
    tg.manual_seed(8)
    assert first == list(random_split(range(50), [25, 25])[0])


@pytest.mark.parametrize("lengths", [[3, 3], [0.5, 0.4], [-1, 11], [5.5, 4.5]])
def test_lengths_must_sum_up(lengths):
    with pytest.raises(ValueError, match="Sum of input lengths does not equal"):
        random_split(range(10), lengths)


def test_fractions_are_not_negative():
    with pytest.raises(ValueError, match="Fraction at index 0 is not between 0 and 1"):
        random_split(range(10), [1.25, -0.25])


def test_empty_parts_of_fractions_give_a_warning():
    with pytest.warns(UserWarning, match="Length of split at index 2 is 0"):
        random_split(range(2), [0.4, 0.3, 0.3])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        random_split(range(2), [2, 0])
