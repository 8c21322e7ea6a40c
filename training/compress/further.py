"""Further: a shrunk model trained on the same shards, so that it learns to do without what was taken from it.

It is a run of the trainer like any other, in a folder of its own, which starts from the shrunk model; the same command
goes on with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from corpus.shards.reader import ShardSet
from training.checkpoints.start import TOKENIZER, Start
from training.compress.distillation import Teacher, distilled, with_preparation
from training.compress.sparsity import keep_zeros
from training.config import TrainConfig
from training.distributed.parallel import World
from training.optim.scaling import apply_step_law
from training.presets import make_plan
from training.run.outdir import Outdir
from training.run.trainer import Trainer


@dataclass(frozen=True, kw_only=True)
class Shards:
    """Of training and held-out tokens. The tokenizer is that of the model."""

    train: str
    heldout: str | None = None


def plan_further(start: Start, shards: ShardSet, tokens: int, learning_rate: float, threads: int) -> TrainConfig:
    """The settings of the preset `tiny`, for the context of the model, with AdamW."""
    given = {"tokens": tokens, "learning_rate": learning_rate, "threads": threads, "optimizer": "adamw"}
    _, plan = make_plan("tiny", shards.index.vocab_size, shards.index.eos, None, given, None, start.model)
    return plan


def train_further(
    start: Start, shards: Shards, plan: TrainConfig, teacher: Teacher | None, sparse: bool, out: Path
) -> Path:
    """Returns the last checkpoint. `sparse`: weights that are zero stay zero. Raises ValueError where the run does not
    come to its end, or the shards are not of this model's tokens."""
    read, tokenizer = ShardSet(shards.train), start.folder / TOKENIZER
    if read.index.vocab_size > start.model.vocab_size:
        raise ValueError(f"{shards.train} has {read.index.vocab_size} tokens, the model {start.model.vocab_size}")
    model = start.model
    if teacher is not None:
        teacher.check_student(model, tokenizer.read_bytes())
        model = distilled(model, teacher)
    if sparse:
        model = with_preparation(model, keep_zeros, {"zeros": "stay"})
    config, _ = apply_step_law(plan, model)
    with Outdir(out) as outdir, World(config.threads) as world:
        trainer = Trainer(
            model=model,
            config=config,
            shards=read,
            heldout=ShardSet(shards.heldout) if shards.heldout else None,
            tokenizer=tokenizer,
            out=outdir,
            world=world,
            start=start,
        )
        if trainer.run():
            raise ValueError(f"training ended early; {out} has what was saved, and the same command goes on")
        found = outdir.open_checkpoints(config.keep_last, config.keep_every).newest()
    assert found is not None
    return found
