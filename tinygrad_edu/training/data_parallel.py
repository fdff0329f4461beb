"""Data-parallel SGD: every process has the whole model, and a part of each minibatch.

The gradient of a mean over a minibatch is the mean of the gradients of its examples. So processes
(ranks) may each take some of the examples, and average their gradients, weighted by how many
examples each had; the update is then the same everywhere, and so are the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..creation import from_numpy
from ..errors import describe, located
from ..gradients import no_grad


class ParallelError(RuntimeError):
    """Ranks that do not hold the same model, or a minibatch that can't be shared out."""


def world() -> Any:
    """All processes that ``mpiexec`` started, as a communicator of mpi4py.

    Raises
    ------
    ImportError
        Without mpi4py; the message says how to install it.
    """
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise ImportError(
            'Data-parallel training needs mpi4py: python -m pip install "tinygrad-edu[mpi]"'
        ) from error
    return MPI.COMM_WORLD


class OneProcess:
    """A communicator of one process, which needs no MPI: to run the same script alone."""

    def Get_rank(self) -> int:
        """The only one."""
        return 0

    def Get_size(self) -> int:
        """One."""
        return 1

    def Allreduce(self, mine: Any, result: Any) -> None:
        """The sum of one."""
        result[...] = mine

    def Bcast(self, array: Any, root: int = 0) -> None:
        """Everyone has it."""

    def allgather(self, mine: Any) -> list[Any]:
        """All there are."""
        return [mine]


