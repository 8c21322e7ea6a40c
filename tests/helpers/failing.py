"""Failing: the operations by which files come to be, of which one of a given number fails or is the last."""

from __future__ import annotations

import builtins
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

OPERATIONS: list[tuple[Any, str]] = [
    (os, "replace"),
    (os, "link"),
    (os, "fsync"),
    (os, "makedirs"),
    (shutil, "copyfile"),
    (builtins, "open"),
]


@contextmanager
def failing(number: int, fail: Callable[[], None]) -> Iterator[list[int]]:
    """Calls `fail` instead of the operation of this number; the list counts the operations."""
    count = [0]
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in OPERATIONS:
            patch.setattr(owner, name, _counted(getattr(owner, name), count, number, fail))
        yield count


def _counted(
    operation: Callable[..., Any], count: list[int], number: int, fail: Callable[[], None]
) -> Callable[..., Any]:
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if operation is open and "w" not in str(args[1:2]) and "+" not in str(args[1:2]):
            return operation(*args, **kwargs)
        count[0] += 1
        if count[0] == number:
            if operation is shutil.copyfile:  # a short write: the disk is full after a few bytes
                Path(args[1]).write_bytes(b"torn")
            fail()
        return operation(*args, **kwargs)

    return wrapped


def no_space() -> None:
    raise OSError(28, "No space left on device")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def broken_disk() -> None:
    raise OSError(5, "Input/output error")
