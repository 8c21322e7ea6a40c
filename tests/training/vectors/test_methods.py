"""What skip-gram, CBOW and GloVe learn from texts of two topics."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from topics import CODE, FARM, SHARED, topic_texts

from training.vectors.config import VectorConfig
from training.vectors.glove import count_pairs, learn_pairs, train_glove
from training.vectors.numbered import NumberedTexts, number_texts
from training.vectors.word2vec import train_word2vec
from training.vectors.word_vectors import WordVectors

ROOT = Path(__file__).parents[3]
METHODS = {"skip_gram": train_word2vec, "cbow": train_word2vec, "glove": train_glove}


@pytest.fixture(scope="module")
def texts() -> NumberedTexts:
    return number_texts((text.split() for text in topic_texts()), min_count=5)


@pytest.mark.parametrize("method", METHODS)
def test_the_nearest_words_are_of_the_same_topic(method: str, texts: NumberedTexts) -> None:
    config = VectorConfig(method=method, size=16, epochs=30)  # type: ignore[arg-type]
    vectors = WordVectors(texts.words, METHODS[method](texts, config))
    assert vectors.vectors.shape == (len(FARM) + len(CODE) + len(SHARED), 16)
    assert vectors.vectors.dtype == np.float32
    for topic, other in ((FARM, CODE), (CODE, FARM)):
        for word in topic:
            found = [near.word for near in vectors.nearest([word], count=19) if near.word not in SHARED]
            assert {*found[:7]} == {*topic} - {word}
            assert {*found[7:]} == {*other}


CODE_OF_A_PROCESS = """
import sys
from topics import topic_texts
from training.vectors.config import VectorConfig
from training.vectors.numbered import number_texts
from training.vectors.glove import train_glove
from training.vectors.word2vec import train_word2vec
texts = number_texts((text.split() for text in topic_texts()), min_count=5)
print(texts.words)
for method, train in (("skip_gram", train_word2vec), ("cbow", train_word2vec), ("glove", train_glove)):
    print(train(texts, VectorConfig(method=method, size=8, epochs=2, seed=3)).tobytes().hex())
"""


def test_another_process_with_another_hash_seed_learns_the_same_bits() -> None:
    printed = []
    for seed in ("1", "2"):
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests" / "helpers")]),
        }
        command = [sys.executable, "-c", CODE_OF_A_PROCESS]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        printed.append(done.stdout)
    assert printed[0] == printed[1]


@pytest.mark.parametrize("method", METHODS)
def test_another_seed_learns_other_vectors(method: str, texts: NumberedTexts) -> None:
    first, second = (
        METHODS[method](texts, VectorConfig(method=method, size=4, epochs=1, seed=seed))  # type: ignore[arg-type]
        for seed in (0, 1)
    )
    assert not np.array_equal(first, second)


def test_skip_gram_is_what_gensim_learns_by_itself() -> None:
    from gensim.models import Word2Vec

    sentences = [text.split() for text in topic_texts(330)]
    texts = number_texts(sentences, min_count=1)
    assert len({*texts.counts.tolist()}) == len(texts.words)  # gensim orders words of one count in its own way
    theirs = Word2Vec(sentences, sg=1, vector_size=8, epochs=3, seed=1, workers=1, min_count=1).wv
    assert texts.words == theirs.index_to_key
    assert np.array_equal(train_word2vec(texts, VectorConfig(size=8, epochs=3, seed=1)), theirs.vectors)


def test_no_word_of_a_long_text_is_left_out() -> None:
    texts = number_texts([["a", "b"] * 12_000, ["c", "d"] * 3], min_count=1)
    pieces = [*texts.pieces(10_000)]
    assert [len(piece) for piece in pieces] == [10_000, 10_000, 4_000, 6]
    assert np.array_equal(np.concatenate(pieces), texts.numbers)


def test_pairs_are_counted_by_distance_within_a_text() -> None:
    texts = number_texts([["a", "b", "c", "a"], ["c"], ["b"]], min_count=1)
    counts = count_pairs(texts, window=2).toarray()
    a, b, c = (texts.words.index(word) for word in "abc")
    assert counts[a, b] == counts[b, a] == 1 + 1 / 2  # next to the first, two words before the second
    assert counts[a, c] == counts[c, a] == 1 + 1 / 2
    assert counts[b, c] == 1  # the texts that end with c and begin with b are not one
    assert counts[a, a] == 0  # three words apart


def test_pairs_are_the_same_whatever_is_in_memory_at_a_time(
    texts: NumberedTexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = count_pairs(texts, window=4).toarray()
    monkeypatch.setattr("training.vectors.glove.BLOCK", 7)
    assert np.allclose(count_pairs(texts, window=4).toarray(), whole, rtol=1e-12)


def test_glove_learns_the_logarithms_of_the_counts() -> None:
    random = np.random.default_rng(0)
    rows, columns = (numbers.ravel().astype(np.int32) for numbers in np.indices((6, 6)))
    logs = random.uniform(0, 4, 36)
    vectors, squares = (random.random((2, 6, 9)) - 0.5) / 8, np.ones((2, 6, 9))
    for _ in range(2_000):
        learn_pairs(random.permutation(36), rows, columns, logs, np.ones(36), vectors, squares, 0.05)
    learnt = vectors[0, :, :-1] @ vectors[1, :, :-1].T + vectors[0, :, -1:] + vectors[1, :, -1]
    assert np.abs(learnt.ravel() - logs).max() < 0.05


def test_too_few_words_are_an_error() -> None:
    with pytest.raises(ValueError, match="of 3 words in 2 texts 1 occur 2 times or more: give more texts"):
        number_texts([["a", "b"], ["a", "c"]], min_count=2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "word2vec"}, "method 'word2vec' is unknown; choose one of skip_gram, cbow, glove"),
        ({"size": 0}, "size is 0; it must be 1 or more"),
        ({"epochs": 0}, "epochs is 0; it must be 1 or more"),
        ({"seed": -1}, "seed is -1; it must be from 0 to"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        VectorConfig(**settings)  # type: ignore[arg-type]
