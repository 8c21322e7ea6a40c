"""Pages: a WARC record -> one HTML page, decoded from its transfer, or the reason why it is none. And what is text
already, from a source without HTML."""

from __future__ import annotations

import base64
import hashlib
import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from fastwarc.stream_io import BrotliReader, ChunkedReader, GzipReader, ZstdReader
from fastwarc.warc import WarcRecord, WarcRecordType

from corpus import optout
from corpus.text import normalise

MAX_HTML = 10 << 20  # bytes of a decoded body; the web's longest real pages are near 5 MB
HTML_TYPES = ("text/html", "application/xhtml+xml")


@dataclass(frozen=True, kw_only=True)
class Page:
    """`declared_charset` is the HTTP header's, or None. `fetched_at` is None where the record's date is unusable.
    `opt_out` holds the headers in which a sender can refuse."""

    url: str | None
    host: str | None
    fetched_at: datetime | None
    payload_digest: str
    declared_charset: str | None
    opt_out: tuple[tuple[str, str], ...]
    html: bytes


@dataclass(frozen=True, kw_only=True)
class Text:
    """A document of a source that holds text, not HTML. `charset` is what its `bytes` bytes were decoded by."""

    url: str | None
    host: str | None
    fetched_at: datetime | None
    payload_digest: str
    charset: str
    bytes: int
    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class NotAPage:
    """Why a record is no page. `broken` records could not be read: they are quarantined, not dropped."""

    reason: str
    detail: str = ""
    broken: bool = False


def read_page(record: WarcRecord) -> Page | NotAPage:
    """Never raises on a record's content."""
    if record.record_type != WarcRecordType.response:
        return NotAPage(reason=f"not_a_response:{record.record_type}")
    url = record_url(record)
    if url is not None and not url.startswith(("http://", "https://")):
        return NotAPage(reason="not_http", detail=url[:200])
    try:
        record.parse_http(auto_decode="none", quirks_mode=True)
    except (OSError, ValueError) as error:
        return NotAPage(reason="bad_http_header", detail=str(error)[:200], broken=True)
    headers = record.http_headers
    if headers is None or headers.status_code is None:
        return NotAPage(reason="bad_http_header", detail="no HTTP status line", broken=True)
    if headers.status_code != 200:
        return NotAPage(reason="http_status", detail=str(headers.status_code))
    kind = (headers.get("Content-Type") or "").split(";")[0].strip().lower()
    if kind and kind not in HTML_TYPES:
        return NotAPage(reason="not_html", detail=kind[:100])
    body = _body(record)
    if isinstance(body, NotAPage):
        return body
    if not body.strip():
        return NotAPage(reason="empty_body")
    if not kind and b"<" not in body[:1024]:
        return NotAPage(reason="not_html", detail=f"no Content-Type, begins {body[:20]!r}")
    return Page(
        url=url,
        host=_host(url),
        fetched_at=_plausible(record.record_date),
        payload_digest=_digest(body),
        declared_charset=record.http_charset,
        opt_out=tuple((name, value) for name, value in headers if name.lower() in optout.HEADERS),
        html=body,
    )


def read_text(
    text: str, *, url: str | None = None, title: str = "", date: datetime | None = None, charset: str = "utf-8"
) -> Text | NotAPage:
    """A document of text as a source has it, in the project's one form of text."""
    clean = normalise(text)
    if not clean.strip():
        return NotAPage(reason="no_text")
    payload = text.encode("utf-8", errors="surrogatepass")
    return Text(
        url=url,
        host=_host(url),
        fetched_at=_plausible(date),
        payload_digest=_digest(payload),
        charset=charset,
        bytes=len(payload),
        title=normalise(" ".join(title.split())),
        text=clean,
    )


def read_conversion(record: WarcRecord) -> Text | NotAPage:
    """The text of a WET file's record: what somebody else extracted, taken as it is (WARC/1.1, 6.9)."""
    kind = (record.headers.get("Content-Type") or "").split(";")[0].strip().lower()
    if kind != "text/plain":
        return NotAPage(reason="not_text", detail=kind[:100])
    try:
        text = record.reader.read().decode("utf-8")
    except UnicodeDecodeError as error:
        return NotAPage(reason="undecodable", detail=str(error)[:200])
    return read_text(text, url=record_url(record), date=record.record_date)


def _digest(payload: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(payload).digest()).decode()


def _body(record: WarcRecord) -> bytes | NotAPage:
    """The body without its transfer and content encodings, capped while it is decoded."""
    headers = record.http_headers
    layers = [
        name.strip().lower()
        for header in ("Transfer-Encoding", "Content-Encoding")
        for name in reversed((headers.get(header) or "").split(","))
        if name.strip().lower() not in ("", "identity")
    ]
    unknown = set(layers) - ENCODINGS.keys()
    if unknown:
        return NotAPage(reason="unknown_encoding", detail=", ".join(sorted(unknown))[:100])
    raw = body = record.reader.read()
    for name in layers:
        decoded = _decode(name, body)
        if decoded:
            body = decoded
        elif body and b"<" not in body[:2048]:  # markup in plain sight: many crawlers store bodies already decoded
            return NotAPage(reason="bad_http_body", detail=f"cannot be decoded as {name}", broken=True)
        if len(body) > MAX_HTML:
            return NotAPage(reason="bomb" if len(raw) < MAX_HTML else "too_large", detail=f"over {MAX_HTML} bytes")
    return body if len(body) <= MAX_HTML else NotAPage(reason="too_large", detail=f"{len(body)} bytes")


def _decode(name: str, body: bytes) -> bytes | None:
    """At most MAX_HTML + 1 bytes of one decoded layer, or None when it is not encoded so."""
    try:
        return ENCODINGS[name](io.BytesIO(body)).read(MAX_HTML + 1)
    except OSError:
        return None


def _deflate(stream: io.BytesIO) -> io.BytesIO:
    """RFC 9110 means zlib by "deflate"; many servers send it without zlib's header."""
    body = stream.getvalue()
    for bits in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        try:
            return io.BytesIO(zlib.decompressobj(bits).decompress(body, MAX_HTML + 1))
        except zlib.error:
            continue
    raise OSError("neither zlib nor raw deflate")


ENCODINGS: dict[str, Callable[[io.BytesIO], Any]] = {
    "chunked": ChunkedReader,
    "gzip": GzipReader,
    "x-gzip": GzipReader,
    "br": BrotliReader,
    "zstd": ZstdReader,
    "deflate": _deflate,
}


def record_url(record: WarcRecord) -> str | None:
    url = record.headers.get("WARC-Target-URI")
    return url.strip().strip("<>") if url else None


def _host(url: str | None) -> str | None:
    try:
        return urlsplit(url).hostname if url else None
    except ValueError:
        return None


def _plausible(date: datetime | None) -> datetime | None:
    if date is None or not 1990 <= date.year <= 2100:
        return None
    return date.astimezone(UTC).replace(microsecond=0)
