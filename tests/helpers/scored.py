"""Scored: results of made-up checkpoints, in the form in which an evaluation leaves them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from training.significance.results import ITEMS, Results


def results(
    values: Sequence[float] | np.ndarray,
    *,
    task: str = "quiz",
    checkpoint: str = "c0",
    weights: Sequence[float] | np.ndarray | None = None,
    clusters: Sequence[Any] | np.ndarray | None = None,
    groups: Sequence[str] | None = None,
    names: Sequence[str] | None = None,
    prompt: str = "asked",
    **score: Any,
) -> Results:
    n = len(values)
    names = names or [f"item-{place:05}" for place in range(n)]
    columns: dict[str, Any] = {
        "item_id": names,
        "doc_hash": [f"doc of {name}" for name in names],
        "prompt_hash": [f"{prompt} of {name}" for name in names],
        "cluster": names if clusters is None else [f"passage {cluster}" for cluster in clusters],
        "group": groups or [""] * n,
        "gold": [None] * n,
        **{name: [[]] * n for name in ("log_likelihoods", "greedy", "characters", "bytes")},
        "generated": [None] * n,
        "value": np.asarray(values, dtype=np.float64),
        "weight": np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64),
    }
    told = {
        "task": task,
        "version": 1,
        "definition": "d1",
        "metric": "acc",
        "higher_is_better": True,
        "n": n,
        "chance": 0.25,
        "inputs": {"checkpoint": checkpoint, "data": "data-1"},
    }
    return Results({**told, **score}, pa.table(columns, ITEMS))
