"""Every row of FAULTS.md under Train in which something is refused, skipped or ended in time."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
import torch
from small_corpus import ROOT, Data, contents, metrics, newest
from training_faults import tokens

from training.checkpoints.checkpoint import verify
from training.run import state as state_module
from training.run.outdir import Outdir


def test_configuration_changed_between_save_and_resume(data: Data, tmp_path: Path) -> None:
    assert data.trainer(Outdir(tmp_path), tokens=128).run() == 0
    with pytest.raises(ValueError, match=r"train.learning_rate: saved 0.005, now 0.001"):
        data.trainer(Outdir(tmp_path), tokens=128, learning_rate=1e-3).run()
    with pytest.raises(ValueError, match=r"train.seed: saved 0, now 1"):
        data.trainer(Outdir(tmp_path), tokens=128, seed=1).run()
    assert data.trainer(Outdir(tmp_path), tokens=128, micro_batch=1, keep_last=1, eval_every=1).run() == 0


def test_what_a_step_reads_is_never_overridden(data: Data, tmp_path: Path) -> None:
    """Twice the batch would put the run back to half its step, below the checkpoints that it went on from."""
    with pytest.raises(ValueError, match=r"--override train.global_batch: steps would read other samples"):
        data.trainer(Outdir(tmp_path), global_batch=8, overrides=["train.tokens", "train.global_batch"])


def test_what_decides_when_a_run_ends_may_not_change(data: Data, tmp_path: Path) -> None:
    plan = {"tokens": 128, "patience": 3}
    assert data.trainer(Outdir(tmp_path), **plan, eval_every=2).run() == 0
    with pytest.raises(ValueError, match=r"train.eval_every: saved 2, now 1"):
        data.trainer(Outdir(tmp_path), **plan, eval_every=1).run()


def test_configuration_changed_by_a_named_override(
    data: Data, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert data.trainer(Outdir(tmp_path), tokens=5 * 128).run() == 0
    longer = data.trainer(Outdir(tmp_path), tokens=10 * 128, learning_rate=1e-3)
    with pytest.raises(ValueError, match=r"train.learning_rate: .*train.tokens: .*--override"):
        longer.run()
    longer.overrides = ["train.learning_rate", "train.tokens"]
    assert longer.run() == 0 and longer.step == 10
    said = capsys.readouterr().err
    assert "changed since the checkpoint: train.tokens: saved 640, now 1280" in said and "from step 5" in said


def test_no_space_at_save(data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    assert data.trainer(Outdir(whole)).run() == 0
    save = state_module.save_tensors

    def full(tensors: dict[str, torch.Tensor], path: Path, is_main: bool) -> None:
        save(tensors, path, is_main)
        if "step-00000010" in str(path):
            os.truncate(path, 1000)
            raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(state_module, "save_tensors", full)
    with pytest.raises(OSError, match="No space left on device"):
        data.trainer(Outdir(out)).run()
    monkeypatch.undo()
    assert newest(out).name == "step-00000005"
    verify(newest(out))
    assert data.trainer(Outdir(out)).run() == 0
    assert contents(newest(out)) == contents(newest(whole))
    assert (out / "metrics.jsonl").read_bytes() == (whole / "metrics.jsonl").read_bytes()


def test_loss_spike_beyond_6_sigma(data: Data, tmp_path: Path) -> None:
    found = data.trainer(Outdir(tmp_path), tokens=80 * 128, eval_every=100, checkpoint_every=100)
    spiked = 75
    forward = found.state.model.forward

    def spike(*part: torch.Tensor) -> torch.Tensor:
        return forward(*part) * (10 if found.step == spiked - 1 and torch.is_grad_enabled() else 1)

    found.state.model.forward = spike  # type: ignore[method-assign]
    assert found.run() == 0
    [line] = [line for line in metrics(tmp_path) if "skipped" in line]
    assert line["step"] == spiked and "beyond 6 sigma" in line["skipped"] and line["documents"]
    assert found.state.optimizer.updates == 79


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGSTOP])
def test_a_rank_killed_stopped_or_late(data: Data, tmp_path: Path, sign: int) -> None:
    """The other one ends by itself: torchrun, which would end it sooner, has no part in this."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = data.command(tmp_path / "out", "--tokens", tokens(100_000), "--timeout", "5")
    world = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    ranks = []
    for rank in ("0", "1"):
        environment = {**os.environ, **world, "RANK": rank, "LOCAL_RANK": rank}
        ranks.append(subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL))
    try:
        path = tmp_path / "out" / "metrics.jsonl"
        deadline = time.monotonic() + 60
        while not (path.is_file() and '"step":3' in path.read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        ranks[1].send_signal(sign)
        assert ranks[0].wait(timeout=30) not in (0, None)
    finally:
        for process in ranks:
            process.kill()
            process.wait()


@pytest.mark.parametrize("damage", ["torn", "flipped", "missing"])
def test_checkpoint_torn_flipped_missing_a_part(data: Data, tmp_path: Path, damage: str) -> None:
    out = Outdir(tmp_path)
    assert data.trainer(out).run() == 0
    end, lines = contents(newest(tmp_path)), (tmp_path / "metrics.jsonl").read_bytes()
    weights = newest(tmp_path) / "model.safetensors"
    held = weights.read_bytes()
    weights.unlink()
    if damage != "missing":
        weights.write_bytes(held[:-4] if damage == "torn" else held[:-1] + bytes([held[-1] ^ 1]))
    with pytest.warns(UserWarning, match="damaged checkpoint skipped"):
        assert data.trainer(out).run() == 0
    assert contents(newest(tmp_path)) == end
    assert (tmp_path / "metrics.jsonl").read_bytes() == lines


def test_two_trainers_on_one_output(tmp_path: Path) -> None:
    with Outdir(tmp_path):
        start = time.monotonic()
        with (
            pytest.raises(ValueError, match=rf"{tmp_path}/lock is held by another trainer"),
            Outdir(tmp_path, wait=0.5),
        ):
            pass
        assert time.monotonic() - start >= 0.5
    with Outdir(tmp_path, wait=0):
        pass


def test_space_is_checked_before_step_0(data: Data, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"three checkpoints take [0-9.]+ GB"):
        Outdir(tmp_path).check_space(1 << 60)
