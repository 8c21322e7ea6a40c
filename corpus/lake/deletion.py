"""Deletion: takes a dataset out of a lake, so that a reader sees it whole or not at all; and what killed runs left."""

from __future__ import annotations

import fcntl
import re
from collections.abc import Iterator
from pathlib import Path

from corpus.lake.stages import STAGES
from corpus.lake.store import Lake

ADDRESS = re.compile("[0-9a-f]{32}")
MANIFEST = "manifest.json"


def delete_dataset(lake: Lake, stage: str, address: str) -> None:
    """The manifest first, with which a dataset ceases to exist; then its files."""
    folder = lake.path(stage, address)
    if lake.fs.exists(f"{folder}/{MANIFEST}"):
        lake.fs.rm(f"{folder}/{MANIFEST}")
    if lake.fs.exists(folder):
        lake.fs.rm(folder, recursive=True)


def find_leftovers(lake: Lake) -> Iterator[tuple[str, str]]:
    """(stage, address) of the folders without a dataset that nobody is writing: the finished parts of a killed run,
    which the same run would continue, or what a deletion that was killed has not reached. None of a remote lake, which
    has no locks: somebody may be writing there."""
    if not lake.local:
        return
    for stage, address in _folders(lake):
        if not lake.fs.exists(lake.path(stage, address, MANIFEST)) and not is_being_written(lake, stage, address):
            yield stage, address


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
        folder = lake.path(stage)
        if lake.fs.isdir(folder):
            for entry in sorted(lake.fs.ls(folder, detail=True), key=lambda entry: str(entry["name"])):
                address = str(entry["name"]).rstrip("/").rsplit("/", 1)[-1]
                if entry["type"] == "directory" and ADDRESS.fullmatch(address):
                    yield stage, address
