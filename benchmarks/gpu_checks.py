"""GPU checks: is the loss there what it is on the CPU, and does a stopped run go on as if it had not been stopped?

Part of `python -m benchmarks.gpu`.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

from corpus.shards.reader import ShardSet
from training.config import TrainConfig
from training.distributed.parallel import World
from training.models.qwen3.config import Qwen3Config
from training.models.qwen3.transformer import Transformer
from training.run.outdir import Outdir
from training.run.trainer import Trainer

RATE = 3e-4


def check_loss(config: Qwen3Config, device: torch.device) -> dict[str, float]:
    """Relative differences to the CPU in float32, of loss and gradients. Raises ValueError where they are too large."""
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(0, config.vocab_size, (2, config.max_position_embeddings + 1), generator=generator)
    places = torch.arange(config.max_position_embeddings)
    segments = torch.stack((places // 48, places // 31)).int()
    found = {}
    for name, some in (("one document", None), ("segments", segments)):
        losses, norms = [], []
        for where, mixed in ((torch.device("cpu"), False), (device, False), (device, True)):
            model = Transformer(config, seed=1).to(where)
            if where.type == "cuda":
                model.compile_blocks()
            batch = [x if x is None else x.to(where) for x in (tokens[:, :-1], tokens[:, 1:], some)]
            with torch.autocast(where.type, torch.bfloat16, enabled=mixed):
                loss = model(*batch)
            loss.backward()
            losses.append(float(loss.detach()))
            norms.append(float(torch.nn.utils.get_total_norm([p.grad for p in model.parameters()])))
        for kind, one, tolerance in (("float32", 1, 2e-3), ("bfloat16", 2, 2e-2)):
            for what, values in (("loss", losses), ("gradient", norms)):
                difference = abs(values[one] / values[0] - 1)
                found[f"{name}, {kind}, {what}"] = difference
                if not difference < tolerance:
                    raise ValueError(f"{name}, {kind}: the {what} is {values[one]}, on the CPU {values[0]}")
    return found


def plan(config: Qwen3Config, *, steps: int, batch: int, dtype: str) -> TrainConfig:
    return TrainConfig(
        tokens=steps * batch * config.max_position_embeddings,
        context=config.max_position_embeddings,
        global_batch=batch,
        micro_batch=batch,
        learning_rate=RATE,
        eval_every=1 << 30,
        checkpoint_every=1 << 30,
        keep_last=1,
        dtype=dtype,
    )


def train(folder: Path, out: Path, config: Qwen3Config, train_config: TrainConfig) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and the lines of metrics.jsonl."""
    with World(train_config.threads) as world, Outdir(out) as outdir:
        trainer = Trainer(
            model=config,
            config=train_config,
            shards=ShardSet(folder / "shards"),
            heldout=None,
            tokenizer=folder / "tokenizer.json",
            out=outdir,
            world=world,
        )
        code = trainer.run()
        return code, [json.loads(line) for line in outdir.metrics.read_text().splitlines()]


@contextmanager
def after_step(action: Callable[[], None]) -> Any:
    handle = register_optimizer_step_post_hook(lambda *_: action())
    try:
        yield
    finally:
        handle.remove()


def check_resume(folder: Path, config: Qwen3Config) -> dict[str, Any]:
    """Eight steps; and eight with a SIGTERM in the third. On a CPU the same bytes, on a GPU to its rounding."""
    settings = plan(config, steps=8, batch=4, dtype="float32")
    code, whole = train(folder, folder / "whole", config, settings)
    steps = [0]

    def stop() -> None:
        steps[0] += 1
        if steps[0] == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    with after_step(stop):
        stopped, _ = train(folder, folder / "parts", config, settings)
    again, parts = train(folder, folder / "parts", config, settings)
    difference = max(abs(one["loss"] / two["loss"] - 1) for one, two in zip(whole, parts, strict=True))
    if (code, stopped, again) != (0, 143, 0) or difference > 1e-3:
        raise ValueError(f"resumed: exit codes {code}, {stopped}, {again}; losses differ by {difference}")
    return {"steps": len(whole), "difference": difference, "bits": whole == parts}
