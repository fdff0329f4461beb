"""One call of every op that works: what the generic rules of error_cases.py spoil, bit by bit."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

X = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]], np.float32)
P = np.array([[0.2, 0.3, 0.5], [0.1, 0.7, 0.2]], np.float32)  # probabilities
V = np.array([0.7, 0.8, 0.9], np.float32)
W = np.array([0.5, 0.25], np.float32)
M = np.array([[2.0, 0.5, 0.1], [0.3, 3.0, 0.2], [0.4, 0.6, 4.0]], np.float32)
B = np.linspace(0.1, 2.4, 24, dtype=np.float32).reshape(2, 3, 4)
C = np.linspace(0.1, 2.4, 24, dtype=np.float32).reshape(2, 4, 3)
N = np.array([[1, 2, 3], [4, 5, 6]])
I = np.array([0, 1, 1])
J = np.array([[0, 1, 1]])
K = np.array([[True, False, True], [False, True, False]])
Y = np.array([2, 0])  # classes of the rows of X
S = np.array([1.0, -1.0], np.float32)
T = np.array([[1.0, -1.0, 1.0], [-1.0, 1.0, 1.0]], np.float32)


class Call(NamedTuple):
    """A function under its path in PyTorch and here, and arguments; arrays become tensors."""

    path: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]


def _calls(names: str, *args: Any, **kwargs: Any) -> list[Call]:
    return [Call(name, args, kwargs) for name in names.split()]


def _functional(names: str, *args: Any, **kwargs: Any) -> list[Call]:
    return _calls(" ".join(f"nn.functional.{n}" for n in names.split()), *args, **kwargs)


def _linalg(names: str, *args: Any, **kwargs: Any) -> list[Call]:
    return _calls(" ".join(f"linalg.{n}" for n in names.split()), *args, **kwargs)


def _methods(names: str, *args: Any, **kwargs: Any) -> list[Call]:
    return _calls(" ".join(f"Tensor.{n}" for n in names.split()), *args, **kwargs)


UNARY = (
    "abs absolute acos acosh arccos arccosh arcsin arcsinh arctan arctanh asin asinh atan atanh "
    "ceil cos cosh erf erfc exp exp2 expm1 fix floor frac log log10 log1p log2 neg negative "
    "positive reciprocal relu round rsqrt sgn sigmoid sign sin sinh sqrt square tan tanh trunc "
    "isfinite isinf isnan isneginf isposinf logical_not nan_to_num logit selu"
)
ACTIVATIONS = (
    "celu dropout elu gelu hardshrink hardsigmoid hardswish hardtanh leaky_relu logsigmoid mish "
    "relu relu6 rrelu selu sigmoid silu softplus softshrink softsign tanh tanhshrink"
)
BINARY = (
    "add arctan2 atan2 div divide eq float_power floor_divide fmax fmin fmod ge greater "
    "greater_equal gt hypot isclose le less less_equal logaddexp logaddexp2 logical_and logical_or "
    "logical_xor lt maximum minimum mul multiply ne not_equal pow remainder rsub sub subtract "
    "true_divide dist allclose"
)
REDUCED = (
    "all amax amin any argmax argmin argsort count_nonzero logsumexp max mean median min nanmean "
    "nanmedian nansum prod softmax log_softmax sort std std_mean sum var var_mean cumprod cumsum "
    "squeeze unbind unsqueeze"
)

VALID: list[Call] = [
    *_calls(UNARY, X),
    *_functional(ACTIVATIONS, X),
    *_calls(BINARY, X, X),
    *_calls(REDUCED, X, dim=1),
    *_calls("bitwise_not", N),
    *_calls("bitwise_and bitwise_or bitwise_xor", N, N),
    *_calls("equal", X, X),
    *_calls("where", K, X, X),
    *_calls("clamp clip", X, 0.2, 0.4),
    *_calls("clamp_max clamp_min", X, 0.3),
    *_calls("lerp addcmul addcdiv", X, X, X),
    *_calls("clone ravel trace t adjoint flatten fliplr msort argwhere nonzero flipud unique", X),
    # products
    *_calls("matmul mm", X, M),
    *_calls("bmm", B, C),
    *_calls("mv", X, V),
    *_calls("dot vdot outer ger inner", V, V),
    *_calls("kron", X, V),
    *_calls("tensordot", X, M, dims=1),
    *_calls("einsum", "ij,jk->ik", X, M),
    *_calls("chain_matmul", X, M, M),
    *_calls("addmm", X, X, M),
    *_calls("addmv", W, X, V),
    *_calls("addr", X, W, V),
    *_calls("baddbmm", np.ones((2, 3, 3), np.float32), B, C),
    *_calls("addbmm", M, B, C),
    *_calls("det inverse", M),
    *_linalg("det inv svd svdvals", M),
    *_linalg("matmul", X, M),
    *_linalg("solve", M, V),
    *_linalg("multi_dot", [X, M, M]),
    *_linalg("norm vector_norm", X, dim=1),
    *_linalg("matrix_norm", X),
    *_calls("norm", X, dim=1),
    *_calls("renorm", X, 2.0, 0, 1.0),
    *_calls("cdist", X, M),
    *_functional("normalize", X, dim=1),
    *_functional("cosine_similarity", X, X, dim=1),
    *_functional("pairwise_distance", X, X),
    # order and counts
    *_calls("aminmax", X, dim=1),
    *_calls("topk kthvalue", X, 2, dim=1),
    *_calls("diff", X, dim=1),
    *_calls("histc histogram", X, 4),
    *_calls("bincount", I),
    *_calls("bucketize", X, V),
    *_calls("searchsorted", V, X),
    # shape
    *_calls("reshape", X, (3, 2)),
    *_calls("permute", X, (1, 0)),
    *_calls("transpose swapaxes swapdims", X, 0, 1),
    *_calls("movedim moveaxis", X, 0, 1),
    *_calls("unflatten", X, 1, (3, 1)),
    *_calls("broadcast_to", V, (2, 3)),
    *_calls("broadcast_tensors", X, V),
    *_calls("broadcast_shapes", (2, 3), (3,)),
    *_calls("tile", X, (2, 1)),
    *_calls("repeat_interleave", X, 2, dim=1),
    *_calls("flip", X, (1,)),
    *_calls("roll", X, 1, 1),
    *_calls("rot90", X, 1, (0, 1)),
    *_calls("diag diagflat tril triu diagonal diag_embed", X, 1),
    *_calls("atleast_1d atleast_2d atleast_3d", X),
    *_calls("block_diag", X, M),
    *_calls("cartesian_prod", V, W),
    *_calls("meshgrid", V, W, indexing="ij"),
    *_calls("cat concat concatenate stack", [X, X], dim=0),
    *_calls("column_stack dstack hstack row_stack vstack", [X, X]),
    *_calls("split chunk tensor_split", X, 2, dim=0),
    *_calls("split_with_sizes", X, [1, 2], dim=1),
    *_calls("hsplit", X, 3),
    *_calls("vsplit", X, 2),
    *_calls("dsplit", B, 2),
    *_calls("select", X, 1, 0),
    *_calls("narrow", X, 1, 0, 2),
    # index
    *_calls("gather", X, 1, J),
    *_calls("index_select", X, 1, I),
    *_calls("take", X, I),
    *_calls("take_along_dim", X, J, 1),
    *_calls("masked_select", X, K),
    *_calls("masked_fill", X, K, 0.5),
    *_calls("masked_scatter", X, K, X),
    *_calls("scatter scatter_add", X, 1, J, X),
    *_calls("scatter_reduce", X, 1, J, X, "sum"),
    *_calls("index_add index_copy", M, 0, I, M),
    *_calls("index_fill", X, 1, I, 0.5),
    *_calls("index_put", X, (Y // 2,), V),
    *_functional("embedding", I, M),
    *_functional("one_hot", I, 3),
    # layers
    *_functional("linear", X, M, V),
    *_functional("conv2d", B, M[:, :2, None, None], V),
    *_functional("max_pool2d", B, 2),
    *_functional("fractional_max_pool2d", B, 2, 2),
    *_functional("bilinear", X, X, np.ones((2, 3, 3), np.float32), W),
    *_functional("batch_norm", X, V, V, V, V),
    *_functional("layer_norm rms_norm", X, (3,), V),
    *_functional("group_norm", B, 3, V, V),
    *_functional("instance_norm", B, V, V, V, V),
    *_functional("prelu", X, V),
    *_functional("threshold", X, 0.3, 0.0),
    *_functional("glu", B, 2),
    *_functional("softmin softmax log_softmax gumbel_softmax", X, dim=1),
    *_functional("scaled_dot_product_attention", X, X, X),
    # losses
    *_functional("cross_entropy", X, Y, V),
    *_functional("nll_loss", X, Y, V),
    *_functional("multi_margin_loss", X, Y, weight=V),
    *_functional("multiclass_svm_loss", X, Y),
    *_functional("mse_loss l1_loss huber_loss", X, X, weight=X),
    *_functional("smooth_l1_loss kl_div poisson_nll_loss", X, P),
    *_functional("soft_margin_loss hinge_embedding_loss", X, T),
    *_functional("gaussian_nll_loss", X, X, P),
    *_functional("binary_cross_entropy", P, P, P),
    *_functional("binary_cross_entropy_with_logits", X, P, P, pos_weight=V),
    *_functional("multilabel_margin_loss", X, np.array([[0, 1, -1], [2, -1, 0]])),
    *_functional("multilabel_soft_margin_loss", X, P, V),
    *_functional("cosine_embedding_loss", X, X, S),
    *_functional("margin_ranking_loss", X, X, T),
    *_functional("triplet_margin_loss triplet_margin_with_distance_loss", X, X + 1, X + 2),
    # methods without a function of their own
    *_methods("add_ sub_ mul_ div_ pow_ maximum", X, X),
    *_methods("exp_ sqrt_ relu_ sigmoid_ zero_", X),
    *_methods("fill_", X, 1.5),
    *_methods("copy_ expand_as view_as reshape_as type_as", X, X),
    *_methods("view", X, (3, 2)),
    *_methods("expand", V, (2, 3)),
    *_methods("repeat", X, (2, 1)),
    *_methods("unfold", X, 1, 2, 1),
    *_methods("size stride", X, 0),
    *_methods("masked_fill_", X, K, 0.5),
    *_methods("index_fill_", X, 1, I, 0.5),
    *_methods("scatter_ scatter_add_", X, 1, J, X),
    *_methods("unsqueeze_ squeeze_", X, 0),
    *_methods("transpose_", X, 0, 1),
]
