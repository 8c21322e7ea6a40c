from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch

from training.checkpoints.checkpoint import Checkpoints, DamagedError, check_same_run, find_checkpoint, verify
from training.checkpoints.tensors import save_tensors


def make(folder: Path, steps: int = 3, keep_last: int = 3, keep_every: int = 0) -> Checkpoints:
    found = Checkpoints(folder / "checkpoints", keep_last, keep_every)
    for step in range(1, steps + 1):
        save(found, step)
    return found


def save(checkpoints: Checkpoints, step: int) -> None:
    folder = checkpoints.begin(step)
    save_tensors({"w": torch.arange(6.0)}, folder / "weights.safetensors", is_main=True)
    (folder / "state.json").write_bytes(b"{}\n")
    checkpoints.publish(step)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    one, two = make(tmp_path / "a", 1).all()[0], make(tmp_path / "b", 1).all()[0]
    assert sorted(path.name for path in one.iterdir()) == ["manifest.json", "state.json", "weights.safetensors"]
    assert all(path.read_bytes() == (two / path.name).read_bytes() for path in one.iterdir())


def test_the_last_k_are_kept(tmp_path: Path) -> None:
    assert [path.name for path in make(tmp_path, steps=5, keep_last=2).all()] == ["step-00000004", "step-00000005"]


def test_every_nth_stays_too(tmp_path: Path) -> None:
    found = [int(path.name.removeprefix("step-")) for path in make(tmp_path, steps=11, keep_last=2, keep_every=4).all()]
    assert found == [4, 8, 10, 11]


def test_a_damaged_one_does_not_push_out_sound_ones_before_it(tmp_path: Path) -> None:
    found = make(tmp_path, steps=9, keep_last=1, keep_every=3)
    flip(found.all()[-1] / "weights.safetensors")
    with pytest.warns(UserWarning, match="skipped"):
        assert found.newest() == found.all()[-2]
    save(found, 7)
    assert [path.name[-1] for path in found.all()] == ["3", "6", "7"]


def test_a_flipped_bit_is_skipped_for_the_one_before(tmp_path: Path) -> None:
    found = make(tmp_path)
    damaged = found.all()[-1] / "weights.safetensors"
    wanted = json.loads((found.all()[-1] / "manifest.json").read_bytes())["files"][1]["sha256"]
    flip(damaged)
    with pytest.warns(UserWarning, match=f"{damaged} has sha256 [0-9a-f]{{64}}, its manifest says {wanted}"):
        assert found.newest() == found.all()[-2]
    with pytest.raises(DamagedError, match="its manifest says"):
        find_checkpoint(found.all()[-1])
    save(found, 3)  # the run reaches that step again
    assert found.newest() == found.all()[-1]


@pytest.mark.filterwarnings("ignore:damaged checkpoint skipped")
def test_missing_files_and_torn_manifests_are_damage_too(tmp_path: Path) -> None:
    found = make(tmp_path)
    one, two, three = found.all()
    (three / "state.json").unlink()
    torn = (two / "manifest.json").read_bytes()[:40]
    (two / "manifest.json").write_bytes(torn)
    assert found.newest() == one
    (one / "manifest.json").unlink()
    with pytest.raises(ValueError, match="every checkpoint is damaged"):
        found.newest()


def test_none_yet(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path, 1).newest() is None
    with pytest.raises(FileNotFoundError, match="holds no checkpoint"):
        find_checkpoint(tmp_path)


@pytest.mark.parametrize("call", ["rename", "fsync"])
def test_a_death_at_any_operation_leaves_old_or_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """Fails operation 0, 1, 2, ... of a save until one survives; a reader then sees step 1 or step 2, whole."""

    class DeathError(Exception):
        pass

    real = getattr(os, call)
    for number in range(100):
        folder = tmp_path / str(number)
        found = make(folder, steps=1, keep_last=1)
        left = [number]

        def dying(*arguments: object, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise DeathError
            real(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(os, call, dying)
            try:
                save(found, 2)
                survived = True
            except DeathError:
                survived = False
        newest = found.newest()
        assert newest is not None and newest.name in ("step-00000001", "step-00000002")
        verify(newest)
        save(found, 2)
        assert [path.name for path in (folder / "checkpoints").iterdir()] == ["step-00000002"]
        if survived:
            assert number > 0
            return
    pytest.fail("no save ever ended")


def test_differences_are_named_with_both_sides(tmp_path: Path) -> None:
    assert check_same_run({"a": {"b": 1}}, {"a": {"b": 1}}, tmp_path) == []
    assert check_same_run({"a": {"b": 1}}, {"a": {"b": 2}}, tmp_path, ["a.b"]) == ["a.b: saved 1, now 2"]
    with pytest.raises(ValueError, match=r"a.b: saved 1, now 2; c: saved None, now 3.*another --out"):
        check_same_run({"a": {"b": 1}}, {"a": {"b": 2}, "c": 3}, tmp_path)
