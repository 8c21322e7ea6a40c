"""Render: Python packages -> the HTML pages of pydoc, byte for byte the same on every run.

Each top-level package is imported in a child process of its own, with a fixed environment, so a page depends neither
on what else was imported nor on the caller's environment, and a module that misbehaves takes nothing down with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

WORKER = Path(__file__).with_name("pydoc_worker.py")


@dataclass(frozen=True, kw_only=True)
class RenderConfig:
    """What is rendered. `search` are folders that come after the standard library on the import path."""

    packages: tuple[str, ...]
    search: tuple[str, ...] = ()
    page_bytes: int = 250_000
    """A larger page is skipped: it is a list of inherited methods (numpy.matlib, tkinter.tix), not prose."""
    seconds: float = 60.0
    """A package that takes longer is skipped. The slowest of the defaults takes about 8 s."""
    processes: int | None = None
    """How many at a time; None is the number of cores. The pages do not depend on it."""


@dataclass(frozen=True, kw_only=True)
class Pages:
    """`html`: module -> page. `skipped`: module -> why it has none."""

    html: dict[str, bytes]
    skipped: dict[str, str]


def render_packages(config: RenderConfig, progress: bool = False) -> Pages:
    """Renders every package. No module makes it fail: what cannot be rendered is listed with the reason."""
    html: dict[str, bytes] = {}
    skipped: dict[str, str] = {}
    with ThreadPoolExecutor(config.processes or os.cpu_count()) as threads:
        results = threads.map(lambda package: _render_package(package, config), config.packages)
        bar = tqdm(
            results, total=len(config.packages), desc="render", unit="package", disable=None if progress else True
        )
        for pages in bar:
            html.update(pages.html)
            skipped.update(pages.skipped)
    return Pages(html=dict(sorted(html.items())), skipped=dict(sorted(skipped.items())))


def _render_package(package: str, config: RenderConfig) -> Pages:
    """A module that ends its process, or does not end, is left out of the next attempt, and so on."""
    exclude: dict[str, str] = {}
    while True:
        with tempfile.TemporaryDirectory(prefix="headwater-pydoc-") as folder:
            out = Path(folder).resolve()
            ended = _run_worker(package, exclude, out, config)
            result = out / "skipped.json"
            if result.exists():
                return _collect(out, json.loads(result.read_text()), config.page_bytes)
            marker = out / "current"
            culprit = marker.read_text() if marker.exists() else package
            if culprit in exclude or culprit == package:
                return Pages(html={}, skipped={**exclude, culprit: ended})
            exclude[culprit] = ended


def _run_worker(package: str, exclude: dict[str, str], out: Path, config: RenderConfig) -> str:
    """Runs a child process; returns how it ended, as a reason for the list of skipped modules."""
    cwd = out / "cwd"
    cwd.mkdir()
    job = {
        "package": package,
        "out": str(out),
        "exclude": exclude,
        "search": config.search,
        "hidden": hidden_paths(config.search),
    }
    command = [sys.executable, "-S", "-s", "-P", "-W", "ignore", str(WORKER), json.dumps(job)]
    with (out / "output").open("wb") as output:
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env=_environment(str(cwd)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = child.wait(config.seconds)
        except subprocess.TimeoutExpired:
            return f"its import or documentation takes more than {config.seconds:g} s"
        finally:
            _kill_group(child)
    return f"its import or documentation ends the process (exit status {code})"


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    """Ends the child and all that it started; macOS answers PermissionError where the group is already gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _environment(home: str) -> dict[str, str]:
    """The environment of a child process: nothing of the caller's, and so no secret."""
    return {
        "COLUMNS": "120",
        "HOME": home,
        "LC_ALL": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        "PATH": home,  # empty: what a module finds installed decides nothing
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "TZ": "UTC",
    }


def hidden_paths(search: tuple[str, ...]) -> list[tuple[str, str]]:
    """(path, neutral token) of this machine's folders that a page could name.

    /usr/local and a folder just below the root are left: they tell nothing, and examples in documentation name them.
    """
    paths = {
        str(Path.home()): "HOME",
        **dict.fromkeys(search, "SITE"),
        sys.prefix: "PREFIX",
        sys.base_prefix: "PREFIX",
        sysconfig.get_path("stdlib"): "STDLIB",
        sys.executable: "PYTHON",
    }
    return [(path, token) for path, token in paths.items() if path.count("/") > 1 and path != "/usr/local"]


def _collect(out: Path, skipped: dict[str, str], page_bytes: int) -> Pages:
    html = {}
    for path in sorted(out.glob("*.html")):
        module, page = path.name.removesuffix(".html"), path.read_bytes()
        if len(page) > page_bytes:
            skipped[module] = f"its page has {len(page):,} bytes, more than {page_bytes:,}"
        else:
            html[module] = page
    return Pages(html=html, skipped=skipped)
