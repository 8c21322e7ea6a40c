"""Common Crawl: a crawl's id -> its first WARC files, downloaded once into a cache.

`CC-MAIN-2026-05#3` and `CC-MAIN-2026-05?files=3` are the first three files of that crawl. The listing of a crawl is
`crawl-data/<id>/warc.paths.gz` at the public data host; a file in it has about 1 GB. What is in the cache is not asked
for again, and a download that was cut goes on where it was, for as long as the server says that it is the same file.
Source: commoncrawl.org/get-started. HEADWATER_COMMON_CRAWL names a mirror, HEADWATER_CACHE another cache.
"""

from __future__ import annotations

import fcntl
import gzip
import http.client
import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from tqdm import tqdm

DATA_HOST = "https://data.commoncrawl.org/"
BASE_VARIABLE, CACHE_VARIABLE = "HEADWATER_COMMON_CRAWL", "HEADWATER_CACHE"
EXAMPLE = "CC-MAIN-2026-05#3"
ID = re.compile(r"(CC-MAIN-\d{4}-\d{2})(?:#(\d+)|\?files=(\d+))?")
MOST_UNASKED = 100  # files: beyond about 100 GB, somebody has to have said how many
READ_CHUNK = 1 << 20
TIMEOUT = 60.0  # seconds without a byte
TRIES = 8  # in a row without a byte of progress
LONGEST_WAIT = 60.0
BUSY = (403, 408, 429, 500, 502, 503, 504)  # 403 is how the host answers those who ask too fast


@dataclass(frozen=True, kw_only=True)
class CommonCrawlId:
    """`files`: how many, or None for all."""

    crawl: str
    files: int | None


def parse(url: str) -> CommonCrawlId | None:
    """None when it is no such id, or when a file or folder of that name lies here. Raises ValueError for 0 files."""
    found = ID.fullmatch(url)
    if found is None or os.path.exists(url):
        return None
    number = found.group(2) or found.group(3)
    if number is not None and int(number) < 1:
        raise ValueError(f"{url}: at least 1 file is needed, such as {EXAMPLE}")
    return CommonCrawlId(crawl=found.group(1), files=int(number) if number is not None else None)


def cache_folder() -> Path:
    named = os.environ.get(CACHE_VARIABLE)
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else home / "headwater"


def download(known: CommonCrawlId, wait: float = 1.0) -> Iterator[tuple[str, Path]]:
    """(name, local path) of each file, once it is there whole. `wait` is the seconds before the first retry.

    Raises FileNotFoundError when there is no such crawl, OSError when a server does not answer in the end.
    """
    base = os.environ.get(BASE_VARIABLE, DATA_HOST).rstrip("/") + "/"
    folder = cache_folder() / "commoncrawl"
    prefix = f"crawl-data/{known.crawl}/"
    try:
        listing = fetch(urljoin(base, f"{prefix}warc.paths.gz"), folder / prefix / "warc.paths.gz", wait)
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
        yield path.removeprefix(prefix), fetch(urljoin(base, path), folder / path, wait)


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


def fetch(url: str, target: Path, wait: float) -> Path:
    """Downloads `url` to `target`, unless it is there. What was cut, now or in an earlier run, goes on by range.

    Raises FileNotFoundError for a 404, OSError when TRIES attempts in a row brought nothing.
    """
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{target}.lock", "w") as lock:  # two runs that want the same file: the second one waits
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            _fetch(url, target, Path(f"{target}.part"), wait)
    return target


def _fetch(url: str, target: Path, part: Path, wait: float) -> None:
    failures = 0
    with tqdm(desc=target.name[-40:], unit="B", unit_scale=True, leave=False, disable=None, file=sys.stderr) as bar:
        while True:
            before = _size(part)
            why, pause = "the connection was cut", None
            try:
                if _attempt(url, part, bar):
                    break
            except urllib.error.HTTPError as error:
                with error:
                    if error.code not in BUSY:
                        kind = FileNotFoundError if error.code in (404, 410) else OSError
                        raise kind(f"{url}: the server answers {error.code} {error.reason}") from error
                    why, pause = f"{error.code} {error.reason}", _retry_after(error)
            except (OSError, http.client.HTTPException) as error:
                why = str(error) or repr(error)
            failures = 1 if _size(part) > before else failures + 1
            if failures >= TRIES:
                raise OSError(
                    f"{url}: {TRIES} attempts brought nothing, the last: {why}; run again to go on from there"
                )
            time.sleep(min(wait * 2 ** (failures - 1) if pause is None else pause, LONGEST_WAIT))
    os.replace(part, target)
    _validator(part).unlink(missing_ok=True)


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _attempt(url: str, part: Path, bar: tqdm) -> bool:
    """One request, from where the part ends. Whether the file is whole then."""
    have, note = _size(part), _validator(part)
    headers = {"User-Agent": "headwater", "Accept-Encoding": "identity"}
    same = note.read_text() if have and note.exists() else ""
    if same:  # only the same file may be gone on with; a weak tag does not show that it is (RFC 9110, 13.1.5)
        headers |= {"Range": f"bytes={have}-", "If-Range": same}
    else:
        have = 0
    try:
        answer = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != 416:
            raise
        error.close()
        part.unlink()  # nothing is behind what is there: whether it is whole, only a new answer tells
        return False
    with answer:
        if answer.status != 206:
            have = 0
        elif not (answer.headers.get("Content-Range") or "").startswith(f"bytes {have}-"):
            part.unlink()
            return False
        length = answer.headers.get("Content-Length")
        wanted = have + int(length) if length is not None else None
        if have == 0:
            tag = answer.headers.get("ETag") or ""
            note.write_text(tag if tag.startswith('"') else answer.headers.get("Last-Modified") or "")
        bar.total, bar.n = wanted, have
        with open(part, "r+b" if have else "wb") as file:
            file.seek(have)
            while block := answer.read(READ_CHUNK):
                file.write(block)
                have += len(block)
                bar.update(len(block))
            file.flush()
            os.fsync(file.fileno())
    # Without a length only the connection's own end says that it is through; http.client raises where chunks are cut.
    return wanted is None or have == wanted


def _validator(part: Path) -> Path:
    return Path(f"{part}.validator")


def _retry_after(error: urllib.error.HTTPError) -> float | None:
    value = error.headers.get("Retry-After") or ""
    return float(value) if value.isdigit() else None
