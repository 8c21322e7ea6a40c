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

import torch

from corpus.lake.manifest import canonical_json, sha256
from corpus.shards.reader import ShardSet
from training.checkpoints.checkpoint import Checkpoints, check_same, digest
from training.checkpoints.export import layout, read_tokenizer
from training.checkpoints.files import write_atomic
from training.config import SAMPLES, ModelConfig, TrainConfig, identity
from training.data.loader import Loader
from training.data.prefetch import Prefetch
from training.distributed.parallel import World, choose_dtype, launcher_is_gone
from training.distributed.sharding import shard
from training.inference.generate import TextGenerator
from training.models.transformer import Transformer, compile_layers
from training.run.budget import available, budget
from training.run.guard import IN_A_ROW
from training.run.heldout import heldout_loss
from training.run.journal import Journal
from training.run.outdir import Outdir
from training.run.profiling import profiled
from training.run.state import State
from training.run.throughput import Meter, peak_flops
from training.run.update import update

TERMINATED = 128 + signal.SIGTERM
SAMPLE_TOKENS = 50
NAMED_DOCUMENTS = 10  # in a message; metrics.jsonl names all of them


class Trainer:
    """One rank of a run. Raises ValueError when shards, tokenizer, held-out set or saved run do not belong together.

    `overrides` are settings, by the names that a refusal gives them, in which a saved run may differ from this one.
    `profile`: whether some steps are traced into OUT/profile.
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
        profile: bool = False,
    ) -> None:
        self.model_config, self.config, self.out, self.world = model, config, out, world
        self.overrides, self.profile = overrides, profile
        if config.patience and heldout is None:
            raise ValueError(f"a patience of {config.patience} waits for held-out losses; give --heldout, or 0")
        if fixed := sorted(SAMPLES.intersection(overrides)):
            raise ValueError(f"--override {fixed[0]}: steps would read other samples than before; take another --out")
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
        sharded = config.parallel == "fsdp" and world.size > 1
        sequences = min(config.micro_batch, config.global_batch // world.size)
        self.budget = budget(
            model,
            config,
            ranks=world.size,
            sharded=sharded,
            optimizer=config.optimizer,
            dtype=self.dtype,
            device=world.device.type,
            shares=1 if sharded else world.shares(sequences, random=config.dropout > 0),
        )
        self.budget.check(available(world.device) // (world.local_size if world.device.type == "cpu" else 1))
        weights = Transformer(model, config.seed, dropout=config.dropout, label_smoothing=config.label_smoothing)
        if config.compile == "on" or (config.compile == "auto" and world.device.type == "cuda"):
            compile_layers(weights)
        if sharded:
            shard(weights, world.device, self.dtype)
        self.state = State(weights.to(world.device), config, self.dtype)
        self._stop = False

    @property
    def step(self) -> int:
        """Updates so far."""
        return self.state.step

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
        saved = json.loads((folder / "state.json").read_bytes())
        changed = check_same(saved["run"], self._identity(), folder, self.overrides)
        self.state.load(folder, self.loader.step_of(saved["loader"]), saved)
        return changed

    def _save(self, journal: Journal | None) -> None:
        if journal is not None:
            journal.sync()
        about = {"loader": self.loader.state(self.step), "run": self._identity(), **self.state.counters()}
        files = {**layout(self.model_config, self.tokenizer), "state.json": canonical_json(about)}
        self.state.save(self.checkpoints, self.world, files)

    # The loop ---------------------------------------------------------------------------------------------------

    def run(self) -> int:
        """Trains to the end of the plan. Returns the exit code: 0 done, 1 given up, 143 asked to stop (and saved)."""
        changed = self._resume()
        steps = self.config.steps
        peak = peak_flops(self.world.device, self.dtype) * self.world.size
        meter = Meter(self.budget.flops_per_token, peak, (steps - self.step) * self.config.tokens_per_step)
        if self.world.first:
            self.out.check_space(self.state.size)
            self.checkpoints.clear()
        previous = signal.signal(signal.SIGTERM, self._on_terminate)
        try:
            with Journal(self.out, self.step, steps, meter) if self.world.first else nullcontext() as journal:
                if journal is not None:
                    for line in (*self.budget.lines(), self._headline(steps)):
                        journal.say(line)
                    for side in changed:
                        journal.say(f"changed since the checkpoint: {side}")
                pin = self.world.device.type == "cuda"
                folder = self.out.path / "profile" if self.profile and self.world.first else None
                with Prefetch(self.loader, self.step, steps, pin=pin) as batches, profiled(folder) as trace:
                    return self._run(batches, journal, trace, steps)
        finally:
            signal.signal(signal.SIGTERM, previous)

    def _run(self, batches: Prefetch, journal: Journal | None, trace: Any, steps: int) -> int:
        replica = self.world.wrap(self.state.model, random=self.config.dropout > 0)
        self._watch(replica, journal, steps)
        while self.step < steps and not self.state.stopping.now:
            # One rank may see it a step before another, which would then wait for it in vain.
            if self.world.any(launcher_is_gone()):
                print(f"the launcher of this run has ended; stopping at step {self.step}", file=sys.stderr)
                return 1
            self._step(replica, batches, journal)
            if trace is not None:
                trace.step()
            asked = self.world.any(self._stop)
            if not self.state.guard.exhausted and (asked or self._save_is_due(steps)):
                self._save(journal)
            if journal is not None:
                journal.progress(self.step)
            if self.state.guard.exhausted:
                if journal is not None:
                    journal.say(f"{IN_A_ROW} steps in a row were skipped; look at their documents, or lower the rate")
                return 1
            if asked and self.step < steps:
                return TERMINATED
            self._watch(replica, journal, steps)
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

    def _step(self, replica: torch.nn.Module, batches: Prefetch, journal: Journal | None) -> None:
        config = self.config
        began = time.perf_counter()
        batch = next(batches)
        waited = time.perf_counter() - began
        targets = self.loader.targets(self.step)
        done = update(self.state, replica, batch, targets, config=config, world=self.world, dtype=self.dtype)
        if journal is None:
            return
        journal.meter.add(config.tokens_per_step, waited)
        tokens = self.step * config.tokens_per_step
        if done.fault is None:
            journal.record(self.step, tokens=tokens, loss=done.loss, grad_norm=done.grad_norm, learning_rate=done.rate)
        else:
            names = sorted({s.doc_id for _, found in self.loader.sequence_documents(self.step - 1) for s in found})
            journal.record(self.step, tokens=tokens, skipped=done.fault, documents=names)
            more = f" and {len(names) - NAMED_DOCUMENTS} more in {self.out.metrics}" * (len(names) > NAMED_DOCUMENTS)
            listed = ", ".join(names[:NAMED_DOCUMENTS])
            journal.say(f"step {self.step} skipped, {done.fault}; its documents: {listed}{more}")

    # What is looked at meanwhile --------------------------------------------------------------------------------

    def _watch(self, replica: torch.nn.Module, journal: Journal | None, steps: int) -> None:
        if self.heldout is not None and self._due(self.config.eval_every, steps):
            loss = heldout_loss(replica, self.heldout, self.world, self.config, self.dtype)
            self.state.stopping.add(loss, self.step)
            if journal is not None:
                journal.record(self.step, heldout_loss=loss if math.isfinite(loss) else None)
        if self._due(self.config.sample_every, steps) and self.step:
            with self.world.precision(self.dtype):
                generator = TextGenerator(self.state.model, read_tokenizer(self.tokenizer))
                text = generator.complete("", max_tokens=SAMPLE_TOKENS, seed=self.step)
            if journal is not None:
                journal.record(self.step, sample=text)

    # Words ------------------------------------------------------------------------------------------------------

    def _headline(self, steps: int) -> str:
        state = "already complete" if self.step == steps else f"from step {self.step}"
        return (
            f"{self.budget.parameters / 1e6:.2f}M parameters, {steps} steps of {self.config.tokens_per_step} "
            f"tokens, {str(self.dtype).removeprefix('torch.')} on {self.world.size} x {self.world.device.type}: {state}"
        )

    def _report(self, journal: Journal) -> None:
        folder = self.checkpoints.all()[-1]
        stopping = self.state.stopping
        if stopping.now:
            journal.say(
                f"stopped at step {self.step}: {stopping.worse} held-out losses in a row were no better than "
                f"{stopping.best:.4f} at step {stopping.step}"
            )
            folder = self.checkpoints.of(stopping.step) or folder
        speeds = journal.meter.whole()
        write_atomic(self.out.path / "speed.json", canonical_json(speeds))
        figures = {
            "steps": self.step,
            "tokens": self.step * self.config.tokens_per_step,
            "loss": self.state.guard.losses[-1] if self.state.guard.losses else None,
            "heldout_loss": stopping.last,
            "best_heldout_loss": stopping.best,
            "parameters": self.budget.parameters,
            "checkpoint": str(folder),
        }
        journal.say("  ".join(f"{name} {value}" for name, value in figures.items() if value is not None))
        journal.report({**figures, **speeds}, digest(folder))
