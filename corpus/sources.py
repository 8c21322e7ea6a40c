"""Sources: the files of a crawl, at any fsspec URL, named so that their names mean the same on every machine."""

from __future__ import annotations

import hashlib
import posixpath
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

import fsspec

SUFFIXES = (".warc", ".warc.gz")
GZIP_MAGIC = b"\x1f\x8b"
SNIFF_BYTES = 4096
READ_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """`name` is the path inside the crawl (it is part of a document's identity), `url` is where it lies today.
    `splittable`: gzip, so that a reader can begin at any byte and find the next record."""

    name: str
    url: str
    bytes: int
    sha256: str
    splittable: bool


@dataclass(frozen=True, kw_only=True)
class Crawl:
    """`skipped` maps the name of a file that is not read to what was found in it."""

    id: str
    files: tuple[SourceFile, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)

    @property
    def digests(self) -> dict[str, str]:
        return {file.name: file.sha256 for file in self.files}


def crawl_id(url: str) -> str:
    """The last part of a path or URL, without its WARC suffix: `s3://bucket/CC-MAIN-2026-01/` -> `CC-MAIN-2026-01`."""
    name = posixpath.basename(url.rstrip("/"))
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        name = name.removesuffix(suffix)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")
    if not name:
        raise ValueError(f"no name for a crawl can be made of {url!r}: give the path of a WARC file or of its folder")
    return name


def open_crawl(url: str) -> Crawl:
    """Finds and digests the WARC files of a file or folder.

    Raises FileNotFoundError when there is nothing, ValueError when nothing in it is a WARC; both say what was found.
    In a folder, a file that only looks like a WARC is skipped and reported; named by itself, it is an error.
    """
    fs, root = fsspec.core.url_to_fs(url)
    if not fs.exists(root):
        raise FileNotFoundError(f"{url} does not exist: --crawl takes a WARC file or a folder of them")
    if not fs.isdir(root):
        found = _describe(fs, root)
        if found is not None:
            raise ValueError(f"{url} is no WARC file: {found}; --crawl takes .warc or .warc.gz")
        return Crawl(id=crawl_id(url), files=(_file(fs, root, posixpath.basename(root)),))
    paths = sorted(fs.find(root))
    names = {path: path[len(root.rstrip("/")) + 1 :] for path in paths}
    candidates = [path for path in paths if path.lower().endswith(SUFFIXES)]
    if not candidates:
        seen = ", ".join(list(names.values())[:5]) or "nothing"
        raise ValueError(f"{url} holds no .warc or .warc.gz file; found: {seen}")
    skipped = {names[path]: f"not a {' or '.join(SUFFIXES)} file" for path in paths if path not in candidates}
    files = []
    for path in candidates:
        found = _describe(fs, path)
        if found is None:
            files.append(_file(fs, path, names[path]))
        else:
            skipped[names[path]] = found
    if not files:
        raise ValueError(f"no file in {url} is a WARC: " + "; ".join(f"{k}: {v}" for k, v in sorted(skipped.items())))
    return Crawl(id=crawl_id(url), files=tuple(files), skipped=skipped)


def _file(fs: Any, path: str, name: str) -> SourceFile:
    digest, size = hashlib.sha256(), 0
    with fs.open(path, "rb") as file:
        splittable = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        file.seek(0)
        for block in _blocks(file):
            digest.update(block)
            size += len(block)
    return SourceFile(
        name=name, url=fs.unstrip_protocol(path), bytes=size, sha256=digest.hexdigest(), splittable=splittable
    )


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(READ_CHUNK):
        yield block


def _describe(fs: Any, path: str) -> str | None:
    """None for a WARC; else what the file begins with."""
    with fs.open(path, "rb") as file:
        head = file.read(SNIFF_BYTES)
    if not head:
        return "it is empty (0 bytes)"
    start = head
    if head.startswith(GZIP_MAGIC):
        try:
            start = zlib.decompressobj(31).decompress(head, 64)
        except zlib.error as error:
            return f"it begins like gzip, but cannot be decompressed ({error})"
    if start.startswith(b"WARC/"):
        return None
    kind = "gzip of " if head.startswith(GZIP_MAGIC) else ""
    return f"it begins with {kind}{start[:40]!r}, a WARC begins with b'WARC/1.0' or b'WARC/1.1'"
