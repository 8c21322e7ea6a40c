"""Listing: a path, URL or Common Crawl id -> the files of a crawl, under names that mean the same everywhere."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any

import fsspec

from corpus.sources import commoncrawl
from corpus.sources.archives import detect_archive, member_name, member_url, read_archive
from corpus.sources.kinds import WANTED, detect_source
from corpus.sources.members import Unread
from corpus.sources.rows import CONVENTION, Columns

READ_CHUNK = 1 << 20
MOST_LISTED = 5  # files in a message
HIDDEN = "it is hidden"
SUFFIX = re.compile(
    r"(?:\.(?:warc|arc|wet|wat|parquet|jsonl|ndjson|json|csv|tsv|txt|md|html|htm|xml|wacz|zip|tar|tgz))+(?:\.(?:gz|zst|lz4|bz2))?$",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """`name` is the path inside the crawl (it is part of a document's identity), `url` is where it lies today, for
    corpus.sources.archives.open_source, `kind` what reads it. `splittable`: a reader can begin at any byte and find the
    next record."""

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
    fs, root = fsspec.core.url_to_fs(url, use_listings_cache=False)  # a store's files may have changed since
    if not fs.exists(root):
        raise FileNotFoundError(
            f"{url} does not exist: --crawl takes a file ({WANTED}), a folder of them, or a Common Crawl id such as "
            f"{commoncrawl.EXAMPLE}"
        )
    listing = _Listing(columns=columns)
    if not fs.isdir(root):
        listing.add(fs, root, posixpath.basename(root))
        if not listing.files:
            raise ValueError(f"{url} cannot be read: {_list_some(listing.skipped, posixpath.basename(root))}")
    else:
        for path in sorted(fs.find(root)):
            listing.add(fs, path, path[len(root.rstrip("/")) + 1 :])
        if not listing.files:
            raise ValueError(f"{url} holds nothing to read; found: {_list_some(listing.skipped) or 'nothing'}")
    return Crawl(id=crawl_id(url), files=tuple(listing.files), skipped=listing.skipped)


def _common_crawl(known: commoncrawl.CommonCrawlId, columns: Columns) -> Crawl:
    listing, fs = _Listing(columns=columns), fsspec.filesystem("file")
    for name, path in commoncrawl.download_files(known):
        listing.add(fs, str(path), name)
    if not listing.files:
        raise ValueError(f"no file of {known.crawl} can be read: {listing.skipped}")
    return Crawl(id=known.crawl, files=tuple(listing.files), skipped=listing.skipped)


def _list_some(skipped: Mapping[str, str], alone: str | None = None) -> str:
    if alone is not None and list(skipped) == [alone]:
        return skipped[alone]
    listed = [f"{name}: {why}" for name, why in sorted(skipped.items())]
    return "; ".join(
        [*listed[:MOST_LISTED], *([f"{len(listed) - MOST_LISTED} more"] if len(listed) > MOST_LISTED else [])]
    )


def _hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


@dataclass(kw_only=True)
class _Listing:
    """The files of a crawl that were found so far."""

    columns: Columns
    files: list[SourceFile] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)

    def add(self, fs: Any, path: str, name: str) -> None:
        """A file, or of an archive all files in it."""
        if _hidden(name):
            self.skipped[name] = HIDDEN
            return
        url = fs.unstrip_protocol(path)
        with fs.open(path, "rb") as file:
            kind = detect_archive(file)
            if kind is None:
                self._add_file(file, name, url)
            else:
                self._add_archive(file, kind, fs.size(path), name, url)

    def _add_archive(self, file: IO[bytes], kind: str, size: int, name: str, url: str) -> None:
        names: set[str] = set()
        before = len(self.files) + len(self.skipped)
        for member in read_archive(kind, file, size):
            inner = member_name(member.name)
            label = f"{name}/{inner or ascii(member.name)}" if member.name else name
            if isinstance(member, Unread):
                self.skipped[label] = member.why
            elif inner is None:
                self.skipped[label] = "its name leads out of the archive, or cannot be shown: rename it"
            elif inner in names:
                self.skipped[f"{label} (file {member.number})"] = "an earlier file of the archive has its name"
            elif _hidden(inner):
                self.skipped[label] = HIDDEN
            elif detect_archive(member.file) is not None:
                self.skipped[label] = "it is an archive in an archive: unpack it"
            else:
                names.add(inner)
                self._add_file(member.file, label, member_url(member, url), can_split=member.start is not None)
        if len(self.files) + len(self.skipped) == before:
            self.skipped[name] = f"it is a {kind} file without files in it"

    def _add_file(self, file: IO[bytes], name: str, url: str, can_split: bool = True) -> None:
        source, why = detect_source(name, file, self.columns)
        if source is None:
            self.skipped[name] = str(why)
            return
        splittable = can_split and source.splittable(file)
        digest, size = hashlib.sha256(), 0
        file.seek(0)
        while block := file.read(READ_CHUNK):
            digest.update(block)
            size += len(block)
        self.files.append(
            SourceFile(
                name=name, url=url, bytes=size, sha256=digest.hexdigest(), splittable=splittable, kind=source.name
            )
        )
