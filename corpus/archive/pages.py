"""Pages: a WARC record -> one HTML page, decoded from its transfer, or the reason why it is none. And what is text
already, from a source without HTML."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from fastwarc.warc import WarcRecord, WarcRecordType

from corpus.archive.encodings import ENCODINGS, decode_body
from corpus.archive.headers import (
    ALREADY_DECODED,
    CUT_BODY,
    block_digest_flags,
    claimed_url,
    describe_revisit,
    digest_flags,
    header_flags,
    host_of,
    payload_digest,
    plausible_date,
    record_url,
    revisited_record,
)
from corpus.archive.messages import Message, media_type, read_message
from corpus.optout import signals as optout
from corpus.text.normal_form import normalise

MAX_HTML = 10 << 20  # bytes of a decoded body; the web's longest real pages are near 5 MB
HTML_TYPES = ("text/html", "application/xhtml+xml")
# What a server calls HTML and is none.
BINARY = (
    *(b"%PDF-", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"PK\x03\x04", b"\x1f\x8b", b"RIFF", b"\x7fELF", b"OggS"),
    *(b"ID3", b"wOFF", b"wOF2", b"Rar!", b"7z\xbc\xaf", b"\xd0\xcf\x11\xe0"),
)


@dataclass(frozen=True, kw_only=True)
class Page:
    """`declared_charset` is the HTTP header's, or None. `opt_out` holds the headers in which a sender can refuse.
    `claimed_url` is the URL as the record has it, for lists of URLs; `url` is None where that is no URL.

    `flags`, of corpus.archive.headers.FLAGS, say what is wrong with the record: no id, no usable URL or date (which
    are then None); a digest that its payload does not have; `truncated`: the crawler stopped in the middle, by its own
    word; `cut_body`: its decoding broke off, and what came before is kept; `already_decoded`: a header names an
    encoding that it is not in.
    """

    url: str | None
    claimed_url: str | None
    host: str | None
    fetched_at: datetime | None
    payload_digest: str
    declared_charset: str | None
    opt_out: tuple[tuple[str, str], ...]
    flags: tuple[str, ...]
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
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NotAPage:
    """Why a record is no page. `broken` records could not be read: they are quarantined, not dropped. `original` is the
    URL and the date of the record that a revisit stands for, where it says both."""

    reason: str
    detail: str = ""
    broken: bool = False
    original: tuple[str, str] | None = None


def read_page(record: WarcRecord) -> Page | NotAPage:
    """Never raises on a record's content."""
    if record.record_type == WarcRecordType.revisit:
        return NotAPage(reason="revisit", detail=describe_revisit(record), original=revisited_record(record))
    if record.record_type not in (WarcRecordType.response, WarcRecordType.resource):
        return NotAPage(reason=f"not_a_response:{record.record_type}")
    claimed, block_flags = claimed_url(record), block_digest_flags(record)
    if claimed is not None and not claimed.startswith(("http://", "https://")):
        return NotAPage(reason="not_http", detail=claimed[:200])
    message = _message(record)
    if message is None:
        return NotAPage(reason="bad_http_header", detail="no HTTP status line", broken=True)
    if message.status != 200:
        return NotAPage(reason="http_status", detail=str(message.status))
    kind = message.media_type
    if kind and kind not in HTML_TYPES:
        return NotAPage(reason="not_html", detail=kind[:100])
    body = _body(message)
    if isinstance(body, NotAPage):
        return body
    if not body.html.strip():
        return NotAPage(reason="empty_body")
    if not kind and b"<" not in body.html[:1024]:
        return NotAPage(reason="not_html", detail=f"no Content-Type, begins {body.html[:20]!r}")
    if _is_no_markup(body.html):
        return NotAPage(reason="not_html", detail=f"{kind or 'no Content-Type'}, begins {body.html[:20]!r}")
    digest = payload_digest(body.html)
    return Page(
        url=record_url(record),
        claimed_url=claimed,
        host=host_of(claimed),
        fetched_at=plausible_date(record.record_date),
        payload_digest=digest,
        declared_charset=message.charset,
        opt_out=tuple((name, value) for name, value in message.headers if name.lower() in optout.HEADERS),
        flags=(*header_flags(record), *block_flags, *digest_flags(record, digest, body.stages), *body.flags),
        html=body.html,
    )


