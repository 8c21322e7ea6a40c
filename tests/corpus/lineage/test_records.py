"""Records: what is said of a record is what a look at all rows of all files finds, wherever it lies in them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from stages import Stages, make_stages, page, publish

from corpus.lake.schema import DROPPED, LEDGER, ledger_row
from corpus.lake.stages import DOCUMENT_STAGES, STAGES
from corpus.lake.store import Lake
from corpus.lineage.records import Records, fates


@pytest.fixture(params=[1, 3])
def stages(tmp_path: Path, request: pytest.FixtureRequest) -> Stages:
    """Rows are dealt out over parts anew in each stage, so a document's part changes its name on the way."""
    return make_stages(Lake(str(tmp_path / "lake")), parts=request.param)


def everything(lake: Lake) -> dict[bytes, list[tuple[str, str]]]:
    """doc_id -> (address, outcome) of all datasets that have it."""
    found: dict[bytes, list[tuple[str, str]]] = {}
    for stage in DOCUMENT_STAGES:
        for manifest in lake.datasets(stage):
            for kind in ("ledger", *STAGES[stage].documents_in):
                for row in (row for table in lake.read(manifest, kind) for row in table.to_pylist()):
                    outcome = row["reason"] if kind == "ledger" else kind
                    found.setdefault(row["doc_id"], []).append((manifest.address, outcome))
    return found


def told(lake: Lake, records: Records, doc_id: bytes) -> list[tuple[str, str]]:
    return [(fate.manifest.address, fate.outcome) for fate in fates(lake, records.find("doc_id", [doc_id]))]


def test_fates_are_those_of_all_rows(stages: Stages) -> None:
    wanted, records = everything(stages.lake), Records(stages.lake)
    assert len(wanted) == len(records) == 33
    for doc_id, outcomes in wanted.items():
        assert told(stages.lake, records, doc_id) == outcomes


def test_what_is_left_is_told_where_datasets_in_between_are_gone(stages: Stages) -> None:
    for manifest in stages.clean:
        shutil.rmtree(stages.lake.folder(manifest))
    records = Records(stages.lake)
    for doc_id, outcomes in everything(stages.lake).items():
        assert told(stages.lake, records, doc_id) == outcomes


def test_records_are_found_by_any_column(stages: Stages) -> None:
    records = Records(stages.lake)
    names: list[tuple[str, Any]] = [("url", "https://big.example/7"), ("url", "https://big.example/photo")]
    for name, value in [*names, ("warc_offset", 5000)]:
        [fate] = records.find(name, [value])
        assert fate.row[name] == value and fate.removed == ("photo" in str(fate.row["url"]))
    assert len(records.find("warc_file", ["a.warc.gz"])) == len(records)
    assert records.find("url", ["https://big.example/none"]) == []


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://big.example/7", "big.example"),
        ("HTTP://user:word@BIG.example:8080?x", "big.example"),
        ("http://[2001:DB8::1]:80/", "2001:db8::1"),
        ("file:///a/b", ""),
        ("no url", None),
        (None, None),
    ],
)
def test_a_record_without_a_host_has_that_of_its_url(url: str | None, host: str | None, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    publish(
        lake, "documents", "a", [], {"ledger": (LEDGER, [ledger_row(page("a", 1, url=url), "documents", DROPPED, "x")])}
    )
    [*columns] = Records(lake).column("host")
    assert [value for column in columns for value in column.to_pylist()] == [host]
