"""The whole path with crawls, lake and shards in an object store: what a folder has, digest for digest; also after
SIGKILL inside an upload, and by two writers at once."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import every_stage
import pytest
from every_stage import digests
from faulty_proxy import HOLD, MEET
from fixed_crawls import write_crawls
from object_store import ObjectStore

from corpus.lake.store import Lake
from corpus.lake.verification import find_damage
from corpus.shards.reader import ShardSet
from corpus.sources import open_crawl
from pipelines import forkserver
from pipelines.blocks import IngestConfig
from pipelines.engine import Engine
from pipelines.ingestion import ingest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With `input/`, which has the crawls."""
    folder = tmp_path_factory.mktemp("local")
    write_crawls(folder / "input")
    return folder


@pytest.fixture(scope="module")
def documents(folder: Path) -> dict[str, str]:
    """What `command` makes, in a folder."""
    lake = Lake(str(folder / "ingested"))
    config = IngestConfig(block_bytes=50_000)
    ingest(lake, open_crawl(str(folder / "input" / "first")), config, Engine(workers=1))
    return digests(lake)


def upload_crawls(folder: Path, store: ObjectStore) -> None:
    for path in (folder / "input").rglob("*"):
        if path.is_file():
            store.files.pipe_file(store.path(path.relative_to(folder).as_posix()), path.read_bytes())


@pytest.fixture
def own_workers(object_store: ObjectStore) -> Iterator[None]:
    """The process that workers are forked from has the environment of the test, in which `s3://` leads to its store."""
    forkserver.end()
    yield
    forkserver.end()


@pytest.mark.usefixtures("own_workers")
def test_every_stage_makes_in_a_store_what_it_makes_in_a_folder(
    folder: Path, object_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Crawls are read from the store too, and the trainer's reader has the same shards from both."""
    local = every_stage.run_stages(folder, Engine(workers=2))
    upload_crawls(folder, object_store)

    def stored(path: str) -> str:
        return object_store.url(Path(path).relative_to(tmp_path).as_posix())

    monkeypatch.setattr(every_stage, "Lake", lambda path: Lake(stored(path)))
    monkeypatch.setattr(every_stage, "open_crawl", lambda path: open_crawl(stored(path)))
    remote = every_stage.run_stages(tmp_path, Engine(workers=2))
    assert not remote.local and not (tmp_path / "lake").exists()
    assert digests(remote) == digests(local) and len(digests(local)) > 20
    assert [problem for one in remote.datasets() for problem in find_damage(remote, one)] == []
    for one in remote.datasets("shards"):
        there, here = (ShardSet(f"{lake.location(lake.folder(one))}/train") for lake in (remote, local))
        assert there.fingerprint == here.fingerprint
        assert bytes(there.tokens(0, 100)) == bytes(here.tokens(0, 100))


def command(lake: str, crawl: str) -> list[str]:
    """A process of its own, which a test can kill."""
    flags = ("--lake", lake, "--workers", "1", "--block-bytes", "50000")
    return [sys.executable, "-m", "pipelines", "ingest", "--crawl", crawl, *flags]


def test_killed_inside_an_upload_nothing_is_half_there_and_the_rerun_ends_with_equal_digests(
    folder: Path, documents: dict[str, str], object_store: ObjectStore
) -> None:
    """SIGKILL while a file, a finished part's row and the manifest are on their way."""
    upload_crawls(folder, object_store)
    ingests = command(object_store.url("lake"), object_store.url("input/first"))
    remote = Lake(object_store.url("lake"))
    for pattern in ("^PUT .*/documents/[^/]*/documents/", "^PUT .*/parts/", "^PUT .*/manifest.json"):
        upload = object_store.proxy.fail(HOLD, pattern)
        with subprocess.Popen(ingests, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True) as process:
            reached = upload.reached.wait(120)
            os.killpg(process.pid, signal.SIGKILL)
        object_store.proxy.heal()
        assert reached, pattern
        assert list(remote.datasets()) == [], pattern
    assert any("/parts/" in path for path in object_store.objects("lake")), "killed too early to show anything"
    done = subprocess.run(ingests, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert digests(remote) == documents
    assert not any("/parts/" in path for path in object_store.objects("lake"))


def test_two_writers_at_once_leave_one_dataset(
    folder: Path, documents: dict[str, str], object_store: ObjectStore
) -> None:
    """Two processes that both are about to publish."""
    upload_crawls(folder, object_store)
    object_store.proxy.fail(MEET, "^PUT .*/manifest.json", times=2)
    ingests = command(object_store.url("lake"), object_store.url("input/first"))
    writers = [subprocess.Popen(ingests, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in "12"]
    printed = [writer.communicate(timeout=300)[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0], printed
    assert sum("PUT" in line and "manifest" in line for line in object_store.proxy.requests) == 2
    remote = Lake(object_store.url("lake"))
    [published] = remote.datasets()
    assert list(find_damage(remote, published)) == [] and digests(remote) == documents
    assert {re.search("digest ([0-9a-f]+)", text)[1] for text in printed} == {published.digest[:16]}  # type: ignore[index]
