"""Links: HTML -> the URLs it points to, each in its canonical form (RFC 3986, section 6.2).

lxml reads the HTML: walking a collection of resiliparse 2.0.1 takes time quadratic in its length (19 s for the 3,272
links of one pydoc page, where lxml takes 13 ms).
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from lxml import etree, html

MAX_URL = 2_000
"""Characters; longer URLs come from traps that append to themselves."""

DEFAULT_PORTS = {"http": 80, "https": 443}
SAFE = "/:?#[]@!$&'()*+,;=-._~%"
ESCAPE = re.compile("%[0-9A-Fa-f]{2}")


def canonicalize(url: str) -> str | None:
    """The canonical form of an absolute http or https URL; None for another scheme or what is no URL.

    The fragment and a default port are dropped, scheme and host are lower case, the path is never empty, characters
    that a URL may not hold are percent-encoded. Query strings are left as they are.
    """
    try:
        parts = urlsplit(url.strip())
        scheme = parts.scheme.lower()
        if scheme not in DEFAULT_PORTS or not parts.hostname or parts.username is not None or len(url) > MAX_URL:
            return None
        host = parts.hostname.encode("idna").decode() if not parts.hostname.isascii() else parts.hostname
        port = parts.port
    except ValueError:
        return None
    if ":" in host:
        host = f"[{host}]"
    authority = host if port in (None, DEFAULT_PORTS[scheme]) else f"{host}:{port}"
    path, query = (ESCAPE.sub(lambda hit: hit[0].upper(), quote(part, safe=SAFE)) for part in (parts.path, parts.query))
    return urlunsplit((scheme, authority, urljoin("/", path) if path else "/", query, ""))


def origin(url: str) -> str:
    """Scheme and authority of a canonical URL: what a robots.txt speaks for."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def same_host(url: str, other: str) -> bool:
    """True when two canonical URLs have the same host and port; http's and https's default ports count as the same."""
    return _host(url) == _host(other)


def _host(url: str) -> tuple[str | None, int | None]:
    parts = urlsplit(url)
    return parts.hostname, parts.port  # a canonical URL names no default port


def is_private(url: str) -> bool:
    """True when a canonical URL's host is an address outside the public internet, or localhost. Asks no DNS."""
    host = urlsplit(url).hostname or ""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def extract_links(body: bytes, charset: str, base: str) -> list[str]:
    """Canonical URLs of an HTML page's <a href>, in order, without repetitions. They are relative to `base`, the page's
    URL, or to its <base> element."""
    try:
        document = html.document_fromstring(body, parser=html.HTMLParser(encoding=charset))
    except etree.ParserError:  # an empty document
        return []
    for element in document.iter("base"):
        base = _join(base, element.get("href", "")) or base
        break
    references = dict.fromkeys(anchor.get("href", "").partition("#")[0] for anchor in document.iter("a"))
    joined = (_join(base, reference) for reference in references if reference.strip())
    return list(dict.fromkeys(url for url in map(canonicalize, filter(None, joined)) if url is not None))


def _join(base: str, reference: str) -> str | None:
    try:
        return urljoin(base, reference.strip())
    except ValueError:  # an unclosed bracket in the host
        return None
