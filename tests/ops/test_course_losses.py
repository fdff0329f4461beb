"""The losses of the lectures, with the lectures' numbers (COURSE rows 1 to 7)."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn, tensor
from tinygrad_edu.nn import functional as F

# Scores of three images, a cat, a car and a frog, for these three classes.
SCORES = np.array([[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]])
LABELS = np.array([0, 1, 2])


def svm(scores, **options):
    return F.multiclass_svm_loss(Tensor(scores), Tensor(LABELS), **options).numpy()


@pytest.mark.parametrize("classes_first", [True, False])
def test_scores_in_both_layouts(classes_first):
    """COURSE 1: W x + b with the bias in W, examples in columns or in rows."""
    rng = np.random.default_rng(1)
    w, b, x = rng.normal(size=(3, 4)), rng.normal(size=3), rng.normal(size=(5, 4))
    both, ones = np.column_stack([w, b]), np.column_stack([x, np.ones(5)])
    found = (Tensor(both) @ Tensor(ones.T)).T if classes_first else Tensor(ones) @ Tensor(both.T)
    expected = F.linear(Tensor(x), Tensor(w), Tensor(b))
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-12)


def test_hinge_losses():
    """COURSE 2."""
    np.testing.assert_allclose(svm(SCORES, reduction="none"), [2.9, 0, 12.9], atol=1e-12)
    np.testing.assert_allclose(svm(SCORES), 5.2667, atol=5e-5)
    np.testing.assert_allclose(svm(SCORES, reduction="sum"), 15.8, rtol=1e-12)


def test_margins_of_the_car():
    """COURSE 2: both margins are below 0, which is why its loss is 0."""
    margins = np.delete(SCORES[1] - SCORES[1, 1] + 1, 1)
    np.testing.assert_allclose(margins, [-2.6, -1.9], rtol=1e-12)


def test_twice_the_weights():
    """COURSE 3: only a loss that was 0 stays as it is."""
    np.testing.assert_allclose(svm(2 * SCORES, reduction="none"), [4.8, 0, 23.8], atol=1e-12)
    np.testing.assert_allclose(svm(2 * SCORES), 9.5333, atol=5e-5)


@pytest.mark.parametrize("how", [F.multiclass_svm_loss, nn.MulticlassSVMLoss()])
def test_hinge_gradient(how):
    """COURSE 4: the gradient of the mean, times the number of examples."""
    s = tensor(SCORES, requires_grad=True)
    how(s, tensor(LABELS)).backward()
    expected = [[-1, 1, 0], [0, 0, 0], [1, 1, -2]]
    np.testing.assert_allclose(s.grad.numpy() * 3, expected, atol=1e-12)


def test_counting_the_right_class_adds_the_margin():
    """COURSE 4: the common mistake, summing over j = y too, adds exactly 1 to each loss."""
    own = SCORES[np.arange(3), LABELS][:, None]
    wrong = np.maximum(0, SCORES - own + 1).sum(axis=1)
    np.testing.assert_allclose(wrong - svm(SCORES, reduction="none"), 1, rtol=1e-12)


def test_squared_hinge():
    """COURSE 4."""
    losses = svm(SCORES, reduction="none", squared=True)
    np.testing.assert_allclose(losses, [8.41, 0, 83.25], atol=1e-12)


def test_softmax_losses():
    """COURSE 5, in nats."""
    losses = F.cross_entropy(Tensor(SCORES), Tensor(LABELS), reduction="none").numpy()
    np.testing.assert_allclose(losses, [2.0404, 0.0791, 6.1565], atol=5e-5)
    mean = F.cross_entropy(Tensor(SCORES), Tensor(LABELS)).numpy()
    np.testing.assert_allclose(mean, 2.7587, atol=5e-5)


def test_probability_of_the_cat():
    """COURSE 5: old slides print its loss to base 10."""
    p = F.softmax(Tensor(SCORES[0]), dim=0).numpy()[0]
    np.testing.assert_allclose(p, 0.12998, atol=5e-6)
    np.testing.assert_allclose(-np.log10(p), 0.886, atol=5e-4)


@pytest.mark.parametrize(("factor", "loss"), [(1, 0.0791), (2, 0.00377), (4, 9.7e-6), (8, 8.4e-11)])
def test_softmax_loss_is_never_0(factor, loss):
    """COURSE 5: the car with larger and larger weights."""
    found = F.cross_entropy(Tensor(factor * SCORES[1]), tensor(1)).item()
    assert found > 0
    np.testing.assert_allclose(found, loss, rtol=1e-2)


def test_losses_at_chance():
    """COURSE 6: with all scores equal, C - 1 and ln C."""
    scores, labels = Tensor(np.zeros((4, 10))), Tensor(np.array([3, 1, 4, 1]))
    assert F.multiclass_svm_loss(scores, labels).item() == 9.0
    np.testing.assert_allclose(F.cross_entropy(scores, labels).item(), 2.302585, atol=5e-7)


def test_softmax_wants_more_than_the_margin():
    """COURSE 7: content for the hinge, not for the softmax loss."""
    scores = Tensor(np.array([20.0, 0, 0]))
    assert F.multiclass_svm_loss(scores, tensor(0)).item() == 0
    np.testing.assert_allclose(F.cross_entropy(scores, tensor(0)).item(), 4.1e-9, rtol=1e-2)
