"""Robots: what a site lets this crawler fetch, after RFC 9309. The rules are protego's to read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urljoin

from protego import Protego

from corpus.crawl.fetch import FetchError, Response
from corpus.crawl.links import canonicalize, same_host

PRODUCT = "headwater"
"""The product token that a robots.txt addresses (RFC 9309, section 2.2.1)."""

MAX_BYTES = 512_000
"""RFC 9309, section 2.5: at least 500 KiB must be read; the rest is ignored."""

MAX_REDIRECTS = 5
"""RFC 9309, section 2.3.1.2."""

MAX_DELAY = 60.0
"""Seconds. A site that asks for more between two requests does not want to be crawled, and is not."""


@dataclass(frozen=True, kw_only=True)
class Robots:
    """The rules of one origin. `verdict` says in words where they come from; `delay` is the Crawl-delay in seconds."""

    verdict: str
    allow_all: bool = False
    rules: Protego | None = None
    delay: float = 0.0

    def allowed(self, url: str) -> bool:
        return self.rules.can_fetch(url, PRODUCT) if self.rules is not None else self.allow_all


def read_robots(origin: str, get: Callable[[str, int], Response]) -> Robots:
    """Fetches an origin's robots.txt with `get(url, byte limit)`.

    2xx: its rules. 4xx: everything is allowed. 5xx, no answer, or a redirect to another host: nothing is.
    """
    url: str | None = f"{origin}/robots.txt"
    for _ in range(MAX_REDIRECTS + 1):
        if url is None or not same_host(url, origin):
            return Robots(verdict="robots.txt redirects to another host: nothing allowed")
        try:
            response = get(url, MAX_BYTES)
        except FetchError as error:
            return Robots(verdict=f"robots.txt: {error.reason}: nothing allowed")
        if response.redirect is None:
            return _judge(response)
        url = canonicalize(urljoin(url, response.redirect))
    return Robots(verdict=f"robots.txt: more than {MAX_REDIRECTS} redirects: everything allowed", allow_all=True)


def _judge(response: Response) -> Robots:
    if 200 <= response.status < 300:
        rules = Protego.parse(response.body.decode("utf-8", "replace").removeprefix("\ufeff"))
        delay = rules.crawl_delay(PRODUCT) or 0.0
        if delay > MAX_DELAY:
            return Robots(verdict=f"robots.txt asks for {delay:g} s between requests: nothing allowed")
        return Robots(verdict="robots.txt", rules=rules, delay=delay)
    if 400 <= response.status < 500:
        return Robots(verdict=f"robots.txt: {response.status}: everything allowed", allow_all=True)
    return Robots(verdict=f"robots.txt: {response.status}: nothing allowed")
