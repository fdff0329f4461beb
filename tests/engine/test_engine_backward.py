"""backward() and grad(): what they return, accumulate, keep and refuse."""

import numpy as np
import pytest

from tinygrad_edu import autograd, no_grad, tensor
from tinygrad_edu.errors import GradientError, ShapeError

rng = np.random.default_rng(7)


def leaf(*shape, low=-2.0, high=2.0):
    return tensor(rng.uniform(low, high, shape), requires_grad=True)


def upstream(*shape):
    return rng.normal(size=shape)


def same(actual, expected):
    np.testing.assert_allclose(actual.detach().numpy(), expected, rtol=1e-10, atol=1e-12)


# ------------------------------------------------------------------------------- graph shapes


def test_fan_out_of_one_tensor_into_one_op():
    x, g = leaf(2, 3), upstream(2, 3)
    (x * x).backward(g)
    same(x.grad, 2 * x.detach().numpy() * g)


def test_diamond():
    x, g = leaf(3, 2), upstream(3, 2)
    a = x * 3
    b, c = a.exp(), a * a
    (b * c).backward(g)
    z = 3 * x.detach().numpy()
    same(x.grad, g * 3 * np.exp(z) * (z**2 + 2 * z))


def test_one_input_three_times():
    x, y = leaf(4), leaf(4)
    g = upstream(4)
    (x * x * y + x).backward(g)
    same(x.grad, g * (2 * x.detach().numpy() * y.detach().numpy() + 1))
    same(y.grad, g * x.detach().numpy() ** 2)


def test_shared_subgraph_of_two_roots():
    x, g, h = leaf(2, 3), upstream(2, 3), upstream(2, 3)
    shared = x.exp()
    autograd.backward([shared * 2, shared * shared], [tensor(g), tensor(h)])
    e = np.exp(x.detach().numpy())
    same(x.grad, g * 2 * e + h * 2 * e * e)


def test_one_root_inside_the_graph_of_another():
    x, g, h = leaf(3), upstream(3), upstream(3)
    a = x * 2
    b = a * a
    autograd.backward([b, a], [tensor(g), tensor(h)])
    same(x.grad, (g * 2 * 2 * x.detach().numpy() + h) * 2)


def test_the_same_root_twice():
    x, g, h = leaf(3), upstream(3), upstream(3)
    y = x.exp()
    autograd.backward([y, y], [tensor(g), tensor(h)])
    same(x.grad, (g + h) * np.exp(x.detach().numpy()))


def test_a_leaf_as_root():
    x, g = leaf(2, 3), upstream(2, 3)
    x.backward(g)
    same(x.grad, g)
    s = tensor(3.0, requires_grad=True)
    s.backward()
    s.backward()
    assert s.grad.item() == 2.0


def test_an_input_without_gradient_gets_none():
    x, c = leaf(3), tensor(upstream(3))
    (x * c).sum().backward()
    assert c.grad is None
    same(x.grad, c.numpy())


# ------------------------------------------------------------------------------- accumulation


def test_gradients_accumulate_over_calls():
    x, g, h = leaf(2, 2), upstream(2, 2), upstream(2, 2)
    (x * 3).backward(g)
    (x * x).backward(h)
    same(x.grad, 3 * g + 2 * x.detach().numpy() * h)


def test_grad_touches_no_grad_attribute():
    x, g = leaf(2, 3), upstream(2, 3)
    (dx,) = autograd.grad(x * x, x, tensor(g))
    assert x.grad is None
    same(dx, 2 * x.detach().numpy() * g)


def test_only_leaves_and_retained_tensors_get_grad():
    x = leaf(3)
    y, z = x * 2, x * 3
    z.retain_grad()
    g = upstream(3)
    assert z.grad is None and z.retains_grad and not y.retains_grad and not x.retains_grad
    (y * z).backward(g)
    with pytest.warns(UserWarning, match=r"result of an op; .* call retain_grad\(\) on it before"):
        assert y.grad is None
    assert y.is_leaf is False
    same(z.grad, g * 2 * x.detach().numpy())


def test_a_float_seed_for_one_element_of_any_rank():
    x = leaf(1, 1)
    (x * 5).backward()
    same(x.grad, [[5.0]])


# ------------------------------------------------------------------------------- second backward


def test_second_backward_names_what_was_freed_and_both_cures():
    x = leaf(2, 3)
    y = x.exp()
    y.backward(upstream(2, 3))
    with pytest.raises(GradientError) as caught:
        y.backward(upstream(2, 3))
    text = str(caught.value)
    assert "Trying to backward through the graph a second time" in text
    assert "'exp'" in text and "retain_graph=True" in text and "compute the output again" in text


