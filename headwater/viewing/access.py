"""Access: who may ask the server, and what a browser may do with its answers.

A token that only the terminal shows is asked of everyone, first in the URL, then in a cookie that scripts cannot read
and other sites cannot send. The Host must be this machine's own name, or a foreign name that was made to point here
(DNS rebinding) could read the lake; what is posted must come from a page of this server. Nothing may be loaded but its
style sheet, and no page may be framed but by it.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOSTS = ("127.0.0.1", "localhost")
COOKIE, PARAMETER = "headwater_view", "token"
METHODS = ("GET", "HEAD", "POST")
OWN_PAGE = (
    "default-src 'none'; style-src 'self'; img-src data:; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": OWN_PAGE,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with none at all, browsers send no Origin with a form
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
REFUSED = "Open the address that `headwater view` printed in the terminal: it has the token that is asked for.\n"
# A redirection would be followed without the cookie where the address was opened from another site.
ENTRANCE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Headwater</title>
<meta http-equiv="refresh" content="0; url=/"><p><a href="/">The lake</a></p></html>
"""


def crawled_page_headers(style: str) -> Mapping[str, str]:
    """Of a page of a crawl in its frame: nothing loads, runs, is sent or followed; of styles this one alone holds."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'none'; base-uri 'none'; "
        "frame-ancestors 'self'; sandbox"
    )
    return {"Content-Security-Policy": policy, "X-Frame-Options": "SAMEORIGIN"}


def protect(app: ASGIApp, token: str, port: int) -> ASGIApp:
    """The app behind all of it. `port`: cookies are a host's, whatever the port, so its name has that."""
    return _SecureHeaders(TrustedHostMiddleware(_Access(app, token, f"{COOKIE}_{port}"), allowed_hosts=list(HOSTS)))


class _SecureHeaders:
    """HEADERS on every answer, where it does not set its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class _Access:
    """401 without the token, 403 for what another site posts."""

    def __init__(self, app: ASGIApp, token: str, cookie: str) -> None:
        self._app, self._token, self._cookie = app, token, cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._answer(Request(scope)) if scope["type"] == "http" else None
        await (self._app if answer is None else answer)(scope, receive, send)

    def _answer(self, request: Request) -> Response | None:
        """None for a request that the app answers."""
        if request.method not in METHODS:
            return PlainTextResponse("GET and POST are answered.\n", 405)
        if self._is_token(request.query_params.get(PARAMETER, "")):
            entrance = HTMLResponse(ENTRANCE)
            entrance.set_cookie(self._cookie, self._token, httponly=True, samesite="strict")
            return entrance
        if not self._is_token(request.cookies.get(self._cookie, "")):
            return PlainTextResponse(REFUSED, 401, {"WWW-Authenticate": 'Token realm="headwater view"'})
        if request.method == "POST" and request.headers.get("origin") != f"http://{request.headers.get('host')}":
            return PlainTextResponse("A mark is taken from the pages of this server alone.\n", 403)
        return None

    def _is_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self._token.encode())
