"""Worker code: what decides a dataset's bytes must be the same on every worker as on the machine that launches.

A dataset's address names versions of code and libraries as the launcher has them. A worker with others would put other
bytes there, under a name that says otherwise.
"""

from __future__ import annotations

import hashlib
import platform
import re
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from corpus.lake.store import Lake
from pipelines.parts import StageError

PACKAGES = ("corpus", "pipelines")
ANNOUNCED = "worker-started"  # beside the parts: a worker runs, and reaches the lake


@dataclass(frozen=True)
class WorkerCode:
    """Name -> version: Python, those of the packages that Headwater needs which are installed, a digest of its code."""

    versions: Mapping[str, str]

    @classmethod
    @cache
    def here(cls) -> WorkerCode:
        """As it was when this process first asked: files that change later are not what it runs."""
        versions = {"python": ".".join(platform.python_version_tuple()[:2]), "headwater's code": _digest()}
        for name in _requirements():
            with suppress(metadata.PackageNotFoundError):  # a worker needs no torch; what it needs, it fails without
                versions[name] = metadata.version(name)
        return cls(versions)

    def check(self) -> None:
        """Raises StageError naming what differs on this machine."""
        mine = WorkerCode.here().versions
        differing = [
            f"{name} {mine[name]} (the launcher: {wanted})"
            for name, wanted in self.versions.items()
            if name in mine and mine[name] != wanted
        ]
        if differing:
            raise StageError(
                f"the worker on {socket.gethostname()} ({sys.executable}) has other code than the launcher: "
                f"{', '.join(differing)}; install the same there (docs/engines.md)"
            )


def _requirements() -> list[str]:
    with suppress(metadata.PackageNotFoundError):  # a checkout that is on PYTHONPATH and not installed
        return [
            re.split(r"[^\w.-]", line)[0] for line in metadata.requires("headwater") or () if "extra ==" not in line
        ]
    return []


def _digest() -> str:
    root, digest = Path(__file__).resolve().parents[2], hashlib.sha256()
    files = [file for package in PACKAGES for file in (root / package).rglob("*") if file.suffix in (".py", ".npz")]
    for file in sorted(files):
        digest.update(f"{file.relative_to(root)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def announce(lake: Lake, folder: str) -> None:
    """Says in the lake that a worker runs."""
    lake.write(announcement(folder), socket.gethostname().encode())


def announcement(folder: str) -> str:
    return f"{folder}/parts/{ANNOUNCED}"
