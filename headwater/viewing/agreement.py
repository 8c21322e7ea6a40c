"""Agreement: how far the rules of a recipe drop what somebody marked to be dropped, and keep what was to be kept.

Rules are applied to the measures that the lake has of the marked documents, so a changed rule is judged without running
anything. Precision is the share of what they drop that was to be dropped, recall the share of what was to be dropped
that they drop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from corpus.lake.stages import MEASURES
from corpus.lake.store import Lake
from corpus.quality.measures import NAMES
from corpus.quality.rules import Failure, apply_rules
from headwater.viewing.labels import DROP, Label, labels_path, read_labels
from headwater.viewing.rule_values import LANGUAGE_SCORE, measure_rows
from pipelines.cleaning import CleanConfig
from recipes.files import load_recipe, recipe_names
from training.significance.intervals import wilson_interval


@dataclass(frozen=True, kw_only=True)
class Share:
    """`part` of `whole`, with its 95 % interval; all None where `whole` is 0."""

    part: int
    whole: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class RuleAgreement:
    """How many of the documents that a rule drops, whatever else drops them, were to be dropped, and to be kept;
    `alone`: how many of those to be kept no other rule drops."""

    rule: str
    rightly: int
    wrongly: int
    alone: int


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """A document that was marked otherwise. `failures`: the rules that drop it, none where it should be dropped."""

    label: Label
    failures: Sequence[Failure]


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """`recipe`: whose rules. Of the `labels`, `judged` have measures in the lake; `unjudged` have none.
    `not_judged_by`: settings of the recipe that drop documents too and are no rule on measures."""

    recipe: str
    labels: int
    judged: int
    dropped_rightly: int
    dropped_wrongly: int
    kept_rightly: int
    kept_wrongly: int
    precision: Share
    recall: Share
    rules: Sequence[RuleAgreement]
    disagreements: Sequence[Disagreement]
    unjudged: Sequence[Label]
    not_judged_by: Sequence[str]


def judge_recipe(lake: Lake, recipe: str | None = None) -> Agreement:
    """The rules of a recipe, built in or of the lake's files, as it stands there now; by default of the one that `lake`
    is seen by. Raises FileNotFoundError where the lake has no labels, ValueError where a recipe has to be named."""
    labels = read_labels(lake)
    if not labels:
        raise FileNotFoundError(f"no document is marked in {labels_path(lake)}: mark some in `headwater view`")
    name = recipe or getattr(lake, "recipe", None)
    if name is None:
        raise ValueError(f"the lake {lake.url} has no recipe of its own: name one of {', '.join(recipe_names(lake))}")
    return judge_rules(lake, labels, name, load_recipe(lake, name).clean)


def judge_rules(lake: Lake, labels: Mapping[str, Label], recipe: str, config: CleanConfig) -> Agreement:
    """`config`: of the recipe, whose rules are applied to the measures that `lake` shows."""
    measured = measure_rows(lake, list(lake.datasets(MEASURES)), [bytes.fromhex(doc_id) for doc_id in sorted(labels)])
    rows = list(measured.values())
    judged = [labels[doc_id.hex()] for doc_id in measured]
    table = pa.table({name: pa.array([row.get(name) for row in rows], pa.float64()) for name in NAMES})
    languages, scores = [row["language"] for row in rows], [row[LANGUAGE_SCORE] for row in rows]
    failed = apply_rules(table, languages, scores, config.rules, config.language_score) if rows else {}
    counts = Counter((label.mark == DROP, row in failed) for row, label in enumerate(judged))
    wrong = [
        Disagreement(label=label, failures=tuple(failed.get(row, ())))
        for row, label in enumerate(judged)
        if (label.mark == DROP) != (row in failed)
    ]
    return Agreement(
        recipe=recipe,
        labels=len(labels),
        judged=len(judged),
        dropped_rightly=counts[True, True],
        dropped_wrongly=counts[False, True],
        kept_rightly=counts[False, False],
        kept_wrongly=counts[True, False],
        precision=_share(counts[True, True], counts[True, True] + counts[False, True]),
        recall=_share(counts[True, True], counts[True, True] + counts[True, False]),
        rules=_by_rule(judged, failed),
        disagreements=sorted(wrong, key=lambda one: (one.label.mark, one.label.doc_id)),
        unjudged=[labels[doc_id] for doc_id in sorted(labels) if bytes.fromhex(doc_id) not in measured],
        not_judged_by=_other_settings(config),
    )


def _by_rule(judged: Sequence[Label], failed: Mapping[int, Sequence[Failure]]) -> list[RuleAgreement]:
    rightly, wrongly, alone = Counter[str](), Counter[str](), Counter[str]()
    for row, failures in failed.items():
        names = [failure.rule for failure in failures]
        (rightly if judged[row].mark == DROP else wrongly).update(names)
        if judged[row].mark != DROP and len(names) == 1:
            alone.update(names)
    return [
        RuleAgreement(rule=rule, rightly=rightly[rule], wrongly=wrongly[rule], alone=alone[rule])
        for rule in sorted(rightly | wrongly, key=lambda rule: (-wrongly[rule], -rightly[rule], rule))
    ]


def _share(part: int, whole: int) -> Share:
    if not whole:
        return Share(part=part, whole=whole, value=None, low=None, high=None)
    found = wilson_interval(part, whole)
    return Share(part=part, whole=whole, value=found.value, low=found.low, high=found.high)


def _other_settings(config: CleanConfig) -> list[str]:
    settings = {"clean.bad_words.folder": config.bad_words.folder, "clean.excluded_hosts": config.excluded_hosts}
    return [name for name, value in settings.items() if value]
