"""`headwater forget` of a page that a model was trained on: what is said of the model, and what nothing replaces.
That it is trained and scored again is part of tests/headwater/test_questions.py."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from forgettable import GAMMA, compute, write_web
from graphs import Graph

from corpus.lake.current import RecipeLake
from corpus.lake.store import Lake
from corpus.optout.removals import parse_removal
from headwater.cli import main
from headwater.forgetting import rebuild
from headwater.forgetting.findings import find_in_lake
from pipelines.engine import Engine

TRAINED = "https://site.example/asyncio"  # a page of the graph's own crawl
pytestmark = pytest.mark.usefixtures("in_process")


def test_what_read_it_is_named_up_to_the_report(
    graph_lake: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lake = shutil.copytree(graph_lake, tmp_path / "lake")
    assert main(["forget", TRAINED, "--dry-run", "--lake", str(lake)]) == 0
    lines = [" ".join(line.split()) for line in capfd.readouterr().out.splitlines()]
    [read] = [line for line in lines if line.startswith("checkpoint/") and line.endswith("read one of them")]
    assert re.fullmatch(r"checkpoint/\w+: [1-8] of 8 steps read one of them", read)
    assert "report" in lines and "learning curves: 1" in lines


def test_a_model_without_a_report_is_trained_again(graph_lake: Path, tmp_path: Path) -> None:
    lake = Lake(str(shutil.copytree(graph_lake, tmp_path / "lake")))
    lake.fs.rm(lake.path("report", "base"), recursive=True)
    view = RecipeLake(lake.url, "base")
    [old] = view.datasets("checkpoint")
    left_out = rebuild.forget(lake, find_in_lake(lake, parse_removal(TRAINED)), Engine(workers=1), quiet=True)
    [new] = view.datasets("checkpoint")
    assert new.address != old.address and f"base {old.name}" not in left_out


def test_of_several_sets_of_crawls_the_report_says_which_is_made_again(
    graph: Graph, graph_lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(str(shutil.copytree(graph_lake, tmp_path / "lake")))
    compute(lake, [*write_web(tmp_path / "web", (GAMMA,)), graph.key])
    partitions = {one.partition for one in RecipeLake(lake.url, "base").datasets("shards")}
    assert partitions == {"my-crawl", "docs+my-crawl"}
    run = []
    monkeypatch.setattr(rebuild.GraphRun, "run", lambda self, crawls, benchmarks: run.append(crawls))
    findings = find_in_lake(lake, parse_removal(TRAINED))
    left_out = rebuild.forget(lake, findings, Engine(workers=1), quiet=True)
    assert run == [[graph.key]]
    # Where nothing was made again, nothing that holds it is any recipe's.
    assert {"base shards/docs+my-crawl", "base shards/my-crawl", "base report"} <= set(left_out)
    assert not list(RecipeLake(lake.url, "base").datasets("shards"))
    assert not Path(lake.path("report", "base")).exists()
