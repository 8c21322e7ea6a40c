"""What --checkpoint accepts, and what it says otherwise."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from graphs import Graph
from object_store import ObjectStore

from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from headwater.checkpoints import checkpoints_of_run, resolve_checkpoint
from training.checkpoints.stored import StoredCheckpoints, open_run


@pytest.fixture
def model(graph: Graph) -> Path:
    """The checkpoint's folder in the lake."""
    [manifest] = graph.lake.datasets("checkpoint")
    return Path(graph.lake.folder(manifest), "model")


def test_latest_and_an_address_and_its_beginning(graph: Graph, model: Path) -> None:
    address = model.parent.name
    for name in ("latest", f"checkpoint/{address}", f"checkpoint/{address[:6]}", address[:6]):
        assert resolve_checkpoint(name, graph.lake.url, None) == model


def test_latest_is_the_one_that_was_made_last(graph: Graph, tmp_path: Path) -> None:
    lake = Lake(str(shutil.copytree(graph.lake.root, tmp_path / "lake")))
    shutil.rmtree(tmp_path / "lake" / "current")  # without it, every checkpoint counts
    [manifest] = lake.datasets("checkpoint")
    later = Manifest(**{**vars(manifest), "inputs": {**manifest.inputs, "more": "0" * 64}})
    shutil.copytree(lake.folder(manifest), lake.folder(later))
    Path(lake.folder(later), "manifest.json").write_bytes(later.to_bytes())
    for newest, started in ((later, 9e9), (manifest, 9.1e9)):
        Path(lake.folder(newest), "run.json").write_text(f'{{"started": {started}}}')
        assert resolve_checkpoint("latest", lake.url, None) == Path(lake.folder(newest), "model")
    with pytest.raises(ValueError, match="--checkpoint zz: neither a folder nor a checkpoint of the lake") as error:
        resolve_checkpoint("zz", lake.url, None)
    assert all(f"checkpoint/{each.address[:12]}" in str(error.value) for each in (manifest, later))


def test_a_folder_of_each_kind(model: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(model, run / "checkpoints" / "step-00000008")
    hugging_face = tmp_path / "hugging-face"
    hugging_face.mkdir()
    (hugging_face / "config.json").write_text("{}")
    for folder in (run, run / "checkpoints" / "step-00000008", hugging_face, model):
        assert resolve_checkpoint(str(folder), "no-lake", None) == folder
    assert resolve_checkpoint(str(model.parent), "no-lake", None) == model


def test_a_url_of_a_run_in_a_store(object_store: ObjectStore, tmp_path: Path) -> None:
    run = open_run(object_store.url("run"))
    assert run is not None
    checkpoints = StoredCheckpoints(tmp_path / "checkpoints", 2, 0, run)
    checkpoints.newest()
    (checkpoints.begin(5) / "config.json").write_text("{}")
    saved = checkpoints.publish(5)
    for url in (run.url, f"{run.url}/checkpoints/step-00000005"):
        copy = resolve_checkpoint(url, "no-lake", None)
        assert (copy / "config.json").read_text() == "{}" and copy != saved
    with pytest.raises(FileNotFoundError, match=r"s3://.*/nothing holds no checkpoint; give the --out"):
        resolve_checkpoint(object_store.url("nothing"), "no-lake", None)


def test_a_folder_that_is_none_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a model")
    with pytest.raises(FileNotFoundError, match=r"neither a checkpoint, .*; it holds notes\.txt"):
        resolve_checkpoint(str(tmp_path), "no-lake", None)


def test_a_name_that_is_nothing_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="--checkpoint abc: no such folder, and there is no lake at"):
        resolve_checkpoint("abc", str(tmp_path / "none"), None)
    (tmp_path / "lake").mkdir()
    with pytest.raises(FileNotFoundError, match="--checkpoint latest: no checkpoint in the lake"):
        resolve_checkpoint("latest", str(tmp_path / "lake"), None)


def test_the_checkpoints_of_a_run_in_a_lake(model: Path, tmp_path: Path) -> None:
    assert checkpoints_of_run(model) == [model.parent / "along", model]
    assert checkpoints_of_run(tmp_path) == [tmp_path]
