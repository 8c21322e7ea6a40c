"""The crawler against servers that err, stall and never end; and its WARC files, read by another reader."""

from __future__ import annotations

import gzip
import itertools
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpcore
import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType

from corpus.crawl.crawler import CrawlConfig, crawl_site
from corpus.crawl.fetch import Fetcher, FetchError, Response
from corpus.crawl.links import canonicalize, extract_links
from corpus.crawl.robots import read_robots

HOST = "site.example"
START = f"http://{HOST}/"
DATE = "2025-01-31T00:00:00Z"


class Server:
    """Answers from `pages`: path -> (status, headers, body). `hits` lists (path, time, request headers)."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.hits: list[tuple[str, float, dict[str, str]]] = []
        self.failures: dict[str, int] = {}
        self.port = 0

    def html(self, path: str, *targets: str) -> None:
        body = "".join(f'<a href="{target}">x</a>' for target in targets)
        self.pages[path] = (200, {"Content-Type": "text/html; charset=utf-8"}, f"<p>{path}</p>{body}".encode())

    def times(self, path: str) -> int:
        return sum(hit == path for hit, *_ in self.hits)

    def config(self, **changes: object) -> CrawlConfig:
        base = CrawlConfig(
            start=(START,), name="test", resolve={HOST: ("127.0.0.1", self.port)}, retry_seconds=0.01, date=DATE
        )
        return replace(base, **changes)  # type: ignore[arg-type]


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            path = self.path
            state.hits.append((path, time.monotonic(), dict(self.headers)))
            if state.failures.get(path, 0) > 0:
                state.failures[path] -= 1
                self.answer(503, {}, b"")
            elif path.startswith("/endless/"):
                number = int(path.rsplit("/", 1)[1])
                body = f'<a href="/endless/{number + 1}">next</a>'.encode()
                self.answer(200, {"Content-Type": "text/html"}, body)
            elif path.startswith("/drip"):
                self.drip(head=path == "/drip-head")
            elif path == "/chunked":
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.write(b"5\r\n<p>ab\r\n3\r\ncde\r\n0\r\n\r\n")
            else:
                self.answer(*state.pages.get(path, (404, {}, b"none")))

        def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(body)

        def drip(self, *, head: bool) -> None:
            start = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX: "
            self.wfile.write(start if head else start + b"\r\nContent-Length: 100000\r\n\r\n")
            try:
                for _ in range(200):
                    self.wfile.write(b"x")
                    self.wfile.flush()
                    time.sleep(0.05)
            except OSError:
                pass
            self.close_connection = True

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        listener.daemon_threads = True
        state.port = listener.server_port
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield state
        listener.shutdown()
        thread.join()


def test_every_url_seen_is_accounted_for(server: Server, tmp_path: Path) -> None:
    server.html("/", "/a", "/b#part", "/b", "/gone", "https://elsewhere.example/", "http://10.0.0.1/", "mailto:x@y.z")
    server.html("/a", "/deep/1", "/")
    server.html("/b", "/private/x")
    server.html("/deep/1", "/deep/2")
    server.pages["/robots.txt"] = (200, {}, b"User-agent: *\nDisallow: /private/\nAllow: /\n")
    report = crawl_site(server.config(max_depth=2), tmp_path)
    assert report.pages == 4
    # A private address is only suspect to a crawl of the public web; this one runs on loopback.
    assert report.not_fetched == {"http_404": 1, "other_host": 2, "robots": 1, "too_deep": 1}
    assert report.urls == report.pages + sum(report.not_fetched.values())
    assert report.requests == len(server.hits) == 6
    assert [path for path, *_ in server.hits] == ["/robots.txt", "/", "/a", "/b", "/gone", "/deep/1"]
    assert server.hits[1][2]["User-Agent"].startswith("headwater/")
    assert server.hits[1][2]["Host"] == HOST


def test_503_then_200_is_fetched_and_lasting_errors_are_counted(server: Server, tmp_path: Path) -> None:
    server.html("/", "/later", "/never", "/busy")
    server.html("/later")
    server.failures = {"/later": 2, "/never": 99}
    server.pages["/busy"] = (429, {"Retry-After": "3600"}, b"")
    report = crawl_site(server.config(), tmp_path)
    assert report.pages == 2
    assert report.not_fetched == {"http_429": 1, "http_503": 1}
    assert (server.times("/later"), server.times("/never"), server.times("/busy")) == (3, 3, 1)


def test_redirects_are_followed_on_the_host_and_refused_off_it(server: Server, tmp_path: Path) -> None:
    server.html("/", "/moved", "/away", "/inside", "/loop0")
    server.html("/new")
    server.pages["/moved"] = (301, {"Location": "/new"}, b"")
    server.pages["/away"] = (302, {"Location": "http://elsewhere.example/"}, b"")
    server.pages["/inside"] = (302, {"Location": f"http://{HOST}:8080/admin"}, b"")
    for number in range(9):
        server.pages[f"/loop{number}"] = (307, {"Location": f"/loop{number + 1}"}, b"")
    report = crawl_site(server.config(), tmp_path)
    assert report.pages == 2
    assert report.not_fetched == {"other_host": 2, "redirect": 3 + 6, "too_many_redirects": 1}
    assert server.times("/loop5") == 1 and server.times("/loop6") == 0


def test_a_public_host_may_not_lead_into_a_private_network(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["93.184.215.14", "127.0.0.1"])
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (next(answers), server.port))])
    monkeypatch.setattr("httpcore.SyncBackend.connect_tcp", _unreachable)
    with Fetcher(user_agent="x", resolve={}, read_seconds=1, total_seconds=1) as fetcher:
        with pytest.raises(FetchError, match="connection"):
            fetcher.get(START, 10)
        with pytest.raises(FetchError, match="private_address") as refused:
            fetcher.get(START, 10)
    assert refused.value.reason == "private_address"
    assert server.hits == []


def _unreachable(*_: object, **__: object) -> None:
    raise httpcore.ConnectError("nothing listens there")


def test_links_and_redirects_to_private_addresses_are_counted(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.html("/", "http://169.254.169.254/latest/meta-data/", "http://localhost/", "/inside")
    server.pages["/inside"] = (302, {"Location": "http://[::1]/"}, b"")
    monkeypatch.setattr(Fetcher, "private", False)  # as if the site were on the public internet
    report = crawl_site(server.config(), tmp_path)
    assert report.not_fetched == {"private_address": 3, "redirect": 1}


@pytest.mark.parametrize("path", ["/drip-body", "/drip-head"])
def test_a_slow_drip_is_cut_off(server: Server, tmp_path: Path, path: str) -> None:
    server.html("/", path, "/after")
    server.html("/after")
    began = time.monotonic()
    report = crawl_site(server.config(total_seconds=1.0), tmp_path)
    assert time.monotonic() - began < 8
    assert report.pages == 2
    assert report.not_fetched == {"timeout": 1}


def test_endless_pages_are_bounded(server: Server, tmp_path: Path) -> None:
    start = (f"{START}endless/0",)
    by_pages = crawl_site(server.config(start=start, max_pages=7, max_depth=1000), tmp_path / "pages")
    assert by_pages.pages == 7 and by_pages.not_fetched == {"page_limit": 1}
    by_depth = crawl_site(server.config(start=start, max_depth=3), tmp_path / "depth")
    assert by_depth.pages == 4 and by_depth.not_fetched == {"too_deep": 1}


def test_other_content_is_not_kept(server: Server, tmp_path: Path) -> None:
    server.html("/", "/data", "/big", "/packed", "/chunked")
    server.pages["/data"] = (200, {"Content-Type": "application/octet-stream"}, b"<a href='/hidden'>x</a>")
    server.pages["/big"] = (200, {"Content-Type": "text/html"}, b"x" * 5000)
    server.pages["/packed"] = (200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, gzip.compress(b"x"))
    report = crawl_site(server.config(page_bytes=1000), tmp_path)
    assert report.pages == 2
    assert report.not_fetched == {"encoded": 1, "not_html": 1, "too_large": 1}
    assert server.times("/hidden") == 0


@pytest.mark.parametrize(
    ("status", "body", "pages"),
    [(404, b"", 2), (403, b"", 2), (200, b"User-agent: headwater\nDisallow: /a", 1), (200, b"\xef\xbb\xbfnonsense", 2)],
)
def test_robots_status(server: Server, tmp_path: Path, status: int, body: bytes, pages: int) -> None:
    server.html("/", "/a")
    server.html("/a")
    server.pages["/robots.txt"] = (status, {}, body)
    assert crawl_site(server.config(), tmp_path).pages == pages


def test_robots_that_cannot_be_had_disallow_everything(server: Server, tmp_path: Path) -> None:
    server.html("/")
    server.failures = {"/robots.txt": 99}
    with pytest.raises(ValueError, match=r"http://site\.example/: no page .*'robots': 1.*503: nothing allowed"):
        crawl_site(server.config(), tmp_path)
    assert list(tmp_path.iterdir()) == []

    def refuse(url: str, limit: int) -> None:
        raise FetchError("timeout", url)

    assert not read_robots("http://x.example", refuse).allowed("http://x.example/")  # type: ignore[arg-type]


def test_robots_redirects(server: Server, tmp_path: Path) -> None:
    server.html("/")
    server.pages["/robots.txt"] = (301, {"Location": "/rules"}, b"")
    server.pages["/rules"] = (200, {}, b"User-agent: *\nDisallow:\n")
    assert crawl_site(server.config(), tmp_path / "near").robots == {"http://site.example": "robots.txt"}
    server.pages["/robots.txt"] = (301, {"Location": "http://elsewhere.example/robots.txt"}, b"")
    with pytest.raises(ValueError, match="redirects to another host"):
        crawl_site(server.config(), tmp_path / "far")


def test_delay_is_the_longer_of_configuration_and_robots(server: Server, tmp_path: Path) -> None:
    server.html("/", "/a", "/b")
    server.html("/a")
    server.html("/b")
    server.pages["/robots.txt"] = (200, {}, b"User-agent: *\nCrawl-delay: 0.2\n")
    crawl_site(server.config(delay=0.05), tmp_path)
    moments = [moment for _, moment, _ in server.hits]
    assert all(later - earlier >= 0.19 for earlier, later in itertools.pairwise(moments[1:]))


def test_nothing_fetched_names_the_start_and_what_was_seen(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        config = CrawlConfig(start=(START,), name="x", resolve={HOST: unused.getsockname()})
        with pytest.raises(ValueError, match=r"site\.example/: no page was fetched in 1 requests"):
            crawl_site(config, tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": ()}, "give http or https URLs"),
        ({"start": ("ftp://x.example/",)}, "give http or https URLs"),
        ({"start": (START, "http://other.example/")}, "several hosts"),
        ({"date": "2025-01-31"}, "2025-01-31T00:00:00Z"),
    ],
)
def test_configuration_is_checked(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CrawlConfig(**{"start": (START,), "name": "x", **changes})  # type: ignore[arg-type]


# WARC files --------------------------------------------------------------------------------------------------------


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


# Parts -------------------------------------------------------------------------------------------------------------


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
