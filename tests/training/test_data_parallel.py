"""Data-parallel SGD: several ranks together are one process, and say so when they can't be."""

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.training.data_parallel import DataParallel, OneProcess, ParallelError

EXACT = 1e-12  # what the sum of two float64 halves may differ from the sum of all

# What each rank runs under mpiexec: it trains, and writes what came out.
SCRIPT = """\
import json
from pathlib import Path
from mpi4py import MPI
from test_data_parallel import train

world = MPI.COMM_WORLD
losses, weights = train(world)
weights = [weight.tolist() for weight in weights]
content = {"size": world.Get_size(), "losses": losses, "weights": weights}
Path(f"{world.Get_rank()}.json").write_text(json.dumps(content))
"""


class Thread:
    """A rank of a communicator whose ranks are threads: enough of MPI for these tests."""

    def __init__(self, size):
        self.size, self.barrier = size, threading.Barrier(size, timeout=20)
        self.slots, self.local = [None] * size, threading.local()
        self.calls = []

    def Get_rank(self):
        return self.local.rank

    def Get_size(self):
        return self.size

    def allgather(self, mine):
        self.slots[self.local.rank] = mine
        self.barrier.wait()
        found = list(self.slots)
        self.barrier.wait()
        return found

    def Allreduce(self, mine, result):
        if self.local.rank == 0:
            self.calls.append(mine.dtype)
        result[...] = np.sum(self.allgather(mine.copy()), axis=0)

    def Bcast(self, array, root=0):
        array[...] = self.allgather(array.copy())[root]


def on_ranks(size, work):
    """Call `work(comm)` on so many ranks; return what each returned or raised, and the comm."""
    comm, results = Thread(size), [None] * size

    def start(rank):
        comm.local.rank = rank
        try:
            results[rank] = work(comm)
        except Exception as error:
            results[rank] = error

    threads = [threading.Thread(target=start, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results, comm


def make_model(seed=0, dtype=tg.float64):
    rng = np.random.default_rng(seed)
    model = nn.Sequential(nn.Linear(5, 7, generator=rng), nn.Tanh(), nn.Linear(7, 3, generator=rng))
    for parameter in model.parameters():
        parameter.data = tg.tensor(rng.normal(size=parameter.shape)).to(dtype)
    return model


def train(comm, rows=13, seed=0, steps=6):
    """Losses and weights of some steps of Adam, on minibatches whose size no rank divides."""
    model = make_model(seed)
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    parallel = DataParallel(model, comm)
    rng = np.random.default_rng(1)
    losses = []

    def loss(x, y):
        penalty = nn.l2_penalty([p for p in model.parameters() if p.ndim == 2])
        return nn.functional.cross_entropy(model(tg.from_numpy(x)), y) + 0.01 * penalty

    for _ in range(steps):
        x, y = rng.normal(size=(rows, 5)), rng.integers(3, size=rows)
        optimizer.zero_grad()
        losses.append(parallel.backward(loss, x, y))
        optimizer.step()
    return losses, [p.detach().numpy().copy() for p in model.parameters()]


def by_hand():
    """The same steps, without anything of data_parallel."""
    model = make_model()
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    rng, losses = np.random.default_rng(1), []
    for _ in range(6):
        x, y = rng.normal(size=(13, 5)), rng.integers(3, size=13)
        optimizer.zero_grad()
        penalty = nn.l2_penalty([p for p in model.parameters() if p.ndim == 2])
        total = nn.functional.cross_entropy(model(tg.from_numpy(x)), y) + 0.01 * penalty
        total.backward()
        optimizer.step()
        losses.append(float(total))
    return losses, [p.detach().numpy() for p in model.parameters()]


def assert_same(result, expected):
    assert not isinstance(result, Exception), result
    np.testing.assert_allclose(result[0], expected[0], rtol=0, atol=EXACT)
    for weight, wanted in zip(result[1], expected[1], strict=True):
        np.testing.assert_allclose(weight, wanted, rtol=0, atol=EXACT)


@pytest.mark.parametrize("size", [2, 3, 5])
def test_ranks_together_train_as_one_process(size):
    results, _ = on_ranks(size, train)
    for result in results:
        assert_same(result, by_hand())


def test_one_process_needs_no_mpi():
    assert_same(train(OneProcess()), by_hand())


def test_ranks_without_examples_help_nobody_and_hurt_nobody():
    """Five ranks, minibatches of two examples."""
    expected = train(OneProcess(), rows=2)
    for result in on_ranks(5, lambda comm: train(comm, rows=2))[0]:
        assert_same(result, expected)


def test_all_ranks_start_from_the_weights_of_the_first():
    def work(comm):
        model = make_model(seed=comm.Get_rank())
        DataParallel(model, comm)
        return [p.detach().numpy().copy() for p in model.parameters()]

    results, _ = on_ranks(2, work)
    for found in results:
        for weight, wanted in zip(found, make_model(0).parameters(), strict=True):
            np.testing.assert_array_equal(weight, wanted.detach().numpy())


def test_buffers_are_sent_too():
    def work(comm):
        model = nn.Linear(2, 2)
        model.register_buffer("seen", tg.tensor([comm.Get_rank() + 4], dtype=tg.int64))
        DataParallel(model, comm)
        return model.seen.tolist()

    assert on_ranks(3, work)[0] == [[4], [4], [4]]


@pytest.mark.parametrize(("rows", "size"), [(13, 2), (13, 3), (2, 4), (0, 2)])
def test_each_row_goes_to_one_rank(rows, size):
    def work(comm):
        parallel = DataParallel(nn.Linear(1, 1), comm)
        return parallel.shard(np.arange(rows), tg.arange(rows))

    results, _ = on_ranks(size, work)
    assert np.concatenate([x for x, _ in results]).tolist() == list(range(rows))
    assert all(x.tolist() == y.tolist() for x, y in results)
    lengths = [len(x) for x, _ in results]
    assert max(lengths) - min(lengths) <= 1


def test_one_sum_for_each_dtype():
    def work(comm):
        model = nn.Sequential(make_model(0, tg.float64), make_model(0, tg.float16))
        parallel = DataParallel(model, comm)
        if comm.Get_rank() == 0:  # who alone notes the calls
            comm.calls.clear()
        for parameter in model.parameters():
            parameter.grad = tg.full_like(parameter, comm.Get_rank() + 1.0)
        parallel.average_gradients(examples=comm.Get_rank() + 1)
        return [(p.grad.dtype, p.grad.numpy()) for p in model.parameters()]

    results, comm = on_ranks(2, work)
    assert len(comm.calls) == 3  # of counts, float64, and float16 as float32
    for dtype, grad in results[0]:
        # (1 * 1 + 2 * 2) / 3
        np.testing.assert_allclose(grad, 5 / 3, rtol=1e-3 if dtype == tg.float16 else 1e-15)
    assert [str(dtype) for dtype, _ in results[0]].count(str(tg.float16)) == 4


def test_a_parameter_that_nobody_used_keeps_no_gradient():
    def work(comm):
        model = nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1), nn.Linear(1, 1)])
        parallel = DataParallel(model, comm)
        model[0].weight.grad = tg.full_like(model[0].weight, 3.0)
        if comm.Get_rank() == 1:  # as a branch that only one rank takes
            model[1].weight.grad = tg.full_like(model[1].weight, 3.0)
        parallel.average_gradients()
        return [model[i].weight.grad for i in range(3)]

    for grads in on_ranks(2, work)[0]:
        assert float(grads[0]) == 3 and float(grads[1]) == 1.5 and grads[2] is None


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (lambda: nn.Linear(4, 2), r"weight is \(2, 3\) .* on rank 0, but \(2, 4\)"),
        (lambda: nn.Linear(3, 2, bias=False), "bias is .* but missing on rank 1"),
        (lambda: nn.Linear(3, 2).requires_grad_(False), "trained on rank 0"),
    ],
)
def test_different_models_are_refused_on_every_rank(other, words):
    def work(comm):
        DataParallel(nn.Linear(3, 2) if comm.Get_rank() == 0 else other(), comm)

    for error in on_ranks(2, work)[0]:
        assert isinstance(error, ParallelError)
        with pytest.raises(ParallelError, match=words):
            raise error


