"""Serving: what the commands share that answer on a port: a socket, and an end when they are asked to."""

from __future__ import annotations

import errno
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

HOST = "127.0.0.1"


def check_port(port: int) -> None:
    """Raises ValueError where the port cannot be had, where it is in use naming a free one."""
    bind_port(port).close()


def bind_port(port: int, host: str = HOST) -> socket.socket:
    """A socket that is bound to a port of an IPv4 address of this machine, 0 for any. Raises ValueError as
    `check_port`, and for an address that is none of this machine's."""
    try:
        return _bind(port, host)
    except OverflowError:
        raise ValueError(f"--port {port}: a port is at most 65535") from None
    except PermissionError:
        raise ValueError(f"--port {port}: ports below 1024 need privileges; give a larger one") from None
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
            raise ValueError(f"--host {host}: this machine has no such address; 0.0.0.0 is all it has") from None
        if error.errno != errno.EADDRINUSE:
            raise
        with _bind(0, host) as free:
            raise ValueError(
                f"--port {port} is in use on {host}: give a free one, such as --port {free.getsockname()[1]}"
            ) from None


def _bind(port: int, host: str) -> socket.socket:
    bound = socket.socket()
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: a closed one is free at once
        bound.bind((host, port))
    except BaseException:
        bound.close()
        raise
    return bound


@contextmanager
def exit_on_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end the process by SystemExit, so that what it started is ended too."""
    before = {number: signal.signal(number, _exit) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _exit(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)
