"""Specs of the loss functions."""

import warnings

import numpy as np

from .spec import OpSpec, loss, op, sample

F = "nn.functional."


def _softplus(x):
    return np.log(1 + np.exp(x))


def _log_softmax(x):
    axis = min(1, x.ndim - 1)
    return x - np.log(np.exp(x).sum(axis=axis, keepdims=True))


def _weights(labels, weight, ignore_index, classes):
    """What each label counts."""
    w = np.ones(classes) if weight is None else weight
    kept = labels != ignore_index
    return np.where(kept, w[np.where(kept, labels, 0)], 0.0)


def _nll(logp, labels, weight=None, ignore_index=-100):
    axis = min(1, logp.ndim - 1)
    w = _weights(labels, weight, ignore_index, logp.shape[axis])
    chosen = np.expand_dims(np.where(labels == ignore_index, 0, labels), axis)
    return -w * np.take_along_axis(logp, chosen, axis=axis).squeeze(axis)


def _nll_mean(logp, labels, weight=None, ignore_index=-100):
    classes = logp.shape[min(1, logp.ndim - 1)]
    total = _weights(labels, weight, ignore_index, classes).sum()
    return _nll(logp, labels, weight, ignore_index).sum() / total


def _one_hot(labels, classes, axis):
    return np.moveaxis(np.eye(classes)[labels], -1, axis)


def _cross_entropy(s, labels, weight=None, ignore_index=-100, label_smoothing=0.0):
    axis = min(1, s.ndim - 1)
    classes = s.shape[axis]
    if labels.dtype.kind == "f":
        t, kept = labels, 1.0
    else:
        kept = labels != ignore_index
        t = _one_hot(np.where(kept, labels, 0), classes, axis)
    t = (1 - label_smoothing) * t + label_smoothing / classes
    w = np.ones(classes) if weight is None else weight
    w = w.reshape((-1,) + (1,) * (s.ndim - 1 - axis))
    return -(w * t * _log_softmax(s)).sum(axis) * kept


def _cross_entropy_mean(s, labels, weight=None, ignore_index=-100, label_smoothing=0.0):
    losses = _cross_entropy(s, labels, weight, ignore_index, label_smoothing)
    if labels.dtype.kind == "f":
        return losses.mean()
    classes = s.shape[min(1, s.ndim - 1)]
    return losses.sum() / _weights(labels, weight, ignore_index, classes).sum()


def _scores(draw):
    """Scores and class indices: of a batch, of one example, and with further axes."""
    return [
        (draw(4, 3), draw.ints(0, 3, 4)),
        (draw(3), draw.ints(0, 3)),
        (draw(2, 3, 4), draw.ints(0, 3, 2, 4)),
    ]


def _weighted_scores(draw):
    return [
        sample(draw(4, 3), np.array([0, 2, 1, 2]), weight=draw.positive(3)).constant(2),
        sample(draw(2, 3, 2), np.array([[0, 2], [1, 1]]), weight=draw.positive(3)).constant(2),
        sample(draw(4, 3), np.array([0, 1, 1, 2]), ignore_index=1),
        sample(
            draw(4, 3), np.array([0, -9, 1, 2]), weight=draw.positive(3), ignore_index=-9
        ).constant(2),
    ]


def _svm(scores, labels, delta=1.0, squared=False):
    losses = np.zeros(labels.shape)
    for i in np.ndindex(*labels.shape):
        for j in range(scores.shape[-1]):
            if j != labels[i]:
                hinge = max(0.0, scores[i][j] - scores[i][labels[i]] + delta)
                losses[i] += hinge**2 if squared else hinge
    return losses


def _multi_margin(scores, labels, p=1, margin=1.0, weight=None):
    w = 1.0 if weight is None else weight[labels]
    return w * _svm(scores, labels, margin, p == 2) / scores.shape[-1]


def _multilabel_margin(scores, labels):
    if scores.ndim == 1:
        return _multilabel_margin(scores[None], labels[None])[0]
    losses = np.zeros(len(scores))
    for n, (s, row) in enumerate(zip(scores, labels, strict=True)):
        mine = [int(j) for j in row[: [*row, -1].index(-1)]]
        others = [i for i in range(len(s)) if i not in mine]
        losses[n] = sum(max(0, 1 - (s[j] - s[i])) for j in mine for i in others) / len(s)
    return losses


def _binary(p, t, weight=1.0):
    return -weight * (t * np.log(p) + (1 - t) * np.log(1 - p))


