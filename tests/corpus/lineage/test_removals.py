"""The removal list of a lake: what is written is read, what somebody wrote by hand stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from stages import make_stages

from corpus.lake.store import Lake
from corpus.lineage.removals import add_removal, holds, list_removals
from corpus.optout.removals import Removal, RemovalMatcher

HOST = Removal("host", "big.example")


def test_an_entry_is_added_once_behind_what_is_there(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    assert list_removals(lake) == ()
    Path(tmp_path, "removals.txt").write_text("# by hand\nz.example")
    add_removal(lake, HOST)
    add_removal(lake, HOST)
    assert Path(tmp_path, "removals.txt").read_text() == "# by hand\nz.example\nhost:big.example\n"
    assert list_removals(lake) == (HOST, Removal("host", "z.example"))


def test_a_wrong_line_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    lake, path = Lake(str(tmp_path)), Path(tmp_path, "removals.txt")
    path.write_text("host:a b\n")
    with pytest.raises(ValueError, match=r"removals.txt:1: 'host:a b'"):
        add_removal(lake, HOST)
    assert path.read_text() == "host:a b\n"


def test_a_dataset_holds_what_could_not_be_read_too(tmp_path: Path) -> None:
    stages = make_stages(Lake(str(tmp_path)))
    big, small = stages.documents
    for removal, held in ((HOST, (True, False)), (Removal("host", "example"), (True, True))):
        matcher = RemovalMatcher([removal])
        assert (holds(stages.lake, big, matcher), holds(stages.lake, small, matcher)) == held
    assert not holds(stages.lake, big, RemovalMatcher([Removal("url", "big.example/photo")])), "only in its ledger"
    [torn] = next(stages.lake.read(big, "quarantine", ["doc_id"]))["doc_id"].to_pylist()
    assert holds(stages.lake, big, RemovalMatcher([Removal("doc", torn.hex())]))
