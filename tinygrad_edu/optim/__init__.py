"""Update rules."""

from . import lr_scheduler
from .adadelta import Adadelta
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .adamax import Adamax
from .asgd import ASGD
from .bfgs import BFGS
from .lbfgs import LBFGS
from .nadam import NAdam
from .newton import Newton
from .optimizer import Optimizer
from .radam import RAdam
from .random_search import RandomLocalSearch, RandomSearch
from .rmsprop import RMSprop
from .rprop import Rprop
from .sgd import SGD
from .sign_sgd import SignSGD
from .yogi import Yogi
