"""Deduplication of a collection: the texts read twice, and every removal one that can be checked by hand."""

from __future__ import annotations

import random
import re
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from corpus.duplicates.banding import DuplicateConfig
from corpus.duplicates.deduplication import deduplicate
from corpus.duplicates.removals import REASONS

WORDS = [f"word{number}" for number in range(5_000)]
Row = tuple[int, int, str, float]


def run(texts: Sequence[str], folder: Path, config: DuplicateConfig | None = None, batch: int = 7) -> list[Row]:
    """(document, keeper, reason, similarity) by places in `texts`; ids are the places."""
    ids = pa.array(range(len(texts)), pa.int64())

    def read() -> Iterator[pa.Array]:
        for start in range(0, len(texts), batch):
            yield pa.array(texts[start : start + batch], pa.large_string())

    order, removals = deduplicate(read, [ids], config or DuplicateConfig(), folder)
    return list(
        zip(
            order[removals.documents].tolist(),
            order[removals.keepers].tolist(),
            [REASONS[reason] for reason in removals.reasons],
            removals.similarities.tolist(),
            strict=True,
        )
    )


def text(seed: int, count: int = 120) -> list[str]:
    return random.Random(seed).choices(WORDS, k=count)


def near(words: list[str], changes: int) -> list[str]:
    """With so many words, far apart, put in another's place: each costs five shingles of either."""
    copy = list(words)
    for number in range(changes):
        copy[5 + number * 9] = f"other{number}"
    return copy


def shingle_set(words: str, size: int = 5) -> set[tuple[str, ...]]:
    tokens = re.findall(r"\w+", words.lower())
    return {tuple(tokens[place : place + size]) for place in range(max(1, len(tokens) - size + 1))}


def test_exact_and_near_copies_go_for_the_longest(tmp_path: Path) -> None:
    words = text(1)
    texts = [" ".join(words[:-1]), " ".join(words), " ".join(text(2)), " ".join(words).upper() + "!", " ".join(words)]
    assert run(texts, tmp_path) == [
        (1, 3, "exact_duplicate", 1.0),
        (4, 3, "exact_duplicate", 1.0),
        (0, 3, "near_duplicate", 115 / 116),
    ]


def test_a_chain_does_not_collapse(tmp_path: Path) -> None:
    """Each text is like the next one: every second one goes, and no one for a document that it does not resemble."""
    words = text(3, 400)
    texts = [" ".join(words[start : start + 100]) for start in range(0, 250, 6)]
    found = run(texts, tmp_path)
    gone, staying = {row[0] for row in found}, set(range(len(texts))) - {row[0] for row in found}
    for document, keeper, _, similarity in found:
        a, b = shingle_set(texts[document]), shingle_set(texts[keeper])
        assert keeper in staying and similarity == len(a & b) / len(a | b) >= 0.8
    assert len(texts) * 0.4 < len(gone) < len(texts) * 0.7


def test_an_exact_copy_of_what_goes_is_handed_on_to_the_one_that_stays(tmp_path: Path) -> None:
    words = text(4)
    copy = " ".join(near(words, 1))
    found = run([copy, " ".join(words) + " and more", copy.title()], tmp_path)
    assert {(row[0], row[1], row[2]) for row in found} == {(0, 1, "near_duplicate"), (2, 1, "near_duplicate")}
    assert len({row[3] for row in found}) == 1


