"""detect_anomaly: the first op that made a NaN or inf, the line that ran it, and the element."""

import numpy as np
import pytest

from tinygrad_edu import autograd, ops, primitive, tensor
from tinygrad_edu.autograd import detect_anomaly
from tinygrad_edu.engine import state
from tinygrad_edu.errors import AnomalyError


@pytest.fixture(autouse=True)
def nobody_watches():
    assert state.watch is None
    yield
    assert state.watch is None


def leaf(values):
    return tensor(np.array(values), requires_grad=True)


def test_the_forward_pass_names_op_kind_count_index_and_line():
    x = leaf([[1.0, 2.0, 3.0], [4.0, 0.0, 0.0]])
    with pytest.raises(AnomalyError) as caught, detect_anomaly():
        (x.log() * 2).sum()
    text = str(caught.value)
    assert text.startswith("'log' made inf in its result: 2 of 6 elements, first at index (1, 1)")
    assert "test_engine_anomaly.py:" in text and "(x.log() * 2).sum()" in text


def test_the_forward_pass_is_watched_without_history_too():
    with pytest.raises(AnomalyError, match="'sqrt' made nan"), detect_anomaly():
        tensor([-1.0]).sqrt()


def test_the_backward_pass_names_the_input_and_the_forward_line():
    x = leaf([4.0, 0.0, 9.0])
    with pytest.raises(AnomalyError) as caught, detect_anomaly():
        y = x.sqrt()  # made here
        y.sum().backward()
    text = str(caught.value)
    assert text.startswith("'sqrt' made inf in the gradient of its input 0: 1 of 3 elements")
    assert "index (1,)" in text
    assert "y = x.sqrt()  # made here" in text


def test_the_first_culprit_is_named_and_not_its_victims():
    x = leaf([0.0, 1.0])
    with pytest.raises(AnomalyError, match="'sqrt'"), detect_anomaly():
        (x.sqrt() * 3 + x.exp()).reshape(2, 1).sum().backward()


def test_the_classic_trap_of_where():
    """0 * inf: the branch that was not taken poisons the gradient."""
    x = leaf([0.0, 4.0])
    safe = ops.where(x > 0, x.sqrt(), 0.0)
    text = r"'sqrt' made nan in the gradient.*outside"
    with pytest.raises(AnomalyError, match=text), detect_anomaly():
        safe.sum().backward()


def test_a_nan_is_called_nan_even_next_to_inf():
    x = leaf([0.0, -1.0])
    text = "'log' made nan in its result: 2 of 2"
    with pytest.raises(AnomalyError, match=text), detect_anomaly():
        x.log()


def test_scalars_and_integers():
    with detect_anomaly():
        tensor([1, 2]) + 1
        ops.argmax(tensor([1.0, 2.0]))
    with pytest.raises(AnomalyError, match=r"index \(\)"), detect_anomaly():
        tensor(0.0).log()


def test_clean_passes_are_left_alone():
    x = leaf([1.0, 2.0])
    with detect_anomaly():
        (x.log() * x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.log([1.0, 2.0]) + 1)


def test_outside_nothing_is_checked():
    x = leaf([0.0])
    x.log().sum().backward()
    assert x.grad.item() == np.inf


def test_check_nan_false_checks_nothing():
    with detect_anomaly(check_nan=False):
        leaf([0.0]).log().sum().backward()


def test_nested_and_after_exceptions():
    outer, inner = detect_anomaly(), detect_anomaly(check_nan=False)
    with outer:
        assert state.watch is outer
        with inner:
            assert state.watch is inner
            with outer:
                assert state.watch is outer
            assert state.watch is inner
        assert state.watch is outer
        with pytest.raises(KeyError), inner:
            raise KeyError
        assert state.watch is outer


def test_as_a_decorator():
    @detect_anomaly()
    def f(x):
        return x.log()

    with pytest.raises(AnomalyError):
        f(tensor([0.0]))
    assert f(tensor([1.0])).item() == 0.0


def test_in_a_function_of_ones_own():
    class Bad(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g / 0.0

    x = leaf([1.0, 2.0])
    with pytest.raises(AnomalyError, match=r"'(Bad|div)' made inf"), detect_anomaly():
        Bad.apply(x).sum().backward()


def test_in_a_function_with_several_outputs():
    class Pair(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, g, h):
            return g * 2 + h * 3

    x = leaf([1.0, 2.0])
    with detect_anomaly():
        a, b = Pair.apply(x)
        (a * b).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [12.0, 24.0])


def test_in_a_recorded_backward_pass():
    x = leaf([0.0, 1.0])
    with pytest.raises(AnomalyError, match=r"made (inf|nan)"), detect_anomaly():
        (d,) = autograd.grad((x**1.5).sum(), x, create_graph=True)
        autograd.grad(d.sum(), x)


def test_an_op_of_ones_own():
    @primitive
    def half(x):
        return x / 2

    half.defvjp(lambda g, out, x: g * np.nan)
    x = leaf([1.0])
    text = "'half' made nan in the gradient of its input 0"
    with pytest.raises(AnomalyError, match=text), detect_anomaly():
        half(x).sum().backward()
