"""COURSE 36 and 37: what a learning curve says, in words, and the quiz."""

import math

import numpy as np
import pytest

from tinygrad_edu import optim, tensor
from tinygrad_edu.training import Epoch, diagnose_curve, which_curve
from tinygrad_edu.training.curve_diagnosis import ADVICE, KINDS

# S3, on 2 w^2: the factor of w in a step is 1 - 4 lr.
LECTURE = {0.1: "good", 0.01: "too slow", 0.48: "oscillating", 0.51: "diverging"}


def descend(lr, steps=20, scale=(2.0,), start=1.0):
    """Weights and losses of gradient descent on the sum of scale * w^2, by the library."""
    scale = np.array(scale)
    w = tensor(np.full(len(scale), start), requires_grad=True)
    rule, factors = optim.SGD([w], lr=lr), tensor(scale)
    path = [w.detach().numpy().copy()]
    for _ in range(steps):
        rule.zero_grad()
        (factors * w * w).sum().backward()
        rule.step()
        path.append(w.detach().numpy().copy())
    path = np.array(path)
    return path, (scale * path**2).sum(axis=1)


@pytest.mark.parametrize(("lr", "kind"), LECTURE.items())
def test_the_four_learning_rates_of_the_lecture(lr, kind):
    path, losses = descend(lr)
    assert diagnose_curve(losses, weights=path).kind == kind
    # The size of weights and losses is a matter of units.
    assert diagnose_curve(1000 * losses, weights=0.01 * path).kind == kind


@pytest.mark.parametrize("steps", [10, 15, 20, 25])
@pytest.mark.parametrize("lr", [0.01, 0.48, 0.51])
def test_the_kind_does_not_hang_on_the_number_of_steps(lr, steps):
    path, losses = descend(lr, steps)
    assert diagnose_curve(losses, weights=path).kind == LECTURE[lr]


def test_steps_over_the_minimum_that_soon_end_are_good():
    """1 - 4 lr = -0.2: each step goes to the other side, but a fifth as far."""
    path, losses = descend(0.3)
    assert diagnose_curve(losses, weights=path).kind == "good"


def test_two_rates_with_the_same_losses_need_the_weights():
    """1 - 4 lr is 0.92 for lr = 0.02 and -0.92 for 0.48: the losses are equal."""
    (slow, losses), (fast, same) = descend(0.02), descend(0.48)
    np.testing.assert_allclose(losses, same, rtol=1e-12)
    assert diagnose_curve(losses, weights=slow).kind == "good"
    assert diagnose_curve(same, weights=fast).kind == "oscillating"
    assert "weights=" in diagnose_curve(losses).reason
    assert "weights=" not in diagnose_curve(losses, weights=slow).reason


def test_numbers_of_the_reason():
    """COURSE 37: the factors of w are -.92 and -1.04; the loss is at .195 of its start."""
    reasons = {lr: diagnose_curve(c, weights=p).reason for lr, (p, c) in runs().items()}
    assert "0.92 times as far" in reasons[0.48]
    assert "1.04 times as far" in reasons[0.51] and "from 2 to 9.6" in reasons[0.51]
    assert "at 20% of its start" in reasons[0.01]


def runs():
    return {lr: descend(lr) for lr in LECTURE}


def test_36_each_direction_has_its_own_rate():
    """w1^2/10 + 2 w2^2 with 0.01: 100 steps leave .8186 of w1 and .0169 of w2."""
    path, _ = descend(0.01, 100, scale=(0.1, 2.0))
    np.testing.assert_allclose(np.abs(path[100]), (0.8186, 0.0169), rtol=3e-3)
    kinds = [
        diagnose_curve(s * w**2, weights=w).kind for s, w in zip((0.1, 2), path.T, strict=True)
    ]
    assert kinds == ["too slow", "good"]


def test_36_the_critical_rate_oscillates_for_ever():
    """alpha .5: w2 has the factor -1, so its loss stands still while w1 moves by .9 a step."""
    path, losses = descend(0.5, 30, scale=(0.1, 2.0))
    assert diagnose_curve(losses, weights=path).kind == "oscillating"
    assert diagnose_curve(losses).kind == "plateau"  # all that the loss shows


T = np.arange(60)
FALL = 2 * np.exp(-T / 8)


@pytest.mark.parametrize(
    ("losses", "kind"),
    [
        (0.2 + FALL, "good"),
        (1.5 + FALL, "plateau"),
        (np.full(60, 2.3), "plateau"),
        (np.linspace(2.3, 1.5, 60), "too slow"),
        (np.linspace(2.3, 2.29, 60), "too slow"),
        (0.5 + FALL + 0.5 * (-1.0) ** T, "oscillating"),
        (0.2 + 2 * np.exp(T / 30), "diverging"),
        (np.append(FALL[:20], 0.1 + 0.05 * np.arange(40)), "diverging"),
        ([2.3, 1.0, math.nan, 1.0, 0.9], "diverging"),
        ([2.3, 5.0, 1e30, math.inf, math.nan], "diverging"),
        ([math.nan] * 5, "diverging"),
        (np.zeros(5), "good"),
        ([1.0, 0.5, 0.0, 0.0, 0.0, 0.0], "good"),
    ],
)
def test_shapes(losses, kind):
    found = diagnose_curve(list(losses))
    assert found.kind == kind
    assert str(found).startswith(f"{kind}: ") and ADVICE[kind] in str(found)


@pytest.mark.parametrize("seed", range(20))
def test_minibatch_noise_changes_nothing(seed):
    """600 steps, a noise that is a tenth of the way down."""
    t, noise = np.arange(600), 0.1 * np.random.default_rng(seed).standard_normal(600)
    assert diagnose_curve(0.2 + 2 * np.exp(-t / 80) + noise).kind == "good"
    assert diagnose_curve(2.3 + noise).kind == "plateau"
    assert diagnose_curve(2.3 - t / 500 + noise).kind == "too slow"
    assert diagnose_curve(0.5 + t / 200 + noise).kind == "diverging"


