"""Flow: what comes to a stage of the Sankey diagram leaves it: kept, or for a reason."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from corpus.lake.store import Lake
from dagster_project.report_page.charts.chart import Option
from dagster_project.report_page.charts.flow import REASONS, Step, find_steps, flow_chart

STEPS = [
    Step(name="documents", kept={"documents": 900}, lost={"http_status": 100}),
    Step(name="clean", kept={"clean": 500}, lost={f"rule_{n}": 40 for n in range(10)}),
    Step(name="split", kept={"trained on": 450, "held out": 50}, lost={}),
]


def balance(option: Option) -> Counter[str]:
    """By node that has both, what flows in less what flows out."""
    links: list[dict[str, Any]] = option["series"][0]["links"]
    within = {link["source"] for link in links} & {link["target"] for link in links}
    left: Counter[str] = Counter(dict.fromkeys(within, 0))
    for link in links:
        left[link["target"]] += link["value"]
        left[link["source"]] -= link["value"]
    return Counter({name: left[name] for name in within})


@pytest.mark.parametrize("narrow", [False, True])
def test_nothing_is_lost_between_stages(narrow: bool) -> None:
    chart = flow_chart(STEPS, 123_456)
    option = chart.narrow if narrow else chart.option
    assert option is not None
    found = balance(option)
    assert set(found) == {"documents", "clean"} and set(found.values()) == {0}
    out = sum(link["value"] for link in option["series"][0]["links"] if link["source"] == "records")
    assert out == 1000
    said = [node["label"]["formatter"] for node in option["series"][0]["data"]]
    assert "450 trained on\n123,456 tokens" in said


def test_rare_reasons_share_a_branch_and_the_table_has_them_all() -> None:
    chart = flow_chart(STEPS, 1)
    said = [node["label"]["formatter"] for node in chart.option["series"][0]["data"]]
    assert sum(" rule_" in one for one in said) == REASONS and "160 for 4 other reasons" in said
    assert chart.narrow is not None
    assert "400 dropped" in [node["label"]["formatter"] for node in chart.narrow["series"][0]["data"]]
    assert sum(row[1].startswith("rule_") for row in chart.rows if isinstance(row[1], str)) == 10


def test_the_stages_of_a_lake_fit_together(graph_lake: Path) -> None:
    lake = Lake(str(graph_lake))
    steps = find_steps(list(lake.datasets()))
    for before, after in pairwise(steps):
        assert sum(before.kept.values()) == after.came, after.name
    [tokens] = lake.datasets("tokens")
    assert steps[-1].kept["trained on"] == sum(entry.rows for entry in tokens.of_kind("train"))
