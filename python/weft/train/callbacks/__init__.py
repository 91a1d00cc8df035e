"""What can be hung into a training."""

from .bar import ProgressBar
from .base import Callback, Lambda
from .checkpoint import Checkpoint
from .early_stopping import EarlyStopping
from .ema import EMA
from .learning_rate import LearningRate, LRScheduler
from .limits import NanLossError, StopOnNaN, Timer
from .log_files import CSVLogger, JSONLogger
from .tensorboard import TensorBoard

__all__ = [
    "EMA",
    "CSVLogger",
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "JSONLogger",
    "LRScheduler",
    "Lambda",
    "LearningRate",
    "NanLossError",
    "ProgressBar",
    "StopOnNaN",
    "TensorBoard",
    "Timer",
]
