"""Quality: what the rules look at, measured once a document and kept beside it.

The measures are those of MassiveText (Rae et al. 2021, "Scaling Language Models: Gopher", arXiv:2112.11446, appendix
A.1.1). In scripts without spaces each character counts as a word, so word lengths say nothing there and are not judged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields

from corpus.text import UNSPACED_CHARACTER, words

ELLIPSES = ("...", "…", ". . .")
BULLETS = ("•", "●", "▪", "‣", "-", "*", "·")
STOP_WORDS = frozenset(("the", "be", "to", "of", "and", "that", "have", "with"))


@dataclass(frozen=True, kw_only=True)
class Measures:
    """Shares are of 1. `duplicate_lines` is the share of characters in lines that stood before."""

    words: float
    characters: float
    mean_word_length: float
    symbols_per_word: float
    bullet_lines: float
    ellipsis_lines: float
    alphabetic_words: float
    stop_words: float
    unspaced: float
    duplicate_lines: float
    replacement_characters: float


NAMES = tuple(field.name for field in fields(Measures))


def measure(text: str) -> Measures:
    """All measures of a text; zeros for an empty one."""
    tokens = words(text)
    count = max(1, len(tokens))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    characters = sum(map(len, tokens))
    ellipses = sum(text.count(mark) for mark in ELLIPSES)
    return Measures(
        words=float(len(tokens)),
        characters=float(len(text)),
        mean_word_length=characters / count,
        symbols_per_word=max(text.count("#"), ellipses) / count,
        bullet_lines=_share(line.startswith(BULLETS) for line in lines),
        ellipsis_lines=_share(line.endswith(ELLIPSES) for line in lines),
        alphabetic_words=sum(any(map(str.isalpha, token)) for token in tokens) / count,
        stop_words=float(len(STOP_WORDS.intersection(tokens))),
        unspaced=len(UNSPACED_CHARACTER.findall(text)) / max(1, characters),
        duplicate_lines=_duplicate_lines(lines),
        replacement_characters=text.count("\ufffd") / max(1, len(text)),
    )


def _share(flags: Iterable[bool]) -> float:
    values = list(flags)
    return sum(values) / len(values) if values else 0.0


def _duplicate_lines(lines: list[str]) -> float:
    counts = Counter(lines)
    total = sum(map(len, lines))
    return sum(len(line) * (times - 1) for line, times in counts.items()) / total if total else 0.0
