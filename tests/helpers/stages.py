"""Stages: a small lake made by hand: two crawls of documents whose measures, drops and duplicates are known."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from corpus.lake.manifest import Counts, Manifest
from corpus.lake.parquet import parquet_writer
from corpus.lake.schema import (
    DOC_ID,
    DROPPED,
    LEDGER,
    ORIGIN,
    QUARANTINE,
    QUARANTINED,
    ledger_row,
    table,
)
from corpus.lake.stages import kinds_read
from corpus.lake.store import Lake

TEXTS = [*ORIGIN, pa.field("title", pa.string()), pa.field("text", pa.large_string())]
SPOKEN = pa.schema([*TEXTS, pa.field("language", pa.string())])
MEASURES = pa.schema(
    [
        pa.field("doc_id", DOC_ID),
        pa.field("language", pa.string()),
        *(pa.field(name, pa.float64()) for name in ("language_score", "words", "unspaced", "symbols_per_word")),
    ]
)


def page(crawl: str, number: int, **rest: Any) -> dict[str, Any]:
    """A document of a crawl: everything that a stage may know of it."""
    doc_id = hashlib.sha256(f"{crawl}{number}".encode()).digest()[:16]
    url = f"https://{crawl}.example/{number}"
    origin = {"doc_id": doc_id, "url": url, "host": None, "warc_file": "a.warc.gz", "warc_offset": number * 100}
    measured = {"language": "en", "language_score": 0.9, "words": 500.0, "unspaced": 0.0, "symbols_per_word": 0.01}
    text = {"title": f"Title {number}", "text": f"Text of {crawl} {number}.", "warc_length": 90}
    return origin | measured | text | rest


def publish(
    lake: Lake,
    stage: str,
    partition: str,
    made_of: Sequence[Manifest],
    files: Mapping[str, tuple[pa.Schema, Sequence[dict[str, Any]]]],
    figures: Mapping[str, int] | None = None,
    parts: int = 2,
    started: float = 0.0,
    config: Mapping[str, Any] | None = None,
) -> Manifest:
    """A dataset of some kinds of file, each dealt out over `parts` files."""
    ledger = files.get("ledger", (None, []))[1]
    kept = sum(len(rows) for kind, (_, rows) in files.items() if kind not in ("ledger", "quarantine"))
    plain = Manifest(
        stage=stage,
        partition=partition,
        code_version="1",
        config=config or {},
        inputs={manifest.name: manifest.content(kinds_read(stage, manifest.stage)) for manifest in made_of},
        sources={manifest.name: manifest.address for manifest in made_of},
        files=(),
        counts=Counts(
            records_in=kept + len(ledger),
            kept=kept,
            dropped=dict(Counter(row["reason"] for row in ledger if row["outcome"] == DROPPED)),
            quarantined=dict(Counter(row["reason"] for row in ledger if row["outcome"] == QUARANTINED)),
        ),
        figures=figures or {},
    )
    entries = []
    with lake.scratch() as scratch:
        for kind, (schema, rows) in files.items():
            for part in range(parts):
                path = Path(scratch, "part.parquet")
                mine = [{name: row.get(name) for name in schema.names} for row in rows[part::parts]]
                with parquet_writer(path, schema) as writer:
                    for first in range(0, len(mine), 3):  # row groups of three
                        writer.write_table(table(mine[first : first + 3], schema))
                entries.append(lake.put(path, lake.folder(plain), f"{kind}/part-{part:05d}.parquet", len(mine)))
    return lake.publish(
        Manifest(**{**vars(plain), "files": tuple(sorted(entries, key=lambda entry: entry.path))}), {"started": started}
    )


@dataclass(frozen=True, kw_only=True)
class Stages:
    lake: Lake
    documents: tuple[Manifest, Manifest]
    clean: tuple[Manifest, Manifest]
    unique: Manifest


def short(document: dict[str, Any], *also: str) -> dict[str, Any]:
    """A row of the ledger for a document of too few words, and for whatever else it breaks."""
    rules = [{"rule": rule, "value": 7.0, "threshold": 50.0} for rule in ("too_short", *also)]
    return ledger_row(document, "clean", DROPPED, "too_short", rules=rules)


def make_stages(lake: Lake, parts: int = 2, backwards: bool = False) -> Stages:
    """`big`: 20 pages in en, 6 in de, 2 in zh; `small`: 3 in en. In each language of `big` the first two are too short,
    one of those has too many symbols too. The en pages 5 and 6 of `big` are near duplicates of 4. Of `big`, one more
    record was not HTML and one could not be read."""
    spoken = ["en"] * 20 + ["de"] * 6 + ["zh"] * 2
    big = [page("big", number, language=language) for number, language in enumerate(spoken)]
    dropped = []
    for first in (0, 20, 26):
        for place, also in ((first, ()), (first + 1, ("too_many_symbols",))):
            big[place] |= {"words": 7.0, "symbols_per_word": 0.5 if also else 0.01}
            dropped.append(short(big[place], *also))
    for one in big[26:]:
        one["unspaced"] = 1.0
    small = [page("small", number) for number in range(3)]
    lost = page("big", 50, url="https://big.example/photo")
    torn = page("big", 51, url=None)
    arrived = [
        ledger_row(lost, "documents", DROPPED, "not_html", detail="image/png"),
        ledger_row(torn, "documents", QUARANTINED, "bad_http_header", detail="no HTTP status line"),
    ]
    raw = [{**torn, "reason": "bad_http_header", "raw": b"HTP/1.1\x1b[2J\r\n\xff"}]
    if backwards:
        for rows in (big, small, dropped, arrived):
            rows.reverse()
    made: dict[str, tuple[Manifest, Manifest]] = {}
    for crawl, pages, ledger, quarantine, gone in (("big", big, arrived, raw, dropped), ("small", small, [], [], [])):
        documents = publish(
            lake,
            "documents",
            crawl,
            [],
            {
                "documents": (pa.schema(TEXTS), pages),
                "ledger": (LEDGER, ledger),
                "quarantine": (QUARANTINE, quarantine),
            },
            figures={"pages": len(pages)},
            parts=parts,
        )
        measures = publish(lake, "measures", crawl, [documents], {"measures": (MEASURES, pages)}, parts=parts)
        ids = {row["doc_id"] for row in gone}
        stay = [one for one in pages if one["doc_id"] not in ids]
        files = {"documents": (SPOKEN, stay), "ledger": (LEDGER, gone)}
        made[crawl] = (documents, publish(lake, "clean", crawl, [documents, measures], files, parts=parts))
    by_number = {one["warc_offset"] // 100: one for one in big}
    duplicates = [
        ledger_row(
            by_number[number], "unique", DROPPED, "near_duplicate", keeper=by_number[4]["doc_id"], similarity=0.9
        )
        for number in (5, 6)
    ]
    ids = {row["doc_id"] for row in (*dropped, *duplicates)}
    stay = [one for one in (*big, *small) if one["doc_id"] not in ids]
    files = {"documents": (SPOKEN, stay), "ledger": (LEDGER, duplicates)}
    cleans = (made["big"][1], made["small"][1])
    unique = publish(lake, "unique", "big+small", cleans, files, parts=parts)
    return Stages(lake=lake, documents=(made["big"][0], made["small"][0]), clean=cleans, unique=unique)
