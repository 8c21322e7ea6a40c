"""Fetch: one URL -> one response, bounded in time and size, from an address that was checked before connecting."""

from __future__ import annotations

import codecs
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpcore


class FetchError(Exception):
    """No usable response. `reason` is a short word to count by."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Response:
    """`body` is empty when it was not wanted, and cut at the limit when `truncated`. `headers` are as received."""

    status: int
    phrase: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    truncated: bool
    address: str

    def header(self, name: str) -> str:
        """The first header of this (lower-case) name, or ""."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def content_type(self) -> str:
        return self.header("content-type").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str:
        """The charset that the server names, when Python knows it; else UTF-8."""
        named = re.search(r"charset=[\"']?([\w.:-]+)", self.header("content-type"), re.IGNORECASE)
        try:
            return codecs.lookup(named[1]).name if named else "utf-8"
        except LookupError:
            return "utf-8"

    def recorded_headers(self, *, dated: bool) -> tuple[tuple[str, str], ...]:
        """The headers to record: chunks are already joined, so they state the length; no clock unless `dated`."""
        left_out = {"transfer-encoding", "content-length"} | (set() if dated else {"date"})
        kept = tuple((key, value) for key, value in self.headers if key.lower() not in left_out)
        return (*kept, ("Content-Length", str(len(self.body))))

    @property
    def redirect(self) -> str | None:
        return (self.header("location") or None) if self.status in (301, 302, 303, 307, 308) else None


class Fetcher:
    """An HTTP/1.1 client for one host, with persistent connections. Follows no redirects and ignores proxy settings.

    `resolve` maps a host to the (address, port) to connect to instead, like curl's --resolve. `read_seconds` bounds
    each wait on the network, `total_seconds` the whole response, so a server that drips bytes is cut off as well.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        resolve: Mapping[str, tuple[str, int]],
        read_seconds: float,
        total_seconds: float,
    ) -> None:
        self._user_agent = user_agent
        self._total = total_seconds
        self._network = _Network(resolve, read_seconds)
        context = ssl.create_default_context()
        self._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=self._network, max_connections=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.close()

    @property
    def loopback(self) -> bool:
        """True when the last connection went to this machine itself."""
        return self._network.address is not None and self._network.address.is_loopback

    @property
    def private(self) -> bool:
        """True when the first connection went to an address that is not on the public internet."""
        return self._network.private is True

    def request_headers(self, url: str) -> tuple[tuple[str, str], ...]:
        """What is sent: no cookies, no encoding to undo, so that the bytes received are the bytes recorded."""
        return (
            ("Host", urlsplit(url).netloc),
            ("User-Agent", self._user_agent),
            ("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1"),
            ("Accept-Encoding", "identity"),
        )

    def get(self, url: str, limit: int, wanted: Callable[[Response], bool] = lambda head: True) -> Response:
        """GETs a canonical URL. The body is read, up to `limit` bytes, when `wanted(head)`.

        Raises FetchError with the reason: timeout, connection, protocol, private_address.
        """
        self._network.deadline = time.monotonic() + self._total
        try:
            with self._pool.stream("GET", url, headers=list(self.request_headers(url))) as stream:
                head = Response(
                    status=stream.status,
                    phrase=stream.extensions.get("reason_phrase", b"").decode("latin-1"),
                    headers=tuple((key.decode("latin-1"), value.decode("latin-1")) for key, value in stream.headers),
                    body=b"",
                    truncated=False,
                    address=str(self._network.address),
                )
                if not wanted(head):
                    return head
                body = bytearray()
                for chunk in stream.iter_stream():
                    body += chunk
                    if len(body) > limit:
                        break
        except httpcore.TimeoutException as error:
            raise FetchError("timeout", f"{url} {error}") from error
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
            raise FetchError("protocol", f"{url} {error}") from error
        except (httpcore.NetworkError, OSError) as error:
            raise FetchError("connection", f"{url} {error}") from error
        return Response(
            status=head.status,
            phrase=head.phrase,
            headers=head.headers,
            body=bytes(body[:limit]),
            truncated=len(body) > limit,
            address=head.address,
        )


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class _Network(httpcore.NetworkBackend):
    """Resolves, checks and connects, in this order and once: what was checked is what is connected to."""

    def __init__(self, resolve: Mapping[str, tuple[str, int]], read_seconds: float) -> None:
        self._resolve = resolve
        self._read_seconds = read_seconds
        self._sockets = httpcore.SyncBackend()
        self.deadline = 0.0
        self.address: Address | None = None
        self.private: bool | None = None

    def remaining(self) -> float:
        """Seconds that the next wait may take."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the whole response took too long")
        return min(left, self._read_seconds)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        target, port = self._resolve.get(host, (host, port))
        error: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._allowed(host, _lookup(target, port)):
            try:
                stream = self._sockets.connect_tcp(str(address), port, self.remaining(), None, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failure:
                error = failure
                continue
            self.address = address
            return _BoundedStream(stream, self)
        raise error

    def _allowed(self, host: str, addresses: list[Address]) -> list[Address]:
        """A host whose first address was public may not lead into a private network later.

        DNS can change between two requests (rebinding); the check is therefore made at every connection.
        """
        public = [address for address in addresses if address.is_global]
        if self.private is None and addresses:
            self.private = not public
        if self.private:
            return addresses
        if addresses and not public:
            raise FetchError("private_address", f"{host} now resolves to {addresses[0]}")
        return public


def _lookup(host: str, port: int) -> list[Address]:
    try:
        results = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(f"{host} cannot be resolved: {error}") from error
    addresses: dict[Address, None] = {}
    for *_, socket_address in results:
        address = ipaddress.ip_address(str(socket_address[0]).partition("%")[0])
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        addresses[mapped or address] = None
    return list(addresses)


class _BoundedStream(httpcore.NetworkStream):
    """A connection whose every wait ends at the network's deadline."""

    def __init__(self, stream: httpcore.NetworkStream, network: _Network) -> None:
        self._stream = stream
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._network.remaining())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._network.remaining())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._network.remaining())
        return _BoundedStream(secured, self._network)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
