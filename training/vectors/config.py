"""Config: how word vectors are learnt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from corpus.config import check_choices

EPOCHS = {"skip_gram": 5, "cbow": 5, "glove": 25}  # as the programs of the papers have it


@dataclass(frozen=True, kw_only=True)
class VectorConfig:
    """`size`: numbers of a vector. `window`: words on either side that a word is learnt from. `epochs`: passes over the
    texts, or of GloVe over the counts; None for those of EPOCHS. `min_count`: rarer words get no vector.

    Raises ValueError naming a setting that cannot be."""

    method: Literal["skip_gram", "cbow", "glove"] = "skip_gram"
    size: int = 100
    window: int = 5
    epochs: int | None = None
    min_count: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        check_choices(self)
        for name in ("size", "window", "epochs", "min_count"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}; it must be 1 or more")
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed is {self.seed}; it must be from 0 to {2**32 - 1}")

    @property
    def passes(self) -> int:
        """The epochs, of the method where none are set."""
        return self.epochs or EPOCHS[self.method]
