"""Vocabularies of several kinds, made here: which give every text back, and what is said of those that do not."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import BPE, Unigram, WordLevel, WordPiece
from tokenizers.trainers import BpeTrainer, UnigramTrainer, WordPieceTrainer

from corpus.tokenizer.imported import ImportConfig, read_vocabulary
from corpus.tokenizer.losses import SAMPLES, Loss, comes_back, first_difference, measure_loss
from corpus.tokenizer.vocabulary import Vocabulary, VocabularyConfig, train_vocabulary

ENGLISH = ["rain on the hills and the sea", "the rain and the hill", "a sea of rain"]
BYTES = [f"<0x{number:02X}>" for number in range(256)]


def byte_level(normalizer: normalizers.Normalizer | None = None, blank: bool = False) -> Tokenizer:
    tokenizer = Tokenizer(BPE())
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=blank)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(
        ENGLISH * 9, BpeTrainer(vocab_size=300, initial_alphabet=alphabet, show_progress=False)
    )
    return tokenizer


def word_piece() -> Tokenizer:
    tokenizer = Tokenizer(WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = WordPieceTrainer(vocab_size=200, special_tokens=["[UNK]"], show_progress=False)
    tokenizer.train_from_iterator(ENGLISH * 9, trainer)
    return tokenizer


def unigram() -> Tokenizer:
    tokenizer = Tokenizer(Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = UnigramTrainer(vocab_size=80, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(ENGLISH * 9, trainer)
    return tokenizer


def with_byte_fallback() -> Tokenizer:
    """As Llama's: blanks are ▁, and what has no piece is spelt in bytes."""
    pieces = [("<unk>", 0.0), ("▁the", -2.0), ("▁", -3.0), ("rain", -4.0), *((piece, -20.0) for piece in BYTES)]
    tokenizer = Tokenizer(Unigram(pieces, 0, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return tokenizer


def loss_of(tokenizer: Tokenizer, folder: Path, texts: list[str] | tuple[str, ...] = SAMPLES) -> Loss:
    tokenizer.save(str(folder / "tokenizer.json"))
    return measure_loss(Vocabulary(read_vocabulary(ImportConfig(path=str(folder)))), texts)


@pytest.mark.parametrize(
    "tokenizer",
    [byte_level(), byte_level(blank=True), byte_level(normalizers.NFC()), with_byte_fallback()],
    ids=["byte level", "a blank before", "composed", "byte fallback"],
)
def test_every_text_comes_back_from_a_vocabulary_of_bytes(tokenizer: Tokenizer, tmp_path: Path) -> None:
    decomposed = [unicodedata.normalize("NFD", text) for text in SAMPLES]
    loss = loss_of(tokenizer, tmp_path, [*SAMPLES, *decomposed, "", "rain"])
    assert (loss.texts, loss.lost, loss.unknown) == (2 * len(SAMPLES) + 2, 0, 0)


def test_a_learnt_vocabulary_loses_nothing() -> None:
    learnt = Vocabulary(train_vocabulary(iter(ENGLISH * 9), VocabularyConfig(size=300)))
    assert measure_loss(learnt, SAMPLES).lost == 0


def test_what_is_lost_is_shown(tmp_path: Path) -> None:
    lower = loss_of(byte_level(normalizers.Lowercase()), tmp_path, ["the rain", "the Rain on Hills"])
    assert (lower.texts, lower.lost, lower.unknown) == (2, 1, 0)
    assert (lower.before, lower.after) == ("the Rain on Hills", "the rain on hills")
    accents = normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents()])
    assert loss_of(byte_level(accents), tmp_path, ["le café noir"]).after == "le cafe noir"
    blanks = loss_of(byte_level(normalizers.Replace("  ", " ")), tmp_path, ["a  b", "a b"])
    assert (blanks.lost, blanks.before, blanks.after) == (1, "a  b", "a b")
    wide = loss_of(byte_level(normalizers.NFKC()), tmp_path, ["ＡＢＣ x²"])
    assert wide.after == "ABC x2"


@pytest.mark.parametrize("make", [word_piece, unigram])
def test_texts_without_a_token_are_counted_as_unknown(make: object, tmp_path: Path) -> None:
    assert callable(make)
    loss = loss_of(make(), tmp_path, ["the rain", "雨 雨 the"])
    assert loss.lost == 1 and 0 < loss.unknown < loss.tokens
    assert "1 of 2 texts do not come back" in str(loss) and "雨 雨 the" in str(loss)
    assert f"{loss.unknown / loss.tokens:.2%} of tokens are unknown" in str(loss)
    everywhere = loss_of(make(), tmp_path)
    assert everywhere.lost == everywhere.texts == len(SAMPLES)


def test_a_vocabulary_that_leaves_out_what_it_does_not_know(tmp_path: Path) -> None:
    """A BPE without an unknown token drops letters without a token; words without a model come apart."""
    letters = Tokenizer(BPE({"r": 0, "a": 1, "i": 2, "n": 3}, []))
    letters.decoder = decoders.Fuse()
    assert loss_of(letters, tmp_path, ["rain", "rainy"]).after == "rain"
    words = Tokenizer(WordLevel({"rain": 0, "?": 1}, unk_token="?"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    assert loss_of(words, tmp_path, ["rain", "rain,rain"]).lost == 1


def test_a_text_that_comes_back() -> None:
    assert comes_back("a b", " a b") and comes_back(" a b", "a b") and comes_back("e\u0301", "é")
    assert not comes_back("a b", "a  b") and not comes_back("a", "A") and not comes_back("a ", "a")
    assert first_difference("x" * 90 + "A", "x" * 90 + "a") == ("x" * 20 + "A", "x" * 20 + "a")
    assert first_difference("ab", "abc") == ("ab", "abc")
