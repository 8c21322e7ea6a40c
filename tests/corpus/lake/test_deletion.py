"""Deletion: a dataset is whole or not there, and only what nobody writes counts as left over."""

from __future__ import annotations

from pathlib import Path

import pytest
from stages import make_stages

from corpus.lake.deletion import delete_dataset, find_leftovers, find_writers
from corpus.lake.store import Lake

ADDRESS = "0" * 32


def test_the_manifest_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = make_stages(Lake(str(tmp_path)))
    lake, unique = stages.lake, stages.unique
    with monkeypatch.context() as patch:
        remove = lake.fs.rm
        patch.setattr(lake.fs, "rm", lambda path, recursive=False: stop() if recursive else remove(path))
        with pytest.raises(KeyboardInterrupt):
            delete_dataset(lake, unique.stage, unique.address)
    assert lake.find(unique.stage, unique.address) is None and Path(lake.folder(unique)).is_dir()
    assert list(find_leftovers(lake)) == [(unique.stage, unique.address)]
    delete_dataset(lake, unique.stage, unique.address)
    assert not Path(lake.folder(unique)).exists() and not list(find_leftovers(lake))


def stop() -> None:
    raise KeyboardInterrupt


def test_what_is_being_written_is_no_leftover(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    with lake.lock("clean", ADDRESS):
        assert list(find_leftovers(lake)) == []
        assert list(find_writers(lake)) == [f"{tmp_path}/clean/{ADDRESS}/lock"]
    assert list(find_writers(lake)) == []
    assert list(find_leftovers(lake)) == [("clean", ADDRESS)]


@pytest.mark.parametrize("folder", ["report/base", "recipes", "runs/0123", f"forgotten/{ADDRESS}", "clean/notes"])
def test_what_is_no_dataset_is_left_alone(folder: str, tmp_path: Path) -> None:
    Path(tmp_path, folder).mkdir(parents=True)
    assert list(find_leftovers(Lake(str(tmp_path)))) == []