def test_a_loss_that_comes_back_after_a_jump_does_not_diverge():
    jump = np.concatenate([FALL[:20] + 0.1, 1.9 - 0.015 * np.arange(40)])
    assert jump[-1] > jump[0] / 2
    assert diagnose_curve(jump).kind != "diverging"


def test_weights_so_large_that_their_squares_overflow():
    path = (-10.0) ** np.arange(200.0)
    assert diagnose_curve(np.abs(path), weights=np.stack([path, path], 1)).kind == "diverging"
    assert "weights=" not in diagnose_curve([1.0, 0.5, 0.0, 0.0, 0.0, 0.0]).reason


def test_overfitting():
    val = 0.4 + FALL + 0.01 * T
    turn = int(val.argmin())
    found = diagnose_curve(FALL, val)
    assert found.kind == "overfitting"
    assert f"lowest near point {turn + 1} " in found.reason and "EarlyStopping" in found.advice
    assert diagnose_curve(FALL, 0.4 + FALL).kind == "good"


def test_a_validation_loss_that_rises_with_the_training_loss_is_no_overfitting():
    train = 0.1 + FALL + 0.006 * T
    assert train[-1] > train.min()
    assert diagnose_curve(train, 0.4 + FALL + 0.01 * T).kind == "good"


@pytest.mark.parametrize("seed", range(10))
def test_a_wobble_of_the_validation_loss_is_no_overfitting(seed):
    noise = 0.02 * np.random.default_rng(seed).standard_normal(60)
    assert diagnose_curve(FALL, 1 + FALL + noise).kind == "good"


def test_a_known_lowest_loss_counts():
    """The least squares of COURSE 66: from .493259 to the optimum .241688."""
    losses = 0.241688 + 0.25 * np.exp(-T / 8)
    assert diagnose_curve(losses).kind == "plateau"
    assert diagnose_curve(losses, best=0.241688).kind == "good"


def test_a_negative_loss_has_its_own_bottom():
    assert diagnose_curve(FALL - 5).kind == "good"
    assert diagnose_curve(-np.linspace(0, 1, 20)).kind == "good"


def epochs(losses, val):
    return [Epoch(i + 1, 0.1, t, t, 0.5, v, 0.5) for i, (t, v) in enumerate(zip(losses, val))]  # noqa: B905


def test_a_history_of_fit():
    assert diagnose_curve(epochs(FALL, 0.4 + FALL + 0.01 * T)).kind == "overfitting"
    assert diagnose_curve(epochs(FALL, np.full(60, np.nan))).kind == "good"
    worse = 0.4 + FALL + 0.01 * T
    assert diagnose_curve({"train_loss": FALL, "val_loss": worse}).kind == "overfitting"
    rows = [{"loss": t, "val_loss": v} for t, v in zip(FALL, worse, strict=True)]
    assert diagnose_curve(rows).kind == "overfitting"
    assert diagnose_curve(rows, val=FALL).kind == "good"
    with pytest.raises(ValueError, match="history has lr, but neither train_loss nor loss"):
        diagnose_curve({"lr": [0.1] * 9})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([1, 2, 3],), "losses: 3 points; a curve has a shape from 5 on"),
        ((["a"] * 5,), "losses: expected numbers"),
        ((3.0,), "losses: expected numbers"),
        (([1.0] * 6, [1.0] * 5), "val: 5 points, but losses has 6"),
    ],
)
def test_what_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        diagnose_curve(*arguments)


def test_weights_of_another_length_are_refused():
    with pytest.raises(ValueError, match="weights: 4 points, but losses has 6"):
        diagnose_curve([1.0] * 6, weights=np.ones(4))


# ---------------------------------------------------------------- the quiz


@pytest.mark.parametrize("seed", range(8))
def test_the_classifier_solves_the_quiz(seed):
    quiz = which_curve(seed)
    assert sorted(quiz.answers.values()) == sorted(LECTURE)
    for letter, rate in quiz.answers.items():
        assert quiz.diagnosis(letter).kind == LECTURE[rate]
        np.testing.assert_allclose(quiz.weights[letter], (1 - 4 * rate) ** np.arange(21.0))
        np.testing.assert_allclose(quiz.losses[letter], 2 * np.square(quiz.weights[letter]))


def test_the_quiz_is_shuffled():
    assert len({tuple(which_curve(seed).answers.values()) for seed in range(20)}) > 5
    assert which_curve(3).answers == which_curve(3).answers


def test_the_question_does_not_give_the_answer():
    quiz = which_curve(1)
    assert str(quiz) == quiz.question and "0.01, 0.1, 0.48, 0.51" in quiz.question
    assert not any(kind in quiz.question for kind in KINDS)
    assert [line[0] for line in quiz.question.splitlines() if "|" in line] == list("ABCD")


def test_marks():
    quiz = which_curve(0)
    wrong = dict.fromkeys(quiz.answers, 0.01)
    right, text = quiz.grade(wrong)
    assert right == 1 and text.startswith("1 of 4 right") and text.count("(no, 0.01)") == 3
    assert quiz.grade({})[0] == 0 and quiz.grade({})[1].count("no answer") == 4
    assert quiz.grade(quiz.answers)[0] == 4
    assert "1 - 4 * 0.48 = -0.92" in text


@pytest.mark.parametrize("given", [{"E": 0.1}, {"A": 0.2}])
def test_answers_to_another_quiz_are_refused(given):
    with pytest.raises(ValueError, match="given: "):
        which_curve().grade(given)
