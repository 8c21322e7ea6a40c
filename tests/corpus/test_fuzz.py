"""Fuzz: whatever is in a crawl file or a page, each byte and record is accounted for, in bounded time and memory, and
nothing is raised. `make fuzz` tries 10,000 files and as many pages, `make test` a hundred, the same every time."""

from __future__ import annotations

import gzip
import io
import os
import resource
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutations import BLOCKS, CHECKED, PACKED, WHOLE, File, files, mutate_bytes
from warc_bytes import HTML, http, outcomes, read, record, settled

from corpus.archive import decompression, members
from corpus.archive.pages import MAX_HTML, NotAPage, Page, read_page
from corpus.archive.parsing import DamagedRange, Record
from corpus.archive.ranges import FileRange
from corpus.extract.config import ExtractConfig
from corpus.extract.page import Extracted, extract_page, prepare
from corpus.lake.schema import QUARANTINED
from corpus.lake.store import Lake
from corpus.optout import signals as optout
from corpus.sources import SourceFile
from corpus.sources.kinds import detect_source
from pipelines.blocks import Block, Ingest, IngestConfig

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "100"))
FUZZ = settings(
    max_examples=EXAMPLES,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
SECONDS = 5.0  # of processor time for an example; most take a hundredth
MEMORY = 300 << 20  # bytes by which the process may grow in all
TRIED: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def bounded_memory_and_a_report(request: pytest.FixtureRequest) -> Iterator[None]:
    prepare()  # what is compiled takes memory once
    began, grown = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - grown) << 10
    if "FUZZ_EXAMPLES" in os.environ:
        seed = request.config.getoption("--hypothesis-seed")
        tried = ", ".join(f"{count:,} {name}" for name, count in sorted(TRIED.items()))
        print(f"\nseed {seed}: {tried} in {time.perf_counter() - began:.0f} s; memory grew by {grown >> 20} MiB")
    assert grown < MEMORY


