"""Page trace: what became of a page at every stage, down to the training steps that read it, with its record read again
in its source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corpus.audit.samples import look_up, why
from corpus.contamination.policy import CONTAMINATED
from corpus.lake.stages import DOCUMENTS, SHARDS, TRIMMED
from corpus.lake.store import Lake
from corpus.lineage.records import Fate, Records, cuts, fates
from corpus.lineage.reread import read_again
from corpus.shards.format import OtherVersionError
from headwater.tracing.page_search import find_page, is_doc_id
from headwater.tracing.readings import CLAIM, OTHER_VERSION, OpenShards, Reading


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
    claim: str = CLAIM


def trace_page(
    lake: Lake, page: str, records: Records | None = None, shards: OpenShards | None = None
) -> list[PageTrace]:
    """Every record of a page, by its URL (also without scheme, or its unambiguous beginning) or its doc_id in hex.
    `records`, `shards`: those of the lake, where they were looked at already.

    Raises ValueError, with similar URLs, when the lake does not know it.
    """
    records, shards = records or Records(lake), shards or OpenShards(lake)
    name = find_page(records, page)
    found = records.find("doc_id", [bytes.fromhex(name)]) if is_doc_id(name) else records.find("url", [name])
    by_record: dict[bytes, list[Fate]] = {}
    for fate in found:
        by_record.setdefault(fate.row["doc_id"], []).append(fate)
    return [_trace_record(lake, arrivals, shards) for arrivals in by_record.values()]


def _trace_record(lake: Lake, arrivals: Sequence[Fate], shards: OpenShards) -> PageTrace:
    stages, reread = [], None
    for fate in fates(lake, arrivals):
        manifest, removed = fate.manifest, fate.removed
        if manifest.stage == DOCUMENTS and not removed:
            reread = read_again(lake, manifest, fate.row)
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
                cuts=_cuts(lake, fate) if manifest.stage == TRIMMED else (),
            )
        )
    origin = arrivals[-1].row
    positions, notes = _find_in_shards(lake, origin["doc_id"], shards)
    place = {name: origin[name] for name in ("url", "warc_file", "warc_offset", "warc_length")}
    return PageTrace(
        doc_id=origin["doc_id"].hex(),
        **place,
        record=reread.found if reread else None,
        unchanged=reread.unchanged if reread else None,
        stages=tuple(stages),
        positions=tuple(positions),
        notes=tuple(notes),
    )


def _cuts(lake: Lake, fate: Fate) -> tuple[Cut, ...]:
    return tuple(Cut(**{**row, "keeper": row["keeper"].hex()}) for row in cuts(lake, fate))


def _find_in_shards(lake: Lake, doc_id: bytes, opened: OpenShards) -> tuple[list[ShardPosition], list[str]]:
    positions: list[ShardPosition] = []
    notes: list[str] = []
    for manifest in lake.datasets(SHARDS):
        name = manifest.address[:12]
        columns = ["doc_id", "rules", "similarity", "reason", "detail"]
        for row in look_up(lake, [manifest], ["ledger"], [doc_id], columns).values():
            notes.append(f"{name}: left out of the mix, {why(row)} [{row['detail']}]")
        try:
            sets, readers = opened.open(manifest)
        except OtherVersionError:
            notes.append(f"{name}: {OTHER_VERSION}")
            continue
        for split, shards in sets.items():
            positions += [
                ShardPosition(
                    address=manifest.address,
                    split=split,
                    shard=tar,
                    first=first,
                    end=end,
                    readings=readers.readings(first, end) if split == "train" else (),
                )
                for tar, _, first, end in shards.find(doc_id.hex())
            ]
    return positions, notes
