"""The oracle of the deduplication benchmark: all pairs, counted by hand, and what survivors are worth beside them."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from benchmarks.dedup import documents, oracle

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def by_hand(left: str, right: str) -> float:
    """Jaccard similarity of the sets of word 5-grams."""
    sets = []
    for text in (left, right):
        words = text.lower().split()
        sets.append({tuple(words[at : at + 5]) for at in range(max(1, len(words) - 4))})
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def found(texts: list[str]) -> dict[tuple[int, int], float]:
    pairs = oracle.all_pairs(texts)
    rows = zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)
    return dict(zip(rows, pairs.jaccard.tolist(), strict=True))


def test_all_pairs_are_found_with_their_similarity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oracle, "STEP", 7)
    chance = random.Random(5)
    texts = []
    for _ in range(8):
        words = chance.choices(LETTERS[:6], k=40)
        for _ in range(4):
            words[chance.randrange(40)] = chance.choice(LETTERS)
            texts.append(" ".join(words))
    wanted = {
        (left, right): by_hand(texts[left], texts[right])
        for left in range(len(texts))
        for right in range(left + 1, len(texts))
    }
    wanted = {pair: similarity for pair, similarity in wanted.items() if similarity >= oracle.LEAST}
    assert len(wanted) > 8
    assert found(texts) == pytest.approx(wanted)


def test_case_punctuation_and_order_of_documents_decide_nothing() -> None:
    assert found(["One, two three; four\nfive!", "x", "one TWO three four five"]) == {(0, 2): 1.0}


def test_a_short_text_is_one_run_and_no_part_of_a_longer_one() -> None:
    assert found(["a b c", "a b c", "a b c d e", "a b"]) == {(0, 1): 1.0}


def test_each_character_of_a_text_without_spaces_is_a_word() -> None:
    assert found(["一二三四五六七八九十", "一二三四五六七八九百"]) == {(0, 1): pytest.approx(5 / 7)}


def pairs_of(*rows: tuple[int, int, float]) -> oracle.Pairs:
    left, right, jaccard = (np.array(column) for column in zip(*rows, strict=True))
    return oracle.Pairs(left=left, right=right, jaccard=jaccard)


def test_a_pair_is_caught_when_not_both_stay() -> None:
    verdict = oracle.judge(pairs_of((0, 1, 0.95), (2, 3, 0.85), (4, 5, 0.7)), np.array([1, 0, 1, 1, 1, 1], bool))
    assert verdict.pairs == {0.8: 2, 0.9: 1}
    assert verdict.caught == {0.8: 0.5, 0.9: 1.0}
    assert (verdict.removed, verdict.wrong) == (1, 0.0)


def test_a_document_removed_for_one_that_goes_too_is_wrongly_removed() -> None:
    # A chain: 0 is like 1, 1 is like 2, and 2 is not like 0, which alone stays.
    chain = pairs_of((0, 1, 0.8), (0, 2, 0.6), (1, 2, 0.8))
    assert oracle.judge(chain, np.array([True, False, False])).wrong == 0.5
    assert oracle.judge(chain, np.array([False, True, False])).wrong == 0


def test_pairs_of_the_first_documents_alone() -> None:
    assert oracle.judge(pairs_of((0, 1, 1.0), (0, 2, 1.0)).among_first(2), np.array([True, False])).pairs[0.8] == 1


def test_survivors_must_be_documents_and_come_once() -> None:
    assert oracle.rows_of(["b"], ["a", "b"]).tolist() == [False, True]
    for stay in (["c"], ["a", "a"]):
        with pytest.raises(ValueError, match="unknown or repeated"):
            oracle.rows_of(stay, ["a", "b"])


def test_the_documents_have_the_copies_that_they_should_and_are_the_same_for_a_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(1)
    pages = [" ".join("".join(chance.choices(LETTERS, k=4)) for _ in range(200)) for _ in range(50)]
    monkeypatch.setattr(documents, "_pages", lambda place: iter(pages))
    monkeypatch.setattr(documents, "_pieces", lambda rng: iter(()))
    tables = [documents.pq.read_table(documents.make(2_000, seed, tmp_path)) for seed in (1, 1, 2)]
    assert tables[0] == tables[1] != tables[2]
    texts = tables[0]["text"].to_pylist()
    assert len(texts) == len(set(tables[0]["id"].to_pylist())) == 2_000
    assert 0.8 < len(set(texts)) / len(texts) < 0.9  # 15 % are copies
    alike = oracle.all_pairs(texts)
    near = (alike.jaccard >= 0.8) & (alike.jaccard < 1)
    assert 0.1 < len(set(alike.right[near].tolist())) / len(texts) < 0.3
