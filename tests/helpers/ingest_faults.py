"""What the tests of faults at ingest share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from accounts import Accounts, account
from warc_bytes import http, member, record

from pipelines.blocks import IngestConfig
from pipelines.engine import Engine

BEFORE, AFTER = "http://river.example/before", "http://river.example/after"


PROSE = b"<html><body>" + b"<p>Water runs downhill, and the river takes it to the sea.</p>" * 8 + b"</body></html>"


ENGINE = Engine(workers=1)


def page(url: str = "http://river.example/", body: bytes = PROSE, *headers: str, **rest: str | None) -> bytes:
    return record(http(body, *headers), uri=url, **rest)  # type: ignore[arg-type]


def between(folder: Path, bad: bytes, pack: Callable[[bytes], bytes] = member, **config: object) -> Accounts:
    """The accounts of a file with a part between two good records, which are documents."""
    data = pack(page(BEFORE)) + bad + pack(page(AFTER))
    found = account(folder, {"a.warc": data}, IngestConfig(**config))  # type: ignore[arg-type]
    assert (found.urls[0], found.urls[-1]) == (BEFORE, AFTER), "a neighbour was lost"
    return found
