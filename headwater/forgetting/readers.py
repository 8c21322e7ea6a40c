"""Forget readers: the tars that hold documents, and the training steps that read one of them."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass

import numpy as np

from corpus.lake.manifest import Manifest
from corpus.lake.stages import SHARDS
from corpus.lake.store import Lake
from corpus.lineage.graph import sources
from corpus.shards.format import OtherVersionError
from corpus.shards.reader import ShardSet
from headwater.tracing.readings import open_loader, open_shards

SPLITS = ("train", "heldout")


@dataclass(frozen=True, kw_only=True)
class ShardUse:
    """Of a dataset of shards, the `tars` of one split that hold documents; a document counts as often as it stands
    there."""

    address: str
    split: str
    tars: tuple[str, ...]
    all_tars: int
    documents: int


@dataclass(frozen=True, kw_only=True)
class CheckpointUse:
    """How many of a checkpoint's training steps read one of the documents."""

    address: str
    steps: int
    all_steps: int


def find_tars(lake: Lake, shards: Manifest, doc_ids: Set[str]) -> Iterator[ShardUse]:
    """Nothing for a split without one of the documents, and where another version of Headwater wrote the shards."""
    for split in SPLITS:
        opened = _open(lake, shards, split)
        places = [] if opened is None else _places(opened, doc_ids)
        if opened is not None and places:
            yield ShardUse(
                address=shards.address,
                split=split,
                tars=tuple(sorted({tar for tar, _, _ in places})),
                all_tars=len(opened.index.shards),
                documents=len(places),
            )


def find_readers(lake: Lake, checkpoint: Manifest, doc_ids: Set[str]) -> Iterator[CheckpointUse]:
    """Nothing where the checkpoint's shards are no longer in the lake, or cannot be read."""
    try:
        [shards] = sources(lake, checkpoint, SHARDS)
    except FileNotFoundError:
        return
    opened = _open(lake, shards, "train")
    if opened is None:
        return
    loader, total = open_loader(lake, checkpoint, opened), int(checkpoint.figures["step"])
    places = np.array([(first, end) for _, first, end in _places(opened, doc_ids)], np.int64).reshape(-1, 2)
    steps = loader.steps_reading(places[:, 0], places[:, 1], total) if len(places) else []
    yield CheckpointUse(address=checkpoint.address, steps=len(steps), all_steps=total)


def _open(lake: Lake, shards: Manifest, split: str) -> ShardSet | None:
    try:
        return open_shards(lake, shards, split)
    except OtherVersionError:
        return None


def _places(shards: ShardSet, doc_ids: Set[str]) -> list[tuple[str, int, int]]:
    """(tar, first token, end) of each document."""
    if not len(shards):
        return []
    found = shards.documents(0, len(shards))
    return [(tar, first, end) for tar, doc_id, first, end in found if doc_id in doc_ids]
