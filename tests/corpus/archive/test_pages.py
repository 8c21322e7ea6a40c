"""Pages: a record's body comes out of every encoding it was sent in, or a reason says why it does not."""

from __future__ import annotations

import base64
import gzip
import hashlib
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warc_bytes import HTML, http, member, read, record

from corpus.archive import pages
from corpus.archive.pages import NotAPage, Page, read_page
from corpus.archive.parsing import Record

BIG = HTML * 200


def page_of(data: bytes) -> Page | NotAPage:
    (found,) = read(data)
    assert isinstance(found, Record)
    return read_page(found.warc)


def html_of(data: bytes) -> bytes:
    page = page_of(data)
    assert isinstance(page, Page), page
    return page.html


def chunked(body: bytes, size: int = 1000) -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts) + b"0\r\n\r\n"


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


def brotli(body: bytes) -> bytes:
    return bytes(pytest.importorskip("brotli", reason="brotli is not installed: it packs the input").compress(body))


def zstd(body: bytes) -> bytes:
    library: Any = pytest.importorskip("zstandard", reason="zstandard is not installed: it packs the input")
    return bytes(library.ZstdCompressor().compress(body))


ENCODINGS: dict[str, tuple[Callable[[bytes], bytes], tuple[str, ...]]] = {
    "plain": (lambda body: body, ()),
    "identity": (lambda body: body, ("Content-Encoding: identity",)),
    "gzip": (gzip.compress, ("Content-Encoding: gzip",)),
    "x-gzip": (gzip.compress, ("Content-Encoding: X-GZIP",)),
    "zlib": (zlib.compress, ("Content-Encoding: deflate",)),
    "raw deflate": (raw_deflate, ("Content-Encoding: deflate",)),
    "brotli": (brotli, ("Content-Encoding: br",)),
    "zstd": (zstd, ("Content-Encoding: zstd",)),
    "chunked": (chunked, ("Transfer-Encoding: chunked",)),
    "chunked gzip": (
        lambda body: chunked(gzip.compress(body), 50),
        ("Transfer-Encoding: chunked", "Content-Encoding: gzip"),
    ),
    "gzip twice": (lambda body: gzip.compress(gzip.compress(body)), ("Content-Encoding: gzip, gzip",)),
    "gzip in zlib": (lambda body: zlib.compress(gzip.compress(body)), ("Content-Encoding: gzip, deflate",)),
    "already dechunked": (lambda body: body, ("Transfer-Encoding: chunked",)),
    "already unzipped": (lambda body: body, ("Content-Encoding: gzip",)),
    "already both": (lambda body: body, ("Transfer-Encoding: chunked", "Content-Encoding: br")),
    "dechunked gzip": (gzip.compress, ("Transfer-Encoding: chunked", "Content-Encoding: gzip")),
}


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("compressed", [True, False], ids=["gzip", "plain"])
def test_the_body_is_what_the_server_meant(name: str, compressed: bool) -> None:
    encode, headers = ENCODINGS[name]
    data = record(http(encode(BIG), *headers))
    assert html_of(member(data) if compressed else data) == BIG


def test_a_page_tells_where_and_when_it_is_from() -> None:
    page = page_of(record(http(HTML, kind="text/html; charset=Big5"), uri="https://River.Example:8080/a?b=c"))
    assert isinstance(page, Page)
    assert (page.url, page.host) == ("https://River.Example:8080/a?b=c", "river.example")
    assert page.fetched_at == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert page.declared_charset is not None and page.declared_charset.lower() == "big5"
    assert page.payload_digest == "sha1:" + base64.b32encode(hashlib.sha1(HTML).digest()).decode()


def test_the_digest_is_of_the_decoded_body() -> None:
    digests = {page.payload_digest for name in ENCODINGS if isinstance(page := page_of(_sent(name)), Page)}
    assert len(digests) == 1
    other = page_of(record(http(BIG + b" ")))
    assert isinstance(other, Page) and other.payload_digest not in digests


def _sent(name: str) -> bytes:
    encode, headers = ENCODINGS[name]
    return record(http(encode(BIG), *headers))


NOT_PAGES: dict[str, tuple[bytes, str, bool]] = {
    "request": (record(b"GET / HTTP/1.1\r\nHost: river.example\r\n\r\n", kind="request"), "not_a_response", False),
    "revisit": (record(b"HTTP/1.1 200 OK\r\n\r\n", kind="revisit"), "revisit", False),
    "metadata": (record(b"a: b", kind="metadata"), "not_a_response", False),
    "unknown type": (record(kind="nonsense"), "not_a_response", False),
    "dns": (record(b"20240506070809\nriver.example. 300 IN A 127.0.0.1", uri="dns:river.example"), "not_http", False),
    "not found": (record(http(status="404 Not Found")), "http_status", False),
    "redirect": (record(http(b"", "Location: /x", status="301 Moved")), "http_status", False),
    "picture": (record(http(b"\x89PNG", kind="image/png")), "not_html", False),
    "json": (record(http(b'{"a": 1}', kind="application/json")), "not_html", False),
    "no type, no markup": (record(http(b"%PDF-1.7", kind=None)), "not_html", False),
    "empty": (record(http(b"")), "empty_body", False),
    "blank": (record(http(b" \r\n\t")), "empty_body", False),
    "unknown encoding": (record(http(b"\1\2", "Content-Encoding: sdch")), "unknown_encoding", False),
    "broken gzip": (record(http(b"\x1f\x8b\x08" + b"\xff" * 200, "Content-Encoding: gzip")), "bad_http_body", True),
    "no HTTP header": (record(b"\0\1\2 this is no HTTP at all"), "bad_http_header", True),
    "no bytes": (record(b""), "bad_http_header", True),
}


