"""COURSE rows 8 to 14, 71, 72 and 2.12: what regularisers prefer, and by how much."""

import numpy as np
import pytest

from tinygrad_edu import nn, optim, tensor
from tinygrad_edu.autograd.functional import hessian

W1, W2 = [1.0, 0, 0, 0], [0.25] * 4
x = np.ones(4)


def test_8_full_loss():
    """The scores of row 2: mean hinge loss 5.2667, plus lambda R(W)."""
    scores = tensor([[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]])
    w = tensor([[1.0, 2.0], [3.0, -4.0]])
    for lam in (0.0, 0.1, 1.0):
        full = nn.Regularized(nn.functional.multiclass_svm_loss, nn.L2Penalty(lam))
        loss = full(scores, tensor([0, 1, 2]), [w])
        assert loss.item() == pytest.approx(15.8 / 3 + 30 * lam, rel=1e-6)


def test_9_and_10_l2_prefers_the_spread_weights():
    """Both give the same score on x = (1, 1, 1, 1)."""
    assert np.dot(W1, x) == np.dot(W2, x)
    assert nn.l2_penalty(tensor(W1)).item() == 1
    assert nn.l2_penalty(tensor(W2)).item() == 0.25
    assert nn.l2_penalty(tensor(W1), half=True).item() == 0.5
    assert nn.l2_penalty(tensor(W2), half=True).item() == 0.125


def test_11_l1_is_indifferent():
    assert nn.l1_penalty(tensor(W1)).item() == nn.l1_penalty(tensor(W2)).item() == 1


@pytest.mark.parametrize(("beta", "one", "two"), [(1.0, 2, 1.25), (0.5, 1.5, 1.125)])
def test_12_elastic_net(beta, one, two):
    assert nn.elastic_net_penalty(tensor(W1), beta).item() == one
    assert nn.elastic_net_penalty(tensor(W2), beta).item() == two


def minimum(penalty, seed, gamma, steps=3000):
    """Descend (w x - 1)^2 + penalty from a random start; with gamma < 1, in steps that shrink."""
    w = tensor(np.random.default_rng(seed).random(4) * 0.5, requires_grad=True)
    opt = optim.SGD([w], lr=0.05)
    schedule = optim.lr_scheduler.ExponentialLR(opt, gamma)
    for _ in range(steps):
        opt.zero_grad()
        loss = ((w * tensor(x)).sum() - 1) ** 2 + penalty([w])
        loss.backward()
        opt.step()
        schedule.step()
    return w.detach().numpy()


def test_11_minimisers_of_l1_are_many():
    """Seeds give different w, all with |w|_1 = 0.95: where 2 (s - 1) + 0.1 = 0."""
    first, second = (minimum(nn.L1Penalty(0.1), seed, gamma=0.995) for seed in (0, 1))
    for w in (first, second):
        assert abs(w).sum() == pytest.approx(0.95, abs=1e-6)
    assert abs(first - second).max() > 0.05


def test_11_the_minimiser_of_l2_is_one():
    """All weights are 1 / 4.1 = 0.243902."""
    for seed in (0, 1):
        w = minimum(nn.L2Penalty(0.1), seed, gamma=1.0)
        np.testing.assert_allclose(w, 1 / 4.1, atol=1e-8)
        assert w == pytest.approx([0.243902] * 4, abs=5e-7)


@pytest.mark.parametrize(("lam", "kappa"), [(0.0, 20), (0.1, 10.5), (1.0, 2.73)])
def test_13_l2_adds_curvature(lam, kappa):
    """H + 2 lambda I: the condition number of 0.1 x1^2 + 2 x2^2 falls."""
    penalty = nn.L2Penalty(lam)

    def loss(w):
        return 0.1 * w[0] ** 2 + 2 * w[1] ** 2 + penalty([w])

    h = hessian(loss, tensor([-5.0, -2.0], dtype=None).double()).numpy()
    np.testing.assert_allclose(h, np.diag([0.2, 4.0]) + 2 * lam * np.eye(2), rtol=1e-12)
    assert np.linalg.cond(h) == pytest.approx(kappa, abs=0.005)


def fitted(degree, lam, seed=0):
    """Training and validation loss of a polynomial fitted to 12 noisy points of a line.

    The minimum is found as the zero of the gradient, which is linear in the weights.
    """
    rng = np.random.default_rng(seed)

    def sample(n):
        t = rng.uniform(-1, 1, n)
        return np.vander(t, degree + 1), 0.5 + t + 0.3 * rng.normal(size=n)

    (a, y), (a_val, y_val) = sample(12), sample(400)
    full = nn.Regularized(nn.MSELoss(), nn.L2Penalty(lam))

    def loss(w):
        return full(tensor(a) @ w, tensor(y), [w])

    w = tensor(np.zeros(degree + 1), requires_grad=True)
    loss(w).backward()
    best = -np.linalg.solve(hessian(loss, tensor(np.zeros(degree + 1))).numpy(), w.grad.numpy())
    return ((a @ best - y) ** 2).mean(), ((a_val @ best - y_val) ** 2).mean()


