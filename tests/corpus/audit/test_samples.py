"""Samples: the same documents whatever the order of files, each with what a person needs to judge it."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from stages import Stages, make_stages, page

from corpus.audit.samples import dropped_samples, kept_samples, look_up, of_crawl, records, smallest
from corpus.lake.schema import DOC_ID
from corpus.lake.store import Lake


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Stages:
    return make_stages(Lake(str(tmp_path_factory.mktemp("lake"))))


def test_a_dropped_document_has_its_text_its_language_and_all_its_rules(stages: Stages) -> None:
    found = {sample.doc_id: sample for sample in dropped_samples(stages.lake, stages.clean[0], 10)}
    one = found[page("big", 21)["doc_id"]]
    assert (one.url, one.title, one.text, one.language) == (
        "https://big.example/21",
        "Title 21",
        "Text of big 21.",
        "de",
    )
    assert [rule["rule"] for rule in one.rules] == ["too_short", "too_many_symbols"]
    assert one.why == "too_short 7 (bound 50); too_many_symbols 7 (bound 50)"
    assert (one.warc_file, one.warc_offset, one.warc_length) == ("a.warc.gz", 2100, 90)


def test_a_duplicate_stands_beside_its_keeper(stages: Stages) -> None:
    found = dropped_samples(stages.lake, stages.unique, 5)
    assert {sample.url for sample in found} == {"https://big.example/5", "https://big.example/6"}
    for sample in found:
        assert sample.keeper is not None and sample.keeper.text == "Text of big 4."
        assert sample.similarity == 0.9 and sample.language == "en" and sample.text


def test_a_record_that_became_no_document_has_no_text_but_its_bytes_where_they_are_kept(stages: Stages) -> None:
    found = {sample.reason: sample for sample in dropped_samples(stages.lake, stages.documents[0], 5)}
    assert found["not_html"].text is None and found["not_html"].raw is None
    assert found["bad_http_header"].raw == b"HTP/1.1\x1b[2J\r\n\xff"


def test_the_order_of_rows_and_files_does_not_matter(stages: Stages, tmp_path: Path) -> None:
    other = make_stages(Lake(str(tmp_path)), parts=7, backwards=True)
    for first, second in ((stages.clean[0], other.clean[0]), (stages.unique, other.unique)):
        assert kept_samples(stages.lake, first, 4) == kept_samples(other.lake, second, 4)
        assert dropped_samples(stages.lake, first, 1) == dropped_samples(other.lake, second, 1)


def test_the_smallest_of_each_group() -> None:
    ids = [bytes([number]) * 16 for number in (5, 3, 9, 1, 7)]
    rows = pa.table([pa.array(ids, DOC_ID), ["a", "b", "a", None, "a"]], ["doc_id", "reason"])
    assert smallest(rows, 2) == [ids[3], ids[1]]
    assert smallest(rows, 2, ["reason"]) == [ids[3], ids[1], ids[0], ids[4]]
    assert smallest(rows.slice(0, 0), 2, ["reason"]) == []


def test_records_of_a_stage_are_all_that_came_to_it(stages: Stages) -> None:
    table = records(stages.lake, stages.clean[0])
    assert table.num_rows == 28 and table["reason"].null_count == 22 and table["language"].null_count == 0
    assert records(stages.lake, stages.documents[0])["language"].null_count == 30


def test_one_crawl_of_several(stages: Stages) -> None:
    assert len(of_crawl(stages.lake, stages.unique, "small")) == 3
    assert len(of_crawl(stages.lake, stages.unique, "big")) == 22


def test_only_row_groups_with_a_wanted_document_are_read(stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[list[str]] = []
    original = pq.ParquetFile.read_row_groups

    def spy(self: pq.ParquetFile, groups: list[int], columns: list[str]) -> pa.Table:
        read.extend([columns] * len(groups))
        return original(self, groups, columns)

    monkeypatch.setattr(pq.ParquetFile, "read_row_groups", spy)
    wanted = page("big", 12)["doc_id"]
    found = look_up(stages.lake, [stages.documents[0]], ["documents"], [wanted], ["doc_id", "text", "language"])
    assert found == {wanted: {"doc_id": wanted, "text": "Text of big 12."}}
    assert read.count(["doc_id", "text"]) == 1
