"""Trials: a recipe of the lake each, with the base's data where the settings leave them as they are."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import dagster as dg

from corpus.lake.current import RecipeLake
from corpus.lake.stages import CHECKPOINT, SPLIT
from corpus.lake.store import Lake
from dagster_project.tuning_studies import study_folder
from headwater.graph_run import GraphRun
from headwater.tuning.measures import LOSS, Texts, bits_per_byte, check_causal, final_loss
from headwater.tuning.study import EVALUATIONS
from headwater.tuning.watching import WatchedTrainer
from pipelines.engine import Engine
from recipes.files import ensure_recipe, find_recipe
from recipes.named import Recipe
from recipes.training import TrainingConfig
from training.checkpoints.start import open_start
from training.config import TrainConfig
from training.models.config import ModelConfig
from training.optim.scaling import apply_step_law

Report = Callable[[int, float], bool]  # (number of the loss, from 1; loss) -> whether to go on


class HopelessError(Exception):
    """A trial that was ended because its losses are no good, or that diverged."""


class Train(Protocol):
    """What a study does for a trial: tests have another one."""

    def __call__(self, name: str, changes: Mapping[str, Any], report: Report | None) -> float:
        """Trains the base with these changes as the recipe `name`; what it is compared by. Raises HopelessError."""


@dataclass(frozen=True, kw_only=True)
class Trainer:
    """`base`: the recipe that is tuned. `crawls`: partition keys, whose ids are `ids`."""

    lake: str
    base: str
    crawls: tuple[str, ...]
    ids: tuple[str, ...]
    study: str
    measure: str
    engine: Engine

    def __call__(self, name: str, changes: Mapping[str, Any], report: Report | None = None) -> float:
        lake = Lake(self.lake)
        found = ensure_recipe(lake, name, self.base, changes)
        _, train = plan_of(found.recipe.training)
        every, last = train.eval_every, -(-train.steps // train.eval_every)
        view = RecipeLake(self.lake, name)

        def go_on(step: int, loss: float) -> bool:
            number = -(-step // every)
            trainer.diverged = not math.isfinite(loss)
            return not trainer.diverged and (report is None or report(number, loss) or number >= last)

        log = study_folder(lake, self.study) / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        trainer = WatchedTrainer(go_on, log)
        try:
            GraphRun(lake, self.engine, name, quiet=True, pipes=trainer).run_until(
                self.crawls, {}, [dg.AssetKey(CHECKPOINT)]
            )
        except RuntimeError as error:
            if trainer.diverged or trainer.stopped_at is not None:
                raise HopelessError(
                    "diverged" if trainer.diverged else f"stopped at step {trainer.stopped_at}"
                ) from error
            raise
        loss, along = final_loss(view, self.ids)
        if not trainer.started:  # it is there already: a killed process had no time to say so
            for step, earlier in sorted(along.items()):
                if step and not go_on(step, earlier):
                    trainer.stopped_at = step
                    break
        if trainer.stopped_at is not None:  # also where the trainer was through before the signal came
            raise HopelessError(f"stopped at step {trainer.stopped_at}")
        if not math.isfinite(loss):
            raise HopelessError("diverged")
        return loss if self.measure == LOSS else self._bits(view, name)

    def _bits(self, view: RecipeLake, name: str) -> float:
        base = RecipeLake(self.lake, self.base)
        config = find_recipe(base, self.base).recipe.heldout
        texts = Texts(lake=base, split=base.of_crawls(SPLIT, self.ids), config=config)
        return bits_per_byte(view, self.ids, texts, study_folder(base, self.study) / "scores" / name)

    def compute_data(self) -> None:
        """The base's, which the trials share."""
        GraphRun(Lake(self.lake), self.engine, self.base, quiet=True).run_until_shards(self.crawls)


def check_can_be_compared(trainer: Trainer, base: Recipe) -> None:
    """Raises ValueError where the measure cannot be had of the base's models."""
    model, _ = plan_of(base.training)
    if trainer.measure != LOSS:
        check_causal(model.CAUSAL, model.model_type)


def plan_of(config: TrainingConfig) -> tuple[ModelConfig, TrainConfig]:
    """As the trainer has it, of any vocabulary."""
    start = open_start(config.start).model if config.start else None
    model, train = config.plan(1 << 16, 0, start)
    return model, apply_step_law(train, model)[0]


def watched(recipe: Recipe, watch: bool) -> dict[str, Any]:
    """How the trial of a recipe is measured on its way, as changes: a loss at each ninth of it where it may be stopped,
    else at its end alone; saved as often, so that a killed one goes on; no checkpoints for a learning curve. With a
    patience the recipe's own losses decide when a run ends, and stay as they are."""
    _, train = plan_of(recipe.training)
    every = train.eval_every if train.patience else -(-train.steps // EVALUATIONS)
    shown = every if watch or train.patience else train.steps
    return {"along": 0, "eval_every": shown, "checkpoint_every": every, "keep_last": 1}
