"""Runs: a model of a width trained with a learning rate, its matrices between embedding and head at a share of it."""

from __future__ import annotations

import math
from pathlib import Path
from types import MethodType
from typing import Any

import torch

from corpus.shards.reader import ShardSet
from training.config import TrainConfig
from training.distributed.parallel import World
from training.models.module import TrainableModel
from training.optim.optimizer import Optimizer
from training.presets import make_plan
from training.run.outdir import Outdir
from training.run.trainer import Trainer
from training.shape import Shape

WIDTHS, BASE = (32, 64, 128, 192), 64
RATES = tuple(2.0**power for power in range(-10, -2))
LAYERS, HEAD_WIDTH, CONTEXT, BATCH = 2, 32, 128, 8
OPTIMIZERS = ("muon", "adamw")
PLAIN, SCALED = "as the trainer has it", "rates of hidden matrices fall with the width"


def share_of(optimizer: str, width: int) -> float:
    """By which hidden matrices' rate is multiplied so that an update changes activations by as much in any width.

    AdamW: base / width (Yang et al. 2022, arXiv:2203.03466, table 8). Muon here has updates of spectral norm 0.2
    sqrt(width), which has to be the same in any width (Yang et al. 2023, arXiv:2310.17813): sqrt(base / width)."""
    return BASE / width if optimizer == "adamw" else math.sqrt(BASE / width)


def train(work: Path, out: Path, width: int, optimizer: str, rate: float, scaled: bool, steps: int) -> float:
    """The held-out loss at the end; infinite where the run diverged."""
    shards, heldout = ShardSet(work / "train"), ShardSet(work / "heldout")
    shape = Shape(width=width, layers=LAYERS, head_width=HEAD_WIDTH)
    settings: dict[str, Any] = {
        "tokens": steps * BATCH * CONTEXT,
        "context": CONTEXT,
        "global_batch": BATCH,
        "micro_batch": BATCH,
        "learning_rate": rate,
        "optimizer": optimizer,
        "threads": 1,
        **dict.fromkeys(("eval_every", "checkpoint_every"), steps),
    }
    model, config = make_plan("tiny", shards.index.vocab_size, shards.index.eos, shape, settings)
    assert isinstance(config, TrainConfig)
    with World(config.threads) as world, Outdir(out) as folder:
        trainer = Trainer(
            model=model,
            config=config,
            shards=shards,
            heldout=heldout,
            tokenizer=work / "tokenizer.json",
            out=folder,
            world=world,
        )
        if scaled:
            scale_hidden(trainer.state.optimizer, trainer.state.model, share_of(optimizer, width))
        ended = trainer.run()
    loss = trainer.state.stopping.last
    return loss if ended == 0 and loss is not None and math.isfinite(loss) else math.inf


@torch.no_grad()
def scale_hidden(optimizer: Optimizer, model: TrainableModel, share: float) -> None:
    """From now on the hidden matrices have a share of the rate that a step is given."""
    names = model.hidden_matrices()
    hidden = {id(weight) for name, weight in model.named_parameters() if name in names}
    for part in optimizer._parts:
        groups = []
        for group in part.param_groups:
            for factor, chosen in ((share, True), (1.0, False)):
                weights = [weight for weight in group["params"] if (id(weight) in hidden) == chosen]
                if weights:
                    groups.append({**group, "params": weights, "factor": factor})
        part.param_groups[:] = groups

    def step(self: Optimizer, rate: float) -> None:
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = rate * group["factor"]
            part.step()
        self.updates += 1

    optimizer.step = MethodType(step, optimizer)  # type: ignore[method-assign]
