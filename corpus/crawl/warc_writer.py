"""WARC writer: responses -> WARC/1.1 files (ISO 28500:2017), one gzip member per record, the same bytes every time.

A file is written under a temporary name, synced and renamed when it is complete: a name that ends in .warc.gz is a
whole file. Compressed bytes are those of the zlib in use (zlib-ng compresses otherwise, to the same records).
"""

from __future__ import annotations

import base64
import hashlib
import os
import uuid
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

GZIP = 16 + zlib.MAX_WBITS  # zlib writes a gzip head with no name and mtime 0
Headers = tuple[tuple[str, str], ...]


class WarcWriter:
    """Writes <name>-00000.warc.gz, <name>-00001.warc.gz, ... into a folder; a new one when `warc_bytes` is reached.

    `info` becomes the warcinfo record that starts each file. Used as a context manager: leaving it by an exception
    removes the unfinished file. Raises FileExistsError when the folder already holds files of this name.
    """

    def __init__(self, folder: Path, name: str, *, warc_bytes: int, date: str, info: Mapping[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        present = sorted(folder.glob(f"{name}-[0-9]*.warc.gz"))
        if present:
            raise FileExistsError(f"{present[0]} exists: crawl into an empty folder, or remove the old files first")
        self._folder = folder
        self._name = name
        self._warc_bytes = warc_bytes
        self._date = date
        self._info = info
        self._file: BinaryIO | None = None
        self.files: list[Path] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is None:
            return
        if kind is None:
            self._finish()
        else:
            self._file.close()
            self._temporary().unlink()

    def write(
        self, url: str, *, date: str, address: str, request: Headers, status_line: str, headers: Headers, body: bytes
    ) -> None:
        """Writes a response record and the request record that belongs to it, both into one file.

        `request` and `headers` are written as they are; the request line is made from the URL.
        """
        response_id = record_id("response", url, date)
        common = (("WARC-Target-URI", url), ("WARC-IP-Address", address))
        target = url.split("/", 3)[3]
        pair = record(
            "response",
            response_id,
            date,
            (*common, ("WARC-Payload-Digest", digest(body))),
            "application/http; msgtype=response",
            http_head(status_line, headers) + body,
        ) + record(
            "request",
            record_id("request", url, date),
            date,
            (*common, ("WARC-Concurrent-To", response_id)),
            "application/http; msgtype=request",
            http_head(f"GET /{target} HTTP/1.1", request),
        )
        if self._file is not None and self._file.tell() + len(pair) > self._warc_bytes:
            self._finish()
        if self._file is None:
            self._file = self._start()
        self._file.write(pair)

    def _path(self) -> Path:
        return self._folder / f"{self._name}-{len(self.files):05d}.warc.gz"

    def _temporary(self) -> Path:
        return self._path().with_suffix(".gz.tmp")

    def _start(self) -> BinaryIO:
        file = self._temporary().open("wb")
        name = self._path().name
        fields = "".join(f"{key}: {value}\r\n" for key, value in self._info.items()).encode()
        named = (("WARC-Filename", name),)
        file.write(
            record(
                "warcinfo",
                record_id("warcinfo", name, self._date),
                self._date,
                named,
                "application/warc-fields",
                fields,
            )
        )
        return file

    def _finish(self) -> None:
        assert self._file is not None
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._file = None
        path = self._path()
        os.replace(self._temporary(), path)
        self.files.append(path)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def record(kind: str, identity: str, date: str, headers: Headers, content_type: str, block: bytes) -> bytes:
    """One compressed record: its head in a fixed order, its block, two line ends."""
    fields = (
        ("WARC-Type", kind),
        ("WARC-Record-ID", identity),
        ("WARC-Date", date),
        *headers,
        ("WARC-Block-Digest", digest(block)),
        ("Content-Type", content_type),
        ("Content-Length", str(len(block))),
    )
    compressor = zlib.compressobj(6, zlib.DEFLATED, GZIP)
    plain = http_head("WARC/1.1", fields)
    return compressor.compress(plain) + compressor.compress(block + b"\r\n\r\n") + compressor.flush()


def http_head(first_line: str, headers: Headers) -> bytes:
    lines = [first_line, *(f"{key}: {value}" for key, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace")


def digest(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


def record_id(kind: str, url: str, date: str) -> str:
    """An identifier derived from the record, so that it is the same every time; usually it is random."""
    return f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{kind} {url} {date}')}>"
