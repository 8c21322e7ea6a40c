"""Membership: how well somebody who has the model can tell whether a text was among those that it was trained on.

The score of a text is its loss a byte (Yeom et al. 2018), or that beside the size to which zlib packs it, which takes
out how easy the text is anyway (Carlini et al. 2021, "Extracting training data from large language models"). An area
under the curve of one half is chance.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np

from training.risks.area import area_with_interval
from training.risks.findings import Finding, found
from training.risks.texts import ScoredTexts


def measure_membership(seen: ScoredTexts, unseen: ScoredTexts) -> Iterator[Finding]:
    for name, size in (("loss a byte", _size), ("loss beside zlib's size", _packed_size)):
        lower, higher = (kind.nats / np.array([size(text) for text in kind.texts]) for kind in (seen, unseen))
        count = len(lower) + len(higher)
        yield found("membership", "area under the curve", name, area_with_interval(lower, higher), count, 0.5)


def _size(text: str) -> int:
    return len(text.encode())


def _packed_size(text: str) -> int:
    return len(zlib.compress(text.encode(), 9))
