"""Rules: a table of bounds on measures. A document stays when no rule that applies to it fails.

Every failing rule is reported with what was measured and the bound, so that the ledger answers "why", and moving a
bound needs no new measurement.
"""

from __future__ import annotations

from dataclasses import dataclass

from corpus.language import UNKNOWN


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`minimum` <= measure <= `maximum`. `languages`: where it applies, () for all; `exempt`: where it does not;
    `spaced`: not where characters count as words."""

    name: str
    measure: str
    minimum: float = float("-inf")
    maximum: float = float("inf")
    languages: tuple[str, ...] = ()
    exempt: tuple[str, ...] = ()
    spaced: bool = False

    def broken_bound(self, value: float) -> float | None:
        if value < self.minimum:
            return self.minimum
        return self.maximum if value > self.maximum else None


@dataclass(frozen=True, kw_only=True)
class Failure:
    rule: str
    value: float
    threshold: float


# Rae et al. 2021 (arXiv:2112.11446), table A1, with its thresholds. A character of Korean is a syllable of two or three
# letters: the mean of its words is 2.7 characters, and the bound on their length would drop the language.
GOPHER_QUALITY = (
    Rule(name="gopher_words", measure="words", minimum=50, maximum=100_000),
    Rule(
        name="gopher_mean_word_length", measure="mean_word_length", minimum=3, maximum=10, exempt=("ko",), spaced=True
    ),
    Rule(name="gopher_symbols", measure="symbols_per_word", maximum=0.1),
    Rule(name="gopher_bullet_lines", measure="bullet_lines", maximum=0.9),
    Rule(name="gopher_ellipsis_lines", measure="ellipsis_lines", maximum=0.3),
    Rule(name="gopher_alphabetic_words", measure="alphabetic_words", minimum=0.8),
    Rule(name="gopher_stop_words", measure="stop_words", minimum=2, languages=("en",)),
)

# Ours: text that no reader wrote as it stands.
DAMAGE = (
    Rule(name="duplicate_lines", measure="duplicate_lines", maximum=0.5),
    Rule(name="replacement_characters", measure="replacement_characters", maximum=0.001),
)

UNSPACED_FROM = 0.3  # share of characters without spaces from which a text is judged by characters


def failures(
    measures: dict[str, float], language: str, language_score: float, rules: tuple[Rule, ...], minimum_score: float
) -> list[Failure]:
    """All rules that a document breaks, in the table's order; empty when it stays."""
    failed = []
    if language == UNKNOWN or language_score < minimum_score:
        failed.append(Failure(rule="language_score", value=language_score, threshold=minimum_score))
    for rule in rules:
        if (rule.languages and language not in rule.languages) or language in rule.exempt:
            continue
        if rule.spaced and measures["unspaced"] >= UNSPACED_FROM:
            continue
        bound = rule.broken_bound(measures[rule.measure])
        if bound is not None:
            failed.append(Failure(rule=rule.name, value=measures[rule.measure], threshold=bound))
    return failed
