"""Optimizers: PyTorch's names and formulas; learning rate and step count are tensors."""

from .adam import Adam, AdamW
from .optimizer import Optimizer
from .schedules import cosine
from .sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "cosine"]
