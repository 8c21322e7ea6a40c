"""Access: what is refused before a request is read: who may ask, how much may be sent and how slowly. And what is told
of each request: its route, its status and numbers, in the log and the metrics."""

from __future__ import annotations

import asyncio
import secrets
import time
import uuid
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from training.serving.config import ServingConfig
from training.serving.errors import error_response
from training.serving.logs import log_event
from training.serving.metrics import Metrics

OPEN = ("/", "/health", "/ready")
NUMBERS = "headwater.numbers"  # of a scope: what the log tells of an answer


class Access:
    """The app behind a bearer token, limits of the body and, once `draining`, 503 for what is asked anew."""

    def __init__(
        self, app: ASGIApp, token: str, config: ServingConfig, metrics: Metrics, draining: Callable[[], bool]
    ) -> None:
        self._app, self._token, self._config, self._metrics = app, token.encode(), config, metrics
        self._draining = draining

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, request_id = time.monotonic(), uuid.uuid4().hex
        status = 499  # as nginx has it: the client has gone before it was answered

        async def tell(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        scope[NUMBERS] = {}
        try:
            await self._answer(scope, receive, tell)
        finally:
            path = getattr(scope.get("route"), "path", "other")
            self._metrics.requests.labels(path, str(status)).inc()
            seconds = round(time.monotonic() - began, 4)
            log_event("request", id=request_id, route=path, status=status, seconds=seconds, **scope[NUMBERS])

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] not in OPEN and not self._has_token(Headers(scope=scope).get("authorization", "")):
            refused = error_response(
                401, "the token is missing or another: send it as `Authorization: Bearer TOKEN`", code="invalid_api_key"
            )
            await refused(scope, receive, send)
        elif scope["path"].startswith("/v1/") and self._draining():
            refused = error_response(503, "the server is about to end and takes no more requests", code="draining")
            await refused(scope, receive, send)
        elif scope["method"] == "POST":
            await self._answer_with_body(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _has_token(self, given: str) -> bool:
        kind, _, token = given.partition(" ")
        return kind.lower() == "bearer" and secrets.compare_digest(token.strip().encode(), self._token)

    async def _answer_with_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reads the whole body first."""
        length, limit = Headers(scope=scope).get("content-length", ""), self._config.max_body
        too_large = error_response(413, f"the body is larger than {limit} bytes; send less", code="body_too_large")
        if length.isdigit() and int(length[:20]) > limit:
            await too_large(scope, receive, send)
            return
        body, more = bytearray(), True
        try:
            async with asyncio.timeout(self._config.body_seconds):
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return
                    body += message.get("body", b"")
                    more = message.get("more_body", False)
                    if len(body) > limit:
                        await too_large(scope, receive, send)
                        return
        except TimeoutError:
            seconds = self._config.body_seconds
            slow = error_response(408, f"the body did not arrive in {seconds:g} seconds", code="body_too_slow")
            await slow(scope, receive, send)
            return
        read = False

        async def replay() -> Message:
            nonlocal read
            if read:
                return await receive()
            read = True
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        await self._app(scope, replay, send)
