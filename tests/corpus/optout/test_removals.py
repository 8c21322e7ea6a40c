"""Removals: what an entry means, and that rows are told alike one by one and all at once."""

from __future__ import annotations

import pyarrow as pa
import pytest

from corpus.lake.schema import ORIGIN, document_id
from corpus.optout.removals import Removal, RemovalMatcher, parse_removal, read_removals

DOC = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("example.org", "host:example.org"),
        ("WWW.Example.org.", "host:www.example.org"),
        ("host:example.org", "host:example.org"),
        ("https://Example.org/a/", "url:example.org/a"),
        ("example.org/a?b=1#c", "url:example.org/a?b=1"),
        ("http://example.org", "url:example.org"),
        ("url:example.org", "url:example.org"),
        (DOC.upper(), f"doc:{DOC}"),
        (f"doc:{DOC}", f"doc:{DOC}"),
    ],
)
def test_what_a_name_means(text: str, entry: str) -> None:
    removal = parse_removal(text)
    assert str(removal) == entry and parse_removal(entry) == removal


@pytest.mark.parametrize("text", ["", "/", "a b", "doc:12", "http://[", "url:", "host:example.org/a"])
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"no host, URL or doc_id: give example.org"):
        parse_removal(text)


def test_a_list_says_which_line_is_wrong() -> None:
    found = read_removals(b"\xef\xbb\xbf# why\n\nhost:b.example\nhost:a.example\nb.example\n", "removals.txt")
    assert found == (Removal("host", "a.example"), Removal("host", "b.example"))
    with pytest.raises(ValueError, match=r"lake/removals.txt:2: 'doc:1' is no host"):
        read_removals(b"host:a.example\ndoc:1\n", "lake/removals.txt")


def record(number: int, url: str | None, host: str | None) -> dict[str, object]:
    place = {"warc_file": "a.warc", "warc_offset": number, "warc_length": 1}
    return {"doc_id": document_id("crawl", "a.warc", number), "url": url, "host": host, **place}


def test_rows_are_told_alike_one_by_one_and_all_at_once() -> None:
    records = [
        record(0, "https://a.example/", "a.example"),
        record(1, "https://www.A.example/x", "www.a.example"),
        record(2, "https://nota.example/x", "nota.example"),
        record(3, "https://b.example/page/", "b.example"),
        record(4, "http://b.example:80/page#top", "b.example"),
        record(5, "https://b.example/page2", "b.example"),
        record(6, None, None),
        record(7, "https://sub.a.example/unread", None),
        record(8, "https://c.example/", "c.example"),
        record(9, "https://c.example/", "c.example"),
    ]
    removals = [
        Removal("host", "a.example"),
        Removal("url", "b.example/page"),
        Removal("doc", document_id("crawl", "a.warc", 9).hex()),
    ]
    matcher = RemovalMatcher(removals)
    wanted = [True, True, False, True, True, False, False, True, False, True]
    assert [matcher.find(row) is not None for row in records] == wanted
    assert matcher.mask(pa.Table.from_pylist(records, pa.schema(ORIGIN))).tolist() == wanted
    assert not RemovalMatcher([]).mask(pa.Table.from_pylist(records, pa.schema(ORIGIN))).any()
