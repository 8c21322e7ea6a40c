"""Rule values: what each rule of a recipe measured of a document, beside the bound that it has for its language."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from corpus.audit.samples import look_up
from corpus.lake.manifest import Manifest
from corpus.lake.stages import MEASURES
from corpus.lake.store import Lake
from corpus.lineage.graph import sources
from corpus.quality.measures import MEANINGS, NAMES
from corpus.quality.rules import INFINITY, UNSPACED_FROM, Bounds, Rule, apply_rules

LANGUAGE_SCORE = "language_score"
LANGUAGE_MEANING = "probability of the language that the text was taken for"
COLUMNS = ("doc_id", "language", LANGUAGE_SCORE, "error", *NAMES)


@dataclass(frozen=True, kw_only=True)
class RuleValue:
    """`value`: None where it is not known. `minimum`, `maximum`: None where there is no such bound. `broken`: whether
    it dropped the document; `applies`: whether the rule holds in the document's language at all."""

    rule: str
    measure: str
    meaning: str
    value: float | None
    minimum: float | None
    maximum: float | None
    broken: bool
    applies: bool


def measure_rows(lake: Lake, manifests: Sequence[Manifest], doc_ids: Sequence[bytes]) -> dict[bytes, dict[str, Any]]:
    """doc_id -> what was measured of it, of those that were measured without an error."""
    found = look_up(lake, manifests, ["measures"], doc_ids, COLUMNS)
    return {doc_id: row for doc_id, row in found.items() if not row.get("error")}


def measures_of(lake: Lake, clean: Manifest) -> list[Manifest]:
    """The datasets of measures by which a dataset of clean documents was chosen; all, where they are gone."""
    try:
        return sources(lake, clean, MEASURES) or list(lake.datasets(MEASURES))
    except FileNotFoundError:
        return list(lake.datasets(MEASURES))


def rules_of(clean: Manifest) -> tuple[tuple[Rule, ...], float]:
    """The rules by which a dataset of clean documents was chosen, and the least score of a language."""
    rules = tuple(_rule(values) for values in clean.config.get("rules", ()))
    return rules, float(clean.config.get(LANGUAGE_SCORE, 0.0))


def _rule(values: Mapping[str, Any]) -> Rule:
    others = tuple(Bounds(**_bounded(other)) for other in values["others"])
    return Rule(**{**_bounded(values), "exempt": tuple(values["exempt"]), "others": others})


def _bounded(values: Mapping[str, Any]) -> dict[str, Any]:
    """In a manifest an infinite bound is none, and tuples are lists."""
    low, high = values["minimum"], values["maximum"]
    bounds = {"minimum": -INFINITY if low is None else low, "maximum": INFINITY if high is None else high}
    return {**values, **bounds, "languages": tuple(values["languages"])}


def compare_rules(
    row: Mapping[str, Any], rules: Sequence[Rule], least_score: float, ledger: Sequence[Mapping[str, Any]]
) -> list[RuleValue]:
    """Of a document's row of measures, those that it breaks first. `ledger`: the rules that it broke by the ledger,
    which has those too that are no measure, such as bad words."""
    language, score = row["language"], row[LANGUAGE_SCORE]
    table = pa.table({name: pa.array([row.get(name)], pa.float64()) for name in NAMES})
    broken = {failure.rule for failure in apply_rules(table, [language], [score], rules, least_score).get(0, ())}
    found = [
        RuleValue(
            rule=LANGUAGE_SCORE,
            measure=language,
            meaning=LANGUAGE_MEANING,
            value=score,
            minimum=least_score,
            maximum=None,
            broken=LANGUAGE_SCORE in broken,
            applies=True,
        )
    ]
    is_unspaced = (row.get("unspaced") or 0.0) >= UNSPACED_FROM
    for rule in rules:
        low, high = rule.bounds(language)
        found.append(
            RuleValue(
                rule=rule.name,
                measure=rule.measure,
                meaning=MEANINGS[rule.measure],
                value=row.get(rule.measure),
                minimum=_finite(low),
                maximum=_finite(high),
                broken=rule.name in broken,
                applies=(math.isfinite(low) or math.isfinite(high)) and not (rule.spaced and is_unspaced),
            )
        )
    known = {value.rule for value in found}
    found += [_of_ledger(rule) for rule in ledger if rule["rule"] not in known]
    return sorted(found, key=lambda value: (not value.broken, not value.applies))


def _of_ledger(rule: Mapping[str, Any]) -> RuleValue:
    value, threshold = rule["value"], rule["threshold"]
    return RuleValue(
        rule=rule["rule"],
        measure="",
        meaning="",
        value=value,
        minimum=threshold if value < threshold else None,
        maximum=threshold if value >= threshold else None,
        broken=True,
        applies=True,
    )


def _finite(bound: float) -> float | None:
    return bound if math.isfinite(bound) else None
