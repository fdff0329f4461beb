"""The conventions at the edges, one test each, with the expected numbers written down.

They are PyTorch's: what a derivative is where it jumps, who gets the gradient of a tie, what
happens at zero, at infinity and for logits of 1000. The upstream gradient is 2, 3, 5, ... in order,
so that a formula that ignores it fails.
"""

import numpy as np
import pytest

from tests.ops.checks import flat, plain
from tests.ops.spec import find
from tinygrad_edu import Tensor, autograd

inf, nan = np.inf, np.nan
PRIMES = np.array([2.0, 3.0, 5.0, 7.0, 11.0, 13.0])
F = "nn.functional."
LARGE = 1000.0
LOG2 = 0.6931471805599453


def run(name, inputs, arguments=(), **kwargs):
    """The values of an op, and a function that gives its gradients for an upstream gradient."""
    function = name if callable(name) else find(name)
    tensors = [Tensor(np.array(x, float), requires_grad=True) for x in inputs]
    result = function(*tensors, *arguments, **kwargs)
    out = flat(result)[0]

    def gradients(upstream):
        found = autograd.grad(out, tensors, Tensor(upstream), allow_unused=True)
        return [
            np.zeros(t.shape) if g is None else plain(g)
            for g, t in zip(found, tensors, strict=True)
        ]

    return result, out, gradients


def edge(name, inputs, arguments=(), *, gives=None, slopes=None, grads=None, **kwargs):
    """Check an op at an edge.

    `gives` is its value; `slopes`, per input, the derivative element by element (times 2, 3, 5, ...
    it must come out); `grads`, per input, the gradient under an upstream gradient of 2, 3, 5, ....
    """
    result, out, gradients = run(name, inputs, arguments, **kwargs)
    if gives is not None:
        np.testing.assert_allclose(plain(out), gives, rtol=1e-8, atol=1e-300, err_msg="value")
    upstream = PRIMES[: out.numel()].reshape(out.shape)
    if slopes is not None:
        grads = [np.array(s, float) * upstream for s in slopes]
    if grads is not None:
        for i, (g, expected) in enumerate(zip(gradients(upstream), grads, strict=True)):
            message = f"gradient of input {i}"
            np.testing.assert_allclose(g, expected, rtol=1e-8, atol=1e-300, err_msg=message)
    return result


def bent(name, inputs, arguments, bends, **kwargs):
    """Check second gradients at an edge: `bends`, per input, times 2, 3, ... as the upstream
    gradient and weights of 2, 3, ... of the first gradients."""
    function = name if callable(name) else find(name)
    tensors = [Tensor(np.array(x, float), requires_grad=True) for x in inputs]
    out = function(*tensors, *arguments, **kwargs)
    upstream = Tensor(PRIMES[: out.numel()].reshape(out.shape))
    first = autograd.grad(out, tensors, upstream, create_graph=True)
    weights = [Tensor(PRIMES[: t.numel()].reshape(t.shape)) for t in tensors]
    second = autograd.grad(first, tensors, weights)
    for i, (g, bend) in enumerate(zip(second, bends, strict=True)):
        expected = np.array(bend, float) * upstream.numpy() * weights[i].numpy()
        message = f"second gradient of input {i}"
        np.testing.assert_allclose(plain(g), expected, atol=1e-300, err_msg=message)


# ------------------------------------------------------------------------- kinks of activations


def test_relu_at_0_is_0():
    edge("relu", [[-1, 0, 2]], gives=[0, 0, 2], slopes=[[0, 0, 1]])


def test_relu6_is_0_at_both_kinks():
    edge(F + "relu6", [[-1, 0, 3, 6, 7]], gives=[0, 0, 3, 6, 6], slopes=[[0, 0, 1, 0, 0]])


def test_hardtanh_is_0_at_both_kinks():
    edge(F + "hardtanh", [[-2, -1, 0, 1, 2]], gives=[-1, -1, 0, 1, 1], slopes=[[0, 0, 1, 0, 0]])


def test_leaky_relu_at_0_is_the_negative_slope():
    edge(F + "leaky_relu", [[-1, 0, 1]], [0.1], gives=[-0.1, 0, 1], slopes=[[0.1, 0.1, 1]])


def test_elu_at_0_is_alpha():
    edge(F + "elu", [[-LARGE, 0, 1]], [2.0], gives=[-2, 0, 1], slopes=[[0, 2, 1]])


