"""Guard: does the work on a split in a process of its own, so that a record that hangs, crashes it or eats the memory
costs that record alone.

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
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any, Protocol

SECONDS = 30  # of processor time for a record; the slowest real page of those measured takes 1
MEMORY = 2 << 30  # bytes of data that the process may hold
CLOCK_FACTOR = 20  # a process that only waits uses no processor time: it is ended after so many times the limit
OUT_OF_MEMORY = 77  # exit status
NOWHERE = -1


@dataclass(frozen=True, kw_only=True)
class Limits:
    """`seconds` of processor time for a record, `memory` in bytes for the process."""

    seconds: float = SECONDS
    memory: int = MEMORY


@dataclass(frozen=True, kw_only=True)
class Failed:
    """Why a record cannot be worked on: "timeout", "memory" or "crash"."""

    reason: str
    detail: str


class GuardError(RuntimeError):
    """The process ended where leaving a record out cannot help."""


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

    def setup(self) -> None: ...

    def do(self, split: Any, watch: Watch) -> None: ...


class Guard:
    """Does `job.do` for one split after the other in another process, which starts with the first."""

    def __init__(self, job: Job, limits: Limits) -> None:
        self._job, self._limits = pickle.dumps(job), limits
        self._process: subprocess.Popen[bytes] | None = None

    def do(self, split: Any) -> None:
        """Raises what the job raises, and GuardError when the process ends outside any record, or at one again."""
        failed: dict[int, Failed] = {}
        while (failure := self._attempt(split, failed)) is not None:
            number = self._number()
            if number == NOWHERE or number in failed:
                raise GuardError(f"{split.name}: {failure.reason} ({failure.detail}) outside any record")
            failed[number] = failure

    def close(self) -> None:
        if self._process is not None:
            self._end()
            self._process = None

    def _attempt(self, split: Any, failed: Mapping[int, Failed]) -> Failed | None:
        if self._process is None:
            self._start()
        assert self._process is not None
        try:
            self._connection.send((split, failed))
            self._wait(self._process)
            error = self._connection.recv()
        except (EOFError, ConnectionError):
            status = self._process.wait()
            self.close()
            return self._why(status)
        if error is not None:
            raise error
        return None

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        """Until there is an answer, or no record has ended for far too long."""
        number, waits = NOWHERE, 0
        while not self._connection.poll(self._limits.seconds):
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
            passed = there.fileno(), shared.fileno()
            command = [sys.executable, "-c", f"from pipelines.guard import serve; serve{passed}"]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
            self._process = subprocess.Popen(command, pass_fds=passed, stdin=subprocess.DEVNULL, env=environment)
        self._connection = Connection(here.detach())
        self._end = weakref.finalize(self, _end, self._process, self._connection)
        struct.pack_into("<q", self._area, 0, NOWHERE)
        self._connection.send((self._job, self._limits))

    def _why(self, status: int) -> Failed:
        if status in (-signal.SIGPROF, -signal.SIGKILL) and self._number() != NOWHERE:
            return Failed(reason="timeout", detail=f"over {self._limits.seconds} s")
        if status == OUT_OF_MEMORY:
            return Failed(reason="memory", detail=f"over {self._limits.memory >> 20} MiB")
        return Failed(reason="crash", detail=signal.Signals(-status).name if status < 0 else f"exit status {status}")


def _end(process: subprocess.Popen[bytes], connection: Connection) -> None:
    connection.close()
    process.kill()
    process.wait()


def serve(descriptor: int, shared: int) -> None:
    """The other process: works on splits until the first process goes away."""
    connection, area = Connection(descriptor), mmap.mmap(shared, mmap.PAGESIZE)
    job, limits = connection.recv()
    resource.setrlimit(resource.RLIMIT_DATA, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the first process; its end ends this one
    splits: SimpleQueue[tuple[Any, dict[int, Failed]]] = SimpleQueue()
    threading.Thread(target=_receive, args=(connection, splits), daemon=True).start()
    try:
        job = pickle.loads(job)
        job.setup()
    except Exception as error:
        splits.get()
        connection.send(error)
        return
    while True:
        split, failed = splits.get()
        try:
            job.do(split, Watch(area, limits.seconds, failed))
        except MemoryError:
            os._exit(OUT_OF_MEMORY)
        except Exception as error:
            signal.setitimer(signal.ITIMER_PROF, 0)
            connection.send(error)
        else:
            connection.send(None)


def _receive(connection: Connection, splits: SimpleQueue[tuple[Any, dict[int, Failed]]]) -> None:
    """Passes splits on, and ends the process with the first one's end, whatever it is at."""
    while True:
        try:
            splits.put(connection.recv())
        except (EOFError, ConnectionError):
            os._exit(0)
