"""Contestant: one run in this process. `python -m benchmarks.train.contestant NAME WORK OUT TOKENS DTYPE`

NAME is plain, or the optimizer that Headwater is to take. It prints the seconds of each step and waits for a line
before the next, so that several runs can take turns step by step and share what else the machine does. A step ends
where an optimizer has stepped. The last line is JSON: all seconds, those of the median step, the held-out loss in
nats a token.
"""

from __future__ import annotations

import json
import math
import statistics
import sys
import time
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

from benchmarks.train.plain import PlainGPT, Shape, adamw, get_batch, update
from corpus.shards.reader import ShardSet
from training.config import TrainConfig
from training.distributed.parallel import World
from training.models.qwen3.config import Qwen3Config
from training.run.outdir import Outdir
from training.run.trainer import Trainer

CONTEXT, BATCH, THREADS = 256, 8, 2
SHAPE = Shape(vocabulary=4096, context=CONTEXT, layers=6, heads=4, width=256)
PLAIN_RATE, RATE, WARMUP = 1e-3, 3e-3, 0.05
INITIAL = 0.06  # standard deviation of Headwater's weights, as in its smallest preset


def model_config(eos: int) -> Qwen3Config:
    """As many parameters as the plain model, within 1 %: the third matrix of SwiGLU makes its MLP narrower."""
    return Qwen3Config(
        vocab_size=SHAPE.vocabulary,
        eos_token_id=eos,
        hidden_size=SHAPE.width,
        intermediate_size=688,
        num_hidden_layers=SHAPE.layers,
        num_attention_heads=SHAPE.heads,
        num_key_value_heads=SHAPE.heads,
        head_dim=SHAPE.width // SHAPE.heads,
        max_position_embeddings=CONTEXT,
        initializer_range=INITIAL,
    )


def headwater(work: Path, out: Path, tokens: int, dtype: str, optimizer: str) -> dict[str, Any]:
    plan = TrainConfig(
        tokens=tokens,
        context=CONTEXT,
        global_batch=BATCH,
        micro_batch=BATCH,
        learning_rate=RATE,
        optimizer=optimizer,
        warmup_fraction=WARMUP,
        eval_every=1 << 30,
        eval_sequences=1 << 30,
        checkpoint_every=1 << 30,
        threads=THREADS,
        dtype=dtype,
    )
    shards, heldout = ShardSet(work / "train"), ShardSet(work / "heldout")
    with World(plan.threads) as world, Outdir(out) as folder:
        trainer = Trainer(
            model=model_config(shards.index.eos),
            config=plan,
            shards=shards,
            heldout=heldout,
            tokenizer=work / "tokenizer.json",
            out=folder,
            world=world,
        )
        if code := trainer.run():
            sys.exit(f"the trainer ended with {code}")
        lines = [json.loads(line) for line in folder.metrics.read_text().splitlines()]
    losses = [line["heldout_loss"] for line in lines if "heldout_loss" in line]
    speed = json.loads((out / "speed.json").read_bytes())
    return {
        "steps": plan.steps,
        "heldout_loss": losses[-1],
        "waited": speed["data_wait"] * speed["seconds"],
        "parameters": trainer.budget.parameters,
    }


def plain(work: Path, out: Path, tokens: int, dtype: str) -> dict[str, Any]:
    """float32 as nanoGPT takes it on a CPU; a cosine with warmup, and a checkpoint at the end."""
    torch.manual_seed(0)
    torch.set_num_threads(THREADS)
    model = PlainGPT(SHAPE)
    optimizer = adamw(model, PLAIN_RATE)
    data = np.memmap(work / "train.bin", dtype=np.uint16, mode="r")
    steps = -(-tokens // (BATCH * CONTEXT))
    warmup = round(WARMUP * steps)
    precision = torch.autocast("cpu", torch.bfloat16) if dtype == "bfloat16" else nullcontext()
    for step in range(steps):
        share = (step - warmup) / max(1, steps - 1 - warmup)
        rate = (step + 1) / warmup if step < warmup else 0.1 + 0.45 * (1 + math.cos(math.pi * share))
        for group in optimizer.param_groups:
            group["lr"] = PLAIN_RATE * rate
        with precision:
            update(model, optimizer, *get_batch(data, BATCH, CONTEXT, torch.device("cpu")))
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, out.with_suffix(".pt"))
    heldout = torch.from_numpy(np.fromfile(work / "heldout.bin", np.uint16).astype(np.int64))
    count = (len(heldout) - 1) // CONTEXT
    starts = range(0, count * CONTEXT, CONTEXT)
    with torch.no_grad(), precision:
        losses = [float(model(heldout[None, s : s + CONTEXT], heldout[None, s + 1 : s + 1 + CONTEXT])) for s in starts]
    return {
        "steps": steps,
        "heldout_loss": statistics.fmean(losses),
        "waited": None,
        "parameters": sum(p.numel() for p in model.parameters()),
    }


def main() -> None:
    name, work, out, tokens, dtype = sys.argv[1:]
    laps: list[float] = []
    begun = [time.perf_counter()]

    def pace(*_: Any) -> None:
        laps.append(time.perf_counter() - begun[0])
        print(laps[-1], flush=True)
        sys.stdin.readline()
        begun[0] = time.perf_counter()

    register_optimizer_step_post_hook(pace)
    run = plain if name == "plain" else partial(headwater, optimizer=name)
    found = run(Path(work), Path(out), int(tokens), dtype)
    each = len(laps) // found["steps"]  # a trainer may have several optimizers, which step together
    steps = [sum(laps[start : start + each]) for start in range(0, len(laps), each)]
    waited = found.pop("waited")
    found["data_wait"] = None if waited is None else waited / sum(steps)
    # The first steps fill caches and pools.
    print(json.dumps({**found, "step_seconds": statistics.median(steps[3:]), "seconds": sum(steps)}))


if __name__ == "__main__":
    main()
