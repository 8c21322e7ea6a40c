"""A server that does not answer at once: the crawl is asked for again. A file that is not there is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from corpus.sources import Crawl, open_crawl
from dagster_project import retries
from dagster_project.assets import crawls
from dagster_project.resources import LakeResource

REMOTE = "https://crawls.example/my-crawl"


class Server:
    """Fails so many times, and then has a crawl."""

    def __init__(self, crawl: Path, failures: int, error: type[OSError]) -> None:
        self.crawl, self.failures, self.error, self.asked = crawl, failures, error, 0

    def open(self, url: str) -> Crawl:
        self.asked += 1
        if self.asked <= self.failures:
            raise self.error(f"{url}: no answer")
        return open_crawl(str(self.crawl))


def materialize(server: Server, lake: Path, key: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(retries, "SECONDS", 0.0)
    monkeypatch.setattr(crawls, "open_crawl", server.open)
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("crawls", [key])
        return dg.materialize(
            [crawls.crawl],
            instance=instance,
            partition_key=key,
            resources={"lake": LakeResource(url=str(lake))},
            raise_on_error=False,
        )


@pytest.mark.parametrize(
    ("key", "failures", "error", "asked", "success"),
    [
        (REMOTE, 2, ConnectionError, 3, True),
        (REMOTE, 9, TimeoutError, 3, False),
        (REMOTE, 1, FileNotFoundError, 1, False),
        ("/crawls/my-crawl", 1, PermissionError, 1, False),
    ],
)
def test_a_server_is_asked_again_and_a_missing_file_is_not(
    key: str,
    failures: int,
    error: type[OSError],
    asked: int,
    success: bool,
    crawl_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = Server(crawl_folder, failures, error)
    assert materialize(server, tmp_path, key, monkeypatch).success is success
    assert server.asked == asked
