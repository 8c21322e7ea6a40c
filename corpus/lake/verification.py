"""Verification: whether the files of a dataset are what its manifest says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake


def find_damage(lake: Lake, manifest: Manifest) -> Iterator[str]:
    """Reads every byte of a dataset again: yields what differs from its manifest, naming the file."""
    if manifest.counts.lost:
        yield f"{lake.folder(manifest)}/manifest.json: {manifest.counts.lost} records unaccounted for"
    for entry in manifest.files:
        path = f"{lake.folder(manifest)}/{entry.path}"
        try:
            size, digest = _digest(lake, path)
        except FileNotFoundError:
            yield f"{path}: missing"
            continue
        if (size, digest) != (entry.bytes, entry.sha256):
            yield f"{path}: {size} bytes, sha256 {digest}; the manifest has {entry.bytes} bytes, {entry.sha256}"


def find_misplaced(lake: Lake, manifest: Manifest) -> Iterator[str]:
    """Yields the files of a dataset that are missing or have another size. Reads none of them."""
    for entry in manifest.files:
        path = f"{lake.folder(manifest)}/{entry.path}"
        try:
            size = lake.fs.size(path)
        except FileNotFoundError:
            yield f"{path}: missing"
            continue
        if size != entry.bytes:
            yield f"{path}: {size} bytes; the manifest has {entry.bytes}"


def _digest(lake: Lake, path: str) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    for block in lake.blocks(path):
        digest.update(block)
        size += len(block)
    return size, digest.hexdigest()
