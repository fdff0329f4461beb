"""DataLoader, samplers and collating: PyTorch's batches, orders that can be resumed."""

from __future__ import annotations

import json
from collections import OrderedDict, namedtuple

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    default_convert,
)

Pair = namedtuple("Pair", "x y")


class Pairs(Dataset):
    """Examples made one by one."""

    def __init__(self, count):
        self.count = count

    def __getitem__(self, index):
        return np.full(2, index, np.float32), index

    def __len__(self):
        return self.count


class Stream(IterableDataset):
    def __init__(self, count):
        self.count = count

    def __iter__(self):
        return iter(range(self.count))

    def __len__(self):
        return self.count


def tensors(count):
    return TensorDataset(tg.arange(float(count)).reshape(-1, 1), tg.arange(count))


def labels(loader):
    return [y.tolist() for _, y in loader]


def flat(loader):
    return [i for batch in loader for i in batch.tolist()]


# ------------------------------------------------------------------------------ batches


@pytest.mark.parametrize("make", [Pairs, tensors])
@pytest.mark.parametrize(
    ("drop_last", "expected"),
    [(False, [[0, 1, 2], [3, 4, 5], [6]]), (True, [[0, 1, 2], [3, 4, 5]])],
)
def test_batches_in_order(make, drop_last, expected):
    loader = DataLoader(make(7), batch_size=3, drop_last=drop_last)
    assert labels(loader) == expected == labels(loader)
    assert len(loader) == len(expected)
    x, y = next(iter(loader))
    assert x.dtype == tg.float32 and y.dtype == tg.int64 and x[:, 0].tolist() == [0, 1, 2]


@pytest.mark.parametrize("make", [Pairs, tensors])
def test_shuffled_batches_hold_every_example_once(make):
    loader = DataLoader(make(20), batch_size=6, shuffle=True, generator=tg.Generator(1))
    first, second = ([i for batch in labels(loader) for i in batch] for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(20))
    assert first != second and first != list(range(20))
    for x, y in loader:
        assert x[:, 0].tolist() == y.tolist()  # rows and labels stay together


def test_whole_batches_are_those_made_one_by_one():
    whole = tensors(10)
    seeds = {"shuffle": True, "batch_size": 4}
    fast = DataLoader(whole, generator=tg.Generator(5), **seeds)
    slow = DataLoader(list(whole), generator=tg.Generator(5), **seeds)
    for a, b in zip(fast, slow, strict=True):
        assert type(a) is type(b) is list
        for mine, theirs in zip(a, b, strict=True):
            assert mine.dtype == theirs.dtype and mine.shape == theirs.shape
            np.testing.assert_array_equal(mine.numpy(), theirs.numpy())
    part = DataLoader(Subset(whole, [8, 3, 5]), batch_size=2)
    assert labels(part) == [[8, 3], [5]]


def test_a_batch_is_a_copy():
    data = tensors(4)
    for x, _ in DataLoader(data, batch_size=4):
        x += 100
    assert data.tensors[0].max().item() == 3


def test_a_subclass_that_changes_examples_is_asked_for_them():
    class Doubled(TensorDataset):
        def __getitem__(self, index):
            x, y = super().__getitem__(index)
            return 2 * x, y

    class Shifted(Subset):
        def __getitem__(self, index):
            x, y = super().__getitem__(index)
            return x + 1, y

    doubled = Doubled(*tensors(3).tensors)
    for data, expected in ((doubled, [0, 2, 4]), (Shifted(tensors(3), [0, 1]), [1, 2])):
        (x, _), *_ = DataLoader(data, batch_size=3)
        assert x[:, 0].tolist() == expected
    (x, _), *_ = DataLoader(Subset(doubled, [2]), batch_size=3)
    assert x[:, 0].tolist() == [4]


def test_fast_path_does_not_make_examples(monkeypatch):
    monkeypatch.setattr("tinygrad_edu.data.loader.default_collate", lambda batch: 1 / 0)
    loader = DataLoader(tensors(5), batch_size=2)
    assert labels(loader) == [[0, 1], [2, 3], [4]]


