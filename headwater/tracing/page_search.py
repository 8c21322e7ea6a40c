"""Page search: the page or the host that a person means: by its URL as people write it, or by a document id."""

from __future__ import annotations

import difflib
import re
from bisect import bisect

import pyarrow as pa
import pyarrow.compute as pc

from corpus.lineage.records import Records

SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
HEX = re.compile(r"[0-9a-f]{4,32}")
PORT = re.compile(r":[0-9]+$")
WHOLE_ID, LIKELY_ID = 32, 8  # hex digits of a doc_id; of what is looked for as the beginning of one first
MAX_SUGGESTIONS = 8
COMPARED = 1_000  # URLs of one host at most are compared letter by letter: those that begin most alike


def find_page(records: Records, page: str) -> str:
    """The URL or doc_id in hex of the one page that `page` names: exactly, without its scheme, by the beginning of its
    URL or of its doc_id. Raises ValueError, with what it may have meant, for none and for several."""
    if not page.strip():
        raise ValueError("give a page: its URL or its doc_id")
    if _may_begin_id(page) and len(found := _doc_ids(records, page)) == 1:
        return found[0]
    if _is_url(records, page):
        return page
    for matches in (*_beginning(records, page), _doc_ids(records, page)):
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise ValueError(f"{page!r} could be {len(matches):,} pages: {_listing(matches)}")
    known = f"the {len(records):,} records of the lake {records.lake.url}"
    raise ValueError(f"no page {page!r} among {known}{_hint(records, page)}")


def is_doc_id(name: str) -> bool:
    """Whether it is a whole doc_id in hex, and no URL."""
    return len(name) == WHOLE_ID and HEX.fullmatch(name) is not None


def _may_begin_id(text: str) -> bool:
    """Whether it is so many hex digits that it is hardly a host."""
    return len(text) >= LIKELY_ID and HEX.fullmatch(text) is not None


def is_host(records: Records, text: str) -> bool:
    """Whether it is a host and no more, without scheme or slash, of which several pages were read."""
    if "/" in text.strip() or _may_begin_id(text) or not (names := host_names(records, text)):
        return False
    urls: set[str | None] = set()
    for _, _, rows in records.select("host", names, ["url"]):
        urls.update(rows["url"].to_pylist())
        if len(urls) > 1:
            return True
    return False


def find_host(records: Records, text: str) -> list[str]:
    """A host, also given as a URL, as the lake's records write it: with and without `www.`. Raises ValueError, with
    similar hosts, where no record is of it."""
    names = host_names(records, text)
    if not names:
        similar = difflib.get_close_matches(_host(text), sorted({*map(_plain, records.hosts)}), n=MAX_SUGGESTIONS)
        hint = f"; did you mean {_listing(similar)}?" if similar else ""
        raise ValueError(f"no page of the host {_host(text)!r} in the lake {records.lake.url}{hint}")
    return names


def host_names(records: Records, text: str) -> list[str]:
    """As `find_host`; none where no record is of it."""
    wanted = _host(text)
    return [host for host in records.hosts if _plain(host) == wanted]


def _is_url(records: Records, page: str) -> bool:
    return any(pc.any(pc.equal(urls, page)).as_py() for urls in records.column("url"))


def _beginning(records: Records, page: str) -> tuple[list[str], list[str]]:
    """The URLs that `page` is but for what people leave out, and those that begin with it."""
    host, slash, path = _plain(page).partition("/")
    begin = rf"^(?i:[a-z][a-z0-9+.-]*://)?(?i:www\.)?(?i:{re.escape(host)}){re.escape(slash + path)}"
    found = _matching(records.column("url"), begin)
    return _sorted(_matching(found, f"{begin}/*$")), _sorted(found)


def _matching(columns: list[pa.ChunkedArray], pattern: str) -> list[pa.ChunkedArray]:
    return [values.filter(pc.match_substring_regex(values, pattern)) for values in columns]


def _doc_ids(records: Records, page: str) -> list[str]:
    """Those that begin with `page`, where that is hex."""
    if not HEX.fullmatch(page):
        return []
    bytes_of_it = bytes.fromhex(page[: len(page) // 2 * 2])
    found = []
    for column in records.column("doc_id"):
        ids = column.cast(pa.binary())
        found.append(ids.filter(pc.starts_with(ids, bytes_of_it)))
    return sorted({doc_id.hex() for some in found for doc_id in some.to_pylist() if doc_id.hex().startswith(page)})


def _hint(records: Records, page: str) -> str:
    wanted = _plain(page)
    hosts = sorted({_plain(host) for host in records.hosts})
    host = next(iter(difflib.get_close_matches(wanted.partition("/")[0], hosts, n=1, cutoff=0.75)), None)
    same_host = sorted(_urls_of(records, host_names(records, host) if host is not None else []), key=_plain)
    place = bisect(same_host, wanted, key=_plain)
    near = same_host[max(0, place - COMPARED // 2) : place + COMPARED // 2]
    similar = difflib.get_close_matches(page, near, n=MAX_SUGGESTIONS, cutoff=0.6)
    similar = similar or _sorted(_matching(records.column("url"), f"(?i:{re.escape(wanted)})")) or same_host
    return f"; did you mean {_listing(similar)}?" if similar else ": give a page's URL or its doc_id"


def _urls_of(records: Records, hosts: list[str]) -> list[str]:
    wanted = pa.array(hosts, pa.string())
    columns = zip(records.column("url"), records.column("host"), strict=True) if hosts else ()
    return _sorted([urls.filter(pc.is_in(names, value_set=wanted)) for urls, names in columns])


def _sorted(columns: list[pa.ChunkedArray]) -> list[str]:
    """The values of all of them, each once."""
    values = pa.chunked_array([chunk for column in columns for chunk in column.chunks], pa.string())
    return sorted(value for value in pc.unique(values).to_pylist() if value is not None)


def _plain(url: str) -> str:
    """Without what people leave out: scheme, www., the slash at the end, capitals of the host."""
    host, slash, path = SCHEME.sub("", url.strip()).partition("/")
    return (host.lower().removeprefix("www.") + slash + path).rstrip("/")


def _host(text: str) -> str:
    return PORT.sub("", _plain(text).partition("/")[0])


def _listing(names: list[str]) -> str:
    more = f" and {len(names) - MAX_SUGGESTIONS:,} more" if len(names) > MAX_SUGGESTIONS else ""
    return ", ".join(names[:MAX_SUGGESTIONS]) + more
