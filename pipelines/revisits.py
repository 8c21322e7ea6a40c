"""Revisits: records that say "as it was then" and hold no page. Where the page of then is in the crawl, the ledger
names it as their keeper. Source: WARC/1.1, 6.7, and its WARC-Refers-To-Target-URI and WARC-Refers-To-Date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from corpus.lake.schema import LEDGER, table
from corpus.lake.store import Lake

REVISITS = "revisits"
Visit = tuple[str, int]
"""A URL and the second in which it was fetched."""


def visit(url: str, date: str) -> Visit | None:
    try:
        moment = datetime.fromisoformat(date)
        return url, int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp())
    except ValueError:
        return None


def resolve_revisits(lake: Lake, folder: str, rows: list[dict[str, Any]]) -> None:
    """Writes the ledgers of the parts that hold revisits again, with the documents that those stand for. `rows` are the
    parts'; their notes have, under REVISITS, document id in hex -> (URL, date) of the original. Those that change get
    another name."""
    wanted = {
        doc_id: found
        for row in rows
        for doc_id, said in row["notes"][REVISITS].items()
        if (found := visit(*said)) is not None
    }
    originals = _documents(lake, folder, rows, set(wanted.values())) if wanted else {}
    keepers = {doc_id: originals[found] for doc_id, found in wanted.items() if found in originals}
    for row in rows:
        if row["notes"][REVISITS].keys() & keepers.keys():
            _name_keepers(lake, folder, row, keepers)


def _documents(lake: Lake, folder: str, rows: Sequence[dict[str, Any]], wanted: set[Visit]) -> dict[Visit, bytes]:
    """The first document of each visit."""
    found: dict[Visit, bytes] = {}
    for path in (entry["path"] for row in rows for entry in row["files"] if entry["path"].startswith("documents/")):
        for document in lake.read_rows(f"{folder}/{path}", ["doc_id", "url", "fetched_at"]):
            if document["url"] and document["fetched_at"]:
                key = document["url"], int(document["fetched_at"].timestamp())
                if key in wanted:
                    found.setdefault(key, document["doc_id"])
    return found


def _name_keepers(lake: Lake, folder: str, row: dict[str, Any], keepers: dict[str, bytes]) -> None:
    """Puts another ledger in the place of a part's: a file of the lake never changes."""
    [number] = [number for number, entry in enumerate(row["files"]) if entry["path"].startswith("ledger/")]
    entry = row["files"][number]
    ledger = lake.read_table(f"{folder}/{entry['path']}").to_pylist()
    for lost in ledger:
        lost["keeper"] = keepers.get(lost["doc_id"].hex(), lost["keeper"])
    path = entry["path"].replace(".parquet", "-resolved.parquet")
    row["files"][number] = asdict(lake.put_table(folder, path, table(ledger, LEDGER)))
    row["name"] += "-resolved"
