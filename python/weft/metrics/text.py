"""Metrics of language: perplexity, BLEU, and what matches exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import weft
from weft import Tensor
from weft.nn.functional import cross_entropy

from ._metric import Metric, Sum, accumulator_dtype, ratio

__all__ = ["BLEU", "ExactMatch", "Perplexity"]


class Perplexity(Metric):
    """The exponential of the mean cross entropy of all targets.

    Parameters
    ----------
    ignore_index : int
        Class number that does not count, such as that of padding.
    name : str, optional
        "perplexity", unless given.

    Examples
    --------
    >>> import weft
    >>> metric = weft.metrics.Perplexity()
    >>> metric.update(weft.zeros((3, 4)), weft.asarray([0, 1, 2]))  # logits (N, C, ...), targets (N, ...)
    >>> round(metric.compute().item(), 4)
    4.0
    """

    name = "perplexity"

    def __init__(self, ignore_index: int = -100, name: str | None = None) -> None:
        super().__init__(name)
        self.ignore_index = ignore_index
        self.total = Sum()
        self.seen: Tensor
        self.register_buffer("seen", weft.zeros((), dtype=weft.int64))

    def update(self, output: Tensor, target: Tensor) -> None:
        self.total.add(cross_entropy(output, target, ignore_index=self.ignore_index, reduction="sum"))
        self.seen.assign(self.seen + (target != self.ignore_index).sum())

    def compute(self) -> Tensor:
        return ratio(self.total.value(), self.seen).exp()


class BLEU(Metric):
    """How many of the word sequences of translations are in their references, from 0 to 1.

    It counts on the host, so it cannot be part of a compiled function. `update` takes a list of translations and a list
    with one reference, or a list of several, for each. All are strings, split at white space, or all are sequences of
    tokens.

    Parameters
    ----------
    max_n : int
        The longest sequences that count.
    smooth : bool
        Whether each count of two or more words has one added (Lin and Och, "ORANGE", 2004): else the figure is 0
        where nothing of `max_n` words is right.
    name : str, optional
        "bleu", unless given.

    Notes
    -----
    Papineni, Roukos, Ward and Zhu, "BLEU: a method for automatic evaluation of machine translation", 2002: of the
    whole corpus, with the reference nearest in length, of two the shorter.

    Examples
    --------
    >>> import weft
    >>> metric = weft.metrics.BLEU(max_n=2)
    >>> metric.update(["the cat is on the mat"], [["there is a cat on the mat", "a cat is on the mat"]])
    >>> round(metric.compute().item(), 4)  # the root of 5/6 * 4/5
    0.8165
    """

    name = "bleu"
    traceable = False

    def __init__(self, max_n: int = 4, smooth: bool = False, name: str | None = None) -> None:
        super().__init__(name)
        if max_n < 1:
            raise ValueError(f"BLEU: max_n must be at least 1, not {max_n}")
        self.max_n, self.smooth = max_n, smooth
        self.counts: Tensor  # right and all, for each n
        self.lengths: Tensor  # of the translations and their references
        self.register_buffer("counts", weft.zeros((2, max_n), dtype=weft.int64))
        self.register_buffer("lengths", weft.zeros((2,), dtype=weft.int64))

    def update(self, output: Any, target: Any) -> None:
        translations, targets = _listed(output), _listed(target)
        if len(translations) != len(targets):
            raise ValueError(f"BLEU: {len(translations)} translations and references for {len(targets)}")
        right, every, lengths = [0] * self.max_n, [0] * self.max_n, [0, 0]
        for translation, references in zip(translations, targets, strict=True):
            words, given = _tokens(translation), [_tokens(r) for r in _references(translation, references)]
            lengths[0] += len(words)
            lengths[1] += min((len(r) for r in given), key=lambda n: (abs(n - len(words)), n))
            for n in range(1, self.max_n + 1):
                most: Counter[tuple[Any, ...]] = Counter()
                for reference in given:
                    most |= _grams(reference, n)
                found = _grams(words, n)
                right[n - 1] += (found & most).total()
                every[n - 1] += found.total()
        self.counts.assign(self.counts + weft.asarray([right, every], device=self.counts.device))
        self.lengths.assign(self.lengths + weft.asarray(lengths, device=self.lengths.device))

    def compute(self) -> Tensor:
        dtype = accumulator_dtype(self.counts.device)
        right, every = self.counts.astype(dtype)
        if self.smooth:
            extra = (weft.arange(self.max_n, device=right.device) > 0).astype(dtype)
            right, every = right + extra, every + extra
        precision = right / every.clip(min=1)
        length, wanted = self.lengths.astype(dtype)
        brevity = (1 - wanted / length).clip(max=0)
        return weft.where(length > 0, (precision.log().mean() + brevity).exp(), 0)


def _listed(x: Any) -> list[Any]:
    return x.tolist() if hasattr(x, "tolist") else list(x)


def _tokens(text: Any) -> Sequence[Any]:
    return text.split() if isinstance(text, str) else _listed(text)


def _references(translation: Any, given: Any) -> list[Any]:
    """The references of a translation, which may be one or a list of them."""
    if isinstance(translation, str):
        references = [given] if isinstance(given, str) else list(given)
    else:
        given = _listed(given)
        several = any(not isinstance(part, str) and hasattr(part, "__len__") for part in given)
        references = given if several else [given]
    if not references:
        raise ValueError("BLEU: a translation has no references; give at least one")
    return references


def _grams(tokens: Sequence[Any], n: int) -> Counter[tuple[Any, ...]]:
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


class ExactMatch(Metric):
    """The share of outputs that are the same as their targets: strings, or sequences of tokens.

    Lists are compared on the host, so it cannot be part of a compiled function. Tensors of one shape (N, ...) are
    compared on the device, each row as a whole.

    Parameters
    ----------
    normalize : callable, optional
        Applied to both before they are compared, such as ``str.lower``.
    name : str, optional
        "exact_match", unless given.

    Examples
    --------
    >>> import weft
    >>> metric = weft.metrics.ExactMatch(normalize=str.strip)
    >>> metric.update(["Paris", "Rome "], ["London", "Rome"])
    >>> metric.compute().item()
    0.5
    """

    name = "exact_match"
    traceable = False

    def __init__(self, normalize: Callable[[Any], Any] | None = None, name: str | None = None) -> None:
        super().__init__(name)
        self.normalize = normalize
        self.hits: Tensor
        self.seen: Tensor
        self.register_buffer("hits", weft.zeros((), dtype=weft.int64))
        self.register_buffer("seen", weft.zeros((), dtype=weft.int64))

    def update(self, output: Any, target: Any) -> None:
        if isinstance(output, Tensor) and isinstance(target, Tensor) and self.normalize is None:
            if output.shape != target.shape or not output.ndim:
                raise ValueError(
                    f"ExactMatch: output of shape {output.shape} and target of shape {target.shape}; expected (N, ...)"
                )
            hits: Tensor | int = (output == target).reshape((len(output), -1)).all(axis=1).sum()
            rows = len(output)
        else:
            outputs, targets = ([self._normal(x) for x in _listed(side)] for side in (output, target))
            rows = len(outputs)
            if rows != len(targets):
                raise ValueError(
                    f"ExactMatch: {rows} outputs and {len(targets)} targets; there must be as many of each"
                )
            hits = sum(a == b for a, b in zip(outputs, targets, strict=True))
        self.hits.assign(self.hits + hits)
        self.seen.assign(self.seen + rows)

    def _normal(self, x: Any) -> Any:
        plain = x if isinstance(x, str) or not hasattr(x, "__len__") else _listed(x)
        return plain if self.normalize is None else self.normalize(plain)

    def compute(self) -> Tensor:
        return ratio(self.hits, self.seen)
