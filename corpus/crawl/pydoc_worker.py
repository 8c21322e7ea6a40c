"""Pydoc worker: one top-level package -> its pydoc pages, the same bytes every time.

Run as a script in a process of its own, by `render_packages`; imports only the standard library. First every module of
the package is imported, in sorted order, then every page is rendered, so a page does not depend on when that happened.
What differs from run to run is left out: the values of data (os.environ is one), object addresses, machine paths.

    python -S -s -P pydoc_worker.py '{"package": "json", "out": "...", "exclude": {}, "search": [], "hidden": []}'

writes <out>/<module>.html, <out>/current (the module at work: what to blame when the process dies) and, last,
<out>/skipped.json (module -> why it has no page).
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import pydoc
import re
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

LEFT_OUT = frozenset({"__main__", "conftest", "idle_test", "test", "tests"})
"""Names of submodules that run or test a package rather than being a part of it."""

FORBIDDEN = {
    "os.exec": "replaces its process",
    "os.fork": "starts a child process",
    "os.forkpty": "starts a child process",
    "os.posix_spawn": "starts a child process",
    "os.spawn": "starts a child process",
    "os.system": "starts a child process",
    "socket.connect": "opens a connection",
    "subprocess.Popen": "starts a child process",
    "webbrowser.open": "opens a browser window",
}
"""Audit events (PEP 578) that no import may cause. They are stopped before they take effect."""

ADDRESS = re.compile(r"(?:\s|&nbsp;)at(?:\s|&nbsp;)0x[0-9A-Fa-f]{6,}")


class PydocPage(pydoc.HTMLDoc):
    """pydoc's HTML without what differs between runs or tells about this machine."""

    def docother(self, value: object, name: str | None = None, mod: str | None = None, *ignored: Any) -> str:
        """A data member: its name and type. Its value may be a secret, and may change."""
        label = f"<strong>{name}</strong>: " if name else ""
        return label + self.escape(type(value).__name__)

    def filelink(self, url: str, path: str) -> str:
        return os.path.basename(path)


class SideEffects:
    """What an import did to the process, other than defining names."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.watching = False
        sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.watching and event in FORBIDDEN:
            self.events.append(f"{FORBIDDEN[event]} ({event})")
            raise RuntimeError(f"{event} is not allowed while a module is imported to be documented")

    def watch(self, action: Callable[[], object]) -> str | None:
        """Runs `action`; returns why its module is to be skipped, or None. Puts back what it changed."""
        self.events.clear()
        before = _state()
        written = os.fstat(1).st_size
        failure = None
        self.watching = True
        try:
            action()
        except SystemExit:
            failure = "calls exit"
        except BaseException as error:  # whatever a module raises is its reason
            failure = f"fails: {type(error).__name__}: {error}"
        finally:
            self.watching = False
        sys.stdout.flush()
        sys.stderr.flush()
        if self.events:
            return self.events[0]
        if failure:
            return failure
        if os.fstat(1).st_size != written:
            return "writes to standard output or error"
        after = _state()
        changed = [name for name in before if before[name] != after[name]]
        if changed:
            _restore(before)
            return f"changes {changed[0]}"
        return None


def _state() -> dict[str, Any]:
    return {
        "the working directory": os.getcwd(),
        "os.environ": dict(os.environ),
        "sys.path": list(sys.path),
        "signal handlers": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "the number of threads": threading.active_count(),
    }


def _restore(state: dict[str, Any]) -> None:
    os.chdir(state["the working directory"])
    os.environ.clear()
    os.environ.update(state["os.environ"])
    sys.path[:] = state["sys.path"]
    for number, handler in state["signal handlers"].items():
        if signal.getsignal(number) is not handler and handler is not None:
            signal.signal(number, handler)


def import_all(
    package: str, exclude: dict[str, str], effects: SideEffects, out: Path
) -> tuple[list[str], dict[str, str]]:
    """Imports a package and its submodules, parents first, siblings in sorted order.

    Returns the names imported, and why each of the others was skipped.
    """
    imported: list[str] = []
    skipped: dict[str, str] = {}
    waiting = [package]
    while waiting:
        name = waiting.pop(0)
        if name in exclude:
            skipped[name] = exclude[name]
            continue
        (out / "current").write_text(name)
        reason = effects.watch(lambda name=name: importlib.import_module(name))  # type: ignore[misc]
        if reason:
            skipped[name] = f"its import {reason}"
            continue
        imported.append(name)
        search = getattr(sys.modules[name], "__path__", None)
        if search is not None:
            children = sorted({module.name for module in pkgutil.iter_modules(search)} - LEFT_OUT)
            waiting[:0] = [f"{name}.{child}" for child in children]
    return imported, skipped


def render_module(module: ModuleType, name: str, hidden: list[tuple[str, str]]) -> bytes:
    """The page of one module, with each (path, token) of `hidden` replaced and addresses left out."""
    page = PydocPage()
    html = page.page(pydoc.describe(module), page.document(module, name))
    return hide_machine(html, hidden).encode("utf-8", "replace")


def hide_machine(text: str, hidden: list[tuple[str, str]]) -> str:
    text = ADDRESS.sub("", text)
    for path, token in hidden:
        text = text.replace(path, token)
    return text


def main() -> None:
    job = json.loads(sys.argv[1])
    out = Path(job["out"])
    hidden = [(os.getcwd(), "CWD"), *((path, token) for path, token in job["hidden"])]
    hidden.sort(key=lambda pair: (-len(pair[0]), pair))  # the longest first: no path hides a part of another
    sys.path.extend(job["search"])
    effects = SideEffects()
    imported, skipped = import_all(job["package"], job["exclude"], effects, out)
    for name in imported:
        (out / "current").write_text(name)

        def page(name: str = name) -> None:
            (out / f"{name}.html").write_bytes(render_module(sys.modules[name], name, hidden))

        reason = effects.watch(page)
        if reason:
            (out / f"{name}.html").unlink(missing_ok=True)
            skipped[name] = f"its documentation {reason}"
    (out / "skipped.json").write_text(
        json.dumps({k: hide_machine(v, hidden) for k, v in skipped.items()}, sort_keys=True)
    )


if __name__ == "__main__":
    main()
