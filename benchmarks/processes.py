"""Processes: what a command costs, all its processes together."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

EVERY = 0.1  # seconds between two looks; a process that ends in between loses what it did since the last one


@dataclass(frozen=True, kw_only=True)
class Cost:
    """`wall` and `cpu` in seconds, `largest`: the peak of the largest process in bytes, `output`: what was printed."""

    wall: float
    cpu: float
    largest: int
    output: str

    def __add__(self, other: Cost) -> Cost:
        """Of one command after the other."""
        return Cost(
            wall=self.wall + other.wall,
            cpu=self.cpu + other.cpu,
            largest=max(self.largest, other.largest),
            output=self.output + other.output,
        )


def run(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None, others: Sequence[int] = ()
) -> Cost:
    """Runs a command to its end. Exits when it fails, naming the log that has what it said. `others`: processes that
    stand already and work for it, with what they start; what they used before counts too."""
    seconds: dict[tuple[int, float], float] = {}
    largest, start = 0, time.perf_counter()
    printed = log.with_suffix(".out")
    with open(printed, "wb") as out, open(log, "wb") as errors:
        root = psutil.Popen(command, stdout=out, stderr=errors, env=environment)
        roots = [root, *map(psutil.Process, others)]
        while root.poll() is None:
            with suppress(psutil.Error):
                for process in [one for each in roots for one in (each, *each.children(recursive=True))]:
                    with suppress(psutil.Error, OSError):
                        used = process.cpu_times()
                        seconds[process.pid, process.create_time()] = used.user + used.system
                        largest = max(largest, _peak(process.pid))
            with suppress(psutil.TimeoutExpired):
                root.wait(EVERY)
    wall = time.perf_counter() - start
    if root.returncode:
        sys.exit(f"{' '.join(command)} ended with {root.returncode}; it said: {log}")
    return Cost(wall=wall, cpu=sum(seconds.values()), largest=largest, output=printed.read_text())


def status_bytes(name: str, pid: int | str = "self") -> int:
    """VmHWM or another size of a process, by the kernel's count."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [found] = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return int(found) * 1024


def _peak(pid: int) -> int:
    """The most memory that a process has held, by the kernel's count; what it holds now where there is none."""
    with suppress(OSError, ValueError):
        return status_bytes("VmHWM", pid)
    return int(psutil.Process(pid).memory_info().rss)
