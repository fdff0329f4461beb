"""Every update rule against a plain reference, over several steps."""

import pytest

from tests.optim import trajectories


@pytest.mark.parametrize("case", trajectories.cases(), ids=str)
def test_trajectory_is_that_of_the_formula(case):
    trajectories.compare(case)


@pytest.mark.parametrize("check", trajectories.HELPERS.values(), ids=list(trajectories.HELPERS))
def test_helpers(check):
    check()
