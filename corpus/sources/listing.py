"""Listing: a path, URL or Common Crawl id -> the files of a crawl, under names that mean the same everywhere."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import fsspec

from corpus.sources import commoncrawl
from corpus.sources.kinds import WANTED, detect_source
from corpus.sources.rows import CONVENTION, Columns

READ_CHUNK = 1 << 20
SUFFIX = re.compile(
    r"(?:\.(?:warc|arc|wet|wat|parquet|jsonl|ndjson|json|csv|tsv|txt|md|html|htm|xml|wacz|zip|tar|tgz))+(?:\.(?:gz|zst|lz4|bz2))?$",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """`name` is the path inside the crawl (it is part of a document's identity), `url` is where it lies today, `kind`
    what reads it. `splittable`: a reader can begin at any byte and find the next record."""

    name: str
    url: str
    bytes: int
    sha256: str
    splittable: bool
    kind: str = "web"


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
    """The last part of a path or URL, without what tells its kind: `s3://bucket/CC-MAIN-2026-01/` -> `CC-MAIN-2026-01`.
    A Common Crawl id is the same however many of its files are taken."""
    known = commoncrawl.parse_crawl_id(url)
    if known is not None:
        return known.crawl
    name = SUFFIX.sub("", posixpath.basename(url.rstrip("/")))
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")
    if not name:
        raise ValueError(f"no name for a crawl can be made of {url!r}: give the path of a file or of a folder of them")
    return name


def open_crawl(url: str, columns: Columns = CONVENTION) -> Crawl:
    """Finds and digests the files of a file, a folder, or a Common Crawl id, which it downloads first. `columns`: of
    files that have rows.

    Raises FileNotFoundError when there is nothing, ValueError when nothing in it can be read; both say what was found.
    In a folder, a file of no known kind is skipped and reported; named by itself, it is an error.
    """
    known = commoncrawl.parse_crawl_id(url)
    if known is not None:
        return _common_crawl(known, columns)
    fs, root = fsspec.core.url_to_fs(url)
    if not fs.exists(root):
        raise FileNotFoundError(
            f"{url} does not exist: --crawl takes a file ({WANTED}), a folder of them, or a Common Crawl id such as "
            f"{commoncrawl.EXAMPLE}"
        )
    if not fs.isdir(root):
        file = _file(fs, root, posixpath.basename(root), columns)
        if isinstance(file, str):
            raise ValueError(f"{url} cannot be read: {file}")
        return Crawl(id=crawl_id(url), files=(file,))
    files, skipped = [], {}
    for path in sorted(fs.find(root)):
        name = path[len(root.rstrip("/")) + 1 :]
        found = "it is hidden" if _hidden(name) else _file(fs, path, name, columns)
        if isinstance(found, str):
            skipped[name] = found
        else:
            files.append(found)
    if not files:
        listed = [f"{name}: {why}" for name, why in sorted(skipped.items())]
        rest = [f"{len(listed) - 5} more"] if len(listed) > 5 else []
        raise ValueError(f"{url} holds nothing to read; found: {'; '.join([*listed[:5], *rest]) or 'nothing'}")
    return Crawl(id=crawl_id(url), files=tuple(files), skipped=skipped)


def _common_crawl(known: commoncrawl.CommonCrawlId, columns: Columns) -> Crawl:
    files, skipped = [], {}
    fs = fsspec.filesystem("file")
    for name, path in commoncrawl.download_files(known):
        found = _file(fs, str(path), name, columns)
        if isinstance(found, str):
            skipped[name] = found
        else:
            files.append(found)
    if not files:
        raise ValueError(f"no file of {known.crawl} can be read: {skipped}")
    return Crawl(id=known.crawl, files=tuple(files), skipped=skipped)


def _hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def _file(fs: Any, path: str, name: str, columns: Columns) -> SourceFile | str:
    """The file, or why it is not read."""
    digest, size = hashlib.sha256(), 0
    with fs.open(path, "rb") as file:
        source, why = detect_source(name, file, columns)
        if source is None:
            return str(why)
        splittable = source.splittable(file)
        file.seek(0)
        while block := file.read(READ_CHUNK):
            digest.update(block)
            size += len(block)
    return SourceFile(
        name=name,
        url=fs.unstrip_protocol(path),
        bytes=size,
        sha256=digest.hexdigest(),
        splittable=splittable,
        kind=source.name,
    )
