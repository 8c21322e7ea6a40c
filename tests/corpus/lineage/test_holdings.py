"""Holdings: what would be computed again without some documents, and where that stops."""

from __future__ import annotations

from pathlib import Path

from stages import make_stages

from corpus.lake.store import Lake
from corpus.lineage.holdings import ForgottenRecords, Holdings
from corpus.optout.removals import Removal, RemovalMatcher


def names(lake: Lake, removal: Removal) -> list[str]:
    return [one.name for one in Holdings(lake, ForgottenRecords(lake, RemovalMatcher([removal]))).affected()]


def test_a_document_that_went_at_a_stage_changes_nothing_after_it(tmp_path: Path) -> None:
    stages = make_stages(Lake(str(tmp_path)))
    kept, short, copy = (Removal("url", f"big.example/{number}") for number in (8, 0, 5))
    assert names(stages.lake, kept) == ["documents/big", "measures/big", "clean/big", "unique/big+small"]
    assert names(stages.lake, short) == ["documents/big", "measures/big", "clean/big"]
    assert names(stages.lake, copy) == ["documents/big", "measures/big", "clean/big", "unique/big+small"]
    assert names(stages.lake, Removal("host", "never.example")) == []


def test_a_crawl_of_which_nothing_is_left(tmp_path: Path) -> None:
    stages = make_stages(Lake(str(tmp_path)))
    for host, emptied in (("small.example", ["small"]), ("never.example", [])):
        records = ForgottenRecords(stages.lake, RemovalMatcher([Removal("host", host)]))
        assert Holdings(stages.lake, records).emptied() == emptied
    [text] = [one for one in stages.documents if one.partition == "small"]
    records = ForgottenRecords(stages.lake, RemovalMatcher([Removal("url", "small.example/1")]))
    assert list(records.texts(text)) == ["Text of small 1."] and list(records.of(text).values()) == [
        "https://small.example/1"
    ]
