"""Quiz mode: one number is asked for per backward frame, and only its hash is in the question."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from ..trace import Frame, View


def canonical(value: float) -> str:
    """The one spelling of a number, at three significant digits, that is hashed.

    Examples
    --------
    >>> canonical(0.125), canonical(-1234.5), canonical(-0.0)
    ('1.25e-1', '-1.23e3', '0')
    """
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def digest(salt: str, frame: int, value: float) -> str:
    """SHA-256 of a salted answer; the page has its own, to compare with.

    Examples
    --------
    >>> digest("s", 3, 0.5) == hashlib.sha256(b"s:3:5.00e-1").hexdigest()
    True
    """
    return hashlib.sha256(f"{salt}:{frame}:{canonical(value)}".encode()).hexdigest()


def questions(frames: Sequence[Frame], salt: str) -> list[dict[str, object] | None]:
    """What to ask at each frame.

    An element is drawn at random, with the salt as the seed, from those of the contribution that
    are finite, and not 0 where there are others: zeros are guessed too easily.

    Parameters
    ----------
    frames
        Of one run.
    salt
        Any text; the same text asks the same questions.

    Returns
    -------
    list
        Per frame the index of the element and the hash of its value, or None: a forward frame, or
        an array so large that the trace holds no single element of it.

    Examples
    --------
    >>> from tinygrad_edu.viz.trace import look_at
    >>> frame = Frame("backward", "v2", 0, contribution=look_at([[0.0, 4.0]]))
    >>> (question,) = questions([frame], "salt")
    >>> question["index"], question["hash"] == digest("salt", 0, 4.0)
    ([0, 1], True)
    """
    return [_question(frame, number, salt) for number, frame in enumerate(frames)]


def _question(frame: Frame, number: int, salt: str) -> dict[str, object] | None:
    view = frame.contribution
    elements = _elements(view) if view is not None else None
    if view is None or not elements:
        return None
    finite = [place for place, value in enumerate(elements) if value is not None]
    choice = [place for place in finite if elements[place] != 0] or finite
    if not choice:
        return None
    drawn = hashlib.sha256(f"{salt}?{number}".encode()).digest()
    place = choice[int.from_bytes(drawn[:8], "big") % len(choice)]
    answer = elements[place]
    assert answer is not None
    return {"index": _index(place, view.shape), "hash": digest(salt, number, answer)}


def _elements(view: View) -> Sequence[float | None] | None:
    """All elements in C order, where the view holds them."""
    if view.numbers is not None:
        return view.numbers
    flat = [value for row in view.blocks or () for value in row]
    size = 1
    for length in view.shape:
        size *= length
    return flat if len(flat) == size else None  # otherwise each is the mean of several


def _index(place: int, shape: tuple[int, ...]) -> list[int]:
    index: list[int] = []
    for length in reversed(shape):
        place, rest = divmod(place, length)
        index.insert(0, rest)
    return index
