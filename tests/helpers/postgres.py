"""Postgres: a server of Debian's package in a temporary folder, on a Unix socket alone."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGE = "Debian's package: postgresql"


def find_binaries() -> Path | None:
    """The newest server's, which Debian does not put on PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    known = shutil.which("initdb")
    return found[-1].parent if found else Path(known).resolve().parent if known else None


def missing() -> str | None:
    """Why no server can be started here, or None."""
    if find_binaries() is None:
        return f"PostgreSQL is not installed ({PACKAGE})"
    if os.getuid() == 0 and (
        shutil.which("setpriv") is None or "postgres" not in {one.pw_name for one in pwd.getpwall()}
    ):
        return f"PostgreSQL refuses to run as root, and there is no user postgres to run it as ({PACKAGE})"
    return None


class Server:
    """A running server: `socket` is the folder of its Unix socket."""

    def __init__(self, binaries: Path, folder: Path, user: list[str]) -> None:
        self.binaries, self.user = binaries, user
        self.data, self.socket = folder / "data", folder

    def run(self, program: str, *arguments: str) -> None:
        command = [*self.user, str(self.binaries / program), *arguments]
        done = subprocess.run(command, cwd=self.socket, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"

    def create_database(self, name: str) -> str:
        """Its URL."""
        self.run("createdb", "-h", str(self.socket), "-U", "postgres", name)
        return f"postgresql+psycopg2://postgres@/{name}?host={self.socket}"


@contextmanager
def running_server() -> Iterator[Server]:
    binaries = find_binaries()
    assert binaries is not None
    root = os.getuid() == 0
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if root else []
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # a socket's path may have 107 bytes, and pytest's are longer
    try:
        if root:
            shutil.chown(folder, "postgres", "postgres")
        server = Server(binaries, folder, user)
        server.run("initdb", "--pgdata", str(server.data), "--username", "postgres", "--auth=trust", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        log = str(folder / "log")
        server.run("pg_ctl", "start", "--wait", "--pgdata", str(server.data), "--log", log, "--options", options)
        try:
            yield server
        finally:
            server.run("pg_ctl", "stop", "--pgdata", str(server.data), "--mode", "immediate")
    finally:
        shutil.rmtree(folder)
