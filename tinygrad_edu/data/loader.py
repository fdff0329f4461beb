"""DataLoader: minibatches of a data set, in an order that a generator decides."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from ..errors import ShapeError, located
from ..random import numpy_generator
from .collate import default_collate, default_convert
from .dataset import IterableDataset
from .sampler import BatchSampler, RandomSampler, SequentialSampler


class DataLoader:
    """Minibatches of a data set, all made in this process.

    The examples of a `TensorDataset` (and of its subsets) are indexed a whole batch at a time.

    Parameters
    ----------
    dataset : Dataset
        Or anything else with ``__getitem__`` and ``__len__``; or an `IterableDataset`.
    batch_size : int or None
        Examples a batch. None hands out the examples themselves.
    shuffle : bool
        Whether each epoch has a new random order.
    sampler : iterable of int, optional
        The order of the examples, instead of `shuffle`.
    batch_sampler : iterable of list of int, optional
        The examples of each batch, instead of all of the above and `drop_last`.
    num_workers : int
        There are no worker processes: a number above 0 gives a warning.
    collate_fn : callable, optional
        Makes a batch of a list of examples; `default_collate` unless given.
    drop_last : bool
        Whether to leave out a last batch that is smaller than `batch_size`.
    generator : Generator or numpy.random.Generator, optional
        The default one unless given. Its state when an epoch starts decides the order.
    pin_memory, timeout, worker_init_fn, multiprocessing_context, prefetch_factor, \
