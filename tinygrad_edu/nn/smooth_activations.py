"""Smooth activations, softmax and its kin, as modules."""

from __future__ import annotations

from .. import ops
from . import functional as F
from .activations import Activation, InPlaceActivation

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmin",
    "Softplus",
    "Softsign",
    "Tanh",
    "Tanhshrink",
]


class ELU(InPlaceActivation):
    """``x`` above 0, else ``alpha (exp(x) - 1)``.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> ELU(2.0)(tensor([-1000.0, 2.0]))
    tensor([-2.,  2.])
    """

    function = staticmethod(F.elu)
    settings = ("alpha",)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha


class CELU(ELU):
    """``x`` above 0, else ``alpha (exp(x/alpha) - 1)``.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> CELU(2.0)(tensor([-1000.0, 2.0]))
    tensor([-2.,  2.])
    """

    function = staticmethod(F.celu)


class SELU(InPlaceActivation):
    """The scaled `ELU` that keeps mean 0 and variance 1.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> SELU()(tensor([0.0, 1.0]))
    tensor([0.0000, 1.0507])
    """

    function = staticmethod(F.selu)


class GELU(Activation):
    """``x Φ(x)``; `approximate` is "none" or "tanh".

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> GELU()(tensor([0.0, 1.0]))
    tensor([0.0000, 0.8413])
    """

    function = staticmethod(ops.gelu)
    settings = ("approximate",)

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate


class SiLU(InPlaceActivation):
    """``x sigmoid(x)``, also called swish.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> SiLU()(tensor([0.0, 1.0]))
    tensor([0.0000, 0.7311])
    """

    function = staticmethod(F.silu)


class Mish(InPlaceActivation):
    """``x tanh(softplus(x))``.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> Mish()(tensor([0.0, 1.0]))
    tensor([0.0000, 0.8651])
    """

    function = staticmethod(F.mish)


class Sigmoid(Activation):
    """``1 / (1 + exp(-x))``.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> Sigmoid()(tensor([0.0, 1000.0]))
    tensor([0.5000, 1.0000])
    """

    function = staticmethod(ops.sigmoid)


class LogSigmoid(Activation):
    """``log(sigmoid(x))``.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> LogSigmoid()(tensor([0.0, -1000.0]))
    tensor([-6.9315e-01, -1.0000e+03])
    """

    function = staticmethod(ops.logsigmoid)


class Tanh(Activation):
    """The hyperbolic tangent.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> Tanh()(tensor([0.0, 1000.0]))
    tensor([0., 1.])
    """

    function = staticmethod(ops.tanh)


class Softplus(Activation):
    """``log(1 + exp(beta x)) / beta``; beyond ``beta x > threshold`` it is ``x``.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> Softplus()(tensor([0.0, 1000.0]))
    tensor([6.9315e-01, 1.0000e+03])
    """

    function = staticmethod(ops.softplus)
    settings = ("beta", "threshold")

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold


class Softsign(Activation):
    """``x / (1 + |x|)``.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> Softsign()(tensor([-1.0, 3.0]))
    tensor([-0.5000,  0.7500])
    """

    function = staticmethod(ops.softsign)


class Tanhshrink(Activation):
    """``x - tanh(x)``.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> Tanhshrink()(tensor([0.0, 1000.0]))
    tensor([  0., 999.])
    """

    function = staticmethod(ops.tanhshrink)


# ------------------------------------------------------------------------------- along an axis


class AlongAxis(Activation):
    """What activations along an axis share.

    Parameters
    ----------
    dim : int
        The axis. PyTorch guesses one, and warns, where none is given; so it is here.
    """

    settings = ("dim",)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim


class Softmax(AlongAxis):
    """``exp(x) / sum(exp(x))`` along `dim`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> Softmax(dim=0)(tensor([0.0, 0.0]))
    tensor([0.5000, 0.5000])
    """

    function = staticmethod(ops.softmax)


class Softmin(AlongAxis):
    """The `Softmax` of ``-x``.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> Softmin(dim=0)(tensor([0.0, 1000.0]))
    tensor([1., 0.])
    """

    function = staticmethod(ops.softmin)


class LogSoftmax(AlongAxis):
    """``log(softmax(x))`` along `dim`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> LogSoftmax(dim=0)(tensor([0.0, 0.0]))
    tensor([-0.6931, -0.6931])
    """

    function = staticmethod(ops.log_softmax)


class GLU(AlongAxis):
    """``a sigmoid(b)``, `a` and `b` being the two halves of the input along `dim`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> GLU()(tensor([1.0, 2.0, 0.0, 1000.0]))
    tensor([0.5000, 2.0000])
    """

    function = staticmethod(ops.glu)

    def __init__(self, dim: int = -1) -> None:
        super().__init__(dim)
