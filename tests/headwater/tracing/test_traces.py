"""Traces in the demo's lake: of pages by what became of them, a step, a score, beside what the files say."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from graphs import Graph

import headwater
from corpus.audit.samples import why
from corpus.lake.stages import DOCUMENT_STAGES
from corpus.lake.store import Lake
from corpus.shards.reader import ShardSet
from corpus.tokenizer.vocabulary import Vocabulary
from headwater.cli import main
from headwater.lake_reader import LakeReader
from headwater.tracing.readings import open_loader
from pipelines.vocabulary import tokenizer_bytes

CLAIM = "provenance, not influence"


@pytest.fixture
def lake(graph: Graph) -> LakeReader:
    return headwater.open(graph.lake.url)


def train_shards(lake: Lake) -> ShardSet:
    [manifest] = lake.datasets("shards")
    return ShardSet(f"{lake.folder(manifest)}/train")


def test_a_page_dropped_for_each_reason_ends_there(graph: Graph, lake: LakeReader) -> None:
    seen = Counter[str]()
    for stage in DOCUMENT_STAGES:
        for manifest in graph.lake.datasets(stage):
            rows = [row for table in graph.lake.read(manifest, "ledger") for row in table.to_pylist()]
            for row in {row["reason"]: row for row in rows}.values():
                [page] = lake.trace(row["doc_id"].hex())
                last = page.stages[-1]
                assert (last.stage, last.address, last.reason) == (stage, manifest.address, why(row))
                assert last.keeper == (row["keeper"] and row["keeper"].hex())
                assert all(outcome.reason is None for outcome in page.stages[:-1])
                assert (page.positions, page.claim) == ((), CLAIM)
                assert page.url == row["url"] and page.warc_offset == row["warc_offset"]
                seen[stage] += 1
    assert seen["documents"] > 2 and seen["clean"] and seen["unique"] > 1


def test_a_duplicate_leads_to_the_page_that_was_kept(lake: LakeReader) -> None:
    [copy] = lake.trace("site.example/argparse/copy")
    assert copy.unchanged is True and copy.stages[-1].keeper is not None
    [keeper] = lake.trace(copy.stages[-1].keeper)
    assert keeper.url == "https://site.example/argparse"
    assert [outcome.stage for outcome in keeper.stages if outcome.reason is None][-1] != "clean"


def test_kept_pages_have_all_their_stages_and_places(graph: Graph, lake: LakeReader) -> None:
    shards = train_shards(graph.lake)
    for tar, doc_id, first, end in shards.documents(0, len(shards))[::9]:
        [page] = lake.trace(doc_id)
        assert [outcome.stage for outcome in page.stages] == ["documents", "clean", "unique", "split"]
        assert page.stages[-1].kind == "train" and page.unchanged is True
        assert [(place.split, place.shard, place.first, place.end) for place in page.positions] == [
            ("train", tar, first, end)
        ]


def test_a_step_has_exactly_the_documents_of_its_batch(graph: Graph, lake: LakeReader) -> None:
    """The texts are encoded again, and what the batch holds between two ends of documents is looked for in them."""
    [split], [tokenizer] = graph.lake.datasets("split"), graph.lake.datasets("tokenizer")
    vocabulary = Vocabulary(tokenizer_bytes(graph.lake, tokenizer))
    texts = {row["doc_id"].hex(): row["text"] for table in graph.lake.read(split, "train") for row in table.to_pylist()}
    encoded = {doc_id: [*vocabulary.tokenizer.encode(text).ids, vocabulary.eos] for doc_id, text in texts.items()}
    [checkpoint] = graph.lake.datasets("checkpoint")
    loader, alone = open_loader(graph.lake, checkpoint, train_shards(graph.lake)), 0
    for step in (1, 3, int(checkpoint.figures["step"])):
        [trace] = lake.trace_step(step)
        assert (trace.checkpoint, trace.claim) == (checkpoint.address, CLAIM)
        batch = loader.batch(step - 1)
        assert list(trace.sequences) == loader.samples(step - 1).tolist()
        for documents, inputs, targets in zip(trace.sequences.values(), batch.tokens, batch.targets, strict=True):
            stream = [*inputs.tolist(), int(targets[-1])]
            pieces = [
                piece.tolist() for piece in np.split(stream, np.flatnonzero(np.equal(stream, vocabulary.eos)) + 1)
            ]
            pieces = [piece for piece in pieces if piece]
            assert len(documents) == len(pieces)
            for place, (document, piece) in enumerate(zip(documents, pieces, strict=True)):
                found = {doc_id for doc_id, ids in encoded.items() if holds(ids, piece, place, len(pieces))}
                assert document.doc_id in found
                alone += found == {document.doc_id}
    assert alone > 10


def holds(ids: list[int], piece: list[int], place: int, pieces: int) -> bool:
    """Whether a document may be the piece of that place in a sequence: the first may begin within it, the last may end
    within it, a single one both."""
    width = len(piece)
    if pieces == 1:
        return any(ids[first : first + width] == piece for first in range(len(ids) - width + 1))
    if place == 0:
        return ids[-width:] == piece
    return ids[:width] == piece if place == pieces - 1 else ids == piece


def test_a_score_has_records_read_again(
    graph: Graph, lake: LakeReader, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    [trace] = lake.trace_score("last_word")
    assert (len(trace.records), trace.compared, trace.equal, trace.note, trace.claim) == (3, 3, 3, None, CLAIM)
    assert len({record.step for record in trace.records}) == 3
    for record in trace.records:
        [step] = lake.trace_step(record.step)
        assert record.doc_id in {document.doc_id for some in step.sequences.values() for document in some}
        [page] = lake.trace(record.doc_id)
        assert (page.url, page.warc_offset, page.record) == (record.url, record.warc_offset, record.record)
    assert lake.trace_score("last_word") == [trace], "the same ones each time"
    command = ["trace", "--lake", graph.lake.url, "--score", "last_word"]
    assert main(command) == 0
    assert "3 compared, 3 equal" in capsys.readouterr().out
    monkeypatch.setattr("corpus.lineage.reread.payload_digest", lambda *_: "sha1:ANOTHER")
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "3 compared, 0 equal" in said and "HAS CHANGED" in said


@pytest.mark.parametrize(
    "words", [["site.example/short"], ["site.example"], ["--step", "1"], ["--score", "last_word"]], ids=" ".join
)
def test_every_answer_ends_with_what_it_claims(
    words: list[str], graph: Graph, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trace", "--lake", graph.lake.url, *words]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == CLAIM
    assert main(["trace", "--lake", graph.lake.url, "--json", *words]) == 0
    assert {json.loads(line)["claim"] for line in capsys.readouterr().out.splitlines()} == {CLAIM}