class Watched:
    """The processor time of an example."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __enter__(self) -> None:
        self.began = time.process_time()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        TRIED[self.kind] += 1
        assert kind is not None or time.process_time() - self.began < SECONDS


class Counted:
    """Takes what a part takes, and keeps the count."""

    def __init__(self) -> None:
        self.met = self.kept = self.aside = 0
        self.lost: list[dict[str, Any]] = []
        self.notes: Any = None

    def begin(self) -> None:
        self.met += 1

    def keep(self, kind: str, row: dict[str, Any]) -> None:
        self.kept += 1

    def lose(self, row: dict[str, Any]) -> None:
        self.lost.append(row)

    def add(self, kind: str, row: dict[str, Any]) -> None:
        self.aside += kind == "quarantine"

    def figure(self, name: str, value: int) -> None: ...


@pytest.fixture(scope="module")
def ingest(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ingest, Lake, Path]:
    work, folder = Ingest("fuzz", IngestConfig(), {}), tmp_path_factory.mktemp("fuzz")
    lake = Lake(str(folder / "lake"))
    work.setup(lake)
    return work, lake, folder


@FUZZ
@given(files(), st.lists(st.integers(1, 3_000), max_size=4), st.sampled_from([1 << 18, 1 << 18, 700]))
def test_files(ingest: tuple[Ingest, Lake, Path], file: File, cuts: list[int], chunk: int) -> None:
    """`chunk`: what is read at a time, less than a member and more than the whole file."""
    small = mock.patch.object(decompression, "SMALL_CHUNK", chunk)
    with Watched("files"), mock.patch.multiple(members, READ_CHUNK=chunk, OUTPUT_CHUNK=chunk), small:
        data = file.data
        found = read(data)
        check_places(file, data, found)
        check_untouched(file, found)
        check_ranges(data, sorted(cut for cut in set(cuts) if cut < len(data)), found)
        check_ingest(*ingest, data)


def check_places(file: File, data: bytes, found: list[Record | DamagedRange]) -> None:
    """Every byte belongs to one record or to one broken range; between them are blank lines."""
    position = 0
    for item in found:
        assert item.offset >= position, "a byte is read twice"
        if isinstance(item, Record):
            assert item.length > 0
        if file.packing in (*PACKED, "plain"):
            assert item.length > 0 and not data[position : item.offset].strip(b"\r\n"), "bytes vanished"
            position = item.offset + item.length
    if file.packing in (*PACKED, "plain"):
        assert position <= len(data) and not data[position:].strip(b"\r\n"), "bytes vanished at the end"


def check_untouched(file: File, found: list[Record | DamagedRange]) -> None:
    """Damage costs the damaged member alone."""
    is_whole = [whole for _, whole in file.parts]
    if file.packing in CHECKED and is_whole[0]:
        read_well = {(item.offset, item.length) for item in found if isinstance(item, Record)}
        assert set(file.untouched) <= read_well, "an untouched member was lost"
    elif file.packing == "plain" and is_whole[0]:
        # By chance a wrong length ends where a record may end, and that record has some of the next one in it.
        records = [(item.offset, item.offset + item.length) for item in found if isinstance(item, Record)]
        for offset, length in file.untouched:
            assert any(first < offset + length and offset < last for first, last in records), "a record was lost"
    elif file.packing in WHOLE and all(is_whole):
        assert [type(item) for item in found] == [Record] * len(is_whole)


def check_ranges(data: bytes, cuts: list[int], found: list[Record | DamagedRange]) -> None:
    assert settled(data, cuts) == outcomes(found), "ranges read something else than the whole"


def check_ingest(work: Ingest, lake: Lake, folder: Path, data: bytes) -> None:
    """Records in = kept + dropped + quarantined, and what is quarantined is kept aside."""
    path = folder / "crawl.warc"
    path.write_bytes(data)
    source, why = detect_source("crawl.warc", io.BytesIO(data))
    if source is None:
        assert why
        return
    items = list(source.read(io.BytesIO(data), len(data), "crawl.warc", FileRange(start=0, stop=len(data))))
    entry = SourceFile(name="crawl.warc", url=str(path), bytes=len(data), sha256="", splittable=False, kind=source.name)
    part = Counted()
    work.process(lake, Block(name="part-0", file=entry, start=0, stop=len(data)), part)  # type: ignore[arg-type]
    assert part.met == len(items) == part.kept + len(part.lost)
    assert part.aside == sum(row["outcome"] == QUARANTINED for row in part.lost)
    assert len({row["doc_id"] for row in part.lost}) == len(part.lost), "two records of one name"


# Pages ----------------------------------------------------------------------------------------------------------------

NAMES = ("Content-Type", "Content-Encoding", "Transfer-Encoding", "X-Robots-Tag", "TDM-Reservation", "Content-Length")
VALUES = (
    *("text/html; charset=gbk", "text/html; charset=utf-16", "text/html;charset=\xff", "application/json", "gzip"),
    *("chunked", "deflate, gzip", "br", "zstd", "sdch", "noai", "headwater: none", "1", "-1", "9" * 30, "\0", ""),
)
TEXTS = (
    "Wasser fließt.",
    "水往低处流。",
    "Вода течёт.",
    "\0\ud800\u202e\u200b\ufeff",
    "水" * 500,
    "🎉" * 50,
    "a" * 5_000,
)
PIECES = (
    *("<div>", "</div>", "<p>", "<table><tr><td>", "<script>", "<!--", "<![CDATA[", "<svg><style>", "<a href="),
    *('<meta name="robots" content="noai">', "<meta charset=utf-16>", "<title>", "<template>", "<plaintext>", "&#0;"),
    *("<figure>", "<ruby>a<rp>(<rt>b", "</ruby>", "<math alttext='x'>", "<math><mfrac><mn>1", "</math>", "<noscript>"),
    *(
        "<p hidden>",
        "<div style='display:none'>",
        "<code>a<br>&nbsp;b",
        "<pre>",
        "10<sup>6</sup>",
        "<script type=math/tex>",
    ),
    *('<script type="application/ld+json">{"articleBody": "', '"}</script>', "<button>", "<td class=gutter>", "&nGt"),
    *("<meta charset=hz>", "<meta charset=x-user-defined>", "\xa9", "<template shadowrootmode=open>", "<xmp>", "~{"),
    *("&#xD800;", "<nav>" * 50, "<b>" * 300, "</section>", "<br/", '<img alt="', "<select><option>", "\r", "\x1b$B"),
)
CHARSETS = ("utf-8", "gb18030", "utf-16", "utf-16-le", "cp1252", "koi8-r", "shift_jis", "iso2022_jp", "utf-7")
PACKS = (bytes, gzip.compress, lambda body: b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n")


@st.composite
def pages(draw: st.DrawFn) -> bytes:
    """The block of a response: markup that nobody wrote, headers that lie, bytes flipped."""
    pieces = draw(st.lists(st.sampled_from(PIECES + TEXTS) | st.text(max_size=20), max_size=25))
    body = "".join(pieces).encode(draw(st.sampled_from(CHARSETS)), errors="replace")
    body = draw(st.sampled_from(PACKS))(body)
    headers = draw(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=4))
    block = http(
        body, *(f"{name}: {value}" for name, value in headers), kind=draw(st.sampled_from(["text/html", None]))
    )
    return mutate_bytes(draw, block, (HTML, *BLOCKS)) if draw(st.booleans()) else block


@FUZZ
@given(pages())
def test_pages(block: bytes) -> None:
    with Watched("pages"):
        for item in read(record(block)):
            if isinstance(item, DamagedRange):
                continue
            page = read_page(item.warc)
            assert isinstance(page, Page | NotAPage)
            if isinstance(page, NotAPage):
                assert page.reason
                continue
            assert len(page.html) <= MAX_HTML
            optout.find_refusal(page.opt_out, page.html)
            found = extract_page(page.html, page.declared_charset, ExtractConfig())
            if isinstance(found, Extracted):
                found.text.encode()  # no lone surrogates
                assert found.text.strip()
            else:
                assert found in ("undecodable", "parser_error", "no_text")
