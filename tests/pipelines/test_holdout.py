"""Hold out: what goes for a held-out page is like that page, in whichever crawl and file the two are."""

from __future__ import annotations

from pathlib import Path

import pytest
from all_pairs import jaccard, shingle_set
from collections_of_text import clean_crawl, families, ledger_of

from corpus.holdout.heldout import HeldOutConfig
from corpus.lake.store import Lake
from pipelines.engine import Engine
from pipelines.holdout import hold_out

PLACES = ((0, "a"), (1, "b"))


def test_what_goes_is_like_the_page_that_is_held_out(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    texts = families(seed=5, count=200)
    crawls = [clean_crawl(lake, name, texts[place::2], stage="unique") for place, name in enumerate(("a", "b"))]
    split = hold_out(lake, crawls, HeldOutConfig(share=0.2), Engine(workers=1)).manifest
    came = {
        row["doc_id"]: row for crawl in crawls for table in lake.read(crawl, "documents") for row in table.to_pylist()
    }
    held = {row["doc_id"] for table in lake.read(split, "heldout", ["doc_id"]) for row in table.to_pylist()}
    gone = ledger_of(lake, split)
    for row in gone:
        one, other = (shingle_set(came[doc_id]["text"]) for doc_id in (row["doc_id"], row["keeper"]))
        assert row["keeper"] in held and row["similarity"] == pytest.approx(jaccard(one, other))
    assert len(gone) > 30 and any(came[row["doc_id"]]["host"] != came[row["keeper"]]["host"] for row in gone)


def test_words_for_training_are_bounded_and_a_lower_bound_keeps_a_part_of_them(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    crawls = [clean_crawl(lake, name, families(seed=6, count=60)[place::2], stage="unique") for place, name in PLACES]
    kept = {}
    for limit in (None, 6_000, 3_000):
        config = HeldOutConfig(share=0.2, training_words=limit)
        for workers in (1, 2):
            split = hold_out(lake, crawls, config, Engine(workers=workers)).manifest
        rows = [row for table in lake.read(split, "train", ["doc_id", "text"]) for row in table.to_pylist()]
        kept[limit] = {row["doc_id"] for row in rows}
        words = sum(len(row["text"].split()) for row in rows)
        gone = [row for row in ledger_of(lake, split) if row["reason"] == "beyond_training_words"]
        if limit is None:
            assert not gone and words > 2 * 6_000
        else:
            assert 0.3 * limit < words <= limit and split.figures["train_words"] == words and len(gone) > 10
    assert kept[3_000] < kept[6_000] < kept[None]


def test_a_bound_of_no_words_is_refused() -> None:
    with pytest.raises(ValueError, match="training_words 0: at least 1 is needed; none is all"):
        HeldOutConfig(training_words=0)
