"""A lesson: the gradient of every intermediate value by hand, against what backward keeps.

The network: symbols are embedded, mixed, normalized, squashed and scored, and the loss is written
out down to exponentials and logarithms. Then the chain rule is walked back, one line per value.
"""

import numpy as np
import pytest

import tinygrad_edu
import tinygrad_edu.nn.functional

SYMBOLS, WINDOW, WIDTH, HIDDEN, N = 9, 2, 3, 6, 16


def inputs(torch, dtype=np.float64):
    rng = np.random.default_rng(21)
    shapes = {
        "table": (SYMBOLS, WIDTH),
        "w1": (WINDOW * WIDTH, HIDDEN),
        "b1": (HIDDEN,),
        "gain": (1, HIDDEN),
        "shift": (1, HIDDEN),
        "w2": (HIDDEN, SYMBOLS),
        "b2": (SYMBOLS,),
    }
    values = {k: torch.tensor(rng.normal(size=s).astype(dtype)) for k, s in shapes.items()}
    for p in values.values():
        p.requires_grad = True
    x = torch.tensor(rng.integers(0, SYMBOLS, (N, WINDOW)))
    y = torch.tensor(rng.integers(0, SYMBOLS, N))
    return values, x, y


def forward(torch, p, x, y):
    """Every step by its name."""
    v = {}
    v["embedded"] = p["table"][x]
    v["joined"] = v["embedded"].view(N, -1)
    v["mixed"] = v["joined"] @ p["w1"] + p["b1"]
    v["mean"] = 1 / N * v["mixed"].sum(0, keepdim=True)
    v["centred"] = v["mixed"] - v["mean"]
    v["squares"] = v["centred"] ** 2
    v["var"] = 1 / (N - 1) * v["squares"].sum(0, keepdim=True)
    v["inverse"] = (v["var"] + 1e-5) ** -0.5
    v["normal"] = v["centred"] * v["inverse"]
    v["scaled"] = p["gain"] * v["normal"] + p["shift"]
    v["h"] = torch.tanh(v["scaled"])
    v["logits"] = v["h"] @ p["w2"] + p["b2"]
    v["largest"] = v["logits"].max(1, keepdim=True).values
    v["lowered"] = v["logits"] - v["largest"]
    v["counts"] = v["lowered"].exp()
    v["total"] = v["counts"].sum(1, keepdims=True)
    v["inverse_total"] = v["total"] ** -1
    v["probs"] = v["counts"] * v["inverse_total"]
    v["logprobs"] = v["probs"].log()
    loss = -v["logprobs"][range(N), y].mean()
    return v, loss


def backward(torch, F, p, v, x, y):
    """The chain rule, from the loss to the table."""
    d = {}
    d["logprobs"] = torch.zeros_like(v["logprobs"])
    d["logprobs"][range(N), y] = -1.0 / N
    d["probs"] = d["logprobs"] / v["probs"]
    d["inverse_total"] = (v["counts"] * d["probs"]).sum(1, keepdim=True)
    d["total"] = -(v["total"] ** -2) * d["inverse_total"]
    d["counts"] = v["inverse_total"] * d["probs"]
    d["counts"] += torch.ones_like(v["counts"]) * d["total"]
    d["lowered"] = v["counts"] * d["counts"]
    d["largest"] = (-d["lowered"]).sum(1, keepdim=True)
    d["logits"] = d["lowered"].clone()
    at = F.one_hot(v["logits"].max(1).indices, num_classes=SYMBOLS)
    d["logits"] += at * d["largest"]
    d["h"] = d["logits"] @ p["w2"].T
    d["w2"] = v["h"].T @ d["logits"]
    d["b2"] = d["logits"].sum(0)
    d["scaled"] = (1.0 - v["h"] ** 2) * d["h"]
    d["gain"] = (v["normal"] * d["scaled"]).sum(0, keepdim=True)
    d["shift"] = d["scaled"].sum(0, keepdim=True)
    d["normal"] = p["gain"] * d["scaled"]
    d["inverse"] = (v["centred"] * d["normal"]).sum(0, keepdim=True)
    d["var"] = -0.5 * (v["var"] + 1e-5) ** -1.5 * d["inverse"]
    d["squares"] = 1.0 / (N - 1) * torch.ones_like(v["squares"]) * d["var"]
    d["centred"] = v["inverse"] * d["normal"]
    d["centred"] += 2 * v["centred"] * d["squares"]
    d["mean"] = (-d["centred"]).sum(0, keepdim=True)
    d["mixed"] = d["centred"].clone()
    d["mixed"] += 1.0 / N * (torch.ones_like(v["mixed"]) * d["mean"])
    d["joined"] = d["mixed"] @ p["w1"].T
    d["w1"] = v["joined"].T @ d["mixed"]
    d["b1"] = d["mixed"].sum(0)
    d["embedded"] = d["joined"].view(v["embedded"].shape)
    d["table"] = torch.zeros_like(p["table"])
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            d["table"][x[i, j]] += d["embedded"][i, j]
    return d


