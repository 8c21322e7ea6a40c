"""Columns: what each column of a table of documents holds, in words. Their types stand in the files' Arrow schemas, of
which descriptions are no part: they would change the bytes of every file."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

DESCRIPTIONS = {
    "doc_id": "16 bytes that name the record for ever: a hash of the crawl, the file and the offset",
    "url": "address that the record was fetched from",
    "host": "host of the address",
    "warc_file": "file of the crawl that holds the record",
    "warc_offset": "first byte of the record in that file; in a table or a dump the row or page, from 0",
    "warc_length": "bytes of the record in that file; in a table or a dump 1",
    "fetched_at": "when the record was fetched, UTC",
    "payload_digest": "sha1 of the page's bytes as they were read, as WARC files write it",
    "html_bytes": "bytes of the page before its text was extracted",
    "charset": "character encoding that the page was decoded by",
    "title": "title of the page, personal data masked as in the text",
    "published": "date of publication in the page's own words, YYYY-MM-DD",
    "flags": "what is wrong with the record, though it could be read",
    "text": "main text, personal data replaced by typed placeholders",
    "language": "language that was identified, ISO 639-1 or 639-3",
    "language_score": "probability of that language",
    "masked": "placeholders that stand in title and text, by kind of personal data",
    "masked.private_key": "private keys",
    "masked.api_key": "keys of programming interfaces",
    "masked.email": "e-mail addresses",
    "masked.iban": "bank account numbers",
    "masked.card": "numbers of payment cards",
    "masked.ssn": "social security numbers of the United States",
    "masked.resident_id": "Chinese resident identity numbers",
    "masked.ip": "IP addresses that may name a machine",
    "masked.phone": "telephone numbers",
}


def describe_columns(schema: pa.Schema) -> Iterator[tuple[str, pa.DataType, str]]:
    """(name, type, description) of each column; the fields of a struct follow it, as `masked.email`. "" for a column of
    another version."""
    for field in schema:
        yield field.name, field.type, DESCRIPTIONS.get(field.name, "")
        if pa.types.is_struct(field.type):
            for inner in field.type:
                name = f"{field.name}.{inner.name}"
                yield name, inner.type, DESCRIPTIONS.get(name, "")
