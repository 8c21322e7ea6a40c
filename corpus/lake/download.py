"""Download: one file from a server or a store, whole or not at all. What was cut, now or in an earlier run, goes on
where it was, for as long as it is the same file there.
"""

from __future__ import annotations

import fcntl
import http.client
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING

import fsspec

if TYPE_CHECKING:
    from tqdm import tqdm

CACHE_VARIABLE = "HEADWATER_CACHE"
READ_CHUNK = 1 << 20
TIMEOUT = 60.0  # seconds without a byte
TRIES = 8  # in a row without a byte of progress
LONGEST_WAIT = 60.0
BUSY = (403, 408, 429, 500, 502, 503, 504)  # 403 is how Common Crawl's host answers those who ask too fast


def cache_folder() -> Path:
    """Where downloads are kept: HEADWATER_CACHE, or the user's folder for what can be had again."""
    named = os.environ.get(CACHE_VARIABLE)
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else home / "headwater"


def fetch(url: str, target: Path, wait: float, check: Callable[[Path], None] | None = None) -> Path:
    """Downloads `url`, of HTTP or any that fsspec knows, to `target`, unless it is there. `wait`: seconds before the
    first retry. `check` looks at the whole file before it gets its name; where it raises ValueError, the file is gone.

    Raises FileNotFoundError where there is none, PermissionError where a store refuses, OSError when TRIES attempts in
    a row brought nothing, and what `check` raises.
    """
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{target}.lock", "w") as lock:  # two runs that want the same file: the second one waits
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            part = Path(f"{target}.part")
            _fetch(url, target, part, wait)
            try:
                if check is not None:
                    check(part)
                os.replace(part, target)
            finally:
                part.unlink(missing_ok=True)
                _validator(part).unlink(missing_ok=True)
    return target


def _fetch(url: str, target: Path, part: Path, wait: float) -> None:
    """Until `part` is whole."""
    from tqdm import tqdm  # whoever reads shards of this machine alone can do without it

    attempt = _ask if url.startswith(("http://", "https://")) else _read
    failures = 0
    with tqdm(desc=target.name[-40:], unit="B", unit_scale=True, leave=False, disable=None, file=sys.stderr) as bar:
        while True:
            before = _size(part)
            why, pause = "the connection was cut", None
            try:
                if attempt(url, part, bar):
                    break
            except urllib.error.HTTPError as error:
                with error:
                    if error.code not in BUSY:
                        kind = FileNotFoundError if error.code in (404, 410) else OSError
                        raise kind(f"{url}: the server answers {error.code} {error.reason}") from error
                    why, pause = f"{error.code} {error.reason}", _retry_after(error)
            except (FileNotFoundError, PermissionError):
                raise
            except (OSError, http.client.HTTPException) as error:
                why = str(error) or repr(error)
            failures = 1 if _size(part) > before else failures + 1
            if failures >= TRIES:
                raise OSError(
                    f"{url}: {TRIES} attempts brought nothing, the last: {why}; run again to go on from there"
                )
            time.sleep(min(wait * 2 ** (failures - 1) if pause is None else pause, LONGEST_WAIT))


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _ask(url: str, part: Path, bar: tqdm) -> bool:
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
        have = _copy(answer, part, have, bar)
    # Without a length only the connection's own end says that it is through; http.client raises where chunks are cut.
    return wanted is None or have == wanted


def _read(url: str, part: Path, bar: tqdm) -> bool:
    """As _ask, from a store: where its file has the same tag, what is there is gone on with."""
    fs, path = fsspec.core.url_to_fs(url)
    note = _validator(part)
    try:
        found = fs.info(path)
        tag = str(found.get("ETag") or fs.ukey(path))
        have = _size(part) if note.exists() and note.read_text() == tag else 0
        note.write_text(tag)
        bar.total, bar.n = found["size"], have
        with fs.open(path, "rb", block_size=8 * READ_CHUNK) as source:
            source.seek(have)
            have = _copy(source, part, have, bar)
    except OSError:
        raise
    except Exception as error:  # each store's library has errors of its own for a connection that fails
        raise OSError(repr(error)) from error
    return bool(have == found["size"])


def _copy(source: IO[bytes], part: Path, have: int, bar: tqdm) -> int:
    """Appends all of `source` behind the first `have` bytes; how many there are then."""
    with open(part, "r+b" if have else "wb") as file:
        file.seek(have)
        while block := source.read(READ_CHUNK):
            file.write(block)
            have += len(block)
            bar.update(len(block))
        file.flush()
        os.fsync(file.fileno())
    return have


def _validator(part: Path) -> Path:
    return Path(f"{part}.validator")


def _retry_after(error: urllib.error.HTTPError) -> float | None:
    value = error.headers.get("Retry-After") or ""
    return float(value) if value.isdigit() else None
