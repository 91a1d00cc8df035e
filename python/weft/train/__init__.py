"""Training: the Trainer, callbacks, and what they are made of."""

from .callbacks import (
    EMA,
    Callback,
    Checkpoint,
    CSVLogger,
    EarlyStopping,
    JSONLogger,
    Lambda,
    LearningRate,
    LRScheduler,
    NanLossError,
    ProgressBar,
    StopOnNaN,
    TensorBoard,
    Timer,
)
from .checkpoint import CheckpointError
from .history import History
from .lock import FolderInUseError
from .trainer import Trainer

__all__ = [
    "EMA",
    "CSVLogger",
    "Callback",
    "Checkpoint",
    "CheckpointError",
    "EarlyStopping",
    "FolderInUseError",
    "History",
    "JSONLogger",
    "LRScheduler",
    "Lambda",
    "LearningRate",
    "NanLossError",
    "ProgressBar",
    "StopOnNaN",
    "TensorBoard",
    "Timer",
    "Trainer",
]
