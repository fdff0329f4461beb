"""A lesson: guess the next symbol of a sequence with an embedding and one hidden layer.

The lesson is a function of the library. It is checked with ours against what it must show, and
with PyTorch against ours: only the import differs.
"""

import math
from itertools import pairwise

import numpy as np
import pytest

import tinygrad_edu
import tinygrad_edu.nn.functional

SYMBOLS, WINDOW, WIDTH, HIDDEN = 7, 3, 4, 24


def melody(length=600, seed=2):
    """A walk on a ring of symbols: mostly one step up, sometimes two, back to 0 after the last."""
    rng = np.random.default_rng(seed)
    notes = [0]
    while len(notes) < length:
        note = notes[-1] + (2 if rng.random() < 0.25 else 1)
        notes.append(note if note < SYMBOLS else 0)
    return notes


def windows(torch, notes):
    """Every symbol with the ones before it."""
    contexts, answers, context = [], [], [0] * WINDOW
    for note in notes:
        contexts.append(context)
        answers.append(note)
        context = [*context[1:], note]
    return torch.tensor(contexts), torch.tensor(answers)


def initial(torch, seed=3):
    """The same numbers for every library."""
    rng = np.random.default_rng(seed)
    shapes = [(SYMBOLS, WIDTH), (WINDOW * WIDTH, HIDDEN), HIDDEN, (HIDDEN, SYMBOLS), SYMBOLS]
    scales = [1.0, 5 / 3 / (WINDOW * WIDTH) ** 0.5, 0.1, 0.1, 0.0]
    parameters = [
        torch.tensor((rng.normal(size=shape) * scale).astype(np.float32))
        for shape, scale in zip(shapes, scales, strict=True)
    ]
    for p in parameters:
        p.requires_grad = True
    return parameters


def scores(torch, parameters, x):
    C, W1, b1, W2, b2 = parameters
    embedded = C[x]
    h = torch.tanh(embedded.view(embedded.shape[0], -1) @ W1 + b1)
    return h @ W2 + b2


def lesson(torch, F, steps=150):
    x, y = windows(torch, melody())
    parameters = initial(torch)
    rates = 10 ** torch.linspace(-2, 0, 21)
    rng = np.random.default_rng(4)
    history = []
    for step in range(steps):
        batch = torch.tensor(rng.integers(0, x.shape[0], 32))
        loss = F.cross_entropy(scores(torch, parameters, x[batch]), y[batch])
        for p in parameters:
            p.grad = None
        loss.backward()
        rate = rates[step] if step < 10 else 0.5
        for p in parameters:
            p.data += -rate * p.grad
        history.append(loss.log10().item())
    with torch.no_grad():
        final = F.cross_entropy(scores(torch, parameters, x), y)
    return history, final, parameters, (x, y)


@pytest.fixture(scope="module")
def ours():
    return lesson(tinygrad_edu, tinygrad_edu.nn.functional)


def test_it_learns(ours):
    """The best guess knows the last symbol; its loss is the entropy of the step."""
    history, final, parameters, (x, y) = ours
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert abs(10 ** history[0] - math.log(SYMBOLS)) < 0.3  # at first it knows nothing
    assert final.item() < entropy * 1.15
    assert not final.requires_grad
    assert sum(p.nelement() for p in parameters) == 7 * 4 + 12 * 24 + 24 + 24 * 7 + 7
    guess = scores(tinygrad_edu, parameters, x).argmax(1)
    assert (guess == y).float().mean().item() > 0.7
    assert x.dtype == y.dtype == tinygrad_edu.int64


def test_three_ways_to_join_the_windows():
    torch = tinygrad_edu
    x, _ = windows(torch, melody(20))
    embedded = torch.tensor(np.random.default_rng(1).normal(size=(SYMBOLS, WIDTH)))[x]
    by_hand = torch.cat([embedded[:, i, :] for i in range(WINDOW)], 1)
    unbound = torch.cat(torch.unbind(embedded, 1), 1)
    viewed = embedded.view(-1, WINDOW * WIDTH)
    assert torch.equal(by_hand, viewed)
    assert torch.equal(unbound, viewed)


def test_indexing_is_a_product_with_one_hot_rows():
    torch, F = tinygrad_edu, tinygrad_edu.nn.functional
    C = torch.tensor(np.random.default_rng(1).normal(size=(SYMBOLS, WIDTH)).astype(np.float32))
    x, _ = windows(torch, melody(20))
    rows = F.one_hot(x, num_classes=SYMBOLS).float() @ C
    assert torch.equal(rows, C[x])


def test_loss_by_hand_is_cross_entropy():
    torch, F = tinygrad_edu, tinygrad_edu.nn.functional
    x, y = windows(torch, melody(40))
    logits = scores(torch, initial(torch), x)
    counts = logits.exp()
    probabilities = counts / counts.sum(1, keepdims=True)
    by_hand = -probabilities[torch.arange(40), y].log().mean()
    assert torch.allclose(by_hand, F.cross_entropy(logits, y))


def compose(torch, F, parameters, seed, length=40):
    g = torch.Generator().manual_seed(seed)
    context, written = [0] * WINDOW, []
    for _ in range(length):
        logits = scores(torch, parameters, torch.tensor([context]))
        probabilities = F.softmax(logits, dim=1)
        note = torch.multinomial(probabilities, num_samples=1, generator=g).item()
        context = [*context[1:], note]
        written.append(note)
    return written


def test_sampling_is_reproducible(ours):
    parameters = ours[2]
    torch, F = tinygrad_edu, tinygrad_edu.nn.functional
    written = compose(torch, F, parameters, 5)
    assert written == compose(torch, F, parameters, 5)
    assert written != compose(torch, F, parameters, 6)
    allowed = sum(b == 0 or b - a in (1, 2) for a, b in pairwise(written))
    assert allowed > 0.65 * len(written)  # by chance it would be 3 of 7


@pytest.mark.torch
def test_with_pytorch(ours):
    torch = pytest.importorskip("torch")
    history, final, parameters, _ = ours
    other = lesson(torch, torch.nn.functional)
    np.testing.assert_allclose(history, other[0], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(final.item(), other[1].item(), rtol=1e-4)
    for mine, its in zip(parameters, other[2], strict=True):
        np.testing.assert_allclose(mine.detach().numpy(), its.detach().numpy(), atol=2e-3)
