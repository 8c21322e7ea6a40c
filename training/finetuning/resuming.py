"""Resuming: where a run that ended early goes on: the newest of Trainer's checkpoints that is whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR


@dataclass(frozen=True, kw_only=True)
class Resumption:
    """`ended`: whether the training was over there, by its patience or by its epochs. `epochs`: that it had."""

    folder: Path
    ended: bool
    epochs: int


def find_resumption(out: Path) -> Resumption | None:
    """Of the folder that has the checkpoints; None where none of them is whole."""
    for _, folder in sorted(_checkpoints(out), reverse=True):
        try:
            state = json.loads((folder / TRAINER_STATE_NAME).read_bytes())
        except (FileNotFoundError, ValueError):  # it is written last: the run ended before that, or in the middle of it
            continue
        control = state["stateful_callbacks"]["TrainerControl"]["args"]
        return Resumption(folder=folder, ended=control["should_training_stop"], epochs=round(state["epoch"]))
    return None


def _checkpoints(out: Path) -> Iterator[tuple[int, Path]]:
    """With the steps that they have."""
    for folder in out.glob(f"{PREFIX_CHECKPOINT_DIR}-*"):
        step = folder.name.removeprefix(f"{PREFIX_CHECKPOINT_DIR}-")
        if step.isdecimal():
            yield int(step), folder
