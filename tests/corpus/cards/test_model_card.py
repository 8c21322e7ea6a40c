"""The model card: its code loads the model, its table has the scores of the lake, and hubs read its front matter."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from huggingface_hub import ModelCard
from safetensors.torch import load_file

from corpus.cards.writing import write_cards
from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from recipes.recorded import changed_settings


@pytest.fixture
def lake(graph_lake: Path, tmp_path: Path) -> Lake:
    return Lake(shutil.copytree(graph_lake, tmp_path / "lake"))


def read_card(lake: Lake) -> tuple[Manifest, ModelCard]:
    [manifest] = lake.datasets("checkpoint")
    return manifest, ModelCard.load(Path(lake.folder(manifest), "README.md"))


def test_the_code_of_the_card_loads_the_model_and_continues_a_text(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, card = read_card(lake)
    [code] = re.findall(r"```python\n(.*?)```", card.text, re.DOTALL)
    monkeypatch.chdir(lake.root)
    namespace: dict[str, torch.nn.Module] = {}
    exec(code, namespace)
    assert capsys.readouterr().out.startswith("The module")
    assert f"| parameters | {sum(one.numel() for one in namespace['model'].parameters()):,} |" in card.text


def test_the_table_has_every_score_with_its_interval(lake: Lake) -> None:
    _, card = read_card(lake)
    scores = list(lake.datasets("score"))
    assert len(scores) >= 3
    for manifest in scores:
        score = json.loads(Path(lake.folder(manifest), "score", "score.json").read_text())
        main = score["score"]
        if main is not None:
            expected = f"| {main['low']:.4g} to {main['high']:.4g} | {score['n']} |"
            assert f"| {score['task']} | {score['metric']} | {main['value']:.6g} {expected}" in card.text
    assert {result.dataset_type for result in card.data.eval_results} <= {one.partition.split(":")[0] for one in scores}


def test_the_card_names_budget_text_and_everything_upstream(lake: Lake) -> None:
    manifest, card = read_card(lake)
    [shards], [split] = lake.datasets("shards"), lake.datasets("split")
    assert f"| tokens read | {manifest.figures['tokens']:,} |" in card.text
    assert f"| train_tokens | {shards.figures['train_tokens']:,} |" in card.text
    assert card.data.datasets == [f"headwater/split-{split.address[:12]}"]
    for stage in ("documents", "unique", "tokenizer", "tokens", "shards", "checkpoint"):
        [one] = lake.datasets(stage)
        assert one.digest in card.text
    assert "| vocabulary.size | 512 | 4096 |" in card.text


def test_risks_that_nobody_measured_are_said_to_be_so(lake: Lake) -> None:
    _, card = read_card(lake)
    assert "None were measured. `headwater risks` measures them" in card.text.partition("## Risks")[2]


def test_a_checkpoint_that_was_not_scored_has_a_card_too(lake: Lake) -> None:
    manifest, _ = read_card(lake)
    shutil.rmtree(Path(lake.root, "score"))
    write_cards(lake, manifest, changed_settings)
    _, card = read_card(lake)
    assert "Not scored yet" in card.text and card.data.eval_results is None


def test_parameters_are_counted_without_reading_the_weights(lake: Lake) -> None:
    manifest, card = read_card(lake)
    weights = load_file(Path(lake.folder(manifest), "model", "model.safetensors"))
    assert f"| parameters | {sum(one.numel() for one in weights.values()):,} |" in card.text
