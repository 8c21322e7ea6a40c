"""Schema: the tables that pass between stages. One Arrow schema a noun; every Parquet file has exactly one of them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from corpus.lake.manifest import sha256

DOC_ID = pa.binary(16)

# A document's way back: the crawl's file, and the bytes of the record in it. In a file that was compressed as a whole
# they count in what it decompresses to; in a table (Parquet) and a Wikipedia dump they are the rows or pages, from 0.
ORIGIN = [
    pa.field("doc_id", DOC_ID, nullable=False),
    pa.field("url", pa.string()),
    pa.field("host", pa.string()),
    pa.field("warc_file", pa.string(), nullable=False),
    pa.field("warc_offset", pa.int64(), nullable=False),
    pa.field("warc_length", pa.int64(), nullable=False),
]

DOCUMENT = pa.schema(
    [
        *ORIGIN,
        pa.field("fetched_at", pa.timestamp("s", tz="UTC")),
        pa.field("payload_digest", pa.string(), nullable=False),
        pa.field("html_bytes", pa.int64(), nullable=False),
        pa.field("charset", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),
        pa.field("published", pa.string()),  # YYYY-MM-DD, the page's own word
        pa.field(
            "flags", pa.list_(pa.string()), nullable=False
        ),  # what is wrong with its record: see corpus.archive.pages
        pa.field("text", pa.large_string(), nullable=False),
    ]
)

# One rule that failed: what was measured, and the bound that it broke.
FAILED_RULE = pa.struct(
    [pa.field("rule", pa.string()), pa.field("value", pa.float64()), pa.field("threshold", pa.float64())]
)

# One row a record that did not survive its stage. `reason` is the first failing rule, `rules` holds all of them; for
# a duplicate, `keeper` is the document that stays and `similarity` what was measured between the two.
LEDGER = pa.schema(
    [
        *ORIGIN,
        pa.field("stage", pa.string(), nullable=False),
        pa.field("outcome", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("rules", pa.list_(FAILED_RULE)),
        pa.field("keeper", DOC_ID),
        pa.field("similarity", pa.float64()),
        pa.field("detail", pa.string()),
    ]
)

# What could not be read, kept aside: the first MiB of its bytes, as they lie in the file, or decompressed where it is
# one part of a compressed whole. Each row also has its row of the ledger.
QUARANTINE = pa.schema(
    [*ORIGIN, pa.field("reason", pa.string(), nullable=False), pa.field("raw", pa.large_binary(), nullable=False)]
)

DROPPED, QUARANTINED = "dropped", "quarantined"


def document_id(crawl: str, warc_file: str, warc_offset: int) -> bytes:
    """16 bytes that name a record for ever, whatever its headers say of themselves."""
    return bytes.fromhex(sha256(f"{crawl}\0{warc_file}\0{warc_offset}".encode())[:32])


def ledger_row(origin: dict[str, Any], stage: str, outcome: str, reason: str, **rest: Any) -> dict[str, Any]:
    """A row of LEDGER from anything that has the ORIGIN columns."""
    row: dict[str, Any] = {field.name: origin[field.name] for field in ORIGIN}
    empty = {"rules": None, "keeper": None, "similarity": None, "detail": None}
    return row | {"stage": stage, "outcome": outcome, "reason": reason} | empty | rest


def table(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=schema)
