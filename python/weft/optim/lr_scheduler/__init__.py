"""Schedulers: PyTorch's names; they set the learning rate of an optimizer, a tensor, so compiled steps see it."""

from .base import LRScheduler
from .decay import CosineAnnealingLR, ExponentialLR, LambdaLR, MultiStepLR, StepLR, WarmupCosine
from .one_cycle import OneCycleLR
from .plateau import ReduceLROnPlateau

__all__ = [
    "CosineAnnealingLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "MultiStepLR",
    "OneCycleLR",
    "ReduceLROnPlateau",
    "StepLR",
    "WarmupCosine",
]
