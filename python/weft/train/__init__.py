"""Training: the Trainer, callbacks, and what they are made of."""

from .callbacks import Callback, LearningRate
from .trainer import NanLossError, Trainer

__all__ = ["Callback", "LearningRate", "NanLossError", "Trainer"]