def test_14_a_simple_model_generalises():
    """Degree 9 fits 12 points better than degree 1, and new ones worse."""
    (line_train, line_val), (curve_train, curve_val) = fitted(1, 0.0), fitted(9, 0.0)
    assert curve_train < line_train
    assert curve_val > 2 * line_val


def test_14_regularisation_makes_it_simple():
    """With lambda the training loss rises; until lambda is too large, the validation loss falls."""
    sweep = [fitted(9, lam) for lam in (0.0, 1e-4, 1e-3, 1e-2)]
    train, val = zip(*sweep, strict=True)
    assert sorted(train) == list(train)
    assert sorted(val, reverse=True) == list(val)
    assert fitted(9, 10.0)[1] > val[-1]


def test_71_weight_decay_is_l2_with_the_half_for_sgd():
    """g + lambda W against (1 - lr lambda) W - lr g: 0.949 both."""
    for momentum in (0.0, 0.9):
        results = []
        for as_penalty in (True, False):
            w = tensor(np.array([1.0]), requires_grad=True)
            decay = 0.0 if as_penalty else 0.01
            opt = optim.SGD([w], lr=0.1, momentum=momentum, weight_decay=decay)
            penalty = nn.L2Penalty(0.01 if as_penalty else 0.0, half=True)
            trajectory = []
            for _ in range(5):
                opt.zero_grad()
                ((0.5 * w).sum() + penalty([w])).backward()
                opt.step()
                trajectory.append(w.item())
            results.append(trajectory)
        assert results[0] == pytest.approx(results[1], rel=1e-14)
        assert results[0][0] == pytest.approx(0.949, rel=1e-14)


def test_10_weight_decay_is_twice_the_lambda_without_the_half():
    w = tensor(np.array([3.0]), requires_grad=True)
    nn.L2Penalty(0.05)([w]).backward()
    without = w.grad.item()
    w.grad = None
    nn.L2Penalty(0.1, half=True)([w]).backward()
    assert w.grad.item() == pytest.approx(without) == pytest.approx(0.1 * 3)


@pytest.mark.parametrize("lam", [0.001, 0.01, 0.1])
def test_72_in_adam_the_strength_of_l2_cancels(lam):
    """From w = 1 without a data gradient the first step gives 0.9 for every lambda."""
    w = tensor(np.array([1.0]), requires_grad=True)
    opt = optim.Adam([w], lr=0.1)
    nn.L2Penalty(lam, half=True)([w]).backward()
    opt.step()
    assert w.item() == pytest.approx(0.9, abs=5e-5)
    w = tensor(np.array([1.0]), requires_grad=True)
    w.grad = tensor(np.zeros(1))
    optim.AdamW([w], lr=0.1, weight_decay=lam).step()
    assert w.item() == pytest.approx(1 - 0.1 * lam, rel=1e-12)


def two_layers(x, y, arrays, penalty):
    """Loss of a ReLU net whose weight matrices, not biases, are penalised."""
    w1, b1, w2, b2 = (tensor(a) for a in arrays)
    scores = (tensor(x) @ w1 + b1).relu() @ w2 + b2
    full = nn.Regularized(nn.CrossEntropyLoss(), penalty)
    return full(scores, tensor(y), [w1, w2]).item()


def test_2_12_the_assignment_without_the_half():
    """CS231n 2018 to 2020, two-layer net: 1.30378789133 without the half, 1.28482 with it."""
    rng = np.random.RandomState(0)
    arrays = [1e-1 * rng.randn(4, 10), np.zeros(10), 1e-1 * rng.randn(10, 3), np.zeros(3)]
    inputs = 10 * np.random.RandomState(1).randn(5, 4)
    labels = [0, 1, 2, 2, 1]
    plain = two_layers(inputs, labels, arrays, nn.L2Penalty(0.05))
    assert plain == pytest.approx(1.30378789133, abs=5e-12)
    half = two_layers(inputs, labels, arrays, nn.L2Penalty(0.05, half=True))
    assert half == pytest.approx(1.28482, abs=5e-6)


def test_2_12_the_assignment_with_the_half():
    """CS231n from 2021: 26.5948426952 with the half."""
    n, d, h, c = 3, 5, 50, 7
    arrays = [
        np.linspace(-0.7, 0.3, num=d * h).reshape(d, h),
        np.linspace(-0.1, 0.9, num=h),
        np.linspace(-0.3, 0.4, num=h * c).reshape(h, c),
        np.linspace(-0.9, 0.1, num=c),
    ]
    inputs = np.linspace(-5.5, 4.5, num=n * d).reshape(d, n).T
    half = two_layers(inputs, [0, 5, 1], arrays, nn.L2Penalty(1.0, half=True))
    assert half == pytest.approx(26.5948426952, abs=5e-11)
    without = two_layers(inputs, [0, 5, 1], arrays, nn.L2Penalty(0.5))
    assert without == pytest.approx(half, rel=1e-14)
