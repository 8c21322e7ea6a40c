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
