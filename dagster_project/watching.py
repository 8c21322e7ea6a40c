"""Watching: what lies in a folder or below a URL, each entry of which is a crawl, and whether it has changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import fsspec

from corpus.lake.manifest import canonical_json, sha256
from dagster_project.partitions import crawl_key

WATCH, USED_RECIPES = "HEADWATER_WATCH", "HEADWATER_RECIPES"
CHANGED_BY = ("mtime", "LastModified", "last_modified", "updated", "ETag", "etag")  # as file systems name them


def absolute_folder(url: str) -> str:
    """The folder or URL, as it means the same anywhere. Raises FileNotFoundError where there is no such folder."""
    fs, root = fsspec.core.url_to_fs(url)
    if not fs.isdir(root):
        raise FileNotFoundError(f"{url} is no folder: name the folder or URL in which crawls are put")
    return str(fs.unstrip_protocol(root))


def watched_crawls(url: str) -> Iterator[tuple[str, str]]:
    """(partition key, digest of the names, sizes and times of its files) of each file or folder at `url`, by name.
    What begins with a dot is left out, as what uploads write often does.

    Raises FileNotFoundError where there is no such folder.
    """
    fs, root = fsspec.core.url_to_fs(absolute_folder(url))
    fs.invalidate_cache()
    for entry in sorted(fs.ls(root, detail=True), key=lambda entry: str(entry["name"])):
        path = str(entry["name"]).rstrip("/")
        if path.rsplit("/", 1)[-1].startswith("."):
            continue
        files = fs.find(path, detail=True) if entry["type"] == "directory" else {path: entry}
        if files:
            state = [(name, about["size"], _changed(about)) for name, about in sorted(files.items())]
            yield crawl_key(fs.unstrip_protocol(path)), sha256(canonical_json(state))


def _changed(about: dict[str, Any]) -> list[str]:
    return [str(about[name]) for name in CHANGED_BY if name in about]
