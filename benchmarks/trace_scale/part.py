"""Part: the files of some thousand records of a made-up crawl in every stage that documents come to, and its WARC file,
written straight, as crawling and computing them would leave them: the same columns, row groups of the same size."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from corpus.archive.headers import payload_digest
from corpus.crawl.warc_writer import http_head, record, record_id
from corpus.lake.parquet import parquet_writer
from corpus.lake.schema import DOCUMENT, DROPPED, LEDGER, document_id, ledger_row, table
from corpus.lake.store import ROWS
from corpus.privacy.mask import KINDS
from pipelines.cleaning import CLEAN
from pipelines.trimming import CUTS

CRAWL = "crawl"
SHARES = {  # where records end, of all records of a crawl
    ("documents", "http_status"): 0.06,
    ("documents", "not_html"): 0.03,
    ("clean", "gopher_words"): 0.14,
    ("clean", "gopher_stop_words"): 0.07,
    ("clean", "c4_sentences"): 0.03,
    ("trimmed", "only_repeated_text"): 0.01,
    ("unique", "exact_duplicate"): 0.05,
    ("unique", "near_duplicate"): 0.08,
    ("split", "contaminated"): 0.005,
    ("split", "near_held_out"): 0.002,
    ("split", "heldout"): 0.01,
    ("split", "train"): 0.513,
}
PAGES = ("train", "heldout")  # the kinds of `split`; all other ends are reasons
STAGES = ("documents", "clean", "trimmed", "unique", "split")
# Rows of a row group, as the pipelines write them: a batch, what is left of one, several together, a batch again.
GROUPS = {"documents": ROWS, "clean": ROWS * 3 // 4, "trimmed": ROWS * 3 // 4, "unique": 4 * ROWS, "split": ROWS}
RULES = {"clean": ("words", 12.0, 50.0), "split": ("benchmark_ngram", 0.9, 0.5)}
WORDS = [f"{one}{two}{three}" for one in ("ka", "lo", "mi", "nu") for two in ("ter", "ven", "dor") for three in "aeiou"]
FETCHED = datetime(2026, 1, 1, tzinfo=UTC)
DATE = "2026-01-01T00:00:00Z"


@dataclass(frozen=True, kw_only=True)
class Part:
    """`ends`: how many records end where; `examples`: a URL for each; `train`, `heldout`: the ids of those, 16 bytes
    each."""

    ends: Counter[tuple[str, str]]
    examples: dict[tuple[str, str], str]
    train: bytes
    heldout: bytes


def make_part(number: int, records: int, hosts: int, folder: Path) -> Part:
    """Writes FOLDER/warc/crawl-NUMBER.warc.gz and FOLDER/STAGE/KIND/part-NUMBER.parquet."""
    dice = random.Random(number)
    name, part = f"crawl-{number:05d}.warc.gz", f"part-{number:05d}.parquet"
    rows: list[dict[str, Any]] = []
    (folder / "warc").mkdir(parents=True, exist_ok=True)
    with open(folder / "warc" / name, "wb") as file:
        for place, end in enumerate(dice.choices(list(SHARES), list(SHARES.values()), k=records)):
            url = _url(dice, hosts, f"{number}-{place}")
            body = f"<html><body><p>{' '.join(dice.choices(WORDS, k=40))}</p></body></html>".encode()
            data = _response(url, body, "404 Not Found" if end[1] == "http_status" else "200 OK")
            rows.append(_row(url, body, name, file.tell(), len(data), end))
            file.write(data)
    for level, stage in enumerate(STAGES):
        lost = [_lost(row, rows[0]["doc_id"]) for row in rows if row["end"][0] == stage and row["end"][1] not in PAGES]
        _write(folder / stage / "ledger" / part, LEDGER, lost, ROWS)
        if stage == "split":
            continue
        kept = [row for row in rows if STAGES.index(row["end"][0]) > level]
        _write(folder / stage / "documents" / part, DOCUMENT if stage == "documents" else CLEAN, kept, GROUPS[stage])
        if stage == "trimmed":
            _write(folder / stage / "cuts" / part, CUTS, [_cut(row) for row in kept[::10]], ROWS)
    pages = {kind: [row for row in rows if row["end"][1] == kind] for kind in PAGES}
    for kind, some in pages.items():
        _write(folder / "split" / kind / part, CLEAN, some, GROUPS["split"])
    return Part(
        ends=Counter(row["end"] for row in rows),
        examples={row["end"]: row["url"] for row in rows},
        **{kind: b"".join(row["doc_id"] for row in some) for kind, some in pages.items()},
    )


def _url(dice: random.Random, hosts: int, name: str) -> str:
    """A few hosts have many pages, most have few: the largest of 20,000 has a twenty-seventh of all."""
    host = f"site-{int(hosts * dice.random() ** 3)}.example"
    return f"https://{host}/{dice.choice(WORDS)}/{dice.choice(WORDS)}/{name}.html"


def _response(url: str, body: bytes, status: str) -> bytes:
    head = http_head(f"HTTP/1.1 {status}", (("Content-Type", "text/html"), ("Content-Length", str(len(body)))))
    target = (("WARC-Target-URI", url),)
    kind = "application/http; msgtype=response"
    return record("response", record_id("response", url, DATE), DATE, target, kind, head + body)


def _row(url: str, body: bytes, file: str, offset: int, length: int, end: tuple[str, str]) -> dict[str, Any]:
    return {
        "doc_id": document_id(CRAWL, file, offset),
        "url": url,
        "host": url.split("/")[2],
        "warc_file": file,
        "warc_offset": offset,
        "warc_length": length,
        "fetched_at": FETCHED,
        "payload_digest": payload_digest(body),
        "html_bytes": len(body),
        "charset": "utf-8",
        "title": "",
        "published": None,
        "flags": [],
        "text": body.decode()[15:-18],
        "language": "en",
        "language_score": 0.9,
        "masked": dict.fromkeys(KINDS, 0),
        "end": end,
    }


def _lost(row: dict[str, Any], keeper: bytes) -> dict[str, Any]:
    stage, reason = row["end"]
    rest: dict[str, Any] = {"detail": "200 text/html"}
    if stage == "documents":
        row = {**row, "host": None}  # as of all that is no page
    if stage in RULES:
        rest["rules"] = [dict(zip(("rule", "value", "threshold"), RULES[stage], strict=True))]
    if stage == "unique" or reason == "near_held_out":
        rest |= {"keeper": keeper, "similarity": 0.9}
    return ledger_row(row, stage, DROPPED, reason, **rest)


def _cut(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "doc_id": row["doc_id"],
        "start": 0,
        "stop": 9,
        "kind": "repeated_line",
        "keeper": row["doc_id"],
        "documents": 4,
    }


def _write(path: Path, schema: pa.Schema, rows: list[dict[str, Any]], group: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with parquet_writer(path, schema) as writer:
        for first in range(0, len(rows), group):
            writer.write_table(table(rows[first : first + group], schema))
