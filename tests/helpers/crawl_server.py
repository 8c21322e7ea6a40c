"""A server that misbehaves, for tests of the crawler."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from corpus.crawl.crawler import CrawlConfig

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
