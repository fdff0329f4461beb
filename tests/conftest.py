"""What every test shares: no display, one BLAS thread per worker, and skips that say why.

Tests own their seeds. A test that needs an optional program or library carries its marker
(`torch`, `plot`, `mpi`, `dask`, `browser`) and imports the library inside the test or with
`pytest.importorskip`.
"""

import copy
import os
import shutil
from importlib.util import find_spec

import hypothesis
import pytest

os.environ["MPLBACKEND"] = "Agg"
# The two workers inherit these: with two BLAS threads each they would fight over two cores.
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

# The same examples in every run, and no time limit on a busy machine.
hypothesis.settings.register_profile("house", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("house")

CHROMIUM = next(filter(shutil.which, ("chromium", "chromium-browser", "google-chrome")), None)

MISSING = {
    "torch": None if find_spec("torch") else "needs PyTorch: pip install torch==2.13.0",
    "plot": None if find_spec("matplotlib") else "needs matplotlib: pip install -e '.[plot]'",
    "mpi": None if find_spec("mpi4py") else "needs mpi4py: pip install -e '.[mpi]'",
    "dask": None if find_spec("distributed") else "needs Dask: pip install -e '.[dask]'",
    "browser": None if CHROMIUM else "needs Chromium: no such program on the PATH",
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "slow" not in (config.option.markexpr or ""):
        skip = pytest.mark.skip(reason="slow: run with -m slow")
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(skip)
    for item in items:
        for marker, reason in MISSING.items():
            if reason and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


_states: dict[str, dict] = {}


@pytest.fixture(autouse=True)
def same_numbers_in_any_order(request: pytest.FixtureRequest) -> None:
    """Each test draws from its module's ``RNG`` as if it were the first."""
    rng = getattr(request.module, "RNG", None)
    state = getattr(getattr(rng, "bit_generator", None), "state", None)
    if state is not None:
        kept = _states.setdefault(request.module.__name__, copy.deepcopy(state))
        rng.bit_generator.state = copy.deepcopy(kept)
