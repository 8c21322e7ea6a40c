"""Archives: zip and tar files as folders of a crawl, each file in them under a URL of its own that can be opened again.

    bytes:1234+5678::file:///data/a.wacz     what lies in an archive as it is
    member:7::file:///data/a.tar.gz          what has to be decompressed, to a temporary file: its number

Nothing is written under a name that an archive has, and nothing is held but the names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
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


def read_archive(kind: str, file: IO[bytes], size: int, first: int = 0) -> Iterator[Member | Unread]:
    """The files of an archive, from that with the number `first` on."""
    return read_zip(file, size, first) if kind == ZIP else read_tar(file, size, detect_compression(file), first)


def member_name(name: str) -> str | None:
    """The name of a file in an archive, relative to it; None where it leads elsewhere, or cannot be shown."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    if name.startswith(("/", "\\")) or re.match("[A-Za-z]:", name) or ".." in parts or not name.isprintable():
        return None
    return "/".join(parts) or None


def member_url(member: Member, archive_url: str) -> str:
    where = f"member:{member.number}" if member.start is None else f"bytes:{member.start}+{member.bytes}"
    return f"{where}::{archive_url}"


class SourceOpener:
    """Opens the files of a crawl, one at a time: at any fsspec URL, or in an archive. A compressed archive stays open,
    so that its files, asked for in their order, are decompressed once and not each from the start."""

    def __init__(self) -> None:
        self._archive = ""
        self._next = 0
        self._members: Iterator[Member | Unread] = iter(())
        self._opened = ExitStack()

    @contextmanager
    def open(self, url: str) -> Iterator[tuple[IO[bytes], int]]:
        """(the file, which can seek, its size). Raises OSError where there is none."""
        found = MEMBER_URL.fullmatch(url)
        if found is not None and found[3] is not None:
            member = self._member(found[4], int(found[3]))
            yield member.file, member.bytes
            return
        fs, path = fsspec.core.url_to_fs(found[4] if found else url)
        with fs.open(path, "rb") as file:
            if found is None:
                yield file, fs.size(path)
            else:
                with Section(file, int(found[1]), int(found[2])) as section:
                    yield section, int(found[2])  # type: ignore[misc]

    def close(self) -> None:
        self._archive, self._members = "", iter(())
        self._opened.close()

    def _member(self, archive: str, number: int) -> Member:
        if archive != self._archive or number < self._next:
            self.close()
            fs, path = fsspec.core.url_to_fs(archive)
            file = self._opened.enter_context(fs.open(path, "rb"))
            kind = detect_archive(file)
            self._members = read_archive(kind, file, fs.size(path), number) if kind is not None else iter(())
            self._archive = archive
        for member in self._members:
            if isinstance(member, Member) and member.number == number:
                self._next = number + 1
                return member
        self.close()
        raise FileNotFoundError(f"{archive} is no archive, or has no file with the number {number}")


@contextmanager
def open_source(url: str) -> Iterator[tuple[IO[bytes], int]]:
    """One file of a crawl, as SourceOpener has it."""
    opener = SourceOpener()
    try:
        with opener.open(url) as opened:
            yield opened
    finally:
        opener.close()
