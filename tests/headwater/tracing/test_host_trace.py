"""Host trace: the counts of a host are those that all rows of all files give; what is a host and what a page."""

from __future__ import annotations

import json
from collections import Counter
from urllib.parse import urlsplit

import pytest
from graphs import Graph

import headwater
from corpus.lake.stages import DOCUMENT_STAGES, STAGES
from corpus.shards.reader import ShardSet
from headwater.cli import main
from headwater.lake_reader import LakeReader

HOST = "site.example"


@pytest.fixture
def lake(graph: Graph) -> LakeReader:
    return headwater.open(graph.lake.url)


def test_its_counts_are_those_of_the_rows(graph: Graph, lake: LakeReader) -> None:
    trace = lake.trace_host(HOST)
    found = {outcome.address: (outcome.kept, dict(outcome.dropped)) for outcome in trace.stages}
    kept = 0
    for stage in DOCUMENT_STAGES:
        for manifest in graph.lake.datasets(stage):
            rows = {
                kind: [row for table in graph.lake.read(manifest, kind) for row in table.to_pylist()]
                for kind in ("ledger", *STAGES[stage].documents_in)
            }
            mine = {
                kind: [row for row in some if row["url"] and urlsplit(row["url"]).hostname == HOST]
                for kind, some in rows.items()
            }
            dropped = Counter(row["reason"] for row in mine.pop("ledger"))
            kept = sum(map(len, mine.values())) if STAGES[stage].documents_in else kept - dropped.total()
            if kept or dropped:
                assert found.pop(manifest.address) == (kept, dict(dropped))
            if stage == "documents":
                assert trace.records == kept + sum(dropped.values())
    assert found == {}
    assert {(page.stage, page.reason) for page in trace.pages if page.stage} == {
        (outcome.stage, reason) for outcome in trace.stages for reason in outcome.dropped
    }
    assert [page for page in trace.pages if page.stage is None]
    for page in trace.pages:
        [record] = lake.trace(page.doc_id)
        assert record.url == page.url and (record.stages[-1].reason is None) == (page.stage is None)


def test_its_documents_and_steps_are_those_of_the_shards(graph: Graph, lake: LakeReader) -> None:
    [shards] = lake.trace_host(HOST).shards
    [manifest] = graph.lake.datasets("shards")
    opened = ShardSet(f"{graph.lake.folder(manifest)}/train")
    [split] = graph.lake.datasets("split")
    rows = [row for table in graph.lake.read(split, "train", ["doc_id", "host"]) for row in table.to_pylist()]
    mine = {row["doc_id"].hex() for row in rows if row["host"] == HOST}
    places = [place for place in opened.documents(0, len(opened)) if place[1] in mine]
    assert (shards.documents, shards.tokens) == (len(mine), sum(end - first for _, _, first, end in places))
    assert 0 < shards.documents < shards.training_documents == opened.index.documents
    [reading] = shards.readings
    read = [
        step
        for step in range(1, reading.total_steps + 1)
        for trace in lake.trace_step(step)
        if mine & {document.doc_id for some in trace.sequences.values() for document in some}
    ]
    assert reading.steps == len(read) > 0


def test_a_bare_host_of_several_pages_is_a_host(graph: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("site.example", "www.SITE.example"):
        assert main(["trace", "--lake", graph.lake.url, name, "--json"]) == 0
        [answer] = map(json.loads, capsys.readouterr().out.splitlines())
        assert answer["names"] == ["site.example"] and answer["records"] > 40
    assert main(["trace", "--lake", graph.lake.url, HOST]) == 0
    said = capsys.readouterr().out
    for words in (
        "http_status 1",
        "gopher_words ",
        "near_duplicate 4",
        " documents, ",
        "checkpoint  ",
        "came through",
    ):
        assert words in said


def test_a_host_of_one_page_is_that_page(graph: Graph, lake: LakeReader, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "--lake", graph.lake.url, "de.example", "--json"]) == 0
    [page] = map(json.loads, capsys.readouterr().out.splitlines())
    assert page["url"] == "https://de.example/"
    assert lake.trace_host("https://de.example/").records == 1


def test_an_unknown_host_suggests_others(lake: LakeReader) -> None:
    with pytest.raises(
        ValueError, match=r"no page of the host 'sit\.example' in the lake .*; did you mean site\.example"
    ):
        lake.trace_host("sit.example")
