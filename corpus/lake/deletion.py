"""Deletion: takes a dataset out of a lake, so that a reader sees it whole or not at all; and what killed runs left."""

from __future__ import annotations

import fcntl
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from corpus.lake.stages import STAGES
from corpus.lake.store import Lake

ADDRESS = re.compile("[0-9a-f]{32}")
MANIFEST = "manifest.json"
ABANDONED = timedelta(days=1)  # on a remote lake, which has no locks: nobody at work puts no file for so long


def delete_dataset(lake: Lake, stage: str, address: str) -> None:
    """The manifest first, with which a dataset ceases to exist; then its files. Raises OSError where files are left: a
    store may answer that all went well when it has refused some of them."""
    folder = lake.path(stage, address)
    if lake.existing([f"{folder}/{MANIFEST}"]):
        lake.fs.rm(f"{folder}/{MANIFEST}")
    if lake.fs.exists(folder):
        lake.fs.rm(folder, recursive=True)
    if left := [*lake.existing([f"{folder}/{MANIFEST}"]), *lake.fs.find(folder)]:
        raise OSError(f"{left[0]} could not be deleted; may these credentials delete? Then run again")


def find_leftovers(lake: Lake, now: datetime | None = None) -> Iterator[tuple[str, str]]:
    """(stage, address) of the folders without a dataset that nobody is writing: the finished parts of a killed run,
    which the same run would continue, or what a deletion that was killed has not reached. Of a remote lake, those in
    which no file was written for as long as ABANDONED."""
    folders = list(_folders(lake))
    manifests = [lake.path(stage, address, MANIFEST) for stage, address in folders]
    published = set(lake.existing(manifests))
    for (stage, address), manifest in zip(folders, manifests, strict=True):
        if manifest not in published:
            if is_being_written(lake, stage, address) if lake.local else _is_recent(lake, stage, address, now):
                continue
            yield stage, address


def _is_recent(lake: Lake, stage: str, address: str, now: datetime | None) -> bool:
    written = [lake.fs.modified(path) for path in lake.fs.find(lake.path(stage, address))]
    return any((now or datetime.now(UTC)) - at < ABANDONED for at in written)


def find_writers(lake: Lake) -> Iterator[str]:
    """The locks that somebody on this machine holds: a stage is being computed."""
    for stage, address in _folders(lake):
        if is_being_written(lake, stage, address):
            yield lake.path(stage, address, "lock")


def is_being_written(lake: Lake, stage: str, address: str) -> bool:
    """Always False for a remote lake, in which there are no locks."""
    path = Path(lake.path(stage, address, "lock"))
    if not lake.local or not path.is_file():
        return False
    with open(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _folders(lake: Lake) -> Iterator[tuple[str, str]]:
    """Of datasets, whole or not; never of recipes, reports, runs and what else is in a lake."""
    for stage in STAGES:
        for path in lake.folders(lake.path(stage)):
            address = path.rsplit("/", 1)[-1]
            if ADDRESS.fullmatch(address):
                yield stage, address
