"""Data for training: datasets, loaders, samplers, transforms, tokenizers, and data sets that are at hand.

Examples
--------
>>> import numpy as np, weft
>>> loader = weft.data.DataLoader((np.zeros((5, 2)), np.zeros(5)), batch_size=2, shuffle=True, seed=1)
>>> [x.shape for x, y in loader]
[(2, 2), (2, 2), (1, 2)]
"""

from . import transforms
from .bpe import BPE
from .characters import CharTokenizer
from .collate import default_collate
from .dataset import ConcatDataset, Dataset, IterableDataset, Subset, TensorDataset, random_split
from .loader import DataLoader
from .sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from .samples import breast_cancer, diabetes, digits, iris, sample_images, sample_text, wine

__all__ = [
    "BPE",
    "BatchSampler",
    "CharTokenizer",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "IterableDataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "WeightedRandomSampler",
    "breast_cancer",
    "default_collate",
    "diabetes",
    "digits",
    "iris",
    "random_split",
    "sample_images",
    "sample_text",
    "transforms",
    "wine",
]