class DataParallel:
    """Trains one model on several processes, with the weights that one process would get.

    Start the script with ``mpiexec -n 2 python -m mpi4py train.py`` (`-m mpi4py` ends all processes
    when one fails, where the others would wait for it forever). Each rank runs the whole script
    and draws the same minibatches, from a generator with the same seed.

    Parameters
    ----------
    model : Module
        Its parameters and buffers become those of rank 0.
    comm : mpi4py communicator, optional
        ``MPI.COMM_WORLD`` unless given.

    Attributes
    ----------
    rank, size : int
        Which process this is, from 0, and how many there are.

    Raises
    ------
    ParallelError
        The ranks' models differ in names, shapes or dtypes. Every rank raises it.

    Notes
    -----
    Two things see only a rank's own part of a minibatch, and so differ from one process: batch norm
    takes the mean and variance of that part, and dropout draws its mask for it.

    Examples
    --------
    >>> from tinygrad_edu import nn, ones, optim
    >>> from tinygrad_edu.nn.functional import mse_loss
    >>> model = nn.Linear(3, 1)
    >>> optimizer = optim.SGD(model.parameters(), lr=0.1)
    >>> parallel = DataParallel(
    ...     model, OneProcess()
    ... )  # under mpiexec: DataParallel(model)
    >>> for x, y in [(ones(8, 3), ones(8, 1))] * 20:
    ...     optimizer.zero_grad()
    ...     loss = parallel.backward(lambda x, y: mse_loss(model(x), y), x, y)
    ...     optimizer.step()
    >>> loss < 1e-6
    True
    """

    def __init__(self, model: Any, comm: Any = None) -> None:
        self.model = model
        self.comm = world() if comm is None else comm
        self.rank, self.size = int(self.comm.Get_rank()), int(self.comm.Get_size())
        self._compare()
        self.broadcast()

    # ------------------------------------------------------------------ the minibatch

    def shard(self, *arrays: Any) -> tuple[Any, ...]:
        """This rank's rows of a minibatch: together, the ranks have each row once.

        Raises
        ------
        ParallelError
            The arrays have different lengths.
        """
        lengths = {len(array) for array in arrays}
        if len(lengths) != 1:
            shapes = ", ".join(map(describe, arrays)) or "none"
            raise ParallelError(located(f"shard: needs arrays of one length, not {shapes}"))
        length = lengths.pop()
        start, end = (length * rank // self.size for rank in (self.rank, self.rank + 1))
        return tuple(array[start:end] for array in arrays)

    def backward(self, loss: Callable[..., Any], *batch: Any) -> float:
        """Share a minibatch out, differentiate, and average the gradients over all ranks.

        Parameters
        ----------
        loss : callable
            Maps the arrays of a minibatch to its mean loss, a Tensor. A penalty on the weights may
            be a part of it.
        *batch : arrays or Tensors
            The whole minibatch, the same on every rank.

        Returns
        -------
        float
            The mean loss of the whole minibatch, on every rank.
        """
        mine = self.shard(*batch)
        count, value = len(mine[0]), 0.0
        if count:  # a mean over no examples would be NaN
            total = loss(*mine)
            total.backward()
            value = float(total)
        return self.average_gradients(count, value)

    # ------------------------------------------------------------------ communication

    def average_gradients(self, examples: int = 1, loss: float = 0.0) -> float:
        """Replace each gradient by the mean over the ranks.

        One sum over all ranks (``Allreduce``) for each dtype, of all gradients side by side.

        Parameters
        ----------
        examples : int
            How many this rank's gradient is the mean of: its weight.
        loss : float
            Their mean loss.

        Returns
        -------
        float
            The mean loss over all ranks.

        Raises
        ------
        ParallelError
            No rank has an example. Every rank raises it.
        """
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        # A parameter that no rank used keeps no gradient; where only some used it, others add 0.
        used = [p.grad is not None and examples > 0 for p in parameters]
        sums = self._sum(np.array([examples, examples * loss if examples else 0.0, *used], float))
        if not sums[0] > 0:
            raise ParallelError(located("average_gradients: no rank has an example"))
        weight = examples / sums[0]
        shared = [p for p, users in zip(parameters, sums[2:], strict=True) if users]
        for group in _by_dtype(shared):
            own = group[0].detach().numpy().dtype
            wide = np.promote_types(own, np.float32)  # MPI has no half precision
            flat = np.zeros(sum(p.numel() for p in group), wide)
            for parameter, piece in _pieces(group, flat):
                if parameter.grad is not None and examples:
                    np.multiply(parameter.grad.numpy(), weight, out=piece, casting="same_kind")
            flat = self._sum(flat)
            for parameter, piece in _pieces(group, flat):
                parameter.grad = from_numpy(piece.astype(own, copy=True))
        return float(sums[1] / sums[0])

    def broadcast(self) -> None:
        """Give every rank the parameters and buffers of rank 0."""
        with no_grad():
            for tensor in _state(self.model).values():
                array = np.ascontiguousarray(tensor.detach().numpy())
                raw = array.reshape(-1).view(np.uint8).copy()  # any dtype, bit for bit
                self.comm.Bcast(raw, root=0)
                tensor.copy_(from_numpy(raw.view(array.dtype).reshape(array.shape)))

    def _sum(self, array: Any) -> Any:
        result = np.empty_like(array)
        self.comm.Allreduce(array, result)
        return result

    def _compare(self) -> None:
        """Raise on every rank if two models differ: gradients would be added to the wrong ones."""
        mine = {
            name: describe(tensor) + (", trained" if tensor.requires_grad else "")
            for name, tensor in _state(self.model).items()
        }
        models = self.comm.allgather(mine)
        for rank, other in enumerate(models):
            for name in dict.fromkeys([*models[0], *other]):
                first, here = models[0].get(name, "missing"), other.get(name, "missing")
                if first != here:
                    text = f"{name} is {first} on rank 0, but {here} on rank {rank}"
                    cure = "every rank must build the same model"
                    raise ParallelError(located(f"DataParallel: {text}; {cure}"))


def _state(model: Any) -> dict[str, Any]:
    """Parameters and buffers, each once."""
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


def _by_dtype(parameters: list[Any]) -> list[list[Any]]:
    groups: dict[Any, list[Any]] = {}
    for parameter in parameters:
        groups.setdefault(parameter.detach().numpy().dtype, []).append(parameter)
    return list(groups.values())


def _pieces(parameters: list[Any], flat: Any) -> Iterator[tuple[Any, Any]]:
    """Each parameter with its place in the flat buffer, in its shape."""
    start = 0
    for parameter in parameters:
        end = start + parameter.numel()
        yield parameter, flat[start:end].reshape(tuple(parameter.shape))
        start = end
