"""`headwater ablate`: what it foresees, what it computes, and what it says of one changed rule."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
from graphs import SMALL, Graph

import headwater
from corpus.lake.stages import BENCHMARK, CONTAMINATION, TEXT_INDEX
from corpus.lake.store import Lake
from headwater.cli import main
from pipelines.cleaning import EXCLUDED_HOST
from recipes import named

SHORTEST = "clean.rules.gopher_words.minimum"


@pytest.fixture(scope="module")
def lake(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """In which `base` is scored."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(named.RECIPES, "base", SMALL)
        copy = shutil.copytree(Path(graph.lake.root), tmp_path_factory.mktemp("ablate") / "lake")
        for stage in (BENCHMARK, CONTAMINATION, TEXT_INDEX):  # which other tests of the same graph may have added
            shutil.rmtree(copy / stage, ignore_errors=True)
        yield Lake(str(copy))


def ablate(capfd: pytest.CaptureFixture[str], lake: Lake, crawl: str, *words: str) -> tuple[int, str, str]:
    code = main(["ablate", "--base", "base", "--crawl", crawl, "--lake", lake.url, "--workers", "1", *words])
    printed = capfd.readouterr()
    return code, printed.out, printed.err


def one_page_more(lake: Lake) -> str:
    """A bound by which the shortest clean page goes."""
    words = [
        number
        for manifest in lake.datasets("measures")
        for table in lake.read(manifest, "measures", ["words"])
        for number in table["words"].to_pylist()
        if number >= 50
    ]
    return f"{SHORTEST}={min(words) + 1}"


def test_a_dry_run_says_what_is_computed_and_computes_nothing(
    graph: Graph, lake: Lake, capfd: pytest.CaptureFixture[str]
) -> None:
    before = sorted(path for path in Path(lake.root).rglob("*") if path.is_file())
    code, out, _ = ablate(capfd, lake, graph.key, "--set", f"{SHORTEST}=60", "--dry-run")
    assert code == 0
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert f"changed {SHORTEST} 50 -> 60.0" in lines
    assert "reused crawl, documents, measures" in lines
    assert "arm base is scored" in lines
    [seed] = [line for line in lines if line.startswith("arm base.seed1 ")]
    assert "computes checkpoint, score, learning_curve about" in seed
    [variant] = [line for line in lines if line.startswith("arm base.gopher_words.minimum-60 ")]
    assert "computes clean, signatures, duplicates, unique, split," in variant
    [again] = [line for line in lines if line.startswith("arm base.gopher_words.minimum-60.seed1 ")]
    assert "computes checkpoint, score, learning_curve about" in again
    assert any(line.startswith("cost ") and "by what these stages took under the base" in line for line in lines)
    assert any(line.startswith("training 8,192 tokens in every arm") and "epochs" in line for line in lines)
    assert any(line.startswith("bits_per_byte ") and " by " in line for line in lines)
    assert sorted(path for path in Path(lake.root).rglob("*") if path.is_file()) == before


def test_a_change_that_changes_no_document_ends_without_training(
    graph: Graph, lake: Lake, capfd: pytest.CaptureFixture[str]
) -> None:
    models = len(list(lake.datasets("checkpoint")))
    code, out, _ = ablate(capfd, lake, graph.key, "--set", f"{SHORTEST}=49.5", "--seeds", "2")
    assert code == 0
    assert "Same data: the change keeps the same tokens" in out
    assert "went  0 documents" in out and "came  0 documents" in out
    assert len(list(lake.datasets("checkpoint"))) == models


def test_one_page_less_is_named_with_its_rule_and_the_scores_are_compared(
    graph: Graph, lake: Lake, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ("--set", one_page_more(lake), "--seeds", "1", "--json")
    code, out, err = ablate(capfd, lake, graph.key, *words)
    assert code == 0, err
    forecast, found = map(json.loads, out.splitlines())
    assert forecast["reused"] == ["crawl", "documents", "measures"]
    assert found["same"] is False and found["documents"]["kept"][1] == found["documents"]["kept"][0] - 1
    [went] = found["documents"]["went"]
    assert (went["stage"], went["reason"], went["documents"]) == ("clean", "gopher_words", 1)
    assert "(bound " in went["samples"][0]["measured"][0]
    assert found["documents"]["came"] == []
    assert found["train_tokens"][1] != found["train_tokens"][0] or found["scores"]["tasks"]
    [variant] = found["b"]
    assert (Path(lake.root) / "report" / variant / "index.html").is_file()
    assert {task["task"] for task in found["scores"]["tasks"]} >= {"bits_per_byte"}
    forecast_again: dict[str, Any] = json.loads(ablate(capfd, lake, graph.key, *words, "--dry-run")[1])
    assert [arm["computed"] for arm in forecast_again["arms"]] == [[], []], "an arm that is there is found"


def test_a_host_is_left_out_by_measurement_and_nothing_else_is_claimed(
    graph: Graph, lake: Lake, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = headwater.open(lake.url, "base").documents("split", ["host", "doc_id"]).to_pylist()
    counts = Counter(row["host"] for row in rows)
    host = min(counts, key=lambda host: (counts[host], host))
    found = headwater.ablate(
        "base", without=[f"host:{host}"], seeds=1, crawls=[graph.key], lake=lake.url, workers=1, samples=1
    )
    gone = {row["doc_id"] for row in rows if row["host"] == host}
    excluded = found.changed_documents.filter(pc.equal(found.changed_documents["reason"], "excluded_host"))
    assert set(excluded["doc_id"].to_pylist()) == gone and set(excluded["change"].to_pylist()) == {"went"}
    assert found.excluded_hosts == (host,)
    [variant] = found.b
    kept = headwater.open(lake.url, variant).documents("split", ["host"])["host"].to_pylist()
    assert host not in kept and len(kept) == found.documents.kept[1]
    code, out, _ = ablate(capfd, lake, graph.key, "--without", f"host:{host}", "--seeds", "1", "--quiet")
    assert code == 0 and f"clean {EXCLUDED_HOST}" in out
    assert found.same or f"Measured: models retrained without {host}" in out


def test_a_forecast_from_python_is_that_of_a_dry_run(
    graph: Graph, lake: Lake, capfd: pytest.CaptureFixture[str]
) -> None:
    forecast = headwater.forecast_ablation("base", {SHORTEST: 60}, crawls=[graph.key], lake=lake.url)
    printed = json.loads(ablate(capfd, lake, graph.key, "--set", f"{SHORTEST}=60", "--dry-run", "--json")[1])
    assert json.loads(json.dumps(dataclasses.asdict(forecast))) == printed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "nothing is to be changed: give --set KEY=VALUE, --drop WHAT or --without"),
        (["--drop", "dedup"], "--drop dedup: no stage or rule; did you mean deduplicate?"),
        (["--without", "example.org"], "--without example.org: write host:NAME, such as host:example.org"),
        (["--set", f"{SHORTEST}=50"], f"base has {SHORTEST} = 50 already: nothing differs"),
        (["--set", "clean.rulez.x=1"], "did you mean rules?"),
    ],
)
def test_what_cannot_be_is_refused(
    words: list[str], message: str, graph: Graph, lake: Lake, capfd: pytest.CaptureFixture[str]
) -> None:
    code, out, err = ablate(capfd, lake, graph.key, *words)
    assert (code, out) == (1, "") and message in err
