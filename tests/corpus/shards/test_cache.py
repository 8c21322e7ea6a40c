"""Shards at a URL: they come whole or not at all, once for all ranks, and go when there are too many."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus.shards.cache import ShardCache
from corpus.shards.format import Document, Index, Shard, write_shard
from corpus.shards.reader import ShardSet
from tests.corpus.sources.test_s3 import Store, store  # noqa: F401

TOKENIZER = "7" * 64
SHARDS, EACH = 4, 300
ROOT = Path(__file__).resolve().parents[3]


class Server(ThreadingHTTPServer):
    """`answers`: path -> what its next requests get: "damaged", "cut", "busy". `delay`: seconds before each answer."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {f"/set/{path.name}": path.read_bytes() for path in folder.iterdir()}
        self.answers: dict[str, list[str]] = {}
        self.asked: list[str] = []
        self.delay = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/set"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        time.sleep(self.server.delay)
        self.server.asked.append(self.path)
        answers = self.server.answers.get(self.path, [])
        how = answers.pop(0) if answers else "whole"
        data = self.server.files.get(self.path)
        if data is None or how == "busy":
            self.send_error(404 if data is None else 503)
            return
        if how == "damaged":
            data = data[:700] + bytes([data[700] ^ 1]) + data[701:]
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if how == "cut" else data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    shards = []
    for number in range(SHARDS):
        tokens = np.append(np.arange(1, EACH) + EACH * number, 0).astype("<u2")
        document = Document(doc_id=bytes([number]) * 16, tokens=tokens)
        shards.append(write_shard(folder / f"shard-{number:06d}.tar", [(f"{number:06d}", [document])], TOKENIZER))
    index = Index(dtype="<u2", vocab_size=EACH * SHARDS, eos=0, tokenizer=TOKENIZER, shards=tuple(shards))
    (folder / "index.json").write_bytes(index.to_bytes())
    return folder


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with Server(folder) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


def remote(server: Server, place: Path, limit: int = 1 << 30) -> ShardSet:
    return ShardSet(server.url, ShardCache(server.url, folder=place, limit=limit, wait=0.001))


def shard_name(number: int) -> str:
    return f"/set/shard-{number:06d}.tar"


def kept(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir() if path.suffix == ".tar")


def size_of(folder: Path) -> int:
    return (folder / "shard-000000.tar").stat().st_size


def test_a_remote_set_reads_as_the_local_one_and_is_fetched_once(server: Server, folder: Path, tmp_path: Path) -> None:
    local, there = ShardSet(folder), remote(server, tmp_path)
    assert there.fingerprint == local.fingerprint
    assert server.asked == ["/set/index.json"]  # a shard comes when it is needed
    assert there.tokens(EACH, EACH + 5).tolist() == local.tokens(EACH, EACH + 5).tolist()
    assert server.asked == ["/set/index.json", shard_name(1)]
    assert (there.tokens(0, len(there)) == local.tokens(0, len(local))).all()
    assert there.documents(0, len(there)) == local.documents(0, len(local))
    assert (there.document_starts == local.document_starts).all()
    again = remote(server, tmp_path)
    assert (again.tokens(0, len(again)) == local.tokens(0, len(local))).all()
    assert sorted(server.asked) == ["/set/index.json"] * 2 + [shard_name(number) for number in range(SHARDS)]
    assert kept(tmp_path) == sorted(f"{shard.sha256}.tar" for shard in local.index.shards)
    assert not list(tmp_path.glob("*.part*"))


