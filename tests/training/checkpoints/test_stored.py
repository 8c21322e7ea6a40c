"""Checkpoints in an object store: there whole or not at all, the newest comes back on any machine, and nothing is
written over that somebody may rely on."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from faulty_proxy import FULL, HOLD
from object_store import ObjectStore
from small_corpus import CONTEXT, ROOT, Data, contents, newest, run

from training.checkpoints.checkpoint import MANIFEST, verify
from training.checkpoints.stored import StoredCheckpoints, fetch_checkpoint, open_run
from training.run.outdir import Outdir

WEIGHTS = "model.safetensors"


class Machine:
    """A machine of its own: a local folder, and the same store as the others."""

    def __init__(self, folder: Path, url: str, keep_last: int = 2) -> None:
        run = open_run(url)
        assert run is not None
        self.checkpoints = StoredCheckpoints(folder / "checkpoints", keep_last, 0, run)
        self.resumed = self.checkpoints.newest()

    def save(self, step: int, data: bytes = b"weights") -> Path:
        (self.checkpoints.begin(step) / WEIGHTS).write_bytes(data)
        return self.checkpoints.publish(step)


@pytest.fixture
def url(object_store: ObjectStore) -> str:
    return object_store.url("run")


def names(store: ObjectStore) -> list[str]:
    """Of the checkpoints that exist."""
    return sorted(path.split("/")[1] for path in store.objects("run") if path.endswith(f"/{MANIFEST}"))


def test_a_run_is_in_the_store_as_it_is_in_a_folder(
    data: Data, url: str, object_store: ObjectStore, tmp_path: Path
) -> None:
    assert data.trainer(Outdir(tmp_path / "local")).run() == 0
    assert data.trainer(Outdir(url)).run() == 0
    found = object_store.objects("run")
    local = {path.relative_to(tmp_path / "local"): path for path in (tmp_path / "local").rglob("*") if path.is_file()}
    assert {str(path) for path in local if "tensorboard" not in str(path)} == {
        path for path in found if "tensorboard" not in path and path != "run.json"
    }
    for path, file in local.items():
        if "checkpoints" in path.parts or path.name == "metrics.jsonl":
            assert found[str(path)] == file.read_bytes(), path
    assert any("tensorboard" in path for path in found)
    assert contents(fetch_checkpoint(url)) == contents(newest(tmp_path / "local"))


def test_killed_inside_an_upload_it_goes_on_on_a_fresh_machine(
    data: Data, url: str, object_store: ObjectStore, tmp_path: Path
) -> None:
    """By SIGKILL, the second checkpoint half-way up. On the machine that was killed nothing is left."""
    command = data.command(url, "--tokens", str(10 * 4 * CONTEXT))
    unbroken = [str(tmp_path / "whole") if part == url else part for part in command]
    assert run(unbroken).returncode == 0
    upload = object_store.proxy.fail(HOLD, "^PUT .*step-00000010/state.json")
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        reached = upload.reached.wait(120)
        process.kill()
    assert reached
    object_store.proxy.heal()
    assert any("step-00000010" in path for path in object_store.objects("run")), "killed too early to show anything"
    assert names(object_store) == ["step-00000005"]
    shutil.rmtree(tmp_path / "cache")
    done = run(command)
    assert done.returncode == 0 and "from step 5" in done.stderr, done.stderr
    found = object_store.objects("run")
    for path, data_ in contents(newest(tmp_path / "whole")).items():
        assert found[f"checkpoints/step-00000010/{path}"] == data_, path
    assert found["metrics.jsonl"] == (tmp_path / "whole" / "metrics.jsonl").read_bytes()


def test_a_full_store_ends_the_run_and_the_checkpoint_is_uploaded_by_the_next(
    data: Data, url: str, object_store: ObjectStore, tmp_path: Path
) -> None:
    object_store.proxy.fail(FULL, "^PUT .*step-00000010")
    with pytest.raises(OSError, match=r"step-00000010/.*: the store has no space left .* run again"):
        data.trainer(Outdir(url)).run()
    assert names(object_store) == ["step-00000005"]
    object_store.proxy.heal()
    again = data.trainer(Outdir(url))
    assert again.run() == 0
    assert names(object_store) == ["step-00000005", "step-00000010"]
    assert not any("step-00000005" in line for line in object_store.proxy.requests if line.startswith("PUT"))


@pytest.mark.usefixtures("object_store")
def test_a_store_that_cannot_be_written_to_is_said_before_anything_is_trained(data: Data) -> None:
    done = run(data.command("s3://no-such-bucket/run"))
    assert done.returncode == 1
    assert "train: s3://no-such-bucket/run/run.json: the store has no such bucket; create it" in done.stderr
    assert "step" not in done.stderr and "Traceback" not in done.stderr


def test_a_damaged_checkpoint_is_skipped_and_replaced(url: str, object_store: ObjectStore, tmp_path: Path) -> None:
    first = Machine(tmp_path / "a", url)
    first.save(5)
    first.save(10, b"more weights")
    object_store.files.pipe_file(object_store.path(f"run/checkpoints/step-00000010/{WEIGHTS}"), b"MORE weights")
    with pytest.warns(UserWarning, match=r"s3://.*/step-00000010.* has sha256 .* using the one before it|damaged"):
        second = Machine(tmp_path / "b", url)
    assert second.resumed is not None and second.resumed.name == "step-00000005"
    second.save(10, b"more weights")
    third = Machine(tmp_path / "c", url)
    assert third.resumed is not None and third.resumed.name == "step-00000010"
    verify(third.resumed)


def test_where_every_checkpoint_is_damaged_nothing_is_trained_over_them(
    url: str, object_store: ObjectStore, tmp_path: Path
) -> None:
    Machine(tmp_path / "a", url).save(5)
    object_store.files.rm(object_store.path(f"run/checkpoints/step-00000005/{WEIGHTS}"))
    with (
        pytest.warns(UserWarning, match=WEIGHTS),
        pytest.raises(ValueError, match=r"s3://.*/run: every checkpoint is damaged; give another --out"),
    ):
        Machine(tmp_path / "b", url)


def test_two_trainers_of_one_output(url: str, object_store: ObjectStore, tmp_path: Path) -> None:
    """Equal bytes are no harm; the second one of other bytes is refused, and what is there stays."""
    one, two, three = (Machine(tmp_path / name, url) for name in "abc")
    one.save(5)
    two.save(5)
    with pytest.raises(ValueError, match=r"run/checkpoints/step-00000005 was saved by another trainer, .* --out"):
        three.save(5, b"other weights")
    assert object_store.objects("run")[f"checkpoints/step-00000005/{WEIGHTS}"] == b"weights"


def test_a_store_that_was_emptied_begins_another_run(url: str, object_store: ObjectStore, tmp_path: Path) -> None:
    Machine(tmp_path / "a", url).save(5)
    assert Machine(tmp_path / "a", url).resumed is not None
    object_store.files.rm(object_store.path("run"), recursive=True)
    assert Machine(tmp_path / "a", url).resumed is None, "what is left on this machine is of the run before"


def test_a_local_copy_that_is_damaged_comes_again(url: str, object_store: ObjectStore, tmp_path: Path) -> None:
    saved = Machine(tmp_path / "a", url).save(5)
    (saved / WEIGHTS).write_bytes(b"WEIGHTS")
    again = Machine(tmp_path / "a", url)
    assert again.resumed == saved and (saved / WEIGHTS).read_bytes() == b"weights"


def test_the_store_keeps_as_many_as_the_folder(url: str, object_store: ObjectStore, tmp_path: Path) -> None:
    machine = Machine(tmp_path / "a", url)
    for step in (5, 10, 15):
        machine.save(step)
    assert names(object_store) == ["step-00000010", "step-00000015"]
    fresh = Machine(tmp_path / "b", url)
    fresh.save(20)
    assert names(object_store) == ["step-00000015", "step-00000020"]
    assert fresh.checkpoints.at_step(15) == tmp_path / "b" / "checkpoints" / "step-00000015"
    assert fresh.checkpoints.at_step(10) is None


def test_a_checkpoint_is_fetched_by_its_url(url: str, object_store: ObjectStore, tmp_path: Path) -> None:
    machine = Machine(tmp_path / "a", url)
    saved = [machine.save(5), machine.save(10, b"more")]
    assert contents(fetch_checkpoint(f"{url}/checkpoints/step-00000005")) == contents(saved[0])
    assert contents(fetch_checkpoint(url)) == contents(saved[1])
    with pytest.raises(FileNotFoundError, match=r"step-00000099 holds no checkpoint"):
        fetch_checkpoint(f"{url}/checkpoints/step-00000099")
    with pytest.raises(FileNotFoundError, match=r"holds no checkpoint; give the --out"):
        fetch_checkpoint(f"{url}-of-nobody")
