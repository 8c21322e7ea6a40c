"""Baseline: the texts that prompts are compared with, as a served model reads them: shares of languages, and bounds
that part the texts by length and by bits per byte into equal parts. Nothing of a text is in it."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from corpus.lake.manifest import canonical_json
from corpus.language.identify import UNKNOWN, identify_languages
from training.checkpoints.files import write_atomic
from training.models.module import CausalModel
from training.serving.prompt_bits import LENGTHS, PromptBits
from training.serving.rows import new_text_cache, read_prompt
from training.serving.served_model import ServedModel

FORMAT = 1  # of the file
PARTS = 10  # into which texts are parted; fewer where there would be less than 10 texts in each
LEAST = 10  # texts
OTHER = "other"
NAMED = 0.01  # the least share of a language that is told by its name
SURE = 0.5  # the least score of a language: of a few words it is a guess


@dataclass(frozen=True, kw_only=True)
class Level:
    """Texts of at least some number of tokens: the bounds between the parts, in bits per byte of so many tokens."""

    texts: int
    bounds: Sequence[float]


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """`model`: SHA-256 of what read the texts; `languages`: shares by ISO 639 code and OTHER; `lengths`: in tokens,
    the greatest of each part but the last, whose shares are `length_shares`; `levels` by number of tokens."""

    model: str
    texts: int
    languages: Mapping[str, float]
    lengths: Sequence[int]
    length_shares: Sequence[float]
    levels: Mapping[int, Level]

    def language_class(self, language: str) -> str:
        return language if language in self.languages else OTHER

    def length_class(self, tokens: int) -> str:
        return _length_names(self.lengths)[bisect_left(self.lengths, tokens)]

    def level(self, lengths: Collection[int]) -> int | None:
        """The longest of `lengths` that enough texts have."""
        return max((length for length in lengths if length in self.levels), default=None)

    def bits_class(self, length: int, bits_per_byte: float) -> str:
        """Which of the equal parts it falls into: 1 of those that are predicted best."""
        bounds = self.levels[length].bounds
        return _part_name(bisect_left(bounds, bits_per_byte), len(bounds) + 1)

    @property
    def shares(self) -> dict[str, dict[str, float]]:
        """By what is compared, of each class."""
        parts = len(next(iter(self.levels.values())).bounds) + 1 if self.levels else 0
        return {
            "language": dict(self.languages),
            "length": dict(zip(_length_names(self.lengths), self.length_shares, strict=True)),
            "bits_per_byte": {_part_name(part, parts): 1 / parts for part in range(parts)},
        }

    def write(self, path: Path) -> None:
        write_atomic(path, canonical_json({"format": FORMAT, **asdict(self)}) + b"\n")


def read_baseline(path: Path, served: ServedModel) -> Baseline:
    """Raises ValueError for a file that is none, and for one of another model: its bits per byte are no measure."""
    try:
        found = json.loads(path.read_bytes())
        if found.pop("format") != FORMAT:
            raise ValueError(f"its format is not {FORMAT}")
        levels = {int(length): Level(**level) for length, level in found.pop("levels").items()}
        baseline = Baseline(**found, levels=levels)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is no baseline ({error}); `headwater baseline` writes one") from error
    if baseline.model != served.digest:
        raise ValueError(
            f"{path} is of the model {baseline.model[:16]}, this is {served.digest[:16]}; make one by "
            f"`headwater baseline`"
        )
    return baseline


def language_of(ids: Sequence[int], decode: Callable[[list[int]], str]) -> str:
    [(language, score)] = identify_languages([decode(list(ids))])
    return language if score >= SURE else UNKNOWN


@torch.inference_mode()
def make_baseline(served: ServedModel, texts: Sequence[str]) -> Baseline:
    """Raises ValueError for a model that does not continue texts, and for fewer than LEAST texts."""
    if len(texts) < LEAST:
        raise ValueError(f"{len(texts)} texts are too few to compare with; give at least {LEAST}")
    if not isinstance(served.model, CausalModel):
        raise ValueError(f"{served.name} does not continue texts: it reads no prompts that could be compared")
    languages: Counter[str] = Counter()
    lengths: list[int] = []
    found: dict[int, list[float]] = {}
    for text in tqdm(texts, desc="reading", unit="text", disable=None):
        ids = served.texts.encode(text)[: served.context]  # no prompt is longer
        languages[language_of(ids, served.texts.decode)] += 1
        lengths.append(len(ids))
        bits = _read_bits(served.model, ids)
        for length in bits.lengths:
            if (value := bits.per_byte(length, served.texts.decode)) is not None:
                found.setdefault(length, []).append(value)
    parts = max(2, min(PARTS, len(texts) // 10))
    bounds = sorted({int(bound) for bound in _bounds(lengths, parts)})
    classes = Counter(bisect_left(bounds, length) for length in lengths)
    named = {code: count / len(texts) for code, count in languages.items() if count >= NAMED * len(texts)}
    return Baseline(
        model=served.digest,
        texts=len(texts),
        languages={**dict(sorted(named.items())), OTHER: max(0.0, 1 - sum(named.values()))},
        lengths=bounds,
        length_shares=[classes[place] / len(texts) for place in range(len(bounds) + 1)],
        levels={
            length: Level(texts=len(values), bounds=[float(bound) for bound in _bounds(values, parts)])
            for length, values in sorted(found.items())
            if len(values) >= max(LEAST, 5 * parts)
        },
    )


def _read_bits(model: CausalModel, ids: Sequence[int]) -> PromptBits:
    """In the pieces in which the engine reads a prompt."""
    ids = ids[: LENGTHS[-1] + 1]
    bits, cache = PromptBits(ids), new_text_cache(model, len(ids))
    while not bits.complete:
        states, _ = read_prompt(model, ids, cache)
        bits.add(model, states)
    return bits


def _bounds(values: Sequence[float], parts: int) -> np.ndarray:
    """Each is one of the values, the greatest of its part."""
    return np.quantile(values, np.arange(1, parts) / parts, method="inverted_cdf")


def _length_names(bounds: Sequence[int]) -> list[str]:
    starts = [1, *(bound + 1 for bound in bounds)]
    return [*(f"{start} to {bound}" for start, bound in zip(starts, bounds, strict=False)), f"{starts[-1]} and more"]


def _part_name(part: int, parts: int) -> str:
    return f"{part + 1} of {parts}"