def _binary_logits(x, t, weight=1.0, pos_weight=1.0):
    return weight * (pos_weight * t * _softplus(-x) + (1 - t) * _softplus(x))


def _smooth_l1(x, y, beta=1.0):
    d = np.abs(x - y)
    return d if beta == 0 else np.where(d < beta, d * d / (2 * beta), d - beta / 2)


def _huber(x, y, delta=1.0, weight=1.0):
    d = np.abs(x - y)
    return weight * np.where(d <= delta, d * d / 2, delta * (d - delta / 2))


def _kl_div(x, t, log_target=False):
    return np.exp(t) * (t - x) if log_target else t * (np.log(t) - x)


def _poisson(x, t, log_input=True, full=False, eps=1e-8):
    losses = np.exp(x) - t * x if log_input else x - t * np.log(x + eps)
    stirling = t * np.log(t) - t + np.log(2 * np.pi * t) / 2
    return losses + np.where(t > 1, stirling, 0) if full else losses


def _gaussian(x, y, var, full=False, eps=1e-6):
    var = var[..., None] if var.ndim < x.ndim else var
    losses = (np.log(var) + (x - y) ** 2 / var) / 2
    return losses + np.log(2 * np.pi) / 2 if full else losses


def _cosine(a, b, y, margin=0.0):
    norms = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    cos = (a * b).sum(-1) / norms
    return np.where(y == 1, 1 - cos, np.maximum(0, cos - margin))


def _distance(a, b, p=2, eps=1e-6):
    return (np.abs(a - b + eps) ** p).sum(-1) ** (1 / p)


def _triplet(a, b, c, margin=1.0, p=2, eps=1e-6, swap=False):
    far = _distance(a, c, p, eps)
    if swap:
        far = np.minimum(far, _distance(b, c, p, eps))
    return np.maximum(0, _distance(a, b, p, eps) - far + margin)


def _squared(a, b):
    return ((a - b) ** 2).sum(-1)