@pytest.mark.parametrize("name", NOT_PAGES)
def test_what_is_no_page_has_a_reason(name: str) -> None:
    data, reason, broken = NOT_PAGES[name]
    found = page_of(data)
    assert isinstance(found, NotAPage)
    assert found.reason.split(":")[0] == reason
    assert found.broken is broken, "broken records are quarantined, the others dropped"


def test_an_unknown_encoding_is_named() -> None:
    found = page_of(record(http(b"\1\2", "Content-Encoding: gzip, sdch")))
    assert isinstance(found, NotAPage) and found.detail == "sdch"


def test_markup_without_a_type_is_a_page() -> None:
    assert html_of(record(http(HTML, kind=None))) == HTML


@pytest.mark.parametrize("name", ["gzip", "zlib", "raw deflate", "brotli", "zstd", "gzip twice", "chunked gzip"])
def test_a_bomb_in_a_body_is_dropped_at_the_cap(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_HTML", 1 << 20)
    encode, headers = ENCODINGS[name]
    sizes: list[int] = []
    original = pages.decode_body

    def watched(layer: str, body: bytes, most: int) -> tuple[bytes, bool] | None:
        decoded = original(layer, body, most)
        sizes.append(len(decoded[0]) if decoded else 0)
        return decoded

    monkeypatch.setattr(pages, "decode_body", watched)
    found = page_of(record(http(encode(b"<p>" + b"\0" * (32 << 20)), *headers)))
    assert isinstance(found, NotAPage) and found.reason == "bomb"
    assert max(sizes) <= (1 << 20) + 1


def test_a_body_above_the_cap_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_HTML", 1000)
    found = page_of(record(http(HTML * 100)))
    assert isinstance(found, NotAPage) and found.reason == "too_large"


@pytest.mark.parametrize("date", ["1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "yesterday", "2024-13-45T99:99:99Z"])
def test_an_unusable_date_is_null(date: str) -> None:
    page = page_of(record(date=date))
    assert isinstance(page, Page) and page.fetched_at is None


@pytest.mark.parametrize("uri", [None, "http://[broken/", "http://" + "a" * 5000 + "/", "<http://river.example/ü>"])
def test_an_odd_url_is_no_reason_to_lose_the_page(uri: str | None) -> None:
    assert html_of(record(uri=uri)) == HTML


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=200) | st.binary(max_size=200).map(lambda body: b"HTTP/1.1 200 OK\r\n" + body),
    st.sampled_from(["gzip", "br", "zstd", "deflate", "chunked", "identity", "\xff", ""]),
)
def test_no_content_of_a_record_raises(block: bytes, encoding: str) -> None:
    whole = http(block, f"Content-Encoding: {encoding}", f"Transfer-Encoding: {encoding}")
    for content in (block, whole):
        assert isinstance(page_of(record(content)), Page | NotAPage)


UNUSUAL: dict[str, bytes] = {
    "type twice": http(HTML, "Content-Type: text/html; charset=utf-8"),
    "types in one header": http(HTML, kind="text/html, text/html; charset=UTF-8"),
    "quoted type": http(HTML, kind='"text/html"'),
    "no encoding": http(HTML, "Content-Encoding: none"),
    "a charset for an encoding": http(HTML, "Content-Encoding: UTF-8"),
    "an encoding that is undone": http(HTML, "Content-Encoding: sdch, gzip"),
    "blanks in the status line": b"HTTP/1.1   200   OK\r\nContent-Type: text/html\r\n\r\n" + HTML,
    "small letters": b"http/1.1 200 ok\r\ncontent-type: text/html\r\n\r\n" + HTML,
    "no reason": b"HTTP/1.0 200\nContent-Type: text/html\n\n" + HTML,
    "no version": b"HTTP 200 OK\r\nContent-Type: text/html\r\n\r\n" + HTML,
    "100 Continue first": b"HTTP/1.1 100 Continue\r\n\r\n" + http(HTML),
    "early hints first": b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 100 \r\n\r\n" + http(HTML),
    "a folded header": b"HTTP/1.1 200 OK\r\nContent-Type:\r\n text/html\r\n\r\n" + HTML,
    "a line that is no header": b"HTTP/1.1 200 OK\r\nnonsense\r\nContent-Type: text/html\r\n\r\n" + HTML,
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_what_odd_servers_send_is_read(name: str) -> None:
    assert html_of(record(UNUSUAL[name])) == HTML


def test_a_resource_is_a_page_by_its_own_type() -> None:
    data = record(HTML, kind="resource").replace(b"application/http; msgtype=response", b"text/html; charset=big5")
    page = page_of(data)
    assert isinstance(page, Page) and page.html == HTML and page.declared_charset == "big5"
    picture = page_of(record(b"\x89PNG", kind="resource").replace(b"application/http; msgtype=response", b"image/png"))
    assert isinstance(picture, NotAPage) and picture.reason == "not_html"


@pytest.mark.parametrize("compressed", [True, False], ids=["gzip", "plain"])
def test_line_ends_that_were_counted_twice_cost_no_record(compressed: bool) -> None:
    """As in ClueWeb09: the header's lines end with LF, and the length counts CRLF."""
    headers = [f"X-{number}: y" for number in range(8)]
    blocks = [http(HTML * times, *headers).replace(b"\r\n", b"\n") for times in (1, 2, 3)]
    records = [record(block, length=str(len(block) + block.split(b"\n\n")[0].count(b"\n") + 2)) for block in blocks]
    found = read(b"".join(map(member, records)) if compressed else b"".join(records))
    pages_found = [read_page(item.warc) for item in found if isinstance(item, Record)]
    assert [page.html.strip() for page in pages_found if isinstance(page, Page)] == [HTML, HTML * 2, HTML * 3]
