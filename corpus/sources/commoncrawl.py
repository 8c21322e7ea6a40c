"""Common Crawl: a crawl's id -> its first WARC files, downloaded once into a cache.

`CC-MAIN-2026-05#3` and `CC-MAIN-2026-05?files=3` are the first three files of that crawl. The listing of a crawl is
`crawl-data/<id>/warc.paths.gz` at the public data host; a file in it has about 1 GB. What is in the cache is not asked
for again. Source: commoncrawl.org/get-started. HEADWATER_COMMON_CRAWL names a mirror, or `s3://commoncrawl/` for the
bucket itself (with the extra "s3", and an account's keys where AWS tools look for them); HEADWATER_CACHE another cache.
"""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import fsspec

from corpus.lake.download import cache_folder, fetch

DATA_HOST = "https://data.commoncrawl.org/"
INDEX = "https://index.commoncrawl.org/collinfo.json"
BASE_VARIABLE = "HEADWATER_COMMON_CRAWL"
EXAMPLE = "CC-MAIN-2026-05#3"
ID = re.compile(r"(CC-MAIN-\d{4}-\d{2})(?:#(\d+)|\?files=(\d+))?")
MOST_UNASKED = 100  # files: beyond about 100 GB, somebody has to have said how many


@dataclass(frozen=True, kw_only=True)
class CommonCrawlId:
    """`files`: how many, or None for all."""

    crawl: str
    files: int | None


def parse_crawl_id(url: str) -> CommonCrawlId | None:
    """None when it is no such id, or when a file or folder of that name lies here. Raises ValueError for 0 files."""
    found = ID.fullmatch(url)
    if found is None or os.path.exists(url):
        return None
    number = found.group(2) or found.group(3)
    if number is not None and int(number) < 1:
        raise ValueError(f"{url}: at least 1 file is needed, such as {EXAMPLE}")
    return CommonCrawlId(crawl=found.group(1), files=int(number) if number is not None else None)


def list_crawls() -> list[str]:
    """The ids of all crawls, the newest first; of a mirror those that its collinfo.json names.

    Raises OSError when it does not answer, ValueError for an answer that is no such list.
    """
    base = os.environ.get(BASE_VARIABLE)
    url = f"{base.rstrip('/')}/collinfo.json" if base else INDEX
    with fsspec.open(url, "rb") as file:
        found = file.read()
    try:
        # the oldest three have ids of another form, and files of another kind
        return [one["id"] for one in json.loads(found) if ID.fullmatch(one["id"])]
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{url} is no list of crawls, but begins with {found[:80]!r}") from error


def download_files(known: CommonCrawlId, wait: float = 1.0) -> Iterator[tuple[str, Path]]:
    """(name, local path) of each file, once it is there whole. `wait` is the seconds before the first retry.

    Raises FileNotFoundError when there is no such crawl, OSError when a server does not answer in the end.
    """
    base = os.environ.get(BASE_VARIABLE, DATA_HOST).rstrip("/") + "/"
    folder = cache_folder() / "commoncrawl"
    prefix = f"crawl-data/{known.crawl}/"
    try:
        listing = fetch(f"{base}{prefix}warc.paths.gz", folder / prefix / "warc.paths.gz", wait)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{error}; no crawl is named {known.crawl}: see commoncrawl.org for those there are"
        ) from error
    paths = _paths(listing, known.crawl)
    if known.files is None and len(paths) > MOST_UNASKED:
        raise ValueError(f"{known.crawl} has {len(paths)} files of about 1 GB: say how many, such as {known.crawl}#3")
    if known.files is not None and known.files > len(paths):
        raise ValueError(f"{known.crawl}#{known.files}: that crawl has {len(paths)} files")
    for path in paths[: known.files]:
        yield path.removeprefix(prefix), fetch(base + path, folder / path, wait)


def _paths(listing: Path, crawl: str) -> list[str]:
    """Raises ValueError when a line is not the path of a file below crawl-data/: it is going to be written to."""
    try:
        lines = gzip.decompress(listing.read_bytes()).decode().split()
    except (OSError, EOFError, ValueError) as error:
        raise ValueError(f"{listing} is no listing ({error}): remove it and run again") from error
    wrong = next((line for line in lines if not re.fullmatch(r"crawl-data(/[\w=-][\w.=-]*)+", line)), None)
    if wrong is not None or not lines:
        raise ValueError(f"{listing}: wanted paths below crawl-data/{crawl}/, found {wrong!r}: remove it and run again")
    return lines