def test_selu_at_0_is_scale_times_alpha():
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    edge(
        F + "selu",
        [[-LARGE, 0, 1]],
        gives=[-scale * alpha, 0, scale],
        slopes=[[0, scale * alpha, scale]],
    )


def test_softsign_at_0_is_1():
    edge(F + "softsign", [[-1, 0, 3]], gives=[-0.5, 0, 0.75], slopes=[[0.25, 1, 0.0625]])


@pytest.mark.parametrize("kwargs", [{}, {"approximate": "tanh"}])
def test_gelu_of_large_numbers(kwargs):
    edge(F + "gelu", [[-LARGE, 0, LARGE]], gives=[0, 0, LARGE], slopes=[[0, 0.5, 1]], **kwargs)


def test_silu_of_large_numbers():
    edge(F + "silu", [[-LARGE, 0, LARGE]], gives=[0, 0, LARGE], slopes=[[0, 0.5, 1]])


# ----------------------------------------------------------------------- kinks of elementwise ops


def test_abs_at_0_is_0():
    edge("abs", [[-1, 0, 2]], gives=[1, 0, 2], slopes=[[-1, 0, 1]])


def test_sign_is_flat():
    edge("sign", [[-1, 0, 2]], gives=[-1, 0, 1], slopes=[[0, 0, 0]])


@pytest.mark.parametrize(("name", "gives"), [("floor", [1, -2]), ("ceil", [1, -1])])
def test_floor_and_ceil_are_flat(name, gives):
    edge(name, [[1, -1.5]], gives=gives, slopes=[[0, 0]])


def test_clamp_passes_at_its_bounds():
    edge(
        "clamp",
        [[-1, 0, 0.5, 1, 2]],
        gives=[0, 0, 0.5, 1, 1],
        slopes=[[0, 1, 1, 1, 0]],
        min=0,
        max=1,
    )


def test_clamp_with_one_bound():
    edge("clamp", [[-1, 0, 1]], gives=[0, 0, 1], slopes=[[0, 1, 1]], min=0)
    edge("clamp", [[-1, 0, 1]], gives=[-1, 0, 0], slopes=[[1, 1, 0]], max=0)


def test_clamp_with_crossed_bounds_is_the_upper_one():
    edge("clamp", [[0, 1, 1.5, 2, 3]], gives=[1] * 5, slopes=[[0] * 5], min=2, max=1)


def test_clamp_with_tensor_bounds_leaves_a_tie_to_the_input():
    edge(
        "clamp",
        [[-1, 0, 0.5, 1, 2], [0] * 5, [1] * 5],
        gives=[0, 0, 0.5, 1, 1],
        slopes=[[0, 1, 1, 1, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 1]],
    )


@pytest.mark.parametrize(("name", "wins"), [("maximum", [0, 0.5, 1]), ("minimum", [1, 0.5, 0])])
def test_maximum_and_minimum_share_a_tie(name, wins):
    edge(name, [[1, 2, 3], [2, 2, 2]], slopes=[wins, [1 - w for w in wins]])


@pytest.mark.parametrize("name", ["fmax", "fmin"])
def test_fmax_and_fmin_give_a_tie_to_the_first_and_skip_nan(name):
    edge(
        name,
        [[1, nan, 1], [1, 2, nan]],
        gives=[1, 2, 1],
        slopes=[[1, 0, 1], [0, 1, 0]],
    )


def test_power_0_is_flat():
    edge("pow", [[0, 2, -1]], [0], gives=[1, 1, 1], slopes=[[0, 0, 0]])
    edge(lambda x: x**0, [[0, 2, -1]], gives=[1, 1, 1], slopes=[[0, 0, 0]])


def test_pow_0_0():
    edge("pow", [[0], [0]], gives=[1], slopes=[[0], [0]])


def test_pow_at_base_0():
    edge("pow", [[0, 0, 0], [2, 1, 0.5]], gives=[0, 0, 0], slopes=[[0, 1, inf], [0, 0, 0]])


def test_pow_of_a_number_at_0():
    edge(lambda x: 0**x, [[0, 1]], gives=[1, 0], slopes=[[0, 0]])
    edge(lambda x: 2**x, [[0, 1]], gives=[1, 2], slopes=[[LOG2, 2 * LOG2]])


