"""The nearest words, the file of vectors, and how far they agree with people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.vectors.agreement import score_analogies, score_similarity
from training.vectors.word_vectors import WordVectors, read_word_vectors

WORDS = ["king", "queen", "man", "woman", "apple"]
VECTORS = np.array([[2, 2, 0], [2, -2, 0], [0.1, 1, 0], [0.1, -1, 0], [0, 0, 5]], np.float32)


@pytest.fixture
def vectors() -> WordVectors:
    return WordVectors(WORDS, VECTORS)


def test_the_nearest_are_those_of_the_same_direction(vectors: WordVectors) -> None:
    found = vectors.nearest(["man"])
    assert [near.word for near in found] == ["king", "apple", "queen", "woman"]  # each but the word itself
    assert found[0].similarity == pytest.approx((0.2 + 2) / np.sqrt(8 * 1.01), abs=1e-6)
    assert [near.word for near in vectors.nearest(["man"], count=1)] == ["king"]


def test_an_analogy(vectors: WordVectors) -> None:
    assert vectors.nearest(["king", "woman"], ["man"])[0].word == "queen"


def test_words_are_found_as_written_or_prepared(vectors: WordVectors) -> None:
    assert vectors.row("King") == vectors.row("ｋｉｎｇ") == 0
    assert WordVectors(["Polish", "polish"], VECTORS[:2]).row("Polish") == 0


def test_an_unknown_word_names_what_is_spelled_alike(vectors: WordVectors) -> None:
    with pytest.raises(ValueError, match=r"no vector for the word 'qeen' among 5; did you mean queen\?"):
        vectors.nearest(["qeen"])
    with pytest.raises(ValueError, match="none of them is spelled alike"):
        vectors.nearest(["king"], ["zzz"])


def test_a_file_is_read_back_bit_by_bit_here_and_by_gensim(tmp_path: Path) -> None:
    from gensim.models import KeyedVectors

    words = ["größe", "北京", "a"]
    drawn = np.random.default_rng(0).standard_normal((3, 50)).astype(np.float32)
    drawn[0, :3] = 1e-30, -0.0, 3e38
    WordVectors(words, drawn).write(tmp_path / "vectors.txt")
    read = read_word_vectors(tmp_path / "vectors.txt")
    assert read.words == words
    assert read.vectors.tobytes() == drawn.tobytes()
    theirs = KeyedVectors.load_word2vec_format(str(tmp_path / "vectors.txt"))
    assert theirs.index_to_key == words
    assert np.array_equal(theirs.vectors, drawn)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("the 0.1 0.2\n", "the first line is not the number of words"),
        ("2 2\nthe 0.1 0.2\n", r"vectors.txt:3: not a word and 2 numbers"),
        ("1 2\nthe 0.1\n", r"vectors.txt:2: not a word and 2 numbers"),
        ("1 2\nthe 0.1 x\n", r"vectors.txt:2: not a word and 2 numbers"),
    ],
)
def test_a_file_that_is_none(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "vectors.txt").write_text(content)
    with pytest.raises(ValueError, match=message):
        read_word_vectors(tmp_path / "vectors.txt")


def test_similarity_is_a_correlation_of_ranks(vectors: WordVectors, tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("# word word number\nking\tman\t9\nking\tqueen\t5\nqueen\tman\t1\nking\tpawn\t3\n")
    found = score_similarity(vectors, path)
    assert (found.score, found.asked, found.unknown) == (pytest.approx(1), 3, 1)
    path.write_text("king man 1\nking queen 5\nqueen man 9\n")
    assert score_similarity(vectors, path).score == pytest.approx(-1)


def test_analogies_are_a_share(vectors: WordVectors, tmp_path: Path) -> None:
    path = tmp_path / "questions.txt"
    path.write_text(": royals\nman woman King queen\nman king woman apple\nman woman boy girl\n")
    found = score_analogies(vectors, path)
    assert (found.score, found.asked, found.unknown) == (0.5, 2, 1)


def test_what_cannot_be_scored_names_the_line(vectors: WordVectors, tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_text("king queen 5\nking queen\n")
    with pytest.raises(ValueError, match=r"lines:2: 2 columns; a line is word word number"):
        score_similarity(vectors, path)
    path.write_text("king queen five\n")
    with pytest.raises(ValueError, match=r"lines:1: 'five' is not a number"):
        score_similarity(vectors, path)
    path.write_text("king pawn 5\n")
    with pytest.raises(ValueError, match="of 1 pairs 0 are known"):
        score_similarity(vectors, path)
    path.write_text("king pawn queen rook\n")
    with pytest.raises(ValueError, match="of 1 questions none has four words"):
        score_analogies(vectors, path)
