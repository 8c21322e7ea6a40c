"""A proxy before an object store that is told which of the next requests to answer badly, and how."""

from __future__ import annotations

import http.client
import re
import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BUSY, EMPTY_503, SILENT, DRIP, CUT, CUT_UPLOAD, FULL, LOST, HOLD, STALE, MEET = range(11)
ERROR = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{}</Code><Message>{}</Message></Error>'
SILENCE, PAUSE = 3.0, 0.05  # seconds: longer than an impatient client waits for a byte; between two pieces
FOR_EVER = 10**9


@dataclass
class Fault:
    """Befalls the next `times` requests whose "METHOD path?query" matches `pattern`.

    BUSY 503 SlowDown. EMPTY_503 as a load balancer answers. SILENT nothing is heard for a while. DRIP the answer comes
    slowly. CUT it ends half-way. CUT_UPLOAD the connection ends half-way through the request's body. FULL no space.
    LOST the request is obeyed, and its answer is lost. HOLD it waits for `release`, and is not obeyed then. STALE a
    listing stays as it was when it was first asked for. MEET two such requests wait for each other, then both are
    obeyed.
    """

    kind: int
    pattern: str
    times: int = FOR_EVER
    met: int = 0
    reached: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)
    pair: threading.Barrier = field(default_factory=lambda: threading.Barrier(2))


class FaultyProxy(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream = port
        self.faults: list[Fault] = []
        self.listings: dict[str, tuple[int, list[tuple[str, str]], bytes]] = {}
        self.requests: list[str] = []
        self._lock = threading.Lock()

    def fail(self, kind: int, pattern: str, times: int = FOR_EVER) -> Fault:
        fault = Fault(kind, pattern, times)
        self.faults.append(fault)
        return fault

    def heal(self) -> None:
        for fault in self.faults:
            fault.release.set()
            fault.pair.abort()
        self.faults.clear()
        self.listings.clear()
        self.requests.clear()

    def fault_of(self, request: str) -> Fault | None:
        with self._lock:
            self.requests.append(request)
            for fault in self.faults:
                if fault.met < fault.times and re.search(fault.pattern, request):
                    fault.met += 1
                    fault.reached.set()
                    return fault
        return None

    def handle_error(self, *_: Any) -> None:
        """A client that goes away is no news here."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyProxy

    def _serve(self) -> None:
        fault = self.server.fault_of(f"{self.command} {self.path}")
        kind = fault.kind if fault else None
        length = int(self.headers.get("Content-Length") or 0)
        if kind == CUT_UPLOAD:
            self.rfile.read(length // 2)
            return self._hang_up()
        body = self.rfile.read(length)
        if fault and kind == HOLD:
            fault.release.wait()
            return self._hang_up()
        if fault and kind == MEET:
            fault.pair.wait()
        if kind == SILENT:
            time.sleep(SILENCE)
            return self._hang_up()
        if kind in (BUSY, FULL, EMPTY_503):
            code, text = (503, ERROR.format("SlowDown", "Please reduce your request rate."))
            if kind == FULL:
                code, text = (
                    507,
                    ERROR.format("XMinioStorageFull", "Storage backend has reached its minimum free drive"),
                )
            return self._send(code, [], b"" if kind == EMPTY_503 else text.encode())
        status, headers, answer = self._listing(body) if kind == STALE else self._ask(body)
        if kind == LOST:
            return self._hang_up()
        self._send(status, headers, answer, kind)

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """What the store behind says."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=60)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _listing(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        return self.server.listings.setdefault(self.path, self._ask(body))

    def _send(self, status: int, headers: list[tuple[str, str]], body: bytes, kind: int | None = None) -> None:
        self.send_response(status)
        hop = {"connection", "transfer-encoding", "date", "server"}
        kept = [(name, value) for name, value in headers if name.lower() not in hop]
        for name, value in kept:
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in kept):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if kind == CUT:
            self.wfile.write(body[: len(body) // 2])
            self._hang_up()
        elif kind == DRIP:
            for start in range(0, len(body), len(body) // 20 + 1):
                self.wfile.write(body[start : start + len(body) // 20 + 1])
                time.sleep(PAUSE)
        else:
            self.wfile.write(body)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: Any) -> None:
        pass
