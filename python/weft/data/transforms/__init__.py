"""Transforms of batches of images, on their device.

Each takes a tensor (N, C, H, W), of floats in [0, 1] unless it says otherwise, and gives one. Random ones draw anew for
each image, from the generator of `weft.random`. They are made of weft's operations, so they fuse, run on every backend
and may be part of a compiled step.

Examples
--------
>>> import weft
>>> from weft.data import transforms
>>> augment = transforms.Compose([transforms.ToFloat(), transforms.RandomCrop(28, padding=4)])
>>> augment(weft.zeros(2, 1, 28, 28, dtype=weft.uint8)).shape
(2, 1, 28, 28)
"""

from .basic import Compose, Normalize, ToDtype, ToFloat
from .color import ColorJitter, Grayscale
from .geometry import CenterCrop, RandomCrop, RandomHorizontalFlip, RandomVerticalFlip
from .resize import Resize

__all__ = [
    "CenterCrop",
    "ColorJitter",
    "Compose",
    "Grayscale",
    "Normalize",
    "RandomCrop",
    "RandomHorizontalFlip",
    "RandomVerticalFlip",
    "Resize",
    "ToDtype",
    "ToFloat",
]
