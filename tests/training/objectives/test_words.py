from __future__ import annotations

import numpy as np
import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from training.data.sequences import IGNORED, Batch
from training.objectives.masked_tokens import MaskedTokens
from training.objectives.objective import Text

ENGLISH = "Whole words are hidden together, not their unpronounceable pieces; punctuation stands alone.\n"
CHINESE = "如果你使用各式设备在网上工作，我相信你需要一个在不同设备间同步文件的方法。"


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """Of so few pieces that words have several, and Chinese characters too."""
    found = Tokenizer(models.BPE())
    found.pre_tokenizer, found.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=["<|eos|>"], initial_alphabet=alphabet)
    found.train_from_iterator([ENGLISH * 3, CHINESE], trainer)
    return found


@pytest.fixture(scope="module")
def text(tokenizer: Tokenizer) -> Text:
    return Text(tokenizer.get_vocab_size(), 0, tokenizer.to_str().encode())


def words(text: Text, tokenizer: Tokenizer, written: str) -> list[str]:
    tokens = np.array(tokenizer.encode(written).ids)
    numbers = text.words.number(tokens)
    return [tokenizer.decode(tokens[numbers == number].tolist()).strip() for number in np.unique(numbers)]


def test_tokens_of_one_word_have_one_number(text: Text, tokenizer: Tokenizer) -> None:
    found = words(text, tokenizer, ENGLISH)
    assert {"Whole", "words", "unpronounceable", "punctuation"} <= set(found)
    chinese = words(text, tokenizer, CHINESE)
    assert {"如果", "使用", "设备", "相信", "方法"} <= set(chinese)


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("Die Tür öffnet sich für Ärzte.", ["Die", "Tür", "öffnet", "sich", "für", "Ärzte", "."]),
        ("Привет, мир", ["Привет", ",", "мир"]),
        ("Ένα σχολείο", ["Ένα", "σχολείο"]),
        ("cafe\u0301 noir", ["cafe\u0301", "noir"]),  # an accent that is a character of its own
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("我喜欢Müller的设备", ["我", "喜欢", "Müller", "的", "设备"]),
        ("T恤和e-mail", ["T恤", "和", "e-mail"]),  # of both scripts, as jieba's dictionary has it
    ],
)
def test_words_of_other_languages_are_whole(text: Text, tokenizer: Tokenizer, written: str, wanted: list[str]) -> None:
    assert [word for word in words(text, tokenizer, written) if word] == wanted  # a space may be a token of its own


def test_a_sequence_that_cuts_a_character_keeps_its_words_in_place(text: Text, tokenizer: Tokenizer) -> None:
    tokens = np.array(tokenizer.encode("设备" + ENGLISH).ids)
    cut = tokens[1:]  # begins within a character
    assert (np.diff(text.words.number(cut)[8:]) == np.diff(text.words.number(tokens)[9:])).all()


def test_a_word_is_hidden_whole(text: Text, tokenizer: Tokenizer) -> None:
    tokens = np.array([tokenizer.encode(ENGLISH + CHINESE).ids] * 50)
    numbers = text.words.number(tokens[0])
    _, targets = MaskedTokens(text, 0, 0.15, whole_words=True)(Batch(tokens, tokens), np.arange(50))
    asked = targets != IGNORED
    for row in asked:
        assert not set(numbers[row]) & set(numbers[~row])
    largest = np.bincount(numbers).max()
    least = round(0.15 * tokens.shape[1])
    assert least <= asked.sum(1).min() and asked.sum(1).max() < least + largest
    assert len({tuple(row) for row in asked.tolist()}) > 40


def test_another_kind_of_vocabulary_is_refused() -> None:
    pieces = Tokenizer(models.WordPiece({"[UNK]": 0, "设": 1}, unk_token="[UNK]"))
    with pytest.raises(ValueError, match="reads byte-level vocabularies"):
        _ = Text(2, 0, pieces.to_str().encode()).words
