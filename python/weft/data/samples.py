"""Data that are at hand: the small sets that come with scikit-learn, and text from Python's own library.

The sets give ``(train, test)``, each a pair ``(x, y)`` of NumPy arrays: float32 inputs, and int64 classes of shape (n,)
or float32 values of shape (n, 1). A quarter of the rows is for the test, always the same ones, with all classes in
their shares.
"""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from weft._typing import Array

    Split = tuple[tuple[Array, Array], tuple[Array, Array]]

__all__ = ["breast_cancer", "diabetes", "digits", "iris", "sample_images", "sample_text", "wine"]


def digits() -> Split:
    """Handwritten digits: 1797 images of shape (1, 8, 8) with values in [0, 1], and 10 classes.

    Examples
    --------
    >>> import weft
    >>> (x, y), test = weft.data.digits()
    >>> x.shape, y.shape, len(test[0])
    ((1347, 1, 8, 8), (1347,), 450)
    """
    x, y = _load("load_digits")
    return _split((x / 16).reshape(-1, 1, 8, 8), y, classes=True)


def iris(standardize: bool = True) -> Split:
    """Iris flowers: 150 rows of 4 lengths, and 3 species.

    Parameters
    ----------
    standardize : bool
        Give each column mean 0 and standard deviation 1 over the rows for training; else it has its own units.
    """
    return _table("load_iris", standardize)


def wine(standardize: bool = True) -> Split:
    """Wines: 178 rows of 13 chemical measurements, and 3 growers; `standardize` as in `iris`."""
    return _table("load_wine", standardize)


def breast_cancer(standardize: bool = True) -> Split:
    """Tumours: 569 rows of 30 measurements, and 2 classes (0 is malignant); `standardize` as in `iris`."""
    return _table("load_breast_cancer", standardize)


def diabetes(standardize: bool = True) -> Split:
    """Diabetes patients: 442 rows of 10 measurements, and a value, the progress of the disease in 25 to 346.

    With `standardize` each column of the inputs is as in `iris`; the value stays as it is.
    """
    return _table("load_diabetes", standardize, classes=False)


def sample_images() -> Array:
    """Two photographs, of a temple and of a flower: float32 of shape (2, 3, 427, 640) with values in [0, 1].

    Examples
    --------
    >>> import weft
    >>> weft.data.sample_images().shape  # doctest: +SKIP
    (2, 3, 427, 640)
    """
    _need("PIL", "pillow")
    images = _need("sklearn.datasets", "scikit-learn").load_sample_images().images
    return np.ascontiguousarray(np.stack(images).transpose(0, 3, 1, 2), dtype=np.float32) / 255


def _load(name: str) -> tuple[Array, Array]:
    x, y = getattr(_need("sklearn.datasets", "scikit-learn"), name)(return_X_y=True)
    return x, y


def _table(name: str, standardize: bool, classes: bool = True) -> Split:
    x, y = _load(name)
    (x_train, y_train), (x_test, y_test) = _split(x, y, classes)
    if standardize:
        mean, std = x_train.mean(0, dtype=np.float64), x_train.std(0, dtype=np.float64)
        x_train, x_test = (((x - mean) / std).astype(np.float32) for x in (x_train, x_test))
    return (x_train, y_train), (x_test, y_test)


def _split(x: Array, y: Array, classes: bool) -> Split:
    y = y.astype(np.int64) if classes else y.astype(np.float32).reshape(-1, 1)
    x_train, x_test, y_train, y_test = _need("sklearn.model_selection", "scikit-learn").train_test_split(
        x.astype(np.float32), y, test_size=0.25, stratify=y if classes else None, random_state=0
    )
    return (x_train, y_train), (x_test, y_test)


def _need(module: str, package: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise ImportError(f'this data set needs {package}, which is not installed: pip install "weft[demo]"') from None


# fmt: off
# Modules in plain Python with much to read, in every Python from 3.11 on.
_MODULES = (
    "argparse", "ast", "calendar", "collections", "configparser", "contextlib", "csv", "dataclasses", "difflib",
    "doctest", "enum", "fractions", "functools", "heapq", "inspect", "ipaddress", "logging", "optparse", "pickle",
    "pprint", "random", "shutil", "smtplib", "socket", "statistics", "string", "subprocess", "tarfile", "tempfile",
    "textwrap", "threading", "tokenize", "traceback", "typing", "uuid",
)
# fmt: on


def sample_text(size: int = 1_000_000) -> str:
    """Text to train a language model on: the beginning of the sources of Python's own library, docstrings and all.

    Parameters
    ----------
    size : int
        How many characters; fewer where the library is shorter.

    Returns
    -------
    str
        The same for the same release of Python.

    Raises
    ------
    RuntimeError
        This Python was installed without the sources of its library.

    Examples
    --------
    >>> import weft
    >>> len(weft.data.sample_text(1000))
    1000
    """
    text = ""
    for name in _MODULES:
        if len(text) < size:
            text += _source(name)
    if not text and size:
        raise RuntimeError("sample_text: this Python has no sources of its library; install them, or take other text")
    return text[:size]


def _source(module: str) -> str:
    spec = find_spec(module)
    return getattr(spec and spec.loader, "get_source", lambda name: None)(module) or ""
