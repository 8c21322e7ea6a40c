"""Rules: tables of bounds on measures. A document stays when no rule that applies to it fails.

Every failing rule is reported with what was measured and the bound, so that the ledger answers "why", and moving a
bound needs no new measurement. docs/rules.md has every bound with its source, and what the default keeps and drops.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from corpus.language.identify import UNKNOWN
from corpus.language.languages import LANGUAGES, UNSPACED, Language
from corpus.quality.measures import NAMES

INFINITY = float("inf")
LANGUAGE_SCORE = 0.3
UNSPACED_FROM = 0.3  # share of characters without spaces from which a text is judged by characters


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Other bounds for some languages."""

    languages: tuple[str, ...]
    minimum: float = -INFINITY
    maximum: float = INFINITY


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`minimum` <= measure <= `maximum`, or the bounds that `others` has for the language. `languages`: where it
    applies, () for all; `exempt`: where it does not; `spaced`: not where characters count as words. A measure that is
    null breaks no rule."""

    name: str
    measure: str
    minimum: float = -INFINITY
    maximum: float = INFINITY
    languages: tuple[str, ...] = ()
    exempt: tuple[str, ...] = ()
    spaced: bool = False
    others: tuple[Bounds, ...] = ()

    def __post_init__(self) -> None:
        if self.measure not in NAMES:
            raise ValueError(f"rule {self.name}: there is no measure {self.measure!r}, but {', '.join(NAMES)}")

    def bounds(self, language: str) -> tuple[float, float]:
        """(minimum, maximum) in a language; infinite where the rule does not apply."""
        if (self.languages and language not in self.languages) or language in self.exempt:
            return -INFINITY, INFINITY
        for other in self.others:
            if language in other.languages:
                return other.minimum, other.maximum
        return self.minimum, self.maximum


@dataclass(frozen=True, kw_only=True)
class Failure:
    rule: str
    value: float
    threshold: float


def apply_rules(
    measures: pa.RecordBatch | pa.Table,
    languages: Sequence[str],
    scores: Sequence[float],
    rules: Sequence[Rule],
    minimum_score: float,
) -> dict[int, list[Failure]]:
    """What each document of a batch breaks, in the table's order: its row -> failures; rows without any are missing."""
    codes, rows = np.unique(np.asarray(languages, dtype=str), return_inverse=True)
    unspaced = _column(measures, "unspaced") >= UNSPACED_FROM
    failed: dict[int, list[Failure]] = {}
    for row, (code, score) in enumerate(zip(languages, scores, strict=True)):
        if code == UNKNOWN or score < minimum_score:
            failed[row] = [Failure(rule="language_score", value=score, threshold=minimum_score)]
    for rule in rules:
        values = _column(measures, rule.measure)
        lows, highs = np.array([rule.bounds(code) for code in codes]).reshape(-1, 2)[rows].T
        broken = (values < lows) | (values > highs)  # nan is neither
        for row in np.flatnonzero(broken & ~unspaced if rule.spaced else broken).tolist():
            value = float(values[row])
            threshold = float(lows[row] if value < lows[row] else highs[row])
            failed.setdefault(row, []).append(Failure(rule=rule.name, value=value, threshold=threshold))
    return dict(sorted(failed.items()))


def _column(measures: pa.RecordBatch | pa.Table, name: str) -> np.ndarray:
    column = measures.column(name)
    return np.asarray(column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy())


def _by_language(
    scaled: Callable[[Language, bool], tuple[float, float]], english: tuple[float, float]
) -> tuple[Bounds, ...]:
    """Bounds of the languages that differ from English, grouped."""
    groups: dict[tuple[float, float], list[str]] = {}
    for code, language in sorted(LANGUAGES.items()):
        bounds = scaled(language, code in UNSPACED)
        if bounds != english:
            groups.setdefault(bounds, []).append(code)
    return tuple(
        Bounds(languages=tuple(codes), minimum=low, maximum=high) for (low, high), codes in sorted(groups.items())
    )


def _word_counts(language: Language, unspaced: bool) -> tuple[float, float]:
    """50 to 100,000 words of English, wider where it takes fewer words or, of characters, more; never narrower."""
    factor = round(language.words, 1)
    return round(50 * min(1.0, factor)), round(100_000 * (max(1.0, factor) if unspaced else 1))


def _word_lengths(language: Language, unspaced: bool) -> tuple[float, float]:
    """3 to 10 letters of English, wider where words are shorter or longer, never narrower."""
    factor = 1.0 if unspaced else round(language.letters, 1)
    return round(3 * min(1.0, factor), 1), round(10 * max(1.0, factor), 1)


# Rae et al. 2021 (arXiv:2112.11446), appendix A.1.1, with its thresholds for English.
GOPHER_QUALITY = (
    Rule(
        name="gopher_words",
        measure="words",
        minimum=50,
        maximum=100_000,
        others=_by_language(_word_counts, (50, 100_000)),
    ),
    Rule(
        name="gopher_mean_word_length",
        measure="mean_word_length",
        minimum=3,
        maximum=10,
        others=_by_language(_word_lengths, (3, 10)),
        exempt=UNSPACED,
        spaced=True,
    ),
    Rule(name="gopher_symbols", measure="symbols_per_word", maximum=0.1),
    Rule(name="gopher_bullet_lines", measure="bullet_lines", maximum=0.9),
    Rule(name="gopher_ellipsis_lines", measure="ellipsis_lines", maximum=0.3),
    Rule(name="gopher_alphabetic_words", measure="alphabetic_words", minimum=0.8),
    Rule(name="gopher_stop_words", measure="stop_words", minimum=2),
)


