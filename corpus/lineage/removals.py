"""Removals: the list of what a lake has forgotten, which every ingest into it obeys.

<lake>/removals.txt     see corpus.optout.removals
"""

from __future__ import annotations

from corpus.lake.manifest import Manifest
from corpus.lake.stages import STAGES
from corpus.lake.store import Lake
from corpus.optout.removals import COLUMNS, Removal, RemovalMatcher, read_removals

FILE = "removals.txt"
FORGOTTEN = "forgotten"  # the folder of certificates, and of the lock that keeps two writers of the list apart


def list_path(lake: Lake) -> str:
    return lake.path(FILE)


def list_removals(lake: Lake) -> tuple[Removal, ...]:
    """Sorted; none where the lake has no list. Raises ValueError naming a line that is no entry."""
    path = list_path(lake)
    return read_removals(lake.fs.cat_file(path), path) if lake.fs.exists(path) else ()


def add_removal(lake: Lake, removal: Removal) -> None:
    """Adds an entry at the end of the list, where it is not there yet; what else is in the file stays as it is."""
    with lake.lock(FORGOTTEN, "list"):
        if removal not in list_removals(lake):
            path = list_path(lake)
            before = lake.fs.cat_file(path) if lake.fs.exists(path) else b""
            if before and not before.endswith(b"\n"):
                before += b"\n"
            lake.write(path, before + f"{removal}\n".encode())


def kinds_of_records(manifest: Manifest) -> list[str]:
    """The kinds of file of a dataset that hold what records hold: documents, and what was put aside unread."""
    kinds = {*STAGES[manifest.stage].documents_in, "quarantine"}
    return [kind for kind in sorted(kinds) if manifest.of_kind(kind)]


def holds(lake: Lake, manifest: Manifest, matcher: RemovalMatcher) -> bool:
    """Whether any record that a dataset holds is one of those that must go."""
    return any(
        matcher.mask(table).any() for kind in kinds_of_records(manifest) for table in lake.read(manifest, kind, COLUMNS)
    )
