"""What beginners do wrong, and what they are told."""

import contextlib
import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim, training
from tinygrad_edu.data import load_digits

F = nn.functional
X, Y, W = tg.ones(4, 3), tg.tensor([0, 1, 2, 0]), tg.ones(3, requires_grad=True)


class Power(tg.autograd.Function):
    @staticmethod
    def forward(ctx, x, p):
        ctx.save_for_backward(x, p)
        return x**p


class Array(tg.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.detach().numpy()


def untrained():
    return optim.SGD(nn.Linear(3, 3).parameters(), lr=0.1)


MISTAKES = {
    "no return": (lambda: F.cross_entropy(None, Y), "not NoneType; .* forget its return"),
    "no return, added": (lambda: X + None, "not NoneType; .* forget its return"),
    "a module as input": (lambda: nn.Linear(3, 2)(nn.ReLU()), r"call the module, as in ReLU\("),
    "a class as input": (lambda: nn.Linear(3, 2)(nn.ReLU), r"class ReLU; make a module .* first"),
    "a module to fill": (lambda: nn.init.zeros_(nn.Linear(3, 2)), "pass one of its parameters"),
    "a tuple of Tensors": (lambda: X * (X,), r"tuple; it holds Tensors: .* stack\("),
    "a text": (lambda: X * "a", "str; a text is no number"),
    "a function": (lambda: tg.exp(len), "call it first"),
    "a number into a layer": (lambda: nn.Linear(3, 2)(3.0), r"not float; wrap it in tensor\("),
    "a number into relu": (lambda: F.relu(3.0), r"'input' must be Tensor, not float"),
    "a list": (lambda: tg.exp([1.0]), r"not list; wrap it in tensor\("),
    "data into a loss": (lambda: nn.CrossEntropyLoss(X, Y), r"CrossEntropyLoss\(...\)\(input, t"),
    "data into a layer": (lambda: nn.ReLU(X), r"ReLU: a Tensor .* write ReLU\(...\)\(x\)"),
    "data into one without options": (lambda: nn.Sigmoid(X), r"write Sigmoid\(...\)\(x\)"),
    "a list of modules": (lambda: nn.Sequential([nn.ReLU()]), r"one by one, .*Sequential\(\*lay"),
    "a class of modules": (lambda: nn.Sequential(nn.ReLU), r"make one of the class, ReLU\(...\)"),
    "a function as module": (lambda: nn.Sequential(tg.relu), r"nn.ReLU\(\) is one"),
    "a number to save": (lambda: Power.apply(W, 3), "argument 1 is of type int: .* ctx.p = p"),
    "an array returned": (lambda: Array.apply(W), r"not ndarray; wrap its result in tensor\("),
    "a Function made": (lambda: Power(W), r"Power.apply\(x\)"),
    "no step yet": (lambda: untrained().explain_step(), "has changed this parameter yet"),
    "loss and optimizer swapped": (
        lambda: training.fit(nn.Linear(3, 3), untrained(), nn.MSELoss(), (X, X), epochs=1),
        r"fit\(model, loss, optimizer, data\)",
    ),
    "classes for scores": (lambda: F.cross_entropy(Y, Y), "scores, not their argmax"),
    "scores and labels swapped": (lambda: F.cross_entropy(Y, X), "input and target are swapped"),
    "a data set unpacked": (lambda: [*load_digits()], "take splits.x_train and splits.y_train"),
    "nothing to train": (lambda: optim.SGD([]), r"empty parameter list: .* only once"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_its_cure(mistake):
    call, words = MISTAKES[mistake]
    with pytest.raises((TypeError, RuntimeError, ValueError), match=words) as caught:
        call()
    assert "test_mistakes.py" in str(caught.value)  # the user's line, not one inside


def test_weights_are_no_data():
    weight = tg.ones(3)
    assert nn.CrossEntropyLoss(weight)(X, Y).item() == pytest.approx(np.log(3))
    assert nn.BCEWithLogitsLoss(pos_weight=weight)(X, X) > 0

    class Scale(nn.Linear):
        def __init__(self, factor):
            super().__init__(3, 2)
            self.factor = factor

    assert Scale(weight).factor is weight  # of one's own, a module may be made of anything


@pytest.mark.parametrize("data", [lambda: W * 2, lambda: [W[0], W[1]]])
def test_history_that_a_copy_loses_is_told(data):
    with pytest.warns(UserWarning, match=r"not their history, .* stack\(\[...\]\)"):
        lost = tg.tensor(data())
    assert not lost.requires_grad
    with tg.no_grad():
        assert tg.tensor(data()).tolist() == lost.tolist()


def test_the_line_is_that_of_the_user_not_of_a_library():
    @contextlib.contextmanager
    def inside():
        yield X.reshape(5)

    with pytest.raises(ValueError, match=r"test_mistakes.py:\d+: yield"), inside():
        pass
    stack = contextlib.ExitStack()
    stack.callback(X.reshape, 5)
    with pytest.raises(ValueError, match=r"test_mistakes.py:\d+: stack.close"):
        stack.close()


def test_plots_are_there_without_being_imported():
    code = "from tinygrad_edu import viz; assert 'viz.plots' in repr(viz.plots)"
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'plot'"):
        tg.viz.plot  # noqa: B018


def test_numpy_s_mean_of_truths_and_counts():
    right = np.mean(np.argmax(tg.tensor([[1.0, 2.0], [3.0, 0.0]]), 1) == tg.tensor([1, 1]))
    assert right.item() == 0.5 and right.dtype == np.float64
    counts = tg.tensor([0, 1, 2, 5])
    for function in (np.mean, np.std, np.var, np.average, np.median):
        assert function(counts).item() == function(counts.numpy())


@pytest.mark.parametrize(
    "product",
    [
        lambda a, b: np.dot(a, b),
        lambda a, b: np.inner(a, b.T),
        lambda a, b: np.tensordot(a, b, 1),
        lambda a, b: np.einsum("ij,jk->ik", a, b),
        lambda a, b: np.vdot(a[0], b[:, 0]),
    ],
)
def test_products_with_an_array_have_the_dtype_of_the_tensor(product):
    a, b = np.arange(12.0).reshape(4, 3), np.arange(6.0).reshape(3, 2)
    found = product(a, tg.tensor(b, dtype=tg.float32))
    assert found.dtype == (a @ tg.tensor(b, dtype=tg.float32)).dtype == np.float32
    np.testing.assert_array_equal(found.numpy(), product(a, b))


def test_a_part_that_a_data_set_does_not_have():
    digits = load_digits()
    with pytest.raises(AttributeError, match=r"X_train.: take splits"):
        digits.X_train  # noqa: B018
    assert not hasattr(digits, "targets")
    assert pickle.loads(pickle.dumps(digits)).x_val.shape == copy.copy(digits).x_val.shape
