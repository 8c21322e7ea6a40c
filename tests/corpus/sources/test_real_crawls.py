"""Real crawl files, the malformed ones of other parsers' test suites among them, where this checkout has them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from shared import beside

from corpus.archive.pages import NotAPage, Page, Text
from corpus.archive.ranges import FileRange
from corpus.sources.kinds import detect_source

# Beside the checkout, wherever that lies.
SHARED = beside("data", "warc")
pytestmark = pytest.mark.skipif(SHARED is None, reason="no ../shared/data/warc beside this checkout")

# file: pages, texts, and what is broken in it
WANTED: dict[str, tuple[int, int, dict[str, int]]] = {
    "allenai+dolma/warc/sample-0000.warc.gz": (22, 0, {}),
    "archivesunleashed+aut/arc/example.arc.gz": (94, 0, {}),
    "archivesunleashed+aut/warc/example.warc.gz": (94, 0, {}),
    "chatnoir-eu+chatnoir-resiliparse/clipped.warc.gz": (0, 0, {"truncated": 1}),
    "chatnoir-eu+chatnoir-resiliparse/clueweb-quirk.warc.gz": (29, 0, {}),
    "chatnoir-eu+chatnoir-resiliparse/warcfile.warc": (16, 0, {}),
    "chatnoir-eu+chatnoir-resiliparse/warcfile.warc.gz": (16, 0, {}),
    "chatnoir-eu+chatnoir-resiliparse/warcfile.warc.lz4": (16, 0, {}),
    "commoncrawl+whirlwind-python/whirlwind.warc.gz": (1, 0, {}),
    "commoncrawl+whirlwind-python/whirlwind.warc.wat.gz": (0, 0, {}),
    "commoncrawl+whirlwind-python/whirlwind.warc.wet": (0, 1, {}),
    "commoncrawl+whirlwind-python/whirlwind.warc.wet.gz": (0, 1, {}),
    "internetarchive+warc/alexa_short_header.arc.gz": (0, 0, {"bad_http_header": 1}),
    "internetarchive+warc/crlf_at_1k_boundary.warc.gz": (1, 0, {}),
    "ukwa+webarchive-discovery/compression/transfer_compression_brotli.warc.gz": (1, 0, {}),
    "ukwa+webarchive-discovery/compression/transfer_compression_gzip.warc": (1, 0, {}),
    "ukwa+webarchive-discovery/gov.uk-revisit-warcs/BL-20140325121225068-00000-32090~opera~8443.warc.gz": (32, 0, {}),
    "ukwa+webarchive-discovery/truncated_datetime.warc": (1, 0, {}),
    "webrecorder+warcio/bad.arc": (0, 0, {"bad_http_header": 1, "bad_warc_header": 3}),
    "webrecorder+warcio/example-bad-non-chunked.warc.gz": (1, 0, {}),
    # Its one page says a length that is two bytes too small.
    "webrecorder+warcio/example-trunc.warc": (0, 0, {"bad_warc_header": 1}),
    "webrecorder+warcio/example-wrong-chunks.warc.gz": (1, 0, {}),
    "webrecorder+warcio/example.arc": (1, 0, {}),
    "webrecorder+warcio/example.arc.gz": (1, 0, {}),
    "webrecorder+warcio/example.warc.gz": (1, 0, {}),
}


def read(path: Path, name: str) -> tuple[int, int, dict[str, int]]:
    with open(path, "rb") as file:
        source, why = detect_source(name, file)
        assert source is not None, why
        size = path.stat().st_size
        items = list(source.read(file, size, name, FileRange(start=0, stop=size)))
    lost = Counter(item.content.reason for item in items if isinstance(item.content, NotAPage) and item.content.broken)
    pages = sum(isinstance(item.content, Page) for item in items)
    return pages, sum(isinstance(item.content, Text) for item in items), dict(lost)


@pytest.mark.parametrize("name", WANTED)
def test_a_real_file_gives_its_pages(name: str) -> None:
    assert SHARED is not None
    assert read(SHARED / name, name) == WANTED[name]
