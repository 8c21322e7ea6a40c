from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from small_corpus import Data, metrics, newest, run

from corpus.shards.reader import ShardSet
from training.distributed.parallel import LAUNCHER, launcher_is_gone
from training.run import trainer as trainer_module
from training.run.outdir import Outdir


def test_it_stops_when_the_heldout_loss_gets_no_better(
    data: Data, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rate that no model survives: the loss is best before it rises, and the run ends two evaluations later."""
    plan = {
        "tokens": 60 * 128,
        "learning_rate": 0.3,
        "schedule": "constant",
        "eval_every": 2,
        "patience": 2,
        "keep_last": 1,
    }
    stopped = data.trainer(Outdir(tmp_path), **plan)
    assert stopped.run() == 0
    held = {line["step"]: line["heldout_loss"] for line in metrics(tmp_path) if "heldout_loss" in line}
    best = min(held, key=held.__getitem__)
    assert stopped.step == best + 4 < 60 and max(held) == stopped.step
    said = capsys.readouterr().err
    assert f"{held[best]:.4f} at step {best}" in said and said.rstrip().endswith(f"checkpoints/step-{best:08d}")
    kept = {path.name for path in (tmp_path / "checkpoints").glob("step-*")}
    assert best and kept == {f"step-{best:08d}", f"step-{best + 4:08d}"}
    lines = (tmp_path / "metrics.jsonl").read_bytes()
    again = data.trainer(Outdir(tmp_path), **plan)
    assert again.run() == 0 and again.step == stopped.step
    assert (tmp_path / "metrics.jsonl").read_bytes() == lines


def test_patience_without_heldout_losses_is_refused(data: Data, tmp_path: Path) -> None:
    command = data.command(tmp_path / "out", "--patience", "3")
    place = command.index("--heldout")
    done = run(command[:place] + command[place + 2 :])
    assert done.returncode == 1 and "compares held-out losses" in done.stderr and "Traceback" not in done.stderr


def test_another_tokenizer_is_refused_with_both_digests(data: Data, tmp_path: Path) -> None:
    other = tmp_path / "tokenizer.json"
    other.write_bytes(data.tokenizer.read_bytes() + b"\n")
    command = data.command(tmp_path / "out", "--tokenizer", str(other))
    done = run(command)
    digest = ShardSet(data.shards).index.tokenizer
    assert done.returncode == 1 and digest in done.stderr and "has sha256" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_checkpoint_is_saved_before_its_evaluation(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = data.trainer(Outdir(tmp_path))
    evaluate = trainer_module.compute_heldout_loss

    def watched(*arguments: Any) -> float:
        if found.step:
            assert newest(tmp_path).name == f"step-{found.step:08d}"
            raise RuntimeError("died while evaluating")
        return evaluate(*arguments)

    monkeypatch.setattr(trainer_module, "compute_heldout_loss", watched)
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


def test_an_orphan_leaves_at_its_next_step(data: Data, tmp_path: Path) -> None:
    launcher = subprocess.Popen([sys.executable, "-c", ""])
    launcher.wait()
    done = run(data.command(tmp_path / "out"), HEADWATER_LAUNCHER_PID=str(launcher.pid))
    assert done.returncode == 1 and "launcher" in done.stderr


def test_all_ranks_leave_when_one_of_them_misses_the_launcher(data: Data, tmp_path: Path) -> None:
    launcher = subprocess.Popen([sys.executable, "-c", ""])
    launcher.wait()
    command = data.command(tmp_path / "out", ranks=2)
    first = command.index("training/train.py")
    orphaned = f'[ "$RANK" = 0 ] || export {LAUNCHER}={launcher.pid}; exec "$@"'
    done = run([*command[:first], "--no-python", "sh", "-c", orphaned, "sh", sys.executable, *command[first:]])
    assert done.returncode == 1 and done.stderr.count("the launcher of this run has ended") == 2, done.stderr


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


def test_samples_of_text_change_nothing_else(data: Data, tmp_path: Path) -> None:
    for name, every in (("with", 5), ("without", 0)):
        assert data.trainer(Outdir(tmp_path / name), dropout=0.1, sample_every=every).run() == 0
    lines = metrics(tmp_path / "with")
    assert [line["step"] for line in lines if line.get("sample")] == [5, 10]
    assert [line for line in lines if "sample" not in line] == metrics(tmp_path / "without")


def test_what_cannot_fit_is_refused_before_anything_is_made(data: Data, tmp_path: Path) -> None:
    huge = data.model(hidden_size=1 << 17, intermediate_size=1 << 19, num_hidden_layers=100)
    with pytest.raises(ValueError, match=r"a rank needs [0-9.]+ GiB and has [0-9.]+ GiB.*take a smaller model"):
        data.trainer(Outdir(tmp_path), model=huge)


def test_the_budget_counts_the_gradients_of_each_thread(data: Data, tmp_path: Path) -> None:
    found = data.trainer(Outdir(tmp_path), threads=2).budget
    assert found.gradients == 3 * found.weights  # its own, and those of each share
    small = data.trainer(Outdir(tmp_path), threads=2, global_batch=1, micro_batch=64).budget  # one sequence, one share
    assert small.gradients == small.weights and small.activations < found.activations / 3
    assert data.trainer(Outdir(tmp_path), threads=2, dropout=0.1).budget.gradients == found.weights


def test_flags_give_a_model_of_any_shape(data: Data, tmp_path: Path) -> None:
    shape = ("--layers", "2", "--width", "96", "--heads", "6", "--kv-heads", "2", "--feed-forward", "80")
    done = run(data.command(tmp_path / "out", "--tokens", "1280", *shape))
    assert done.returncode == 0, done.stderr
    saved = json.loads((newest(tmp_path / "out") / "config.json").read_text())
    assert (saved["num_hidden_layers"], saved["hidden_size"], saved["head_dim"]) == (2, 96, 16)
    assert (saved["num_attention_heads"], saved["num_key_value_heads"], saved["intermediate_size"]) == (6, 2, 80)
    refused = run(data.command(tmp_path / "other", "--tokens", "1280", "--width", "100"))
    assert refused.returncode == 1 and "train: a width of 100 is not a multiple of head_width 64" in refused.stderr


def test_budget_and_law_are_printed_in_numbered_steps(data: Data, tmp_path: Path) -> None:
    done = run(data.command(tmp_path / "out", "--tokens", "1280", "--learning-rate", "0"))
    assert done.returncode == 0, done.stderr
    assert "3. learning rate: 1.79 N^-0.713 D^0.307" in done.stderr
    assert "1. parameters: " in done.stderr and "5. memory of a rank: " in done.stderr
    [rate] = {line["learning_rate"] for line in metrics(tmp_path / "out") if line["step"] == 1 and "loss" in line}
    assert rate > 0
