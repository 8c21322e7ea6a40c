"""Scores: what the checkpoints of a lake scored on benchmarks, and what was fine-tuned of them on its tasks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from corpus.lake.manifest import Manifest
from corpus.lake.stages import CHECKPOINT, FINETUNED, FINETUNED_SCORE, SCORE, SHRUNK
from corpus.lake.store import Lake
from corpus.lineage.graph import source_datasets


@dataclass(frozen=True, kw_only=True)
class Score:
    """A checkpoint's score on a task: `value` with its 95 % interval `low` to `high` over `n` items, None where there
    was nothing to ask. `baselines`: values of models to compare it with. `checkpoint`: digest of its dataset. Of what
    was fine-tuned of it `task` is "finetune." and the name in the recipe, of what it was shrunk to "shrink." and that.
    `stage` and `address`: of its own dataset."""

    task: str
    metric: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    chance: float | None
    higher_is_better: bool
    baselines: Mapping[str, float]
    definition: str
    checkpoint: str | None
    name: str
    stage: str
    address: str
    digest: str


def list_scores(lake: Lake) -> list[Score]:
    """Every score in the lake, by task, also those of models that were made of its checkpoints."""
    return [_score(lake, manifest) for stage in (SCORE, FINETUNED_SCORE, SHRUNK) for manifest in lake.datasets(stage)]


def checkpoint_of(lake: Lake, score: Manifest) -> Manifest | None:
    """The checkpoint that was scored, or of which the model was made that was scored."""
    found = list(source_datasets(lake, score).values())
    if score.stage == FINETUNED_SCORE:
        found = [one for made in found if made.stage == FINETUNED for one in source_datasets(lake, made).values()]
    return next((one for one in found if one.stage == CHECKPOINT), None)


def _score(lake: Lake, manifest: Manifest) -> Score:
    content: dict[str, Any] = json.loads(lake.fs.cat_file(f"{lake.folder(manifest)}/score/score.json"))
    checkpoint = checkpoint_of(lake, manifest)
    interval = content["score"] or {"value": None, "low": None, "high": None}
    names = ("task", "metric", "n", "chance", "higher_is_better", "definition")
    return Score(
        **{name: content[name] for name in names},
        **{name: interval[name] for name in ("value", "low", "high")},
        baselines={name: other["value"] for name, other in content["beside"].items()},
        checkpoint=checkpoint.digest if checkpoint else None,
        **{name: getattr(manifest, name) for name in ("name", "stage", "address", "digest")},
    )
