"""Server: the app on a bound socket, until it is asked to end. Then it takes nothing new, and what runs may finish."""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path
from types import FrameType

import uvicorn

from training.serving.access import Access
from training.serving.app import make_app
from training.serving.logs import configure_logs, log_event
from training.serving.service import Service

LAST_BYTES = 5  # seconds for answers that are written to be sent


class ModelServer:
    """`token`: what is asked of everyone; `certificate` and `key`: files by which it speaks TLS."""

    def __init__(
        self,
        service: Service,
        bound: socket.socket,
        token: str,
        certificate: Path | None = None,
        key: Path | None = None,
    ) -> None:
        self._service, self._socket = service, bound
        config = uvicorn.Config(
            Access(make_app(service), token, service.config, service.metrics, lambda: service.draining),
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            timeout_graceful_shutdown=LAST_BYTES,
        )
        config.load()  # a certificate that cannot be used is refused here
        self._server = _DrainingServer(config, service)

    def listen(self) -> None:
        """From now on a request is answered, if only by waiting."""
        self._socket.listen(2048)

    def run(self) -> None:
        """Answers until SIGTERM and what was asked before it is answered, or a second signal."""
        configure_logs()
        served = self._service.served
        rows = self._service.engine.rows if self._service.engine else None
        logged = self._service.prompt_log is not None
        log_event("started", model=served.name, sha256=served.digest, rows=rows, prompts_logged=logged)
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._service.stop()
            log_event("stopped")

    def end(self) -> None:
        """As a signal would: what was asked is answered, and `run` returns."""
        self._server.drain()


class _DrainingServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service, self._deadline = service, float("inf")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """At the first SIGTERM the port stays open, so that whoever asks is told to ask elsewhere."""
        if sig == signal.SIGINT or self._service.draining:
            super().handle_exit(sig, frame)
            return
        self.drain()

    def drain(self) -> None:
        self._service.draining = True
        self._deadline = time.monotonic() + self._service.config.drain_seconds

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second."""
        if self._service.draining and (self._service.idle or time.monotonic() > self._deadline):
            self.should_exit = True
        return await super().on_tick(counter)
