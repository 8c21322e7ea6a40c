"""Counting store: an S3 server on this machine that counts what is asked of it, so that nobody has to guess.

It holds objects in memory and knows as much of the protocol as s3fs needs for a lake. Signatures are not looked at.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

WHEN = "2026-01-01T00:00:00.000Z"
BUCKET = "bucket"
INPUT = "input"


class Store(ThreadingHTTPServer):
    """`asked` counts requests by method, LIST and DELETE among them, and the bytes that went `out` and came `in`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects: dict[str, bytes] = {}
        self.asked: Counter[str] = Counter()
        self.lock = threading.Lock()

    def count(self, what: str, number: int = 1) -> None:
        with self.lock:
            self.asked[what] += number


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Store

    def do_HEAD(self) -> None:
        self.server.count("HEAD")
        data = self.server.objects.get(self._key())
        self._answer(404 if data is None else 200, data or b"", body=False)

    def do_GET(self) -> None:
        if self._key():
            self.server.count("GET")
            self._get()
        else:
            self.server.count("LIST")
            self._list(parse_qs(urlsplit(self.path).query))

    def do_PUT(self) -> None:
        self.server.count("PUT")
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.count("in", len(data))
        if self.headers.get("If-None-Match") == "*" and self._key() in self.server.objects:
            self._answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            return
        self.server.objects[self._key()] = data
        self._answer(200, b"", tag=data)

    def do_POST(self) -> None:
        self.server.count("DELETE")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        for key in re.findall("<Key>(.*?)</Key>", body):
            self.server.objects.pop(key, None)
        self._answer(200, b"<DeleteResult/>")

    def _key(self) -> str:
        return unquote(urlsplit(self.path).path).removeprefix(f"/{BUCKET}").lstrip("/")

    def _get(self) -> None:
        data = self.server.objects.get(self._key())
        if data is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        first, last = ([*re.findall("[0-9]+", self.headers.get("Range") or ""), "", ""])[:2]
        part = data[int(first or 0) : int(last) + 1 if last else None]
        self.server.count("out", len(part))
        self._answer(206 if first else 200, part, tag=data)

    def _list(self, query: dict[str, list[str]]) -> None:
        prefix, delimiter = query.get("prefix", [""])[0], query.get("delimiter", [""])[0]
        keys, folders = [], set()
        for key in sorted(self.server.objects):
            if key.startswith(prefix):
                rest = key[len(prefix) :]
                if delimiter and delimiter in rest:
                    folders.add(prefix + rest.split(delimiter)[0] + delimiter)
                else:
                    keys.append(key)
        found = [
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.server.objects[key])}</Size>"
            f"<LastModified>{WHEN}</LastModified><ETag>x</ETag></Contents>"
            for key in keys
        ]
        found += [f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>" for name in sorted(folders)]
        number = f"<KeyCount>{len(found)}</KeyCount><IsTruncated>false</IsTruncated>"
        self._answer(200, f"<ListBucketResult>{number}{''.join(found)}</ListBucketResult>".encode())

    def _answer(self, status: int, data: bytes, body: bool = True, tag: bytes | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{md5(data if tag is None else tag, usedforsecurity=False).hexdigest()}"')
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serve() -> Iterator[Store]:
    with Store() as store:
        threading.Thread(target=store.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield store
        store.shutdown()


def count_requests(files: list[Path], block_bytes: int) -> dict[str, dict[str, int]]:
    """What a lake in a bucket is asked for by each command: requests by method, and bytes `in` and `out`; and under
    INPUT, into how many splits the files were cut, and their bytes."""
    with serve() as store:
        store.objects |= {f"crawl/{file.name}": file.read_bytes() for file in files}
        environment = os.environ | {
            "FSSPEC_S3_ENDPOINT_URL": f"http://127.0.0.1:{store.server_port}",
            "FSSPEC_S3_KEY": "key",
            "FSSPEC_S3_SECRET": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
        }
        found: dict[str, dict[str, int]] = {}
        made: list[str] = []
        crawl = ["ingest", "--crawl", f"s3://{BUCKET}/crawl", "--block-bytes", str(block_bytes)]
        for command in (crawl, ["clean"], ["deduplicate"]):
            if made:
                reads = {"clean": "documents/", "deduplicate": "clean/"}[command[0]]
                command.append(next(name for name in made if name.startswith(reads)))
            store.asked.clear()
            run = [sys.executable, "-m", "pipelines", *command, "--lake", f"s3://{BUCKET}/lake", "--workers", "1"]
            done = subprocess.run(run, capture_output=True, text=True, env=environment, check=False)
            if done.returncode:
                sys.exit(f"{' '.join(run)} failed: {done.stdout}{done.stderr}")
            made += re.findall(r"^[a-z_]+/[0-9a-f]+", done.stdout, re.MULTILINE)
            found[command[0]] = dict(store.asked)
        sizes = [file.stat().st_size for file in files]
        splits = sum(-(-size // block_bytes) for size in sizes)
        return {**found, INPUT: {"splits": splits, "bytes": sum(sizes)}}