@pytest.mark.parametrize("threshold", [0.35, 0.5, 0.7, 0.8, 0.9, 1.0])
def test_all_pairs_at_the_threshold_are_caught_and_none_below_it_is_removed(threshold: float, tmp_path: Path) -> None:
    texts = []
    for seed in range(40):
        words = text(seed)
        texts += [" ".join(near(words, changes)) for changes in (0, seed % 13)]
    found = run(texts, tmp_path, DuplicateConfig(threshold=threshold))
    sets = [shingle_set(one) for one in texts]
    wanted = {
        pair
        for pair in range(40)
        if len(sets[2 * pair] & sets[2 * pair + 1]) / len(sets[2 * pair] | sets[2 * pair + 1]) >= threshold
    }
    assert {row[0] // 2 for row in found} == wanted == {row[1] // 2 for row in found}
    assert 4 <= len(wanted) < 40
    for document, keeper, reason, similarity in found:
        exactly = len(sets[document] & sets[keeper]) / len(sets[document] | sets[keeper])
        assert similarity == exactly >= threshold and (reason == "exact_duplicate") == (exactly == 1)


def test_containment_is_of_the_one_that_goes(tmp_path: Path) -> None:
    words = text(5, 150)
    texts = [" ".join(words), " ".join(words[20:130])]
    assert run(texts, tmp_path) == []
    config = DuplicateConfig(measure="containment", threshold=0.9)
    assert run(texts, tmp_path, config) == [(1, 0, "near_duplicate", 1.0)]


def test_shorter_than_a_shingle(tmp_path: Path) -> None:
    """All their words are one shingle: equal or different, never similar; and no common signature of them all."""
    texts = [
        "one",
        "two",
        "one two",
        "One. Two?",
        "two one",
        "",
        " \n",
        "🎉",
        "🎉 🎉",
        "🎉🎉",
        "…",
        "one two three four",
    ]
    found = run(texts, tmp_path)
    assert {frozenset(row[:2]) for row in found} == {frozenset(pair) for pair in ((2, 3), (5, 6), (8, 9))}
    assert {row[2:] for row in found} == {("exact_duplicate", 1.0)}


def test_chinese_without_spaces(tmp_path: Path) -> None:
    characters = [chr(0x4E00 + number) for number in random.Random(6).choices(range(3_000), k=200)]
    other = [chr(0x4E00 + number) for number in random.Random(7).choices(range(3_000), k=200)]
    copy = list(characters)
    copy[100] = "水"
    found = run(["".join(one) for one in (characters, copy, other)], tmp_path)
    assert len(found) == 1 and {*found[0][:2]} == {0, 1}
    assert found[0][3] == 191 / 201
    spaced = run(["，".join(["".join(copy[:50]), "".join(copy[50:])]), "".join(copy)], tmp_path)
    assert spaced == [(1, 0, "exact_duplicate", 1.0)]


def test_the_order_and_batches_of_the_input_decide_nothing(tmp_path: Path) -> None:
    texts = []
    for seed in range(30):
        words = text(seed, 60)
        texts += [" ".join(words), " ".join(near(words, 1)), " ".join(words[1:])]
    wanted = None
    for seed in range(4):
        places = random.Random(seed).sample(range(len(texts)), len(texts))
        ids = [pa.array(places[:50]), pa.array(places[50:])]
        shuffled = pa.array([texts[place] for place in places])
        order, removals = deduplicate(
            lambda: (shuffled.slice(start, seed + 1) for start in range(0, len(texts), seed + 1)),  # noqa: B023
            ids,
            DuplicateConfig(),
            tmp_path,
        )
        names = np.array(places)[order]
        found = [names[removals.documents].tolist(), names[removals.keepers].tolist(), removals.similarities.tolist()]
        wanted = wanted or found
        assert found == wanted
    assert wanted is not None and len(wanted[0]) >= 30


def many(kinds: int, variants: int) -> tuple[pa.Array, ...]:
    """100,000 texts in batches: of each kind so many that differ in a word of a hundred."""
    rows = []
    for kind in range(kinds):
        words = text(kind, 100)
        rows += [" ".join([*words, f"last{number}"]) for number in range(variants)]
    return (pa.array(rows * (1_000 // len(rows))),) * 100


@pytest.mark.parametrize(("kinds", "variants"), [(1, 1), (1, 1_000), (10, 100)])
def test_100_000_documents_that_are_equal_or_nearly_so(kinds: int, variants: int, tmp_path: Path) -> None:
    """All of them in one bucket, or few: in seconds, and in memory that the buckets do not decide."""
    batches = many(kinds, variants)
    ids = [pa.array(range(100_000))]
    run(["compiled", "before", "the clock runs"], tmp_path)
    tracemalloc.start()
    start = time.monotonic()
    _, removals = deduplicate(lambda: batches, ids, DuplicateConfig(), tmp_path)
    seconds, peak = time.monotonic() - start, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(removals) == 100_000 - kinds
    assert len(np.unique(removals.keepers)) == kinds
    assert seconds < 20
    assert peak / 100_000 < 400, "bytes a document"


def test_100_000_near_copies_with_words_of_their_own(tmp_path: Path) -> None:
    """None equals another, so each one is measured; all share a bucket."""
    words = " ".join(text(1, 60))
    batches = [
        pa.array([f"{words} last{number}" for number in range(start, start + 5_000)])
        for start in range(100_000, 200_000, 5_000)
    ]
    tracemalloc.start()
    start = time.monotonic()
    _, removals = deduplicate(lambda: batches, [pa.array(range(100_000))], DuplicateConfig(), tmp_path)
    seconds, peak = time.monotonic() - start, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(removals) == 99_999 and len(np.unique(removals.keepers)) == 1
    assert seconds < 20
    assert peak / 100_000 < 1_000, "bytes a document"