def test_bad_minibatches_are_refused():
    parallel = DataParallel(nn.Linear(1, 1), OneProcess())
    with pytest.raises(ParallelError, match=r"one length, not \(2,\) int64, \(3,\) int64"):
        parallel.shard(np.arange(2), np.arange(3))
    with pytest.raises(ParallelError, match="not none"):
        parallel.shard()
    with pytest.raises(ParallelError, match="no rank has an example"):
        parallel.backward(lambda x: x.sum(), np.zeros((0, 1)))


@pytest.mark.skipif("mpi4py" in sys.modules, reason="mpi4py is loaded")
def test_without_mpi4py_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(ImportError, match=r"tinygrad-edu\[mpi\]"):
        DataParallel(nn.Linear(1, 1))


@pytest.mark.mpi
@pytest.mark.parametrize("size", [1, 2])
def test_mpiexec_trains_as_one_process(tmp_path, size):
    """This is MPI itself: `mpiexec -n 2` against a loop that knows nothing of it."""
    beside = Path(sys.executable).with_name("mpiexec")
    mpiexec = str(beside) if beside.exists() else shutil.which("mpiexec")
    if mpiexec is None:
        pytest.skip("no mpiexec: pip install mpich")
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [mpiexec, "-n", str(size), sys.executable, "-m", "mpi4py", "script.py"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=120, env=environment
    )
    assert done.returncode == 0, done.stderr
    expected = by_hand()
    for rank in range(size):
        found = json.loads((tmp_path / f"{rank}.json").read_text())
        assert found["size"] == size
        assert_same((found["losses"], map(np.array, found["weights"])), expected)
