"""Histograms: how each measure is spread over the documents of a language, beside the bounds of the rules on it.

Every column of floats in the measures dataset is a measure, so a new one shows up by itself. They are read one by one:
8 bytes a document at a time.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from corpus.audit.outcomes import OTHERS, failed_rules, languages
from corpus.lake.manifest import Manifest
from corpus.lake.stages import MEASURES
from corpus.lake.store import Lake
from corpus.lineage.graph import sources
from corpus.quality.rules import UNSPACED_FROM, Rule

BINS = 32
LOG_FROM = 50.0  # measures that reach this are counts, and spread over orders of magnitude
CUT = 0.995  # quantile: one page of a million words would leave the others in one bin
NARROW = 1e-9  # what spreads over less is one value
LANGUAGE_SCORE = "language_score"  # a measure whose bound stands outside of the table of rules
UNSPACED = "unspaced"

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A rule on a measure. A side on which it has no bound is None. `failed`: documents that break it."""

    rule: str
    minimum: float | None
    maximum: float | None
    failed: int


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """`counts[i]` documents lie between edges i and i + 1; the outer bins also hold what lies beyond. `log`: edges grow
    by a factor."""

    measure: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    log: bool
    median: float
    bounds: tuple[Bound, ...]


def make_histograms(
    lake: Lake, clean: Manifest, table: pa.Table, rules: Sequence[Rule], language_score: float
) -> dict[str | None, list[Histogram]]:
    """One a measure, for each language of an outcome table and, under None, for all documents. `rules` and
    `language_score` are what `clean` was made with; a rule is beside a language where it applies to it."""
    [measures] = sources(lake, clean, MEASURES)
    column, places = table["language"].combine_chunks(), table["place"].to_numpy()
    groups: dict[str | None, Places] = {None: places}
    groups |= {
        language: places[pc.equal(column, language).to_numpy(zero_copy_only=False)] for language in languages(table)
    }
    names = _measures(lake, measures)
    failed = _failed(lake, clean, table)
    unspaced = _column(lake, measures, UNSPACED)
    # A document that could not be measured has nan, which is in no script.
    is_unspaced = {
        language: np.mean(unspaced[of_group] >= UNSPACED_FROM) > 0.5 for language, of_group in groups.items()
    }
    found: dict[str | None, list[Histogram]] = {language: [] for language in groups}
    for name in names:
        values = _column(lake, measures, name)
        for language, of_group in groups.items():
            bounds = [
                _bound(rule, language, failed[language, rule.name])
                for rule in rules
                if rule.measure == name and not (rule.spaced and is_unspaced[language])
            ]
            if name == LANGUAGE_SCORE:
                broken = failed[language, name]
                bounds.append(Bound(rule=name, minimum=language_score, maximum=None, failed=broken))
            numbers = values[of_group][np.isfinite(values[of_group])]
            if len(numbers):
                found[language].append(histogram(name, numbers, [bound for bound in bounds if bound]))
    return found


def histogram(measure: str, values: Floats, bounds: Sequence[Bound] = ()) -> Histogram:
    """Of at least one number; the same in any order of them. The edges reach beyond every bound, so that what breaks it
    has bins of its own."""
    low, high = float(values.min()), float(np.quantile(values, CUT))
    drawn = [edge for bound in bounds for edge in (bound.minimum, bound.maximum) if edge is not None]
    log = max([high, *drawn]) > LOG_FROM
    if log:
        low, high = max(1.0, min([low, *drawn])), max([high, *(2 * edge for edge in drawn)])
        edges = np.geomspace(low, max(high, 2 * low), BINS + 1)
    else:
        low, high = min([0.0, low, *drawn]), max([high, *(1.1 * edge for edge in drawn)])
        edges = np.linspace(low, high if high - low > NARROW else low + 1, BINS + 1)
    places = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, BINS - 1)
    return Histogram(
        measure=measure,
        edges=tuple(edges.tolist()),
        counts=tuple(np.bincount(places, minlength=BINS).tolist()),
        log=log,
        median=float(np.median(values)),
        bounds=tuple(bounds),
    )


def _measures(lake: Lake, measures: Manifest) -> list[str]:
    with lake.open_parquet(f"{lake.folder(measures)}/{measures.of_kind('measures')[0].path}") as file:
        return [field.name for field in file.schema_arrow if pa.types.is_floating(field.type)]


def _column(lake: Lake, measures: Manifest, name: str) -> Floats:
    return np.concatenate([table[name].to_numpy() for table in lake.read(measures, "measures", [name])])


def _failed(lake: Lake, clean: Manifest, table: pa.Table) -> Counter[tuple[str | None, str]]:
    """(language, rule) -> how many documents break it, whatever else they break; language None for all."""
    failed = failed_rules(lake, clean)
    places = pc.index_in(failed["doc_id"].combine_chunks(), value_set=table["doc_id"].combine_chunks())
    columns = [pc.take(table["language"].combine_chunks(), places), failed["rule"].combine_chunks()]
    counted = pa.table(columns, ["language", "rule"]).group_by(["language", "rule"]).aggregate([([], "count_all")])
    found: Counter[tuple[str | None, str]] = Counter()
    for row in counted.to_pylist():
        for language in (row["language"], None):
            found[language, row["rule"]] += row["count_all"]
    return found


def _bound(rule: Rule, language: str | None, failed: int) -> Bound | None:
    """The rule's bounds in a language, or None where it has none."""
    minimum, maximum = (bound if math.isfinite(bound) else None for bound in rule.bounds(language or OTHERS))
    if minimum is maximum is None:
        return None
    return Bound(rule=rule.name, minimum=minimum, maximum=maximum, failed=failed)
