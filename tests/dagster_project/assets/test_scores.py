"""Scores in the graph: what is computed again, what a failing evaluation leaves alone, and the curve along a run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet as pq
import pytest
from graphs import Graph

from corpus.lake.verification import find_damage
from dagster_project import checks
from dagster_project.assets import scores
from dagster_project.assets.benchmarks import benchmark
from dagster_project.assets.curve import read_curve
from dagster_project.assets.document_stages import contamination
from dagster_project.assets.model import kept_along
from dagster_project.assets.reports import report
from dagster_project.assets.scores import benchmark_score, held_out_scores, read_score, stage_of
from dagster_project.lineage import datasets_of, latest
from dagster_project.partitions import benchmark_recipe_key
from headwater.commands.demo import benchmark_paths
from headwater.summary import summarize
from headwater.tracing.score_trace import trace_score
from headwater.tracing.trace_lines import score_lines
from training.config import TrainConfig
from training.evaluation.catalog import HELD_OUT, TASKS

# A process that stands in for the evaluation, and dies with half of its output written.
KILLED = """
import os, pathlib, signal, sys
out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1], "last_word")
out.mkdir()
(out / "items.parquet").write_bytes(b"PAR1")
os.kill(os.getpid(), signal.SIGKILL)
"""
CHANGED = """
import sys
from dataclasses import replace
from training.evaluation import catalog, score
catalog.TASKS["last_word"] = replace(catalog.TASKS["last_word"], version=2)
sys.exit(score.main())
"""


def of(graph: Graph, task: str) -> dict[str, Any]:
    found = latest(graph.instance, f"scores/{task}", "base")
    assert found is not None
    return found


def test_a_score_is_shown_with_its_interval_and_what_it_is_beside(graph: Graph) -> None:
    shown = of(graph, "continuation")
    assert shown["score_low"] <= shown["score"] <= shown["score_high"] and shown["chance"] == 0.25 and shown["n"] > 0
    assert {"untrained", "unigram", "metric:acc", "metric:acc_norm", "metric:acc_bytes"} <= shown.keys()
    assert shown["metric:acc_bytes"] == shown["score"] and shown["definition"] == TASKS["continuation"].definition


def test_an_address_follows_the_definition_of_its_task_alone(graph: Graph) -> None:
    [model] = graph.lake.datasets("checkpoint")
    for task in HELD_OUT:
        changed = replace(task, version=task.version + 1)
        assert (
            stage_of(changed, model).address != stage_of(task, model).address == stage_of(replace(task), model).address
        )


def test_a_failed_evaluation_harms_nothing_and_a_changed_task_recomputes_its_own_column(
    graph: Graph, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, code in (("killed_score", KILLED), ("changed_score", CHANGED)):
        (tmp_path / f"{name}.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(__file__).parents[3]}")
    before = {task.name: of(graph, task.name)["content"] for task in HELD_OUT}
    published = {manifest.digest for manifest in graph.lake.datasets()}
    monkeypatch.setitem(scores.TASKS, "last_word", replace(TASKS["last_word"], version=2))

    monkeypatch.setattr(scores, "MODULE", "killed_score")
    assert not graph.materialize(held_out_scores, "base", raise_on_error=False).success
    assert {manifest.digest for manifest in graph.lake.datasets()} == published
    assert not [said for manifest in graph.lake.datasets() for said in find_damage(graph.lake, manifest)]
    assert {task.name: of(graph, task.name)["content"] for task in HELD_OUT} == before
    assert of(graph, "continuation")["reused"] is True

    monkeypatch.setattr(scores, "MODULE", "changed_score")
    assert graph.materialize(held_out_scores, "base").success
    assert {task.name: of(graph, task.name)["reused"] for task in HELD_OUT} == {
        "bits_per_byte": True,
        "continuation": True,
        "last_word": False,
    }
    assert of(graph, "last_word")["content"] != before["last_word"]

    monkeypatch.undo()
    assert graph.materialize(held_out_scores, "base").success
    assert {task.name: of(graph, task.name)["content"] for task in HELD_OUT} == before
    assert all(of(graph, task.name)["reused"] for task in HELD_OUT)


def test_the_curve_ends_with_the_scores_and_keeps_no_optimizer(graph: Graph) -> None:
    [model], [made] = graph.lake.datasets("checkpoint"), graph.lake.datasets("learning_curve")
    files = [entry.path for entry in model.of_kind("along")]
    assert "along/step-00000004/model.safetensors" in files and not [path for path in files if "optimizer" in path]
    found = read_curve(graph.lake, made)
    assert [(point["step"], point["tokens"]) for point in found["points"]] == [(4, 4_096), (8, 8_192)]
    for task, about in found["tasks"].items():
        [manifest] = datasets_of(graph.lake, of(graph, task))
        whole = read_score(graph.lake, manifest)
        assert about["definition"] == whole["definition"] and found["points"][0]["checkpoint"] != whole["inputs"]
        if about["n"] == whole["n"]:
            assert found["points"][-1]["scores"][task]["value"] == whole["score"]["value"]
            assert found["points"][-1]["checkpoint"] == whole["inputs"]["checkpoint"]
    assert any(about["n"] == of(graph, task)["n"] for task, about in found["tasks"].items())
    rows = pq.read_table(f"{graph.lake.folder(made)}/curve/curve.parquet").to_pylist()
    assert len(rows) == 2 * len(found["tasks"]) and all(row["low"] <= row["value"] <= row["high"] for row in rows)
    shown = latest(graph.instance, "learning_curve", "base")
    assert shown is not None and "data:image/svg+xml" in shown["curve"]
    assert shown["last_word at step 4"] == found["points"][0]["scores"]["last_word"]["value"]
    assert shown["core at step 8"] == found["points"][1]["core"]["value"]


def test_a_score_is_followed_up_to_the_files_of_the_crawl(graph: Graph) -> None:
    lines = list(score_lines(trace_score(graph.lake, "last_word")))
    for stage in ("checkpoint", "shards", "items", "split", "documents"):
        [manifest] = graph.lake.datasets(stage)
        assert any(f"{manifest.name}  {manifest.digest[:12]}" in line for line in lines), stage
    assert any("file " in line and "warc" in line for line in lines)
    assert not any("no longer" in line for line in lines)
    with pytest.raises(ValueError, match=r"no score of 'nothing'.*: there are bits_per_byte, continuation, last_word"):
        trace_score(graph.lake, "nothing")


@pytest.fixture
def blimp(graph: Graph, tmp_path: Path) -> Iterator[Path]:
    """A benchmark of a dozen pairs, one of them words of a page of the crawl, materialized and looked for."""
    good = ("The cats sleep here", "The dogs run", "Some birds sing at night")
    rows = [
        {
            "sentence_good": f"{text} {n}.",
            "sentence_bad": f"{text}s {n}.",
            "UID": f"kind-{n % 2}",
            "pairID": f"{text} {n}",
        }
        for text in good
        for n in range(4)
    ]
    unique = next(iter(graph.lake.datasets("unique")))
    page = next(text for table in graph.lake.read(unique, "documents", ["text"]) for text in table["text"].to_pylist())
    rows[0] |= {"sentence_good": " ".join(page.split()[:40])}
    file = tmp_path / "pairs.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    graph.instance.add_dynamic_partitions("benchmarks", ["blimp"])
    config = {"ops": {"benchmark": {"config": {"path": str(file)}}}}
    assert graph.materialize([benchmark], "blimp", run_config=config).success
    assert graph.materialize([contamination], "base").success
    yield file
    graph.instance.wipe_assets([benchmark.key, benchmark_score.key])
    graph.instance.delete_dynamic_partition("benchmarks", "blimp")
    assert graph.materialize([contamination], "base").success
    assert graph.materialize([report], "base").success


def test_a_prepared_benchmark_gets_its_asset_and_its_place_in_the_report(graph: Graph, blimp: Path) -> None:
    key = benchmark_recipe_key("blimp", "base")
    whole = blimp.read_text()
    blimp.write_text(whole.replace("cats", "bats"))
    with pytest.raises(dg.Failure, match=r"is not what benchmark \[blimp\] was made of"):
        graph.materialize([benchmark_score], key)
    blimp.write_text(whole)
    assert graph.materialize([benchmark_score], key).success
    shown = latest(graph.instance, "benchmark_score", str(key))
    assert shown is not None
    assert shown["n"] == 12 and shown["chance"] == 0.5 and "| kind-0 | 6 |" in shown["groups"].replace("\\", "")
    assert "| field | phenomenon | group | n | acc | ties shared | ties |" in shown["groups"] and shown["ties"] == 0
    [dataset] = datasets_of(graph.lake, shown)
    rows = pq.read_table(f"{graph.lake.folder(dataset)}/items/items.parquet")
    right = rows["value"].to_pylist()
    assert shown["matched"] == 1 and shown["without_matched_value"] == pytest.approx(sum(right[1:]) / 11)
    assert graph.materialize([report], "base").success
    found = json.loads(Path(graph.lake.path("report", "base", "report.json")).read_text())
    assert found["core"]["tasks"] == ["blimp", "continuation"]
    assert found["scores"]["blimp"]["without_matched"]["n"] == 11
    assert found["scores"]["blimp"]["without_matched"]["score"]["value"] == shown["without_matched_value"]
    assert found["scores"]["continuation"]["without_matched"] is None
    halves = [
        (found["scores"][task]["score"]["value"], found["scores"][task]["chance"]) for task in found["core"]["tasks"]
    ]
    assert found["core"]["value"] == pytest.approx(sum((value - chance) / (1 - chance) for value, chance in halves) / 2)
    [model] = graph.lake.datasets("checkpoint")
    assert found["scores"]["blimp"]["made_of"][model.name] == model.digest
    page = Path(graph.lake.path("report", "base", "index.html")).read_text()
    assert f"{model.name} {model.digest[:12]}" in page and "Along the run" in page
    said = summarize(found)
    assert "blimp" in said and "learning curve" in said and "the centred mean of blimp, continuation" in said


def test_a_score_of_another_checkpoint_is_not_in_the_report(graph: Graph) -> None:
    [model] = graph.lake.datasets("checkpoint")
    [weights] = [entry for entry in model.files if entry.path == "model/model.safetensors"]
    rest = [entry for entry in model.files if entry is not weights]
    other = replace(model, files=(*rest, replace(weights, sha256="0" * 64)))
    context: Any = type("Context", (), {"instance": graph.instance, "partition_key": "base"})
    assert scores.score_manifests(context, graph.lake, model).keys() == {task.name for task in HELD_OUT}
    assert scores.score_manifests(context, graph.lake, other) == {}


def test_a_benchmark_that_cannot_be_asked_is_told_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "pairs.jsonl").write_text("")
    for given, said in (
        ("pica=x", "write TASK=PATH, with a task of hellaswag, piqa"),
        ("piqa", "write TASK=PATH"),
        (f"blimp={tmp_path}", "blimp: no items in"),
    ):
        with pytest.raises(ValueError, match=said):
            benchmark_paths([given])
    with pytest.raises(FileNotFoundError, match="nowhere: no file"):
        benchmark_paths([f"piqa={tmp_path / 'nowhere'}"])


@pytest.mark.parametrize(
    ("n", "score", "passed"),
    [
        (3, {"value": 0.5, "low": 0.1, "high": 0.9}, True),
        (3, {"value": 0.5, "low": 0.6, "high": 0.9}, False),
        (3, {"value": float("nan"), "low": 0.1, "high": 0.9}, False),
        (0, None, False),
    ],
)
def test_a_score_without_items_or_outside_its_interval_is_warned_of(n: int, score: Any, passed: bool) -> None:
    found = checks.interval(n, score)
    assert found.passed is passed and found.severity == dg.AssetCheckSeverity.WARN


@pytest.mark.parametrize(("steps", "every", "kept"), [(750, 150, 4), (8, 150, 3), (10_000, 500, 4), (1_000, 600, 4)])
def test_checkpoints_along_are_evenly_spaced(steps: int, every: int, kept: int) -> None:
    plan = TrainConfig(
        tokens=steps * 4, context=4, global_batch=1, micro_batch=1, learning_rate=0.1, checkpoint_every=every
    )
    found = kept_along(plan, 4)
    saved = range(found.checkpoint_every, steps, found.checkpoint_every)
    assert len([step for step in saved if step % found.keep_every == 0]) == kept
    assert found.checkpoint_every <= every and found.keep_every % found.checkpoint_every == 0
    assert kept_along(plan, 0) == plan
