"""Archives: zip and tar files as folders of a crawl, each file in them under a URL of its own that can be opened again.

    bytes:1234+5678::file:///data/a.wacz     what lies in an archive as it is
    member:7::file:///data/a.tar.gz          what has to be decompressed, to a temporary file: its number

Nothing is written under a name that an archive has, and nothing is held but the names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import fsspec

from corpus.archive.codecs import detect_compression
from corpus.archive.decompression import DecompressedStream
from corpus.archive.lookahead import LookaheadReader
from corpus.sources.members import Member, Unread
from corpus.sources.sections import Section
from corpus.sources.tarfiles import BLOCK, begins_tar, read_tar
from corpus.sources.zipfiles import STARTS, read_zip

ZIP, TAR = "zip", "tar"
MEMBER_URL = re.compile(r"(?:bytes:(\d+)\+(\d+)|member:(\d+))::(.+)", re.DOTALL)


def detect_archive(file: IO[bytes]) -> str | None:
    """ZIP, TAR or None, by the first bytes."""
    try:
        compression = detect_compression(file)
    except ValueError:
        return None
    file.seek(0)
    read = file.read if compression is None else DecompressedStream(file, compression).read
    head = LookaheadReader(read).peek(BLOCK)
    if compression is None and head.startswith(STARTS):
        return ZIP
    return TAR if begins_tar(head) else None


def read_archive(kind: str, file: IO[bytes], size: int, only: int | None = None) -> Iterator[Member | Unread]:
    """The files of an archive; `only`: that with this number alone."""
    return read_zip(file, size, only) if kind == ZIP else read_tar(file, size, detect_compression(file), only)


def member_name(name: str) -> str | None:
    """The name of a file in an archive, relative to it; None where it leads elsewhere, or cannot be shown."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    if name.startswith(("/", "\\")) or re.match("[A-Za-z]:", name) or ".." in parts or not name.isprintable():
        return None
    return "/".join(parts) or None


def member_url(member: Member, archive_url: str) -> str:
    where = f"member:{member.number}" if member.start is None else f"bytes:{member.start}+{member.bytes}"
    return f"{where}::{archive_url}"


@contextmanager
def open_source(url: str) -> Iterator[tuple[IO[bytes], int]]:
    """(the file of a crawl, which can seek, its size): at any fsspec URL, or in an archive. Raises OSError where there
    is none."""
    found = MEMBER_URL.fullmatch(url)
    fs, path = fsspec.core.url_to_fs(found[4] if found else url)
    with fs.open(path, "rb") as file:
        size = fs.size(path)
        if found is None:
            yield file, size
        elif found[3] is None:
            with Section(file, int(found[1]), int(found[2])) as section:
                yield section, int(found[2])  # type: ignore[misc]
        else:
            yield from _numbered(file, size, int(found[3]), found[4])


def _numbered(file: IO[bytes], size: int, number: int, url: str) -> Iterator[tuple[IO[bytes], int]]:
    kind = detect_archive(file)
    for member in read_archive(kind, file, size, number) if kind is not None else ():
        if isinstance(member, Member):
            yield member.file, member.bytes
            return
    raise FileNotFoundError(f"{url} is no archive, or has no file with the number {number}")
