"""Remote files: an object store through fsspec, as a lake needs it.

A store is busy, slow or cut off now and then, and the libraries that fsspec stands on each have their own tries and
their own errors. Here every call that may be made twice is made again for a while, and what stays wrong is an OSError
that names the object and what to do. Listings are never kept: another machine may have written since.
"""

from __future__ import annotations

import errno
import hashlib
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

TRIES = 5  # each with those of the store's own library: botocore has five, but reads an answer's body once
WAIT = 1.0  # seconds before the second try, twice as many before each one after that
BLOCK = 8 << 20
REPEATED = {
    *("cat_file", "cat_ranges", "du", "exists", "find", "get_file", "info", "isdir", "isfile", "ls", "modified"),
    *("pipe_file", "put_file", "rm", "rm_file", "size"),
}
# Not of the store: what a caller asks about, or a mistake in a call.
MEANT = (FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError)
MISTAKES = (AttributeError, LookupError, NotImplementedError, TypeError, ValueError)
FULL = re.compile(r"StorageFull|QuotaExceeded|InsufficientStorage|\b507\b|no space left", re.IGNORECASE)


class RemoteFiles:
    """The file system of a URL. Has every method of fsspec's; those of REPEATED fail as described above."""

    def __init__(self, fs: fsspec.AbstractFileSystem) -> None:
        self._fs = fs
        if hasattr(fs, "retries"):
            fs.retries = 1  # s3fs has tries around its tries: with ours, a silent server would be waited for for hours

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._fs, name)
        if name not in REPEATED:
            return method
        return lambda *args, **options: self._repeat(method, name, args, options)

    def _repeat(self, method: Callable[..., Any], name: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        path = str(args[name == "put_file"])
        for left in reversed(range(TRIES)):
            try:
                return method(*args, **options)
            except MISTAKES:
                raise
            except Exception as error:
                failure = _explain(error, self.url(path), left)
                if failure is not None:
                    raise failure from error
            time.sleep(WAIT * 2 ** (TRIES - 1 - left))
        raise AssertionError("unreachable")

    def url(self, path: str) -> str:
        return str(self._fs.unstrip_protocol(path))

    def create(self, path: str, data: bytes) -> None:
        """Raises FileExistsError where there is such an object, whoever was first, if the store has conditional
        writes; in one without, whoever is last stands."""
        self._create(path, lambda **options: self.pipe_file(path, data, **options))

    def upload(self, source: Path, path: str, digest: str) -> None:
        """A local file, whose SHA-256 is `digest`. An object is written once: where there is one of the same bytes, it
        stays, and another writer's other bytes are not written over, for its manifest may name them.

        Raises FileExistsError for other bytes.
        """
        with suppress(FileExistsError):
            self._create(path, lambda **options: self.put_file(str(source), path, **options))
            return
        found = self.digest(path)
        if found != digest:
            url = self.url(path)
            raise FileExistsError(
                f"{url} is there with sha256 {found}, and {digest} was to be written: another writer is at work, or "
                f"one was killed; if none is, delete {url.rsplit('/', 2)[0]} and run again"
            )

    def _create(self, path: str, write: Callable[..., Any]) -> None:
        try:
            write(mode="create")
        except OSError as error:
            if error.errno != errno.ENOSYS:
                raise
            if self.exists(path):  # the store has no conditional writes: the best that can be done there
                raise FileExistsError(path) from error
            write()

    def blocks(self, path: str) -> Iterator[bytes]:
        """The bytes of an object, a few MB at a time."""
        size, start = int(self.size(path)), 0
        while start < size:
            block = self.cat_file(path, start=start, end=min(start + BLOCK, size))
            yield block
            start += len(block)

    def entries(self, folder: str) -> list[tuple[str, str]]:
        """Path and type of what is in a folder, sorted; none where there is no such folder."""
        try:
            found = self.ls(folder, detail=True)
        except FileNotFoundError:
            return []
        return sorted((str(entry["name"]).rstrip("/"), str(entry["type"])) for entry in found)

    def names(self, folder: str) -> list[str]:
        return [path.rsplit("/", 1)[-1] for path, _ in self.entries(folder)]

    def digest(self, path: str) -> str:
        """SHA-256 in hexadecimal."""
        digest = hashlib.sha256()
        for block in self.blocks(path):
            digest.update(block)
        return digest.hexdigest()

    def cat_files(self, paths: Sequence[str], end: int | None = None) -> dict[str, bytes]:
        """The first bytes up to `end`, or all, of each of these small objects that is there; many at a time, where the
        store's library can do that."""
        found: dict[str, bytes] = {}
        for path, data in zip(paths, self.cat_ranges(list(paths), 0, end, on_error="return"), strict=True):
            with suppress(FileNotFoundError):
                found[path] = self.cat_file(path, start=0, end=end) if isinstance(data, Exception) else bytes(data)
        return found

    def cat_parts(self, path: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """The bytes from a start to a stop of an object, of each range. Raises OSError where there are fewer."""
        starts, stops = [start for start, _ in ranges], [stop for _, stop in ranges]
        found = []
        for (start, stop), data in zip(
            ranges, self.cat_ranges([path] * len(ranges), starts, stops, on_error="return"), strict=True
        ):
            part = self.cat_file(path, start=start, end=stop) if isinstance(data, Exception) else bytes(data)
            if len(part) != stop - start:
                raise OSError(f"{self.url(path)}: it has {len(part)} bytes where {stop - start} were asked for")
            found.append(part)
        return found


def open_remote(url: str) -> tuple[RemoteFiles, str] | None:
    """The file system of a URL and the path in it; None for a folder of this machine. Raises ValueError where the
    library for it is not installed."""
    try:
        fs, root = fsspec.core.url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        raise ValueError(f"{url}: {error}; see docs/object-storage.md") from error
    return None if isinstance(fs, LocalFileSystem) else (RemoteFiles(fs), root)


def _explain(error: Exception, path: str, left: int) -> Exception | None:
    """The error that a caller sees. None: it is to be tried again, which can be done `left` times."""
    code, number = _code(error), getattr(error, "errno", None)
    if code == "PreconditionFailed" and number == errno.EINVAL:  # not every store says which condition it was
        return FileExistsError(path)
    if code == "NoSuchBucket" and isinstance(error, FileNotFoundError):
        return OSError(f"{path}: the store has no such bucket; create it, or give another URL")
    if isinstance(error, MEANT):
        return error
    if number == errno.ENOSYS:
        return OSError(errno.ENOSYS, f"{path}: the store cannot do this ({error})")
    if FULL.search(f"{code} {error!r}") or number in (errno.ENOSPC, errno.EDQUOT):
        return OSError(
            errno.ENOSPC,
            f"{path}: the store has no space left ({error}); nothing was published: make room or raise the quota, and "
            f"run again",
        )
    if isinstance(error, PermissionError) or "Credentials" in type(error).__name__:
        return PermissionError(f"{path}: the store refuses ({error}); see docs/object-storage.md for credentials")
    if left:
        return None
    return OSError(
        f"{path}: {TRIES} attempts failed, the last: {error or type(error).__name__}; nothing was lost: run again when "
        f"the store answers"
    )


def _code(error: BaseException) -> str:
    """What an S3 store called the error, where it did. s3fs translates it, and keeps it as the cause or the context."""
    seen: BaseException | None = error
    while seen is not None:
        response = getattr(seen, "response", None)
        if isinstance(response, dict):
            return str(response.get("Error", {}).get("Code", ""))
        seen = seen.__cause__ or seen.__context__
    return ""