def read_text(
    text: str,
    *,
    url: str | None = None,
    title: str = "",
    date: datetime | None = None,
    charset: str = "utf-8",
    flags: tuple[str, ...] = (),
) -> Text | NotAPage:
    """A document of text as a source has it, in the project's one form of text."""
    clean = normalise(text)
    if not clean.strip():
        return NotAPage(reason="no_text")
    payload = text.encode("utf-8", errors="surrogatepass")
    return Text(
        url=url,
        host=host_of(url),
        fetched_at=plausible_date(date),
        payload_digest=payload_digest(payload),
        charset=charset,
        bytes=len(payload),
        title=normalise(" ".join(title.split())),
        text=clean,
        flags=flags,
    )


def read_conversion(record: WarcRecord) -> Text | NotAPage:
    """The text of a WET file's record: what somebody else extracted, taken as it is (WARC/1.1, 6.9)."""
    kind = (record.headers.get("Content-Type") or "").split(";")[0].strip().lower()
    if kind != "text/plain":
        return NotAPage(reason="not_text", detail=kind[:100])
    payload = record.reader.read()
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as error:
        return NotAPage(reason="undecodable", detail=str(error)[:200])
    flags = (*header_flags(record), *digest_flags(record, payload_digest(payload), (payload,)))
    return read_text(text, url=record_url(record), date=record.record_date, flags=flags)


@dataclass(frozen=True, kw_only=True)
class _Body:
    """`stages`: the body as it was sent, and after each layer that was undone."""

    html: bytes
    stages: tuple[bytes, ...]
    flags: tuple[str, ...]


def _message(record: WarcRecord) -> Message | None:
    """The HTTP response in a record. A resource is a body alone, as warcit and others store files, its type in the
    record's own header (WARC/1.1, 6.4); so is what some tools call a response of another type than HTTP."""
    block = record.reader.read()
    kind = record.headers.get("Content-Type") or ""
    message = read_message(block) if record.record_type == WarcRecordType.response else None
    if message is None and (record.record_type == WarcRecordType.resource or media_type(kind) in HTML_TYPES):
        return Message(status=200, headers=(("Content-Type", kind),), body=block)
    return message


def _body(message: Message) -> _Body | NotAPage:
    """The body without its transfer and content encodings, capped while it is decoded."""
    layers = [
        name.lower()
        for header in ("transfer-encoding", "content-encoding")
        for name in reversed(message.values(header))
        if name.lower() != "identity"
    ]
    unknown = set(layers) - ENCODINGS.keys()
    # Markup in plain sight: "none", "utf-8", an encoding that was undone already.
    if unknown and b"<" not in message.body[:2048]:
        return NotAPage(reason="unknown_encoding", detail=", ".join(sorted(unknown))[:100])
    layers = [name for name in layers if name not in unknown]
    stages, flags = [message.body], []
    for name in layers:
        body = stages[-1]
        decoded = decode_body(name, body, MAX_HTML + 1)
        if decoded is not None and decoded[0]:
            stages.append(decoded[0])
            flags += [] if decoded[1] else [CUT_BODY]
        elif body and b"<" not in body[:2048]:  # markup in plain sight: many crawlers store bodies already decoded
            # A chunked body without chunks may still be compressed.
            if name != "chunked" or not any(layer != "chunked" for layer in layers):
                return NotAPage(reason="bad_http_body", detail=f"cannot be decoded as {name}", broken=True)
            flags.append(ALREADY_DECODED)
        elif body:
            flags.append(ALREADY_DECODED)
        if len(stages[-1]) > MAX_HTML:
            reason = "bomb" if len(stages[0]) < MAX_HTML else "too_large"
            return NotAPage(reason=reason, detail=f"over {MAX_HTML} bytes")
    if len(stages[-1]) > MAX_HTML:
        return NotAPage(reason="too_large", detail=f"{len(stages[-1])} bytes")
    return _Body(html=stages[-1], stages=tuple(stages), flags=tuple(dict.fromkeys(flags)))


def _is_no_markup(body: bytes) -> bool:
    """Pictures, archives, JSON and the like that a server calls HTML. UTF-16 has zeros too, and markup."""
    if body.startswith(BINARY) or (b"\0" in body[:1024] and b"<" not in body[:1024]):
        return True
    if body[:1024].lstrip()[:1] not in (b"{", b"["):
        return False
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True
