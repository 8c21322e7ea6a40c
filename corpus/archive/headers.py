"""Headers: what the header of a WARC record says of it, as far as it can be believed (WARC/1.1, 5)."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

from fastwarc.warc import WarcRecord

MAX_URL = 8_192  # characters; servers refuse longer ones
BLOCK_DIGEST = re.compile("sha1:[A-Z2-7]{32}")

# What may be wrong with a record that is a page all the same: see corpus.archive.pages.Page.
NO_RECORD_ID, BAD_URL, BAD_DATE = "no_record_id", "bad_url", "bad_date"
DIGEST_MISMATCH, TRUNCATED, CUT_BODY, ALREADY_DECODED = "digest_mismatch", "truncated", "cut_body", "already_decoded"
FLAGS = (NO_RECORD_ID, BAD_URL, BAD_DATE, DIGEST_MISMATCH, TRUNCATED, CUT_BODY, ALREADY_DECODED)


def payload_digest(payload: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(payload).digest()).decode()


def digest_flags(record: WarcRecord, known: str, stages: tuple[bytes, ...]) -> list[str]:
    """DIGEST_MISMATCH where the record names another digest than its payload has. Writers differ in what they take for
    the payload: the body as it was sent, without its chunks, or decoded; each of these `stages` may have it. `known` is
    the last one's by SHA-1."""
    claimed = (record.headers.get("WARC-Payload-Digest") or "").strip()
    name, colon, value = claimed.partition(":")
    name, value = name.strip().lower().replace("-", ""), value.strip().upper().rstrip("=")
    if not colon or name not in ("md5", "sha1", "sha256", "sha512") or claimed == known:
        return []
    for stage in stages:
        actual = hashlib.new(name, stage).digest()
        if value in (actual.hex().upper(), base64.b32encode(actual).decode().rstrip("=")):
            return []
    return [DIGEST_MISMATCH]


def block_digest_flags(record: WarcRecord) -> list[str]:
    """The same for a record that names a digest of its block alone, by SHA-1. Before the block is read."""
    names_payload = (record.headers.get("WARC-Payload-Digest") or "").strip()
    if names_payload or not BLOCK_DIGEST.fullmatch((record.headers.get("WARC-Block-Digest") or "").strip()):
        return []
    return [] if record.verify_block_digest() else [DIGEST_MISMATCH]


def header_flags(record: WarcRecord) -> list[str]:
    wrong = {
        NO_RECORD_ID: not (record.headers.get("WARC-Record-ID") or "").strip(),
        BAD_URL: record_url(record) is None,
        BAD_DATE: plausible_date(record.record_date) is None,
        TRUNCATED: record.headers.get("WARC-Truncated") is not None,
    }
    return [name for name, is_wrong in wrong.items() if is_wrong]


def describe_revisit(record: WarcRecord) -> str:
    """What a revisit says of the record that holds its payload, in one line."""
    names = ("WARC-Refers-To", "WARC-Refers-To-Target-URI", "WARC-Refers-To-Date", "WARC-Payload-Digest")
    said = [f"{name}: {value}" for name in names if (value := record.headers.get(name))]
    return "; ".join(said)[:1_000] or "it does not say of what"


def revisited_record(record: WarcRecord) -> tuple[str, str] | None:
    """URL and date of the record that a revisit stands for, if it says both."""
    url, date = record.headers.get("WARC-Refers-To-Target-URI"), record.headers.get("WARC-Refers-To-Date")
    return (url.strip().strip("<>"), date.strip()) if url and date else None


def record_url(record: WarcRecord) -> str | None:
    """The record's URL, or None when it has none, or what cannot be one: RFC 3986 knows printable ASCII alone."""
    url = claimed_url(record)
    if url is None or len(url) > MAX_URL or not url.isascii() or not url.isprintable():
        return None
    try:
        urlsplit(url)
    except ValueError:
        return None
    return url


def claimed_url(record: WarcRecord) -> str | None:
    url = record.headers.get("WARC-Target-URI")
    return url.strip().strip("<>") if url else None


def host_of(url: str | None) -> str | None:
    try:
        return urlsplit(url).hostname if url else None
    except ValueError:
        return None


def plausible_date(date: datetime | None) -> datetime | None:
    if date is None or not 1990 <= date.year <= 2100:
        return None
    return date.astimezone(UTC).replace(microsecond=0)
