"""Common Crawl: its files come whole from a server that is busy, cuts connections and changes its mind."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from warc_bytes import three

from corpus.lake import download
from corpus.lake.manifest import sha256
from corpus.sources import commoncrawl, open_crawl
from corpus.sources.commoncrawl import CommonCrawlId, parse_crawl_id

CRAWL = "CC-MAIN-2026-05"
NAMES = [f"segments/1768.{n}/warc/{CRAWL}-{n:05d}.warc.gz" for n in range(3)]
FILES = {f"/crawl-data/{CRAWL}/{name}": b"".join(three()) * (n + 1) * 20 for n, name in enumerate(NAMES)}
LISTING = f"/crawl-data/{CRAWL}/warc.paths.gz"
FILES[LISTING] = gzip.compress("".join(f"crawl-data/{CRAWL}/{name}\n" for name in NAMES).encode())


class Host(ThreadingHTTPServer):
    """`answers`: path -> what the next requests for it get: a status, or after how many bytes the connection is cut."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = dict(FILES)
        self.answers: dict[str, list[tuple[str, int]]] = {}
        self.asked: list[tuple[str, str | None, int]] = []  # path, Range, bytes to send
        self.tags = True

    def of(self, path: str) -> list[tuple[str | None, int]]:
        return [(wanted, sent) for name, wanted, sent in self.asked if name == path]


class Handler(BaseHTTPRequestHandler):
    server: Host

    def do_GET(self) -> None:
        server, data = self.server, self.server.files.get(self.path)
        answers = server.answers.get(self.path, [])
        how, number = answers.pop(0) if answers else ("whole", 0)
        wanted = self.headers.get("Range")
        # A request is noted before it is answered: once it is, the client goes on, and looks, at once.
        if data is None or how == "status":
            server.asked.append((self.path, wanted, 0))
            self.send_response(404 if data is None else number)
            self.send_header("Retry-After", "0")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        tag = f'"{sha256(data)[:8]}"'
        first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if first and self.headers.get("If-Range") != tag:
            first = 0
        body = data[first:] if how == "whole" else data[first : first + number]
        server.asked.append((self.path, wanted, len(body)))
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        if server.tags:
            self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(data) - first))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    with Host() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        monkeypatch.setenv(commoncrawl.BASE_VARIABLE, f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv(download.CACHE_VARIABLE, str(tmp_path / "cache"))
        yield server
        server.shutdown()


def get(files: int | None = 1) -> list[tuple[str, bytes]]:
    return [
        (name, path.read_bytes())
        for name, path in commoncrawl.download_files(CommonCrawlId(crawl=CRAWL, files=files), wait=0.001)
    ]


def path(number: int) -> str:
    return f"/crawl-data/{CRAWL}/{NAMES[number]}"


@pytest.mark.parametrize(
    ("url", "files"), [(CRAWL, None), (f"{CRAWL}#3", 3), (f"{CRAWL}?files=12", 12), ("CC-MAIN-2026", 0), ("/a/b", 0)]
)
def test_an_id_says_how_many_files(url: str, files: int | None) -> None:
    known = parse_crawl_id(url)
    assert known == (None if files == 0 else CommonCrawlId(crawl=CRAWL, files=files))


def test_a_folder_of_that_name_is_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / CRAWL).mkdir()
    (tmp_path / CRAWL / "a.warc.gz").write_bytes(b"".join(three()))
    assert [file.name for file in open_crawl(CRAWL).files] == ["a.warc.gz"]


def test_the_first_files_are_a_crawl_and_no_more_is_asked_for(host: Host) -> None:
    crawl = open_crawl(f"{CRAWL}#2")
    assert crawl.id == CRAWL
    assert crawl.digests == {name: sha256(FILES[path(number)]) for number, name in enumerate(NAMES[:2])}
    assert {name for name, *_ in host.asked} == {LISTING, path(0), path(1)}
    again = open_crawl(f"{CRAWL}#2")
    assert (again, len(host.asked)) == (crawl, 3)


def test_a_busy_server_is_asked_again(host: Host) -> None:
    host.answers = {
        LISTING: [("status", 503)],
        path(0): [("status", 503), ("status", 429), ("status", 403), ("status", 500)],
    }
    assert get() == [(NAMES[0], FILES[path(0)])]
    assert len(host.of(path(0))) == 5


def test_a_cut_connection_goes_on_where_it_was(host: Host) -> None:
    host.answers = {path(0): [("cut", 1_000), ("cut", 500), ("status", 503)]}
    assert get() == [(NAMES[0], FILES[path(0)])]
    assert host.of(path(0)) == [
        (None, 1_000),
        ("bytes=1000-", 500),
        ("bytes=1500-", 0),
        ("bytes=1500-", len(FILES[path(0)]) - 1_500),
    ]


def test_a_run_that_died_is_gone_on_with(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "TRIES", 1)
    host.answers = {path(0): [("cut", 2_000)]}
    with pytest.raises(OSError, match=r"00000.warc.gz: 1 attempts brought nothing, the last: .*; run again to go on"):
        get()
    assert get() == [(NAMES[0], FILES[path(0)])]
    assert host.of(path(0))[-1][0] == "bytes=2000-"


def test_a_file_that_changed_meanwhile_is_not_mixed(host: Host) -> None:
    host.answers = {path(0): [("cut", 1_000)]}
    attempts = download._ask

    def changing(*args: Any) -> bool:
        done = attempts(*args)
        if args[0].endswith("00000.warc.gz"):
            host.files[path(0)] = FILES[path(1)]
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(download, "_ask", changing)
        assert get() == [(NAMES[0], FILES[path(1)])]


def test_without_a_tag_a_cut_file_is_fetched_anew(host: Host) -> None:
    host.tags = False
    host.answers = {path(0): [("cut", 1_000)]}
    assert get() == [(NAMES[0], FILES[path(0)])]
    assert [wanted for wanted, _ in host.of(path(0))] == [None, None]


def test_a_server_that_never_answers_is_named(host: Host) -> None:
    host.answers = {path(0): [("status", 503)] * 100}
    with pytest.raises(OSError, match=r"00000.warc.gz: 8 attempts brought nothing, the last: 503 Service Unavailable"):
        get()


def test_a_crawl_that_does_not_exist_is_named(host: Host) -> None:
    with pytest.raises(FileNotFoundError, match=r"404 Not Found; no crawl is named CC-MAIN-1999-01: see commoncrawl"):
        list(commoncrawl.download_files(CommonCrawlId(crawl="CC-MAIN-1999-01", files=1), wait=0.001))


def test_how_many_files_has_to_make_sense(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="#9: that crawl has 3 files"):
        get(9)
    with pytest.raises(ValueError, match="at least 1 file is needed"):
        parse_crawl_id(f"{CRAWL}#0")
    assert len(get(None)) == 3
    monkeypatch.setattr(commoncrawl, "MOST_UNASKED", 2)
    with pytest.raises(ValueError, match="has 3 files of about 1 GB: say how many"):
        get(None)


@pytest.mark.parametrize("line", ["../../etc/passwd", "/etc/passwd", "crawl-data/../../x", "crawl-data//x", "<html>"])
def test_a_listing_cannot_write_elsewhere(host: Host, line: str) -> None:
    host.files[LISTING] = gzip.compress(line.encode())
    with pytest.raises(ValueError, match="wanted paths below crawl-data/"):
        get()
