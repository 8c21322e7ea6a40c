"""Local files: put in place in one step and on disk when that step returns."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def replace_file(path: str, data: bytes) -> None:
    """A reader sees the old file or the new one."""
    with _temporary(path) as temporary:
        with open(temporary, "wb") as file:
            file.write(data)
            _flush(file)
        os.replace(temporary, path)


def create_file(path: str, data: bytes) -> None:
    """Raises FileExistsError where the name is taken, whoever was first."""
    with _temporary(path) as temporary:
        with open(temporary, "wb") as file:
            file.write(data)
            _flush(file)
        os.link(temporary, path)  # unlike a rename, it fails where the name is taken


def copy_file(source: Path, path: str) -> None:
    with _temporary(path) as temporary:
        shutil.copyfile(source, temporary)
        with open(temporary, "rb+") as file:
            _flush(file)
        os.replace(temporary, path)


@contextmanager
def _temporary(path: str) -> Iterator[str]:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.{uuid.uuid4().hex[:8]}.tmp"
    try:
        yield temporary
    finally:
        Path(temporary).unlink(missing_ok=True)
        sync(os.path.dirname(path))


def _flush(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def sync(path: str | Path) -> None:
    """Returns once a file, or the entries of a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