def test_collate_fn():
    loader = DataLoader(Pairs(3), batch_size=2, collate_fn=len)
    assert list(loader) == [2, 1]
    loader = DataLoader(tensors(3), batch_size=2, collate_fn=len)
    assert list(loader) == [2, 1]


def test_no_batches():
    assert [y for _, y in DataLoader(Pairs(3), batch_size=None)] == [0, 1, 2]
    (x, _), *_ = DataLoader(Pairs(3), batch_size=None)
    assert x.shape == (2,) and tg.is_tensor(x)
    assert list(DataLoader(Stream(3), batch_size=None)) == [0, 1, 2]


@pytest.mark.parametrize(
    ("drop_last", "expected"), [(False, [[0, 1], [2, 3], [4]]), (True, [[0, 1], [2, 3]])]
)
def test_streams(drop_last, expected):
    loader = DataLoader(Stream(5), batch_size=2, drop_last=drop_last)
    assert [batch.tolist() for batch in loader] == expected
    assert len(loader) == len(expected)


def test_samplers_and_batch_samplers():
    assert flat(DataLoader(range(9), sampler=[4, 2, 8], batch_size=2)) == [4, 2, 8]
    loader = DataLoader(range(9), batch_sampler=[[1, 2, 3], [5]])
    assert [b.tolist() for b in loader] == [[1, 2, 3], [5]] and len(loader) == 2
    nothing = DataLoader([], batch_size=3)
    assert list(nothing) == [] and len(nothing) == 0


def test_worker_processes_give_a_warning():
    with pytest.warns(UserWarning, match="num_workers=2 is ignored.*use num_workers=0"):
        loader = DataLoader(range(3), num_workers=2, pin_memory=True)
    assert flat(loader) == [0, 1, 2]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"batch_size": 0}, "batch_size should be a positive integer value"),
        ({"batch_size": 2.5}, "batch_size should be a positive integer value"),
        ({"batch_size": True}, "batch_size should be a positive integer value"),
        ({"shuffle": "yes"}, "shuffle must be True or False"),
        ({"sampler": [0], "shuffle": True}, "sampler option is mutually exclusive with shuffle"),
        ({"batch_sampler": [[0]], "batch_size": 2}, "batch_sampler option is mutually exclusive"),
        ({"batch_sampler": [[0]], "sampler": []}, "batch_sampler option is mutually exclusive"),
        ({"batch_size": None, "drop_last": True}, "batch_size=None disables auto-batching"),
        ({"num_workers": -1}, "num_workers should be non-negative"),
        ({"drop_last": "no"}, "drop_last should be a boolean"),
    ],
)
def test_bad_options_are_named(options, said):
    with pytest.raises((ValueError, TypeError), match=said) as caught:
        DataLoader(range(4), **options)
    assert "test_loader.py" in str(caught.value)


@pytest.mark.parametrize("options", [{"shuffle": True}, {"sampler": [1]}, {"batch_sampler": [[1]]}])
def test_streams_have_their_own_order(options):
    with pytest.raises(ValueError, match="an IterableDataset has its own order"):
        DataLoader(Stream(4), **options)


# ------------------------------------------------------------------------------ orders


def test_order_is_a_function_of_the_generator():
    def order(seed):
        return flat(DataLoader(range(30), shuffle=True, generator=tg.Generator(seed)))

    assert order(1) == order(1) != order(2)
    tg.manual_seed(4)
    first = flat(DataLoader(range(30), shuffle=True))
    tg.manual_seed(4)
    assert first == flat(DataLoader(range(30), shuffle=True))
    by_numpy = DataLoader(range(30), shuffle=True, generator=np.random.default_rng(1))
    assert flat(by_numpy) == order(1)


