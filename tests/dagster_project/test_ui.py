"""`dagster dev` on the project, seen through a browser."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
ROOT = Path(__file__).parent.parent.parent
GROUPS = {"documents": ("documents", "clean", "unique", "split"), "scores": ("last_word", "report")}
WAIT = 90.0  # seconds for the web server on a busy machine


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a running `headwater ui` on an empty lake."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "headwater.cli", "ui", "--lake", str(tmp_path), "--port", str(port)]
    log = (tmp_path / "log").open("w")
    process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + WAIT
        while True:
            try:
                with urllib.request.urlopen(f"{address}/server_info", timeout=5):
                    break
            except (urllib.error.URLError, OSError):
                assert process.poll() is None and time.monotonic() < deadline, (tmp_path / "log").read_text()
                time.sleep(0.5)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log.close()


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian's package: chromium)")
def test_the_asset_graph_is_shown(server: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        # High enough for the whole group: the page draws no asset outside of what is in view.
        page = browser.new_page(viewport={"width": 1800, "height": 3000})
        page.goto(f"{server}/asset-groups", wait_until="domcontentloaded")
        for group in ("crawl", "documents", "tokens", "model", "scores"):
            page.get_by_text(group, exact=True).first.wait_for(timeout=60_000, state="attached")
        for group, assets in GROUPS.items():
            page.goto(f"{server}/locations/dagster_project.definitions/asset-groups/{group}")
            for asset in assets:
                page.get_by_text(asset, exact=True).first.wait_for(timeout=60_000, state="attached")
        browser.close()
