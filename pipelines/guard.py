"""Guard: does the work on a split in a process of its own, so that a record that hangs, crashes it or eats the memory
costs that record alone, where the work says when it begins one.

Parsers are C and C++: no exception reaches Python from a crash, and no handler of Python's runs while they loop. So the
process that works says in shared memory which record it is at, and the kernel ends it at its limits. Then the split is
done once more without the record that it was at. Time is processor time: a busy machine drops no other records than an
idle one. A record costs two system calls; one that fails costs another go at its split.
"""

from __future__ import annotations

import mmap
import os
import pickle
import resource
import signal
import socket
import struct
import tempfile
import threading
import traceback
import weakref
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol

from pipelines import forkserver
from pipelines.forkserver import ForkedProcess

SECONDS = 30  # of processor time for a record; the slowest real page of those measured takes 1
MEMORY = 1 << 30  # bytes that the process may take besides what it starts with
CLOCK_FACTOR = 20  # a process that only waits uses no processor time: it is ended after so many times the limit
OUT_OF_MEMORY = 77  # exit status
NOWHERE = -1
LONGEST = 3600.0  # seconds between two looks at a process that has no limits


@dataclass(frozen=True, kw_only=True)
class Limits:
    """`seconds` of processor time for a record, `memory` in bytes for the process besides what it starts with: Arrow
    alone reserves 1 GiB of address space there."""

    seconds: float = SECONDS
    memory: int = MEMORY


@dataclass(frozen=True, kw_only=True)
class Failed:
    """Why a record cannot be worked on: "timeout", "memory" or "crash"."""

    reason: str
    detail: str


class GuardError(RuntimeError):
    """The process ended where leaving a record out cannot help."""


class WorkError(RuntimeError):
    """Stands for an error of the work that cannot travel between processes."""


