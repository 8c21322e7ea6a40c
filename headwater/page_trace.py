"""Page trace: what became of a page at every stage, down to the training steps that read it, with its record read again
in its source."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from corpus.audit.samples import why
from corpus.contamination.policy import CONTAMINATED
from corpus.lake.manifest import Manifest
from corpus.lake.schema import DOC_ID
from corpus.lake.stages import CHECKPOINT, SHARDS, kinds_read
from corpus.lake.store import Lake
from corpus.lineage.records import cuts, fates, origins
from corpus.lineage.reread import payload_digest
from corpus.shards.format import OtherVersionError
from corpus.shards.reader import ShardSet
from corpus.sources.rows import Columns
from dagster_project.folders import local_folder
from headwater.page_search import find_page
from training.data.loader import Loader

SPLITS = ("train", "heldout")
OTHER_VERSION = "not read, another version of Headwater wrote them"


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Characters `start` to `stop` of a text, removed because `documents` documents have them, `keeper` first."""

    start: int
    stop: int
    kind: str
    documents: int
    keeper: str


@dataclass(frozen=True, kw_only=True)
class StageOutcome:
    """What one dataset did with the page. `reason`: why it was removed, with what was measured; None where it was kept.
    `keeper`: doc_id of the document that was kept in its place. `kind`: the kind of file that has it, or "ledger"."""

    stage: str
    partition: str
    address: str
    kind: str
    reason: str | None
    keeper: str | None
    detail: str | None
    cuts: tuple[Cut, ...]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The training steps, from 1, in which a checkpoint of `total_steps` steps read some tokens of the page."""

    checkpoint: str
    total_steps: int
    steps: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class ShardPosition:
    """Where the page's tokens are in shards: `first` to `end` of the token stream of `split`, in the tar `shard`."""

    address: str
    split: str
    shard: str
    first: int
    end: int
    readings: tuple[Reading, ...]


@dataclass(frozen=True, kw_only=True)
class PageTrace:
    """One record of a page. `warc_offset` and `warc_length` count bytes of the file, or rows of a table. `record`: what
    reading it again in its source found; `unchanged`: whether it is the same, None where it could not be read.
    `notes`: what the shards say otherwise: left out of the mix, or written by another version."""

    doc_id: str
    url: str | None
    warc_file: str
    warc_offset: int
    warc_length: int
    record: str | None
    unchanged: bool | None
    stages: tuple[StageOutcome, ...]
    positions: tuple[ShardPosition, ...]
    notes: tuple[str, ...]


def trace_page(lake: Lake, page: str) -> list[PageTrace]:
    """Every record of a page, by its URL (also without scheme, or its unambiguous beginning) or its doc_id in hex.

    Raises ValueError, with similar URLs, when the lake does not know it.
    """
    return [_trace_record(lake, origin) for origin in origins(lake, find_page(lake, page))]


def _trace_record(lake: Lake, origin: Mapping[str, Any]) -> PageTrace:
    doc_id = origin["doc_id"]
    stages, record, unchanged = [], None, None
    for fate in fates(lake, doc_id):
        manifest, removed = fate.manifest, "reason" in fate.row
        if manifest.stage == "documents" and not removed:
            record, unchanged = _read_again(lake, manifest, origin)
        keeper = fate.row["keeper"] if removed else None
        stages.append(
            StageOutcome(
                stage=manifest.stage,
                partition=manifest.partition,
                address=manifest.address,
                kind="ledger" if removed else fate.outcome,
                reason=why(fate.row) if removed else None,
                keeper=keeper.hex() if keeper else None,
                detail=fate.row["detail"] if removed and fate.row["reason"] == CONTAMINATED else None,
                cuts=_cuts(lake, manifest, doc_id) if manifest.stage == "trimmed" else (),
            )
        )
    positions, notes = _find_in_shards(lake, doc_id.hex())
    place = {name: origin[name] for name in ("url", "warc_file", "warc_offset", "warc_length")}
    return PageTrace(
        doc_id=doc_id.hex(),
        **place,
        record=record,
        unchanged=unchanged,
        stages=tuple(stages),
        positions=tuple(positions),
        notes=tuple(notes),
    )


