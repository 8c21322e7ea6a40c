"""Measures: what the trials of a study are compared by. Losses of different texts or tokens are not comparable.

held_out_loss    nats a token of the held-out shards, by the trainer, as it trains. Where only training differs
bits_per_byte    of the pages that the base recipe holds out, for every trial alike, at the end. Where documents, tokens
                 or what is predicted of them differ: a byte is a byte whatever the tokenizer
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from corpus.holdout.heldout import HeldOutConfig, HeldOutIndex
from corpus.lake.current import RecipeLake
from corpus.lake.manifest import Manifest
from corpus.lake.stages import CHECKPOINT, SPLIT
from corpus.lake.store import Lake
from dagster_project.assets.model import read_metrics, run_module
from dagster_project.assets.scores import MODULE, ScoreConfig
from dagster_project.folders import local_folder
from headwater.tuning.ranges import Range

LOSS, BITS = "held_out_loss", "bits_per_byte"
UNITS = {LOSS: "held-out loss, nats a token", BITS: "bits per byte of the base's held-out pages"}
# Settings of training that change which tokens are predicted, or from what: then a loss per token is of something else.
PREDICTED = frozenset(
    {
        *("preset", "start", "family", "context", "packing", "document_masks"),
        *("objective", "mask_share", "mean_span", "whole_words", "label_smoothing"),
    }
)


class NotComparableError(ValueError):
    """Of a trial that has read texts by which it would be judged."""


def choose_measure(ranges: Sequence[Range]) -> str:
    """The loss where only settings differ that leave the held-out tokens and what is predicted of them as they are."""
    parts = [one.name.split(".") for one in ranges]
    alike = all(part[0] == "training" and part[-1] not in PREDICTED for part in parts)
    return LOSS if alike else BITS


def check_causal(causal: bool, family: str) -> None:
    """Raises ValueError where bits per byte cannot be had."""
    if not causal:
        raise ValueError(
            f"trials whose data or tokens differ are compared by bits per byte, which a model of the family {family} "
            f"does not give; tune settings of training alone, or another family"
        )


@dataclass(frozen=True, kw_only=True)
class Texts:
    """The pages that the base recipe holds out: `lake` as the base sees it."""

    lake: Lake
    split: Manifest
    config: HeldOutConfig


def final_loss(lake: RecipeLake, ids: Sequence[str]) -> tuple[float, dict[int, float]]:
    """Of the recipe's checkpoint: its last held-out loss, and all of them by step. Raises ValueError where none was
    measured."""
    model = lake.of_crawls(CHECKPOINT, ids)
    losses = {line["step"]: line["heldout_loss"] for line in read_metrics(lake, model) if "heldout_loss" in line}
    if not losses:
        raise ValueError("no loss was measured: the held-out pages are not one sequence; take a larger crawl")
    last = losses[max(losses)]
    return (float("inf") if last is None else last), {step: loss for step, loss in losses.items() if loss is not None}


def bits_per_byte(lake: RecipeLake, ids: Sequence[str], texts: Texts, out: Path) -> float:
    """Of the base's held-out pages, by the recipe's checkpoint. `out`: an own folder for what was measured. Raises
    NotComparableError where the recipe trains on one of them, or on a page that is nearly one."""
    _check_not_read(lake, ids, texts)
    model, cache = lake.of_crawls(CHECKPOINT, ids), local_folder(lake, "cache")
    pages = texts.lake.local_copy(texts.split, "heldout", cache)
    flags = ["--checkpoint", str(lake.local_copy(model, "model", cache)), "--task", BITS, "--data", str(pages)]
    run_module(MODULE, *flags, "--out", str(out), "--threads", str(ScoreConfig.threads))
    found: dict[str, Any] = json.loads((out / BITS / "score.json").read_bytes())
    return float(found["score"]["value"])


def _check_not_read(lake: RecipeLake, ids: Sequence[str], texts: Texts) -> None:
    """By the bounds by which the base takes training pages out that are nearly held-out ones."""
    split = lake.of_crawls(SPLIT, ids)
    if split.address == texts.split.address:
        return
    from corpus.duplicates.shingles import compute_shingle_sets

    pages = pa.concat_tables(texts.lake.read(texts.split, "heldout", ["text"]))
    held = compute_shingle_sets(pages["text"], texts.config.shingle_words)
    index = HeldOutIndex([held[place] for place in range(len(held))], texts.config)
    near: set[int] = set()
    for table in lake.read(split, "train", ["text"]):
        sets = compute_shingle_sets(table["text"], texts.config.shingle_words)
        for place in range(len(sets)):
            closest, jaccard, contained = index.closest(sets[place])
            if jaccard >= texts.config.similarity or contained >= texts.config.containment:
                near.add(closest)
    if near:
        raise NotComparableError(
            f"it trains on {len(near)} of the {len(held)} pages that the base holds out, or on nearly the same"
        )


def spread(values: Sequence[float]) -> float | None:
    """The standard deviation between seeds; None of one."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else None
