"""Interrupts: Ctrl-C ends a command with one line and exit status 130, whatever it or its child processes are doing.

SIGINT is blocked in all threads and, since children inherit the mask, in all child processes, so nothing prints a
traceback of its own. A thread waits for the signal, prints the line, silences stderr, has the main thread raise what it
would have raised for SIGINT, and kills the child processes: whatever they write is put in place in one step, so that a
rerun continues it. Some libraries unblock the signal in the main thread (multiprocessing does, when it starts its
resource tracker), where Python handles it; then the number that Python writes to the wakeup pipe announces it.
"""

from __future__ import annotations

import _thread
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

STOPPED = "stopped; the same command goes on where it was"
EXIT_STATUS = 128 + signal.SIGINT
GRACE = 15.0  # seconds for the main thread to end by itself
REPEAT = 3.0  # seconds after which it is interrupted again: an import, or library code in C, may swallow the exception
TAKEN = b"\0"  # the signal was taken by the waiting thread, so that the main thread knows nothing of it

_announced, _cleaning = threading.Event(), threading.Event()


def watch() -> None:
    """Handles Ctrl-C from now on. For the start of a process, from its main thread. Where SIGINT is ignored, as in a
    shell's background jobs, it stays ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGUSR1, lambda *_: None)  # wakes the main thread from a system call
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    threading.Thread(target=_take_signals, args=(writer,), name="interrupts-wait", daemon=True).start()
    threading.Thread(target=_handle, args=(reader,), name="interrupts", daemon=True).start()


def announced() -> bool:
    """Whether the line was printed: the process is about to end."""
    return _announced.is_set()


def start_cleaning() -> None:
    """For cleanup that takes seconds: it is not interrupted again, unless by another Ctrl-C."""
    _cleaning.set()


@contextmanager
def blocked() -> Iterator[None]:
    """For the start of a child process, where a library may have unblocked the signal."""
    with _mask(signal.SIG_BLOCK):
        yield


@contextmanager
def unblocked() -> Iterator[None]:
    """For the start of a child process that handles Ctrl-C by itself."""
    with _mask(signal.SIG_UNBLOCK):
        yield


@contextmanager
def _mask(how: int) -> Iterator[None]:
    before = signal.pthread_sigmask(how, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def announce() -> None:
    """Prints the line, in place of a progress bar where there is one."""
    if not _announced.is_set():
        _announced.set()
        sys.stderr.flush()
        clear = b"\r\x1b[K" if os.isatty(2) else b""
        os.write(2, clear + STOPPED.encode() + b"\n")


def end_process() -> NoReturn:
    """At once, with all that it started: threads of libraries could keep the interpreter from ending."""
    _kill_children(same_session=False)
    os._exit(EXIT_STATUS)


def _take_signals(writer: int) -> None:
    while True:
        signal.sigwait({signal.SIGINT})
        os.write(writer, TAKEN)


def _handle(reader: int) -> None:
    while not _interrupted(received := os.read(reader, 64)):
        pass
    announce()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    pressed_again = _interrupt_main(reader, raise_again=TAKEN in received)
    _kill_children(same_session=True)
    end, repeat = time.monotonic() + GRACE, time.monotonic() + REPEAT
    while not pressed_again and time.monotonic() < end:
        if select.select([reader], [], [], 0.1)[0] and _interrupted(os.read(reader, 64)):  # Ctrl-C again
            break
        again = time.monotonic() > repeat and not _cleaning.is_set()
        repeat = time.monotonic() + REPEAT if again else repeat
        pressed_again = _interrupt_main(reader, raise_again=again)
    end_process()


def _interrupted(received: bytes) -> bool:
    """Python writes the numbers of all signals that it handles."""
    return TAKEN in received or signal.SIGINT in received


def _interrupt_main(reader: int, *, raise_again: bool) -> bool:
    """Wakes the main thread from a system call, after it was told to raise what it raises for SIGINT. Returns whether
    there was another Ctrl-C in the meantime."""
    pressed_again = False
    if raise_again:
        _thread.interrupt_main()
        if select.select([reader], [], [], 0)[0]:  # Python announces its own in the wakeup pipe too, by one byte
            pressed_again = _interrupted(os.read(reader, 64).replace(bytes([signal.SIGINT]), b"", 1))
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGUSR1)
    return pressed_again


def _kill_children(*, same_session: bool) -> None:
    """All descendants, or those that were not given a session of their own, which the main thread ends in its way."""
    import psutil

    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error, OSError):
            if not same_session or os.getsid(child.pid) == os.getsid(0):
                child.kill()
