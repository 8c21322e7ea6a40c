"""A snapshot answers as its lake, opens no file in vain, and stays as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from stages import make_stages, page, publish

from corpus.lake.schema import DOC_ID, LEDGER
from corpus.lake.store import Lake
from headwater.viewing.snapshot import Places, Snapshot


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return make_stages(Lake(str(tmp_path / "lake"))).lake


def test_every_document_is_found_where_the_lake_has_it(lake: Lake) -> None:
    snapshot = Snapshot(lake)
    ids = [page(crawl, number)["doc_id"] for crawl in ("big", "small") for number in range(60)]
    for stage in ("documents", "measures", "clean", "unique"):
        for dataset in lake.datasets(stage):
            for entry in dataset.files:
                path = f"{lake.folder(dataset)}/{entry.path}"
                for wanted in (*([one] for one in ids), ids, ids[:1] * 2, []):
                    asked = (path, "doc_id", pa.array(wanted, DOC_ID), ["doc_id", "url", "reason", "words"])
                    assert snapshot.read_where(*asked).equals(lake.read_where(*asked))


def test_a_file_without_the_document_is_not_opened(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = Snapshot(lake)
    [unique] = lake.datasets("unique")
    monkeypatch.setattr(snapshot, "open_parquet", None)
    wanted = pa.array([b"\0" * 16], DOC_ID)
    for entry in unique.files:
        path = f"{lake.folder(unique)}/{entry.path}"
        assert snapshot.read_where(path, "doc_id", wanted, ["doc_id"]).num_rows == 0


def test_ids_that_end_or_begin_with_zeros_are_told_apart() -> None:
    ids = [bytes(16), b"\1" + bytes(15), b"\1" + bytes(14) + b"\1", bytes(15) + b"\1", b"\1" + bytes(15)]
    column = pa.chunked_array([pa.array(ids[:2], DOC_ID), pa.array([bytes(16), *ids[2:]], DOC_ID).slice(1)])
    places = Places(pa.schema([pa.field("doc_id", DOC_ID)]), column)
    found = {one: places.find(pa.array([one], DOC_ID)).tolist() for one in ids}
    assert found == {ids[0]: [0], ids[1]: [1, 4], ids[2]: [2], ids[3]: [3]}
    assert np.array_equal(places.find(pa.array(ids, DOC_ID)), range(5))
    assert not len(Places(pa.schema([]), pa.chunked_array([], DOC_ID)).find(pa.array(ids, DOC_ID)))


def test_what_is_published_or_removed_later_changes_nothing(lake: Lake) -> None:
    snapshot = Snapshot(lake)
    shown = [manifest.name for manifest in snapshot.datasets("documents")]
    publish(lake, "documents", "later", [], {"documents": (LEDGER, [])})
    assert len(list(lake.datasets("documents"))) == len(shown) + 1
    assert [manifest.name for manifest in snapshot.datasets("documents")] == shown
    [unique] = lake.datasets("unique")
    shutil.rmtree(lake.folder(unique))
    assert snapshot.get("unique", unique.address) == unique
    assert snapshot.find("unique", "0" * 32) is None


def test_a_damaged_file_is_named(lake: Lake) -> None:
    [unique] = lake.datasets("unique")
    path = Path(lake.folder(unique)) / unique.files[0].path
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(OSError, match=str(path)):
        Snapshot(lake)
