"""Fit: the choice of main text, from pages whose main text people have marked.

Features and settings are chosen by the half of the pages that is tuned on: printed is four-fold cross validation over
it. `python -m benchmarks.fit_extraction [FOLDER]` then overwrites the models of each half, by which the other is judged
(benchmarks/quality.py), and that of all pages, corpus/extract/model.npz. It needs the packages lightgbm and
scikit-learn.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from benchmarks.fit_extraction.fitting import fit_model
from benchmarks.fit_extraction.halves import HALVES
from benchmarks.fit_extraction.samples import Sample, make_sample
from benchmarks.gold import f1, read
from corpus.extract.choice import choose
from corpus.extract.model import MODEL, write_model

FOLDS = 4
SNIPPETS = "trafilatura snippets"


def cross_validate(samples: Sequence[Sample]) -> None:
    scores: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for fold in range(FOLDS):
        model = fit_model([one for one in samples if one.part(FOLDS, b"x") != fold])
        for one in samples:
            if one.part(FOLDS, b"x") == fold:
                keep = choose(one.with_vocabulary(model.vocabulary).local, model, 0)
                text = "\n".join(text for text, stays in zip(one.text, keep, strict=True) if stays)
                for name in _groups(one):
                    scores[name].append(_score(text, one))
    for name, found in scores.items():
        if name == SNIPPETS:
            right, wanted, wrong = np.sum(found, axis=0)
            print(f"{name}: F1 {2 * right / (right + wrong + wanted):.3f}")
        else:
            print(f"{name}: {len(found)} pages; precision, recall, F1 {np.mean(found, axis=0).round(3).tolist()}")


def _groups(sample: Sample) -> list[str]:
    page = sample.page
    return [page.source, *([page.kind] if page.source.startswith("wcxb") else [])]


def _score(text: str, sample: Sample) -> tuple[float, ...]:
    page = sample.page
    if page.gold is not None:
        return f1(text, page.gold)
    right, wrong = (sum(snippet in text for snippet in snippets) for snippets in (page.wanted, page.unwanted))
    return right, len(page.wanted), wrong


def main() -> None:
    samples = [one for page in read(sys.argv[1:]) if (one := make_sample(page)) is not None]
    cross_validate([one for one in samples if one.page.tuned_on])
    for tuned_on, path in HALVES.items():
        write_model(fit_model([one for one in samples if one.page.tuned_on == tuned_on]), path)
    write_model(fit_model(samples), MODEL)
    print(f"{MODEL}: {MODEL.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
