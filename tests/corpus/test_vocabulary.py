"""Vocabulary: every text comes back from its tokens, and the same texts give the same tokenizer."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from corpus.manifest import sha256
from corpus.vocabulary import EOS, Vocabulary, VocabularyConfig, train

TEXTS = [
    "The rain that falls on the hills gathers in brooks, and the brooks run together.\n\nIt isn't far: 12345 km!",
    "落在山上的雨水汇成小溪，小溪又汇成一条大河。",
    "Дождь выпадает на холмах.\tdef river(x):\n    return x ** 2\n",
] * 20
CONFIG = VocabularyConfig(size=600)
DATA = train(iter(TEXTS), CONFIG)
VOCABULARY = Vocabulary(DATA)
TOKENIZER = Tokenizer.from_str(DATA.decode())

TRAIN = """
import sys
from corpus.manifest import sha256
from corpus.vocabulary import VocabularyConfig, train
from test_vocabulary import TEXTS
sys.stdout.write(sha256(train(iter(TEXTS), VocabularyConfig(size=600))))
"""


def encode(text: str) -> list[int]:
    (tokens,) = VOCABULARY.encode([text])
    return list(tokens.tolist())


def test_two_trainings_give_the_same_bytes() -> None:
    assert train(iter(TEXTS), CONFIG) == DATA
    assert VOCABULARY.digest == sha256(DATA)


@pytest.mark.parametrize("threads", ["1", "4"])
def test_another_process_gives_the_same_bytes(threads: str, request: pytest.FixtureRequest) -> None:
    """With another hash seed, locale, time zone and number of threads."""
    environment = os.environ | {"PYTHONHASHSEED": threads, "LC_ALL": "C", "TZ": "Asia/Tokyo"}
    environment |= {"RAYON_NUM_THREADS": threads, "PYTHONPATH": str(request.path.parent)}
    done = subprocess.run([sys.executable, "-c", TRAIN], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == VOCABULARY.digest


def test_the_size_is_at_most_the_one_asked_for_and_merges_are_learnt() -> None:
    assert Vocabulary(train(iter(TEXTS), VocabularyConfig(size=300))).size == 300
    assert 300 < VOCABULARY.size <= 600, "a small text has no more pairs to merge"
    assert len(encode(" brooks")) == 2, "one token and the end"
    assert Vocabulary(train(iter([]), VocabularyConfig(size=600))).size == 257, "bytes and the end alone"


@settings(max_examples=200, deadline=None)
@given(st.text() | st.sampled_from(TEXTS) | st.text(alphabet="^ \n\t\r水🎉a1<|>", max_size=300))
def test_every_text_comes_back_from_its_tokens(text: str) -> None:
    *tokens, end = encode(text)
    assert end == VOCABULARY.eos
    assert VOCABULARY.eos not in tokens
    assert all(0 <= token < VOCABULARY.size for token in tokens)
    assert TOKENIZER.decode(tokens, skip_special_tokens=False) == text


@pytest.mark.parametrize("text", [EOS, f"a page about {EOS} tokens", EOS * 3, f" {EOS}\n"])
def test_a_page_that_spells_the_control_token_gets_ordinary_tokens(text: str) -> None:
    tokens = encode(text)
    assert tokens.count(VOCABULARY.eos) == 1 and tokens[-1] == VOCABULARY.eos
    assert TOKENIZER.decode(tokens[:-1]) == text
    assert EOS in json.loads(DATA)["added_tokens"][0]["content"]


def test_the_control_token_in_the_training_text_is_ordinary_text() -> None:
    vocabulary = Vocabulary(train(iter([f"one {EOS} two {EOS}"] * 50), VocabularyConfig(size=400)))
    (tokens,) = vocabulary.encode([f"one {EOS}"])
    assert (tokens == vocabulary.eos).sum() == 1


@pytest.mark.parametrize("run", ["^", " ", "\n", "a", "水", "7", " \n", "🎉"])
def test_a_megabyte_of_one_thing_is_encoded(run: str) -> None:
    text = run * (1_000_000 // len(run.encode()))
    tokens = encode(text)
    assert TOKENIZER.decode(tokens[:-1]) == text
    if run == "^":
        assert len(tokens) == 1_000_001, "no merge was learnt for it: a token a byte"


def test_texts_are_encoded_each_by_itself() -> None:
    together = VOCABULARY.encode(TEXTS[:3])
    assert [tokens.tolist() for tokens in together] == [encode(text) for text in TEXTS[:3]]
    assert VOCABULARY.encode([]) == []
    assert encode("") == [VOCABULARY.eos]
    assert together[0].dtype == np.int64


def test_a_tokenizer_without_the_control_token_is_refused() -> None:
    value = json.loads(DATA)
    value["added_tokens"] = []
    del value["model"]["vocab"][EOS]
    value["model"]["merges"] = []
    with pytest.raises(ValueError, match=r"has no <.endoftext.> token"):
        Vocabulary(json.dumps(value).encode())
