"""URLs: when two of them name one page."""

from __future__ import annotations

import hashlib

import numpy as np

from corpus.crawl.links import canonicalize

NO_URL = (0, 0)


def page_key(url: str) -> str:
    """The canonical URL (RFC 3986, section 6.2) without its scheme and a leading "www.": nearly every site has the same
    page with and without them. What is no http or https URL stands as it is."""
    found = canonicalize(url)
    return url if found is None else found.partition("://")[2].removeprefix("www.")


def url_digests(urls: list[str | None]) -> np.ndarray:
    """(urls, 2) uint64, equal for those that name one page; NO_URL where there is none."""
    digests = [hashlib.blake2b(page_key(url).encode(), digest_size=16).digest() if url else bytes(16) for url in urls]
    return np.frombuffer(b"".join(digests), "<u8").reshape(len(urls), 2)
