"""Removals: what must not be used, whatever crawl it comes with: a host with all below it, a page, or one record.

    host:example.org
    url:example.org/page                      in the form of blocklists.url_key, which all spellings of a URL share
    doc:0123456789abcdef0123456789abcdef      a doc_id

A list of them is a text file, one a line; empty lines and those that begin with "#" are passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus.optout.blocklists import DOC_ID, find_blocked, host_and_parents, url_key

HOST, URL, DOC = "host", "url", "doc"
COLUMNS = ["doc_id", "url", "host"]


@dataclass(frozen=True, order=True)
class Removal:
    """An entry of a list. `value`: a host in lower case, a key of a URL, or a doc_id in hex."""

    kind: str
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


def parse_removal(text: str) -> Removal:
    """What a person means by a name: an entry of a list as it stands there, a doc_id, a URL, with or without its
    scheme, or a host. Raises ValueError for what is none of them."""
    kind, colon, value = text.strip().partition(":")
    if not colon or kind not in (HOST, URL, DOC):
        kind, value = _kind(text.strip()), text.strip()
    if kind == DOC:
        removal = Removal(DOC, value.lower()) if DOC_ID.fullmatch(value.lower()) else None
    elif kind == URL:
        removal = Removal(URL, url_key(value)) if _host(value) else None
    else:
        removal = Removal(HOST, host) if (host := _host(value)) and not set(value) & set("/?# \t") else None
    if removal is None:
        raise ValueError(f"{text!r} is no host, URL or doc_id: give example.org, example.org/page, or 32 hex digits")
    return removal


def _kind(text: str) -> str:
    return DOC if DOC_ID.fullmatch(text.lower()) else URL if "/" in text else HOST


def _host(url: str) -> str:
    """Of a URL, with or without its scheme, or of a host; "" where there is none."""
    try:
        return (urlsplit(url if "//" in url else f"//{url}").hostname or "").strip(".")
    except ValueError:
        return ""


def read_removals(data: bytes, where: str) -> tuple[Removal, ...]:
    """The entries of a list, sorted and each once. Raises ValueError, naming `where` and the line, for one that is
    none."""
    found = set()
    for number, line in enumerate(data.decode("utf-8-sig").splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                found.add(parse_removal(line))
            except ValueError as error:
                raise ValueError(f"{where}:{number}: {error}; correct or delete the line") from None
    return tuple(sorted(found))


class RemovalMatcher:
    """Tells records that must not be used by their columns doc_id, url and host. A record without a host, as one that
    could not be read, is of the host of its URL."""

    def __init__(self, removals: Iterable[Removal]) -> None:
        by_kind: dict[str, set[str]] = {HOST: set(), URL: set(), DOC: set()}
        for removal in removals:
            by_kind[removal.kind].add(removal.value)
        self._hosts, self._urls, self._docs = by_kind[HOST], by_kind[URL], by_kind[DOC]
        self._hosts_of_urls = {_host(url) for url in self._urls}

    def find(self, record: Mapping[str, Any]) -> Removal | None:
        """The entry by which a record, a row of ORIGIN, must go."""
        if self._docs and record["doc_id"].hex() in self._docs:
            return Removal(DOC, record["doc_id"].hex())
        host = record["host"] or _host(record["url"] or "")
        if host and self._hosts and (parent := find_blocked(host, self._hosts)) is not None:
            return Removal(HOST, parent)
        if self._urls and record["url"]:
            key = url_key(record["url"])
            return Removal(URL, key) if key in self._urls else None
        return None

    def mask(self, records: pa.Table | pa.RecordBatch) -> np.ndarray:
        """Which rows must go: (rows,) bool. Only those whose host or doc_id may be meant are looked at one by one."""
        maybe = pc.is_null(records["host"])
        if self._docs:
            ids = pa.array([bytes.fromhex(doc_id) for doc_id in sorted(self._docs)], records["doc_id"].type)
            maybe = pc.or_(maybe, pc.is_in(records["doc_id"], ids))
        hosts = [host for host in pc.unique(records["host"]).to_pylist() if host and self._concerns(host)]
        maybe = pc.or_(maybe, pc.is_in(records["host"], pa.array(hosts, pa.string())))
        found = np.zeros(len(records), bool)
        chosen = np.flatnonzero(maybe.to_numpy(zero_copy_only=False))
        rows = records.select(COLUMNS).take(pa.array(chosen)).to_pylist()
        found[chosen] = [self.find(row) is not None for row in rows]
        return found

    def _concerns(self, host: str) -> bool:
        parents = list(host_and_parents(host))
        return not self._hosts.isdisjoint(parents) or parents[0] in self._hosts_of_urls
