"""What a crawl writes: WARC that others read, the same bytes twice; and the links that it follows."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from crawl_server import DATE, START, Server
from fastwarc.warc import ArchiveIterator, WarcRecordType

from corpus.crawl.crawler import crawl_site
from corpus.crawl.fetch import Response
from corpus.crawl.links import canonicalize, extract_links
from corpus.crawl.robots import read_robots


def _site(server: Server) -> None:
    server.html("/", "/a?q=1&r=%c3%a9", "/b", "/chunked")
    server.html("/a?q=1&r=%C3%A9")
    server.html("/b", "/gone")


def test_another_reader_reads_the_warc_and_its_digests(server: Server, tmp_path: Path) -> None:
    _site(server)
    report = crawl_site(server.config(warc_bytes=1500), tmp_path)
    assert [file.name for file in report.files] == [f"test-{number:05d}.warc.gz" for number in range(len(report.files))]
    assert len(report.files) > 1
    assert sorted(tmp_path.iterdir()) == list(report.files)
    seen, total, answered = [], 0, None
    for file in report.files:
        kinds = []
        with file.open("rb") as stream:
            for record in ArchiveIterator(stream, parse_http=False):
                kinds.append(record.record_type)
                assert record.headers["WARC-Date"] == DATE
                assert record.verify_block_digest(consume=False)
                if record.record_type == WarcRecordType.warcinfo:
                    assert record.headers["WARC-Filename"] == file.name
                    assert b"not the time of the fetch" in record.reader.read()
                    continue
                assert record.headers["WARC-IP-Address"] == "127.0.0.1"
                if record.record_type == WarcRecordType.request:
                    assert record.headers["WARC-Concurrent-To"] == answered
                    assert record.reader.read().startswith(b"GET /")
                    continue
                answered = record.record_id
                seen.append(record.headers["WARC-Target-URI"])
                record.parse_http()
                assert record.verify_payload_digest(consume=False)
                assert record.http_headers["Content-Length"] == str(record.content_length)
                assert "Date" not in record.http_headers and "Transfer-Encoding" not in record.http_headers
                total += len(record.reader.read())
        assert kinds[0] == WarcRecordType.warcinfo
        assert kinds[1:] == [WarcRecordType.response, WarcRecordType.request] * (len(kinds) // 2)
    assert seen == [START, f"{START}a?q=1&r=%C3%A9", f"{START}b", f"{START}chunked"]
    assert total == report.html_bytes


def test_warc_bytes_are_the_same_twice_and_hold_no_port(server: Server, tmp_path: Path) -> None:
    _site(server)
    first, second = (crawl_site(server.config(), tmp_path / name).files for name in "ab")
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]
    assert str(server.port).encode() not in gzip.decompress(first[0].read_bytes())


def test_every_record_is_its_own_gzip_member_without_a_time(server: Server, tmp_path: Path) -> None:
    _site(server)
    data = crawl_site(server.config(), tmp_path).files[0].read_bytes()
    with (tmp_path / "test-00000.warc.gz").open("rb") as stream:
        offsets = [record.stream_pos for record in ArchiveIterator(stream)]
    assert len(offsets) == 9
    for begin, end in zip(offsets, [*offsets[1:], len(data)], strict=True):
        assert data[begin : begin + 8] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00"
        assert gzip.decompress(data[begin:end]).startswith(b"WARC/1.1\r\n")


def test_without_a_date_the_clock_is_recorded(server: Server, tmp_path: Path) -> None:
    server.html("/")
    with crawl_site(server.config(date=None), tmp_path).files[0].open("rb") as stream:
        record = next(iter(ArchiveIterator(stream, record_types=WarcRecordType.response)))
        assert record.headers["WARC-Date"] > "2025-02" and record.http_headers["Date"]


def test_files_are_never_overwritten(server: Server, tmp_path: Path) -> None:
    server.html("/")
    crawl_site(server.config(), tmp_path)
    with pytest.raises(FileExistsError, match="crawl into an empty folder"):
        crawl_site(server.config(), tmp_path)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTP://Example.ORG:80", "http://example.org/"),
        ("https://example.org:443/a/../b#c", "https://example.org/b"),
        ("http://example.org/a b?q=é#", "http://example.org/a%20b?q=%C3%A9"),
        ("http://example.org/%7euser%2f", "http://example.org/%7Euser%2F"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("mailto:a@b.c", None),
        ("http://user:secret@example.org/", None),
        ("http://example.org:99999/", None),
        ("http://[broken/", None),
        ("http://example.org/" + "a" * 3000, None),
    ],
)
def test_canonical(url: str, expected: str | None) -> None:
    assert canonicalize(url) == expected


def test_links_heed_base_and_survive_what_is_no_html() -> None:
    page = b'<base href="/docs/"><a href="a.html#x">1</a><a href=a.html>2</a><a>3</a><a href="http://[x">4</a>'
    assert extract_links(page, "utf-8", "http://h.example/") == ["http://h.example/docs/a.html"]
    assert extract_links(b"", "utf-8", "http://h.example/") == []
    assert extract_links(b"\x00\xff\xfe" * 10, "utf-8", "http://h.example/") == []


def test_a_crawl_delay_of_hours_means_no() -> None:
    rules = b"User-agent: *\nCrawl-delay: 7200\n"
    answer = Response(status=200, phrase="OK", headers=(), body=rules, truncated=False, address="127.0.0.1")
    robots = read_robots("http://h.example", lambda url, limit: answer)
    assert not robots.allowed("http://h.example/")
    assert robots.verdict == "robots.txt asks for 7200 s between requests: nothing allowed"
