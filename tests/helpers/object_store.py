"""An object store for tests: moto's server, which speaks S3 on loopback, behind a proxy that can be told to fail."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec
from faulty_proxy import FaultyProxy

BUCKET = "lakes"
CREDENTIALS = {"key": "somebody", "secret": "secret", "client_kwargs": {"region_name": "us-east-1"}}
# The store's library gives up soon, so that it is our own tries which a test sees.
QUICK = {"retries": {"max_attempts": 0}, "read_timeout": 300}
IMPATIENT = {**QUICK, "read_timeout": 2}  # seconds without a byte


@contextmanager
def serve_objects(log: Path) -> Iterator[int]:
    """The port of a server that is empty at first."""
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", "0"]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            yield _port(process, log)
        finally:
            process.kill()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    while process.poll() is None:
        found = re.search(r"Running on http://127\.0\.0\.1:(\d+)", log.read_text())
        if found:
            return int(found[1])
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    raise RuntimeError(f"moto's server ended: {log.read_text()}")


class ObjectStore:
    """A bucket of a server, seen past the proxy (`files`) and through it (`url`)."""

    def __init__(self, port: int, proxy: FaultyProxy, folder: str) -> None:
        self.proxy, self.folder = proxy, folder
        behind = f"http://127.0.0.1:{port}"
        self.files = fsspec.filesystem("s3", endpoint_url=behind, use_listings_cache=False, **CREDENTIALS)
        if not self.files.exists(BUCKET):
            self.files.call_s3("create_bucket", Bucket=BUCKET)

    def url(self, name: str) -> str:
        return f"s3://{BUCKET}/{self.folder}/{name}"

    def path(self, name: str) -> str:
        return f"{BUCKET}/{self.folder}/{name}"

    @property
    def options(self) -> dict[str, Any]:
        """For fsspec's configuration: what `s3://` means."""
        return {"endpoint_url": f"http://127.0.0.1:{self.proxy.server_port}", "config_kwargs": QUICK, **CREDENTIALS}

    @property
    def environment(self) -> dict[str, str]:
        """As `options`, for another process."""
        return {"FSSPEC_S3": json.dumps(self.options)}

    def objects(self, name: str = "") -> dict[str, bytes]:
        """Every object of a folder, by its path in it."""
        root = self.path(name).rstrip("/")
        return {path.removeprefix(f"{root}/"): self.files.cat_file(path) for path in self.files.find(root)}

    def uploads(self) -> list[str]:
        """The keys of the multipart uploads that were begun and neither finished nor aborted."""
        found = self.files.call_s3("list_multipart_uploads", Bucket=BUCKET, Prefix=f"{self.folder}/")
        return [upload["Key"] for upload in found.get("Uploads", [])]
