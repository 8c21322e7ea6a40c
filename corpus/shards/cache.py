"""Shard cache: shards at an http(s) or s3 URL, as files of this machine that can be mapped into memory.

A shard comes whole when it is first needed, is checked against the index's SHA-256 and only then gets its name, which
is that digest: sets, runs and ranks share one folder, and a lock a file lets one of them download it while the others
wait. Above `limit` bytes those go that were opened longest ago. What this process has mapped is never among them; what
another has mapped stays readable for it, as a mapping outlives the file's name (POSIX), and its space is free once it
lets go. Shards that are on their way may go over the limit by their own size.
"""

from __future__ import annotations

import hashlib
import os
import queue
import re
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

import numpy as np

from corpus.lake.download import cache_folder, fetch
from corpus.shards.format import Shard

LIMIT_VARIABLE = "HEADWATER_CACHE_BYTES"
LIMIT = 100 << 30
AT_ONCE = 4  # downloads
TRIES = 2  # of a shard that comes whole and has another digest
DIGEST = re.compile(r"[0-9a-f]{64}")  # an index from elsewhere names no other file


class ShardCache:
    """The shards of the folder at `url`. `limit` is the most bytes kept, 100 GiB or HEADWATER_CACHE_BYTES; `wait` the
    seconds before a failed download is tried again, twice as many each time (eight times in a row at most).
    """

    def __init__(self, url: str, *, folder: Path | None = None, limit: int | None = None, wait: float = 0.5) -> None:
        self.url, self.folder, self.wait = url.rstrip("/"), folder or cache_folder() / "shards", wait
        self.limit = _limit() if limit is None else limit
        self._maps: OrderedDict[str, np.ndarray] = OrderedDict()  # digest -> bytes, least recently used first
        self._coming: dict[str, Future[Path]] = {}
        self._wanted: queue.SimpleQueue[tuple[Shard, Future[Path]]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._workers: list[threading.Thread] = []

    def index(self) -> bytes:
        """index.json as it is there now. Raises FileNotFoundError or OSError, naming the URL."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            return fetch(f"{self.url}/index.json", Path(scratch) / "index.json", self.wait).read_bytes()

    def path(self, shard: Shard) -> Path:
        """The shard as a file, downloaded unless it is here.

        Raises ValueError, naming both digests, where it is not the one that was indexed, and FileNotFoundError or
        OSError where it cannot be had.
        """
        if not DIGEST.fullmatch(shard.sha256):
            raise ValueError(f"{self.url}/{shard.path}: {shard.sha256!r} in the index is no SHA-256")
        target = self.folder / f"{shard.sha256}.tar"
        if not target.exists():
            self._make_room(shard.bytes)
            self._download(shard, target)
        return target

    def map(self, shard: Shard) -> np.ndarray:
        """All bytes of the shard, uint8, read from disk where they are touched."""
        digest = shard.sha256
        with self._lock:
            if digest in self._maps:
                self._maps.move_to_end(digest)
                return self._maps[digest]
            coming = self._coming.pop(digest, None)
        if coming is not None:
            coming.result()
        while True:
            path = self.path(shard)
            with suppress(FileNotFoundError):  # another process made room in between: once more
                mapped = np.memmap(path, dtype=np.uint8, mode="r").view(np.ndarray)
                os.utime(path)
                with self._lock:
                    self._maps[digest] = mapped
                return mapped

    def ahead(self, shards: Iterable[Shard]) -> None:
        """Begins to download, in the background, those that are not here. Whoever maps one waits for it."""
        for shard in shards:
            with self._lock:
                if shard.sha256 in self._maps or shard.sha256 in self._coming:
                    continue
                future: Future[Path] = Future()
                self._coming[shard.sha256] = future
            self._wanted.put((shard, future))
            if len(self._workers) < AT_ONCE:
                # Daemons: a run that ends does not wait for what it will not read.
                self._workers.append(threading.Thread(target=self._work, daemon=True))
                self._workers[-1].start()

    def _work(self) -> None:
        while True:
            shard, future = self._wanted.get()
            try:
                future.set_result(self.path(shard))
            except Exception as error:  # raised where the shard is mapped
                future.set_exception(error)

    def _download(self, shard: Shard, target: Path) -> None:
        def check(path: Path) -> None:
            with open(path, "rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != shard.sha256:
                raise ValueError(
                    f"{url}: the index wants {shard.bytes} bytes of sha256 {shard.sha256}, "
                    f"found {path.stat().st_size} of {found}"
                )

        url = f"{self.url}/{shard.path}"
        for left in reversed(range(TRIES)):
            try:
                fetch(url, target, self.wait, check)
                return
            except ValueError:
                if not left:
                    raise

    def _make_room(self, wanted: int) -> None:
        """Until `wanted` more bytes are within the limit, or nothing is left that may go."""
        with self._lock:
            held = sum(mapped.nbytes for mapped in self._maps.values())
            while self._maps and held + wanted > self.limit:
                held -= self._maps.popitem(last=False)[1].nbytes
            mine = set(self._maps)
        files = []
        for path in self.folder.glob("*.tar"):
            with suppress(FileNotFoundError):  # another process makes room as well
                about = path.stat()
                files.append((about.st_mtime_ns, path, about.st_size))
        total = sum(size for *_, size in files)
        for _, path, size in sorted(files):
            if path.stem not in mine and total + wanted > self.limit:
                path.unlink(missing_ok=True)
                total -= size


def _limit() -> int:
    given = os.environ.get(LIMIT_VARIABLE, str(LIMIT))
    if not given.isdecimal():
        raise ValueError(f"{LIMIT_VARIABLE}={given}: wanted is a number of bytes, such as {LIMIT}")
    return int(given)
