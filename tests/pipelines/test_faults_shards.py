"""Faults of shards: each row of the fault table under "Tokens and shards" that is about them, by its name."""

from __future__ import annotations

import errno
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from failing import OPERATIONS, broken_disk, failing, no_space
from shard_faults import CONFIG, build, copied
from tokens_of_text import Made

from corpus.lake.store import Lake, file_sha256
from corpus.lake.verification import find_damage
from corpus.shards.mix import MixConfig
from pipelines.parts import StageError
from pipelines.shards import ShardConfig

CONFIGS = {"plain": CONFIG, "mixed": ShardConfig(mix=MixConfig(shares={"en": 0.5, "zh": 0.5}))}


def finished(lake: Lake) -> dict[str, str]:
    """The files of shards that a reader may meet."""
    root = Path(lake.root, "shards")
    return {
        str(path.relative_to(root)): file_sha256(path)
        for path in root.rglob("*")
        if path.suffix in (".tar", ".json", ".parquet") and path.name != "run.json" and "parts" not in path.parts
    }


SCRIPT = """
import json, os, shutil, sys
from failing import die, failing
from in_process import work_here
from corpus.lake.store import Lake
from corpus.lake.verification import find_damage
from corpus.shards.mix import MixConfig
from pipelines.engine import Engine
from pipelines.shards import ShardConfig, shard
import pipelines.local  # Beam, once for all children

root, wanted, config, step = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3], int(sys.argv[4])
sys.path.insert(0, os.getcwd())
work_here()
from tests.pipelines.test_faults_shards import CONFIGS, finished

def build(folder, number):
    child = os.fork()
    if child == 0:
        lake = Lake(folder)
        [tokens], [tokenizer] = lake.datasets("tokens"), lake.datasets("tokenizer")
        with failing(number, die):
            shard(lake, tokens, tokenizer, CONFIGS[config], Engine(workers=1))
        os._exit(0)
    return os.waitpid(child, 0)[1]

for number in range(1, 300, step):
    folder = shutil.copytree(root, f"{root}-{number}")
    status = build(folder, number)
    lake = Lake(folder)
    assert status in (0, 9), (number, status)
    torn = {path: digest for path, digest in finished(lake).items() if wanted[path] != digest}
    assert not torn, (number, torn)
    assert not [problem for manifest in lake.datasets("shards") for problem in find_damage(lake, manifest)], number
    if status == 0:
        break
    assert build(folder, 0) == 0 and finished(lake) == wanted, number
    shutil.rmtree(folder)
print(json.dumps({"operations": number, "through": status == 0}))
"""


def run(script: str, *arguments: str, **environment: str) -> dict[str, Any]:
    helpers = str(Path(__file__).parents[1] / "helpers")
    path = os.pathsep.join([helpers, str(Path(__file__).parents[2])])
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "PYTHONPATH": path, **environment},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(("config", "step", "least"), [("plain", 1, 40), ("mixed", 17, 80)])
def test_sigkill_at_each_operation(made: Made, tmp_path: Path, config: str, step: int, least: int) -> None:
    """At no moment a torn file has its final name; what is published is whole; a rerun gives the same bytes."""
    whole = copied(made, tmp_path / "whole")
    build(whole, CONFIGS[config])
    wanted = json.dumps(finished(whole.lake))
    root = copied(made, tmp_path / "killed").lake.root
    found = run(SCRIPT, root, wanted, config, str(step))
    assert found["through"] and found["operations"] > least


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("fail", [no_space, broken_disk])
def test_no_space_and_eio_on_fsync(made: Made, tmp_path: Path, fail: Callable[[], None]) -> None:
    """Whichever operation fails, the error says so, nothing torn is there, and a rerun gives the same bytes."""
    whole = copied(made, tmp_path / "whole")
    build(whole)
    wanted = finished(whole.lake)
    failed = 0
    for number in itertools.count(1 if fail is no_space else 2, 3):
        again = copied(made, tmp_path / f"failed-{number}")
        try:
            with failing(number, fail):
                build(again)
            break
        except (OSError, StageError) as error:
            assert "No space left" in str(error) or "Input/output error" in str(error)
            failed += 1
        assert finished(again.lake).items() <= wanted.items()
        assert not list(Path(again.lake.root).rglob("*.tmp")), "a failed writer clears up"
        build(again)
        assert finished(again.lake) == wanted
        shutil.rmtree(again.lake.root)
    assert failed > 12


@pytest.mark.usefixtures("in_process")
def test_read_only(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    again = copied(made, tmp_path / "lake")

    def refuse(*args: Any, **_: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(args[0]))

    for owner, name in OPERATIONS:
        if owner is os or owner is shutil:
            monkeypatch.setattr(owner, name, refuse)
    with pytest.raises((OSError, StageError), match="Read-only file system"):
        build(again)
    monkeypatch.undo()
    assert not finished(again.lake)
    build(again)
    assert not list(find_damage(again.lake, next(again.lake.datasets("shards"))))


TWO = """
import json, sys
from corpus.lake.store import Lake
from pipelines.engine import Engine
from pipelines.shards import ShardConfig, shard
lake = Lake(sys.argv[1])
[tokens], [tokenizer] = lake.datasets("tokens"), lake.datasets("tokenizer")
outcome = shard(lake, tokens, tokenizer, ShardConfig(chunk_tokens=600, chunks_per_shard=2), Engine(workers=1))
print(json.dumps({"digest": outcome.manifest.digest, "reused": outcome.reused}))
"""


def test_two_writers(made: Made, tmp_path: Path) -> None:
    """The second one waits for the first and writes nothing."""
    again = copied(made, tmp_path / "lake")
    command = [sys.executable, "-c", TWO, again.lake.root]
    writers = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) for _ in range(2)]
    found = [json.loads(writer.communicate(timeout=120)[0]) for writer in writers]
    assert sorted(one["reused"] for one in found) == [False, True]
    assert {one["digest"] for one in found} == {build(made).digest}
