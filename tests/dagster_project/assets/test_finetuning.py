"""A recipe that names tasks: its model is fine-tuned for each, known by model, examples and settings, and scored."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
from graphs import SMALL, Graph

from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from dagster_project.assets.finetuning import finetuned, finetuned_score
from dagster_project.assets.reports import report
from dagster_project.assets.scores import read_score
from dagster_project.lineage import datasets_of, latest
from headwater.comparison.sides import compare_sides
from headwater.scores import list_scores
from headwater.tracing.score_trace import trace_score
from recipes import named as recipes
from recipes.changes import change
from training.finetuning.finished import load_finetuned


@pytest.fixture
def mine(graph: Graph, tmp_path: Path) -> Graph:
    """A lake of its own: other tests count the datasets of theirs."""
    return replace(graph, lake=Lake(str(shutil.copytree(graph.lake.root, tmp_path / "lake"))))


def finetune(mine: Graph, tasks: Mapping[str, object]) -> tuple[list[Manifest], dict[str, object]]:
    """The scores, and what Dagster shows of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(recipes.RECIPES, "base", change(SMALL, {"finetune": tasks}))
        assert mine.materialize([finetuned, finetuned_score], "base").success
    found = latest(mine.instance, "finetuned_score", "base")
    assert found is not None
    return datasets_of(mine.lake, found), found


def test_a_model_a_task_with_scores(mine: Graph, tmp_path: Path) -> None:
    rows = [{"headline": f"{word} {number}", "label": word} for number in range(10) for word in ("error", "import")]
    data = tmp_path / "train.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = {"task": "classification", "data": str(data), "fields": {"text": "headline"}, "epochs": 1, "max_tokens": 16}
    [score], shown = finetune(mine, {"words": task})
    found = read_score(mine.lake, score)
    assert score.partition.startswith("words:") and found["n"] == 2 and found["task"] == "finetune.words"
    assert shown["words:accuracy"] == found["metrics"]["accuracy"]["value"]
    assert "is, said" in str(shown["words:confusion"])
    # Back to the bytes of the checkpoint and of the examples.
    [made] = datasets_of(mine.lake, latest(mine.instance, "finetuned", "base") or {})
    [checkpoint] = datasets_of(mine.lake, latest(mine.instance, "checkpoint", "base") or {})
    assert checkpoint.address in made.sources.values() and set(made.inputs) > {"train"}
    model = load_finetuned(Path(mine.lake.folder(made)) / "model")
    assert model.predict([{"text": "error 3"}])[0]["label"] in ("error", "import")
    # What everybody sees of it, and down to records of the crawl.
    [listed] = [one for one in list_scores(mine.lake) if one.stage == "finetuned_score"]
    assert (listed.task, listed.value, listed.checkpoint) == (
        "finetune.words",
        found["score"]["value"],
        checkpoint.digest,
    )
    [trace] = trace_score(mine.lake, "finetune.words")
    assert trace.compared == trace.equal > 0
    # The report has it, with the confusion matrix, and recipes are compared by it.
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(recipes.RECIPES, "base", change(SMALL, {"finetune": {"words": task}}))
        assert mine.materialize([report], "base").success
        [one] = [one for one in compare_sides("base", "base", mine.lake).tasks if one.task == "finetune.words"]
    assert one.n == 2 and one.difference.value == 0
    page = Path(str((latest(mine.instance, "report", "base") or {})["path"]))
    result = json.loads(page.with_name("report.json").read_text())["scores"]["finetune.words"]
    assert result["score"] == found["score"] and score.digest == result["dataset"]
    assert "Confusion matrix of finetune.words" in page.read_text()
    # The same examples elsewhere are the same model; another setting is another one.
    again = {**task, "data": str(shutil.copy(data, tmp_path / "elsewhere.jsonl"))}
    [same], _ = finetune(mine, {"words": again})
    assert same.address == score.address
    both, _ = finetune(mine, {"words": again, "folds": {**again, "folds": 2}})
    assert [one.partition.partition(":")[0] for one in both] == ["words", "folds"] and both[0] == score
    assert read_score(mine.lake, both[1])["n"] == len(rows)


def test_a_recipe_without_tasks_has_no_models(mine: Graph) -> None:
    assert finetune(mine, {})[0] == []


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ({"task": "classification", "data": "nowhere.jsonl"}, "finetune.words: .*nowhere.jsonl"),
        ({"task": "tagging"}, "a new one needs finetune.words.task and finetune.words.data"),
        ({"task": "sorting", "data": "x"}, "task 'sorting' is unknown; choose one of classification"),
        ({"task": "tagging", "data": "x", "epochs": 0}, "finetune.words: epochs 0: at least 1 is needed"),
    ],
)
def test_what_cannot_be_names_the_task(mine: Graph, task: dict[str, object], said: str) -> None:
    with pytest.raises((ValueError, dg.Failure), match=said):
        finetune(mine, {"words": task})


def test_a_fine_tuning_that_fails_says_why(mine: Graph, tmp_path: Path) -> None:
    data = tmp_path / "train.jsonl"
    data.write_text('{"text": "a", "label": "x"}\n' * 12)
    with pytest.raises(dg.Failure, match=r"finetune\.words failed, .* all 12 examples have the label 'x'"):
        finetune(mine, {"words": {"task": "classification", "data": str(data)}})
