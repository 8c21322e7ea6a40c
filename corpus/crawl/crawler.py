"""Crawler: start URLs of one host -> WARC files and a count of every URL that was seen.

Polite (robots.txt, a delay between requests, one connection), bounded (depth, pages, bytes, seconds), breadth-first in
the order of the links, and no error of the site ends it.
"""

from __future__ import annotations

import re
import sys
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urljoin

from tqdm import tqdm

from corpus.crawl.fetch import Fetcher, FetchError, Response
from corpus.crawl.links import canonicalize, extract_links, is_private, origin, same_host
from corpus.crawl.robots import PRODUCT, Robots, read_robots
from corpus.crawl.warc_writer import WarcWriter

VERSION = version("headwater")
HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
RETRIES = 2
"""How often a request is repeated that was answered with 5xx or 429."""

MAX_RETRY_SECONDS = 60.0
"""A Retry-After beyond this is not waited for."""

MAX_REDIRECTS = 5
MAX_URLS = 1_000_000
"""URLs remembered: a page that links endlessly fills no memory."""


@dataclass(frozen=True, kw_only=True)
class CrawlConfig:
    """What is crawled and how far. Times in seconds, sizes in bytes."""

    start: tuple[str, ...]
    name: str
    max_depth: int = 10
    max_pages: int = 10_000
    page_bytes: int = 10_000_000
    read_seconds: float = 20.0
    total_seconds: float = 60.0
    delay: float | None = None
    """Between two requests; None is 1 s, and 0 on loopback. A longer Crawl-delay in robots.txt prevails."""
    retry_seconds: float = 2.0
    """Before the first retry; doubled for the next."""
    warc_bytes: int = 1_000_000_000
    date: str | None = None
    """WARC-Date of every record, for bytes that can be made again; None is the time of the fetch."""
    resolve: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """Host -> (address, port) to connect to instead. WARC files and requests keep the host."""
    user_agent: str = f"{PRODUCT}/{VERSION} (+https://www.rfc-editor.org/rfc/rfc9309)"
    """Sent with every request. For a site of somebody else, name a page that says who crawls and why."""

    def __post_init__(self) -> None:
        urls = [canonicalize(url) for url in self.start]
        if not urls or None in urls:
            raise ValueError(f"start {self.start!r}: give http or https URLs, such as https://example.org/")
        if any(not same_host(str(url), str(urls[0])) for url in urls):
            raise ValueError(f"start {self.start!r} names several hosts: crawl each on its own")
        if self.date is not None and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", self.date):
            raise ValueError(f"date {self.date!r}: write it as 2025-01-31T00:00:00Z")


@dataclass(frozen=True, kw_only=True)
class CrawlReport:
    """Every URL seen is a page or counted once in `not_fetched`: `urls` = `pages` + the sum of `not_fetched`."""

    pages: int
    html_bytes: int
    requests: int
    urls: int
    not_fetched: dict[str, int]
    robots: dict[str, str]
    files: tuple[Path, ...]


def crawl_site(config: CrawlConfig, out: Path, progress: bool = False) -> CrawlReport:
    """Crawls into <out>/<name>-00000.warc.gz and so on; `progress` draws a bar on stderr.

    Raises ValueError, naming the start URL and what was seen, when no page was fetched, and FileExistsError when
    `out` already holds such files.
    """
    info = {
        "software": f"{PRODUCT}/{VERSION}",
        "format": "WARC File Format 1.1",
        "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "http-header-user-agent": config.user_agent,
        "robots": "obey (RFC 9309)",
    }
    if config.date is not None:
        info["description"] = f"WARC-Date is {config.date} by configuration, not the time of the fetch"
    with (
        Fetcher(
            user_agent=config.user_agent,
            resolve=config.resolve,
            read_seconds=config.read_seconds,
            total_seconds=config.total_seconds,
        ) as fetcher,
        WarcWriter(out, config.name, warc_bytes=config.warc_bytes, date=config.date or _now(), info=info) as writer,
        tqdm(desc=f"crawl {config.name}", unit="page", disable=None if progress else True, file=sys.stderr) as bar,
    ):
        run = _Crawl(config, fetcher, writer, bar)
        run.fetch_all()
    if not run.pages:
        raise ValueError(
            f"{config.start[0]}: no page was fetched in {run.requests} requests; seen: {dict(run.not_fetched)}, "
            f"{run.verdicts()}; check the URL, and whether its robots.txt allows {PRODUCT!r}"
        )
    return CrawlReport(
        pages=run.pages,
        html_bytes=run.html_bytes,
        requests=run.requests,
        urls=len(run.seen),
        not_fetched=dict(sorted(run.not_fetched.items())),
        robots=run.verdicts(),
        files=tuple(writer.files),
    )


@dataclass(frozen=True, kw_only=True)
class _Visit:
    url: str
    depth: int
    redirects: int = 0


