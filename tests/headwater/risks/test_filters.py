"""Filters: every document is in one group of each kind, and a rule that is harder on some topic or spelling shows."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from stages import MEASURES, SPOKEN, TEXTS, page, publish, short

from corpus.lake.schema import LEDGER
from corpus.lake.store import Lake
from headwater.risks import filters
from headwater.risks.filters import measure_filters
from headwater.risks.spelling import AMERICAN, BRITISH
from training.risks.findings import Finding

GARDEN = ["garden", "flower", "seed", "soil", "colour"]
FOOTBALL = ["football", "goal", "league", "referee", "center"]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path))


def fill(lake: Lake, pages: Sequence[dict[str, Any]], gone: Sequence[dict[str, Any]]) -> None:
    documents = publish(lake, "documents", "one", [], {"documents": (pa.schema(TEXTS), pages)})
    measures = publish(lake, "measures", "one", [documents], {"measures": (MEASURES, pages)})
    stay = [one for one in pages if one not in gone]
    ledger = [short(one) for one in gone]
    publish(lake, "clean", "one", [documents, measures], {"documents": (SPOKEN, stay), "ledger": (LEDGER, ledger)})


def subjects(count: int) -> list[dict[str, Any]]:
    """Pages about a garden and about football in turns, and as many German ones."""
    dice = random.Random(0)
    words = [GARDEN, FOOTBALL] * (count // 2)
    english = [page("one", number, text=" ".join(dice.choices(said, k=40))) for number, said in enumerate(words)]
    return [*english, *(page("one", count + number, language="de") for number in range(count))]


def of_kind(findings: Sequence[Finding], kind: str) -> list[Finding]:
    return [one for one in findings if kind in one.measure]


def test_a_rule_that_is_harder_on_a_topic_and_a_spelling_shows(lake: Lake) -> None:
    pages = subjects(160)
    gone = [one for one in pages[:160] if "football" in one["text"]][:60]
    fill(lake, pages, gone)
    findings = list(measure_filters(lake))
    for kind, items in (("by language", 320), ("by country", 320), ("by topic", 160), ("by spelling", 160)):
        some = of_kind(findings, kind)
        assert sum(one.items for one in some) == items
        assert sum(one.items * one.value for one in some) == pytest.approx(60)
        assert {one.harmless for one in some} == {60 / items}
    shares = {one.group: one.value for one in findings}
    assert (shares["de"], shares["en"]) == (0.0, 60 / 160)
    assert (shares[BRITISH], shares[AMERICAN]) == (0.0, 60 / 80)
    for one in of_kind(findings, "by topic"):
        if one.group != filters.OTHERS:
            assert one.value == 0 if set(one.group.split(", ")) <= set(GARDEN) else one.value > 0.5


def test_texts_are_read_of_a_sample_of_english_documents(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(lake, subjects(80), [])
    monkeypatch.setattr(filters, "SAMPLE", 50)
    read: list[str] = []
    monkeypatch.setattr(filters, "find_topics", lambda texts: read.extend(texts) or ["a topic"] * len(texts))
    findings = list(measure_filters(lake))
    assert len(read) == 50 and all(set(text.split()) <= {*GARDEN, *FOOTBALL} for text in read)
    assert [one.items for one in of_kind(findings, "by topic")] == [50]
    assert sum(one.items for one in of_kind(findings, "by language")) == 160


def test_small_groups_are_put_together_and_too_few_texts_have_no_topics(lake: Lake) -> None:
    fill(lake, subjects(30), [])
    findings = list(measure_filters(lake))
    assert [(one.group, one.items) for one in of_kind(findings, "by spelling")] == [(filters.OTHERS, 30)]
    assert not of_kind(findings, "by topic")


def test_a_lake_without_documents_has_no_findings(lake: Lake) -> None:
    assert not list(measure_filters(lake))