persistent_workers, pin_memory_device, in_order
        Taken for PyTorch's sake.

    Examples
    --------
    >>> from tinygrad_edu import Generator, tensor
    >>> from tinygrad_edu.data import TensorDataset
    >>> data = TensorDataset(tensor([[0.0], [1.0], [2.0]]), tensor([0, 1, 0]))
    >>> for x, y in DataLoader(data, batch_size=2):
    ...     print(x.shape, y)
    (2, 1) tensor([0, 1])
    (1, 1) tensor([0])
    >>> a, b = (
    ...     DataLoader(range(9), 9, shuffle=True, generator=Generator(4))
    ...     for _ in "ab"
    ... )
    >>> bool((next(iter(a)) == next(iter(b))).all())
    True
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Any = None,
        batch_sampler: Any = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Any = None,
        multiprocessing_context: Any = None,
        generator: Any = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        if num_workers < 0:
            raise ShapeError(
                located(f"DataLoader: num_workers should be non-negative, got {num_workers}; use 0")
            )
        if num_workers:
            warnings.warn(
                f"DataLoader: num_workers={num_workers} is ignored, since batches are made in "
                "this process; use num_workers=0",
                stacklevel=2,
            )
        iterable = isinstance(dataset, IterableDataset)
        _check_options(iterable, batch_size, shuffle, sampler, batch_sampler, drop_last)
        if sampler is None and not iterable:
            sampler = (
                RandomSampler(dataset, generator=generator)
                if shuffle
                else SequentialSampler(dataset)
            )
        if batch_sampler is not None:
            batch_size, drop_last = None, False
        elif batch_size is not None and not iterable:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.dataset, self.batch_size, self.drop_last = dataset, batch_size, drop_last
        self.sampler, self.batch_sampler, self.generator = sampler, batch_sampler, generator
        self.num_workers, self.pin_memory = 0, pin_memory
        batched = batch_size is not None or batch_sampler is not None
        self.collate_fn = collate_fn or (default_collate if batched else default_convert)
        self._start: dict[str, Any] | None = None  # the generator's state when the epoch started
        self._done = 0  # batches of the epoch that were handed out
        self._resume: dict[str, Any] | None = None

    def __len__(self) -> int:
        """Batches in an epoch."""
        if self.batch_sampler is not None:
            return len(self.batch_sampler)
        if self.sampler is not None:
            return len(self.sampler)
        count = len(self.dataset)
        if self.batch_size is None:
            return count
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)

    # ------------------------------------------------------------------------ one epoch

    def __iter__(self) -> Iterator[Any]:
        plan = self._continued() if self._resume else self._started()
        for examples in plan:
            batch = self._made(examples)
            # Counted before it is handed out: a state saved while it is in use comes after it.
            self._done += 1
            yield batch
        self._start, self._done = None, 0

    def _plan(self) -> Iterator[Any]:
        """What to make each batch of: numbers of examples; of an iterable set, the examples."""
        if not isinstance(self.dataset, IterableDataset):
            return iter(self.sampler if self.batch_sampler is None else self.batch_sampler)
        examples = iter(self.dataset)
        if self.batch_size is None:
            return examples
        return self._chunks(examples, self.batch_size)

    def _chunks(self, examples: Iterator[Any], size: int) -> Iterator[list[Any]]:
        while chunk := list(itertools.islice(examples, size)):
            if len(chunk) == size or not self.drop_last:
                yield chunk

    def _made(self, wanted: Any) -> Any:
        if isinstance(self.dataset, IterableDataset):
            return self.collate_fn(wanted)
        if self.batch_size is None and self.batch_sampler is None:
            return self.collate_fn(self.dataset[wanted])
        if self.collate_fn is default_collate and hasattr(self.dataset, "_batch"):
            batch = self.dataset._batch(wanted)
            if batch is not None:
                return batch
        return self.collate_fn([self.dataset[i] for i in wanted])

    # ------------------------------------------------------------------------ resuming

    def state_dict(self) -> dict[str, Any]:
        """Where the epoch that started last stands, as plain data: numbers, strings, dicts.

        Once all its batches were handed out and the loop is over, what is saved is the start of the
        next one. (One that was left by ``break`` is taken up again.)

        Examples
        --------
        >>> from tinygrad_edu import Generator
        >>> loader = DataLoader(range(5), shuffle=True, generator=Generator(1))
        >>> epoch = iter(loader)
        >>> seen = [next(epoch), next(epoch)]
        >>> resumed = DataLoader(range(5), shuffle=True, generator=Generator())
        >>> resumed.load_state_dict(loader.state_dict())
        >>> list(resumed) == list(epoch)
        True
        """
        if self._resume:
            return deepcopy(self._resume)
        now = deepcopy(self._bits().state)
        return {"start": deepcopy(self._start) or now, "done": self._done, "generator": now}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Let the next epoch be the rest of the one that `state_dict` was called in.

        The generator goes back to its state at that time, too. A saved state with no batch handed
        out stands for a whole epoch.
        """
        if missing := {"start", "done", "generator"} - set(state):
            raise ShapeError(
                located(
                    f"DataLoader.load_state_dict: the state has no {sorted(missing)}; give what "
                    "state_dict() returned"
                )
            )
        self._bits().state = state["generator"]
        self._start, self._done, self._resume = None, 0, deepcopy(state)

    def _started(self) -> Iterator[Any]:
        self._start, self._done = deepcopy(self._bits().state), 0
        return self._plan()

    def _continued(self) -> Iterator[Any]:
        """The plan of the saved epoch, drawn again, without the batches that were handed out."""
        saved, self._resume = self._resume, None
        if not saved or not saved["done"]:
            return self._started()  # no number of the epoch is drawn yet
        bits = self._bits()
        now = deepcopy(bits.state)
        bits.state = self._start = saved["start"]
        plan = self._plan()
        self._done = sum(1 for _ in itertools.islice(plan, saved["done"]))
        bits.state = now  # what was drawn from it since the start is drawn
        return plan

    def _bits(self) -> Any:
        """The bit generator that decides the order."""
        generator = self.generator
        for sampler in (self.batch_sampler, getattr(self.batch_sampler, "sampler", self.sampler)):
            generator = getattr(sampler, "generator", None) or generator
        return numpy_generator(generator).bit_generator


def _check_options(
    iterable: bool,
    batch_size: Any,
    shuffle: Any,
    sampler: Any,
    batch_sampler: Any,
    drop_last: bool,
) -> None:
    """Refuse options that exclude one another, in PyTorch's words."""
    wrong = ""
    if shuffle not in (None, False, True):
        wrong = f"shuffle must be True or False, got {shuffle!r}"
    elif batch_size is not None and (
        isinstance(batch_size, bool) or not hasattr(batch_size, "__index__") or batch_size <= 0
    ):
        wrong = f"batch_size should be a positive integer value, but got batch_size={batch_size!r}"
    elif iterable and shuffle:
        wrong = "an IterableDataset has its own order: leave out shuffle, or make it a Dataset"
    elif iterable and (sampler is not None or batch_sampler is not None):
        wrong = "an IterableDataset has its own order: leave out sampler and batch_sampler"
    elif sampler is not None and shuffle:
        wrong = "sampler option is mutually exclusive with shuffle"
    elif batch_sampler is not None and (
        batch_size != 1 or shuffle or sampler is not None or drop_last
    ):
        wrong = (
            "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and "
            "drop_last"
        )
    elif batch_size is None and drop_last:
        wrong = "batch_size=None disables auto-batching and is mutually exclusive with drop_last"
    if wrong:
        raise ShapeError(located(f"DataLoader: {wrong}"))
