"""Vocabulary: every text comes back from its tokens, and the same texts give the same tokenizer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from corpus.lake.manifest import sha256
from corpus.tokenizer.ranks import load_fast_encoding
from corpus.tokenizer.splits import KNOWN
from corpus.tokenizer.vocabulary import EOS, LONGEST_TOKEN, Vocabulary, VocabularyConfig, train_vocabulary

TEXTS = [
    "The rain that falls on the hills gathers in brooks, and the brooks run together.\n\nIt isn't far: 12345 km!",
    "落在山上的雨水汇成小溪，小溪又汇成一条大河。",
    "Дождь выпадает на холмах.\tdef river(x):\n    return x ** 2\n",
] * 20
CONFIG = VocabularyConfig(size=600)
DATA = train_vocabulary(iter(TEXTS), CONFIG)
VOCABULARY = Vocabulary(DATA)
TOKENIZER = Tokenizer.from_str(DATA.decode())
TOKENIZER.encode_special_tokens = True

TRAIN = """
import sys
from typing import Any
from corpus.lake.manifest import sha256
from corpus.tokenizer.vocabulary import VocabularyConfig, train_vocabulary
from test_vocabulary import TEXTS
sys.stdout.write(sha256(train_vocabulary(iter(TEXTS), VocabularyConfig(size=600))))
"""


def encode(text: str) -> list[int]:
    encoded = VOCABULARY.encode([text])
    assert not encoded.failed and encoded.lengths.tolist() == [len(encoded.tokens)]
    return list(encoded.tokens.tolist())


def pieces(text: str) -> list[str]:
    assert TOKENIZER.pre_tokenizer is not None
    return [text[start:end] for _, (start, end) in TOKENIZER.pre_tokenizer.pre_tokenize_str(text)]


def test_two_trainings_give_the_same_bytes() -> None:
    assert train_vocabulary(iter(TEXTS), CONFIG) == DATA
    assert VOCABULARY.digest == sha256(DATA)


@pytest.mark.parametrize("threads", ["1", "4"])
def test_another_process_gives_the_same_bytes(threads: str, request: pytest.FixtureRequest) -> None:
    """With another hash seed, locale, time zone and number of threads."""
    environment = os.environ | {"PYTHONHASHSEED": threads, "LC_ALL": "C", "TZ": "Asia/Tokyo"}
    environment |= {"RAYON_NUM_THREADS": threads, "PYTHONPATH": str(request.path.parent)}
    done = subprocess.run([sys.executable, "-c", TRAIN], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == VOCABULARY.digest


def test_the_size_is_at_most_the_one_asked_for_and_merges_are_learnt() -> None:
    assert Vocabulary(train_vocabulary(iter(TEXTS), VocabularyConfig(size=300))).size == 300
    assert 300 < VOCABULARY.size <= 600, "a small text has no more pairs to merge"
    assert len(encode(" brooks")) == 2, "one token and the end"
    assert Vocabulary(train_vocabulary(iter([]), VocabularyConfig(size=600))).size == 257, "bytes and the end alone"


@settings(max_examples=200, deadline=None)
@given(st.text() | st.sampled_from(TEXTS) | st.text(alphabet="^ \n\t\r水🎉a1<|>", max_size=300))
def test_every_text_comes_back_from_its_tokens(text: str) -> None:
    *tokens, end = encode(text)
    assert end == VOCABULARY.eos
    assert VOCABULARY.eos not in tokens
    assert all(0 <= token < VOCABULARY.size for token in tokens)
    assert TOKENIZER.decode(tokens, skip_special_tokens=False) == text
    assert tokens == TOKENIZER.encode(text, add_special_tokens=False).ids, "whichever library encodes it"


@pytest.mark.parametrize("text", [EOS, f"a page about {EOS} tokens", EOS * 3, f" {EOS}\n"])
def test_a_page_that_spells_the_control_token_gets_ordinary_tokens(text: str) -> None:
    tokens = encode(text)
    assert tokens.count(VOCABULARY.eos) == 1 and tokens[-1] == VOCABULARY.eos
    assert TOKENIZER.decode(tokens[:-1]) == text
    assert EOS in json.loads(DATA)["added_tokens"][0]["content"]


def test_the_control_token_in_the_training_text_is_ordinary_text() -> None:
    vocabulary = Vocabulary(train_vocabulary(iter([f"one {EOS} two {EOS}"] * 50), VocabularyConfig(size=400)))
    tokens = vocabulary.encode([f"one {EOS}"]).tokens
    assert (tokens == vocabulary.eos).sum() == 1


@pytest.mark.parametrize("run", ["^", " ", "\n", "a", "水", "7", " \n", "🎉"])
def test_a_megabyte_of_one_thing_is_encoded(run: str) -> None:
    text = run * (1_000_000 // len(run.encode()))
    tokens = encode(text)
    assert TOKENIZER.decode(tokens[:-1]) == text
    if run == "^":
        assert len(tokens) == 1_000_001, "no merge was learnt for it: a token a byte"


@pytest.mark.parametrize("split", KNOWN, ids=["own", "gpt2", "gpt4", "gpt4o"])
def test_both_engines_split_every_code_point_alike(split: str) -> None:
    value = json.loads(DATA)
    value["pre_tokenizer"]["pretokenizers"][0]["pattern"] = {"Regex": split}
    data = json.dumps(value).encode()
    fast, reference = load_fast_encoding(data), Tokenizer.from_str(data.decode())
    assert fast is not None
    reference.encode_special_tokens = True
    # Beyond are ideographs and what is not assigned; all of them are alike too, which takes a minute.
    points = [chr(point) for point in range(0x20000) if not 0xD800 <= point < 0xE000]
    texts = ["".join(f"a{c}b 1{c}.{c} " for c in points[start : start + 64]) for start in range(0, len(points), 64)]
    for text, encoded in zip(texts, reference.encode_batch_fast(texts, add_special_tokens=False), strict=True):
        assert fast.encode_ordinary(text) == encoded.ids


def test_texts_are_encoded_each_by_itself() -> None:
    together = VOCABULARY.encode(TEXTS[:3])
    parts = np.split(together.tokens, together.lengths.cumsum()[:-1])
    assert [tokens.tolist() for tokens in parts] == [encode(text) for text in TEXTS[:3]]
    assert len(VOCABULARY.encode([]).tokens) == 0
    assert encode("") == [VOCABULARY.eos]
    threaded = Vocabulary(DATA, threads=2).encode(TEXTS)
    assert np.array_equal(threaded.tokens, VOCABULARY.encode(TEXTS).tokens)


def test_the_order_of_the_texts_changes_nothing() -> None:
    texts = [f"{text} {number}" for number, text in enumerate(TEXTS)]
    assert train_vocabulary(iter(texts), CONFIG) == train_vocabulary(iter(texts[::-1]), CONFIG)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1234567", ["1", "234", "567"]),
        ("12", ["12"]),
        ("in 2024, 1,234,567", ["in", " ", "2", "024", ",", " ", "1", ",", "234", ",", "567"]),
        ("1" * 26, ["111"] * 1 + ["11"] + ["111"] * 7),
        ("1" * 24, ["111"] * 8),
    ],
)
def test_digits_go_in_threes_from_the_right(text: str, words: list[str]) -> None:
    assert pieces(text) == words


@pytest.mark.parametrize("word", ["हिन्दी", "বাংলা", "สวัสดี", "naı\u0308ve", "日本語のテキスト"])
def test_a_word_keeps_its_marks(word: str) -> None:
    assert pieces(f"{word} {word}") == [word, f" {word}"]


def test_no_token_is_longer_than_a_few_words() -> None:
    spam = ["点击这里免费观看最新高清电影在线播放" * 3, "supercalifragilisticexpialidocious"] * 500
    vocabulary = Tokenizer.from_str(train_vocabulary(iter(spam), VocabularyConfig(size=2_000)).decode()).get_vocab()
    assert 20 < max(len(token) for token in vocabulary) <= LONGEST_TOKEN


def test_a_tokenizer_without_the_control_token_is_refused() -> None:
    value = json.loads(DATA)
    value["added_tokens"] = []
    del value["model"]["vocab"][EOS]
    value["model"]["merges"] = []
    with pytest.raises(ValueError, match=r"has no <.endoftext.> token"):
        Vocabulary(json.dumps(value).encode())


@pytest.mark.parametrize(
    "wrong", [{"size": 256}, {"sample_characters": 0}, {"document_characters": -1}, {"balance": 1.5}, {"balance": -0.1}]
)
def test_a_configuration_that_gives_no_such_vocabulary_is_refused(wrong: dict[str, Any]) -> None:
    [(name, value)] = wrong.items()
    with pytest.raises(ValueError, match=f"{name} {value}: "):
        VocabularyConfig(**wrong)
