"""A history of training, in any of its common forms, as columns of numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .canvas import as_array

Column = NDArray[np.float64]


def read_table(history: Any, what: str) -> dict[str, Any]:
    """The columns of a history by name, as they were given.

    Parameters
    ----------
    history : mapping, or sequence of epochs
        A dict of lists; or rows, each a dict, a dataclass (such as `training.Epoch`) or a named
        tuple; or an object with either as its ``history``. What a row lacks is None.
    what : str
        Who asks, for errors.

    Examples
    --------
    >>> read_table([{"loss": 2.0}, {"loss": 1.0, "lr": 0.1}], "curves")
    {'loss': [2.0, 1.0], 'lr': [None, 0.1]}
    """
    history = getattr(history, "history", history)
    if isinstance(history, Mapping) or hasattr(history, "keys"):  # a data frame has them as well
        return {str(name): history[name] for name in history.keys()}  # noqa: SIM118
    if not isinstance(history, Iterable) or isinstance(history, str):
        raise TypeError(_expected(what, history))
    rows = [_row(row, what) for row in history]
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _row(row: Any, what: str) -> dict[str, Any]:
    if isinstance(row, Mapping):
        return dict(row)
    if dataclasses.is_dataclass(row):
        return {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}
    if hasattr(row, "_asdict"):
        return dict(row._asdict())
    raise TypeError(_expected(what, row))


def _expected(what: str, given: Any) -> str:
    return (
        f"{what}: a history is a dict of lists, or a sequence of epochs (dicts or dataclasses); "
        f"got {type(given).__name__}"
    )


def column(table: Mapping[str, Any], name: str) -> Column:
    """One column as floats; what was not measured is NaN.

    Examples
    --------
    >>> column({"val_loss": [2, None, 1.5]}, "val_loss")
    array([2. , nan, 1.5])
    """
    return _floats(table[name], name)


def _floats(values: Any, name: str) -> Column:
    if isinstance(values, (list, tuple)):
        try:
            return np.array([np.nan if v is None else float(v) for v in values], np.float64)
        except (TypeError, ValueError) as error:
            raise TypeError(f"history {name!r}: expected numbers, one an epoch; {error}") from None
    array = as_array(values, f"history {name!r}").astype(np.float64)
    if array.ndim != 1:
        raise ValueError(
            f"history {name!r}: expected one number an epoch, got an array of shape {array.shape}"
        )
    return array


def columns_by_parameter(table: Mapping[str, Any], name: str) -> dict[str, Column]:
    """A column of columns: a dict of lists, or one dict an epoch.

    Examples
    --------
    >>> columns_by_parameter(
    ...     {"grad_norm": [{"w": 1.0}, {"w": 2.0, "b": 3.0}]}, "grad_norm"
    ... )
    {'w': array([1., 2.]), 'b': array([nan,  3.])}
    """
    given = table.get(name)
    given = {} if given is None else given
    if not isinstance(given, Mapping):
        rows = [{} if row is None else row for row in given]
        if not all(isinstance(row, Mapping) for row in rows):
            raise TypeError(
                f"history {name!r}: expected a dict from parameter to numbers, or one such dict an "
                "epoch"
            )
        names = dict.fromkeys(key for row in rows for key in row)
        given = {key: [row.get(key) for row in rows] for key in names}
    return {str(key): _floats(values, f"{name}[{key}]") for key, values in given.items()}


def places(table: Mapping[str, Any], length: int) -> tuple[str, Column]:
    """What the horizontal axis counts, and where the measurements stand on it.

    Examples
    --------
    >>> places({"loss": [3.0, 2.0]}, 2)
    ('epoch', array([1., 2.]))
    >>> places({"step": [0, 100], "loss": [3.0, 2.0]}, 2)
    ('step', array([  0., 100.]))
    """
    for name in ("epoch", "step"):
        if name in table:
            return name, column(table, name)
    return "epoch", np.arange(1.0, length + 1)


def check_lengths(what: str, columns: Mapping[str, Column]) -> int:
    """The length that all columns share.

    Examples
    --------
    >>> check_lengths("curves", {"lr": np.ones(3), "loss": np.ones(2)})
    Traceback (most recent call last):
        ...
    ValueError: curves: the columns of a history have one length, got lr 3, loss 2
    """
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        given = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"{what}: the columns of a history have one length, got {given}")
    if not any(lengths.values()):
        raise ValueError(f"{what}: the history is empty")
    return next(iter(lengths.values()))
