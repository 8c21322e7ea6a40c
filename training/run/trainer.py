"""Trainer: the loop of optimizer steps, from the newest intact checkpoint to the last step of the plan.

    resume -> [evaluate] -> (batch -> loss -> gradient -> guard -> update -> record -> [save] -> [evaluate]) * steps

"Step k" is the state after k updates. Update k reads the samples of `loader.samples(k - 1)`.
"""

from __future__ import annotations

import json
import math
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch

from corpus.lake.manifest import canonical_json, sha256
from corpus.shards.reader import ShardSet
from training.checkpoints.checkpoint import check_same_run, checkpoint_digest
from training.checkpoints.export import layout_files, read_tokenizer
from training.checkpoints.files import write_atomic
from training.checkpoints.start import Start
from training.config import TrainConfig, identity
from training.data.prefetch import Prefetch
from training.distributed.device import choose_dtype
from training.distributed.parallel import World, launcher_is_gone
from training.inference.generate import TextGenerator
from training.inference.sampling import Sampling
from training.models.config import ModelConfig
from training.models.module import CausalModel
from training.objectives.catalog import OBJECTIVES
from training.objectives.examples import Examples
from training.run.build import (
    build_budget,
    build_heldout_loader,
    build_loader,
    build_model,
    build_objective,
    check_plan,
    read_tokenizer_of,
)
from training.run.guard import MAX_SKIPPED
from training.run.heldout import compute_heldout_loss
from training.run.journal import Journal
from training.run.outdir import Outdir
from training.run.profiling import profile_steps
from training.run.state import State
from training.run.throughput import Meter, measure_peak_flops
from training.run.transfer import take_weights
from training.run.update import update_weights

TERMINATED = 128 + signal.SIGTERM
SAMPLE_TOKENS = 50
NAMED_DOCUMENTS = 10  # in a message; metrics.jsonl names all of them


