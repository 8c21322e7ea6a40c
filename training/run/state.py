"""State: all that changes during a run, and how a checkpoint holds it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from training.checkpoints.checkpoint import MOMENTS, Checkpoints
from training.checkpoints.tensors import load_tensors, save_tensors
from training.config import TrainConfig
from training.distributed.parallel import World
from training.models.module import TrainableModel
from training.optim.optimizer import Optimizer
from training.run.guard import Guard
from training.run.stopping import EarlyStopping

WEIGHTS = "model.safetensors"


class State:
    """At the start of a run. `model` must be sharded already, for the optimizer's tensors are laid out as its are."""

    def __init__(self, model: TrainableModel, config: TrainConfig, dtype: torch.dtype) -> None:
        self.model, self.optimizer = model, Optimizer(model, config, dtype)
        self.guard, self.stopping = Guard(), EarlyStopping(config.patience)
        self.step = 0

    def _tensors(self) -> dict[str, dict[str, Tensor]]:
        return {WEIGHTS: self.model.state_dict(), MOMENTS: self.optimizer.state()}

    @property
    def size(self) -> int:
        """Bytes of a checkpoint's tensors."""
        return sum(value.numel() * value.element_size() for part in self._tensors().values() for value in part.values())

    def counters(self) -> dict[str, Any]:
        """All state except tensors, for JSON."""
        return {
            "guard": self.guard.state(),
            "stopping": self.stopping.state(),
            "updates": self.optimizer.updates,
        }

    def save(self, checkpoints: Checkpoints, world: World, files: Mapping[str, bytes]) -> None:
        """Publishes this step: its tensors and `files`. Every rank calls it; none returns before all is on disk."""
        writing = checkpoints.begin(self.step) if world.is_main else None
        if writing is not None:
            for name, content in files.items():
                (writing / name).write_bytes(content)
        folder = world.broadcast(writing)
        assert folder is not None
        for name, tensors in self._tensors().items():
            save_tensors(tensors, folder / name, world.is_main)
        if world.is_main:
            checkpoints.publish(self.step, best=self.stopping.step if self.stopping.patience else 0)
        world.any(False)  # all ranks wait here for each other

    def load(self, folder: Path, step: int, counters: Mapping[str, Any]) -> None:
        """Restores a checkpoint that `save` wrote. Raises ValueError when it is of another model."""
        self.step = step
        self.guard = Guard(**counters["guard"])
        self.stopping = EarlyStopping(self.stopping.patience, **counters["stopping"])
        self.optimizer.updates = counters["updates"]
        for name, tensors in self._tensors().items():
            load_tensors(tensors, folder / name)
