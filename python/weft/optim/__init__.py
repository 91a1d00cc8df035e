"""Optimizers and schedulers: PyTorch's names and formulas; learning rate and step count are tensors."""

from . import lr_scheduler
from .adafactor import Adafactor
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .clip import clip_grad_norm_, clip_grad_value_
from .ema import EMA
from .lamb import LAMB
from .lbfgs import LBFGS
from .lion import Lion
from .lr_scheduler import (
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LRScheduler,
    MultiStepLR,
    OneCycleLR,
    ReduceLROnPlateau,
    StepLR,
    WarmupCosine,
)
from .muon import Muon
from .nadam import NAdam
from .optimizer import Optimizer
from .rmsprop import RMSprop
from .schedules import cosine
from .sgd import SGD

__all__ = [
    "EMA",
    "LAMB",
    "LBFGS",
    "SGD",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "CosineAnnealingLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "Lion",
    "MultiStepLR",
    "Muon",
    "NAdam",
    "OneCycleLR",
    "Optimizer",
    "RMSprop",
    "ReduceLROnPlateau",
    "StepLR",
    "WarmupCosine",
    "clip_grad_norm_",
    "clip_grad_value_",
    "cosine",
    "lr_scheduler",
]
