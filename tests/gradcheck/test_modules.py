"""`check_module`: every parameter by itself, the penalty apart, and the model as it was."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, primitive, tensor
from tinygrad_edu.gradcheck import check_module
from tinygrad_edu.nn.penalties import L2Penalty, Regularized

from .random_graphs import wrong_cube


@primitive(name="affine")
def affine(x, w, b):
    return x @ w + b


def with_bias_gradient(formula):
    """The affine map with a formula of one's own for the gradient of its bias."""
    return affine.defvjp(
        lambda g, out, x, w, b: g @ w.T,
        lambda g, out, x, w, b: x.T @ g,
        lambda g, out, x, w, b: formula(g),
    )


class Net(nn.Module):
    """Affine, batch norm, dropout; the state of training that a check must leave alone."""

    def __init__(self, p=0.3, normalise=True):
        super().__init__()
        rng = np.random.default_rng(0)
        self.w = nn.Parameter(rng.normal(size=(5, 4)).astype(np.float32))
        self.b = nn.Parameter(rng.normal(size=4).astype(np.float32))
        self.head = nn.Linear(4, 3, generator=rng)
        self.register_buffer("mean", tg.zeros(4))
        self.register_buffer("var", tg.ones(4))
        self.p, self.normalise = p, normalise

    def forward(self, x):
        h = affine(x, self.w, self.b)
        if self.normalise:
            h = nn.functional.batch_norm(h, self.mean, self.var, training=self.training)
        return self.head(nn.functional.dropout(h.relu() + 0.1 * h, self.p))


def right():
    with_bias_gradient(lambda g: g.sum(0))
    return Net()


def batch():
    rng = np.random.default_rng(1)
    x = tensor(rng.normal(size=(6, 5)).astype(np.float32))
    return x, tensor(rng.integers(0, 3, 6))


LOSS = nn.CrossEntropyLoss()


def state(net):
    tensors = [*net.parameters(), net.mean, net.var]
    return [t._array for t in tensors], [t._array.copy() for t in tensors]


def assert_untouched(net, before):
    arrays, values = before
    for now, array, value in zip(state(net)[0], arrays, values, strict=True):
        assert now is array and np.array_equal(now, value)
    assert all(p.grad is None for p in net.parameters())


def test_a_right_model_passes_with_a_part_for_each_parameter():
    net = right()
    before = state(net)
    report = check_module(net, LOSS, batch())
    assert report.verdict == "pass", report
    assert [part.name for part in report.parts] == ["w", "b", "head.weight", "head.bias"]
    assert all(part.inputs[0].worst < 1e-7 for part in report.parts)
    assert_untouched(net, before)


def test_the_report_says_what_was_done():
    report = check_module(right(), LOSS, batch())
    notes = " ".join(report.notes)
    assert "lifted to float64: 7 tensors" in notes and "one mask" in notes
    text = str(report)
    assert "head.weight (3,4)" in text and len(text.splitlines()) <= 25


def test_random_numbers_go_on_as_before():
    tg.manual_seed(3)
    expected = tg.rand(4).tolist()
    tg.manual_seed(3)
    np.random.seed(3)
    legacy = np.random.rand()
    np.random.seed(3)
    check_module(right(), LOSS, batch())
    assert tg.rand(4).tolist() == expected and np.random.rand() == legacy


def test_dropout_of_ones_own_is_held_still_as_well():
    class Noisy(Net):
        def forward(self, x):
            mask = np.random.rand(len(x.tolist()), 5) < 0.5
            return super().forward(x * tensor(mask.astype(x.dtype)))

    with_bias_gradient(lambda g: g.sum(0))
    assert check_module(Noisy(), LOSS, batch())


def test_a_generator_of_the_module_is_held_still_as_well():
    class Noisy(Net):
        def __init__(self):
            super().__init__()
            self.rng = np.random.default_rng(9)

        def forward(self, x):
            return super().forward(x + tensor(self.rng.normal(size=x.shape)))

    with_bias_gradient(lambda g: g.sum(0))
    net = Noisy()
    assert check_module(net, LOSS, batch())
    assert net.rng.normal() == np.random.default_rng(9).normal()


