"""Mutated sources: whatever is in a file, a reader says so and goes on, in the file's order, and raises nothing."""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import json

import lz4.frame
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import damage_bytes
from warc_bytes import http, member, record, three

from corpus.archive.pages import NotAPage
from corpus.archive.ranges import FileRange
from corpus.sources.contract import SourceRecord
from corpus.sources.kinds import detect_source

ROWS = [{"text": f"Water {n} runs downhill.", "url": f"https://river.example/{n}"} for n in range(12)]
LINES = b"".join(json.dumps(row).encode() + b"\n" for row in ROWS)
PAGES = "".join(f"<page><title>A</title><ns>0</ns><revision><text>[[B|{n}]]</text></revision></page>" for n in range(4))
ARC = b"".join(
    f"http://river.example/{n} 10.0.0.1 20060102030405 text/html {len(http())}\n".encode() + http() + b"\n"
    for n in range(3)
)


def _parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), sink, row_group_size=4, write_page_checksum=True)
    return sink.getvalue()


FILES = {
    "a.warc.zst": b"".join(zstd.compress(part) for part in three(compressed=False)),
    "a.warc.lz4": b"".join(lz4.frame.compress(part) for part in three(compressed=False)),
    "whole.warc.gz": member(b"".join(three(compressed=False))),
    "a.warc.wet": 2
    * record(b"Water runs downhill.", kind="conversion").replace(b"application/http; msgtype=response", b"text/plain"),
    "a.arc": ARC,
    "a.arc.gz": b"".join(member(ARC[start : start + len(ARC) // 3]) for start in range(0, len(ARC), len(ARC) // 3)),
    "a.jsonl": LINES,
    "a.jsonl.gz": gzip.compress(LINES, mtime=0),
    "a.parquet": _parquet(),
    "a.txt": LINES,
    "a.txt.gz": gzip.compress(LINES, mtime=0),
    "a.html": b"<p>Water runs downhill.",
    "a.csv": b"url,text\n" + b"".join(b'https://river.example/%d,"Water\n%d"\n' % (n, n) for n in range(12)),
    "a.csv.gz": gzip.compress(b"n,text\n" + b'1,"Water ""runs""\ndownhill"\n' * 12, mtime=0),
    "a.xml": f"<mediawiki>{PAGES}</mediawiki>".encode(),
    "a.xml.bz2": bz2.compress(f"<mediawiki>{PAGES}</mediawiki>".encode()),
}


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    """A file of some kind with bytes changed, cut out, put in, or its end lost."""
    name = draw(st.sampled_from(sorted(FILES)))
    return name, damage_bytes(draw, FILES[name], draw(st.integers(1, 4)), st.binary(max_size=20))


def read(name: str, data: bytes, spans: list[FileRange]) -> list[SourceRecord]:
    file = io.BytesIO(data)
    source, why = detect_source(name, file)
    if source is None:
        assert why
        return []
    if not source.splittable(file):
        spans = [FileRange(start=0, stop=len(data))]
    return [found for span in spans for found in source.read(file, len(data), name, span)]


@settings(max_examples=400, deadline=None)
@given(mutated(), st.lists(st.integers(1, 3_000), max_size=3))
def test_nothing_is_raised_and_places_go_up(case: tuple[str, bytes], cuts: list[int]) -> None:
    name, data = case
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    found = read(name, data, [FileRange(start=first, stop=last) for first, last in itertools.pairwise(edges)])
    places = [item.offset for item in found]
    assert places == sorted(places)
    assert all(isinstance(item.content, NotAPage) or item.content.payload_digest for item in found)


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_cut_keeps_what_is_whole(name: str) -> None:
    whole = read(name, FILES[name], [FileRange(start=0, stop=len(FILES[name]))])
    assert any(not isinstance(item.content, NotAPage) for item in whole)
    for end in range(0, len(FILES[name]), 17):
        kept = [item for item in read(name, FILES[name][:end], [FileRange(start=0, stop=end)]) if not _broken(item)]
        if name not in ("a.txt", "a.txt.gz", "a.html"):
            assert [(item.offset, item.url) for item in kept] == [(i.offset, i.url) for i in whole[: len(kept)]], end


def _broken(item: SourceRecord) -> bool:
    return isinstance(item.content, NotAPage) and item.content.broken
