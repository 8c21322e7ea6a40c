"""Blocklists: documents that must not be used, named by whoever runs Headwater or by those who asked for their removal.

A list is a text file at any fsspec URL, packed or not, one entry a line; a line that begins with "#" is a comment. What
decides a dataset's bytes is a list's content, not its position, so a stage's address is made of the lists' digests.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass, fields, replace
from urllib.parse import urlsplit

import fsspec

from corpus.optout.signals import DIRECTIVES, Refusal

REMOVAL_LIST = "opt_out:removal_list"  # a reason of the ledger
DOC_ID = re.compile("[0-9a-f]{32}")
HOSTS_FILE = re.compile(r"(?:0\.0\.0\.0|127\.0\.0\.1|::1?)\s+")  # as ad blockers have them: an address, then the host


@dataclass(frozen=True, kw_only=True)
class OptOutConfig:
    """`directives`: those of a page that are honoured, () for none. `removals`: URLs and document ids whose
    removal was asked for; `urls`, `hosts`: what is blocked, a host with all below it. The three are URLs of lists."""

    directives: tuple[str, ...] = DIRECTIVES
    removals: str | None = None
    urls: str | None = None
    hosts: str | None = None

    def __post_init__(self) -> None:
        unknown = set(self.directives) - set(DIRECTIVES)
        if unknown:
            raise ValueError(f"unknown directives {sorted(unknown)}: there are {', '.join(DIRECTIVES)}")


LISTS = tuple(field.name for field in fields(OptOutConfig) if field.name != "directives")


def read_list(url: str) -> tuple[list[str], str]:
    """The entries of a list and its digest. Raises FileNotFoundError."""
    with fsspec.open(url, "rb", compression="infer") as file:
        data: bytes = file.read()
    lines = [line.strip() for line in data.decode("utf-8-sig", "replace").splitlines()]
    entries = [line for line in lines if line and not line.startswith("#")]
    return entries, f"sha256:{hashlib.sha256(data).hexdigest()}"


class Blocklists:
    """The lists of a configuration, read once. `digests`: list -> digest of its content."""

    def __init__(self, config: OptOutConfig) -> None:
        self.digests: dict[str, str] = {}
        entries: dict[str, list[str]] = {}
        for name in LISTS:
            url = getattr(config, name)
            entries[name], digest = read_list(url) if url else ([], "")
            if url:
                self.digests[name] = digest
        self._doc_ids = {entry.lower() for entry in entries["removals"] if DOC_ID.fullmatch(entry.lower())}
        self._removed = {url_key(entry) for entry in entries["removals"]}
        self._urls = {url_key(entry) for entry in entries["urls"]}
        self._hosts = {HOSTS_FILE.sub("", entry).lower().strip(".") for entry in entries["hosts"]}

    def with_digests(self, config: OptOutConfig) -> OptOutConfig:
        """The configuration with digests in the place of URLs."""
        lists = {name: self.digests.get(name) for name in LISTS}
        return replace(config, removals=lists["removals"], urls=lists["urls"], hosts=lists["hosts"])

    def find_refusal(self, doc_id: bytes, url: str | None, host: str | None) -> Refusal | None:
        if doc_id.hex() in self._doc_ids:
            return Refusal(reason=REMOVAL_LIST, detail=doc_id.hex())
        if url and (self._removed or self._urls):
            key = url_key(url)
            if key in self._removed:
                return Refusal(reason=REMOVAL_LIST, detail=url[:200])
            if key in self._urls:
                return Refusal(reason="blocked:url", detail=url[:200])
        blocked = find_blocked(host, self._hosts) if self._hosts else None
        return None if blocked is None else Refusal(reason="blocked:host", detail=blocked)


def find_blocked(host: str | None, hosts: Container[str]) -> str | None:
    """The one of some hosts that a host is or lies below."""
    return next((parent for parent in host_and_parents(host or "") if parent in hosts), None)


def host_and_parents(host: str) -> Iterator[str]:
    """ "a.b.c" -> "a.b.c", "b.c", "c", in lower case."""
    labels = host.lower().strip(".").split(".")
    for start in range(len(labels)):
        yield ".".join(labels[start:])


def url_key(url: str) -> str:
    """What spellings of a URL share: no scheme, default port, fragment or last "/", and the host in lower case."""
    url = url if "//" in url else f"//{url}"
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").strip(".")
        port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    except ValueError:
        return url
    return f"{host}{port}{parts.path.rstrip('/')}" + (f"?{parts.query}" if parts.query else "")
