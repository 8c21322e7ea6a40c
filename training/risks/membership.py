"""Membership: how well somebody who has the model can tell whether a text was among those that it was trained on.

The score of a text is its loss a byte (Yeom et al. 2018), or that beside the size to which zlib packs it, which takes
out how easy the text is anyway (Carlini et al. 2021, "Extracting training data from large language models"). An area
under the curve of one half is chance.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

import numpy as np

from training.inference.likelihoods import score_texts
from training.inference.model import Model
from training.risks.findings import Finding
from training.significance.intervals import Estimate

RESAMPLES = 1000


def measure_membership(model: Model, seen: Sequence[str], unseen: Sequence[str]) -> Iterator[Finding]:
    texts = [*seen, *unseen]
    nats = -score_texts(model, texts)
    sizes = {
        "loss a byte": np.array([len(text.encode()) for text in texts]),
        "loss beside zlib's size": np.array([len(zlib.compress(text.encode(), 9)) for text in texts]),
    }
    for name, size in sizes.items():
        scores = nats / size
        area = area_with_interval(scores[: len(seen)], scores[len(seen) :])
        yield Finding(
            risk="membership",
            measure="area under the curve",
            group=name,
            value=area.value,
            low=area.low,
            high=area.high,
            items=len(texts),
            harmless=0.5,
        )


def area_with_interval(lower: np.ndarray, higher: np.ndarray, seed: int = 0) -> Estimate:
    """How often one of `lower` (m,) is below one of `higher` (n,), equal ones half, with the 95 % interval of resamples
    of both. Raises ValueError where either is empty."""
    if not len(lower) or not len(higher):
        raise ValueError("texts of training and held-out texts are needed, at least one of each")
    wins = (lower[:, None] < higher) + 0.5 * (lower[:, None] == higher)  # [m, n]
    drawn = np.random.RandomState(seed)
    areas = [
        wins[drawn.randint(0, len(lower), len(lower))][:, drawn.randint(0, len(higher), len(higher))].mean()
        for _ in range(RESAMPLES)
    ]
    low, high = np.percentile(areas, (2.5, 97.5))
    return Estimate(
        float(wins.mean()), float(low), float(high), float(np.std(areas)), "bootstrap of both kinds of text"
    )
