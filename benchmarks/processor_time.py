"""Processor time: CPU seconds of a process and of all below it, those included that are still running, which the
kernel's own count of children leaves out. Needs the standard library alone: peers run it too. Linux."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
USER, CHILDREN_SYSTEM = 11, 14  # fields of /proc/PID/stat behind the name; from one to the other all are times


def processor_time() -> float:
    """Since the process began. Of its own time the finer clock counts: a tick of the kernel is 10 ms."""
    used = os.times()
    below = sum(sum(_times(pid)) for pid in _descendants(os.getpid()))
    return time.process_time() + used.children_user + used.children_system + below


def _descendants(pid: int) -> Iterator[int]:
    for task in _children_files(pid):
        with suppress(OSError):
            for child in map(int, task.read_text().split()):
                yield child
                yield from _descendants(child)


def _children_files(pid: int) -> list[Path]:
    with suppress(OSError):
        return list(Path(f"/proc/{pid}/task").glob("*/children"))
    return []


def _times(pid: int) -> list[float]:
    """User and system seconds of a process, and of those that it has waited for."""
    with suppress(OSError):
        behind_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return [int(ticks) / TICK for ticks in behind_name[USER : CHILDREN_SYSTEM + 1]]
    return []
