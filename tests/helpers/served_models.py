"""Servers of models in this process, on a free port, for tests that ask them over HTTP."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from training.serving.baseline import read_baseline
from training.serving.config import ServingConfig
from training.serving.prompt_log import PromptLog
from training.serving.served_model import load_served
from training.serving.server import ModelServer
from training.serving.service import Service

CONTEXT = 2048
NAME, TOKEN = "small", "a-token-of-the-tests"


@dataclass(frozen=True, kw_only=True)
class RunningServer:
    service: Service
    port: int
    client: httpx.Client

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def post(self, route: str = "completions", **body: Any) -> httpx.Response:
        return self.client.post(f"/v1/{route}", json=body)

    def count(self, metric: str) -> float:
        lines = self.client.get("/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{metric} ", f"{metric}{{")))


@contextmanager
def start_server(
    folder: Path, baseline: Path | None = None, prompt_log: PromptLog | None = None, **limits: Any
) -> Iterator[RunningServer]:
    served = load_served(folder, NAME)
    served.texts.ends = frozenset()  # random weights end a text anywhere: here all are as long as they may be
    compared = read_baseline(baseline, served) if baseline else None
    service = Service(served, ServingConfig(**limits), compared, prompt_log)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        server = ModelServer(service, bound, TOKEN)
        server.listen()
        thread = threading.Thread(target=server.run)
        thread.start()
        port = bound.getsockname()[1]
        headers = {"Authorization": f"Bearer {TOKEN}"}
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client:
                yield RunningServer(service=service, port=port, client=client)
        finally:
            server.end()
            thread.join(60)


def wait_until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.005)
