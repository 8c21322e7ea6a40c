"""Fit: the decision trees of corpus/extract/trees.npz, from the half of the gold pages that is tuned on.

Two steps of boosted trees (LightGBM), of a block by itself, then with its neighbours as trees that had not seen its
page scored them. A block's label is the share of its word 4-grams that the gold text has; short blocks' whole text is
looked for. A block weighs its share of its page's words, so that every page counts alike. Printed: four-fold cross
validation over pages. `python -m benchmarks.fit_extraction [FOLDER]` overwrites corpus/extract/trees.npz; it needs the
package lightgbm.
"""

from __future__ import annotations

import hashlib
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from benchmarks.gold import GoldPage, f1, read
from corpus.extract.choice import MAX_SCORE, choose_blocks, context_inputs
from corpus.extract.features_local import Features, LocalFeatures, compute_local_features
from corpus.extract.page import read_visible
from corpus.extract.trees import UNITS, Trees, score_blocks
from corpus.text.charset import convert_to_utf8
from corpus.text.normal_form import words

TREES = Path(__file__).resolve().parents[1] / "corpus" / "extract" / "trees.npz"
FOLDS, PARTS = 4, 3
ROUNDS = {"local": 150, "context": 60}
PARAMETERS = {
    "objective": "cross_entropy",  # labels are shares
    "learning_rate": 0.08,
    "num_leaves": 31,
    "min_data_in_leaf": 60,
    "lambda_l2": 5.0,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "seed": 0,
    "deterministic": True,
    "force_col_wise": True,
    "num_threads": 2,
    "verbose": -1,
}
SHORT_WORDS, SNIPPET_WEIGHT, ALL_TEXT_WEIGHT, FEWEST_WORDS = 6, 0.25, 0.3, 20

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Sample:
    page: GoldPage
    text: list[str]
    local: LocalFeatures
    label: Floats
    weight: Floats

    def part(self, parts: int, salt: bytes) -> int:
        """One of so many parts of all pages."""
        return hashlib.sha256(salt + self.page.name.encode()).digest()[0] % parts


def sample(page: GoldPage) -> Sample | None:
    decoded = convert_to_utf8(page.html, None)
    if decoded is None:
        return None
    reading = read_visible(decoded[0])
    text = reading.blocks.texts()
    if not text:
        return None
    label, weight = _snippet_labels(page, text) if page.gold is None else _labels(page.gold, text)
    local = compute_local_features(reading.blocks, reading.regions)
    return Sample(page=page, text=text, local=local, label=label, weight=weight)


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


def fit(step: str, inputs: Sequence[Features], samples: Sequence[Sample]) -> Trees:
    weight = np.concatenate([one.weight for one in samples])
    label = np.concatenate([one.label for one in samples])
    data = lightgbm.Dataset(np.concatenate(inputs), label, weight=weight / weight.mean())
    return flatten(lightgbm.train(PARAMETERS, data, num_boost_round=ROUNDS[step]).dump_model()["tree_info"])


def flatten(trees: list[dict[str, Any]]) -> Trees:
    """LightGBM's trees as arrays; bounds are whole numbers, as features are."""
    rows: list[tuple[int, int, int, int]] = []
    values: list[int] = []

    def place(node: dict[str, Any]) -> int:
        if "leaf_value" in node:
            values.append(round(100 * UNITS * node["leaf_value"]))
            return -len(values)
        number = len(rows)
        rows.append((0, 0, 0, 0))
        bound = int(np.clip(np.floor(node["threshold"]), -32_768, 32_767))
        rows[number] = (node["split_feature"], bound, place(node["left_child"]), place(node["right_child"]))
        return number

    roots = [place(tree["tree_structure"]) for tree in trees]
    columns = np.array(rows, np.int32).reshape(-1, 4).T
    return Trees(
        roots=np.array(roots, np.int32),
        feature=columns[0].astype(np.int16),
        bound=columns[1].astype(np.int16),
        left=columns[2].copy(),
        right=columns[3].copy(),
        values=np.array(values, np.int32),
    )


def fit_both(samples: Sequence[Sample]) -> tuple[Trees, Trees]:
    parts = defaultdict(list)
    for one in samples:
        parts[one.part(PARTS, b"y")].append(one)
    inputs: list[Features] = []
    ordered: list[Sample] = []
    for part, own in parts.items():
        others = [one for other, several in parts.items() if other != part for one in several]
        unseen = fit("local", [one.local.features for one in others], others)
        inputs += [context_inputs(score_blocks(unseen, one.local.features, MAX_SCORE), one.local) for one in own]
        ordered += own
    return fit("local", [one.local.features for one in samples], samples), fit("context", inputs, ordered)


def cross_validate(samples: Sequence[Sample]) -> None:
    scores: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for fold in range(FOLDS):
        local, context = fit_both([one for one in samples if one.part(FOLDS, b"x") != fold])
        for one in samples:
            if one.part(FOLDS, b"x") != fold:
                continue
            first = score_blocks(local, one.local.features, MAX_SCORE)
            keep = choose_blocks(score_blocks(context, context_inputs(first, one.local), MAX_SCORE), one.local.weight)
            text = "\n".join(text for text, stays in zip(one.text, keep, strict=True) if stays)
            page = one.page
            if page.gold is None:
                right = sum(snippet in text for snippet in page.wanted)
                wrong = sum(snippet in text for snippet in page.unwanted)
                scores["snippets"].append((right, len(page.wanted), wrong))
                continue
            for name in (page.source, *([page.kind] if page.source.startswith("wcxb") else [])):
                scores[name].append(f1(text, page.gold))
    for name, found in scores.items():
        if name == "snippets":
            right, wanted, wrong = np.sum(found, axis=0)
            print(f"{name}: F1 {2 * right / (right + wrong + wanted):.3f}")
        else:
            print(f"{name}: {len(found)} pages; precision, recall, F1 {np.mean(found, axis=0).round(3).tolist()}")


def main() -> None:
    samples = [one for page in read(sys.argv[1:]) if page.tuned_on and (one := sample(page)) is not None]
    cross_validate(samples)
    arrays = {
        f"{step}_{name}": array
        for step, trees in zip(ROUNDS, fit_both(samples), strict=True)
        for name, array in trees._asdict().items()
    }
    np.savez_compressed(TREES, **arrays)
    print(f"{TREES}: {TREES.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