class _Crawl:
    """The state of a crawl: the queue, the URLs seen, the counts."""

    def __init__(self, config: CrawlConfig, fetcher: Fetcher, writer: WarcWriter, bar: tqdm) -> None:
        self.config, self.fetcher, self.writer, self.bar = config, fetcher, writer, bar
        self.queue: deque[_Visit] = deque()
        self.seen: set[str] = set()
        self.not_fetched: Counter[str] = Counter()
        self.robots: dict[str, Robots] = {}
        self.pages = self.html_bytes = self.requests = 0
        self.last_request = -float("inf")
        self.start = str(canonicalize(config.start[0]))

    def fetch_all(self) -> None:
        for url in self.config.start:
            self.add(_Visit(url=str(canonicalize(url)), depth=0), first=False)
        while self.queue:
            visit = self.queue.popleft()
            reason = "page_limit" if self.pages >= self.config.max_pages else self.visit(visit)
            if reason:
                self.not_fetched[reason] += 1

    def add(self, visit: _Visit, *, first: bool) -> None:
        """Queues a URL that was not seen before, or counts why it is not to be fetched."""
        if visit.url in self.seen or len(self.seen) >= MAX_URLS:
            return
        self.seen.add(visit.url)
        if not same_host(visit.url, self.start):
            private = is_private(visit.url) and not self.fetcher.private
            self.not_fetched["private_address" if private else "other_host"] += 1
        elif visit.depth > self.config.max_depth:
            self.not_fetched["too_deep"] += 1
        elif visit.redirects > MAX_REDIRECTS:
            self.not_fetched["too_many_redirects"] += 1
        elif first:
            self.queue.appendleft(visit)
        else:
            self.queue.append(visit)

    def visit(self, visit: _Visit) -> str | None:
        """Fetches a URL; returns the reason why it gave no page, or None when it did."""
        site = origin(visit.url)
        if site not in self.robots:
            self.robots[site] = read_robots(site, lambda url, limit: self.get(site, url, limit, html_only=False))
        if not self.robots[site].allowed(visit.url):
            return "robots"
        try:
            response = self.get(site, visit.url, self.config.page_bytes, html_only=True)
        except FetchError as error:
            return error.reason
        if response.redirect is not None:
            target = canonicalize(urljoin(visit.url, response.redirect))
            if target is not None:
                self.add(_Visit(url=target, depth=visit.depth, redirects=visit.redirects + 1), first=True)
            return "redirect"
        if response.status != 200:
            return f"http_{response.status}"
        if response.content_type not in HTML_TYPES:
            return "not_html"
        if response.header("content-encoding").lower() not in ("", "identity"):
            return "encoded"  # the request allows no encoding: what ignores that is not decoded
        if response.truncated:
            return "too_large"
        self.keep(visit, response)
        return None

    def keep(self, visit: _Visit, response: Response) -> None:
        self.writer.write(
            visit.url,
            date=self.config.date or _now(),
            address=response.address,
            request=self.fetcher.request_headers(visit.url),
            status_line=f"HTTP/1.1 {response.status} {response.phrase}".rstrip(),
            headers=response.recorded_headers(dated=self.config.date is None),
            body=response.body,
        )
        self.pages += 1
        self.html_bytes += len(response.body)
        self.bar.set_postfix_str(f"{self.html_bytes / 1e6:.1f} MB", refresh=False)
        self.bar.update()
        for url in extract_links(response.body, response.charset, visit.url):
            self.add(_Visit(url=url, depth=visit.depth + 1), first=False)

    def get(self, site: str, url: str, limit: int, *, html_only: bool) -> Response:
        """A GET after the delay; repeated when the answer is 429 or 5xx."""
        backoff = self.config.retry_seconds
        for attempt in range(RETRIES + 1):
            self.pause(site)
            self.requests += 1
            try:
                response = self.fetcher.get(
                    url, limit, lambda head: not html_only or (head.status == 200 and head.content_type in HTML_TYPES)
                )
            finally:
                self.last_request = time.monotonic()
            if (response.status < 500 and response.status != 429) or attempt == RETRIES:
                break
            after = response.header("retry-after")
            seconds = max(backoff, float(after)) if after.isascii() and after.isdigit() else backoff
            if seconds > MAX_RETRY_SECONDS:
                break
            time.sleep(seconds)
            backoff *= 2
        return response

    def pause(self, site: str) -> None:
        configured = self.config.delay if self.config.delay is not None else 0.0 if self.fetcher.loopback else 1.0
        requested = self.robots[site].delay if site in self.robots else 0.0
        seconds = self.last_request + max(configured, requested) - time.monotonic()
        if seconds > 0:
            time.sleep(seconds)

    def verdicts(self) -> dict[str, str]:
        return {site: robots.verdict for site, robots in sorted(self.robots.items())}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