def lesson(torch, F):
    p, x, y = inputs(torch)
    v, loss = forward(torch, p, x, y)
    for t in v.values():
        t.retain_grad()
    loss.backward()
    return p, v, backward(torch, F, p, v, x, y), loss, (x, y)


@pytest.fixture(scope="module")
def ours():
    return lesson(tinygrad_edu, tinygrad_edu.nn.functional)


def test_every_gradient_by_hand(ours):
    torch = tinygrad_edu
    p, v, by_hand, _, _ = ours
    kept = {**p, **v}
    assert set(by_hand) == set(kept)
    for name, t in kept.items():
        assert by_hand[name].shape == t.shape == t.grad.shape, name
        assert torch.allclose(by_hand[name], t.grad, rtol=1e-9, atol=1e-12), name
        difference = (by_hand[name] - t.grad).abs().max().item()
        assert isinstance(difference, float)
        assert difference < 1e-12
        assert isinstance(torch.all(by_hand[name] == t.grad).item(), bool)


def test_the_largest_logit_has_no_say(ours):
    """It is subtracted from all scores of an example, which leaves the probabilities alone."""
    assert ours[1]["largest"].grad.abs().max().item() < 1e-15


def test_cross_entropy_in_one_go(ours):
    torch, F = tinygrad_edu, tinygrad_edu.nn.functional
    _, v, _, loss, (_, y) = ours
    assert torch.allclose(F.cross_entropy(v["logits"], y), loss)
    dlogits = F.softmax(v["logits"], 1)
    dlogits[range(N), y] -= 1
    dlogits /= N
    assert torch.allclose(dlogits, v["logits"].grad)
    assert dlogits.requires_grad  # written to in place, with its history


def test_four_ways_to_scatter_into_the_table(ours):
    torch, F = tinygrad_edu, tinygrad_edu.nn.functional
    p, _, by_hand, _, (x, _) = ours
    rows, d = x.view(-1), by_hand["embedded"].view(-1, WIDTH).detach()
    added = torch.zeros_like(p["table"])
    added.index_add_(0, rows, d)
    put = torch.zeros_like(p["table"])
    put.index_put_((rows,), d, accumulate=True)
    scattered = torch.zeros_like(p["table"]).scatter_add(0, rows.view(-1, 1).expand(-1, WIDTH), d)
    product = F.one_hot(rows, SYMBOLS).double().T @ d
    for found in (added, put, scattered, product):
        assert torch.allclose(found, p["table"].grad)


def train(torch, F, steps=30, by_hand=True):
    """The same network, with the gradient by hand under no_grad, or from backward."""
    p, x, y = inputs(torch)
    history = []
    for _ in range(steps):
        for t in p.values():
            t.grad = None
        if by_hand:
            with torch.no_grad():
                v, loss = forward(torch, p, x, y)
                d = backward(torch, F, p, v, x, y)
        else:
            loss = forward(torch, p, x, y)[1]
            loss.backward()
            d = {k: t.grad for k, t in p.items()}
        for k, t in p.items():
            t.data += -0.2 * d[k]
        history.append(loss.item())
    return history


def test_training_by_hand():
    torch, F = tinygrad_edu, tinygrad_edu.nn.functional
    by_hand = train(torch, F)
    assert by_hand[-1] < 0.6 * by_hand[0]
    np.testing.assert_allclose(by_hand, train(torch, F, by_hand=False), rtol=1e-9)


@pytest.mark.torch
def test_with_pytorch(ours):
    torch = pytest.importorskip("torch")
    p, v, by_hand, loss, _ = ours
    other = lesson(torch, torch.nn.functional)
    np.testing.assert_allclose(loss.item(), other[3].item(), rtol=1e-12)
    for mine, its in ((p, other[0]), (v, other[1])):
        for name, t in mine.items():
            np.testing.assert_allclose(
                t.grad.detach().numpy(), its[name].grad.numpy(), rtol=1e-8, atol=1e-14, err_msg=name
            )
    for name, d in by_hand.items():
        np.testing.assert_allclose(
            d.detach().numpy(), other[2][name].detach().numpy(), rtol=1e-8, atol=1e-14, err_msg=name
        )
    np.testing.assert_allclose(
        train(tinygrad_edu, tinygrad_edu.nn.functional),
        train(torch, torch.nn.functional),
        rtol=1e-9,
    )
