"""Headline and times: the first things that a reader sees are those of the numbers."""

from __future__ import annotations

import json
from pathlib import Path

from dagster_project.report_page.headline import make_headline, shorten
from dagster_project.report_page.numbers import sum_times


def test_the_headline_names_model_score_baseline_and_pages(graph_lake: Path) -> None:
    report = json.loads((graph_lake / "report" / "base" / "report.json").read_text())
    found = make_headline(report)
    assert found.title.endswith(f"parameters, from {report['pages']} pages") and found.score is not None
    task, result = next(iter(report["scores"].items()))
    assert found.score.startswith(f"It scores {result['score']['value']:.3f} in {task} (95 % interval ")
    assert f"unigram {result['beside']['unigram']['value']:.3f}" in found.score
    assert {tile.name for tile in found.tiles} >= {"training tokens", "parameters", task}


def test_a_report_without_scores_or_pages_says_so() -> None:
    model = {"parameters": 2_558_144, "layers": 4, "width": 192, "context": 256}
    report = {"pages": 0, "texts": 12, "records": 14, "scores": {"piqa": {"score": None}}, "model": model}
    report |= {"train_documents": 3, "train_tokens": 0, "training": {"step": 0}}
    found = make_headline(report)
    assert found.title == "A model of 2.56M parameters, from 12 texts" and found.score is None
    assert "piqa" not in {tile.name for tile in found.tiles}


def test_numbers_are_short() -> None:
    assert [shorten(number) for number in (0, 999, 1_005_668, 3.2e13)] == ["0", "999", "1.01M", "32T"]


def test_times_are_summed_by_stage_upstream_first() -> None:
    row = {"stage": "clean", "seconds": 2.0, "records_in": 10, "bytes": 5}
    rows = [row, row, {**row, "stage": "documents", "seconds": 0.5}, {**row, "stage": "split", "seconds": None}]
    assert sum_times(rows) == [
        {"stage": "documents", "datasets": 1, "seconds": 0.5, "records_a_second": 20, "bytes": 5},
        {"stage": "clean", "datasets": 2, "seconds": 4.0, "records_a_second": 5, "bytes": 10},
    ]
