"""Zip: the files in a zip archive, among them WACZ: a crawl's WARC files below archive/, with indexes beside them.

What is stored as it is, as WACZ wants its WARC files, is read where it lies; what is deflated, from a copy. Sources:
PKWARE's APPNOTE 6.3; WACZ 1.1.1 (specs.webrecorder.net/wacz/1.1.1).
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from corpus.archive.decompression import MAX_RATIO
from corpus.archive.members import MAX_DECOMPRESSED
from corpus.sources.members import Member, Unread
from corpus.sources.sections import Section, copy_content

STARTS = (b"PK\x03\x04", b"PK\x05\x06")
# What zipfile raises on bytes that are no zip, or no longer one.
ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    OverflowError,
    NotImplementedError,
)
MAX_MEMBERS = 1_000_000
LOCAL_HEADER = struct.Struct("<4s22xHH")  # APPNOTE 4.3.7
ENCRYPTED = 0x1
WACZ_INDEX, WACZ_FOLDER = "datapackage.json", "archive/"


def read_zip(file: IO[bytes], size: int, first: int = 0) -> Iterator[Member | Unread]:
    """The files of an archive of `size` bytes, from that with the number `first` on."""
    try:
        file.seek(0)
        archive = zipfile.ZipFile(file)
        infos = archive.infolist()
    except ERRORS as error:
        yield Unread(
            name="", why=f"it begins like a zip, but its directory cannot be read ({error}): it may be cut off"
        )
        return
    expanded = sum(info.file_size for info in infos)
    if expanded > max(MAX_DECOMPRESSED, MAX_RATIO * size) or len(infos) > MAX_MEMBERS:
        yield Unread(
            name="", why=f"its {len(infos)} files say that they have {expanded} bytes in all: a bomb, not read"
        )
        return
    names = {info.filename for info in infos}
    is_wacz = WACZ_INDEX in names and any(name.startswith(WACZ_FOLDER) for name in names)
    for number, info in enumerate(infos):
        if info.is_dir() or number < first:
            continue
        if is_wacz and not info.filename.startswith(WACZ_FOLDER):
            yield Unread(name=info.filename, why="it is part of a WACZ, but no WARC file: those are below archive/")
        elif info.flag_bits & ENCRYPTED:
            yield Unread(name=info.filename, why="it is encrypted: decrypt it first")
        elif info.compress_type == zipfile.ZIP_STORED:
            yield from _stored(file, size, info, number)
        elif info.compress_type == zipfile.ZIP_DEFLATED:
            yield from _deflated(archive, info, number)
        else:
            why = f"it is compressed by method {info.compress_type}; wanted is deflate (8) or none (0)"
            yield Unread(name=info.filename, why=why)


def _stored(file: IO[bytes], size: int, info: zipfile.ZipInfo, number: int) -> Iterator[Member | Unread]:
    try:
        file.seek(info.header_offset)
        magic, name, extra = LOCAL_HEADER.unpack(file.read(LOCAL_HEADER.size))
    except (struct.error, OSError, ValueError):
        magic = b""
    if magic != STARTS[0]:
        yield Unread(name=info.filename, why="the zip has no file where its directory says")
        return
    start = info.header_offset + LOCAL_HEADER.size + name + extra
    there = max(0, min(info.compress_size, size - start))
    with Section(file, start, there) as section:
        yield Member(name=info.filename, number=number, file=section, bytes=there, start=start)  # type: ignore[arg-type]
    if there < info.compress_size:
        yield Unread(name=info.filename, why=f"it ends early: the first {there} of {info.compress_size} bytes are read")


def _deflated(archive: zipfile.ZipFile, info: zipfile.ZipInfo, number: int) -> Iterator[Member | Unread]:
    problem: list[str] = []
    try:
        opened = archive.open(info)
    except (*ERRORS, RuntimeError) as error:
        yield Unread(name=info.filename, why=f"it cannot be read ({error})")
        return

    def read(most: int) -> bytes:
        try:
            return opened.read(most)
        except ERRORS as error:
            problem.append(str(error))
            return b""

    with opened:
        copy, copied = copy_content(read, info.file_size)
    with copy:
        yield Member(name=info.filename, number=number, file=copy, bytes=copied, start=None)
    if problem or copied < info.file_size:
        why = problem[0] if problem else "truncated"
        yield Unread(name=info.filename, why=f"it is damaged ({why}): the first {copied} bytes of it are read")
