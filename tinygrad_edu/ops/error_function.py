"""The error function, on which the exact GELU rests."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..quiet import quiet
from .exponential import exp, floating

__all__ = ["erf", "erfc"]

_SLOPE = 2.0 / math.sqrt(math.pi)


@floating
@quiet
def erf(input: Any) -> Any:
    """``2 / sqrt(pi)`` times the integral of ``exp(-t**2)`` from 0 to x.

    The gradient is ``g * 2 / sqrt(pi) * exp(-x**2)``. Accurate to the last digit or two.

    Examples
    --------
    >>> erf(np.array([0.0, 1.0, 100.0]))
    array([0.        , 0.84270079, 1.        ])
    """
    if input.dtype == np.float64:
        return _erf64(np.asarray(input))[()]
    return _erf32(input.astype(np.float32)).astype(input.dtype, copy=False)


@floating
@quiet
def erfc(input: Any) -> Any:
    """``1 - erf(x)``, exact also where erf is almost 1; gradient ``-g * 2/sqrt(pi) * exp(-x**2)``.

    Examples
    --------
    >>> erfc(np.array([0.0, 1.0, 10.0]))
    array([1.00000000e+00, 1.57299207e-01, 2.08848758e-45])
    """
    return _erfc64(np.asarray(input, np.float64)).astype(input.dtype, copy=False)[()]


erf.defvjp(lambda g, out, x: g * (_SLOPE * exp(-(x * x))))
erfc.defvjp(lambda g, out, x: g * (-_SLOPE * exp(-(x * x))))


# float64: the rational approximations of FreeBSD's msun/src/s_erf.c (Sun Microsystems, 1993), whose
# error is below 1 ulp. Coefficients from the constant term up.
_P = (
    1.28379167095512558561e-01,
    -3.25042107247001499370e-01,
    -2.84817495755985104766e-02,
    -5.77027029648944159157e-03,
    -2.37630166566501626084e-05,
)
_Q = (
    1.0,
    3.97917223959155352819e-01,
    6.50222499887672944485e-02,
    5.08130628187576562776e-03,
    1.32494738004321644526e-04,
    -3.96022827877536812320e-06,
)
_AT_1 = 8.45062911510467529297e-01  # erf(1), rounded
_PA = (
    -2.36211856075265944077e-03,
    4.14856118683748331666e-01,
    -3.72207876035701323847e-01,
    3.18346619901161753674e-01,
    -1.10894694282396677476e-01,
    3.54783043256182359371e-02,
    -2.16637559486879084300e-03,
)
_QA = (
    1.0,
    1.06420880400844228286e-01,
    5.40397917702171048937e-01,
    7.18286544141962662868e-02,
    1.26171219808761642112e-01,
    1.36370839120290507362e-02,
    1.19844998467991074170e-02,
)
_RA = (
    -9.86494403484714822705e-03,
    -6.93858572707181764372e-01,
    -1.05586262253232909814e01,
    -6.23753324503260060396e01,
    -1.62396669462573470355e02,
    -1.84605092906711035994e02,
    -8.12874355063065934246e01,
    -9.81432934416914548592e00,
)
_SA = (
    1.0,
    1.96512716674392571292e01,
    1.37657754143519042600e02,
    4.34565877475229228821e02,
    6.45387271733267880336e02,
    4.29008140027567833386e02,
    1.08635005541779435134e02,
    6.57024977031928170135e00,
    -6.04244152148580987438e-02,
)
_RB = (
    -9.86494292470009928597e-03,
    -7.99283237680523006574e-01,
    -1.77579549177547519889e01,
    -1.60636384855821916062e02,
    -6.37566443368389627722e02,
    -1.02509513161107724954e03,
    -4.83519191608651397019e02,
)
_SB = (
    1.0,
    3.03380607434824582924e01,
    3.25792512996573918826e02,
    1.53672958608443695994e03,
    3.19985821950859553908e03,
    2.55305040643316442583e03,
    4.74528541206955367215e02,
    -2.24409524465858183362e01,
)


def _polynomial(x: Any, coefficients: tuple[float, ...]) -> Any:
    total = np.full_like(x, coefficients[-1])
    for c in coefficients[-2::-1]:
        total *= x
        total += c
    return total


def _near_0(x: Any) -> Any:
    """``erf(x) - x`` for ``|x| < 0.84375``."""
    z = x * x
    return x * (_polynomial(z, _P) / _polynomial(z, _Q))


def _erfc_beyond(x: Any) -> Any:
    """``erfc(x)`` for ``x >= 0.84375``, and nan for nan."""
    out = np.zeros_like(x)
    middle = x < 1.25
    s = x[middle] - 1.0
    out[middle] = 1.0 - _AT_1 - _polynomial(s, _PA) / _polynomial(s, _QA)
    for part, r, s in [
        (~middle & (x < 1 / 0.35), _RA, _SA),
        (~(x < 1 / 0.35) & ~(x >= 28), _RB, _SB),
    ]:
        a = x[part]
        # exp(-a**2) from a rounded square and a small rest: else the error of a**2 is magnified.
        z = a.astype(np.float32).astype(np.float64)
        t = 1.0 / (a * a)
        small = (z - a) * (z + a) + _polynomial(t, r) / _polynomial(t, s)
        out[part] = np.exp(-z * z - 0.5625) * np.exp(small) / a
    return out


def _erf64(x: Any) -> Any:
    size = np.abs(x)
    near = size < 0.84375
    out = np.empty_like(x)
    a = x[near]
    out[near] = a + _near_0(a)
    far = ~near
    out[far] = np.copysign(1.0 - _erfc_beyond(size[far]), x[far])
    return out


def _erfc64(x: Any) -> Any:
    size = np.abs(x)
    near = size < 0.84375
    out = np.empty_like(x)
    a = x[near]
    out[near] = np.where(a < 0.25, 1.0 - (a + _near_0(a)), 0.5 - (_near_0(a) + (a - 0.5)))
    far = ~near
    tail = _erfc_beyond(size[far])
    out[far] = np.where(x[far] < 0, 2.0 - tail, tail)
    return out


# float32: one quotient of polynomials for all x (the one of Eigen and XLA); error below 4e-7.
_TOP = (
    -1.60960333262415e-02,
    -2.95459980854025e-03,
    -7.34990630326855e-04,
    -5.69250639462346e-05,
    -2.10102402082508e-06,
    2.77068142495902e-08,
    -2.72614225801306e-10,
)
_BOTTOM = (
    -1.42647390514189e-02,
    -7.37332916720468e-03,
    -1.68282697438203e-03,
    -2.13374055278905e-04,
    -1.45660718464996e-05,
)


def _erf32(x: Any) -> Any:
    x = np.clip(x, -4.0, 4.0)
    z = x * x
    return np.clip(x * _polynomial(z, _TOP) / _polynomial(z, _BOTTOM), -1.0, 1.0)
