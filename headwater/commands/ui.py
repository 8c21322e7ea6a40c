"""Ui: shows a lake's assets and history in Dagster's web interface, on this machine alone."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from headwater import interrupts
from headwater.options import add_lake, positive_int
from headwater.terminal import json_line

HOST = "127.0.0.1"
START_TIMEOUT, STOP_TIMEOUT = 180.0, 10.0  # seconds
LOG_LINES = 15  # of the server's log that an error shows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_lake(parser)
    parser.add_argument("--port", type=positive_int, default=3000, help="port to listen on (default: 3000)")


def run(args: argparse.Namespace) -> int:
    """Prints the URL once it answers, and serves until Ctrl-C. What Dagster prints is in a log beside its history, with
    --verbose on the terminal. Returns the server's exit status where it ends by itself."""
    check_port(args.port)
    from corpus.lake.store import Lake
    from dagster_project.instance import use_home

    home = use_home(Lake(args.lake))
    log = None if args.verbose else home / "ui.log"
    url = f"http://{HOST}:{args.port}"
    with _server(args.port, log) as server:
        _wait_until_it_answers(server, url, log)
        print(json_line({"url": url}) if args.json else f"{url}  (Ctrl-C stops it)", flush=True)
        return server.wait()


def check_port(port: int) -> None:
    """Raises ValueError where the port is in use, naming a free one."""
    try:
        _bind(port)
    except OverflowError:
        raise ValueError(f"--port {port}: a port is at most 65535") from None
    except PermissionError:
        raise ValueError(f"--port {port}: ports below 1024 need privileges; give a larger one") from None
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise ValueError(f"--port {port} is in use on {HOST}: give a free one, such as --port {_bind(0)}") from None


def _bind(port: int) -> int:
    """The port; of 0 one that is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: a closed one is free at once
        probe.bind((HOST, port))
        return int(probe.getsockname()[1])


@contextmanager
def _server(port: int, log: Path | None) -> Iterator[subprocess.Popen[bytes]]:
    """`dagster dev` in a session of its own, which is ended whole, however this process is asked to end."""
    command = [sys.executable, "-m", "dagster", "dev", "-m", "dagster_project.definitions", "-h", HOST, "-p", str(port)]
    with (
        open(log, "wb") if log is not None else nullcontext() as output,
        interrupts.unblocked(),
    ):  # it handles SIGINT by itself
        stderr = None if output is None else subprocess.STDOUT
        server = subprocess.Popen(command, stdout=output, stderr=stderr, start_new_session=True)
    before = {number: signal.signal(number, _exit) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield server
    finally:
        _stop(server)
        for number, handler in before.items():
            signal.signal(number, handler)


def _exit(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _stop(server: subprocess.Popen[bytes]) -> None:
    interrupts.start_cleaning()
    if server.poll() is None:
        server.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            server.wait(STOP_TIMEOUT)
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)  # what is left of its session
    server.wait()


def _wait_until_it_answers(server: subprocess.Popen[bytes], url: str, log: Path | None) -> None:
    """Raises RuntimeError, with the end of the log, where the server ends instead or takes too long."""
    end = time.monotonic() + START_TIMEOUT
    while True:
        try:
            with urllib.request.urlopen(f"{url}/server_info", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            pass
        if server.poll() is not None or time.monotonic() > end:
            what = f"ended with status {server.returncode}" if server.returncode is not None else "does not answer"
            lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:] if log else []
            raise RuntimeError("\n".join([f"Dagster's web server {what}; the end of its log, {log}:", *lines]))
        time.sleep(0.2)
