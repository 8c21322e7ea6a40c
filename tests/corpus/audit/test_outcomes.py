"""Outcomes: every document is counted once, in its language, where it was dropped."""

from __future__ import annotations

from pathlib import Path

import pytest
from stages import Stages, make_stages

from corpus.audit.outcomes import OTHERS, find_outcomes, funnels, grouped, joined, languages
from corpus.lake.store import Lake
from corpus.lineage.graph import sources


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Stages:
    return make_stages(Lake(str(tmp_path_factory.mktemp("lake"))))


def test_a_funnel_loses_nothing(stages: Stages) -> None:
    table = find_outcomes(stages.lake, stages.clean[0], [stages.unique])
    whole, *by_language = funnels(stages.documents[0], table, ["clean", "unique"])
    assert whole.left == {"records": 30, "pages": 28, "documents": 28, "clean": 22, "unique": 20}
    assert whole.lost["documents"] == {"bad_http_header": 1, "not_html": 1} and whole.quarantined == 1
    assert whole.lost["clean"] == {"too_short": 6} and whole.lost["unique"] == {"near_duplicate": 2}
    for stage, before in (("clean", "documents"), ("unique", "clean")):
        for funnel in (whole, *by_language):
            assert funnel.left[before] == funnel.left[stage] + sum(funnel.lost[stage].values())
    for stage in ("documents", "clean", "unique"):
        assert sum(funnel.left[stage] for funnel in by_language) == whole.left[stage]


def test_each_language_has_its_own_funnel(stages: Stages) -> None:
    table = find_outcomes(stages.lake, stages.clean[0], [stages.unique])
    found = {funnel.language: funnel.left for funnel in funnels(stages.documents[0], table, ["clean", "unique"])[1:]}
    assert list(found) == ["en", "de", "zh"]
    assert found["en"] == {"documents": 20, "clean": 18, "unique": 16}
    assert found["zh"] == {"documents": 2, "clean": 0, "unique": 0}


def test_a_stage_of_several_crawls_counts_for_the_right_one(stages: Stages) -> None:
    table = find_outcomes(stages.lake, stages.clean[1], [stages.unique])
    assert funnels(stages.documents[1], table, ["clean", "unique"])[0].left["unique"] == 3


def test_rare_languages_become_others(stages: Stages) -> None:
    table = grouped(find_outcomes(stages.lake, stages.clean[0]), 1)
    assert languages(table) == ["en", OTHERS]
    others = funnels(stages.documents[0], table, ["clean"])[-1]
    assert others.left == {"documents": 8, "clean": 4}


def test_funnels_add_up(stages: Stages) -> None:
    each = [
        funnels(documents, find_outcomes(stages.lake, clean), ["clean"])[0]
        for documents, clean in zip(stages.documents, stages.clean, strict=True)
    ]
    both = joined(each, crawl="both")
    assert both.left["records"] == 33 and both.left["clean"] == 25
    assert both.lost["clean"] == {"too_short": 6} and both.quarantined == 1


def test_the_order_of_rows_and_files_does_not_matter(stages: Stages, tmp_path: Path) -> None:
    other = make_stages(Lake(str(tmp_path)), parts=5, backwards=True)
    columns = ["doc_id", "language", "stage", "reason"]
    tables = [find_outcomes(made.lake, made.clean[0], [made.unique]).select(columns) for made in (stages, other)]
    assert tables[0].equals(tables[1])


def test_a_dataset_that_is_gone_is_named(stages: Stages, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="was made of 1 datasets of documents"):
        sources(Lake(str(tmp_path)), stages.clean[0], "documents")
