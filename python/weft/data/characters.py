"""A tokenizer of one token per character."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Self

from weft.serialization import write_json

from ._files import read_tokenizer

__all__ = ["CharTokenizer"]


class CharTokenizer:
    """One token per character.

    Parameters
    ----------
    characters : iterable of str
        The vocabulary; the place of a character is its token.

    Examples
    --------
    >>> import weft
    >>> tokenizer = weft.data.CharTokenizer.train("hello world")
    >>> tokenizer.vocab_size, tokenizer.encode("hello")
    (8, [3, 2, 4, 4, 5])
    >>> tokenizer.decode([7, 5, 6, 4, 1])
    'world'
    """

    def __init__(self, characters: Iterable[str]) -> None:
        self.characters = list(characters)
        self._tokens = {character: token for token, character in enumerate(self.characters)}
        if len(self._tokens) != len(self.characters) or any(len(c) != 1 for c in self.characters):
            raise ValueError("CharTokenizer: the vocabulary must be different single characters")

    @classmethod
    def train(cls, text: str) -> Self:
        """A tokenizer of the characters that occur in `text`, sorted."""
        return cls(sorted(set(text)))

    @property
    def vocab_size(self) -> int:
        """How many tokens there are."""
        return len(self.characters)

    def encode(self, text: str) -> list[int]:
        """The tokens of a text.

        Raises
        ------
        ValueError
            A character is not in the vocabulary.
        """
        try:
            return list(map(self._tokens.__getitem__, text))
        except KeyError as error:
            character = error.args[0]
            raise ValueError(
                f"encode: {character!r}, at position {text.index(character)} of the text, is not in the vocabulary of "
                f"{self.vocab_size} characters; train on text that has it, or use BPE, which encodes any text"
            ) from None

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of tokens.

        Raises
        ------
        IndexError
            A token is not in the vocabulary.
        """
        characters, n = self.characters, self.vocab_size
        text = []
        for token in tokens:
            if not 0 <= token < n:
                raise IndexError(f"decode: token {token} is not in the vocabulary of {n} characters")
            text.append(characters[int(token)])
        return "".join(text)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the vocabulary as JSON."""
        write_json(path, {"type": "characters", "characters": "".join(self.characters)})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """The tokenizer that `save` wrote."""
        return read_tokenizer(path, "characters", lambda saved: cls(saved["characters"]))
