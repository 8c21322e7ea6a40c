"""Step trace: what a checkpoint read in a training step, back to the records in the crawl's files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from corpus.lake.stages import CHECKPOINT, SHARDS, SPLIT
from corpus.lake.store import Lake
from corpus.lineage.graph import sources
from corpus.shards.format import OtherVersionError
from headwater.page_trace import OTHER_VERSION, open_loader, open_shards

ORIGIN = ("url", "warc_file", "warc_offset", "warc_length")


@dataclass(frozen=True, kw_only=True)
class StepDocument:
    """A document of which a sequence has some tokens. All else is None where its page is no longer in the lake."""

    doc_id: str
    url: str | None
    warc_file: str | None
    warc_offset: int | None
    warc_length: int | None


@dataclass(frozen=True, kw_only=True)
class StepTrace:
    """The sequences that a checkpoint read in a step (from 1), by their numbers, each with its documents. `note`: why
    there are none, where its shards cannot be read."""

    checkpoint: str
    step: int
    sequences: dict[int, tuple[StepDocument, ...]]
    note: str | None = None


def trace_step(lake: Lake, step: int) -> list[StepTrace]:
    """Of each checkpoint that took the step. Raises ValueError when none did, FileNotFoundError where its shards are no
    longer in the lake."""
    checkpoints = list(lake.datasets(CHECKPOINT))
    taken = [int(checkpoint.figures["step"]) for checkpoint in checkpoints]
    chosen = [checkpoint for checkpoint, steps in zip(checkpoints, taken, strict=True) if 1 <= step <= steps]
    if not chosen:
        there = f"its checkpoints took {', '.join(f'{steps:,}' for steps in taken)} steps" if taken else "it has none"
        raise ValueError(f"--step {step}: no checkpoint of the lake {lake.url} took that step, from 1: {there}")
    pages = _pages(lake)
    traces = []
    for checkpoint in chosen:
        [manifest] = sources(lake, checkpoint, SHARDS)
        try:
            shards = open_shards(lake, manifest, "train")
        except OtherVersionError:
            note = f"its shards are {OTHER_VERSION}"
            traces.append(StepTrace(checkpoint=checkpoint.address, step=step, sequences={}, note=note))
            continue
        loader = open_loader(lake, checkpoint, shards)
        sequences = {
            int(sequence): tuple(_document(document.doc_id, pages.get(document.doc_id, {})) for document in documents)
            for sequence, documents in loader.sequence_documents(step - 1)
        }
        traces.append(StepTrace(checkpoint=checkpoint.address, step=step, sequences=sequences))
    return traces


def _document(doc_id: str, row: dict[str, Any]) -> StepDocument:
    return StepDocument(doc_id=doc_id, **{name: row.get(name) for name in ORIGIN})


def _pages(lake: Lake) -> dict[str, dict[str, Any]]:
    pages = {}
    for manifest in lake.datasets(SPLIT):
        for table in lake.read(manifest, "train", ["doc_id", *ORIGIN]):
            pages.update({row["doc_id"].hex(): row for row in table.to_pylist()})
    return pages
