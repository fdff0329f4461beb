"""The training loop: what it computes, reports and refuses."""

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.data import Splits
from tinygrad_edu.training import DivergedError, accuracy, evaluate, fit, minibatches


def small(rng, count=30):
    """Three classes that a linear model can tell apart."""
    y = np.arange(count) % 3
    x = (np.eye(3)[y] + 0.1 * rng.standard_normal((count, 3))).astype(np.float32)
    third = count // 3
    cuts = slice(0, third), slice(third, 2 * third), slice(2 * third, None)
    parts = [part for cut in cuts for part in (x[cut], y[cut])]
    return Splits("small", *parts, image_shape=(3,), classes=("a", "b", "c"))


def train(data, epochs=3, batch_size=4, seed=1, lr=0.5, **options):
    rng = np.random.default_rng(seed)
    model = nn.Linear(3, 3, generator=rng)
    optimizer = optim.SGD(model.parameters(), lr=lr, momentum=0.5)
    loss = nn.CrossEntropyLoss()
    options = {"epochs": epochs, "batch_size": batch_size, "rng": rng, **options}
    return model, fit(model, loss, optimizer, data, **options)


def test_one_full_batch_step_is_the_textbook_step():
    """Without a framework: p = softmax(x W' + b), W -= lr (p - onehot)' x / n."""
    data = small(np.random.default_rng(0))
    start = nn.Linear(3, 3, generator=np.random.default_rng(1))
    w, b = (p.detach().numpy().astype(np.float64) for p in start.parameters())
    scores = data.x_train @ w.T + b
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(len(p)), data.y_train]).mean()
    p[np.arange(len(p)), data.y_train] -= 1
    model, (epoch,) = train(data, epochs=1, batch_size=1000)
    np.testing.assert_allclose(
        model.weight.detach().numpy(), w - 0.5 * p.T @ data.x_train / len(p), rtol=1e-5, atol=1e-7
    )
    assert epoch.loss == pytest.approx(loss, rel=1e-6)
    assert epoch.train_loss < loss


def test_epochs_are_reported_as_they_end():
    reported = []
    _, history = train(small(np.random.default_rng(0)), on_epoch=reported.append)
    assert reported == history
    assert [epoch.epoch for epoch in history] == [1, 2, 3]
    assert all(epoch.lr == 0.5 for epoch in history)
    assert history[-1].train_accuracy == history[-1].val_accuracy == 1.0


def test_the_measures_are_those_of_the_model_after_the_epoch():
    data = small(np.random.default_rng(0))
    model, history = train(data)
    loss = nn.CrossEntropyLoss()
    assert evaluate(model, loss, data.x_val, data.y_val) == (
        history[-1].val_loss,
        history[-1].val_accuracy,
    )


def test_the_penalty_counts_in_the_loss_only():
    data = small(np.random.default_rng(0))
    _, plain = train(data, epochs=1)
    _, constant = train(data, epochs=1, penalty=lambda: 7.0)  # no gradient
    assert constant[0].loss == pytest.approx(plain[0].loss + 7, rel=1e-5)
    assert constant[0].train_loss == plain[0].train_loss


def test_same_seed_same_bits():
    data = small(np.random.default_rng(0))
    (one, first), (two, second), (other, _) = (train(data, seed=seed) for seed in (1, 1, 2))
    assert first == second
    assert one.weight.detach().numpy().tobytes() == two.weight.detach().numpy().tobytes()
    assert one.weight.detach().numpy().tobytes() != other.weight.detach().numpy().tobytes()


def test_divergence_is_an_error_that_names_the_learning_rate(recwarn):
    with pytest.raises(DivergedError, match=r"diverged in epoch 1: .* learning rate 1e\+39 .*"):
        train(small(np.random.default_rng(0)), lr=1e39)
    assert not recwarn.list


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_a_penalty_that_is_not_finite_is_an_error(value):
    with pytest.raises(DivergedError, match=f"the loss is {value}"):
        train(small(np.random.default_rng(0)), penalty=lambda: value)


def test_a_data_set_that_overflows_is_an_error():
    data = small(np.random.default_rng(0))
    data.x_val[0] = np.inf
    with pytest.raises(DivergedError):
        train(data)


def test_minibatches_hold_every_row_once():
    for length, size in [(10, 3), (10, 5), (10, 100), (1, 1)]:
        batches = list(minibatches(length, size, np.random.default_rng(0)))
        assert sorted(np.concatenate(batches)) == list(range(length))
        assert all(len(rows) == size for rows in batches[:-1])
    first, second = (
        np.concatenate(list(minibatches(50, 7, np.random.default_rng(seed)))) for seed in (0, 1)
    )
    assert first.tolist() != second.tolist()


def test_accuracy():
    scores = np.array([[1.0, 2, 3], [3, 2, 1], [2, 2, 0], [0, 0, 0]])
    assert accuracy(scores, np.array([2, 0, 0, 1])) == 0.75
    for labels in (np.array([2]), np.array([[2, 0, 0, 1]])):
        with pytest.raises(ValueError, match="accuracy"):
            accuracy(scores, labels)
    with pytest.raises(ValueError, match="N > 0"):
        accuracy(np.zeros((0, 3)), np.zeros(0, int))
