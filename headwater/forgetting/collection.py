"""Collection: what a lake holds that no recipe needs any more, and its deletion."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from corpus.lake.deletion import delete_dataset, find_leftovers, find_writers
from corpus.lake.stages import CHECKPOINT
from corpus.lake.store import Lake
from corpus.lineage.needed import find_unneeded
from dagster_project.folders import local_folder
from headwater.terminal import one_line


@dataclass(frozen=True, kw_only=True)
class Unneeded:
    """A dataset that no recipe needs, or what a killed run left of one: `partition` is None then. `bytes` of all files
    of its folder."""

    stage: str
    address: str
    partition: str | None
    bytes: int


def find_collectable(lake: Lake) -> list[Unneeded]:
    """In the order in which they can go. Raises ValueError for a lake in which no recipe was run, RuntimeError while a
    stage is being computed in it, which may find one of them; of a remote lake nothing tells that."""
    if (writer := next(find_writers(lake), None)) is not None:
        raise RuntimeError(f"a stage is being computed in the lake {lake.url}: wait until {writer} is free")
    found: list[tuple[str, str, str | None]] = []
    found += [(one.stage, one.address, one.partition) for one in find_unneeded(lake)]
    found += [(stage, address, None) for stage, address in find_leftovers(lake)]
    return [
        Unneeded(stage=stage, address=address, partition=partition, bytes=int(lake.fs.du(lake.path(stage, address))))
        for stage, address, partition in found
    ]


def collect(lake: Lake, unneeded: list[Unneeded]) -> None:
    """Deletes them, with their copies on this machine and the folders of the training runs that made them. Killed on
    the way, it leaves whole datasets, and folders that the next call finds."""
    for one in unneeded:
        delete_dataset(lake, one.stage, one.address)
        shutil.rmtree(local_folder(lake, "cache") / one.stage / one.address, ignore_errors=True)
        if one.stage == CHECKPOINT and one.partition is not None:  # what was written along the way quotes pages
            shutil.rmtree(local_folder(lake, "runs") / one.address, ignore_errors=True)


def lines(unneeded: list[Unneeded]) -> Iterator[str]:
    for one in unneeded:
        partition = "left by a killed run" if one.partition is None else one.partition
        yield one_line(f"{one.stage}/{one.address[:12]}") + f"  {one_line(partition):24}  {one.bytes:>14,} bytes"
    datasets = sum(one.partition is not None for one in unneeded)
    left = len(unneeded) - datasets
    also = f" and {left:,} folders of killed runs" if left else ""
    yield f"{datasets:,} datasets that no recipe needs{also}: {sum(one.bytes for one in unneeded):,} bytes"
