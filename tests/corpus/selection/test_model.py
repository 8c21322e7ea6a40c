"""The model that selects documents, on texts of which it is known what they are like."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from corpus.selection.model import MEASURES, Measure, SelectionConfig, SelectionModel, fit, read_model
from corpus.selection.ngrams import BUCKETS, count_ngrams, find_ngrams

PROSE = "the house stood at the end of a long road and nobody had lived in it for many years"
MENU = "home about login the of cart checkout shipping returns privacy terms sitemap contact newsletter"


def texts(words: str, count: int, seed: int) -> list[str]:
    dice = random.Random(seed)
    return [" ".join(dice.choices(words.split(), k=80)) for _ in range(count)]


def batch(found: Sequence[str]) -> pa.Array:
    return pa.array(found, pa.large_string())


@pytest.fixture(scope="module")
def model() -> SelectionModel:
    crawl = batch(texts(PROSE, 30, 1) + texts(MENU, 70, 2))
    return fit([batch(texts(PROSE, 50, 3))], lambda: [crawl.slice(0, 40), crawl.slice(40)], {"languages": ["en"]})


@pytest.mark.parametrize("by", MEASURES)
def test_what_is_like_the_reference_scores_higher(model: SelectionModel, by: Measure) -> None:
    prose, menu = (model.score(batch(texts(words, 20, 4)), by) for words in (PROSE, MENU))
    assert prose.min() > model.bound(by, 0.5) and prose.min() > menu.max()


@pytest.mark.parametrize("keep", [0.1, 0.25, 0.5, 1.0])
def test_of_the_crawl_the_share_is_kept_that_was_asked_for(model: SelectionModel, keep: float) -> None:
    crawl = batch(texts(PROSE, 30, 1) + texts(MENU, 70, 2))
    for by in MEASURES:
        assert (model.score(crawl, by) >= model.bound(by, keep)).mean() == pytest.approx(keep, abs=0.01)


def test_a_score_does_not_depend_on_the_batch_and_no_words_have_the_least(model: SelectionModel) -> None:
    some = batch(["the road", "", "— …", "the house of many years", "cart"])
    alone = np.concatenate([model.score(some.slice(row, 1), "ratio") for row in range(len(some))])
    assert np.array_equal(model.score(some, "ratio"), alone)
    assert alone[1] == alone[2] <= alone.min()


def test_pairs_are_of_neighbours_in_one_text_and_have_an_order() -> None:
    [(words, of_words), (pairs, of_pairs)] = find_ngrams(batch(["a b", "", "b a", "c", "a b c"]))
    assert of_words.tolist() == [0, 2, 2, 4, 5, 8] and of_pairs.tolist() == [0, 1, 1, 2, 2, 4]
    assert words[0] == words[3] == words[5] and pairs[0] == pairs[2] != pairs[1]
    counts, number = count_ngrams([batch(["a b"]), batch([]), batch(["a"])])
    assert (counts.sum(), number) == (4, 2)
    assert min(*words, *pairs) >= 0 and max(*words, *pairs) < BUCKETS


def test_words_are_spread_over_all_buckets() -> None:
    counts, _ = count_ngrams([batch([" ".join(f"word{number}" for number in range(50_000))])])
    assert (counts > 0).sum() == pytest.approx(BUCKETS * (1 - np.exp(-100_000 / BUCKETS)), rel=0.01)


def test_a_model_is_read_as_it_was_written(model: SelectionModel, tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    path.write_bytes(model.to_bytes())
    found, digest = read_model(str(path))
    some = batch(texts(f"{PROSE} {MENU}", 10, 5))
    for by in MEASURES:
        assert np.array_equal(found.score(some, by), model.score(some, by))
        assert found.bound(by, 0.3) == model.bound(by, 0.3)
    assert found.about == {"languages": ["en"], "reference": 50, "crawl": 100} and found.to_bytes() == path.read_bytes()
    assert digest.startswith("sha256:")


def test_what_cannot_be_a_model_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.npz does not exist; `headwater select`"):
        read_model(str(tmp_path / "none.npz"))
    (tmp_path / "other.npz").write_text("no zip")
    with pytest.raises(ValueError, match=r"other\.npz is no model of selection"):
        read_model(str(tmp_path / "other.npz"))
    with pytest.raises(ValueError, match="keep = 0"):
        SelectionConfig(keep=0)
    with pytest.raises(ValueError, match="the reference has no words"):
        fit([batch([""])], lambda: [batch(["a"])], {})
