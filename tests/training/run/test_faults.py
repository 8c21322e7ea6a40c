"""The rows of the fault table under Train."""

from __future__ import annotations

import math
import os
import shutil
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from small_corpus import CONTEXT, ROOT, Data, contents, kill_at, metrics, newest, run
from training_faults import tokens

from corpus.shards.reader import ShardSet
from training.checkpoints.checkpoint import verify
from training.data.loader import Loader
from training.run import trainer as trainer_module
from training.run.outdir import Outdir

STEPS = 20


@pytest.fixture(scope="module")
def unbroken(data: Data, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("unbroken") / "out"
    done = run(data.command(out, "--tokens", tokens(STEPS)))
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.parametrize(("ranks", "parallel"), [(1, "ddp"), (2, "ddp"), (2, "fsdp")])
def test_kill_at_any_step(data: Data, unbroken: Path, tmp_path: Path, ranks: int, parallel: str) -> None:
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


def test_asked_to_stop(data: Data, unbroken: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = data.command(out, "--tokens", tokens(STEPS))
    assert kill_at(command, out, 5, signal.SIGTERM) == 143
    assert run(command).returncode == 0
    assert contents(newest(out)) == contents(newest(unbroken))
    assert (out / "metrics.jsonl").read_bytes() == (unbroken / "metrics.jsonl").read_bytes()


def test_resume_on_another_world_size(data: Data, unbroken: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    resumed = "step-00000010"
    shutil.copytree(unbroken / "checkpoints" / resumed, out / "checkpoints" / resumed)
    shutil.copy(unbroken / "metrics.jsonl", out)
    wanted = metrics(unbroken)
    for folder, parallel in ((out, "fsdp"), (tmp_path / "ddp", "ddp")):
        done = run(data.command(folder, "--tokens", tokens(STEPS), "--parallel", parallel, ranks=2))
        assert done.returncode == 0, done.stderr
        found = metrics(folder)
        assert [line["step"] for line in found] == [line["step"] for line in wanted]
        for one, two in zip(wanted, found, strict=True):
            assert two == pytest.approx(one, rel=2e-3), folder


def test_ranks_that_share_a_model_compute_what_one_does_in_bfloat16_too(data: Data, tmp_path: Path) -> None:
    found = []
    for ranks, parallel in ((1, "ddp"), (2, "fsdp")):
        out = tmp_path / parallel
        flags = ("--tokens", tokens(6), "--parallel", parallel, "--dtype", "bfloat16", "--sample-every", "6")
        done = run(data.command(out, *flags, ranks=ranks))
        assert done.returncode == 0, done.stderr
        found.append([{name: value for name, value in line.items() if name != "sample"} for line in metrics(out)])
    for one, two in zip(*found, strict=True):
        # Four units of a bfloat16 in its last place: a processor that has no bfloat16 arithmetic rounds sums elsewhere.
        assert two == pytest.approx(one, rel=4 * 2**-8)


def test_kill_inside_a_checkpoint_write(data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second checkpoint dies at its 1st, 2nd, ... operation on disk, until one survives; the run then goes on."""
    assert data.trainer(Outdir(tmp_path / "whole")).run() == 0
    end, lines = contents(newest(tmp_path / "whole")), (tmp_path / "whole" / "metrics.jsonl").read_bytes()
    real = {name: getattr(os, name) for name in ("fsync", "rename")}
    for number in range(100):
        out, left = tmp_path / str(number), [number]
        dying = data.trainer(Outdir(out))

        def operation(*arguments: Any, name: str, left: list[int] = left, run: Any = dying) -> Any:
            if run.step == 10:
                left[0] -= 1
            if left[0] < 0:
                raise InterruptedError
            return real[name](*arguments)

        with monkeypatch.context() as patch:
            for name in real:
                patch.setattr(os, name, partial(operation, name=name))
            survived = True
            try:
                dying.run()
            except InterruptedError:
                survived = False
        verify(newest(out))
        assert newest(out).name in ("step-00000005", "step-00000010")
        assert data.trainer(Outdir(out)).run() == 0
        assert contents(newest(out)) == end and (out / "metrics.jsonl").read_bytes() == lines
        if survived:
            assert number > 5
            return
    pytest.fail("no save ever ended")


@pytest.mark.parametrize("packing", ["concat", "bestfit"])
def test_second_epoch_after_a_resume(data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packing: str) -> None:
    """The run dies in its second epoch: what it reads then is the rest of that epoch, and each sequence once."""
    whole = data.trainer(Outdir(tmp_path / "whole"), context=2048, micro_batch=2, packing=packing)
    sequences = whole.loader.sequences
    steps = -(-2 * sequences // 4)
    plan = {"context": 2048, "micro_batch": 2, "packing": packing, "tokens": steps * 4 * 2048, "document_masks": True}
    model = data.model(max_position_embeddings=2048)
    read: list[int] = []
    original = Loader.read

    def reading(self: Loader, numbers: Any) -> Any:
        read.extend(numbers.tolist() if self.global_batch > 1 else [])  # the held-out loader's batch is one
        return original(self, numbers)

    monkeypatch.setattr(Loader, "read", reading)
    assert data.trainer(Outdir(tmp_path / "whole"), model=model, **plan).run() == 0
    assert sorted(read[:sequences]) == sorted(read[sequences : 2 * sequences]) == list(range(sequences))
    unbroken = read.copy()
    died = sequences // 4 + 2
    dying = data.trainer(Outdir(tmp_path / "out"), model=model, **plan, checkpoint_every=sequences // 4 + 1)
    monkeypatch.setattr(trainer_module, "launcher_is_gone", lambda: dying.step == died)
    assert dying.run() == 1
    monkeypatch.setattr(trainer_module, "launcher_is_gone", lambda: False)
    read.clear()
    resumed = data.trainer(Outdir(tmp_path / "out"), model=model, **plan)
    assert resumed.run() == 0
    assert read == unbroken[4 * (sequences // 4 + 1) :]
    assert (tmp_path / "out" / "metrics.jsonl").read_bytes() == (tmp_path / "whole" / "metrics.jsonl").read_bytes()


def test_nan_or_inf_on_one_rank(data: Data, tmp_path: Path) -> None:
    worker = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    done = run(
        [*worker, str(ROOT / "tests" / "helpers" / "poisoned_rank.py"), str(data.folder), str(tmp_path / "out")],
        PYTHONPATH=str(ROOT),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("ranks agree") == 2, done.stdout
    assert [line["step"] for line in metrics(tmp_path / "out") if "skipped" in line] == [3]


def test_nan_names_the_documents_of_the_batch_and_three_stop_the_run(
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