def test_retain_graph_allows_it():
    x, g = leaf(2, 3), upstream(2, 3)
    y = x.exp()
    y.backward(g, retain_graph=True)
    y.backward(g, retain_graph=True)
    y.backward(g)
    same(x.grad, 3 * g * np.exp(x.detach().numpy()))
    with pytest.raises(GradientError):
        y.backward(g)


def test_a_shared_part_is_freed_for_the_other_root_too():
    x = leaf(3)
    shared = x.exp()
    (shared * 2).sum().backward()
    with pytest.raises(GradientError, match="'exp'"):
        (shared * 3).sum().backward()


def test_ops_that_save_nothing_may_be_passed_again():
    x, g = leaf(2, 3), upstream(2, 3)
    y = x + 1.0
    y.backward(g)
    y.backward(g)
    same(x.grad, 2 * g)


def test_create_graph_keeps_the_graph():
    x, g = leaf(3), upstream(3)
    y = x * x * x
    y.backward(g, create_graph=True)
    y.backward(g)
    same(x.grad, 6 * x.detach().numpy() ** 2 * g)


# ------------------------------------------------------------------------------- higher orders


def test_third_order_by_grad():
    x = leaf(2, 3)
    g, h, k = upstream(2, 3), upstream(2, 3), upstream(2, 3)
    v = x.detach().numpy()
    (d1,) = autograd.grad(x**5, x, tensor(g), create_graph=True)
    (d2,) = autograd.grad(d1, x, tensor(h), create_graph=True)
    (d3,) = autograd.grad(d2, x, tensor(k), create_graph=True)
    same(d1, g * 5 * v**4)
    same(d2, g * h * 20 * v**3)
    same(d3, g * h * k * 60 * v**2)
    assert d3.requires_grad


def test_second_order_through_the_upstream_gradient():
    """A gradient is linear in its upstream gradient, and that has a history of its own."""
    x, u, w = leaf(3), leaf(3), upstream(3)
    (d1,) = autograd.grad(x * x, x, u, create_graph=True)
    du, dx = autograd.grad(d1, [u, x], tensor(w))
    same(du, w * 2 * x.detach().numpy())
    same(dx, w * 2 * u.detach().numpy())


def test_gradient_penalty_by_backward():
    x, w = leaf(4, 3), leaf(3)
    ((x * w).exp()).sum().backward(create_graph=True)
    penalty = (x.grad * x.grad).sum()
    x.grad = None
    w.grad = None
    penalty.backward()
    xs, ws = x.detach().numpy(), w.detach().numpy()
    e = np.exp(2 * xs * ws)
    same(x.grad, 2 * ws**3 * e)
    same(w.grad, (2 * ws * e + 2 * ws**2 * xs * e).sum(0))


def test_without_create_graph_the_result_has_no_history():
    x = leaf(3)
    (dx,) = autograd.grad((x**3).sum(), x)
    assert not dx.requires_grad
    with pytest.raises(GradientError, match="does not require grad"):
        autograd.grad(dx.sum(), x)


def test_backward_works_under_no_grad():
    x, g = leaf(3), upstream(3)
    y = x.exp()
    with no_grad():
        y.backward(g, create_graph=False)
    same(x.grad, g * np.exp(x.detach().numpy()))


# ------------------------------------------------------------------------------- arguments


@pytest.mark.parametrize("make", [tensor, np.asarray, lambda a: a.tolist()])
def test_gradient_may_be_a_tensor_an_array_or_a_list(make):
    x, g = leaf(2, 3), upstream(2, 3)
    for create_graph in (False, True):
        x.grad = None
        (x * 2).backward(make(g), create_graph=create_graph)
        same(x.grad, 2 * g)


def test_inputs_limits_where_gradients_go():
    x, y = leaf(3), leaf(3)
    g = upstream(3)
    (x * y).backward(g, inputs=[x])
    assert y.grad is None
    same(x.grad, g * y.detach().numpy())


def test_inputs_may_be_intermediate_and_a_single_tensor():
    x, g = leaf(3), upstream(3)
    a = x * 2
    (a * a).backward(g, inputs=a)
    assert x.grad is None
    same(a.grad, g * 4 * x.detach().numpy())


