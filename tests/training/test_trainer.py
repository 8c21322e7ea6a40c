from __future__ import annotations

import errno
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from corpus.shard_set import ShardSet
from tests.training.small_corpus import CONTEXT, ROOT, Data, metrics, newest, run
from training import state as state_module
from training import trainer as trainer_module
from training.checkpoint import verify
from training.loader import Loader
from training.outdir import Outdir
from training.parallel import LAUNCHER, launcher_is_gone

STEPS = 20


def tokens(steps: int) -> str:
    return str(steps * 4 * CONTEXT)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def kill_at(command: list[str], out: Path, step: int, sign: int = signal.SIGKILL) -> int:
    """Starts a run and ends it, with all of its ranks, once it has saved `step`. Returns its exit code."""
    process = psutil.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if (out / "checkpoints" / f"step-{step:08d}").is_dir():
            for one in [process, *(process.children(recursive=True) if sign == signal.SIGKILL else [])]:
                one.send_signal(sign)
            break
        time.sleep(0.005)
    return int(process.wait(timeout=60))


@pytest.fixture(scope="module")
def unbroken(data: Data, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("unbroken") / "out"
    done = run(data.command(out, "--tokens", tokens(STEPS)))
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.parametrize(("ranks", "parallel"), [(1, "ddp"), (2, "ddp"), (2, "fsdp")])
def test_a_killed_run_ends_in_the_bytes_of_an_unbroken_one(
    data: Data, unbroken: Path, tmp_path: Path, ranks: int, parallel: str
) -> None:
    """Steps 1 to 20 at once, and again with a SIGKILL of all ranks behind step 10."""
    flags = ("--tokens", tokens(STEPS), "--parallel", parallel)
    if ranks > 1:
        unbroken = tmp_path / "unbroken"
        done = run(data.command(unbroken, *flags, ranks=ranks))
        assert done.returncode == 0, done.stderr
    out = tmp_path / "out"
    command = data.command(out, *flags, ranks=ranks)
    assert kill_at(command, out, 10) == -signal.SIGKILL
    middle = newest(out)
    step = int(middle.name.removeprefix("step-"))
    assert 10 <= step < STEPS
    halfway = contents(middle)
    done = run(command)
    assert done.returncode == 0 and f"from step {step}" in done.stderr, done.stderr
    end = contents(newest(unbroken))
    assert contents(newest(out)) == end
    assert all(halfway[name] != end[name] for name in ("model.safetensors", "optimizer.safetensors", "state.json"))
    assert (out / "metrics.jsonl").read_bytes() == (unbroken / "metrics.jsonl").read_bytes()
    again = run(command)
    assert again.returncode == 0 and "already complete" in again.stderr
    assert (out / "metrics.jsonl").read_bytes() == (unbroken / "metrics.jsonl").read_bytes()


def test_asked_to_stop_it_saves_and_goes_on_later(data: Data, unbroken: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = data.command(out, "--tokens", tokens(STEPS))
    assert kill_at(command, out, 5, signal.SIGTERM) == 143
    assert run(command).returncode == 0
    assert contents(newest(out)) == contents(newest(unbroken))
    assert (out / "metrics.jsonl").read_bytes() == (unbroken / "metrics.jsonl").read_bytes()


def test_two_ranks_compute_what_one_does_and_take_over_from_it(data: Data, unbroken: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    resumed = "step-00000010"
    shutil.copytree(unbroken / "checkpoints" / resumed, out / "checkpoints" / resumed)
    shutil.copy(unbroken / "metrics.jsonl", out)
    wanted = metrics(unbroken)
    for folder, parallel in ((out, "fsdp"), (tmp_path / "ddp", "ddp"), (tmp_path / "fsdp", "fsdp")):
        done = run(data.command(folder, "--tokens", tokens(STEPS), "--parallel", parallel, ranks=2))
        assert done.returncode == 0, done.stderr
        found = metrics(folder)
        assert [line["step"] for line in found] == [line["step"] for line in wanted]
        for one, two in zip(wanted, found, strict=True):
            assert two == pytest.approx(one, rel=2e-3), folder


def test_a_nan_on_one_rank_stops_the_update_on_all(data: Data, tmp_path: Path) -> None:
    worker = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    done = run(
        [*worker, str(Path(__file__).with_name("poisoned_rank.py")), str(data.folder), str(tmp_path / "out")],
        PYTHONPATH=str(ROOT),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("ranks agree") == 2, done.stdout
    assert [line["step"] for line in metrics(tmp_path / "out") if "skipped" in line] == [3]


def test_a_nan_names_its_documents_and_three_end_the_run(
    data: Data, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = Outdir(tmp_path)
    found = data.trainer(out)
    with torch.no_grad():
        found.state.model.model.norm.weight[0] = math.nan
    before = {name: value.clone() for name, value in found.state.model.state_dict().items()}
    assert found.run() == 1
    assert all(
        torch.equal(value, before[name]) for name, value in found.state.model.state_dict().items() if "norm" not in name
    )
    lines = [line for line in metrics(tmp_path) if "tokens" in line]
    assert [line["step"] for line in lines] == [1, 2, 3]
    loader = Loader(ShardSet(data.shards), context=CONTEXT, global_batch=4, seed=0)
    names = {source.doc_id for _, sources in loader.sequence_documents(0) for source in sources}
    assert set(lines[0]["documents"]) == names and lines[0]["skipped"] == "loss is nan"
    said = capsys.readouterr().err
    assert all(name in said for name in sorted(names)[:10])
    assert not list(out.checkpoints.iterdir())


def test_another_configuration_is_refused_with_both_sides(data: Data, tmp_path: Path) -> None:
    assert data.trainer(Outdir(tmp_path), tokens=128).run() == 0
    with pytest.raises(ValueError, match=r"train.learning_rate: saved 0.005, now 0.001"):
        data.trainer(Outdir(tmp_path), tokens=128, learning_rate=1e-3).run()
    with pytest.raises(ValueError, match=r"train.seed: saved 0, now 1"):
        data.trainer(Outdir(tmp_path), tokens=128, seed=1).run()
    assert data.trainer(Outdir(tmp_path), tokens=128, micro_batch=1, keep=1, eval_every=1).run() == 0


def test_a_setting_that_is_named_may_change(data: Data, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert data.trainer(Outdir(tmp_path), tokens=5 * 128).run() == 0
    longer = data.trainer(Outdir(tmp_path), tokens=10 * 128, learning_rate=1e-3)
    with pytest.raises(ValueError, match=r"train.learning_rate: .*train.tokens: .*--override"):
        longer.run()
    longer.overrides = ["train.learning_rate", "train.tokens"]
    assert longer.run() == 0 and longer.step == 10
    said = capsys.readouterr().err
    assert "changed since the checkpoint: train.tokens: saved 640, now 1280" in said and "from step 5" in said


def test_it_stops_when_the_heldout_loss_gets_no_better(
    data: Data, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rate that no model survives: the loss is best before it rises, and the run ends two evaluations later."""
    plan = {"tokens": 60 * 128, "learning_rate": 0.3, "schedule": "constant", "eval_every": 2, "patience": 2, "keep": 9}
    stopped = data.trainer(Outdir(tmp_path), **plan)
    assert stopped.run() == 0
    held = {line["step"]: line["heldout_loss"] for line in metrics(tmp_path) if "heldout_loss" in line}
    best = min(held, key=held.__getitem__)
    assert stopped.step == best + 4 < 60 and max(held) == stopped.step
    assert f"{held[best]:.4f} at step {best}" in capsys.readouterr().err
    assert (tmp_path / "checkpoints" / f"step-{best:08d}").is_dir() or best == 0
    lines = (tmp_path / "metrics.jsonl").read_bytes()
    again = data.trainer(Outdir(tmp_path), **plan)
    assert again.run() == 0 and again.step == stopped.step
    assert (tmp_path / "metrics.jsonl").read_bytes() == lines


def test_no_space_at_save_leaves_the_checkpoint_before(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    assert data.trainer(Outdir(whole)).run() == 0
    save = state_module.save_tensors

    def full(tensors: dict[str, torch.Tensor], path: Path, first: bool) -> None:
        save(tensors, path, first)
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


def test_a_loss_beyond_6_sigma_is_skipped_and_its_documents_named(data: Data, tmp_path: Path) -> None:
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
def test_a_rank_killed_or_stopped_ends_the_others(data: Data, tmp_path: Path, sign: int) -> None:
    """The launcher sees a dead rank at once. A stopped one is missed after the timeout, and is given 30 s to leave."""
    command = data.command(tmp_path / "out", "--tokens", tokens(100_000), "--timeout", "5", ranks=2)
    process = psutil.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    path = tmp_path / "out" / "metrics.jsonl"
    deadline = time.monotonic() + 60
    while not (path.is_file() and '"step":3' in path.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.children()[-1].send_signal(sign)
    assert process.wait(timeout=60) != 0


def test_another_tokenizer_is_refused_with_both_digests(data: Data, tmp_path: Path) -> None:
    other = tmp_path / "tokenizer.json"
    other.write_bytes(data.tokenizer.read_bytes() + b"\n")
    command = data.command(tmp_path / "out", "--tokenizer", str(other))
    done = run(command)
    digest = ShardSet(data.shards).index.tokenizer
    assert done.returncode == 1 and digest in done.stderr and "has sha256" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_damaged_newest_checkpoint_costs_steps_and_nothing_else(data: Data, tmp_path: Path) -> None:
    out = Outdir(tmp_path)
    assert data.trainer(out).run() == 0
    end, lines = contents(newest(tmp_path)), (tmp_path / "metrics.jsonl").read_bytes()
    weights = newest(tmp_path) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4])
    with pytest.warns(UserWarning, match="skipped for the one before"):
        assert data.trainer(out).run() == 0
    assert contents(newest(tmp_path)) == end
    assert (tmp_path / "metrics.jsonl").read_bytes() == lines


def test_a_checkpoint_is_saved_before_its_evaluation(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = data.trainer(Outdir(tmp_path))
    evaluate = trainer_module.heldout_loss

    def watched(*arguments: Any) -> float:
        if found.step:
            assert newest(tmp_path).name == f"step-{found.step:08d}"
            raise RuntimeError("died while evaluating")
        return evaluate(*arguments)

    monkeypatch.setattr(trainer_module, "heldout_loss", watched)
    with pytest.raises(RuntimeError, match="died"):
        found.run()
    monkeypatch.undo()
    assert data.trainer(Outdir(tmp_path)).run() == 0
    held = [line["step"] for line in metrics(tmp_path) if "heldout_loss" in line]
    assert held == [0, 5, 10]


def test_training_learns(data: Data, tmp_path: Path) -> None:
    assert data.trainer(Outdir(tmp_path), tokens=80 * 128, learning_rate=2e-2, eval_every=80).run() == 0
    first, last = [line["heldout_loss"] for line in metrics(tmp_path) if "heldout_loss" in line]
    assert first == pytest.approx(math.log(512), abs=0.2)
    assert last < first - 0.6


def test_a_second_trainer_waits_and_is_refused(tmp_path: Path) -> None:
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


def test_too_little_space_is_refused_before_the_first_step(data: Data, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"three checkpoints take [0-9.]+ GB"):
        Outdir(tmp_path).check_space(1 << 60)


def test_an_orphan_leaves_at_its_next_step(data: Data, tmp_path: Path) -> None:
    launcher = subprocess.Popen([sys.executable, "-c", ""])
    launcher.wait()
    done = run(data.command(tmp_path / "out", "--tokens", tokens(STEPS)), HEADWATER_LAUNCHER_PID=str(launcher.pid))
    assert done.returncode == 1 and "launcher" in done.stderr


def test_a_launcher_that_lives_is_not_gone_and_a_zombie_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(LAUNCHER, raising=False)
    assert not launcher_is_gone()
    monkeypatch.setenv(LAUNCHER, str(os.getpid()))
    assert not launcher_is_gone()
    zombie = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)  # ended, and not yet reaped
    monkeypatch.setenv(LAUNCHER, str(zombie.pid))
    assert launcher_is_gone()
    zombie.wait()
    assert launcher_is_gone()


def test_a_profile_shows_where_the_time_goes(data: Data, tmp_path: Path) -> None:
    found = data.trainer(Outdir(tmp_path), tokens=12 * 128)
    found.profile = True
    assert found.run() == 0
    [trace] = (tmp_path / "profile").glob("*.json")
    assert "aten::mm" in trace.read_text()
