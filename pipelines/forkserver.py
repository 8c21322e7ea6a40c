"""Fork server: a process that starts workers by forking itself.

What workers need (imports, compiled kernels, models: seconds of processor time) is loaded in it once, however many
workers and stages a command has. A process that runs Beam has threads and cannot fork safely; this one runs none (an
allocator of Arrow's has one, and knows what to do). It ends with the process that started it, and takes the workers
along.
"""

from __future__ import annotations

import gc
import importlib
import os
import pickle
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import traceback
import types
import warnings
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

NUMBER = struct.Struct("<q")
MODULE = "pipelines.forkserver"


class Prepared(Protocol):
    """What a worker does: `prepare` loads, in the fork server, what every worker of its kind needs."""

    def prepare(self) -> None: ...


class ForkedProcess:
    """A worker: `wait` and `kill` as a subprocess has them."""

    def __init__(self, status: int) -> None:
        self._status = status
        self._ended: int | None = None
        pid = self._read()
        if pid is None:
            raise RuntimeError("the process that starts workers has ended; run the command again")
        self.pid = pid

    def wait(self) -> int:
        """Its exit status, the negative number of the signal that ended it."""
        if self._ended is None:
            found = self._read()
            self._ended = -signal.SIGKILL if found is None else found  # the fork server's end is the worker's
            os.close(self._status)
        return self._ended

    def kill(self) -> None:
        if self._ended is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def _read(self) -> int | None:
        received = os.read(self._status, NUMBER.size)
        return NUMBER.unpack(received)[0] if received else None


class ForkServer:
    def __init__(self, modules: Sequence[str] = ()) -> None:
        """`modules` have a function `prepare`: the first one's is called at once, the others' when a worker has
        started, which so does not wait for what a later stage needs."""
        self._control, there = socket.socketpair()
        self._lock = threading.Lock()
        with there:
            ignore = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"  # Ctrl-C is for the first process
            serve = f"from {MODULE} import serve; serve({there.fileno()}, {[*modules]})"
            command = [sys.executable, "-P", "-c", f"{ignore}; {serve}"]
            # OpenBLAS starts threads when NumPy is imported; no worker multiplies matrices.
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1"}
            self._process = subprocess.Popen(
                command, pass_fds=[there.fileno()], stdin=subprocess.DEVNULL, env=environment
            )
        self.end = weakref.finalize(self, _end, self._process, self._control)

    def runs(self) -> bool:
        return self._process.poll() is None

    def fork(self, run: Callable[..., None], job: bytes, descriptors: Sequence[int]) -> ForkedProcess:
        """A process that calls `run(job, *descriptors)`, where its numbers of them are others. `job`: something
        Prepared, pickled."""
        ours, its = os.pipe()
        request = pickle.dumps((os.getcwd(), dict(os.environ), sys.path, run, job))
        try:
            with self._lock, suppress(BrokenPipeError):
                socket.send_fds(self._control, [NUMBER.pack(len(request))], [its, *descriptors])
                self._control.sendall(request)
        finally:
            os.close(its)
        return ForkedProcess(ours)


def _end(process: subprocess.Popen[bytes], control: socket.socket) -> None:
    control.close()
    process.kill()
    process.wait()


_started: dict[int, ForkServer] = {}  # of this process; one that was forked from it starts its own
_starting = threading.Lock()


def start(modules: Sequence[str] = ()) -> ForkServer:
    """The fork server of this process, which is started where there is none."""
    with _starting:
        server = _started.get(os.getpid())
        if server is None or not server.runs():
            server = _started[os.getpid()] = ForkServer(modules)
        return server


def end() -> None:
    """Ends the fork server of this process, and with it whoever waits for a worker to start."""
    if server := _started.pop(os.getpid(), None):
        server.end()


def serve(descriptor: int, modules: list[str]) -> None:
    """The fork server's process."""
    _leave_out_pandas()
    control = socket.socket(fileno=descriptor)
    children: dict[int, int] = {}

    def note_ends(*_: object) -> None:
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                status = children.pop(ended[0], None)
                if status is None:  # of a program that a library called
                    continue
                with suppress(BrokenPipeError):
                    os.write(status, NUMBER.pack(os.waitstatus_to_exitcode(ended[1])))
                os.close(status)

    signal.signal(signal.SIGCHLD, note_ends)
    if modules:
        _prepare(importlib.import_module(modules.pop(0)))
    started = False
    while True:
        if started and modules and not select.select([control], [], [], 0)[0]:
            _prepare(importlib.import_module(modules.pop(0)))
            continue
        received, descriptors, *_ = socket.recv_fds(control, NUMBER.size, 8)
        if not received:
            break
        request = control.recv(NUMBER.unpack(received)[0], socket.MSG_WAITALL)
        folder, environment, path, run, job = pickle.loads(request)
        sys.path[:] = path
        with suppress(Exception):  # the worker meets it again, and reports it
            _prepare(pickle.loads(job))
        gc.freeze()  # a collection would write to the pages that all workers share
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        pid = os.fork()
        if pid == 0:
            for inherited in (control.fileno(), descriptors[0], *children.values()):
                os.close(inherited)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
            _work(folder, environment, run, job, descriptors[1:])
        started = True
        os.write(descriptors[0], NUMBER.pack(pid))
        children[pid] = descriptors[0]
        for passed in descriptors[1:]:
            os.close(passed)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    for pid in list(children):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _prepare(job: Prepared | types.ModuleType) -> None:
    job.prepare()


def _work(
    folder: str, environment: dict[str, str], run: Callable[..., None], job: bytes, descriptors: Sequence[int]
) -> None:
    status = 1
    try:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        run(job, *descriptors)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _leave_out_pandas() -> None:
    """Arrow imports pandas, where it is installed, for its first array: half a second, and no worker uses it. Arrow
    asks once; that it is too old is an answer."""
    stand_in: Any = types.ModuleType("pandas")
    stand_in.__version__ = "0"
    before = sys.modules.get("pandas")
    sys.modules["pandas"] = stand_in
    import pyarrow as pa

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pa.array([0])
    del sys.modules["pandas"]
    if before is not None:
        sys.modules["pandas"] = before