def test_a_buffer_that_a_call_writes_to_starts_each_call_the_same():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(np.array([1.0, 2.0]))
            self.register_buffer("calls", tg.zeros(1))

        def forward(self, x):
            self.calls.add_(1.0)
            return x * self.w * self.calls

    net = Counting()
    assert check_module(net, lambda out: (out * out).sum(), tensor(np.ones((3, 2))))
    assert net.calls.tolist() == [0.0]


def test_a_wrong_bias_is_named_and_its_neighbours_are_right():
    with_bias_gradient(lambda g: g.mean(0))
    report = check_module(Net(p=0.0, normalise=False), LOSS, batch())
    verdicts = {part.name: part.verdict for part in report.parts}
    assert verdicts == {"w": "pass", "b": "fail", "head.weight": "pass", "head.bias": "pass"}
    assert (report.verdict, report.op, report.diagnosis[0][0]) == ("fail", "affine", "mean_n")
    assert report.where.endswith("of test_modules.py")


def test_a_small_parameter_is_not_hidden_by_a_large_one():
    """In one flat vector, its relative error would be 1e-9: "happy"."""
    with_bias_gradient(lambda g: g.sum(0) * 1.01)
    net = Net(p=0.0, normalise=False)
    report = check_module(net, lambda out, y: out.sum() * 1e-3 + (net.w * 1e4).sum(), batch())
    assert [part.name for part in report.parts if not part] == ["b"]


def test_a_penalty_does_not_mask_the_gradient_of_the_data():
    """A strong penalty makes up nearly all of the gradient; apart, the data loss is seen."""
    with_bias_gradient(lambda g: g.mean(0))
    net = Net(p=0.0, normalise=False)
    report = check_module(net, Regularized(LOSS, L2Penalty(1e6)), batch())
    parts = {part.name: part.verdict for part in report.parts}
    assert parts["b"] == "fail" and parts["regularisation"] == "pass"


def test_a_wrong_penalty_is_the_only_part_that_fails():
    net = right()
    report = check_module(net, LOSS, batch(), regularization=lambda m: wrong_cube(m.w).sum())
    assert [part.name for part in report.parts if not part] == ["regularisation"]
    assert report.op == "wrong_cube"
    assert "regularisation, apart" in str(report)


def test_a_regularized_loss_and_a_given_penalty_are_two_parts():
    report = check_module(
        right(), Regularized(LOSS, L2Penalty(0.1)), batch(), regularization=L2Penalty(1e-3)
    )
    assert [part.name for part in report.parts][-2:] == ["regularisation 1", "regularisation 2"]
    assert report


def test_all_parameters_at_once():
    report = check_module(right(), LOSS, batch(), per_param=False)
    assert report and [part.name for part in report.parts] == ["all parameters"]
    assert len(report.inputs) == 4
    with_bias_gradient(lambda g: g.mean(0))
    assert not check_module(Net(p=0.0, normalise=False), LOSS, batch(), per_param=False)


def test_the_number_of_calls_does_not_grow_with_the_parameters():
    def calls(width):
        model, x = nn.Linear(5, width), batch()[0]
        return check_module(model, lambda out: (out * out).sum(), x).evaluations

    assert calls(200) == calls(4)


def test_a_failure_of_a_large_model_is_not_dear():
    """Each element, and each idea of what is wrong, would cost a pass through the network."""
    with_bias_gradient(lambda g: g.mean(0))
    rng, calls = np.random.default_rng(0), []
    net = Net(p=0.0, normalise=False)
    net.w = nn.Parameter(rng.normal(size=(5, 300)))
    net.b = nn.Parameter(rng.normal(size=300))
    net.head = nn.Linear(300, 3, generator=rng)

    def counted(out, y):
        calls.append(1)
        return LOSS(out, y)

    report = check_module(net, counted, batch())
    assert (report.verdict, report.op, report.diagnosis[0][0]) == ("fail", "affine", "mean_n")
    assert report.inputs[1].worst.ratio == pytest.approx(1 / 6, rel=1e-6)
    assert len(calls) < 1500
    assert "b: 3 of 300 elements were compared" in report.notes