class Watch:
    """What the working process says of itself: the number of the record that it is at."""

    def __init__(self, area: mmap.mmap, seconds: float, failed: Mapping[int, Failed]) -> None:
        self._area, self._seconds, self._failed = area, seconds, failed
        self._number = NOWHERE

    def begin(self) -> Failed | None:
        """The next record begins: None, or why it is to be left out."""
        self._number += 1
        struct.pack_into("<q", self._area, 0, self._number)
        signal.setitimer(signal.ITIMER_PROF, self._seconds)  # SIGPROF, which nobody handles, ends the process
        return self._failed.get(self._number)

    def end(self) -> None:
        """There are no more records."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        struct.pack_into("<q", self._area, 0, NOWHERE)


class Job(Protocol):
    """What is done in the other process; picklable."""

    def prepare(self) -> None:
        """Loads what every process that does it needs (see pipelines.forkserver)."""

    def setup(self) -> None: ...

    def do(self, split: Any, watch: Watch | None) -> None: ...


class Guard:
    """Does `job.do` for one split after the other in another process, which starts with the first. Without `limits`,
    records are left to themselves, and a crash is an error."""

    def __init__(self, job: Job, limits: Limits | None) -> None:
        self._job, self._limits = pickle.dumps(job), limits
        self._process: ForkedProcess | None = None
        self._stopped = False

    def do(self, split: Any) -> None:
        """Raises what the job raises, and GuardError when the process ends outside any record, or at one again."""
        failed: dict[int, Failed] = {}
        while (status := self._attempt(split, failed)) is not None:
            number = self._number()
            if self._limits is None:
                raise GuardError(
                    f"{split.name}: a worker ended with exit status {128 - status if status < 0 else status} (137: the "
                    f"kernel ended it, mostly for want of memory; 139: a library crashed)"
                )
            failure = self._why(status, self._limits)
            if number == NOWHERE or number in failed:
                raise GuardError(f"{split.name}: {failure.reason} ({failure.detail}) outside any record")
            failed[number] = failure

    def stop(self) -> None:
        """Ends the process while another thread waits for it, which then raises GuardError."""
        self._stopped = True
        if (process := self._process) is not None:
            process.kill()

    def close(self) -> None:
        if self._process is not None:
            self._end()
            self._process = None

    def _attempt(self, split: Any, failed: Mapping[int, Failed]) -> int | None:
        """None, or the exit status of the process that ended at it."""
        if self._process is None and not self._stopped:
            self._start()
        if self._process is None or self._stopped:
            raise GuardError("stopped")
        try:
            self._connection.send((split, failed))
            self._wait(self._process)
            error = self._connection.recv()
        except (EOFError, ConnectionError):
            status = self._process.wait()
            self.close()
            if self._stopped:
                raise GuardError("stopped") from None
            return status
        if error is not None:
            raise error
        return None

    def _wait(self, process: ForkedProcess) -> None:
        """Until there is an answer, or no record has ended for far too long."""
        number, waits = NOWHERE, 0
        while not self._connection.poll(self._limits.seconds if self._limits else LONGEST):
            waits = waits + 1 if self._number() == number else 0
            number = self._number()
            if number != NOWHERE and waits >= CLOCK_FACTOR:
                process.kill()

    def _number(self) -> int:
        number: int = struct.unpack_from("<q", self._area, 0)[0]
        return number

    def _start(self) -> None:
        here, there = socket.socketpair()
        with there, tempfile.TemporaryFile() as shared:
            shared.truncate(mmap.PAGESIZE)
            self._area = mmap.mmap(shared.fileno(), mmap.PAGESIZE)
            self._process = forkserver.start().fork(serve, self._job, [there.fileno(), shared.fileno()])
        self._connection = Connection(here.detach())
        self._end = weakref.finalize(self, _end, self._process, self._connection)
        struct.pack_into("<q", self._area, 0, NOWHERE)
        self._connection.send(self._limits)

    def _why(self, status: int, limits: Limits) -> Failed:
        if status in (-signal.SIGPROF, -signal.SIGKILL) and self._number() != NOWHERE:
            return Failed(reason="timeout", detail=f"over {limits.seconds} s")
        if status == OUT_OF_MEMORY:
            return Failed(reason="memory", detail=f"over {limits.memory >> 20} MiB")
        return Failed(reason="crash", detail=signal.Signals(-status).name if status < 0 else f"exit status {status}")


def _end(process: ForkedProcess, connection: Connection) -> None:
    connection.close()
    process.kill()
    process.wait()


def serve(job: bytes, descriptor: int, shared: int) -> None:
    """The other process: works on splits until the first process goes away."""
    connection, area = Connection(descriptor), mmap.mmap(shared, mmap.PAGESIZE)
    limits: Limits | None = connection.recv()
    if limits is not None:
        most = _held() + limits.memory
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    splits: SimpleQueue[tuple[Any, dict[int, Failed]]] = SimpleQueue()
    threading.Thread(target=_receive, args=(connection, splits), daemon=True).start()
    try:
        working: Job = pickle.loads(job)
        working.setup()
    except Exception as error:
        splits.get()
        connection.send(_portable(error))
        return
    while True:
        split, failed = splits.get()
        try:
            working.do(split, Watch(area, limits.seconds, failed) if limits else None)
        except BaseException as error:  # also a panic of Rust's, which is no Exception
            if limits and isinstance(error, MemoryError):
                os._exit(OUT_OF_MEMORY)
            signal.setitimer(signal.ITIMER_PROF, 0)
            connection.send(_portable(error))
        else:
            connection.send(None)


def _held() -> int:
    """Bytes of data that this process has by the kernel's count, which its limit is for; 0 on a system that has no such
    limit."""
    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    return 0


def _portable(error: BaseException) -> BaseException:
    """The error with the lines of this process that raised it, or what stands for it where it cannot travel."""
    error.add_note(traceback.format_exc())
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return WorkError(f"{type(error).__name__}: {error}")
    return error if isinstance(error, Exception) else WorkError(f"{type(error).__name__}: {error}")


def _receive(connection: Connection, splits: SimpleQueue[tuple[Any, dict[int, Failed]]]) -> None:
    """Passes splits on, and ends the process with the first one's end, whatever it is at."""
    while True:
        try:
            splits.put(connection.recv())
        except (EOFError, ConnectionError):
            os._exit(0)
