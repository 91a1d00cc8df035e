"""Tokenizers: every text comes back, training is what the definition says, files are read again."""

from collections import Counter
from itertools import chain, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import weft
from weft import data
from weft.data import BPE, CharTokenizer
from weft.data.bpe import _PIECES
from weft.serialization import FileError

TEXT = data.sample_text(30_000)
ANY_TEXT = st.text(st.characters() | st.characters(categories=["Cs"]))  # lone surrogates too


def defined_merges(text, vocab_size):
    """The definition, word for word: count all pairs, join the most frequent one everywhere, again and again."""
    pieces = [list(piece.encode()) for piece in _PIECES.findall(text)]
    merges = []
    while 256 + len(merges) < vocab_size:
        counts = Counter(pair for piece in pieces for pair in pairwise(piece))
        best = min(counts, key=lambda pair: (-counts[pair], pair), default=None)
        if best is None or counts[best] < 2:
            break
        merges.append(best)
        for piece in pieces:
            join(piece, best, 255 + len(merges))
    return merges


def join(piece, pair, token):
    """From the left, in place."""
    i = 0
    while i < len(piece) - 1:
        if (piece[i], piece[i + 1]) == pair:
            piece[i : i + 2] = [token]
        i += 1


def test_bpe_training_is_the_definition():
    assert BPE.train(TEXT, 400).merges == defined_merges(TEXT, 400)


@given(st.text("aab b1é,\n", max_size=200))
def test_bpe_training_of_repetitive_text_is_the_definition(text):
    assert BPE.train(text, 300).merges == defined_merges(text, 300)


TRAINED = BPE.train(TEXT, 600)


@given(ANY_TEXT)
def test_bpe_round_trip(text):
    tokens = TRAINED.encode(text)
    assert TRAINED.decode(tokens) == text
    assert all(0 <= token < 600 for token in tokens)


@given(ANY_TEXT)
def test_pieces_leave_nothing_out(text):
    assert "".join(_PIECES.findall(text)) == text


def test_bpe_encodes_as_it_was_trained():
    """Merges by rank are the merges of the training."""
    pieces = [list(piece.encode()) for piece in _PIECES.findall(TEXT[:3000])]
    for rank, pair in enumerate(TRAINED.merges):
        for piece in pieces:
            join(piece, pair, 256 + rank)
    assert TRAINED.encode(TEXT[:3000]) == list(chain(*pieces))


def test_bpe_compresses():
    tokens = TRAINED.encode(TEXT)
    assert len(tokens) < len(TEXT) / 2
    assert TRAINED.decode(weft.asarray(tokens[:50])) == TRAINED.decode(tokens[:50])


def test_bpe_trains_on_several_texts():
    assert BPE.train([TEXT[:9000], TEXT[9000:]], 300).vocab_size == 300
    assert BPE.train("", 300).vocab_size == BPE().vocab_size == 256
    assert BPE.train("abc", 300).merges == []  # no pair occurs twice


def test_a_cut_character_is_marked():
    tokens = BPE().encode("né")
    assert BPE().decode(tokens[:-1]) == "n\ufffd"


def test_long_runs_do_not_take_long():
    text = "x" * 100_000 + " " * 100_000 + "".join(map(chr, range(0x4E00, 0x9FFF)))
    tokenizer = BPE.train(text, 300)
    assert tokenizer.decode(tokenizer.encode(text)) == text


@given(ANY_TEXT)
def test_characters_round_trip(text):
    tokenizer = CharTokenizer.train(text)
    tokens = tokenizer.encode(text)
    assert tokenizer.decode(tokens) == text
    assert sorted(set(tokens)) == list(range(tokenizer.vocab_size))


@pytest.mark.parametrize("tokenizer", [TRAINED, CharTokenizer.train(TEXT + "\ud800é")])
def test_files(tokenizer, tmp_path):
    path = tmp_path / "tokenizer.json"
    tokenizer.save(path)
    loaded = type(tokenizer).load(path)
    assert loaded.vocab_size == tokenizer.vocab_size
    assert loaded.encode(TEXT) == tokenizer.encode(TEXT)


@pytest.mark.parametrize("content", ["[]", "{}", '{"type": "bpe"}', '{"type": "characters", "characters": 5}', "{"])
@pytest.mark.parametrize("kind", [BPE, CharTokenizer])
def test_files_of_something_else(kind, content, tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text(content)
    with pytest.raises(FileError, match=r"tokenizer\.json"):
        kind.load(path)


def test_unknown_characters_and_tokens():
    tokenizer = CharTokenizer("abc")
    with pytest.raises(ValueError, match="'x', at position 2"):
        tokenizer.encode("abx")
    for bad in (tokenizer, BPE()):
        for token in (-1, bad.vocab_size):
            with pytest.raises(IndexError, match=f"token {token} is not in the vocabulary"):
                bad.decode([0, token])


@pytest.mark.parametrize("make", [lambda: CharTokenizer("aba"), lambda: CharTokenizer(["ab"])])
def test_a_vocabulary_is_of_different_characters(make):
    with pytest.raises(ValueError, match="different single characters"):
        make()


@pytest.mark.parametrize("size", [255, 0, 300.0, np.nan])
def test_a_vocabulary_has_room_for_the_bytes(size):
    with pytest.raises(ValueError, match="vocab_size"):
        BPE.train("a", size)


def test_merges_join_what_is_there():
    with pytest.raises(ValueError, match="merge 1 joins 300 and 97"):
        BPE([(97, 98), (300, 97)])
