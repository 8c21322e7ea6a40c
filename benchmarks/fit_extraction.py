"""Fit: the weights of corpus/extract/choice.py, from the half of the gold pages that is tuned on.

Two logistic regressions by Newton's method with an L2 penalty: of a block by itself, then with its neighbours as the
first one scored them. A block's label is the share of its word 4-grams that the gold text has; short blocks' whole text
is looked for. A block weighs its share of its page's words, so that every page counts alike. Printed: four-fold cross
validation over pages. `python -m benchmarks.fit_extraction [FOLDER]` overwrites corpus/extract/weights.json.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from resiliparse.parse.html import HTMLTree

from benchmarks.gold import GoldPage, f1, read
from corpus.extract.blocks import read_blocks
from corpus.extract.choice import MAX_SCORE, choose_blocks
from corpus.extract.features_context import CONTEXT_FEATURES, compute_context_features
from corpus.extract.features_local import LOCAL_FEATURES, SHORT, Features, Ints, LocalFeatures, compute_local_features
from corpus.extract.kernels.lines import BLOCK, HEADING
from corpus.extract.regions import mark_regions
from corpus.text.charset import convert_to_utf8
from corpus.text.normal_form import words

WEIGHTS = Path(__file__).resolve().parents[1] / "corpus" / "extract" / "weights.json"
PENALTY, STEPS, FOLDS = 0.5, 12, 4
SHORT_WORDS, SNIPPET_WEIGHT, ALL_TEXT_WEIGHT, FEWEST_WORDS = 6, 0.25, 0.3, 20

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Sample:
    page: GoldPage
    text: list[str]
    local: LocalFeatures
    label: Floats
    weight: Floats

    @property
    def fold(self) -> int:
        return hashlib.sha256(b"x" + self.page.name.encode()).digest()[0] % FOLDS

    def context(self, first: Ints) -> Ints:
        """The score alone, then CONTEXT_FEATURES for every block, for short ones and for headings."""
        score = np.clip(_score(first, self.local.features), -MAX_SCORE, MAX_SCORE)
        x = compute_context_features(score, self.local)
        short, heading = self.local.blocks[:, [BLOCK.width]] < SHORT, self.local.blocks[:, [BLOCK.tag]] == HEADING
        return np.concatenate([score[:, None], x, x * short, x * heading], 1)


def sample(page: GoldPage) -> Sample | None:
    decoded = convert_to_utf8(page.html, None)
    if decoded is None:
        return None
    marked, regions = mark_regions(decoded[0])
    tree = HTMLTree.parse(marked)
    blocks = read_blocks(tree, " ".join((tree.title or "").split()), regions)
    text = blocks.texts()
    if not text:
        return None
    label, weight = _snippet_labels(page, text) if page.gold is None else _labels(page.gold, text)
    return Sample(
        page=page,
        text=text,
        local=compute_local_features(blocks, regions),
        label=label,
        weight=weight,
    )


def _labels(gold: str, texts: list[str]) -> tuple[Floats, Floats]:
    wanted = words(gold)
    phrase = f" {' '.join(wanted)} "
    grams = set(zip(wanted, wanted[1:], wanted[2:], wanted[3:], strict=False))
    label, count = np.zeros(len(texts)), np.zeros(len(texts))
    for number, text in enumerate(texts):
        found = words(text)
        count[number] = len(found)
        if len(found) > SHORT_WORDS:
            own = list(zip(found, found[1:], found[2:], found[3:], strict=False))
            label[number] = sum(gram in grams for gram in own) / len(own)
        elif found:
            label[number] = f" {' '.join(found)} " in phrase
    return label, count / (ALL_TEXT_WEIGHT * count.sum() + (label * count).sum() + FEWEST_WORDS)


def _snippet_labels(page: GoldPage, texts: list[str]) -> tuple[Floats, Floats]:
    wanted = np.array([any(snippet in text for snippet in page.wanted) for text in texts])
    unwanted = np.array([any(snippet in text for snippet in page.unwanted) for text in texts])
    return wanted.astype(float), SNIPPET_WEIGHT * (wanted | unwanted)


def fit(x: Sequence[Ints | Features], samples: list[Sample]) -> Ints:
    """Hundredths of a logit for a measure of 100; the last one is the bias."""
    inputs = np.concatenate(x) / 100
    inputs = np.concatenate([inputs, np.ones((len(inputs), 1))], 1)
    label = np.concatenate([one.label for one in samples])
    weight = np.concatenate([one.weight for one in samples])
    penalty = PENALTY * np.eye(inputs.shape[1])
    penalty[-1, -1] = 0
    found = np.zeros(inputs.shape[1])
    for _ in range(STEPS):
        likely = 1 / (1 + np.exp(-np.clip(inputs @ found, -15, 15)))
        slope = inputs.T @ (weight * (likely - label)) + penalty @ found
        curve = (inputs * (weight * likely * (1 - likely))[:, None]).T @ inputs + penalty
        found -= np.linalg.solve(curve + 1e-6 * np.eye(len(found)), slope)
    return np.round(100 * found).astype(np.int64)


def _score(weights: Ints, x: Ints | Features) -> Ints:
    return x @ weights[:-1] // 100 + weights[-1]


def fit_both(samples: list[Sample]) -> tuple[Ints, Ints]:
    first = fit([one.local.features for one in samples], samples)
    return first, fit([one.context(first) for one in samples], samples)


def cross_validate(samples: list[Sample]) -> None:
    scores: dict[str, list[tuple[float, ...]]] = {}
    for fold in range(FOLDS):
        first, second = fit_both([one for one in samples if one.fold != fold])
        for one in samples:
            if one.fold == fold:
                keep = choose_blocks(_score(second, one.context(first)), one.local.weight)
                text = "\n".join(text for text, stays in zip(one.text, keep, strict=True) if stays)
                page = one.page
                if page.gold is not None:
                    scores.setdefault(page.source, []).append(f1(text, page.gold))
                else:
                    right = sum(snippet in text for snippet in page.wanted)
                    wrong = sum(snippet in text for snippet in page.unwanted)
                    scores.setdefault("snippets", []).append((right, len(page.wanted), wrong))
    for source, found in scores.items():
        if source == "snippets":
            right, wanted, wrong = np.sum(found, axis=0)
            print(f"{source}: F1 {2 * right / (right + wrong + wanted):.3f}")
        else:
            print(f"{source}: precision, recall, F1 {np.mean(found, axis=0).round(3).tolist()}")


def main() -> None:
    samples = [one for page in read(sys.argv[1:]) if page.tuned_on and (one := sample(page)) is not None]
    cross_validate(samples)
    first, second = (weights.tolist() for weights in fit_both(samples))
    size = len(CONTEXT_FEATURES)
    parts = [second[1 + start * size : 1 + (start + 1) * size] for start in range(3)]
    fitted = {
        "local": {**dict(zip(LOCAL_FEATURES, first, strict=False)), "bias": first[-1]},
        "context": {"score": second[0], **dict(zip(CONTEXT_FEATURES, parts[0], strict=True)), "bias": second[-1]},
        "context: short": dict(zip(CONTEXT_FEATURES, parts[1], strict=True)),
        "context: heading": dict(zip(CONTEXT_FEATURES, parts[2], strict=True)),
    }
    WEIGHTS.write_text(json.dumps(fitted, indent=1) + "\n")


if __name__ == "__main__":
    main()
