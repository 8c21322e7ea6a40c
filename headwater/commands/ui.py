"""Ui: shows a lake's assets and history in Dagster's web interface, on this machine alone."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from headwater import interrupts
from headwater.options import add_lake, positive_int
from headwater.serving import HOST, check_port, exit_on_signals
from headwater.terminal import json_line

if TYPE_CHECKING:
    from corpus.lake.store import Lake

START_TIMEOUT, STOP_TIMEOUT = 180.0, 10.0  # seconds
LOG_LINES = 15  # of the server's log that an error shows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_lake(parser)
    parser.add_argument("--port", type=positive_int, default=3000, help="port to listen on (default: 3000)")
    parser.add_argument(
        "--watch",
        metavar="FOLDER",
        help="folder or URL: what is put there becomes a crawl, and by the recipe a model, its scores and a report",
    )
    parser.add_argument(
        "--recipe", metavar="NAME", default="base", help="the recipe for what --watch finds (default: base)"
    )


def run(args: argparse.Namespace) -> int:
    """Prints the URL once it answers, and serves until Ctrl-C. What Dagster prints is in a log beside its history, with
    --verbose on the terminal. Returns the server's exit status where it ends by itself."""
    check_port(args.port)
    from corpus.lake.store import Lake
    from dagster_project.instance import use_home

    lake = Lake(args.lake)
    if args.watch is not None:
        _watch(lake, args.watch, args.recipe)
    home = use_home(lake)
    log = None if args.verbose else home / "ui.log"
    url = f"http://{HOST}:{args.port}"
    with _server(args.port, log) as server:
        _wait_until_it_answers(server, url, log)
        print(json_line({"url": url}) if args.json else f"{url}  (Ctrl-C stops it)", flush=True)
        return server.wait()


def _watch(lake: Lake, url: str, recipe: str) -> None:
    """Raises ValueError for a recipe that is not there, FileNotFoundError for what is no folder."""
    from dagster_project.watching import USED_RECIPES, WATCH, absolute_folder
    from recipes.files import load_recipe

    load_recipe(lake, recipe)
    os.environ |= {WATCH: absolute_folder(url), USED_RECIPES: recipe}


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
    with exit_on_signals():
        try:
            yield server
        finally:
            _stop(server)


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