def test_negative_base_with_integer_exponent():
    edge("pow", [[-2]], [3], gives=[-8], slopes=[[12]])


def test_float_power_0_0():
    edge("float_power", [[0, 2], [0, 3]], gives=[1, 8], slopes=[[0, 12], [0, 8 * LOG2]])


@pytest.mark.parametrize(
    ("name", "value", "slope"),
    [("sqrt", 0, inf), ("rsqrt", inf, -inf), ("log", -inf, inf), ("reciprocal", inf, -inf)],
)
def test_infinite_slopes_at_0(name, value, slope):
    edge(name, [[0, 1]], gives=[value, plain(find(name)(np.array(1.0)))])
    _, _, gradients = run(name, [[0.0]])
    np.testing.assert_array_equal(gradients(np.array([2.0]))[0], [slope])


def test_division_by_0():
    edge("div", [[1, 0], [0, 0]], gives=[inf, nan], slopes=[[inf, inf], [-inf, nan]])


def test_atan2_on_the_axes():
    edge("atan2", [[0, 0, 0], [0, 1, -1]], gives=[0, 0, np.pi], slopes=[[0, 1, -1], [0, 0, 0]])


def test_second_gradient_of_atan2_at_the_origin_is_0():
    bent("atan2", [[0], [0]], [], [[0], [0]])


def test_hypot_does_not_overflow():
    edge("hypot", [[3e200], [4e200]], gives=[5e200], slopes=[[0.6], [0.8]])


def test_log1p_and_expm1_keep_small_numbers():
    edge("log1p", [[1e-12]], gives=[1e-12 - 5e-25], slopes=[[1 - 1e-12]])
    edge("expm1", [[1e-12]], gives=[1e-12 + 5e-25], slopes=[[1 + 1e-12]])


def test_exp_and_tanh_of_large_numbers():
    edge("exp", [[LARGE, -LARGE, -inf]], gives=[inf, 0, 0], slopes=[[inf, 0, 0]])
    edge("tanh", [[LARGE, -LARGE]], gives=[1, -1], slopes=[[0, 0]])


def test_nan_to_num_stops_gradients_of_what_it_replaces():
    result, _, gradients = run("nan_to_num", [[nan, inf, -inf, 1]])
    top = np.finfo(float).max
    np.testing.assert_array_equal(plain(result), [0, top, -top, 1])
    np.testing.assert_array_equal(gradients(PRIMES[:4])[0], [0, 0, 0, 7])


def test_where_cannot_hide_an_infinite_slope():
    """0 * inf is nan, also in the branch that was not taken: clamp the input instead."""
    root = find("sqrt")
    edge(lambda x: find("where")(x > 0, root(x), 0.0), [[0, 4]], gives=[0, 2], slopes=[[nan, 0.25]])


# ------------------------------------------------------------------------------- no overflow


def test_sigmoid_of_large_numbers():
    edge("sigmoid", [[-LARGE, 0, LARGE]], gives=[0, 0.5, 1], slopes=[[0, 0.25, 0]])


def test_softplus_of_large_numbers():
    edge(F + "softplus", [[-LARGE, 0, LARGE]], gives=[0, LOG2, LARGE], slopes=[[0, 0.5, 1]])


def test_softplus_is_linear_above_its_threshold():
    edge(
        F + "softplus", [[20, 21]], gives=[20.000000002061153, 21], slopes=[[0.9999999979388464, 1]]
    )


def test_logsigmoid_of_large_numbers():
    edge(F + "logsigmoid", [[-LARGE, 0, LARGE]], gives=[-LARGE, -LOG2, 0], slopes=[[1, 0.5, 0]])


def test_logsumexp_of_large_numbers():
    edge("logsumexp", [[LARGE, LARGE]], [0], gives=LARGE + LOG2, grads=[[1, 1]])
    edge("logsumexp", [[-LARGE, -LARGE]], [0], gives=LOG2 - LARGE, grads=[[1, 1]])


def test_logsumexp_of_infinities():
    edge("logsumexp", [[-inf, 0]], [0], gives=0, grads=[[0, 2]])
    edge("logsumexp", [[-inf, -inf]], [0], gives=-inf, grads=[[nan, nan]])
    edge("logsumexp", [[inf, 1]], [0], gives=inf, grads=[[nan, 0]])


