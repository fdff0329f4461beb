"""What every test shares: no display, one BLAS thread per worker, and skips that say why.

Tests own their seeds. A test that needs an optional program or library carries its marker
(`torch`, `plot`, `browser`) and imports the library inside the test or with `pytest.importorskip`.
"""

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
