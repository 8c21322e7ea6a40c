"""Server: the pages of a lake, answered on this machine alone until Ctrl-C."""

from __future__ import annotations

import secrets
import socket

import uvicorn

from corpus.lake.store import Lake
from headwater.serving import HOST
from headwater.viewing.access import PARAMETER, protect
from headwater.viewing.app import Viewer, make_app
from headwater.viewing.crawled_page import load_extractor

PATIENCE = 2  # seconds for answers that are being made when it ends


class LakeServer:
    """The pages of a lake on a bound socket."""

    def __init__(self, lake: Lake, bound: socket.socket) -> None:
        """Raises FileNotFoundError where the lake has no documents, OSError naming a file that cannot be read."""
        load_extractor()
        self._socket, self._token = bound, secrets.token_urlsafe(32)
        self._app = protect(make_app(Viewer(lake)), self._token, self.port)

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        """With the token, which is in no log and on no other page."""
        return f"http://{HOST}:{self.port}/?{PARAMETER}={self._token}"

    def listen(self) -> None:
        """From now on a browser that asks is answered, if only by waiting."""
        self._socket.listen()

    def run(self) -> None:
        """Answers until SIGINT or SIGTERM."""
        config = uvicorn.Config(
            self._app,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,  # it would have the token
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=PATIENCE,
        )
        uvicorn.Server(config).run(sockets=[self._socket])
