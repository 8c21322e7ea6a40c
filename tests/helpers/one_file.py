"""A dataset of one file, to be put into a lake where something goes wrong on the way."""

from __future__ import annotations

import os
from pathlib import Path

from corpus.lake.manifest import Counts, FileEntry, Manifest
from corpus.lake.store import Lake

DATA = os.urandom(1 << 20)


def put(lake: Lake, folder: Path, data: bytes = DATA) -> Manifest:
    """A dataset of one file, nothing published."""
    path = folder / "part"
    path.write_bytes(data)
    manifest = manifest_of([])
    return manifest_of([lake.put(path, lake.folder(manifest), "documents/part-0.parquet", 1)])


def manifest_of(files: list[FileEntry]) -> Manifest:
    counts = Counts(records_in=len(files), kept=len(files))
    return Manifest(
        stage="clean", partition="crawl", code_version="1", config={}, inputs={}, files=tuple(files), counts=counts
    )


def publish(lake: Lake, folder: Path) -> Manifest:
    return lake.publish(put(lake, folder), {"seconds": 1})
