"""Readings: the training steps in which checkpoints read tokens of shards.

Provenance, not influence: a step that read a document is a fact of the run; what the model would be without it is not
known.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from corpus.lake.manifest import Manifest
from corpus.lake.stages import CHECKPOINT, SHARDS, kinds_read
from corpus.lake.store import Lake
from corpus.shards.reader import ShardSet
from dagster_project.folders import local_folder
from training.data.loader import Loader

CLAIM = "provenance, not influence"
SPLITS = ("train", "heldout")
OTHER_VERSION = "not read, another version of Headwater wrote them"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The training steps, from 1, in which a checkpoint of `total_steps` steps read some of the tokens."""

    checkpoint: str
    total_steps: int
    steps: tuple[int, ...]


class Readers:
    """The checkpoints that were trained on the shards of a dataset."""

    def __init__(self, lake: Lake, manifest: Manifest, shards: ShardSet) -> None:
        self.lake, self.manifest, self.shards = lake, manifest, shards

    def readings(self, first: int, end: int) -> tuple[Reading, ...]:
        """Of tokens [first, end) of the training stream."""
        return self.readings_of(np.array([first]), np.array([end]))

    def readings_of(self, firsts: np.ndarray, ends: np.ndarray) -> tuple[Reading, ...]:
        """Of any token of these ranges of the training stream, in its order."""
        return tuple(
            Reading(
                checkpoint=address,
                total_steps=total,
                steps=tuple(int(step) + 1 for step in loader.steps_reading(firsts, ends, total)),
            )
            for address, total, loader in self._loaders
        )

    @cached_property
    def _loaders(self) -> list[tuple[str, int, Loader]]:
        content = self.manifest.content(kinds_read(CHECKPOINT, SHARDS))
        return [
            (checkpoint.address, int(checkpoint.figures["step"]), open_loader(self.lake, checkpoint, self.shards))
            for checkpoint in self.lake.datasets(CHECKPOINT)
            if checkpoint.inputs.get(self.manifest.name) == content
        ]


class OpenShards:
    """The shards of a lake and those that read them, each opened once: what is asked of them many times."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._opened: dict[str, tuple[dict[str, ShardSet], Readers]] = {}

    def open(self, manifest: Manifest) -> tuple[dict[str, ShardSet], Readers]:
        """The shards of a dataset by split, and the readers of those of training. Raises as `open_shards`."""
        if manifest.address not in self._opened:
            sets = {split: open_shards(self._lake, manifest, split) for split in SPLITS}
            self._opened[manifest.address] = sets, Readers(self._lake, manifest, sets["train"])
        return self._opened[manifest.address]


def open_shards(lake: Lake, manifest: Manifest, split: str) -> ShardSet:
    """Raises OtherVersionError where another version of Headwater wrote them."""
    return ShardSet(lake.local_copy(manifest, split, local_folder(lake, "cache")))


def open_loader(lake: Lake, checkpoint: Manifest, shards: ShardSet) -> Loader:
    """The loader with which a checkpoint was trained."""
    state = json.loads(lake.fs.cat_file(f"{lake.folder(checkpoint)}/model/state.json"))
    settings = state["run"]["train"]
    names = ("context", "global_batch", "seed", "packing")
    return Loader(shards, **{name: settings[name] for name in names})
