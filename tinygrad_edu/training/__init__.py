"""Training: the fit loop, measures of a classifier, and the main job of the command line.

Examples
--------
>>> from tinygrad_edu.training import accuracy
>>> accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1])
0.5
"""

from .check import Verdict, check_gradients
from .early_stopping import EarlyStopping
from .files import OutputError, make_run_directory
from .fit import DivergedError, Epoch, fit, minibatches
from .metrics import accuracy, evaluate
from .models import CLASSIFIERS, DEFAULTS, Settings, build, penalty, settings_for
from .progress import display
from .run import Job, run_job

__all__ = [
    "fit",
    "minibatches",
    "Epoch",
    "DivergedError",
    "EarlyStopping",
    "accuracy",
    "evaluate",
    "check_gradients",
    "Verdict",
    "CLASSIFIERS",
    "DEFAULTS",
    "Settings",
    "build",
    "penalty",
    "settings_for",
    "display",
    "Job",
    "run_job",
    "make_run_directory",
    "OutputError",
]
