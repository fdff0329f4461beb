"""What is refused: a state of another rule, and options that are no finite numbers."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn, optim


def stepped(rule, **options):
    p = Tensor(np.ones((2, 3)), requires_grad=True)
    opt = rule([p], **options)
    p.grad = Tensor(np.full((2, 3), 0.5))
    opt.step()
    return p, opt


def test_the_state_of_another_rule_is_refused_and_changes_nothing():
    _, sgd = stepped(optim.SGD, lr=0.1, momentum=0.9)
    p, adam = stepped(optim.Adam)
    before = adam.state_dict()
    with pytest.raises(ValueError, match=r"Adam does not know: .*momentum"):
        adam.load_state_dict(sgd.state_dict())
    assert adam.state_dict()["param_groups"] == before["param_groups"]
    assert set(adam.state[p]) == {"step", "exp_avg", "exp_avg_sq"}


@pytest.mark.parametrize("lr", [float("inf"), float("nan")])
def test_a_rate_that_is_not_finite_is_refused(lr):
    with pytest.raises(ValueError, match="lr"):
        stepped(optim.Adam, lr=lr)


def test_a_rate_that_is_no_number_is_refused():
    with pytest.raises(TypeError, match="lr"):
        stepped(optim.SGD, lr="fast")


def test_a_model_in_place_of_its_parameters_is_refused():
    with pytest.raises(TypeError, match=r"model\.parameters\(\)"):
        optim.SGD(nn.Linear(2, 3))
