"""What a run may begin with: a checkpoint, the newest one of a run, or a folder of transformers; known by its bytes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from object_store import ObjectStore
from random_checkpoints import random_checkpoint
from small_corpus import CONTEXT, Data, newest

from training.checkpoints.checkpoint import DamagedError
from training.checkpoints.start import open_start
from training.run.outdir import Outdir


@pytest.fixture(scope="module")
def out(data: Data, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    assert data.trainer(Outdir(folder)).run() == 0
    return folder


def test_a_run_stands_for_its_newest_checkpoint(out: Path, data: Data) -> None:
    start = open_start(str(out))
    assert start == open_start(str(newest(out)))
    assert (start.model, start.tokenizer) == (data.model(), data.tokenizer.read_bytes())


def test_a_run_in_an_object_store_is_one_too(data: Data, out: Path, object_store: ObjectStore) -> None:
    url = object_store.url("run")
    with Outdir(url) as stored:
        assert data.trainer(stored).run() == 0
    start = open_start(url)
    assert start.digest == open_start(f"{url}/checkpoints/step-00000010").digest == open_start(str(out)).digest


def test_the_digest_is_of_what_is_read_wherever_it_lies(out: Path, tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        shutil.copy(newest(out) / name, tmp_path)
    assert open_start(str(tmp_path)).digest == open_start(str(out)).digest
    (tmp_path / "tokenizer.json").unlink()
    start = open_start(str(tmp_path))
    assert start.tokenizer is None and start.digest != open_start(str(out)).digest


def test_a_damaged_checkpoint_is_refused(out: Path, tmp_path: Path) -> None:
    folder = tmp_path / "step-00000010"
    shutil.copytree(newest(out), folder)
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "model.safetensors").write_bytes(data)
    with pytest.raises(DamagedError, match=r"model.safetensors has sha256 \w+, its manifest says"):
        open_start(str(folder))


def test_what_is_no_start_is_refused(data: Data, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing: no such folder"):
        open_start(str(tmp_path / "nothing"))
    with pytest.raises(FileNotFoundError, match="holds no checkpoint"):
        open_start(str(tmp_path))
    random_checkpoint(data, tmp_path, CONTEXT)
    (tmp_path / "model.safetensors").rename(tmp_path / "model-00001-of-00002.safetensors")
    with pytest.raises(FileNotFoundError, match=r"has no model\.safetensors; give a folder with all weights"):
        open_start(str(tmp_path))
