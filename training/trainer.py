"""Trainer: the loop of optimizer steps, from the newest sound checkpoint to the last step of the plan.

    resume -> [evaluate] -> (batch -> loss -> gradient -> guard -> update -> record -> [save] -> [evaluate]) * steps

What "step k" names: the state after k updates. Update k read the samples of `loader.samples(k - 1)`.

    B sequences of a micro-batch   G sequences of all ranks   T tokens
"""

from __future__ import annotations

import json
import math
import signal
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch.nn.utils import clip_grad_norm_

from corpus.manifest import canonical_json, sha256
from corpus.shard_set import ShardSet
from training import optimizer as optimizers
from training.checkpoint import Checkpoints, check_same, digest
from training.config import ModelConfig, TrainConfig, identity
from training.export import layout
from training.guard import IN_A_ROW, Guard
from training.journal import Journal
from training.loader import Batch, Loader
from training.outdir import Outdir
from training.parallel import World, choose_dtype, launcher_is_gone
from training.throughput import Meter, peak_flops
from training.transformer import Transformer

TERMINATED = 128 + signal.SIGTERM
NAMED_DOCUMENTS = 10  # in a message; metrics.jsonl names all of them


class Trainer:
    """One rank of a run. Raises ValueError when shards, tokenizer, held-out set or saved run do not belong together."""

    def __init__(
        self,
        *,
        model: ModelConfig,
        config: TrainConfig,
        shards: ShardSet,
        heldout: ShardSet | None,
        tokenizer: Path,
        out: Outdir,
        world: World,
    ) -> None:
        self.model_config, self.config, self.out, self.world = model, config, out, world
        self.tokenizer = tokenizer.read_bytes()
        found = sha256(self.tokenizer)
        for part in (shards, heldout):
            if part is not None and part.index.tokenizer != found:
                raise ValueError(
                    f"{tokenizer} has sha256 {found}, but {part.folder} was written with tokenizer "
                    f"{part.index.tokenizer}; give the tokenizer.json that the shards were written with"
                )
        share = {"context": config.context, "seed": config.seed}
        self.loader = Loader(shards, global_batch=config.global_batch, rank=world.rank, world=world.size, **share)
        self.heldout = None if heldout is None else Loader(heldout, global_batch=1, **share)
        self.dtype = choose_dtype(config.dtype, world.device)
        self.checkpoints = Checkpoints(out.checkpoints, config.keep)
        self.model = Transformer(model, config.seed).to(world.device)
        self.optimizer = optimizers.build(self.model, config)
        self.guard = Guard()
        self.step = 0
        self._stop = False

    # State ------------------------------------------------------------------------------------------------------

    def _identity(self) -> dict[str, Any]:
        found = identity(self.model_config, self.config)
        found["train"]["dtype"] = str(self.dtype).removeprefix("torch.")
        found["heldout"] = None if self.heldout is None else self.heldout.shards.fingerprint
        return {**found, "shards": self.loader.shards.fingerprint, "tokenizer": sha256(self.tokenizer)}

    def _resume(self) -> None:
        newest = self.checkpoints.newest() if self.world.first else None
        folder = self.world.from_first(newest)
        if folder is None:
            return
        state = json.loads((folder / "state.json").read_bytes())
        check_same(state["run"], self._identity(), folder)
        self.step = self.loader.step_of(state["loader"])
        self.model.load_state_dict(load_file(folder / "model.safetensors"))
        optimizers.load_state_tensors(self.optimizer, self.model, load_file(folder / "optimizer.safetensors"))
        self.guard = Guard(**state["guard"])

    def _save(self, journal: Journal | None) -> None:
        if journal is not None:
            journal.sync()
            state = {"loader": self.loader.state(self.step), "run": self._identity(), "guard": self.guard.state()}
            weights = {name: value.detach().cpu().contiguous() for name, value in self.model.state_dict().items()}
            self.checkpoints.save(
                self.step,
                {
                    **layout(self.model_config, self.tokenizer),
                    "model.safetensors": weights,
                    "optimizer.safetensors": optimizers.state_tensors(self.optimizer, self.model),
                    "state.json": canonical_json(state),
                },
            )
        self.world.any(False)  # no rank runs ahead of a checkpoint that may yet fail

    # The loop ---------------------------------------------------------------------------------------------------

    def run(self) -> int:
        """Trains to the end of the plan. Returns the exit code: 0 done, 1 given up, 143 asked to stop (and saved)."""
        self._resume()
        steps = self.config.steps
        peak = peak_flops(self.world.device, self.dtype) * self.world.size
        meter = Meter(self.model.flops_per_token, peak, (steps - self.step) * self.config.tokens_per_step)
        if self.world.first:
            self.out.check_space(3 * 4 * self.model.parameter_count)
            self.checkpoints.clear()
        previous = signal.signal(signal.SIGTERM, self._on_terminate)
        try:
            with Journal(self.out, self.step, steps, meter) if self.world.first else nullcontext() as journal:
                return self._run(journal, steps)
        finally:
            signal.signal(signal.SIGTERM, previous)

    def _run(self, journal: Journal | None, steps: int) -> int:
        if journal is not None:
            journal.say(self._headline(steps))
        heldout = self._evaluate(journal) if self._due(self.config.eval_every, steps) else None
        replica = self.world.wrap(self.model)
        while self.step < steps:
            if launcher_is_gone():
                print(f"the launcher of this run has ended; stopping at step {self.step}", file=sys.stderr)
                return 1
            self._update(replica, journal)
            stopping = self.world.any(self._stop)
            if not self.guard.exhausted and (stopping or self._due(self.config.checkpoint_every, steps)):
                self._save(journal)
            if journal is not None:
                journal.progress(self.step)
            if self.guard.exhausted:
                if journal is not None:
                    journal.say(f"{IN_A_ROW} steps in a row were skipped; look at their documents, or lower the rate")
                return 1
            if stopping and self.step < steps:
                return TERMINATED
            if self._due(self.config.eval_every, steps):
                heldout = self._evaluate(journal)
        if journal is not None:
            self._report(journal, heldout)
        return 0

    def _due(self, every: int, steps: int) -> bool:
        return self.step % every == 0 or self.step == steps

    def _on_terminate(self, *_: object) -> None:
        self._stop = True

    def _update(self, replica: torch.nn.Module, journal: Journal | None) -> None:
        """One optimizer step over the global batch. The loss is its mean in nats a token, on however many ranks."""
        config = self.config
        rate = optimizers.learning_rate(config, self.step)
        optimizers.set_learning_rate(self.optimizer, rate)
        parts = self._micro_batches(self.loader.batch(self.step))
        total = torch.zeros((), dtype=torch.float64, device=self.world.device)
        for number, part in enumerate(parts):
            last = number == len(parts) - 1
            with nullcontext() if last else self.world.without_sync(replica):
                with self._precision():
                    loss = replica(*part)
                # DDP averages over ranks; the loss is a mean over the global batch, hence the factor.
                (loss * (self.world.size / config.tokens_per_step)).backward()
            total += loss.detach()
        mean = self.world.sum(float(total)) / config.tokens_per_step
        norm = float(clip_grad_norm_(self.model.parameters(), config.clip))
        fault = self.guard.fault(mean, norm)
        if fault is None:
            self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        if journal is None:
            return
        journal.meter.add(config.tokens_per_step)
        tokens = self.step * config.tokens_per_step
        if fault is None:
            journal.record(self.step, tokens=tokens, loss=mean, grad_norm=norm, learning_rate=rate)
        else:
            names = sorted({s.doc_id for _, found in self.loader.sequence_documents(self.step - 1) for s in found})
            journal.record(self.step, tokens=tokens, skipped=fault, documents=names)
            more = f" and {len(names) - NAMED_DOCUMENTS} more in {self.out.metrics}" * (len(names) > NAMED_DOCUMENTS)
            journal.say(f"step {self.step} skipped, {fault}; its documents: {', '.join(names[:NAMED_DOCUMENTS])}{more}")

    def _micro_batches(self, batch: Batch) -> list[tuple[torch.Tensor, ...]]:
        """Tokens and targets, int64 [B, T] on the device, and the segments where there are some."""
        found = (torch.from_numpy(part).to(self.world.device) for part in batch if part is not None)
        return list(zip(*(part.split(self.config.micro_batch) for part in found), strict=True))

    @torch.no_grad()
    def _evaluate(self, journal: Journal | None) -> float | None:
        """Mean loss in nats a token over a fixed number of held-out sequences, spread evenly over the set."""
        if self.heldout is None:
            return None
        count = min(self.config.eval_sequences, self.heldout.sequences)
        chosen = np.arange(count) * self.heldout.sequences // count
        mine = chosen[self.world.rank :: self.world.size]
        total = 0.0
        for start in range(0, len(mine), self.config.micro_batch):
            [part] = self._micro_batches(self.heldout.read(mine[start : start + self.config.micro_batch]))
            with self._precision():
                total += float(self.model(*part))
        loss = self.world.sum(total) / (count * self.config.context)
        if journal is not None:
            journal.record(self.step, heldout_loss=loss if math.isfinite(loss) else None)
        return loss

    def _precision(self) -> torch.autocast:
        """Weights stay float32; matmuls run in bfloat16 where that was chosen."""
        return torch.autocast(self.world.device.type, torch.bfloat16, enabled=self.dtype == torch.bfloat16)

    # Words ------------------------------------------------------------------------------------------------------

    def _headline(self, steps: int) -> str:
        state = "already complete" if self.step == steps else f"from step {self.step}"
        return (
            f"{self.model.parameter_count / 1e6:.2f}M parameters, {steps} steps of {self.config.tokens_per_step} "
            f"tokens, {str(self.dtype).removeprefix('torch.')} on {self.world.size} x {self.world.device.type}: {state}"
        )

    def _report(self, journal: Journal, heldout: float | None) -> None:
        folder = self.checkpoints.all()[-1]
        loss = self.guard.losses[-1] if self.guard.losses else None
        figures = {
            "steps": self.step,
            "tokens": self.step * self.config.tokens_per_step,
            "loss": loss,
            "heldout_loss": heldout,
            "parameters": self.model.parameter_count,
            "checkpoint": str(folder),
        }
        journal.say("  ".join(f"{name} {value}" for name, value in figures.items() if value is not None))
        journal.report(figures, digest(folder))
