"""Scores: what the checkpoints of a lake scored on benchmarks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from corpus.lake.stages import CHECKPOINT, SCORE
from corpus.lake.store import Lake
from corpus.lineage.graph import source_datasets


@dataclass(frozen=True, kw_only=True)
class Score:
    """A checkpoint's score on a task: `value` with its 95 % interval `low` to `high` over `n` items, None where there
    was nothing to ask. `baselines`: values of models to compare it with. `checkpoint`: digest of its dataset."""

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
    address: str
    digest: str


def list_scores(lake: Lake) -> list[Score]:
    """Every score in the lake, by task."""
    scores = []
    for manifest in lake.datasets(SCORE):
        content: dict[str, Any] = json.loads(lake.fs.cat_file(f"{lake.folder(manifest)}/score/score.json"))
        interval = content["score"] or {"value": None, "low": None, "high": None}
        names = ("task", "metric", "n", "chance", "higher_is_better", "definition")
        models = [source for source in source_datasets(lake, manifest).values() if source.stage == CHECKPOINT]
        scores.append(
            Score(
                **{name: content[name] for name in names},
                **{name: interval[name] for name in ("value", "low", "high")},
                baselines={name: other["value"] for name, other in content["beside"].items()},
                checkpoint=models[0].digest if models else None,
                name=manifest.name,
                address=manifest.address,
                digest=manifest.digest,
            )
        )
    return scores
