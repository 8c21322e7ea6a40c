"""Bad lines and rows: each costs itself alone, is said to be bad, and the documents around it are read."""

from __future__ import annotations

import codecs
import gzip
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backports import zstd
from source_files import outcomes, read, table

from corpus.archive.pages import NotAPage, Text
from corpus.sources.kinds import detect_source
from corpus.sources.rows import Columns

GOOD = [{"text": f"The ferry of {hour} o'clock is full.", "url": f"https://ferry.example/{hour}"} for hour in range(9)]
LINES = [json.dumps(row).encode() + b"\n" for row in GOOD]
BAD_LINES = {
    "tab": b'{"text": "a\tb"}\n',
    "cut": b'{"text": "The fer\n',
    "list": b'["The ferry is full."]\n',
    "word": b"null\n",
    "latin": b'{"text": "caf\xe9"}\n',
    "log": b"2024-05-06 exported 9 rows\n",
}
PACKED = {"jsonl": bytes, "jsonl.gz": gzip.compress, "jsonl.zst": zstd.compress}


TEXTS = [row["text"] for row in GOOD]


@pytest.mark.parametrize("suffix", PACKED)
@pytest.mark.parametrize("bad", BAD_LINES)
def test_a_bad_line_costs_itself_wherever_it_stands(bad: str, suffix: str) -> None:
    line = BAD_LINES[bad]
    for data in (line + b"".join(LINES), line * 3 + b"".join(LINES), b"".join(LINES) + line):
        found = read(f"a.{suffix}", PACKED[suffix](data))
        assert [text for text in outcomes(found) if text != "BAD_JSON"] == TEXTS
        assert [one.raw for one in found if one.raw] == [line] * data.count(line)


@pytest.mark.parametrize("suffix", PACKED)
def test_a_byte_order_mark_is_skipped(suffix: str) -> None:
    found = read(f"a.{suffix}", PACKED[suffix](codecs.BOM_UTF8 + b"".join(LINES)))
    assert outcomes(found) == TEXTS and found[0].offset == 0


def test_json_that_is_laid_out_over_many_lines_is_no_list_of_documents() -> None:
    for value in ({"rows": GOOD}, GOOD, [{"text": "a"}, 1, 2]):
        source, why = detect_source("a.json", io.BytesIO(json.dumps(value, indent=1).encode()))
        assert source is None and why is not None and "write one object a line" in why


def test_json_in_utf_16_is_said_to_be() -> None:
    _, why = detect_source("a.jsonl", io.BytesIO(b"".join(LINES).decode().encode("utf-16")))
    assert why == "it is JSON in UTF-16; save it as UTF-8"


def test_objects_within_objects_without_end_are_one_bad_line() -> None:
    deep = b'{"a":' * 900 + b"1" + b"}" * 900 + b"\n"
    deeper = b'{"a":' * 100_000 + b"\n"
    assert outcomes(read("a.jsonl", deep + b"".join(LINES) + deeper)) == ["no_text_field", *TEXTS, "BAD_JSON"]
    assert detect_source("a.jsonl", io.BytesIO(deep))[0] is None


def test_the_first_text_that_is_not_empty_counts() -> None:
    rows = [
        {"text": "", "content": "Water."},
        {"text": " \n", "content": "Water."},
        {"text": {"a": 1}, "content": "Water."},
        {"text": None, "content": ""},
        {"text": ["Water."]},
    ]
    found = read("a.jsonl", b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    assert outcomes(found) == ["Water."] * 3 + ["no_text", "no_text_field"]
    assert isinstance(found[-1].content, NotAPage) and "text (list)" in found[-1].content.detail


@pytest.mark.parametrize(
    "dates",
    [
        pa.array([2**60, 1715000000000, None, -(2**60), 1715000000000], pa.timestamp("ms", "UTC")),
        pa.array([253402300800000000] * 5, pa.timestamp("us", "UTC")),
        pa.array([1715000000123456789] * 5, pa.timestamp("ns", "UTC")),
        pa.array([1715000000] * 5, pa.timestamp("s", "Nowhere/Town")),
        pa.array([2**30] * 5, pa.date32()),
    ],
)
def test_a_date_beyond_python_is_null_and_its_row_is_read(dates: pa.Array) -> None:
    found = read("a.parquet", table({"text": TEXTS[:5], "date": dates}))
    assert outcomes(found) == TEXTS[:5]
    years = {one.content.fetched_at and one.content.fetched_at.year for one in found if isinstance(one.content, Text)}
    assert years <= {2024, None}


def test_a_string_that_is_not_utf_8_costs_its_row() -> None:
    texts = [text.encode() for text in TEXTS]
    texts[1], texts[4] = b"caf\xe9", b"\xff"
    strings = pa.array(texts, pa.binary()).view(pa.string())
    found = read("a.parquet", table({"text": strings, "url": pa.array([b"\xff"] * 9, pa.binary()).view(pa.string())}))
    assert outcomes(found) == [TEXTS[0], "BAD_VALUE", *TEXTS[2:4], "BAD_VALUE", *TEXTS[5:]]
    assert [one.offset for one in found] == list(range(9)) and {one.url for one in found} == {None}
    content = pa.array(["Water."] * 9)
    assert outcomes(read("a.parquet", table({"text": strings, "content": content})))[1] == "Water."
    assert outcomes(read("a.parquet", table({"text": pa.array(texts, pa.binary())})))[:2] == [TEXTS[0], "BAD_VALUE"]


def test_nested_columns_are_named_by_their_path() -> None:
    rows = [{"raw": {"body": text, "n": 1}, "meta": {"url": f"https://x.example/{n}"}} for n, text in enumerate(TEXTS)]
    columns = Columns(text="raw.body", id="meta.url")
    lines = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    for name, data in (("a.jsonl", lines), ("a.parquet", sink.getvalue())):
        found = read(name, data, columns)
        assert outcomes(found) == TEXTS
        assert [one.url for one in found] == [row["meta"]["url"] for row in rows]
        _, why = detect_source(name, io.BytesIO(data))
        for path in ("raw.body", "raw.n", "meta.url"):
            assert why is not None and f" {path}" in why and "; give --text " in why


def test_a_column_that_holds_no_text_is_named_with_its_type() -> None:
    _, why = detect_source("a.parquet", io.BytesIO(table({"text": [1, 2], "body": ["a", "b"]})))
    assert why is not None and why.startswith(
        "its column text has int64, no texts; no column text or content, but text, body; give --text"
    )
