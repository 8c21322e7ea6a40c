"""Baseline: the texts that prompts are compared with, as a served model reads them: shares of languages, and parts of
about equal size by length and by bits per byte. Nothing of a text is in it."""

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
PARTS = 10  # into which texts are parted; fewer where each would have less than TEXTS_A_PART
TEXTS_A_PART = 10
FEWEST_A_PART = 4  # of the texts that have so many tokens
LEAST = 2 * FEWEST_A_PART  # texts: as many as a recipe holds out at least
OTHER = "other"
NAMED = 0.01  # the least share of a language that is told by its name
SURE = 0.5  # the least score of a language: of a few words it is a guess


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Of texts by a number: `bounds` are the greatest of each part but the last, `shares` of the texts in each."""

    texts: int
    bounds: Sequence[float]
    shares: Sequence[float]

    def find(self, value: float) -> int:
        return bisect_left(self.bounds, value)


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """`model`: SHA-256 of what read the texts; `languages`: shares by ISO 639 code and OTHER; `lengths`: in tokens;
    `bits_per_byte`: of so many first tokens of a text, for numbers that enough texts have."""

    model: str
    texts: int
    languages: Mapping[str, float]
    lengths: Parts
    bits_per_byte: Mapping[int, Parts]

    def language_class(self, language: str) -> str:
        return language if language in self.languages else OTHER

    def length_class(self, tokens: int) -> str:
        return list(self.length_shares)[self.lengths.find(tokens)]

    @property
    def length_shares(self) -> dict[str, float]:
        starts = [1, *(int(bound) + 1 for bound in self.lengths.bounds)]
        names = [f"{start} to {bound:.0f}" for start, bound in zip(starts, self.lengths.bounds, strict=False)]
        return dict(zip([*names, f"{starts[-1]} and more"], self.lengths.shares, strict=True))

    def bits_class(self, tokens: int, bits_per_byte: float) -> str:
        """Of so many first tokens. "1 of 10" is what the model predicts best."""
        return list(self.bits_shares(tokens))[self.bits_per_byte[tokens].find(bits_per_byte)]

    def bits_shares(self, tokens: int) -> dict[str, float]:
        shares = self.bits_per_byte[tokens].shares
        return {f"{part} of {len(shares)}": share for part, share in enumerate(shares, start=1)}

    def compared_tokens(self, lengths: Collection[int]) -> int | None:
        """The greatest of `lengths` that enough texts have."""
        return max((tokens for tokens in lengths if tokens in self.bits_per_byte), default=None)

    def write(self, path: Path) -> None:
        write_atomic(path, canonical_json({"format": FORMAT, **asdict(self)}) + b"\n")


def read_baseline(path: Path, served: ServedModel) -> Baseline:
    """Raises ValueError for a file that is none, and for one of another model: its bits per byte are no measure."""
    try:
        found = json.loads(path.read_bytes())
        if (written := found.pop("format")) != FORMAT:
            raise ValueError(f"its format is {written!r}, not {FORMAT}")
        lengths = Parts(**found.pop("lengths"))
        bits = {int(tokens): Parts(**parts) for tokens, parts in found.pop("bits_per_byte").items()}
        baseline = Baseline(**found, lengths=lengths, bits_per_byte=bits)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"--baseline {path} is no baseline ({error!r}); `headwater baseline` writes one") from error
    if baseline.model != served.digest:
        raise ValueError(
            f"--baseline {path} is of the model {baseline.model[:16]}, the one to serve is {served.digest[:16]}; make "
            f"another by `headwater baseline`"
        )
    return baseline


def language_of(ids: Sequence[int], decode: Callable[[list[int]], str]) -> str:
    """UNKNOWN where it would be a guess."""
    [(language, score)] = identify_languages([decode(list(ids))])
    return language if score >= SURE else UNKNOWN


@torch.inference_mode()
def make_baseline(served: ServedModel, texts: Sequence[str]) -> Baseline:
    """Raises ValueError for a model that does not continue texts, and for fewer than LEAST texts."""
    if len(texts) < LEAST:
        raise ValueError(f"{len(texts)} texts are too few to compare prompts with; give at least {LEAST}")
    if not isinstance(served.model, CausalModel):
        raise ValueError(f"{served.name} does not continue texts: it is asked no prompts that could be compared")
    languages: Counter[str] = Counter()
    lengths: list[float] = []
    bits: dict[int, list[float]] = {}
    for text in tqdm(texts, desc="reading", unit="text", disable=None):
        ids = served.texts.encode(text)[: served.context]  # no prompt is longer
        languages[language_of(ids, served.texts.decode)] += 1
        lengths.append(len(ids))
        read = _read_bits(served.model, ids)
        for tokens in read.lengths:
            if (value := read.per_byte(tokens, served.texts.decode)) is not None:
                bits.setdefault(tokens, []).append(value)
    parts = max(2, min(PARTS, len(texts) // TEXTS_A_PART))
    named = {code: count / len(texts) for code, count in sorted(languages.items()) if count >= NAMED * len(texts)}
    return Baseline(
        model=served.digest,
        texts=len(texts),
        languages={**named, OTHER: max(0.0, 1 - sum(named.values()))},
        lengths=_part(lengths, sorted(set(_bounds(lengths, parts)))),
        bits_per_byte={
            tokens: _part(values, _bounds(values, parts))
            for tokens, values in sorted(bits.items())
            if len(values) >= parts * FEWEST_A_PART
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


def _bounds(values: Sequence[float], parts: int) -> list[float]:
    """Of parts of about equal size; each bound is one of the values."""
    return [float(bound) for bound in np.quantile(values, np.arange(1, parts) / parts, method="inverted_cdf")]


def _part(values: Sequence[float], bounds: Sequence[float]) -> Parts:
    """Where values are equal, as those of texts that begin alike, parts are of unequal size."""
    found = Counter(bisect_left(bounds, value) for value in values)
    shares = [found[part] / len(values) for part in range(len(bounds) + 1)]
    return Parts(texts=len(values), bounds=bounds, shares=shares)
