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
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.distributed.tensor import DTensor
from torch.nn.utils import clip_grad_norm_

from corpus.manifest import canonical_json, sha256
from corpus.shard_set import ShardSet
from training.checkpoint import Checkpoints, check_same, digest
from training.config import ModelConfig, TrainConfig, identity
from training.export import layout
from training.guard import IN_A_ROW, Guard
from training.journal import Journal
from training.loader import IGNORED, Loader
from training.optimizer import Optimizer
from training.outdir import Outdir, write_atomic
from training.parallel import World, choose_dtype, launcher_is_gone
from training.prefetch import Prefetch, Tensors, tensors
from training.schedule import learning_rate
from training.sharding import load_tensors, save_tensors, shard
from training.stopping import Stopping
from training.throughput import Meter, peak_flops
from training.transformer import Transformer

TERMINATED = 128 + signal.SIGTERM
NAMED_DOCUMENTS = 10  # in a message; metrics.jsonl names all of them
WEIGHTS, MOMENTS = "model.safetensors", "optimizer.safetensors"


class Trainer:
    """One rank of a run. Raises ValueError when shards, tokenizer, held-out set or saved run do not belong together.

    `overrides` are settings, by the names that a refusal gives them, in which a saved run may differ from this one.
    """

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
        overrides: Sequence[str] = (),
    ) -> None:
        self.model_config, self.config, self.out, self.world = model, config, out, world
        self.overrides = overrides
        self.tokenizer = tokenizer.read_bytes()
        found = sha256(self.tokenizer)
        for part in (shards, heldout):
            if part is not None and part.index.tokenizer != found:
                raise ValueError(
                    f"{tokenizer} has sha256 {found}, but {part.folder} was written with tokenizer "
                    f"{part.index.tokenizer}; give the tokenizer.json that the shards were written with"
                )
        masks = config.document_masks
        self.loader = Loader(
            shards,
            context=config.context,
            global_batch=config.global_batch,
            seed=config.seed,
            packing=config.packing,
            segments=masks,
            rank=world.rank,
            world=world.size,
        )
        self.heldout = None
        if heldout is not None:
            self.heldout = Loader(heldout, context=config.context, global_batch=1, seed=0, segments=masks)
        self.dtype = choose_dtype(config.dtype, world.device)
        self.checkpoints = Checkpoints(out.checkpoints, config.keep, config.keep_every)
        self.model = Transformer(model, config.seed)
        self.parameter_count = self.model.parameter_count
        if config.parallel == "fsdp" and world.size > 1:
            shard(self.model, world.device, self.dtype)
        self.model.to(world.device)
        self.optimizer = Optimizer(self.model, config)
        self.guard, self.stopping = Guard(), Stopping(config.patience)
        self.step = 0
        self._stop = False

    # State ------------------------------------------------------------------------------------------------------

    def _identity(self) -> dict[str, Any]:
        found = identity(self.model_config, self.config)
        found["train"]["dtype"] = str(self.dtype).removeprefix("torch.")
        found["heldout"] = None if self.heldout is None else self.heldout.shards.fingerprint
        return {**found, "shards": self.loader.shards.fingerprint, "tokenizer": sha256(self.tokenizer)}

    def _resume(self) -> list[str]:
        """Goes back to the newest sound checkpoint, where there is one. Returns what was overridden."""
        newest = self.checkpoints.newest() if self.world.first else None
        folder = self.world.from_first(newest)
        if folder is None:
            return []
        state = json.loads((folder / "state.json").read_bytes())
        changed = check_same(state["run"], self._identity(), folder, self.overrides)
        self.step = self.loader.step_of(state["loader"])
        load_tensors(self.model.state_dict(), folder / WEIGHTS)
        self.optimizer.updates = state["updates"]
        load_tensors(self.optimizer.state(), folder / MOMENTS)
        self.guard = Guard(**state["guard"])
        self.stopping = Stopping(self.config.patience, **state["stopping"])
        return changed

    def _save(self, journal: Journal | None) -> None:
        if journal is not None:
            journal.sync()
            state = {
                "loader": self.loader.state(self.step),
                "run": self._identity(),
                "guard": self.guard.state(),
                "stopping": self.stopping.state(),
                "updates": self.optimizer.updates,
            }
            writing = self.checkpoints.begin(self.step)
            files = {**layout(self.model_config, self.tokenizer), "state.json": canonical_json(state)}
            for name, content in files.items():
                (writing / name).write_bytes(content)
        writing = self.world.from_first(writing if journal is not None else Path())
        save_tensors(self.model.state_dict(), writing / WEIGHTS, self.world.first)
        save_tensors(self.optimizer.state(), writing / MOMENTS, self.world.first)
        if journal is not None:
            self.checkpoints.publish(self.step)
        self.world.any(False)  # no rank runs ahead of a checkpoint that may yet fail

    # The loop ---------------------------------------------------------------------------------------------------

    def run(self) -> int:
        """Trains to the end of the plan. Returns the exit code: 0 done, 1 given up, 143 asked to stop (and saved)."""
        changed = self._resume()
        steps = self.config.steps
        peak = peak_flops(self.world.device, self.dtype) * self.world.size
        meter = Meter(self.model.flops_per_token, peak, (steps - self.step) * self.config.tokens_per_step)
        if self.world.first:
            tensors = [*self.model.state_dict().values(), *self.optimizer.state().values()]
            self.out.check_space(sum(4 * tensor.numel() for tensor in tensors))
            self.checkpoints.clear()
        previous = signal.signal(signal.SIGTERM, self._on_terminate)
        try:
            with Journal(self.out, self.step, steps, meter) if self.world.first else nullcontext() as journal:
                if journal is not None:
                    journal.say(self._headline(steps))
                    for side in changed:
                        journal.say(f"changed since the checkpoint: {side}")
                with Prefetch(self.loader, self.step, steps, pin=self.world.device.type == "cuda") as batches:
                    return self._run(batches, journal, steps)
        finally:
            signal.signal(signal.SIGTERM, previous)

    def _run(self, batches: Prefetch, journal: Journal | None, steps: int) -> int:
        self._watch(journal, steps)
        replica = self.world.wrap(self.model)
        while self.step < steps and not self.stopping.now:
            if launcher_is_gone():
                print(f"the launcher of this run has ended; stopping at step {self.step}", file=sys.stderr)
                return 1
            self._update(replica, batches, journal)
            asked = self.world.any(self._stop)
            if not self.guard.exhausted and (asked or self._save_is_due(steps)):
                self._save(journal)
            if journal is not None:
                journal.progress(self.step)
            if self.guard.exhausted:
                if journal is not None:
                    journal.say(f"{IN_A_ROW} steps in a row were skipped; look at their documents, or lower the rate")
                return 1
            if asked and self.step < steps:
                return TERMINATED
            self._watch(journal, steps)
        if journal is not None:
            self._report(journal)
        return 0

    def _due(self, every: int, steps: int) -> bool:
        return every > 0 and (self.step % every == 0 or self.step == steps)

    def _save_is_due(self, steps: int) -> bool:
        """Where a run may end early, it may do so after any held-out loss, and the best of them must be there."""
        return self._due(self.config.checkpoint_every, steps) or (
            self.config.patience > 0 and self._due(self.config.eval_every, steps)
        )

    def _on_terminate(self, *_: object) -> None:
        self._stop = True

    def _update(self, replica: torch.nn.Module, batches: Prefetch, journal: Journal | None) -> None:
        """One optimizer step over the global batch. The loss is its mean in nats a token, on however many ranks."""
        config, device = self.config, self.world.device
        began = time.perf_counter()
        batch = next(batches)
        waited = time.perf_counter() - began
        if config.dropout:  # what is dropped follows the step, and not what was drawn before it
            torch.manual_seed((config.seed << 31) + self.step * self.world.size + self.world.rank)
        parts = self._micro_batches(batch)
        targets = self.loader.targets(self.step)
        total = torch.zeros((), dtype=torch.float64, device=device)
        replica.train()
        for number, part in enumerate(parts):
            with self.world.synced(replica, last=number == len(parts) - 1):
                with self._precision():
                    loss = replica(*part)
                # Gradients are averaged over ranks; the loss is a mean over the global batch, hence the factor.
                (loss * (self.world.size / targets)).backward()
            total += loss.detach()
        mean = self.world.sum(float(total)) / targets
        norm = clip_grad_norm_(self.model.parameters(), config.clip)
        length = float(norm.full_tensor() if isinstance(norm, DTensor) else norm)
        rate = learning_rate(config, self.step)
        fault = self.guard.fault(mean, length)
        if fault is None:
            self.optimizer.step(rate)
        self.optimizer.zero_grad()
        self.step += 1
        if journal is None:
            return
        journal.meter.add(config.tokens_per_step, waited)
        tokens = self.step * config.tokens_per_step
        if fault is None:
            journal.record(self.step, tokens=tokens, loss=mean, grad_norm=length, learning_rate=rate)
        else:
            names = sorted({s.doc_id for _, found in self.loader.sequence_documents(self.step - 1) for s in found})
            journal.record(self.step, tokens=tokens, skipped=fault, documents=names)
            more = f" and {len(names) - NAMED_DOCUMENTS} more in {self.out.metrics}" * (len(names) > NAMED_DOCUMENTS)
            journal.say(f"step {self.step} skipped, {fault}; its documents: {', '.join(names[:NAMED_DOCUMENTS])}{more}")

    def _micro_batches(self, batch: Tensors) -> list[Tensors]:
        """Tokens and targets, int64 [B, T] on the device, and the segments where there are some."""
        parts = (part.to(self.world.device, non_blocking=True).split(self.config.micro_batch) for part in batch)
        return list(zip(*parts, strict=True))

    def _precision(self) -> torch.autocast:
        """Weights stay float32; matmuls run in bfloat16 where that was chosen."""
        return torch.autocast(self.world.device.type, torch.bfloat16, enabled=self.dtype == torch.bfloat16)

    # What is looked at meanwhile --------------------------------------------------------------------------------

    def _watch(self, journal: Journal | None, steps: int) -> None:
        if self.heldout is not None and self._due(self.config.eval_every, steps):
            loss = self._heldout_loss(self.heldout)
            self.stopping.add(loss, self.step)
            if journal is not None:
                journal.record(self.step, heldout_loss=loss if math.isfinite(loss) else None)

    @torch.no_grad()
    def _heldout_loss(self, heldout: Loader) -> float:
        """Mean in nats a token over a fixed number of held-out sequences, spread evenly over the set."""
        count = min(self.config.eval_sequences, heldout.sequences)
        chosen = np.arange(count) * heldout.sequences // count
        mine = chosen[self.world.rank :: self.world.size]
        # Every rank makes as many passes as any other, for those that share a model must: a row too many asks nothing.
        rows = -(-count // self.world.size)
        batch = tensors(heldout.read(np.concatenate([mine, chosen[: rows - len(mine)]])))
        batch[1][len(mine) :] = IGNORED
        self.model.eval()
        total = 0.0
        for part in self._micro_batches(batch):
            with self._precision():
                total += float(self.model(*part))
        return self.world.sum(total) / (count * self.config.context)

    # Words ------------------------------------------------------------------------------------------------------

    def _headline(self, steps: int) -> str:
        state = "already complete" if self.step == steps else f"from step {self.step}"
        return (
            f"{self.parameter_count / 1e6:.2f}M parameters, {steps} steps of {self.config.tokens_per_step} "
            f"tokens, {str(self.dtype).removeprefix('torch.')} on {self.world.size} x {self.world.device.type}: {state}"
        )

    def _report(self, journal: Journal) -> None:
        folder = self.checkpoints.all()[-1]
        if self.stopping.now:
            journal.say(
                f"stopped at step {self.step}: {self.stopping.worse} held-out losses in a row were no better than "
                f"{self.stopping.best:.4f} at step {self.stopping.step}"
            )
        speeds = journal.meter.whole()
        write_atomic(self.out.path / "speed.json", canonical_json(speeds))
        figures = {
            "steps": self.step,
            "tokens": self.step * self.config.tokens_per_step,
            "loss": self.guard.losses[-1] if self.guard.losses else None,
            "heldout_loss": self.stopping.last,
            "best_heldout_loss": self.stopping.best,
            "parameters": self.parameter_count,
            "checkpoint": str(folder),
        }
        journal.say("  ".join(f"{name} {value}" for name, value in figures.items() if value is not None))
        journal.report({**figures, **speeds}, digest(folder))