def test_frozen_parameters_are_left_out_and_reported():
    net = right()
    net.head.requires_grad_(False)
    report = check_module(net, LOSS, batch())
    assert [part.name for part in report.parts] == ["w", "b"]
    assert "frozen, so not checked: head.weight, head.bias" in report.notes


def test_a_shared_parameter_is_checked_once():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(5, 5)
            self.b = nn.Linear(5, 5)
            self.b.weight = self.a.weight

        def forward(self, x):
            return self.b(self.a(x).tanh())

    report = check_module(Tied(), nn.MSELoss(), (batch()[0], tensor(np.ones((6, 5)))))
    assert report and [p.name for p in report.parts] == ["a.weight", "a.bias", "b.bias"]


def test_a_batch_of_arrays_and_one_without_a_target():
    x, y = batch()
    assert check_module(right(), LOSS, (x.numpy(), y.numpy()))
    assert check_module(right(), lambda out: (out**2).mean(), x)
    assert check_module(right(), lambda out: (out**2).mean(), [x])


def test_evaluation_mode_uses_the_running_statistics():
    net = right().eval()
    assert check_module(net, LOSS, batch())
    assert not net.training


def test_gradients_that_are_there_stay():
    net = right()
    net.b.grad = tensor([1.0, 2.0, 3.0, 4.0])
    check_module(net, LOSS, batch())
    assert net.b.grad.tolist() == [1.0, 2.0, 3.0, 4.0] and net.w.grad is None


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_everything_is_put_back_after_an_error(error):
    net, calls = right(), []

    def loss(out, y):
        calls.append(1)
        if len(calls) > 10:
            raise error("stop")
        return LOSS(out, y)

    before = state(net)
    tg.manual_seed(1)
    expected = tg.rand(2).tolist()
    tg.manual_seed(1)
    if error is KeyboardInterrupt:
        with pytest.raises(KeyboardInterrupt):
            check_module(net, loss, batch())
    else:
        assert not check_module(net, loss, batch())
    assert_untouched(net, before)
    assert tg.rand(2).tolist() == expected


class Empty(nn.Module):
    def forward(self, x):
        return x


BAD = {
    "no module": (3, LOSS, "takes a Module, not int"),
    "no parameters": (Empty(), LOSS, "no parameter that requires grad"),
    "no function": (Net(), None, "loss_fn must be callable, not NoneType"),
    "no return": (Net(), lambda out, y: None, "returned None"),
    "a number": (Net(), lambda out, y: 1.0, "returned float"),
    "an array": (Net(), lambda out, y: out.detach().numpy(), "returned ndarray"),
    "an error": (Net(), lambda out, y: 1 / 0, "ZeroDivisionError"),
    "too few arguments": (Net(), lambda out: out, "TypeError"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_a_reason(name):
    with_bias_gradient(lambda g: g.sum(0))
    module, loss, text = BAD[name]
    report = check_module(module, loss, batch())
    assert report.verdict == "inconclusive" and text in report.reason


@pytest.mark.parametrize("empty", [(), []])
def test_an_empty_batch_gets_a_reason(empty):
    report = check_module(right(), LOSS, empty)
    assert report.verdict == "inconclusive" and "the batch is empty" in report.reason


def test_nan_in_a_parameter_gets_a_reason():
    net = right()
    net.b.data = tensor([1.0, float("nan"), 0.0, 0.0])
    report = check_module(net, LOSS, batch())
    assert report.verdict == "inconclusive" and "parameter b holds nan" in report.reason


def test_a_loss_that_does_not_reach_a_parameter_passes_with_zeros():
    net = right()
    report = check_module(net, lambda out, y: (net.w * net.w).sum(), batch())
    assert report


def test_a_detached_parameter_fails():
    class Cut(Net):
        def forward(self, x):
            return affine(x, self.w, self.b.detach())

    with_bias_gradient(lambda g: g.sum(0))
    report = check_module(Cut(), lambda out, y: (out * out).sum(), batch())
    assert [part.name for part in report.parts if part.verdict == "fail"] == ["b"]
    assert report.diagnosis[0][0] == "detached"