def test_inputs_may_be_generators():
    x, y, g = leaf(3), leaf(3), upstream(3)
    dx, dy = autograd.grad(x * y, (t for t in (x, y)), tensor(g))
    same(dx, g * y.detach().numpy())
    (x * y).backward(g, inputs={"y": y}.values())
    assert x.grad is None
    same(y.grad, dy.numpy())


def test_inputs_named_twice_count_once():
    x, g = leaf(3), upstream(3)
    (x * 3).backward(g, inputs=[x, x])
    same(x.grad, 3 * g)
    a, b = autograd.grad(x * 3, [x, x], tensor(g))
    same(a, 3 * g)
    same(b, 3 * g)


def test_the_sweep_visits_only_what_leads_to_the_inputs():
    x, y = leaf(3), leaf(3)
    seen = []
    side = y.exp()
    side.register_hook(lambda g: seen.append(1))
    autograd.grad((x * 2 + side).sum(), x)
    assert not seen


@pytest.mark.parametrize("inputs", [[], [tensor([1.0])]])
def test_inputs_must_require_grad(inputs):
    x = leaf(3)
    with pytest.raises(GradientError, match="inputs"):
        (x * 2).sum().backward(inputs=inputs)


def test_unused_inputs():
    x, z = leaf(3), leaf(2, 4)
    with pytest.raises(GradientError, match=r"input 1 of shape \(2, 4\).*allow_unused=True"):
        autograd.grad((x * 2).sum(), [x, z])
    dx, dz = autograd.grad((x * 2).sum(), [x, z], allow_unused=True)
    assert dz is None
    same(dx, [2.0] * 3)
    dx, dz = autograd.grad((x * 2).sum(), [x, z], materialize_grads=True)
    same(dz, np.zeros((2, 4)))


def test_materialize_grads_forbids_allow_unused_false():
    x = leaf(3)
    with pytest.raises(ValueError, match="allow_unused"):
        autograd.grad((x * 2).sum(), [x], allow_unused=False, materialize_grads=True)


def test_grad_of_an_input_without_history():
    x, c = leaf(3), tensor([1.0, 2.0, 3.0])
    with pytest.raises(GradientError, match="input 1 does not require grad"):
        autograd.grad((x * c).sum(), [x, c])


def test_a_root_that_is_not_scalar_needs_a_gradient():
    x = leaf(2, 3)
    with pytest.raises(GradientError, match=r"implicitly created only for scalar.*\(2, 3\)"):
        (x * 2).backward()


def test_a_root_without_history():
    with pytest.raises(GradientError, match="does not require grad and does not have a grad_fn"):
        tensor(1.0).backward()
    x = leaf(3)
    with no_grad():
        y = (x * 2).sum()
    with pytest.raises(GradientError, match="no_grad"):
        y.backward()
    with pytest.raises(GradientError, match="element 1"):
        autograd.backward([(x * 2).sum(), y])


def test_the_gradient_must_have_the_shape_of_the_root():
    x = leaf(2, 3)
    with pytest.raises(ShapeError, match=r"\(3, 2\).*\(2, 3\)"):
        (x * 2).backward(upstream(3, 2))
    with pytest.raises(GradientError, match="2 tensors and 1"):
        autograd.backward([x * 2, x * 3], [tensor(upstream(2, 3))])


def test_errors_point_at_the_line_of_the_user():
    x = leaf(2, 3)
    with pytest.raises(GradientError, match=r"test_engine_backward\.py:\d+: \(x \* 2\)\.backward"):
        (x * 2).backward()


def test_two_losses_for_separate_parameters_in_one_sweep():
    a, b = leaf(2), leaf(3)
    autograd.backward([(a * a).sum(), (b * 3).sum()])
    same(a.grad, 2 * a.detach().numpy())
    same(b.grad, [3.0] * 3)


def test_a_failed_sweep_leaves_grad_mode_alone():
    x = leaf(3)
    y = x * 2
    y.register_hook(lambda g: 1 / 0)
    from tinygrad_edu import is_grad_enabled

    with pytest.raises(ZeroDivisionError):
        y.sum().backward()
    assert is_grad_enabled()
    same(autograd.grad((x * 4).sum(), x)[0], [4.0] * 3)


def test_backward_inside_a_hook():
    x, w = leaf(3), leaf(3)
    g = upstream(3)
    y = x * 2

    def hook(seen):
        from tinygrad_edu import enable_grad

        with enable_grad():
            (w * w).sum().backward()

    y.register_hook(hook)
    y.backward(g)
    same(x.grad, 2 * g)
    same(w.grad, 2 * w.detach().numpy())