def test_the_cache_is_where_the_environment_says(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_CACHE", str(tmp_path))
    ShardSet(server.url).tokens(0, 1)
    assert len(kept(tmp_path / "shards")) == 1


def test_a_limit_that_is_no_number_of_bytes_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEADWATER_CACHE_BYTES", "10GB")
    with pytest.raises(
        ValueError, match="HEADWATER_CACHE_BYTES=10GB: wanted is a number of bytes, such as 107374182400"
    ):
        ShardCache("https://shards.example", folder=tmp_path)


@pytest.mark.parametrize("answers", [["busy", "cut", "busy"], ["damaged"], ["cut", "damaged", "busy"]])
def test_an_error_on_the_way_is_tried_again(server: Server, answers: list[str], tmp_path: Path) -> None:
    server.answers[shard_name(2)] = list(answers)
    assert remote(server, tmp_path).tokens(2 * EACH, 2 * EACH + 2).tolist() == [2 * EACH + 1, 2 * EACH + 2]
    assert server.answers[shard_name(2)] == []


def test_a_damaged_shard_is_refused_naming_both_digests_and_leaves_nothing(server: Server, tmp_path: Path) -> None:
    server.answers[shard_name(0)] = ["damaged"] * 2
    there = remote(server, tmp_path)
    wanted = there.index.shards[0].sha256
    with pytest.raises(ValueError, match=f"{server.url}/shard-000000.tar: the index wants .* {wanted}, found") as said:
        there.tokens(0, 1)
    assert str(said.value).count(wanted) == 1
    assert {path.suffix for path in tmp_path.iterdir()} == {".lock"}


def test_a_truncated_shard_is_refused_naming_both_sizes(server: Server, folder: Path, tmp_path: Path) -> None:
    server.files[shard_name(3)] = server.files[shard_name(3)][:-512]
    there = remote(server, tmp_path)
    with pytest.raises(ValueError, match=rf"wants {size_of(folder)} bytes .* found {size_of(folder) - 512}"):
        there.tokens(3 * EACH, 3 * EACH + 1)


def test_a_server_that_dies_ends_in_an_error_that_names_the_url(server: Server, tmp_path: Path) -> None:
    there = remote(server, tmp_path)
    server.shutdown()
    server.server_close()
    with pytest.raises(
        OSError, match=f"{server.url}/shard-000001.tar: 8 attempts brought nothing, the last: .*refused"
    ):
        there.tokens(EACH, EACH + 1)


def test_no_index_is_refused_by_its_url(server: Server, tmp_path: Path) -> None:
    del server.files["/set/index.json"]
    with pytest.raises(FileNotFoundError, match=f"{server.url}/index.json: the server answers 404"):
        remote(server, tmp_path)


def test_an_index_names_no_file_outside_the_cache(server: Server, tmp_path: Path) -> None:
    shard = Shard(path="shard-000000.tar", bytes=1, sha256="../../outside", chunks=())
    with pytest.raises(ValueError, match=r"'../../outside' in the index is no SHA-256"):
        ShardCache(server.url, folder=tmp_path).path(shard)


def test_above_the_limit_the_least_recently_opened_goes(server: Server, folder: Path, tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="fetched again and again"):
        there = remote(server, tmp_path, limit=2 * size_of(folder))
    names = [f"{shard.sha256}.tar" for shard in there.index.shards]
    for number, left in ((0, [0]), (1, [0, 1]), (0, [0, 1]), (2, [0, 2]), (3, [2, 3])):
        there.tokens(number * EACH, number * EACH + 1)
        assert kept(tmp_path) == sorted(names[number] for number in left)


def test_what_was_there_before_goes_first(server: Server, folder: Path, tmp_path: Path) -> None:
    stranger = tmp_path / f"{'a' * 64}.tar"
    stranger.write_bytes(bytes(100))
    os.utime(stranger, (1, 1))
    with pytest.warns(UserWarning):
        there = remote(server, tmp_path, limit=2 * size_of(folder))
    there.tokens(0, 1)
    assert stranger.exists()
    there.tokens(EACH, EACH + 1)
    assert not stranger.exists()


def test_what_is_being_read_stays_readable_when_another_process_removes_it(
    server: Server, folder: Path, tmp_path: Path
) -> None:
    there = remote(server, tmp_path)
    there.tokens(0, 1)
    for path in tmp_path.glob("*.tar"):
        path.unlink()
    assert (there.tokens(0, EACH) == ShardSet(folder).tokens(0, EACH)).all()


def test_every_read_is_right_where_one_shard_fits(server: Server, folder: Path, tmp_path: Path) -> None:
    with pytest.warns(UserWarning):
        there = remote(server, tmp_path, limit=size_of(folder))
    local = ShardSet(folder)
    there.fetch_ahead(np.arange(0, len(there), 50))
    for start in np.random.RandomState(0).randint(0, len(there) - 100, 30).tolist():
        assert (there.tokens(start, start + 100) == local.tokens(start, start + 100)).all()


def test_what_is_asked_for_ahead_comes_while_something_else_happens(server: Server, tmp_path: Path) -> None:
    there = remote(server, tmp_path)
    server.delay = 0.1
    there.fetch_ahead(np.array([0, 5, EACH, 2 * EACH]))
    there.fetch_ahead(np.array([EACH]))
    deadline = time.monotonic() + 20
    while len(kept(tmp_path)) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    server.delay = 0.0
    asked = len(server.asked)
    assert there.tokens(EACH, EACH + 1).tolist() == [EACH + 1]
    assert len(server.asked) == asked == 1 + 3


def test_an_error_ahead_is_raised_where_the_shard_is_read(server: Server, tmp_path: Path) -> None:
    there = remote(server, tmp_path)
    server.answers[shard_name(1)] = ["damaged"] * 2
    there.fetch_ahead(np.array([0, EACH]))
    assert there.tokens(0, 1).tolist() == [1]
    with pytest.raises(ValueError, match=r"shard-000001.tar: the index wants"):
        there.tokens(EACH, EACH + 1)
    assert there.tokens(EACH, EACH + 1).tolist() == [EACH + 1]  # the damage was on the way


def test_ranks_of_a_machine_fetch_each_shard_once(server: Server, tmp_path: Path) -> None:
    server.delay = 0.05
    code = (
        "import sys; from pathlib import Path\n"
        "from corpus.shards.cache import ShardCache; from corpus.shards.reader import ShardSet\n"
        "shards = ShardSet(sys.argv[1], ShardCache(sys.argv[1], folder=Path(sys.argv[2])))\n"
        "shards.fetch_ahead(shards.document_starts)\n"
        "print(shards.tokens(0, len(shards)).sum())"
    )
    command = [sys.executable, "-c", code, server.url, str(tmp_path)]
    ranks = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = {rank.communicate(timeout=60)[0] for rank in ranks}
    assert said == {f"{sum(range(EACH * SHARDS)) - EACH * sum(range(1, SHARDS))}\n"}
    assert sorted(path for path in server.asked if path.endswith(".tar")) == [shard_name(n) for n in range(SHARDS)]


def test_shards_in_a_bucket(store: Store, folder: Path, tmp_path: Path) -> None:  # noqa: F811
    for path in folder.iterdir():
        store.files[f"/bucket/set/{path.name}"] = path.read_bytes()
    store.broken = {"/bucket/set/shard-000001.tar": ["busy", "cut"]}
    there = ShardSet("s3://bucket/set", ShardCache("s3://bucket/set", folder=tmp_path / "shards", wait=0.001))
    assert (there.tokens(0, len(there)) == ShardSet(folder).tokens(0, len(there))).all()
    damaged = replace(there.index.shards[0], sha256="0" * 64)
    with pytest.raises(ValueError, match=r"s3://bucket/set/shard-000000.tar: the index wants"):
        ShardCache("s3://bucket/set", folder=tmp_path / "shards", wait=0.001).path(damaged)
