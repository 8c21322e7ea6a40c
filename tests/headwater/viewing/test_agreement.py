"""Agreement of rules with labels: on documents whose measures are known, and of a recipe that was never run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from stages import make_stages, page

from corpus.lake.store import Lake
from corpus.quality.rules import Rule
from corpus.quality.toxicity import BadWordConfig
from headwater.viewing.agreement import judge_recipe, judge_rules
from headwater.viewing.labels import Label, set_label
from pipelines.cleaning import CleanConfig
from recipes.files import write_recipe

WORDS = Rule(name="too_short", measure="words", minimum=50)
SYMBOLS = Rule(name="too_many_symbols", measure="symbols_per_word", maximum=0.1)
CONFIG = CleanConfig(rules=(WORDS, SYMBOLS))
# Of the crawl `big`: 0, 1, 20, 21, 26 and 27 are too short; of these 1, 21 and 27 have too many symbols too.
MARKS = {0: "drop", 1: "drop", 20: "keep", 21: "keep", 4: "drop", 5: "keep", 6: "keep", 7: "keep", 50: "drop"}


def doc_id(number: int) -> str:
    return str(page("big", number)["doc_id"].hex())


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return make_stages(Lake(str(tmp_path / "lake"))).lake


@pytest.fixture
def labels() -> dict[str, Label]:
    return {doc_id(number): Label(doc_id=doc_id(number), mark=mark) for number, mark in MARKS.items()}


def test_precision_recall_and_who_disagrees(lake: Lake, labels: dict[str, Label]) -> None:
    found = judge_rules(lake, labels, "mine", CONFIG)
    assert (found.labels, found.judged) == (9, 8)
    assert (found.dropped_rightly, found.dropped_wrongly, found.kept_rightly, found.kept_wrongly) == (2, 2, 3, 1)
    assert found.precision.value == 2 / 4 and found.recall.value == pytest.approx(2 / 3)
    assert found.precision.low is not None and found.precision.high is not None
    assert 0 < found.precision.low < 0.5 < found.precision.high < 1
    assert {one.label.doc_id: [failure.rule for failure in one.failures] for one in found.disagreements} == {
        doc_id(20): ["too_short"],
        doc_id(21): ["too_short", "too_many_symbols"],
        doc_id(4): [],
    }
    assert [label.doc_id for label in found.unjudged] == [doc_id(50)], "it never became a document"
    by_rule = {rule.rule: (rule.rightly, rule.wrongly, rule.alone) for rule in found.rules}
    assert by_rule == {"too_short": (2, 2, 1), "too_many_symbols": (1, 1, 0)}


def test_a_changed_bound_is_judged_without_computing_anything(lake: Lake, labels: dict[str, Label]) -> None:
    loose = replace(CONFIG, rules=(replace(WORDS, minimum=5), SYMBOLS))
    found = judge_rules(lake, labels, "loose", loose)
    assert (found.dropped_rightly, found.dropped_wrongly) == (1, 1)
    nothing = judge_rules(lake, labels, "none", replace(CONFIG, rules=(), language_score=0.0))
    assert nothing.precision.value is None and nothing.recall.value == 0.0
    assert judge_rules(lake, labels, "language", replace(CONFIG, language_score=0.95)).kept_rightly == 0


def test_what_is_no_rule_on_measures_is_named(lake: Lake, labels: dict[str, Label]) -> None:
    config = replace(CONFIG, excluded_hosts=("big.example",), bad_words=BadWordConfig(folder="/lists"))
    assert judge_rules(lake, labels, "mine", config).not_judged_by == ["clean.bad_words.folder", "clean.excluded_hosts"]
    assert judge_rules(lake, labels, "mine", CONFIG).not_judged_by == []


def test_a_recipe_by_its_name(lake: Lake, labels: dict[str, Label]) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"no document is marked in .*/labels.jsonl: mark some in `headwater view`"
    ):
        judge_recipe(lake, "base")
    for label in labels.values():
        set_label(lake, label)
    changes: dict[str, Any] = {"clean": {"rules": {"gopher_words": {"minimum": 1}}}}
    write_recipe(lake, "loose", "base", changes)
    base, loose = judge_recipe(lake, "base"), judge_recipe(lake, "loose")
    assert base.dropped_wrongly > loose.dropped_wrongly
    with pytest.raises(ValueError, match=r"has no recipe of its own: name one of babylm_strict_small, base, demo, "):
        judge_recipe(lake)
    with pytest.raises(ValueError, match="there is no recipe bse; did you mean base"):
        judge_recipe(lake, "bse")
