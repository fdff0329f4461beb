"""no_grad, enable_grad, inference_mode, set_grad_enabled: as context, decorator, and in threads."""

import threading

import pytest

import tinygrad_edu as tg
from tinygrad_edu import (
    autograd,
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
    tensor,
)

MODES = {
    "no_grad": (no_grad, False),
    "inference_mode": (inference_mode, False),
    "enable_grad": (enable_grad, True),
    "set_grad_enabled(False)": (lambda: set_grad_enabled(False), False),
    "set_grad_enabled(True)": (lambda: set_grad_enabled(True), True),
    "inference_mode(False)": (lambda: inference_mode(False), True),
    "inference_mode(mode=False)": (lambda: inference_mode(mode=False), True),
    "inference_mode(mode=True)": (lambda: inference_mode(mode=True), False),
}


@pytest.fixture(params=MODES, ids=list(MODES))
def mode(request):
    return MODES[request.param]


@pytest.fixture(autouse=True)
def recording():
    assert is_grad_enabled()
    yield
    assert is_grad_enabled()


def test_as_a_context(mode):
    make, inside = mode
    for outside in (True, False):
        with set_grad_enabled(outside):
            with make():
                assert is_grad_enabled() is inside
            assert is_grad_enabled() is outside


def test_as_a_decorator_with_brackets(mode):
    make, inside = mode

    @make()
    def f(a, *, b):
        """Doc."""
        assert is_grad_enabled() is inside
        return a + b

    for outside in (True, False):
        with set_grad_enabled(outside):
            assert f(1, b=2) == 3
            assert is_grad_enabled() is outside
    assert f.__name__ == "f" and f.__doc__ == "Doc."


@pytest.mark.parametrize("make, inside", [(no_grad, 0), (inference_mode, 0), (enable_grad, 1)])
def test_as_a_decorator_without_brackets(make, inside):
    @make
    def f(a):
        return a, is_grad_enabled()

    assert f(5) == (5, bool(inside))
    assert f.__name__ == "f"

    class C:
        @make
        def method(self):
            return self, is_grad_enabled()

    c = C()
    assert c.method() == (c, bool(inside))


def test_the_state_returns_after_an_exception(mode):
    make, _ = mode

    @make()
    def f():
        raise KeyError

    for outside in (True, False):
        with set_grad_enabled(outside):
            with pytest.raises(KeyError), make():
                raise KeyError
            assert is_grad_enabled() is outside
            with pytest.raises(KeyError):
                f()
            assert is_grad_enabled() is outside


def test_nesting():
    with no_grad():
        with enable_grad():
            with no_grad():
                assert not is_grad_enabled()
            assert is_grad_enabled()
        assert not is_grad_enabled()


def test_one_object_entered_twice_and_used_again():
    off = no_grad()
    for _ in range(2):
        with off:
            with off:
                assert not is_grad_enabled()
            assert not is_grad_enabled()
        assert is_grad_enabled()


def test_recursion_of_a_decorated_function():
    @no_grad()
    def f(n):
        with enable_grad():
            if n:
                f(n - 1)
            assert is_grad_enabled()
        return is_grad_enabled()

    assert f(3) is False


def test_set_grad_enabled_acts_at_once():
    try:
        set_grad_enabled(False)
        assert not is_grad_enabled()
    finally:
        set_grad_enabled(True)
    assert is_grad_enabled()


def test_set_grad_enabled_as_a_context_restores_what_was_before_it_was_made():
    with set_grad_enabled(False):
        pass
    assert is_grad_enabled()


def test_making_a_decorator_changes_nothing():
    decorate = set_grad_enabled(False)
    f = decorate(is_grad_enabled)
    assert is_grad_enabled()
    assert f() is False


def test_nothing_is_recorded_inside():
    x = tensor([1.0, 2.0], requires_grad=True)
    with no_grad():
        y = x * 2
        z = (y + x).sum()
    assert not y.requires_grad and y.is_leaf and z.grad_fn is None
    assert x.requires_grad
    with no_grad(), enable_grad():
        assert (x * 2).requires_grad


def test_a_leaf_made_inside_may_require_grad():
    with no_grad():
        x = tensor([1.0, 2.0], requires_grad=True)
        assert x.requires_grad
    (x * 3).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_modes_hold_for_one_thread_only():
    seen = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append(is_grad_enabled()))
        thread.start()
        thread.join()
        assert not is_grad_enabled()
    assert seen == [True]


def test_one_decorated_function_in_two_threads_at_once():
    """Both are inside `f` together, entered from different modes, and leave in turn."""
    steps = threading.Barrier(2, timeout=10)
    after = {}

    @no_grad()
    def f(order):
        steps.wait()
        if order == 2:
            steps.wait()

    def run(order, mode):
        set_grad_enabled(mode)
        f(order)
        after[order] = is_grad_enabled()
        if order == 1:
            steps.wait()

    threads = [threading.Thread(target=run, args=a) for a in ((1, True), (2, False))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert after == {1: True, 2: False}


def test_training_in_two_threads():
    found = {}

    def run(k):
        x = tensor([float(k)], requires_grad=True)
        for _ in range(200):
            x.grad = None
            y = x
            for _ in range(5):
                y = y * x
            y.sum().backward()
        found[k] = x.grad.item()

    threads = [threading.Thread(target=run, args=(k,)) for k in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {k: 6.0 * k**5 for k in (1, 2, 3)}


def test_a_decorated_generator_runs_in_the_mode_and_its_user_does_not():
    @no_grad()
    def steps():
        received = yield is_grad_enabled()
        try:
            yield received, is_grad_enabled()
        except KeyError:
            yield "caught", is_grad_enabled()
        return is_grad_enabled()

    g = steps()
    assert next(g) is False
    assert is_grad_enabled()
    assert g.send("hello") == ("hello", False)
    assert is_grad_enabled()
    assert g.throw(KeyError("k")) == ("caught", False)
    assert is_grad_enabled()
    with pytest.raises(StopIteration) as end:
        next(g)
    assert end.value.value is False


def test_closing_a_decorated_generator():
    closed = []

    @no_grad
    def steps():
        try:
            yield 1
            yield 2
        finally:
            closed.append(is_grad_enabled())

    for item in steps():
        assert item == 1 and is_grad_enabled()
        break
    g = steps()
    next(g)
    g.close()
    assert closed[-1] is False and is_grad_enabled()


def test_an_error_inside_a_decorated_generator():
    @no_grad()
    def steps():
        yield 1
        raise KeyError("inside")

    g = steps()
    next(g)
    with pytest.raises(KeyError, match="inside"):
        next(g)
    assert is_grad_enabled()


def test_the_names_of_torch_autograd():
    for name in ("no_grad", "enable_grad", "inference_mode", "set_grad_enabled"):
        assert getattr(autograd, name) is getattr(tg, name)


def test_backward_hooks_and_formulas_run_without_recording_unless_create_graph():
    x = tensor([1.0, 2.0], requires_grad=True)
    seen = []
    y = x * x
    y.register_hook(lambda g: seen.append(is_grad_enabled()))
    y.sum().backward(retain_graph=True)
    autograd.grad(y.sum(), x, create_graph=True)
    assert seen == [False, True]
