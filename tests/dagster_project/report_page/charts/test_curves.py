"""Curves and intervals: lines keep their ends, levels and intervals are those of the numbers."""

from __future__ import annotations

import pytest

from corpus.duplicates.banding import DuplicateConfig
from dagster_project.report_page.charts.curves import POINTS, learning_charts, loss_chart, pairs_chart, thinned
from dagster_project.report_page.charts.intervals import recipe_chart, score_charts


def estimate(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


def score(metric: str, value: float, chance: float | None = None) -> dict:
    beside = {"untrained": estimate(0.2), "unigram": estimate(0.3)}
    return {"metric": metric, "higher_is_better": True, "score": estimate(value), "beside": beside, "chance": chance}


def test_a_long_line_is_thinned_and_keeps_its_ends() -> None:
    steps = [(n, 9 - n / 10_000) for n in range(50_000)]
    line = loss_chart({"loss": steps, "heldout_loss": []}).option["series"]
    assert len(line) == 1 and len(line[0]["data"]) == POINTS
    assert line[0]["data"][0][0] == 0 and line[0]["data"][-1][0] == 49_999
    assert thinned([1, 2], 5) == [1, 2]


def test_a_learning_curve_has_its_band_and_the_level_of_guessing() -> None:
    point = {"tokens": 5, "scores": {"piqa": estimate(0.6)}, "core": None}
    [chart] = learning_charts({"points": [point, {**point, "tokens": 9}], "tasks": {"piqa": {"chance": 0.5}}})
    low, width, line = chart.option["series"]
    assert low["data"][0] == (5, 0.5) and width["data"][0] == (5, 0.2) and low["stack"] == width["stack"]
    assert line["data"][0] == (5, 0.6, "0.6000 (0.5000 to 0.7000)") and line["markLine"]["data"] == [{"yAxis": 0.5}]
    assert learning_charts(None) == []


def test_tasks_of_one_metric_share_a_chart_and_each_has_its_interval() -> None:
    nothing = {**score("acc", 0.5), "score": None}
    scores = {"one": score("acc", 0.5, 0.25), "two": score("acc", 0.6), "three": score("bits", 2.0), "none": nothing}
    acc, bits = score_charts(scores)
    assert acc.option["yAxis"]["data"] == ["one", "two"] and bits.option["yAxis"]["data"] == ["three"]
    trained = next(series for series in acc.option["series"] if series["name"] == "trained")
    assert trained["data"][0] == [0.4, 0.5, 0.5, 0.5, 0.6, "0.5000 (0.4000 to 0.6000)"]
    assert acc.option["series"][-1]["data"] == [[0.25, "one"]]
    assert ("two", "unigram", 0.3, 0.2, 0.4) in acc.rows


def test_recipes_side_by_side() -> None:
    chart = recipe_chart("piqa", "acc", True, {"demo": estimate(0.5), "demo.seed1": estimate(0.6)})
    assert chart.option["yAxis"]["data"] == ["demo", "demo.seed1"]
    assert [row[1] for row in chart.rows] == [0.5, 0.6]


@pytest.mark.parametrize(
    "config", [DuplicateConfig(), DuplicateConfig(threshold=0.5), DuplicateConfig(permutations=32)]
)
def test_the_curve_of_pairs_is_that_of_the_chosen_bands(config: DuplicateConfig) -> None:
    chart, signing = pairs_chart(config), config.signing()
    line = chart.option["series"][-1]
    assert line["name"] == f"equal in {config.min_shared_bands()} of {signing.bands} bands of {signing.rows} rows"
    assert line["markLine"]["data"] == [{"xAxis": config.threshold}]
    assert line["data"][0][1] == 0 and line["data"][-1][1] == 1