def test_logaddexp_of_large_numbers():
    edge(
        "logaddexp",
        [[LARGE, 0, -inf], [LARGE, -inf, -inf]],
        gives=[LARGE + LOG2, 0, -inf],
        slopes=[[0.5, 1, nan], [0.5, 0, nan]],
    )


def test_log_softmax_of_large_numbers():
    edge("log_softmax", [[0, LARGE]], [0], gives=[-LARGE, 0], grads=[[2, -2]])


def test_softmax_of_large_numbers():
    edge("softmax", [[0, LARGE]], [0], gives=[0, 1], grads=[[0, 0]])
    edge("softmax", [[-inf, 0]], [0], gives=[0, 1], grads=[[0, 0]])


def test_cross_entropy_of_a_confident_wrong_logit():
    edge(F + "cross_entropy", [[[0, 1e4]]], [np.array([0])], gives=1e4, grads=[[[-2, 2]]])


def test_cross_entropy_with_label_smoothing_of_a_large_logit():
    edge(
        F + "cross_entropy",
        [[[0, 1e4]]],
        [np.array([0])],
        gives=9500,
        grads=[[[-1.9, 1.9]]],
        label_smoothing=0.1,
    )


def test_bce_with_logits_of_large_numbers():
    edge(
        F + "binary_cross_entropy_with_logits",
        [[-LARGE, LARGE, -LARGE, 0]],
        [Tensor(np.array([1.0, 0, 0, 1]))],
        gives=[LARGE, LARGE, 0, LOG2],
        slopes=[[-1, 1, 0, -0.5]],
        reduction="none",
    )


def test_bce_clamps_its_logarithms():
    edge(
        F + "binary_cross_entropy",
        [[0, 1, 0, 1]],
        [Tensor(np.array([1.0, 0, 0, 1]))],
        gives=[100, 100, 0, 0],
        slopes=[[-1e12, 1e12, 0, 0]],
        reduction="none",
    )


# ----------------------------------------------------------------------------------- reductions


@pytest.mark.parametrize(("name", "sign"), [("max", 1), ("amax", 1), ("min", -1), ("amin", -1)])
def test_extremes_share_ties(name, sign):
    edge(name, [[sign * 1.0, sign * 3.0, sign * 3.0]], gives=sign * 3, grads=[[0, 1, 1]])


@pytest.mark.parametrize(("name", "sign"), [("amax", 1), ("amin", -1)])
def test_amax_along_an_axis_shares_ties(name, sign):
    x = sign * np.array([[1.0, 3, 3], [4, 4, 4]])
    edge(name, [x], [1], gives=[sign * 3, sign * 4], grads=[[[0, 1, 1], [1, 1, 1]]])


@pytest.mark.parametrize(("name", "sign"), [("max", 1), ("min", -1)])
def test_max_along_an_axis_takes_the_first(name, sign):
    x = sign * np.array([[1.0, 3, 3], [4, 4, 4]])
    result = edge(name, [x], [1], gives=[sign * 3, sign * 4], grads=[[[0, 2, 0], [3, 0, 0]]])
    np.testing.assert_array_equal(plain(result.indices), [1, 0])


def test_max_spreads_nan():
    edge("max", [[1, nan, 2]], gives=nan, grads=[[0, 2, 0]])
    result = edge("max", [[1, nan, 2]], [0], gives=nan, grads=[[0, 2, 0]])
    assert plain(result.indices) == 1


def test_argmax_takes_the_first():
    assert plain(find("argmax")(Tensor(np.array([1.0, 3, 3])))) == 1
    assert plain(find("argmin")(Tensor(np.array([3.0, 1, 1])))) == 1


@pytest.mark.parametrize(("correction", "name"), [(1, "std"), (0, "std"), (1, "var"), (0, "var")])
def test_std_and_var_of_a_constant(name, correction):
    edge(name, [[2, 2, 2]], gives=0, grads=[[0, 0, 0]], correction=correction)


def test_second_gradient_of_std_of_a_constant_is_0():
    bent("std", [[2, 2, 2]], [], [[0, 0, 0]])


def test_prod_with_zeros():
    edge("prod", [[0, 2, 3]], gives=0, grads=[[12, 0, 0]])
    edge("prod", [[0, 0, 3]], gives=0, grads=[[0, 0, 0]])
    edge("prod", [[[0, 2], [3, 5]]], [1], gives=[0, 15], grads=[[[4, 0], [15, 9]]])