class Trainer:
    """One rank of a run. Raises ValueError when shards, tokenizer, held-out set or saved run do not belong together.

    `start`: whose weights the first step begins with, None for random ones. `overrides` are settings, such as
    "train.learning_rate", in which a saved run may differ from this one. `profile` traces some of the first steps into
    OUT/profile.
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
        start: Start | None = None,
        overrides: Sequence[str] = (),
        profile: bool = False,
    ) -> None:
        self.model_config, self.config, self.out, self.world = model, config, out, world
        self.start, self.overrides, self.profile = start, overrides, profile
        check_plan(model, config, heldout, overrides)
        self.tokenizer = read_tokenizer_of(tokenizer, shards, heldout)
        self.loader = build_loader(shards, config, world)
        objective = build_objective(shards, self.tokenizer, config)
        self.examples = Examples(self.loader, objective)
        self.heldout = build_heldout_loader(heldout, config)
        self.heldout_examples = Examples(self.heldout, objective) if self.heldout else None
        self.dtype = choose_dtype(config.dtype, world.device)
        self.budget = build_budget(model, config, world, self.dtype)
        self.checkpoints = out.open_checkpoints(config.keep_last, config.keep_every)
        self.state = State(build_model(model, config, world, self.dtype), config, self.dtype)
        self._terminated = False

    @property
    def step(self) -> int:
        """Updates so far."""
        return self.state.step

    # The loop ---------------------------------------------------------------------------------------------------

    def run(self) -> int:
        """Trains to the end of the plan. Returns the exit code: 0 done, 1 given up, 143 terminated (and saved)."""
        self.out.check_is_shared(self.world)
        changes = self._resume()
        if self.world.is_main:
            self.out.check_space(self.state.size)
            self.checkpoints.remove_incomplete()
        peak = measure_peak_flops(self.world.device, self.dtype) * self.world.size
        meter = Meter(self.budget.flops_per_token, peak, (self.config.steps - self.step) * self.config.tokens_per_step)
        with self._catch_terminate(), self._open_journal(meter) as journal:
            if journal is not None:
                for line in (*self.budget.lines(), self._headline(), *changes):
                    journal.log(line)
            pin = self.world.device.type == "cuda"
            trace_folder = self.out.path / "profile" if self.profile and self.world.is_main else None
            with (
                Prefetch(self.examples, self.step, self.config.steps, pin=pin) as batches,
                profile_steps(trace_folder) as profiler,
            ):
                code = self._train(batches, journal, profiler)
        if self.world.is_main:
            self.out.push()
        return code

    def _train(self, batches: Prefetch, journal: Journal | None, profiler: Any) -> int:
        replica = self.world.wrap(self.state.model, random=self.config.dropout > 0)
        self._evaluate(replica, journal)
        while self.step < self.config.steps and not self.state.stopping.should_stop:
            # One rank may see it a step before another, which would then wait for it in vain.
            if self.world.any(launcher_is_gone()):
                print(f"the launcher of this run has ended; stopping at step {self.step}", file=sys.stderr)
                return 1
            self._train_step(replica, batches, journal)
            if profiler is not None:
                profiler.step()
            terminated = self.world.any(self._terminated)
            if not self.state.guard.exhausted and (terminated or self._save_is_due()):
                self._save(journal)
            if journal is not None:
                journal.progress(self.step)
            if self.state.guard.exhausted:
                if journal is not None:
                    journal.log(
                        f"{MAX_SKIPPED} steps in a row were skipped; inspect their documents, or lower --learning-rate"
                    )
                return 1
            if terminated and self.step < self.config.steps:
                return TERMINATED
            self._evaluate(replica, journal)
        if journal is not None:
            self._report(journal)
        return 0

    def _train_step(self, replica: torch.nn.Module, batches: Prefetch, journal: Journal | None) -> None:
        config = self.config
        started = time.perf_counter()
        batch = next(batches)
        waited = time.perf_counter() - started
        update = update_weights(self.state, replica, batch, config=config, world=self.world, dtype=self.dtype)
        if journal is None:
            return
        journal.meter.add(config.tokens_per_step, waited)
        values: dict[str, Any] = {"tokens": self.step * config.tokens_per_step}
        if update.fault is None:
            values |= {"loss": update.loss, "grad_norm": update.grad_norm, "learning_rate": update.learning_rate}
            journal.record(self.step, **values)
            return
        sequences = self.loader.sequence_documents(self.step - 1)
        names = sorted({source.doc_id for _, sources in sequences for source in sources})
        journal.record(self.step, **values, skipped=update.fault, documents=names)
        more = f" and {len(names) - NAMED_DOCUMENTS} more in {self.out.metrics}" * (len(names) > NAMED_DOCUMENTS)
        journal.log(
            f"step {self.step} skipped, {update.fault}; its documents: {', '.join(names[:NAMED_DOCUMENTS])}{more}"
        )

    def _evaluate(self, replica: torch.nn.Module, journal: Journal | None) -> None:
        """The held-out loss and a sample of text, where they are due."""
        if self.heldout_examples is not None and self._is_due(self.config.eval_every):
            loss = compute_heldout_loss(replica, self.heldout_examples, self.world, self.config, self.dtype)
            self.state.stopping.add(loss, self.step)
            if journal is not None:
                journal.record(self.step, heldout_loss=loss if math.isfinite(loss) else None)
        if self._is_due(self.config.sample_every) and self.step and isinstance(self.state.model, CausalModel):
            generator = TextGenerator(self.state.model, read_tokenizer(self.tokenizer))
            with self.world.precision(self.dtype):
                text = generator.complete("", max_tokens=SAMPLE_TOKENS, sampling=Sampling(seed=self.step))
            if journal is not None:
                journal.record(self.step, sample=text)

    def _is_due(self, every: int) -> bool:
        return every > 0 and (self.step % every == 0 or self.step == self.config.steps)

    def _save_is_due(self) -> bool:
        """A run that may end early may do so after any held-out loss, and the best of them must have been saved."""
        return self._is_due(self.config.checkpoint_every) or (
            self.config.patience > 0 and self._is_due(self.config.eval_every)
        )

    # State ------------------------------------------------------------------------------------------------------

    def _identity(self) -> dict[str, Any]:
        values = identity(self.model_config.asdict(), self.config)
        values["train"]["dtype"] = str(self.dtype).removeprefix("torch.")
        values["heldout"] = None if self.heldout is None else self.heldout.shards.fingerprint
        values["start"] = None if self.start is None else self.start.digest
        return {**values, "shards": self.loader.shards.fingerprint, "tokenizer": sha256(self.tokenizer)}

    def _resume(self) -> list[str]:
        """Returns to the newest intact checkpoint, where there is one, and else takes the weights of the start. Returns
        what was overridden, or what the start does not share, a line each."""
        folder = self.world.broadcast(self.checkpoints.newest() if self.world.is_main else None)
        if folder is None:
            if self.start is None:
                return []
            return take_weights(self.start, self.state.model, self._layout()["tokenizer.json"])
        self.checkpoints.bring(folder)
        saved = json.loads((folder / "state.json").read_bytes())
        changes = check_same_run(saved["run"], self._identity(), folder, self.overrides)
        self.state.load(folder, self.loader.step_of(saved["loader"]), saved)
        return [f"changed since the checkpoint: {change}" for change in changes]

    def _save(self, journal: Journal | None) -> None:
        if journal is not None:
            self.out.check_lock()
            journal.sync()
        about = {"loader": self.loader.state(self.step), "run": self._identity(), **self.state.counters()}
        files = {**self._layout(), "state.json": canonical_json(about)}
        self.state.save(self.checkpoints, self.world, files)

    def _layout(self) -> dict[str, bytes]:
        """What a checkpoint has besides its tensors, whatever the step."""
        known = OBJECTIVES[self.config.objective]
        return layout_files(self.model_config, self.tokenizer, known.tokens, known.roles)

    # Around the loop --------------------------------------------------------------------------------------------

    @contextmanager
    def _catch_terminate(self) -> Iterator[None]:
        """Lets SIGTERM end the run after the step that it interrupts."""

        def terminate(*_: object) -> None:
            self._terminated = True

        previous = signal.signal(signal.SIGTERM, terminate)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, previous)

    def _open_journal(self, meter: Meter) -> Journal | nullcontext[None]:
        return Journal(self.out, self.step, self.config.steps, meter) if self.world.is_main else nullcontext()

    def _headline(self) -> str:
        steps, dtype = self.config.steps, str(self.dtype).removeprefix("torch.")
        state = "already complete" if self.step == steps else f"from step {self.step}"
        return (
            f"{self.budget.parameters / 1e6:.2f}M parameters, {steps} steps of {self.config.tokens_per_step} tokens, "
            f"{dtype} on {self.world.size} x {self.world.device.type}: {state}"
        )

    def _report(self, journal: Journal) -> None:
        folder, stopping = self.checkpoints.all()[-1], self.state.stopping
        if stopping.should_stop:
            journal.log(
                f"stopped at step {self.step}: {stopping.since_best} held-out losses in a row were no better than "
                f"{stopping.best:.4f} at step {stopping.step}"
            )
            folder = self.checkpoints.at_step(stopping.step) or folder
        speeds = journal.meter.totals()
        write_atomic(self.out.path / "speed.json", canonical_json(speeds))
        figures = {
            "steps": self.step,
            "tokens": self.step * self.config.tokens_per_step,
            "loss": self.state.guard.losses[-1] if self.state.guard.losses else None,
            "heldout_loss": stopping.last,
            "best_heldout_loss": stopping.best,
            "parameters": self.budget.parameters,
            "checkpoint": self.checkpoints.place(folder),
        }
        journal.log("  ".join(f"{name} {value}" for name, value in figures.items() if value is not None))
        journal.report({**figures, **speeds}, checkpoint_digest(folder))
