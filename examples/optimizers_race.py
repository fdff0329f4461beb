"""The comparison of update rules in the lectures: a narrow valley, then Beale's function.

Prints the traces; with a directory as argument, writes the race on Beale's function there as a web
page, and with matplotlib (pip install "tinygrad-edu[plot]") pictures beside it.

    python examples/optimizers_race.py race
"""

import sys
from pathlib import Path

from tinygrad_edu import lab


def main(out: str | None = None) -> None:
    # S4 of the lectures: f = 0.1 x1^2 + 2 x2^2 from (-5, -2), 20 steps.
    print(lab.trace("sgd", "quadratic", lr=0.4), end="\n\n")
    valley = [
        lab.trace("sgd", "quadratic", lr=0.6),
        lab.trace("momentum", "quadratic", lr=0.6, momentum=0.5),
        lab.trace("momentum", "quadratic", lr=0.6, momentum=0.25),
    ]
    for t in valley:
        beta = t.options.get("momentum", 0)
        print(f"lr 0.6, momentum {beta:<6}f = {t.values[-1]:<12.4g}{t.outcome}")

    best = lab.best_momentum([0.2, 4.0])
    print(f"\nbest here: lr {best.lr:.5f}, momentum {best.beta:.5f}: x {best.rate:.5f} each step\n")

    # S2: the same start for seven rules.
    rules = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adadelta", "adam")
    beale = [lab.trace(rule, "beale", steps=300) for rule in rules]
    for t in beale:
        print(f"{t.label:<16}f = {t.values[-1]:.2g}")

    if out is None:
        return
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "race.html").write_text(lab.race_html(beale), encoding="utf-8")
    try:
        lab.contour(valley).savefig(folder / "valley.png")
        lab.phase_diagram(lab.QUADRATIC, valley).savefig(folder / "phase.png")
        lab.contour(beale, arrow=False).savefig(folder / "contour.png")
        (folder / "race.gif").write_bytes(lab.race_gif(beale))
    except ImportError as error:
        print(error)
    print(f"\nOpen {folder / 'race.html'} in a browser")


if __name__ == "__main__":
    main(*sys.argv[1:2])
