"""Common Crawl's bucket: the same files come over S3, from a store that is busy and cuts connections."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import fsspec
import pytest

from corpus.lake import download
from corpus.lake.manifest import sha256
from corpus.sources import commoncrawl, open_crawl
from corpus.sources.commoncrawl import CommonCrawlId
from tests.corpus.sources.test_commoncrawl import CRAWL, FILES, LISTING, NAMES, path

BUCKET = "/commoncrawl"


class Store(ThreadingHTTPServer):
    """`broken`: path -> how many of its next answers are an error, or end after 1,000 bytes."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {BUCKET + name: data for name, data in FILES.items()}
        self.broken: dict[str, list[str]] = {}
        self.read: list[tuple[str, int]] = []  # path, first byte


class Handler(BaseHTTPRequestHandler):
    """HEAD and GET of an object, as far as a client that knows its key needs them."""

    server: Store

    def do_HEAD(self) -> None:
        self._answer(None)

    def do_GET(self) -> None:
        self._answer(self.headers.get("Range") or "bytes=0-")

    def _answer(self, wanted: str | None) -> None:
        data = self.server.files.get(self.path)
        broken = self.server.broken.get(self.path, [])
        how = broken.pop(0) if wanted and broken else "whole"
        if data is None or how == "busy":
            self._head(404 if data is None else 503, 0, b"")
            return
        first, last = ([*re.findall(r"[0-9]+", wanted or ""), ""])[:2] if wanted else ("0", "")
        body = data[int(first) : int(last) + 1 if last else None]
        self._head(206 if wanted else 200, len(body), data)
        if wanted:
            self.server.read.append((self.path, int(first)))
            self.wfile.write(body[:1_000] if how == "cut" else body)
        self.close_connection = True

    def _head(self, status: int, size: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(size))
        self.send_header("ETag", f'"{sha256(data)[:32]}"')
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    pytest.importorskip("s3fs")
    with Store() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        endpoint = {"endpoint_url": f"http://127.0.0.1:{server.server_port}", "key": "a", "secret": "b"}
        monkeypatch.setitem(fsspec.config.conf, "s3", endpoint | {"config_kwargs": {"retries": {"max_attempts": 1}}})
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv(commoncrawl.BASE_VARIABLE, "s3://commoncrawl/")
        monkeypatch.setenv(download.CACHE_VARIABLE, str(tmp_path / "cache"))
        yield server
        server.shutdown()


def test_the_first_files_come_from_the_bucket_and_only_once(store: Store) -> None:
    crawl = open_crawl(f"{CRAWL}#2")
    assert crawl.digests == {name: sha256(FILES[path(number)]) for number, name in enumerate(NAMES[:2])}
    assert {name for name, _ in store.read} == {BUCKET + LISTING, BUCKET + path(0), BUCKET + path(1)}
    asked = len(store.read)
    assert open_crawl(f"{CRAWL}#2") == crawl
    assert len(store.read) == asked


def test_a_busy_store_that_cuts_connections(store: Store) -> None:
    store.broken = {BUCKET + path(0): ["busy", "cut", "busy", "cut"]}
    [(_, file)] = commoncrawl.download_files(CommonCrawlId(crawl=CRAWL, files=1), wait=0.001)
    assert file.read_bytes() == FILES[path(0)]


def test_a_cut_download_goes_on_by_range_and_a_changed_object_begins_again(store: Store, tmp_path: Path) -> None:
    url, target = f"s3:/{BUCKET}{path(0)}", tmp_path / "file"
    data = FILES[path(0)]
    tag = f'"{sha256(data)[:32]}"'
    for begun, first in ((tag, 5_000), ('"another"', 0)):
        Path(f"{target}.part").write_bytes(data[:5_000])
        Path(f"{target}.part.validator").write_text(begun)
        store.read.clear()
        assert download.fetch(url, target, 0.001).read_bytes() == data
        assert store.read[0] == (BUCKET + path(0), first)
        target.unlink()


def test_what_is_not_there_is_not_asked_for_again(store: Store, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        download.fetch(f"s3:/{BUCKET}/nothing", tmp_path / "file", 0.001)
