"""Client: a running `headwater view`, asked as a browser asks: over one connection, with the cookie of its token."""

from __future__ import annotations

import html
import http.client
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psutil

from headwater.serving import bind_port

LINK = re.compile(r'<h3><a href="(/document/[^"]*)"')
NEXT = re.compile(r'rel="next" href="(/\?[^"]*)"')


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`seconds`: from the request to the last byte of the answer; `text`: its HTML."""

    seconds: float
    text: str


@dataclass(kw_only=True)
class Server:
    """`started`: seconds from the command to the line that says where it listens."""

    process: psutil.Popen
    url: str
    started: float
    _connection: http.client.HTTPConnection | None = field(default=None, init=False)
    _cookie: str = field(default="", init=False)

    def ask(self, path: str) -> Answer:
        """Exits where the answer is not 200."""
        parts = urlsplit(self.url)
        if self._connection is None:
            self._connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
            entrance = self._send(f"/?{parts.query}")[0]
            self._cookie = str(entrance.headers["Set-Cookie"]).partition(";")[0]
        started = time.perf_counter()
        answer, body = self._send(path)
        seconds = time.perf_counter() - started
        if answer.status != 200:
            sys.exit(f"{path} was answered by {answer.status}: {body[:500]!r}")
        return Answer(seconds=seconds, text=body.decode())

    def _send(self, path: str) -> tuple[http.client.HTTPResponse, bytes]:
        assert self._connection is not None
        self._connection.request("GET", path, headers={"Cookie": self._cookie})
        answer = self._connection.getresponse()
        return answer, answer.read()

    def documents(self, count: int, **query: str) -> list[str]:
        """Where the first `count` documents of a list lead to."""
        found: list[str] = []
        path = to_list(query)
        while path and len(found) < count:
            page = self.ask(path).text
            found += map(html.unescape, LINK.findall(page))
            following = NEXT.search(page)
            path = html.unescape(following[1]) if following else ""
        return found[:count]

    def processor_seconds(self) -> float:
        """Of its process, with those that it has started and waited for."""
        used = self.process.cpu_times()
        return float(used.user + used.system + used.children_user + used.children_system)

    def memory(self) -> tuple[int, int]:
        """Bytes that the process holds in memory now, and the most that it has held."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        said = {name: value for name, _, value in (line.partition(":") for line in lines)}
        return int(said["VmRSS"].split()[0]) << 10, int(said["VmHWM"].split()[0]) << 10


def to_list(query: Mapping[str, str], page: int = 1) -> str:
    return f"/?{urlencode({**query, 'page': page})}"


@contextmanager
def served(lake: Path) -> Iterator[Server]:
    """`headwater view` on a lake, in a process of its own, until the block ends."""
    with bind_port(0) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "headwater", "view", "--lake", str(lake), "--port", str(port), "--json"]
    started = time.perf_counter()
    process = psutil.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        if not line:
            sys.exit(f"{' '.join(command)} ended with {process.wait()}")
        yield Server(process=process, url=json.loads(line)["url"], started=time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait()