def _quiet_kl_div(x, t, **options):
    """PyTorch warns that its "mean" is not the divergence."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.nn.functional.kl_div(x, t, **options)


def _pairs(draw):
    return [
        (draw(3, 4), draw(3, 4)),
        (draw(5), draw(5)),
        (draw(), draw()),
        (draw(0, 3), draw(0, 3)),
    ]


def _apart(draw):
    """Pairs whose differences are off 0, 0.5 and 1 (and 2), where derivatives jump."""
    kinks = [-2, -1, -0.5, 0, 0.5, 1, 2]
    found = []
    for shape in [(3, 4), (5,), ()]:
        y = draw(*shape)
        found.append((np.asarray(y + draw.away(-2.5, 2.5, shape, kinks)), y))
    return found


def _weighted(arguments):
    """Also with a weight for each element."""

    def more(draw):
        x, y = arguments(draw)[0]
        return [*arguments(draw), sample(x, y, weight=draw.positive(*x.shape)).constant(2)]

    return more


def _mean_by_weight(elements):
    def mean(x, y, weight=None, **options):
        losses = elements(x, y, **options)
        return losses.mean() if weight is None else (losses * weight).sum() / weight.sum()

    return mean


def _square(x, y, weight=1.0):
    return weight * (x - y) ** 2


def _absolute(x, y, weight=1.0):
    return weight * np.abs(x - y)


def _signs(draw, *shape):
    return np.where(draw.bools(*shape), 1.0, -1.0)


def _probabilities(draw):
    def between(*shape):
        return draw.uniform(0.1, 0.9, *shape)

    return [(between(3, 4), between(3, 4)), (between(5), between(5)), (between(), between())]


def _log_probabilities(draw):
    return [(np.asarray(np.log(x)), t) for x, t in _probabilities(draw)]


KNEES = np.array([-3.0, -2, -1, -0.5, 0, 0.5, 1, 2, 3])
AT_KNEES = {"kinks": lambda draw: [(KNEES, np.zeros(9))]}

SPECS: list[OpSpec] = [
    # ---------------------------------------------------------------- classes
    loss(
        F + "cross_entropy",
        _cross_entropy,
        lambda draw: [*_scores(draw), *_weighted_scores(draw)],
        mean=_cross_entropy_mean,
        variants=[{}, {"label_smoothing": 0.2}],
        kinks=lambda draw: [(np.array([[1e4, 0.0, -1e4], [0.0, 1.0, 1e4]]), np.array([2, 1]))],
        low_rtol=1e-4,
    ),
    loss(
        F + "cross_entropy",
        _cross_entropy,
        lambda draw: [
            (draw(4, 3), draw.probabilities(4, 3)),
            (draw(3), draw.probabilities(3)),
            (draw(2, 3, 4), draw.probabilities(2, 3, 4)),
            sample(draw(4, 3), draw.probabilities(4, 3), weight=draw.positive(3)).constant(2),
        ],
        variants=[{}, {"label_smoothing": 0.2}],
        label="probabilities",
        low_rtol=1e-4,
    ),
    loss(
        F + "nll_loss",
        _nll,
        lambda draw: [*_scores(draw), *_weighted_scores(draw)],
        mean=_nll_mean,
    ),
    loss(
        "multiclass_svm_loss",
        _svm,
        lambda draw: [
            (3 * draw.spaced(4, 3), draw.ints(0, 3, 4)),
            (draw.spaced(3), draw.ints(0, 3)),
        ],
        variants=[{}, {"delta": 0.55}, {"squared": True}],
        kinks=lambda draw: [(np.array([[1.0, 0.0, 3.0]]), np.array([0]))],
        torch=None,
    ),
    loss(
        F + "multi_margin_loss",
        _multi_margin,
        lambda draw: [
            (3 * draw.spaced(4, 3), draw.ints(0, 3, 4)),
            (draw.spaced(3), draw.ints(0, 3)),
            sample(draw.spaced(3, 2), np.array([0, 1, 1]), weight=draw.positive(2)).constant(2),
        ],
        variants=[{}, {"margin": 0.55}, {"p": 2}],
        kinks=lambda draw: [(np.array([[1.0, 0.0, 3.0]]), np.array([0]))],
        torch_gradgrad=False,
    ),
    # With more classes than 64, the losses of classes work on rows and not on columns.
    *[
        loss(
            name,
            elements,
            lambda draw: [(3 * draw.spaced(2, 66), draw.ints(0, 66, 2))],
            mean=mean,
            variants=variants,
            label="many classes",
            torch_gradgrad=False,
            **flags,
        )
        for name, elements, mean, variants, flags in [
            (F + "cross_entropy", _cross_entropy, _cross_entropy_mean, [{}], {"low_rtol": 1e-4}),
            ("multiclass_svm_loss", _svm, None, [{}, {"squared": True}], {"torch": None}),
            (F + "multi_margin_loss", _multi_margin, None, [{}, {"p": 2}], {}),
        ]
    ],
    loss(
        F + "multilabel_margin_loss",
        _multilabel_margin,
        lambda draw: [
            (3 * draw.spaced(2, 4), np.array([[3, 0, -1, 1], [-1, 2, 1, 0]])),
            (draw.spaced(3), np.array([1, -1, 0])),
        ],
        torch_gradgrad=False,
    ),
    loss(
        F + "multilabel_soft_margin_loss",
        lambda x, t, weight=1.0: np.mean(weight * _binary_logits(x, t), axis=-1),
        lambda draw: [
            sample(draw(3, 4), draw.bools(3, 4).astype(float)).constant(1),
            sample(draw(3), draw.bools(3).astype(float), weight=draw.positive(3)).constant(1, 2),
            sample(draw(2, 3), draw.uniform(0, 1, 2, 3)),
        ],
    ),
    # ---------------------------------------------------------------- probabilities
    loss(
        F + "binary_cross_entropy",
        _binary,
        _weighted(_probabilities),
        kinks=lambda draw: [(np.array([0.0, 1, 0, 1, 0.5]), np.array([1.0, 0, 0.2, 0.7, 0.5]))],
    ),
    loss(
        F + "binary_cross_entropy_with_logits",
        _binary_logits,
        lambda draw: [
            (draw(3, 4), draw.uniform(0, 1, 3, 4)),
            (draw(), draw.uniform(0, 1)),
            sample(draw(3, 2), draw.uniform(0, 1, 3, 2), weight=draw.positive(3, 1)).constant(2),
            sample(draw(3, 2), draw.uniform(0, 1, 3, 2), pos_weight=draw.positive(2)).constant(2),
        ],
        kinks=lambda draw: [(np.array([-1000.0, 1000, -1000, 0]), np.array([1.0, 0, 0, 1]))],
    ),
    loss(
        F + "kl_div",
        _kl_div,
        _log_probabilities,
        kinks=lambda draw: [(np.array([-1.0, -2.0]), np.array([0.0, 0.5]))],
        torch=_quiet_kl_div,
        label="probabilities",
    ),
    loss(
        F + "kl_div",
        _kl_div,
        lambda draw: [(x, np.asarray(np.log(t))) for x, t in _log_probabilities(draw)],
        variants=[{"log_target": True}],
        torch=_quiet_kl_div,
        label="logarithms",
    ),
    op(
        F + "kl_div",
        lambda x, t, reduction: _kl_div(x, t).sum() / (len(x) if x.ndim else 1),
        lambda draw: [sample(x, t, reduction="batchmean") for x, t in _log_probabilities(draw)],
        method=None,
        ints=False,
        label="batchmean",
    ),
    # ---------------------------------------------------------------- numbers
    loss(F + "mse_loss", _square, _weighted(_pairs), mean=_mean_by_weight(_square)),
    loss(F + "l1_loss", _absolute, _weighted(_apart), mean=_mean_by_weight(_absolute), **AT_KNEES),
    loss(
        F + "smooth_l1_loss",
        _smooth_l1,
        _apart,
        variants=[{}, {"beta": 0.5}, {"beta": 0.0}],
        **AT_KNEES,
    ),
    loss(
        F + "huber_loss",
        _huber,
        _weighted(_apart),
        variants=[{}, {"delta": 2.0}],
        **AT_KNEES,
    ),
    loss(
        F + "poisson_nll_loss",
        _poisson,
        lambda draw: [
            (draw.positive(3, 4), draw.uniform(1.2, 4, 3, 4)),
            (draw.positive(), draw.positive()),
        ],
        variants=[{}, {"full": True}, {"log_input": False}],
        low_rtol=1e-4,
    ),
    loss(
        F + "gaussian_nll_loss",
        _gaussian,
        lambda draw: [
            (draw(3, 4), draw(3, 4), draw.positive(3, 4)),
            (draw(3, 4), draw(3, 4), draw.positive(3)),
            (draw(3, 4), draw(3, 4), draw.positive(3, 1)),
        ],
        variants=[{}, {"full": True}],
        low_rtol=1e-4,
    ),
    # ---------------------------------------------------------------- margins of pairs
    loss(
        F + "soft_margin_loss",
        lambda x, y: _softplus(-y * x),
        lambda draw: [
            sample(draw(3, 4), _signs(draw, 3, 4)).constant(1),
            sample(draw(), _signs(draw)).constant(1),
        ],
    ),
    loss(
        F + "hinge_embedding_loss",
        lambda x, y, margin=1.0: np.where(y == 1, x, np.maximum(0, margin - x)),
        lambda draw: [
            sample(draw.away(-2, 2, (3, 4), [0.4, 1.0]), _signs(draw, 3, 4)).constant(1),
            sample(draw.away(-2, 2, (5,), [0.4, 1.0]), _signs(draw, 5)).constant(1),
        ],
        variants=[{}, {"margin": 0.4}],
        kinks=lambda draw: [(np.array([1.0, 0.5, 2, 3]), np.array([-1, -1, -1, 1]))],
    ),
    loss(
        F + "margin_ranking_loss",
        lambda a, b, y, margin=0.0: np.maximum(0, -y * (a - b) + margin),
        lambda draw: [sample(x, y, _signs(draw, *y.shape)).constant(2) for x, y in _apart(draw)],
        variants=[{}, {"margin": 0.5}],
        kinks=lambda draw: [(np.array([1.0, 0]), np.array([1.0, 1]), np.array([1, 1]))],
    ),
    loss(
        F + "cosine_embedding_loss",
        _cosine,
        lambda draw: [
            (draw(4, 3), draw(4, 3), np.array([1, -1, 1, -1])),
            (draw.positive(3), draw.positive(3), np.array(-1)),
        ],
        variants=[{}, {"margin": 0.3}],
        low_rtol=1e-4,
    ),
    loss(
        F + "triplet_margin_loss",
        _triplet,
        lambda draw: [(draw(4, 3), draw(4, 3), draw(4, 3)), (draw(3), draw(3), draw(3))],
        variants=[{"margin": 2.5}, {"margin": 3.0, "p": 3, "swap": True, "eps": 1e-3}],
        low_rtol=1e-4,
    ),
    loss(
        F + "triplet_margin_with_distance_loss",
        lambda a, b, c, distance_function, margin=1.0, swap=False: np.maximum(
            0,
            _squared(a, b)
            - (np.minimum(_squared(a, c), _squared(b, c)) if swap else _squared(a, c))
            + margin,
        ),
        lambda draw: [(draw(4, 3), draw(4, 3), draw(4, 3))],
        variants=[
            {"distance_function": _squared, "margin": 2.5},
            {"distance_function": _squared, "swap": True},
        ],
    ),
]
