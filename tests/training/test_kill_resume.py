"""kill -9 at any moment, then resume: the same weights, bit for bit, as without it."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from killed_job import JOBS, run

from tinygrad_edu.training import checkpoints_in

SCRIPT = Path(__file__).with_name("killed_job.py")


def same_bits(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert one[name].dtype == other[name].dtype, name
        assert one[name].tobytes() == other[name].tobytes(), name


def start(job, epochs, folder, result):
    command = [sys.executable, str(SCRIPT), job, str(epochs), str(folder), str(result)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def check(job, epochs, result):
    with np.load(result) as file:
        same_bits({name: file[name] for name in file.files}, run(job, epochs=epochs))


def survive(job, epochs, kills, longest, tmp_path, seed=0):
    """Kill a run again and again, and let the last one end. A run that was too fast starts anew.

    Return in how many places of a run it was resumed.
    """
    rng, result, places, hits = random.Random(seed), tmp_path / "result.npz", set(), 0
    folder = tmp_path / "saved"
    for attempt in range(10 * kills):
        with start(job, epochs, folder, result) as process:
            process.stdout.readline()
            time.sleep(rng.uniform(0, longest))
            process.kill()
            _, err = process.communicate()
        if process.returncode == -9:
            hits += 1
            places |= {path.name for path in checkpoints_in(folder)[:1]}
        else:
            assert process.returncode == 0, err.decode()
            check(job, epochs, result)
            folder = tmp_path / f"saved {attempt}"
        if hits == kills:
            break
    with start(job, epochs, folder, result) as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err.decode()
    check(job, epochs, result)
    assert hits == kills
    return len(places)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no kill -9")
@pytest.mark.parametrize("job", JOBS)
def test_three_kills(tmp_path, job):
    assert survive(job, 10, 3, 0.15, tmp_path) >= 1


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no kill -9")
@pytest.mark.parametrize("job", JOBS)
def test_fifty_kills(tmp_path, job):
    assert survive(job, 100, 50, 0.25, tmp_path, seed=1) >= 20
