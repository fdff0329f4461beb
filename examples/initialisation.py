"""Ten layers of 500 units, before any training: what the initial weights do to the signals.

Weights that are too small let the activations of tanh fade, weights that are too large saturate it;
Xavier's keep them alive. Under ReLU, which halves the second moment, Xavier's fade again, and He's
(Kaiming's) do not. A unit that always gives the same learns nothing: its gradient is nearly 0.

    python examples/initialisation.py
"""

from collections.abc import Callable
from typing import Any

import tinygrad_edu as tg
from tinygrad_edu import nn

LAYERS, WIDTH, EXAMPLES = 10, 500, 1000

SCHEMES: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "tanh, normal std 0.01": (tg.tanh, lambda w, g: nn.init.normal_(w, 0, 0.01, g)),
    "tanh, normal std 1": (tg.tanh, lambda w, g: nn.init.normal_(w, 0, 1, g)),
    "tanh, Xavier": (tg.tanh, lambda w, g: nn.init.xavier_normal_(w, generator=g)),
    "ReLU, Xavier": (tg.relu, lambda w, g: nn.init.xavier_normal_(w, generator=g)),
    "ReLU, He": (
        tg.relu,
        lambda w, g: nn.init.kaiming_normal_(w, nonlinearity="relu", generator=g),
    ),
}


def activation_stds(scheme: str, seed: int = 0) -> list[float]:
    """Return the standard deviation of each layer's activations."""
    nonlinearity, fill = SCHEMES[scheme]
    generator = tg.Generator(seed)
    x, stds = tg.randn(EXAMPLES, WIDTH, generator=generator), []
    with tg.no_grad():
        for _ in range(LAYERS):
            layer = nn.Linear(WIDTH, WIDTH, bias=False, generator=generator)
            fill(layer.weight, generator)
            x = nonlinearity(layer(x))
            stds.append(x.std().item())
    return stds


def main() -> None:
    print(f"{'std of the activations':<24}{'layer 1':>10}{'layer 5':>10}{'layer 10':>10}")
    for scheme in SCHEMES:
        stds = activation_stds(scheme)
        print(f"{scheme:<24}{stds[0]:>10.3g}{stds[4]:>10.3g}{stds[9]:>10.3g}")


if __name__ == "__main__":
    main()