def test_epochs_continue_from_a_saved_generator():
    generator = tg.Generator(3)
    loader = DataLoader(range(12), batch_size=5, shuffle=True, generator=generator)
    flat(loader)
    state = generator.get_state()
    rest = [flat(loader) for _ in range(3)]
    again = tg.Generator()
    again.set_state(state)
    loader = DataLoader(range(12), batch_size=5, shuffle=True, generator=again)
    assert [flat(loader) for _ in range(3)] == rest


def random_loader(kind, generator):
    data = range(23)
    if kind == "shuffle":
        return DataLoader(data, batch_size=4, shuffle=True, generator=generator)
    if kind == "weights":
        sampler = WeightedRandomSampler(np.arange(1.0, 24), 23, generator=generator)
    elif kind == "replacement":
        sampler = RandomSampler(data, replacement=True, num_samples=50, generator=generator)
    else:
        sampler = SubsetRandomSampler(range(3, 20), generator=generator)
    return DataLoader(data, batch_size=4, sampler=sampler)


@pytest.mark.parametrize("kind", ["shuffle", "weights", "replacement", "subset"])
@pytest.mark.parametrize("done", [0, 1, 3])
@pytest.mark.parametrize("own", [True, False])
def test_an_epoch_continues_where_its_state_was_saved(kind, done, own):
    """Noise drawn from the same generator between the batches continues, too."""

    def run(batches, generator, steps=100):
        drawn = []
        for _, batch in zip(range(steps), batches, strict=False):
            drawn += [*batch.tolist(), tg.rand((), generator=generator).item()]
        return drawn

    tg.manual_seed(6)
    generator = tg.Generator(6) if own else None
    loader = random_loader(kind, generator)
    run(loader, generator)
    epoch = iter(loader)
    run(epoch, generator, done)
    state = json.loads(json.dumps(loader.state_dict()))
    between = tg.rand((), generator=generator).item()
    rest = run(epoch, generator) + run(loader, generator)

    generator = tg.Generator() if own else None
    resumed = random_loader(kind, generator)
    resumed.load_state_dict(state)
    assert resumed.state_dict() == state
    assert tg.rand((), generator=generator).item() == between
    assert run(resumed, generator) + run(resumed, generator) == rest


def test_streams_resume():
    loader = DataLoader(Stream(7), batch_size=2)
    epoch = iter(loader)
    next(epoch)
    resumed = DataLoader(Stream(7), batch_size=2)
    resumed.load_state_dict(loader.state_dict())
    assert flat(resumed) == flat(epoch) == [2, 3, 4, 5, 6]
    assert flat(resumed) == list(range(7))


def test_a_foreign_state_is_refused_and_changes_nothing():
    generator = tg.Generator(1)
    loader = DataLoader(range(5), shuffle=True, generator=generator)
    before = generator.get_state()
    with pytest.raises(ValueError, match="give what state_dict"):
        loader.load_state_dict({"epoch": 3})
    assert generator.get_state() == before


# ------------------------------------------------------------------------------ samplers


def test_random_sampler():
    more = list(RandomSampler(range(4), num_samples=10, generator=tg.Generator(0)))
    assert sorted(more[:4]) == sorted(more[4:8]) == [0, 1, 2, 3] and len(more) == 10
    again = list(RandomSampler(range(4), True, 4000, generator=tg.Generator(0)))
    counts = np.bincount(again)
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(4000 * 0.25 * 0.75)


def test_weighted_random_sampler():
    weights, count = np.array([1.0, 0.0, 3.0]), 4000
    drawn = list(WeightedRandomSampler(weights, count, generator=tg.Generator(0)))
    counts = np.bincount(drawn, minlength=3)
    assert counts[1] == 0
    assert abs(counts[2] - 3000) < 5 * np.sqrt(count * 0.75 * 0.25)
    once = list(WeightedRandomSampler([1, 2, 3], 3, replacement=False))
    assert sorted(once) == [0, 1, 2]


