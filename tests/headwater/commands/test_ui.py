"""`headwater ui`: a quiet start, one URL, a busy port refused, and an end of everything that it started."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from headwater.cli import main
from headwater.interrupts import STOPPED

ROOT = Path(__file__).parents[3]


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        yield busy.getsockname()[1]


def test_a_busy_port_is_refused_at_once_and_a_free_one_named(
    busy_port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    started = time.monotonic()
    assert main(["ui", "--lake", str(tmp_path / "lake"), "--port", str(busy_port)]) == 1
    assert time.monotonic() - started < 1
    message = capsys.readouterr().err
    assert f"--port {busy_port} is in use on 127.0.0.1: give a free one, such as --port " in message
    assert int(message.split()[-1]) != busy_port
    assert not (tmp_path / "lake").exists()


def test_a_port_that_cannot_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ui", "--lake", str(tmp_path), "--port", "70000"]) == 1
    assert "--port 70000: a port is at most 65535" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("end", "status", "message"), [(signal.SIGINT, 130, f"{STOPPED}\n"), (signal.SIGTERM, 143, "")]
)
def test_it_prints_its_url_and_nothing_else_and_ends_whole(
    end: signal.Signals, status: int, message: str, tmp_path: Path
) -> None:
    port = _free_port()
    command = [sys.executable, "-m", "headwater", "ui", "--lake", str(tmp_path), "--port", str(port), "--json"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    try:
        url = json.loads(process.stdout.readline())["url"]
        with urllib.request.urlopen(f"{url}/server_info", timeout=30) as answer:
            assert answer.status == 200
        servers = psutil.Process(process.pid).children(recursive=True)
        assert servers
        os.kill(process.pid, end)
        stdout, stderr = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (stdout, stderr, process.returncode) == ("", message, status)
    assert not psutil.wait_procs(servers, timeout=10)[1], "servers are left"
    assert (tmp_path / "dagster" / "ui.log").is_file()


def test_a_server_that_ends_by_itself_shows_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "dagster").mkdir()
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert main(["ui", "--lake", str(tmp_path), "--port", str(_free_port())]) == 1
    assert "Dagster's web server ended with status 1; the end of its log, " in capsys.readouterr().err


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
