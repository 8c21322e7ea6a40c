"""Page search: the page that a person means, by its URL as people write it, or by a document id."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from corpus.lake.schema import DOC_ID
from corpus.lake.store import Lake

SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
HEX = re.compile(r"[0-9a-f]{4,32}")
MAX_SUGGESTIONS = 8
COMPARED = 20_000  # URLs of one host at most are compared letter by letter


def find_page(lake: Lake, page: str) -> str:
    """The URL or doc_id in hex of the one page that `page` names: exactly, without its scheme, by the beginning of its
    URL or of its doc_id. Raises ValueError, with what it may have meant, for none and for several."""
    if not page.strip():
        raise ValueError("give a page: its URL or its doc_id")
    urls = _urls(lake)
    if page in urls:
        return page
    wanted = _plain(page)
    plain = {url: _plain(url) for url in urls}
    for matches in (
        [url for url, text in plain.items() if text == wanted],
        [url for url, text in plain.items() if text.startswith(wanted)],
        _doc_ids(lake, page),
    ):
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise ValueError(f"{page!r} could be {len(matches):,} pages: {_listing(sorted(matches))}")
    hosts = {text.partition("/")[0] for text in plain.values()}
    host = next(iter(difflib.get_close_matches(wanted.partition("/")[0], hosts, n=1, cutoff=0.75)), None)
    same_host = [url for url, text in plain.items() if text.partition("/")[0] == host][:COMPARED]
    similar = difflib.get_close_matches(page, same_host, n=MAX_SUGGESTIONS, cutoff=0.6)
    similar = similar or [url for url, text in plain.items() if wanted in text] or same_host
    hint = f"; did you mean {_listing(similar)}?" if similar else ": give a page's URL or its doc_id"
    raise ValueError(f"no page {page!r} in the {len(urls):,} of the lake {lake.url}{hint}")


def _plain(url: str) -> str:
    """Without what people leave out: scheme, www., the slash at the end, capitals of the host."""
    host, slash, path = SCHEME.sub("", url.strip()).partition("/")
    return (host.lower().removeprefix("www.") + slash + path).rstrip("/")


def _listing(names: list[str]) -> str:
    more = f" and {len(names) - MAX_SUGGESTIONS:,} more" if len(names) > MAX_SUGGESTIONS else ""
    return ", ".join(names[:MAX_SUGGESTIONS]) + more


def _urls(lake: Lake) -> set[str]:
    """Of all records that were ever read, documents or not."""
    return {url for table in _tables(lake, ["url"]) for url in pc.unique(table["url"]).to_pylist() if url is not None}


def _doc_ids(lake: Lake, page: str) -> list[str]:
    """Those that begin with `page`, where that is hex."""
    if not HEX.fullmatch(page):
        return []
    columns = [table["doc_id"].combine_chunks() for table in _tables(lake, ["doc_id"])]
    ids = pc.unique(pa.concat_arrays([pa.array([], DOC_ID), *columns])).to_pylist()
    return sorted(doc_id.hex() for doc_id in ids if doc_id.hex().startswith(page))


def _tables(lake: Lake, columns: list[str]) -> Iterator[pa.Table]:
    for manifest in lake.datasets("documents"):
        for kind in sorted({entry.kind for entry in manifest.files} - {"quarantine"}):
            yield from lake.read(manifest, kind, columns)
