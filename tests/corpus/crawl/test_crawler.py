"""The crawler against servers that err, stall and never end; and its WARC files, read by another reader."""

from __future__ import annotations

import gzip
import itertools
import socket
import time
from pathlib import Path

import httpcore
import pytest
from crawl_server import HOST, START, Server

from corpus.crawl.crawler import CrawlConfig, crawl_site
from corpus.crawl.fetch import Fetcher, FetchError
from corpus.crawl.robots import read_robots


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
