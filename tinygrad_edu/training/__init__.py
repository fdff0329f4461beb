"""Training: the fit loop, measures of a classifier, and the main job of the command line.

Examples
--------
>>> from tinygrad_edu.training import accuracy
>>> accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1])
0.5
"""

from . import data_parallel, sweep
from .callbacks import Callback, LRSchedule, OnEpoch, Training
from .check import Verdict, check_gradients
from .checkpoint import Checkpoint, CheckpointError, Interrupted, checkpoints_in
from .curve_diagnosis import Diagnosis, diagnose_curve
from .curve_quiz import CurveQuiz, which_curve
from .early_stopping import EarlyStopping
from .files import OutputError, make_run_directory
from .fit import DivergedError, Epoch, fit, minibatches
from .job import Job, resumed_job
from .lr_range import LRRange, lr_range_test
from .metrics import accuracy, evaluate, evaluate_batches
from .models import CLASSIFIERS, DEFAULTS, Settings, build, penalty, settings_for
from .progress import display
from .resume import ResumeError
from .rules import OPTIMIZERS, SCHEDULES
from .run import run_job
from .sanity import Overfit, chance_loss, overfit_tiny, reg_increases_loss, update_ratio
from .sanity_report import SanityReport, sanity_checks

__all__ = [
    "fit",
    "minibatches",
    "Epoch",
    "Training",
    "Callback",
    "LRSchedule",
    "OnEpoch",
    "DivergedError",
    "EarlyStopping",
    "Checkpoint",
    "CheckpointError",
    "ResumeError",
    "Interrupted",
    "checkpoints_in",
    "accuracy",
    "evaluate",
    "evaluate_batches",
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
    "resumed_job",
    "OPTIMIZERS",
    "SCHEDULES",
    "make_run_directory",
    "OutputError",
    "chance_loss",
    "overfit_tiny",
    "Overfit",
    "reg_increases_loss",
    "update_ratio",
    "sanity_checks",
    "SanityReport",
    "diagnose_curve",
    "Diagnosis",
    "which_curve",
    "CurveQuiz",
    "lr_range_test",
    "LRRange",
    "data_parallel",
    "sweep",
]
