"""Every family learns what it can: losses fall, runs end in the same bytes again, after a stop, and on two ranks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_corpus import CONTEXT, VOCABULARY, Data, metrics, newest, run

from training.checkpoints.checkpoint import file_digest
from training.models.families import FAMILIES
from training.objectives.catalog import OBJECTIVES
from training.presets import make_plan
from training.run.outdir import Outdir
from training.run.trainer import Trainer
from training.shape import Size

SIZE = Size(
    layers=2, width=32, heads=4, kv_heads=2, head_width=8, feed_forward=64, context=CONTEXT, initial_weights=0.1
)
LEARNT = [(family, objective) for family, config in FAMILIES.items() for objective in config.OBJECTIVES]


def trainer(data: Data, out: Path, family: str, objective: str, **changes: Any) -> Trainer:
    vocabulary = VOCABULARY + len(OBJECTIVES[objective].tokens)
    model = FAMILIES[family].of_size(SIZE, vocabulary, data.eos)
    return data.trainer(Outdir(out), model=model, objective=objective, **changes)


def weights(out: Path) -> str:
    return file_digest(newest(out) / "model.safetensors")


@pytest.mark.parametrize(("family", "objective"), LEARNT)
def test_the_loss_falls(family: str, objective: str, data: Data, tmp_path: Path) -> None:
    """Most of that is how often each token is there."""
    steps = 300
    assert (
        trainer(data, tmp_path, family, objective, tokens=steps * 128, learning_rate=1e-2, eval_every=steps).run() == 0
    )
    first, last = [line["heldout_loss"] for line in metrics(tmp_path) if "heldout_loss" in line]
    assert last < first - 0.7


@pytest.mark.parametrize(("family", "objective"), LEARNT)
def test_a_run_that_was_stopped_ends_in_the_same_weights(
    family: str, objective: str, data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trainer(data, tmp_path / "whole", family, objective).run() == 0
    stopped = trainer(data, tmp_path / "stopped", family, objective)
    train = stopped._train_step

    def once(*arguments: Any) -> None:
        train(*arguments)
        stopped._terminated = stopped.step == 5

    monkeypatch.setattr(stopped, "_train_step", once)
    assert stopped.run() != 0 and stopped.step == 5
    assert trainer(data, tmp_path / "stopped", family, objective).run() == 0
    assert weights(tmp_path / "stopped") == weights(tmp_path / "whole")


@pytest.mark.parametrize(("family", "objective"), LEARNT)
def test_smaller_parts_of_a_batch_give_the_same_loss(family: str, objective: str, data: Data, tmp_path: Path) -> None:
    for name, micro_batch in (("whole", 4), ("parts", 1)):
        assert trainer(data, tmp_path / name, family, objective, micro_batch=micro_batch).run() == 0
    whole, parts = (
        [line["loss"] for line in metrics(tmp_path / name) if "loss" in line] for name in ("whole", "parts")
    )
    assert whole == pytest.approx(parts, rel=1e-4)


@pytest.mark.parametrize(
    ("family", "parallel"),
    [
        *((family, "ddp") for family in ("bert", "electra", "t5", "lstm")),
        *((family, "fsdp") for family in FAMILIES),
    ],
)
def test_two_ranks_see_what_one_sees(family: str, parallel: str, data: Data, tmp_path: Path) -> None:
    for ranks in (1, 2):
        small = ["--tokens", str(8 * 4 * CONTEXT), "--layers", "2", "--width", "64", "--parallel", parallel]
        command = data.command(tmp_path / str(ranks), "--family", family, *small, ranks=ranks)
        done = run(command)
        assert done.returncode == 0, done.stderr
    one, two = ([line["loss"] for line in metrics(tmp_path / str(ranks)) if "loss" in line] for ranks in (1, 2))
    assert one == pytest.approx(two, rel=1e-3)


def test_what_a_family_cannot_do_is_refused(data: Data, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="family lstm cannot keep documents of a sequence apart"):
        trainer(data, tmp_path, "lstm", "next_token", document_masks=True)
    with pytest.raises(ValueError, match="family bert does not continue texts; set it to 0"):
        trainer(data, tmp_path, "bert", "masked_tokens", sample_every=5)
    with pytest.raises(ValueError, match="the family t5 learns span_corruption; take one of them"):
        make_plan("tiny", VOCABULARY, 0, settings={"objective": "next_token"}, family="t5")
