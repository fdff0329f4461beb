"""Learning rate schedules: the names of ``torch.optim.lr_scheduler``, and those of the lectures."""

from .base import LRScheduler
from .composite import ChainedScheduler, SequentialLR
from .cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from .cyclic import CyclicLR, OneCycleLR
from .lectures import (
    ExponentialDecayLR,
    FactorLR,
    InverseSqrtLR,
    InverseTimeLR,
    LinearToTauLR,
    LinearWarmupLR,
)
from .plateau import ReduceLROnPlateau
from .schedule import Schedule
from .simple import (
    ConstantLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from .table import ScheduleTable, jumps_of

# PyTorch's old name of the base class, for lessons that subclass it.
_LRScheduler = LRScheduler