def _bound(name: str, measure: str, maximum: float, unspaced: float) -> Rule:
    return Rule(name=name, measure=measure, maximum=maximum, others=(Bounds(languages=UNSPACED, maximum=unspaced),))


# The same appendix. A character says less than a word: for scripts without spaces the bound is where Chinese and
# Japanese reference texts have the quantile that Gopher's bound has in English ones (benchmarks/fit_rules.py).
GOPHER_REPETITION = (
    Rule(name="gopher_duplicate_lines", measure="duplicate_lines", maximum=0.3),
    Rule(name="gopher_duplicate_paragraphs", measure="duplicate_paragraphs", maximum=0.3),
    Rule(name="gopher_duplicate_line_characters", measure="duplicate_line_characters", maximum=0.2),
    Rule(name="gopher_duplicate_paragraph_characters", measure="duplicate_paragraph_characters", maximum=0.2),
    _bound("gopher_top_2gram", "top_2gram", 0.2, 0.27),
    _bound("gopher_top_3gram", "top_3gram", 0.18, 0.21),
    _bound("gopher_top_4gram", "top_4gram", 0.16, 0.23),
    _bound("gopher_duplicate_5grams", "duplicate_5grams", 0.15, 0.29),
    _bound("gopher_duplicate_6grams", "duplicate_6grams", 0.14, 0.26),
    _bound("gopher_duplicate_7grams", "duplicate_7grams", 0.13, 0.24),
    _bound("gopher_duplicate_8grams", "duplicate_8grams", 0.12, 0.22),
    _bound("gopher_duplicate_9grams", "duplicate_9grams", 0.11, 0.21),
    _bound("gopher_duplicate_10grams", "duplicate_10grams", 0.1, 0.18),
)

# Raffel et al. 2020 (arXiv:1910.10683), section 2.2, of pages. C4 also takes lines out of the pages that it keeps; here
# a text is kept or dropped as it is, by what those lines would leave.
C4 = (
    Rule(name="c4_sentences", measure="c4_sentences", minimum=3),
    Rule(name="c4_lorem_ipsum", measure="lorem_ipsum", maximum=0),
    Rule(name="c4_braces", measure="braces_per_word", maximum=0),
)

# Penedo et al. 2024 (arXiv:2406.17557), section 3.6, and the bound on lines for each word that its code has. They were
# found for English, and how lines end is a matter of script: the first holds where sentences end with a full stop.
FINEWEB = (
    Rule(name="fineweb_punctuated_lines", measure="punctuated_lines", minimum=0.12, exempt=("lo", "th")),
    Rule(name="fineweb_duplicate_line_characters", measure="duplicate_line_characters", maximum=0.1),
    Rule(name="fineweb_short_lines", measure="short_lines", maximum=0.67),
    Rule(name="fineweb_lines_per_word", measure="lines_per_word", maximum=0.3),
)

# Ours: repetition that no text has which people wrote to be read. Gopher's bounds drop a tenth of edited documentation,
# recipes and product pages; these are where one in a hundred of our reference texts ends (docs/rules.md).
REPETITION = (
    Rule(name="duplicate_lines", measure="duplicate_lines", maximum=0.5),
    Rule(name="duplicate_line_characters", measure="duplicate_line_characters", maximum=0.33),
    Rule(name="duplicate_paragraph_characters", measure="duplicate_paragraph_characters", maximum=0.2),
    _bound("top_2gram", "top_2gram", 0.2, 0.27),
    _bound("top_3gram", "top_3gram", 0.18, 0.21),
    _bound("top_4gram", "top_4gram", 0.16, 0.23),
    Rule(name="duplicate_5grams", measure="duplicate_5grams", maximum=0.45),
    Rule(name="duplicate_10grams", measure="duplicate_10grams", maximum=0.39),
)

# Ours: text that no reader wrote as it stands.
DAMAGE = (
    Rule(name="replacement_characters", measure="replacement_characters", maximum=0.001),
    _bound("mojibake", "mojibake", 0.005, 0.01),
)

# FineWeb's bound on lists of links holds in any language; its others drop poems, dialogue and documentation.
LISTS = (Rule(name="lines_per_word", measure="lines_per_word", maximum=0.3),)


def _whole_books(rule: Rule) -> Rule:
    """Up to ten times as many words: a book is longer than what Gopher takes for a page."""
    others = tuple(replace(other, maximum=10 * other.maximum) for other in rule.others)
    return replace(rule, maximum=10 * rule.maximum, others=others)


# What keeps good text in all languages. C4's rules are for who wants no code.
DEFAULT = (_whole_books(GOPHER_QUALITY[0]), *GOPHER_QUALITY[1:], *REPETITION, *LISTS, *DAMAGE)