def test_cumprod_with_zeros():
    # d/dx0: 2*1 + 3*0 + 5*0; d/dx1: 3*2 + 5*6; d/dx2: 0
    edge("cumprod", [[2, 0, 3]], [0], gives=[2, 0, 0], grads=[[2, 36, 0]])


def test_reductions_of_nothing():
    edge("sum", [[]], gives=0, grads=[[]])
    edge("prod", [[]], gives=1, grads=[[]])
    edge("mean", [[]], gives=nan, grads=[[]])


def test_median_is_the_lower_one_and_shares_ties():
    edge("median", [[1, 4, 2, 3]], gives=2, grads=[[0, 0, 2, 0]])
    edge("median", [[1, 2, 2, 3]], gives=2, grads=[[0, 1, 1, 0]])


def test_topk_takes_ties_once():
    edge("topk", [[3, 3, 1]], [2], gives=[3, 3], grads=[[2, 3, 0]])


def test_stable_sort_keeps_the_order_of_ties():
    result = edge("sort", [[1, 0, 1]], gives=[0, 1, 1], grads=[[3, 2, 5]], stable=True)
    np.testing.assert_array_equal(plain(result.indices), [1, 0, 2])


# ---------------------------------------------------------------------------------------- norms


@pytest.mark.parametrize("p", [1, 2, 3, 0.5, inf, -inf])
def test_norm_at_0_is_flat(p):
    edge("linalg.vector_norm", [[0, 0]], [p], gives=0, grads=[[0, 0]])


def test_torch_norm_at_0_is_flat():
    edge("norm", [[0, 0]], gives=0, grads=[[0, 0]])


def test_norm_1_has_slope_0_at_0():
    edge("linalg.vector_norm", [[3, 0, -3]], [1], gives=6, grads=[[2, 0, -2]])


def test_inf_norm_shares_ties():
    edge("linalg.vector_norm", [[3, 0, -3]], [inf], gives=3, grads=[[1, 0, -1]])


def test_norm_0_counts():
    edge("linalg.vector_norm", [[3, 0, -3]], [0], gives=2)


@pytest.mark.parametrize("p", [1.5, 2, 2.5, 3])
def test_second_gradient_of_a_norm_at_0_is_0(p):
    """So that a penalty on gradients does not turn NaN, as PyTorch's does."""
    bent("linalg.vector_norm", [[0, 0]], [p], [[0, 0]])
    bent("cdist", [np.ones((1, 2)), np.ones((1, 2))], [p], [[[0, 0]]] * 2)


def test_frobenius_norm_at_0_is_flat():
    edge("linalg.matrix_norm", [np.zeros((2, 3))], gives=0, grads=[np.zeros((2, 3))])


def test_cosine_similarity_with_0():
    edge(F + "cosine_similarity", [[0, 0], [1, 2]], gives=0, dim=0)


def test_normalize_0():
    edge(F + "normalize", [[0, 0]], gives=[0, 0], slopes=[[1e12, 1e12]], dim=0)


def test_pairwise_distance_of_equal_rows():
    edge(F + "pairwise_distance", [[[1, 2]], [[1, 2]]], gives=[np.sqrt(2) * 1e-6])


# --------------------------------------------------------------------------------------- losses


def test_multi_margin_loss_divides_by_classes():
    scores = [[3.2, 5.1, -1.7]]
    edge(
        F + "multi_margin_loss",
        [scores],
        [np.array([0])],
        gives=2.9 / 3,
        grads=[[[-2 / 3, 2 / 3, 0]]],
    )


def test_multi_margin_loss_at_its_kink():
    edge(F + "multi_margin_loss", [[[1, 0]]], [np.array([0])], gives=0, grads=[[[0, 0]]])


def test_svm_loss_does_not_divide():
    scores = [[3.2, 5.1, -1.7]]
    edge("multiclass_svm_loss", [scores], [np.array([0])], gives=2.9, grads=[[[-2, 2, 0]]])


def test_svm_loss_of_the_lecture():
    """Three images of a cat, a car and a frog: 2.9, 0 and 12.9."""
    scores = [[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]]
    edge(
        "multiclass_svm_loss",
        [scores],
        [np.array([0, 1, 2])],
        gives=[2.9, 0, 12.9],
        grads=[[[-2, 2, 0], [0, 0, 0], [5, 5, -10]]],
        reduction="none",
    )