def test_sampler_lengths():
    assert len(RandomSampler(range(4))) == 4 and len(RandomSampler(range(4), num_samples=9)) == 9
    assert len(SubsetRandomSampler([3, 1])) == 2 and len(WeightedRandomSampler([1.0], 5)) == 5
    assert [len(BatchSampler(range(7), 3, drop)) for drop in (False, True)] == [3, 2]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: RandomSampler([]), "num_samples should be a positive integer"),
        (lambda: RandomSampler([1], replacement=1), "replacement should be a boolean"),
        (lambda: WeightedRandomSampler([1.0], 0), "num_samples should be a positive integer"),
        (lambda: WeightedRandomSampler([[1.0]], 1), r"weights have shape \(1, 1\)"),
        (lambda: list(WeightedRandomSampler([1.0, -1.0], 1)), "element < 0"),
        (lambda: BatchSampler([1], 0, False), "batch_size should be a positive integer"),
    ],
)
def test_bad_samplers_are_named(make, said):
    with pytest.raises((ValueError, TypeError), match=said):
        make()


# ------------------------------------------------------------------------------ collating

BATCHES = {
    "ints": [1, 2],
    "floats": [1.0, 2.5],
    "bools": [True, False],
    "strings": ["a", "b"],
    "tuples": [(1, 2.0), (3, 4.0)],
    "lists": [[1, "x"], [3, "y"]],
    "dicts": [{"a": 1, "b": (1, 2)}, {"a": 2, "b": (3, 4)}],
    "ordered": [OrderedDict(a=1), OrderedDict(a=2)],
    "named": [Pair(1, 2.0), Pair(3, 4.0)],
    "arrays": [np.zeros(2, np.float32), np.ones(2, np.float32)],
    "doubles": [np.zeros(2), np.ones(2)],
    "bytes": [np.zeros((1, 2), np.uint8), np.ones((1, 2), np.uint8)],
    "scalars": [np.int32(4), np.int32(5)],
    "nested": [({"x": np.zeros(3), "y": [1, (2, "s")]},)] * 3,
}


def same(ours, theirs):
    if tg.is_tensor(ours):
        assert str(theirs.dtype).removeprefix("torch.") == str(ours.dtype)
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
        return
    assert type(ours) is type(theirs)
    if isinstance(ours, dict):
        assert list(ours) == list(theirs)
        ours, theirs = list(ours.values()), list(theirs.values())
    if isinstance(ours, (list, tuple)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            same(a, b)
    else:
        assert ours == theirs


@pytest.mark.torch
@pytest.mark.parametrize("name", BATCHES)
def test_collating_is_that_of_pytorch(name):
    torch = pytest.importorskip("torch")
    same(default_collate(BATCHES[name]), torch.utils.data.default_collate(BATCHES[name]))
    same(default_convert(BATCHES[name]), torch.utils.data.default_convert(BATCHES[name]))


def test_collated_tensors_keep_their_history():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    default_collate([w * 2, w * 3]).backward(tg.tensor([[1.0, 10.0], [100.0, 1000.0]]))
    assert w.grad.tolist() == [302, 3020]


@pytest.mark.parametrize(
    ("batch", "error", "said"),
    [
        ([None, None], TypeError, "found NoneType; give the DataLoader a collate_fn"),
        ([np.array(["a"])], TypeError, "found an array of <U1"),
        ([{1}, {2}], TypeError, "found set"),
        ([np.zeros(2), np.zeros(3)], ValueError, r"\(2,\) at entry 0 and \(3,\) at entry 1"),
        ([tg.zeros(2), tg.zeros(3)], ValueError, r"\(2,\) at entry 0 and \(3,\) at entry 1"),
        ([(1, 2), (1,)], ValueError, "should be of equal size"),
        ([{"a": 1}, {"b": 1}], KeyError, "example 1 of the batch has no 'a'"),
    ],
)
def test_what_cannot_be_collated_is_named(batch, error, said):
    with pytest.raises(error, match=said):
        default_collate(batch)


def test_the_face_shows_the_same():
    from tinygrad_edu.utils import data as face

    assert tg.utils.data is face
    assert face.DataLoader is DataLoader
    assert [
        name for name in face.__all__ if getattr(face, name) is not getattr(tg.data, name)
    ] == []
