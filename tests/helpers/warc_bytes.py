"""WARC files made byte by byte, so that a test says exactly what is wrong with them."""

from __future__ import annotations

import gzip
import io
import itertools
from collections.abc import Sequence

from corpus.archive.parsing import DamagedRange, Record
from corpus.archive.ranges import FileRange
from corpus.archive.records import read_records

HTML = b"<html><body><p>Water runs downhill.</p></body></html>"


def http(body: bytes = HTML, *headers: str, status: str = "200 OK", kind: str | None = "text/html") -> bytes:
    """An HTTP response as it went over the wire."""
    lines = [f"HTTP/1.1 {status}", *([f"Content-Type: {kind}"] if kind else []), *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def record(
    block: bytes | None = None,
    *,
    kind: str = "response",
    uri: str | None = "http://river.example/",
    date: str = "2024-05-06T07:08:09Z",
    version: str = "1.1",
    length: str | None = "",
    end: bytes = b"\r\n",
) -> bytes:
    """One plain record. `length`: "" for the right Content-Length, None for none."""
    block = http() if block is None else block
    headers = [f"WARC/{version}", f"WARC-Type: {kind}", f"WARC-Date: {date}"]
    headers += [f"WARC-Target-URI: {uri}"] if uri is not None else []
    headers += ["Content-Type: application/http; msgtype=response"]
    headers += [f"Content-Length: {length or len(block)}"] if length is not None else []
    return end.join(header.encode() for header in headers) + end + end + block + end + end


def member(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def three(*, compressed: bool = True) -> list[bytes]:
    """Three records with bodies of their own; gzip members of different lengths, or plain."""
    plain = [record(http(HTML * times, f"X-Number: {times}")) for times in (1, 2, 3)]
    return [member(data) for data in plain] if compressed else plain


def read(data: bytes, start: int = 0, stop: int | None = None) -> list[Record | DamagedRange]:
    return list(
        read_records(io.BytesIO(data), len(data), FileRange(start=start, stop=len(data) if stop is None else stop))
    )


def outcomes(found: Sequence[Record | DamagedRange]) -> list[tuple[int, int, str]]:
    """(offset, length, "record" or why there is none)."""
    return [(item.offset, item.length, item.reason if isinstance(item, DamagedRange) else "record") for item in found]


def spans(data: bytes, cuts: Sequence[int]) -> list[FileRange]:
    return [FileRange(start=start, stop=stop) for start, stop in itertools.pairwise([0, *cuts, len(data)])]


def settled(data: bytes, cuts: Sequence[int]) -> list[tuple[int, int, str]]:
    """What ranges read when each that began wrongly is read again, as ingest does."""
    items: list[tuple[int, int, str]] = []
    before: FileRange | None = None
    for cut in spans(data, cuts):
        span = cut
        part = list(read_records(io.BytesIO(data), len(data), span))
        if before is not None and span.begins != before.ends:
            assert before.ends is not None
            span = FileRange(start=before.ends, stop=span.stop, exact=True)
            part = list(read_records(io.BytesIO(data), len(data), span))
        items += outcomes(part)
        before = span
    return items
