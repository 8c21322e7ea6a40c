"""Folders: where things that cannot be in a remote lake are kept on this machine. Imports no Dagster."""

from __future__ import annotations

from pathlib import Path

from corpus.lake.store import DEFAULT_LAKE, Lake


def local_folder(lake: Lake, name: str) -> Path:
    """`name` beside the datasets of a local lake; for a remote one, in the default lake's folder.

    For training runs, copies of remote shards, and Dagster's history.
    """
    return Path(lake.root if lake.local else DEFAULT_LAKE) / name
