"""A laboratory in two dimensions: test functions, traces of update rules over them, pictures.

Examples
--------
>>> from tinygrad_edu.lab import trace
>>> trace("momentum", "quadratic", lr=0.6, momentum=0.5).points[-1].round(6)
array([0.007188, 0.002553])
"""

from .functions import (
    BEALE,
    COSH,
    FUNCTIONS,
    QUADRATIC,
    ROSENBROCK,
    ROUND,
    SADDLE,
    TWO_WELLS,
    X_COS,
    LabError,
    Objective,
    function_named,
    rotated,
)
from .gif import race_gif
from .phase import (
    Setting,
    best_descent,
    best_momentum,
    convergence_rate,
    heavy_ball_matrix,
    spectral_radius,
)
from .pictures import contour, loss_curves, phase_diagram
from .race import race_html
from .saddles import probability_of_minimum, random_hessians
from .trace import Trace, rules, settings_of, start_of, trace

__all__ = [
    "Objective",
    "FUNCTIONS",
    "function_named",
    "rotated",
    "QUADRATIC",
    "ROUND",
    "SADDLE",
    "BEALE",
    "ROSENBROCK",
    "TWO_WELLS",
    "X_COS",
    "COSH",
    "Trace",
    "trace",
    "rules",
    "settings_of",
    "start_of",
    "contour",
    "loss_curves",
    "phase_diagram",
    "race_html",
    "race_gif",
    "heavy_ball_matrix",
    "spectral_radius",
    "convergence_rate",
    "best_descent",
    "best_momentum",
    "Setting",
    "random_hessians",
    "probability_of_minimum",
    "LabError",
]
