"""Data sets: two that come with the package, and the reader for your own ``.npz`` file.

Examples
--------
>>> from tinygrad_edu.data import load
>>> load("digits")
Splits('digits', train=1079, val=359, test=359, image_shape=(8, 8), classes=10)
"""

from tinygrad_edu.data.bundled import (
    DataError,
    Splits,
    load,
    load_digits,
    load_mnist5k,
    load_npz,
)

__all__ = ["DataError", "Splits", "load", "load_digits", "load_mnist5k", "load_npz"]
