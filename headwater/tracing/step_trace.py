"""Step trace: what a checkpoint read in a training step, back to the records in the crawl's files."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from corpus.audit.samples import look_up
from corpus.lake.stages import CHECKPOINT, SHARDS, SPLIT
from corpus.lake.store import Lake
from corpus.lineage.graph import sources
from corpus.shards.format import OtherVersionError
from headwater.tracing.readings import CLAIM, OTHER_VERSION, open_loader, open_shards

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
    claim: str = CLAIM


def trace_step(lake: Lake, step: int) -> list[StepTrace]:
    """Of each checkpoint that took the step. Raises ValueError when none did, FileNotFoundError where its shards are no
    longer in the lake."""
    checkpoints = list(lake.datasets(CHECKPOINT))
    taken = [int(checkpoint.figures["step"]) for checkpoint in checkpoints]
    chosen = [checkpoint for checkpoint, steps in zip(checkpoints, taken, strict=True) if 1 <= step <= steps]
    if not chosen:
        there = f"its checkpoints took {', '.join(f'{steps:,}' for steps in taken)} steps" if taken else "it has none"
        raise ValueError(f"--step {step}: no checkpoint of the lake {lake.url} took that step, from 1: {there}")
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
        read = {sequence: [one.doc_id for one in some] for sequence, some in loader.sequence_documents(step - 1)}
        pages = find_pages(lake, {doc_id for some in read.values() for doc_id in some})
        sequences = {sequence: tuple(pages[doc_id] for doc_id in some) for sequence, some in read.items()}
        traces.append(StepTrace(checkpoint=checkpoint.address, step=step, sequences=sequences))
    return traces


def find_pages(lake: Lake, doc_ids: Collection[str]) -> dict[str, StepDocument]:
    """The training pages of these ids, given in hex."""
    ids = [bytes.fromhex(doc_id) for doc_id in doc_ids]
    rows = look_up(lake, lake.datasets(SPLIT), ["train"], ids, ["doc_id", *ORIGIN])
    return {
        doc_id: StepDocument(doc_id=doc_id, **{name: rows.get(key, {}).get(name) for name in ORIGIN})
        for doc_id, key in zip(doc_ids, ids, strict=True)
    }
