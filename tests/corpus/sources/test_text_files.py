"""Parquet, JSON lines and text files: one document a row, line or file, each found again by its place."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backports import zstd
from crawls import CHINESE, YELLOW_RIVER

from corpus.archive.pages import NotAPage, Text
from corpus.archive.ranges import FileRange
from corpus.lineage.reread import payload_digest
from corpus.sources import contract, jsonl, open_crawl, plaintext
from corpus.sources.contract import SourceRecord
from corpus.sources.kinds import detect_source

ROWS = [{"text": f"River {n} runs downhill. 河", "url": f"https://river.example/{n}", "n": n} for n in range(50)]
LINES = [json.dumps(row).encode() + b"\n" for row in ROWS]


def found(name: str, data: bytes, span: FileRange | None = None) -> list[SourceRecord]:
    file = io.BytesIO(data)
    source, why = detect_source(name, file)
    assert source is not None, why
    return list(source.read(file, len(data), name, span or FileRange(start=0, stop=len(data))))


def tiled(name: str, data: bytes, cuts: list[int]) -> list[SourceRecord]:
    edges = [0, *cuts, len(data)]
    return [
        item
        for first, last in itertools.pairwise(edges)
        for item in found(name, data, FileRange(start=first, stop=last))
    ]


def texts(items: list[SourceRecord]) -> list[str]:
    return [item.content.text for item in items if isinstance(item.content, Text)]


def reasons(items: list[SourceRecord]) -> list[str]:
    return [item.content.reason if isinstance(item.content, NotAPage) else "text" for item in items]


def table(rows: list[dict[str, object]], **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink, **options)
    return sink.getvalue()


# JSON lines -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["jsonl", "jsonl.gz", "jsonl.zst", "json.gz", "ndjson"])
def test_each_line_is_a_document(suffix: str) -> None:
    data = b"".join(LINES)
    packed = {"gz": gzip.compress, "zst": zstd.compress}.get(suffix.rsplit(".", 1)[-1], bytes)(data)
    items = found(f"rivers.{suffix}", packed)
    assert texts(items) == [row["text"] for row in ROWS]
    assert [item.url for item in items] == [row["url"] for row in ROWS]
    assert [data[item.offset : item.offset + item.length] for item in items] == LINES


def test_lines_are_read_once_wherever_the_file_is_cut() -> None:
    data = b"".join(LINES[:8])
    for cut in range(1, len(data)):
        assert tiled("a.jsonl", data, [cut]) == found("a.jsonl", data), f"cut at byte {cut}"


def test_fields_have_other_names_too_and_ids_that_are_urls_count() -> None:
    row = {"content": "Water.", "id": "https://river.example/", "title": "On  water", "date": "2024-05-06T07:08:09Z"}
    [item] = found("a.jsonl", json.dumps(row).encode())
    assert isinstance(item.content, Text)
    assert (item.content.text, item.content.url, item.content.host) == ("Water.", row["id"], "river.example")
    assert item.content.title == "On water"
    assert str(item.content.fetched_at) == "2024-05-06 07:08:09+00:00"
    [item] = found("a.jsonl", json.dumps({**row, "id": "7", "date": "2024-05-06T07:08:09"}).encode())
    assert isinstance(item.content, Text) and item.content.url is item.content.fetched_at is None


def test_a_line_that_is_no_document_costs_itself() -> None:
    lines = [LINES[0], b"{not json}\n", b"[1]\n", b'{"body": 1}\n', b'{"text": " "}\n', b"\n", b"\xff\n", LINES[1][:-9]]
    lines += [b"\n", b'{"text": "\\ud800 a", "url": "https://a.example/\\ud800"}']
    items = found("a.jsonl", b"".join(lines))
    assert reasons(items) == [
        *("text", "bad_json", "bad_json", "no_text_field", "no_text", "bad_json", "bad_json", "text"),
    ]
    assert items[1].raw == lines[1]
    assert items[-1].url is None and texts(items)[-1] == " a"


def test_a_line_that_is_too_long_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "MAX_TEXT", 1 << 18)
    monkeypatch.setattr(contract, "MAX_TEXT", 1 << 18)
    long = json.dumps({"text": "x" * (5 << 20)}).encode() + b"\n"
    items = found("a.jsonl", LINES[0] + long + LINES[1])
    assert reasons(items) == ["text", "too_large", "text"]
    assert items[1].length == len(long)


def test_a_cut_stream_keeps_its_whole_lines() -> None:
    packed = gzip.compress(b"".join(LINES))
    items = found("a.jsonl.gz", packed[:-8])
    assert texts(items) == [row["text"] for row in ROWS]
    assert reasons(items)[-1] == "truncated"


# Parquet --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["text", "content"])
def test_each_row_of_a_table_is_a_document(column: str) -> None:
    rows: list[dict[str, object]] = [{column: row["text"], "url": row["url"], "n": 1} for row in ROWS]
    items = found("rivers.parquet", table(rows, row_group_size=7))
    assert texts(items) == [row["text"] for row in ROWS]
    assert [(item.offset, item.length) for item in items] == [(number, 1) for number in range(50)]
    assert [item.url for item in items] == [row["url"] for row in ROWS]


def test_row_groups_are_read_once_wherever_the_file_is_cut() -> None:
    data = table(ROWS, row_group_size=7)
    for cut in range(1, len(data), 13):
        assert tiled("a.parquet", data, [cut]) == found("a.parquet", data), f"cut at byte {cut}"


def test_rows_without_text_are_dropped() -> None:
    rows: list[dict[str, object]] = [{"text": None}, {"text": ""}, {"text": "Water."}]
    assert reasons(found("a.parquet", table(rows))) == ["no_text_field", "no_text", "text"]


def test_a_damaged_row_group_costs_itself() -> None:
    data = bytearray(table(ROWS, row_group_size=10, write_page_checksum=True, compression="zstd"))
    place = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(2).column(0).dictionary_page_offset
    data[place + 60] ^= 0xFF
    items = found("a.parquet", bytes(data))
    assert len(texts(items)) == 40
    [lost] = [item for item in items if isinstance(item.content, NotAPage)]
    assert (lost.offset, lost.length, reasons([lost])) == (20, 10, ["corrupt_parquet"])


def test_a_table_without_a_column_of_text_is_named() -> None:
    source, why = detect_source("a.parquet", io.BytesIO(table([{"n": 1}])))
    assert (
        source is None
        and why == "it has no column text or content, but n; give --text COLUMN to python -m pipelines ingest"
    )


# Text files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_a_text_file_is_one_document(encoding: str) -> None:
    text = f"{CHINESE}\n\n# {YELLOW_RIVER}"
    data = text.encode(encoding)
    [item] = found("books/长江.md", data)
    assert isinstance(item.content, Text)
    assert (item.content.text, item.content.title) == (text, "长江")
    assert (item.offset, item.length, item.url) == (0, len(data), None)
    assert found("books/长江.md", data, FileRange(start=10, stop=20)) == []


@pytest.mark.parametrize("charset", ["utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize("between", ["\n\n", "\r\n\r\n", "\n", " "])
def test_a_long_text_is_cut_between_paragraphs(charset: str, between: str) -> None:
    paragraphs = [f"{number}. {CHINESE}{YELLOW_RIVER}" for number in range(2_000)]
    data = between.join(paragraphs).encode(charset)
    items = found("book.txt", data)
    assert "\n".join(texts(items)).split() == between.join(paragraphs).split()
    assert [item.offset for item in items] == [0, *itertools.accumulate(item.length for item in items)][:-1]
    assert sum(item.length for item in items) == len(data)
    if charset == "utf-16" or between == " ":
        assert len(items) == 1
    else:
        assert len(items) > 10 and max(item.length for item in items) < plaintext.WHOLE
        assert all(text.split(".")[0].strip().isdigit() for text in texts(items))
    assert tiled("book.txt", data, [len(data) // 3, len(data) // 2]) == items
    short = "\n\n".join(paragraphs[:20]).encode(charset)
    assert len(short) <= plaintext.WHOLE and len(found("page.txt", short)) == 1


def test_a_long_file_without_blank_lines_is_cut_in_linear_time() -> None:
    data = b"A line of a log, of which no other is blank.\n" * 700_000
    started = time.process_time()
    items = found("log.txt", data)
    assert time.process_time() - started < 10, "of 32 MB; it takes a second, and took 18"
    assert len(items) > 1_500 and sum(item.length for item in items) == len(data)


def test_a_text_file_that_is_none_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert reasons(found("a.txt", b"Water." * 20_000 + b"\0")) == ["undecodable"]
    assert reasons(found("a.txt", b" \n ")) == ["no_text"]
    monkeypatch.setattr(plaintext, "MAX_TEXT", 10)
    assert reasons(found("a.txt", b"Water runs downhill.")) == ["too_large"]


def test_each_document_is_found_by_its_place_alone(tmp_path: Path) -> None:
    files = {
        "a.jsonl": b"".join(LINES),
        "a.jsonl.gz": gzip.compress(b"".join(LINES)),
        "a.parquet": table(ROWS, row_group_size=7),
        "a.txt": b"Water runs downhill.",
        "b.txt": b"Water runs downhill.\n\n" * 5_000,
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        for item in found(name, data):
            assert isinstance(item.content, Text)
            digest = payload_digest(str(tmp_path / name), {"warc_offset": item.offset})
            assert digest == item.content.payload_digest


def test_json_lines_without_any_text_are_not_a_source_of_documents(tmp_path: Path) -> None:
    """Labels beside a crawl are skipped once, not dropped a thousand times; a file with some texts is read."""
    (tmp_path / "labels.jsonl").write_text('{"pair": 1, "kind": "near"}\n' * 2_000)
    (tmp_path / "some.jsonl").write_text('{"pair": 1}\n{"text": "A text of its own."}\n')
    crawl = open_crawl(str(tmp_path))
    assert [file.name for file in crawl.files] == ["some.jsonl"]
    assert crawl.skipped["labels.jsonl"].startswith(
        "none of its first 100 lines has a text: no field text or content, but kind, pair; give --text"
    )
    with pytest.raises(ValueError, match=r"labels.jsonl cannot be read: none of its first .* kind, pair"):
        open_crawl(str(tmp_path / "labels.jsonl"))
