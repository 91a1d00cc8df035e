"""Byte-level byte pair encoding: frequent pairs of tokens become tokens, beginning with the 256 bytes.

Sennrich, Haddow and Birch, "Neural machine translation of rare words with subword units" (2016); on bytes as in
Radford et al., "Language models are unsupervised multitask learners" (2019).
"""

from __future__ import annotations

import functools
import heapq
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Self

from weft.serialization import write_json

from ._checks import check_count
from ._files import read_tokenizer

__all__ = ["BPE"]

Pair = tuple[int, int]

# Merges never cross the borders of these pieces: letters or other signs, with the space before them, up to three
# digits, and white space but for the space that goes to the next word. Long runs are cut, which bounds the time of one.
_PIECES = re.compile(r" ?[^\W\d_]{1,32}|\d{1,3}| ?(?:[^\w\s]|_){1,32}|\s{1,32}(?!\S)|\s")

_GAP = -1  # between pieces
_MERGED = -2  # was joined with the token before it


class BPE:
    """A tokenizer that encodes any text.

    Parameters
    ----------
    merges : sequence of (int, int)
        The pairs that become tokens 256, 257, ..., in order of their rank. Tokens below 256 are bytes of UTF-8.

    Examples
    --------
    >>> import weft
    >>> tokenizer = weft.data.BPE.train("low lower lowest " * 9, vocab_size=260)
    >>> tokens = tokenizer.encode("lower")
    >>> len(tokens), tokenizer.decode(tokens)
    (3, 'lower')
    """

    def __init__(self, merges: Iterable[Pair] = ()) -> None:
        self.merges: list[Pair] = []
        self._bytes = [bytes([value]) for value in range(256)]
        for left, right in merges:
            if not (0 <= left < len(self._bytes) and 0 <= right < len(self._bytes)):
                raise ValueError(f"BPE: merge {len(self.merges)} joins {left} and {right}, which are no tokens yet")
            self.merges.append((left, right))
            self._bytes.append(self._bytes[left] + self._bytes[right])
        self._tokens = {pair: 256 + rank for rank, pair in enumerate(self.merges)}
        self._encode_piece = functools.lru_cache(maxsize=65536)(self._merge)

    @classmethod
    def train(cls, text: str | Iterable[str], vocab_size: int = 512) -> Self:
        """Find the merges in a text, or several.

        Of pairs that are equally frequent, the one of lower tokens is merged first, so the same text gives the same
        tokenizer.

        Parameters
        ----------
        text : str or iterable of str
        vocab_size : int
            At most how many tokens, the 256 bytes included. Fewer where no pair is left that occurs twice.
        """
        count = check_count(vocab_size, "BPE: vocab_size") - 256
        if count < 0:
            raise ValueError(f"BPE: vocab_size must be at least 256, the number of bytes, not {vocab_size}")
        pieces: Counter[str] = Counter()
        for part in [text] if isinstance(text, str) else text:
            pieces.update(_PIECES.findall(part))
        return cls(_find_merges(pieces, count))

    @property
    def vocab_size(self) -> int:
        """How many tokens there are."""
        return len(self._bytes)

    def encode(self, text: str) -> list[int]:
        """The tokens of a text."""
        tokens: list[int] = []
        for piece in _PIECES.findall(text):
            tokens += self._encode_piece(piece)
        return tokens

    def _merge(self, piece: str) -> Sequence[int]:
        """The tokens of one piece: merges in order of their rank."""
        tokens = list(_utf8(piece))
        ranks = self._tokens
        while len(tokens) > 1:
            token, pair = min((ranks.get(pair, self.vocab_size), pair) for pair in pairwise(tokens))
            if token == self.vocab_size:
                break
            tokens = _replace(tokens, pair, token)
        return tokens

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of tokens. Bytes that are no UTF-8, as in a cut character, become U+FFFD.

        Raises
        ------
        IndexError
            A token is not in the vocabulary.
        """
        data = []
        for token in tokens:
            if not 0 <= token < self.vocab_size:
                raise IndexError(f"decode: token {token} is not in the vocabulary of {self.vocab_size}")
            data.append(self._bytes[int(token)])
        whole = b"".join(data)
        try:
            return whole.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return whole.decode("utf-8", "replace")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the merges as JSON."""
        write_json(path, {"type": "bpe", "merges": self.merges})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """The tokenizer that `save` wrote."""
        return read_tokenizer(path, "bpe", lambda saved: cls(saved["merges"]))


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # lone halves of a pair too: file names may hold them


def _replace(tokens: list[int], pair: Pair, token: int) -> list[int]:
    """`tokens` with `token` for each occurrence of the pair, from the left."""
    left, right = pair
    merged: list[int] = []
    previous = -1
    for current in tokens:
        if current == right and previous == left:
            merged[-1] = previous = token
        else:
            merged.append(current)
            previous = current
    return merged


def _find_merges(pieces: Mapping[str, int], number: int) -> list[Pair]:
    """The most frequent pair, again and again; `pieces` says how often each occurs.

    All pieces lie in one list, linked so that a merge costs as much as the pair has places.
    """
    tokens: list[int] = []
    weights: list[int] = []
    for piece, count in pieces.items():
        data = _utf8(piece)
        tokens += data
        tokens.append(_GAP)
        weights += [count] * (len(data) + 1)
    n = len(tokens)
    before, after = [n - 1, *range(n - 1)], [*range(1, n), 0]
    frequency: defaultdict[Pair, int] = defaultdict(int)
    places: defaultdict[Pair, list[int]] = defaultdict(list)  # where the pair begins, or began once

    changed: set[Pair] = set()

    def count_pair(place: int, sign: int) -> None:
        """Add the pair that begins here, or take it away."""
        pair = tokens[place], tokens[after[place]]
        if _GAP not in pair:
            frequency[pair] += sign * weights[place]
            changed.add(pair)
            if sign > 0:
                places[pair].append(place)

    for place in range(n):
        count_pair(place, 1)
    heap: list[tuple[int, Pair]] = []
    merges: list[Pair] = []
    while len(merges) < number:
        for pair in changed:
            heapq.heappush(heap, (-frequency[pair], pair))
        changed.clear()
        if not heap:
            break
        negative, pair = heapq.heappop(heap)
        if -negative != frequency[pair]:
            continue  # counted again since: an entry with the right count is in the heap too
        if -negative < 2:
            break
        merges.append(pair)
        for place in sorted(places.pop(pair)):
            end = after[place]
            if (tokens[place], tokens[end]) != pair:
                continue  # an earlier merge took one of the two
            for begin in (before[place], place, end):
                count_pair(begin, -1)
            tokens[place], tokens[end] = 255 + len(merges), _MERGED
            after[place] = after[end]
            before[after[end]] = place
            for begin in (before[place], place):
                count_pair(begin, 1)
    return merges
