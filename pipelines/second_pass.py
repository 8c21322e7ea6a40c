"""Settle: what can be told of the blocks of a crawl only when all of them are read, done by one worker.

A block that did not begin where the one before it ended is read again: what it took for a record lies inside another
(see archive.ranges.FileRange). A revisit gets the document that it stands for as its keeper, where that is in the
crawl. Both cost nothing unless there is one. A file of the lake never changes, not even before its dataset is
published, so another part takes the place of the one that turned out wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from corpus.lake.store import Lake
from pipelines.blocks import Block, Ingest
from pipelines.part_workers import PartWorkers
from pipelines.parts import Part, Work, read_row, read_rows, write_row
from pipelines.revisits import resolve_revisits


@dataclass(frozen=True, kw_only=True)
class Settled:
    """All blocks of a crawl, in the order of its files."""

    blocks: tuple[Block, ...]
    name: str = "settled"
    weight: int = 1


class Settle(Work):
    schemas = {}

    def __init__(self, ingest: Ingest, folder: str) -> None:
        self.ingest, self.folder = ingest, folder

    def process(self, lake: Lake, split: Settled, part: Part) -> None:
        rows = read_rows(lake, self.folder, [block.name for block in split.blocks])
        self._read_again(lake, split.blocks, rows)
        resolve_revisits(lake, self.folder, rows)
        for block, row in zip(split.blocks, rows, strict=True):
            if row["name"] != block.name:
                write_row(lake, self.folder, row)
                part.replaced[block.name] = row["name"]

    def _read_again(self, lake: Lake, blocks: Sequence[Block], rows: list[dict[str, Any]]) -> None:
        """Puts the row of a block that was read again in the place of its first one; the next block is held against
        where that ended."""
        worker = None
        for number, (before, block) in enumerate(pairwise(blocks), start=1):
            ends = rows[number - 1]["notes"]["ends"]
            if block.file != before.file or ends is None or rows[number]["notes"]["begins"] == ends:
                continue
            again = replace(block, name=f"{block.name}-again", start=ends, exact=True)
            worker = worker or PartWorkers(lake, self.folder, self.ingest)
            list(worker.make([again]))
            rows[number] = read_row(lake, self.folder, again.name)
        if worker is not None:
            worker.close()
