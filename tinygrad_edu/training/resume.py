"""Everything a training run needs to go on as if it had never stopped: taken, and put back."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from ..engine import raw
from ..gradients import no_grad
from .batches import as_tensor
from .callbacks import Epoch, Training

FORMAT = 1


class ResumeError(ValueError):
    """A saved state is of another run; the message says what differs."""


def model_state(model: Any) -> dict[str, np.ndarray]:
    """Parameters and buffers by name, as arrays that share the model's memory.

    Buffers that a state dict leaves out are among them: they too may change what comes next.

    Examples
    --------
    >>> from tinygrad_edu import nn
    >>> {name: array.shape for name, array in model_state(nn.Linear(3, 2)).items()}
    {'weight': (2, 3), 'bias': (2,)}
    """
    tensors = {**model.state_dict(), **_unsaved(model)}
    return {name: raw(tensor) for name, tensor in tensors.items()}


def load_model(model: Any, state: Mapping[str, Any]) -> None:
    """Copy arrays into the parameters and buffers of a model.

    Raises
    ------
    RuntimeError
        Names or shapes are not those of the model, which stays as it is.
    """
    unsaved = _unsaved(model)
    model.load_state_dict({name: state[name] for name in state if name not in unsaved})
    with no_grad():
        for name in unsaved.keys() & state.keys():
            unsaved[name].copy_(as_tensor(state[name]))


def _unsaved(model: Any) -> dict[str, Any]:
    """The buffers that a state dict leaves out."""
    saved = model.state_dict()
    return {name: buffer for name, buffer in model.named_buffers() if name not in saved}


def capture(run: Training) -> dict[str, Any]:
    """Where a run stands, between two steps: plain data, and arrays that are no copies.

    Parameters
    ----------
    run : Training
    """
    return {
        **identity(run),
        "epoch": run.epoch,
        "step": run.step,
        "losses": list(run.losses),
        "history": [asdict(epoch) for epoch in run.history],
        "stopped": run.stopped,
        "model": model_state(run.model),
        "optimizer": run.optimizer.state_dict(),
        "callbacks": [callback.state_dict() for callback in run.callbacks],
        "random": run.random.states(),
        "epoch_start": run.epoch_start,
    }


def restore(run: Training, saved: Mapping[str, Any]) -> None:
    """Bring a run to where it was captured; what does not fit changes nothing.

    Raises
    ------
    ResumeError
        It is the state of another run; the message says what differs.
    """
    for name, here in identity(run).items():
        there = saved.get(name)
        if there != here:
            raise ResumeError(f"{name}: saved with {there}, but this run has {here}")
    before = copy.deepcopy(capture(run))
    try:
        _put(run, saved)
    except Exception as error:
        _put(run, before)
        raise ResumeError(f"the saved state does not fit this run: {error}") from error


def identity(run: Training) -> dict[str, Any]:
    """What must be the same in the run that is saved and the one that goes on."""
    return {
        "format": FORMAT,
        "training data": run.data,
        "update rule": type(run.optimizer).__name__,
        "callback kinds": [type(callback).__name__ for callback in run.callbacks],
    }


def _put(run: Training, saved: Mapping[str, Any]) -> None:
    load_model(run.model, saved["model"])
    run.optimizer.load_state_dict(saved["optimizer"])
    for callback, state in zip(run.callbacks, saved["callbacks"], strict=True):
        callback.load_state_dict(copy.deepcopy(state))
    run.epoch, run.step, run.stopped = saved["epoch"], saved["step"], saved["stopped"]
    if run.step:
        # Saved between the last step of an epoch and its end, a run begins with the schedule.
        run.optimizer._opt_called = True
    run.losses = list(saved["losses"])
    run.history[:] = [Epoch(**epoch) for epoch in saved["history"]]
    run.epoch_start, run.resumed = saved["epoch_start"], saved["random"]
    run.random.set_states(saved["random"])