def test_svm_loss_at_its_kink():
    edge("multiclass_svm_loss", [[[1, 0]]], [np.array([0])], gives=0, grads=[[[0, 0]]])


def test_hinge_embedding_loss_at_its_kink():
    edge(
        F + "hinge_embedding_loss",
        [[1, 0.5, 2, 3]],
        [Tensor(np.array([-1.0, -1, -1, 1]))],
        gives=[0, 0.5, 0, 3],
        slopes=[[-1, -1, 0, 1]],
        reduction="none",
    )


def test_margin_ranking_loss_at_its_kink():
    edge(
        F + "margin_ranking_loss",
        [[1, 0], [1, 1]],
        [Tensor(np.array([1.0, 1]))],
        gives=[0, 1],
        slopes=[[-1, -1], [1, 1]],
        reduction="none",
    )


def test_l1_loss_at_0_is_flat():
    edge(
        F + "l1_loss",
        [[1, 0]],
        [Tensor(np.array([1.0, 2]))],
        gives=[0, 2],
        slopes=[[0, -1]],
        reduction="none",
    )


def test_smooth_l1_loss_with_beta_0_is_l1():
    zeros = Tensor(np.zeros(3))
    edge(
        F + "smooth_l1_loss",
        [[-2, 0, 2]],
        [zeros],
        gives=[2, 0, 2],
        slopes=[[-1, 0, 1]],
        reduction="none",
        beta=0.0,
    )


def test_huber_loss_at_delta():
    zeros = Tensor(np.zeros(5))
    edge(
        F + "huber_loss",
        [[-3, -2, 0, 2, 3]],
        [zeros],
        gives=[4, 2, 0, 2, 4],
        slopes=[[-2, -2, 0, 2, 2]],
        reduction="none",
        delta=2.0,
    )


def test_huber_loss_is_straight_from_delta_on():
    zeros = Tensor(np.zeros(5))
    kwargs = {"reduction": "none", "delta": 2.0}
    bent(F + "huber_loss", [[-3, -2, 0, 2, 3]], [zeros], [[0, 0, 1, 0, 0]], **kwargs)


def test_kl_div_of_a_target_of_0():
    edge(
        F + "kl_div",
        [[-1, -2]],
        [Tensor(np.array([0, 0.5]))],
        gives=[0, 0.5 * (np.log(0.5) + 2)],
        slopes=[[0, -0.5]],
        reduction="none",
    )


def test_cross_entropy_that_ignores_everything():
    edge(F + "cross_entropy", [[[0, 1]]], [np.array([-100])], gives=nan, grads=[[[0, 0]]])
    edge(
        F + "cross_entropy",
        [[[0, 1]]],
        [np.array([-100])],
        gives=0,
        grads=[[[0, 0]]],
        reduction="sum",
    )


# ------------------------------------------------------------------------------------- indexing


def test_repeated_indices_add_up():
    edge(lambda x: x[np.array([0, 0, 2])], [[1, 2, 3]], gives=[1, 1, 3], grads=[[5, 0, 5]])


def test_index_select_adds_up():
    edge(
        "index_select",
        [[1, 2, 3]],
        [0, Tensor(np.array([0, 0, 2]))],
        gives=[1, 1, 3],
        grads=[[5, 0, 5]],
    )


def test_scatter_add_adds_up():
    edge(
        lambda x, src: find("scatter_add")(x, 0, Tensor(np.array([0, 0, 2])), src),
        [[1, 2, 3], [10, 20, 30]],
        gives=[31, 2, 33],
        grads=[[2, 3, 5], [2, 2, 5]],
    )


def test_an_input_used_twice_counts_twice():
    edge(lambda x: x * x, [[3]], gives=[9], slopes=[[6]])
    edge(lambda x: x + x, [[3]], gives=[6], slopes=[[2]])


def test_dropout_of_nothing_and_of_everything():
    edge(F + "dropout", [[1, 2]], [0.0], gives=[1, 2], slopes=[[1, 1]])
    edge(F + "dropout", [[1, 2]], [1.0], gives=[0, 0], slopes=[[0, 0]])
    edge(F + "dropout", [[1, 2]], [0.5, False], gives=[1, 2], slopes=[[1, 1]])