def _cuts(lake: Lake, manifest: Manifest, doc_id: bytes) -> tuple[Cut, ...]:
    rows = cuts(lake, manifest, doc_id)
    names = ("start", "stop", "kind", "documents")
    return tuple(Cut(**{name: row[name] for name in names}, keeper=row["keeper"].hex()) for row in rows)


def _read_again(lake: Lake, documents: Manifest, origin: Mapping[str, Any]) -> tuple[str, bool | None]:
    """Whether the record in the source is still the one that the document was made of."""
    url = lake.read_run(documents).get("warc_urls", {}).get(origin["warc_file"])
    if url is None:
        return "not read again: the run's list of the files that it read is gone", None
    columns = Columns(**documents.config.get("columns", {}))
    for table in lake.read(documents, "documents", ["doc_id", "payload_digest"]):
        for row in table.filter(pc.equal(table["doc_id"], pa.scalar(origin["doc_id"], DOC_ID))).to_pylist():
            try:
                same = payload_digest(url, origin, columns) == row["payload_digest"]
            except (OSError, ValueError) as error:
                return f"its WARC was not read again: {error}", None
            return f"{url}: {row['payload_digest']} {'read again, the same' if same else 'HAS CHANGED'}", same
    return "the document is not in its dataset", None


def _find_in_shards(lake: Lake, doc_id: str) -> tuple[list[ShardPosition], list[str]]:
    positions: list[ShardPosition] = []
    notes: list[str] = []
    for manifest in lake.datasets(SHARDS):
        name = manifest.address[:12]
        for table in lake.read(manifest, "ledger", ["doc_id", "rules", "similarity", "reason", "detail"]):
            for row in table.filter(pc.equal(table["doc_id"], pa.scalar(bytes.fromhex(doc_id), DOC_ID))).to_pylist():
                notes.append(f"{name}: left out of the mix, {why(row)} [{row['detail']}]")
        try:
            sets = {split: open_shards(lake, manifest, split) for split in SPLITS}
        except OtherVersionError:
            notes.append(f"{name}: {OTHER_VERSION}")
            continue
        for split, shards in sets.items():
            for tar, document, first, end in shards.documents(0, len(shards)):
                if document == doc_id:
                    readings = _readings(lake, manifest, shards, first, end) if split == "train" else ()
                    positions.append(
                        ShardPosition(
                            address=manifest.address,
                            split=split,
                            shard=tar,
                            first=first,
                            end=end,
                            readings=tuple(readings),
                        )
                    )
    return positions, notes


def _readings(lake: Lake, manifest: Manifest, shards: ShardSet, first: int, end: int) -> Iterator[Reading]:
    content = manifest.content(kinds_read(CHECKPOINT, SHARDS))
    for checkpoint in lake.datasets(CHECKPOINT):
        if checkpoint.inputs.get(manifest.name) == content:
            total = int(checkpoint.figures["step"])
            steps = open_loader(lake, checkpoint, shards).steps_reading(first, end, total)
            yield Reading(
                checkpoint=checkpoint.address, total_steps=total, steps=tuple(int(step) + 1 for step in steps)
            )


def open_shards(lake: Lake, manifest: Manifest, split: str) -> ShardSet:
    """Raises OtherVersionError where another version of Headwater wrote them."""
    return ShardSet(lake.local_copy(manifest, split, local_folder(lake, "cache")))


def open_loader(lake: Lake, checkpoint: Manifest, shards: ShardSet) -> Loader:
    """The loader with which a checkpoint was trained."""
    state = json.loads(lake.fs.cat_file(f"{lake.folder(checkpoint)}/model/state.json"))
    settings = state["run"]["train"]
    names = ("context", "global_batch", "seed", "packing")
    return Loader(shards, **{name: settings[name] for name in names})
