"""Compressed texts, HTML files, CSV; and binary files under the names of texts."""

from __future__ import annotations

import bz2
import gzip
import io
from pathlib import Path

import pyarrow as pa
import pytest
from backports import zstd
from source_files import outcomes, read, table

from corpus.archive import pages
from corpus.archive.pages import Page, Text
from corpus.archive.ranges import FileRange
from corpus.lineage.reread import payload_digest
from corpus.sources import html, open_crawl, plaintext
from corpus.sources.kinds import detect_source
from corpus.sources.rows import Columns

TEXTS = [f"The ferry of {hour} o'clock is full." for hour in range(9)]
HTML = b"<html><head><link rel=canonical href='https://other.example/'><title>Ferry</title><p>The ferry is full."
PARAGRAPHS = b"".join(b"%d. The ferry is full, and waits.\n\n" % number for number in range(5_000))


def why_not(name: str, data: bytes) -> str:
    source, why = detect_source(name, io.BytesIO(data))
    assert source is None and why is not None
    return why


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress, bz2.compress])
def test_a_compressed_text_is_read_as_the_plain_one(pack: object) -> None:
    suffix = {gzip.compress: "gz", zstd.compress: "zst", bz2.compress: "bz2"}[pack]
    plain, packed = read("book.txt", PARAGRAPHS), read(f"book.txt.{suffix}", pack(PARAGRAPHS))  # type: ignore[operator]
    assert packed == plain and len(plain) > 5
    assert {one.content.title for one in packed if isinstance(one.content, Text)} == {"book"}


def test_a_compressed_text_that_is_cut_keeps_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(b"The ferry is full. " * 500)
    assert [text[:9] for text in outcomes(read("a.txt.gz", packed[:-20]))] == ["The ferry", "TRUNCATED"]
    monkeypatch.setattr(plaintext, "MAX_TEXT", 1_000)
    assert outcomes(read("a.txt.gz", packed)) == ["too_large"]


def test_an_html_file_is_a_page_named_by_its_path_and_not_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, data in (("sub dir/Ferry.HTM", HTML), ("sub dir/Ferry.html.gz", gzip.compress(HTML))):
        [found] = read(name, data)
        assert isinstance(found.content, Page) and found.content.html == HTML
        assert found.url == found.content.url == f"file:///{name.replace(' ', '%20')}"
        assert (found.content.host, found.content.fetched_at) == (None, None)
    assert "b'no tags'" in why_not("a.html", b"no tags")
    monkeypatch.setattr(html, "MAX_HTML", 50)
    assert outcomes(read("a.html", HTML)) == ["too_large"]
    assert pages.MAX_HTML > 50


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "CSV.ZST"])
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_each_row_of_a_csv_file_is_a_document(mark: str, suffix: str) -> None:
    texts = ['He said "no",\nand left;\r\n\n| done', "Water.", "x" * 200_000, "水往低处流"]
    lines = [f'"{text.replace(chr(34), chr(34) * 2)}"{mark}https://x.example/{n}' for n, text in enumerate(texts)]
    data = ("\ufefftext" + mark + "url\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode()
    packed = {"csv": bytes, "csv.gz": gzip.compress, "CSV.ZST": zstd.compress}[suffix](data)
    found = read(f"a.{suffix}", packed)
    assert outcomes(found) == [texts[0].replace("\r\n", "\n"), *texts[1:]]
    assert [one.url for one in found] == [f"https://x.example/{n}" for n in range(4)]
    for line, one in zip(lines, found, strict=True):
        assert data[one.offset : one.offset + one.length].decode().strip() == line


def test_a_bad_row_costs_itself_even_where_it_opens_a_quote() -> None:
    good = [f"{n},Boat {n} ties up." for n in range(6)]
    bad = ["6,too,many", "7", '8,"never closed', '"9" x,y', "10,caf\udce9"]
    for line in bad:
        rows = [*good[:3], line, *good[3:], line]
        data = "\n".join(["id,text", *rows, ""]).encode("utf-8", "surrogateescape")
        found = outcomes(read("a.csv", data))
        wanted = [row.split(",")[1] for row in good]
        assert found == [*wanted[:3], "BAD_CSV", *wanted[3:], "BAD_CSV"], line


def test_columns_of_csv_can_be_named() -> None:
    found = read("a.tsv", b"page\tbody\nhttps://x.example/\tWater.\n", Columns(text="body", id="page"))
    assert outcomes(found) == ["Water."] and found[0].url == "https://x.example/"
    assert why_not("a.tsv", b"page\tbody\n").endswith(
        "no column text or content, but page, body; give --text COLUMN to python -m pipelines ingest"
    )
    assert "names a column twice" in why_not("a.csv", b"text,text\n")
    assert "save it as UTF-8" in why_not("a.csv", "text,b\n".encode("utf-16"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"%PDF-1.7\n", "it is a PDF, not text: make text or HTML of it first"),
        (b"\x89PNG\r\n\x1a\n\0", "it is a PNG picture"),
        (b"ARROW1\0\0", "write it as Parquet"),
        (b"SQLite format 3\0", "it is an SQLite database"),
        (b"\xfd7zXZ\0", "compressed by xz"),
        (b"\0\1\2" * 50, "holds zero bytes, so it is not text"),
        (gzip.compress(table({"text": ["a"]})), "decompress it"),
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.html", "a.txt.gz"])
def test_a_binary_file_under_a_name_of_text_is_said_to_be_one(name: str, data: bytes, said: str) -> None:
    assert said in why_not(name, data)


def test_parquet_is_read_whatever_it_is_named() -> None:
    assert outcomes(read("a.txt", table({"text": pa.array(TEXTS)}))) == TEXTS


def test_each_document_is_found_by_its_place_alone(tmp_path: Path) -> None:
    csv = b"id,text\n" + b"".join(b'%d,"Boat\n%d ties up."\n' % (n, n) for n in range(20))
    files = {"a.html": HTML, "b.txt.gz": gzip.compress(PARAGRAPHS), "c.csv": csv, "d.csv.gz": gzip.compress(csv)}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        for one in read(name, data):
            assert isinstance(one.content, Page | Text)
            again = payload_digest(str(tmp_path / name), {"warc_offset": one.offset})
            assert again == one.content.payload_digest
    crawl = open_crawl(str(tmp_path))
    assert [file.kind for file in crawl.files] == ["html", "text", "csv", "csv"] and not crawl.skipped


def test_a_csv_file_is_read_once_by_the_range_that_it_begins_in() -> None:
    data = b"text\n" + b"Water.\n" * 100
    file = io.BytesIO(data)
    source, _ = detect_source("a.csv", file)
    assert source is not None and not source.splittable(file)
    assert not list(source.read(file, len(data), "a.csv", FileRange(start=50, stop=len(data))))
