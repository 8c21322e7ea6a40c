"""Model: the fitted numbers by which the main text of a page is chosen, as benchmarks/fit_extraction wrote them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from corpus.extract.trees import Trees
from corpus.extract.vocabulary import Vocabulary

MODEL = Path(__file__).with_name("model.npz")


class Model(NamedTuple):
    """The weights of words, the trees that score a block by itself, and those that score it as its neighbours are."""

    vocabulary: Vocabulary
    by_itself: Trees
    among_others: Trees


@cache
def load_model(path: Path = MODEL) -> Model:
    with np.load(path) as arrays:
        return Model(
            vocabulary=Vocabulary(*(arrays[f"vocabulary.{name}"] for name in Vocabulary._fields)),
            by_itself=Trees(*(arrays[f"by_itself.{name}"] for name in Trees._fields)),
            among_others=Trees(*(arrays[f"among_others.{name}"] for name in Trees._fields)),
        )


def write_model(model: Model, path: Path) -> None:
    parts = model._asdict().items()
    arrays = {f"{part}.{name}": array for part, fitted in parts for name, array in fitted._asdict().items()}
    np.savez_compressed(path, **arrays)
