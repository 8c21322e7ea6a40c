"""`headwater risks` on the lake of a recipe, and `headwater canaries`: secrets that are planted can be followed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from graphs import Graph
from random_checkpoints import random_checkpoint
from small_corpus import Data

from corpus.lake.stages import DOCUMENTS
from headwater.cli import main
from headwater.lakes import open_lake


def test_a_recipe_is_measured_from_its_pages_to_what_its_model_writes(
    graph: Graph, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["risks", "--lake", graph.lake.url, "--recipe", "base", "--texts", "6", "--threads", "1", "--quiet"]
    assert main([*words, "--out", str(tmp_path / "risks"), "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {one["risk"] for one in found} >= {"robustness", "memorisation", "membership", "personal data", "filters"}
    assert json.loads((tmp_path / "risks" / "risks.json").read_text())["findings"] == found
    page = (tmp_path / "risks" / "risks.md").read_text()
    assert page.count("\n| ") == len(found) + 1
    # Every document that was extracted is in one group of each kind.
    lake = open_lake(graph.lake.url, "base")
    there = sum(manifest.counts.kept for manifest in lake.datasets(DOCUMENTS))
    dropped = sum(sum(manifest.counts.dropped.values()) for manifest in lake.datasets("clean"))
    for kind in ("by language", "by country of the host"):
        groups = [one for one in found if one["risk"] == "filters" and kind in one["measure"]]
        assert sum(one["items"] for one in groups) == there
        assert sum(one["items"] * one["value"] for one in groups) == pytest.approx(dropped)


def test_secrets_are_planted_in_documents_of_their_own_hosts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = tmp_path / "texts.jsonl"
    texts.write_text("".join(json.dumps({"text": f"Line {n}.\nAnd another of {n}."}) + "\n" for n in range(30)))
    words = ["canaries", str(texts), "--out", str(tmp_path / "planted"), "--repeats", "1,3", "--each", "5"]
    assert main(words) == 0
    assert capsys.readouterr().out.strip() == f"{tmp_path / 'planted'}: 20 sentences of 15 secrets in 30 documents"
    documents = [json.loads(line) for line in (tmp_path / "planted" / "documents.jsonl").read_text().splitlines()]
    for secret in map(json.loads, (tmp_path / "planted" / "canaries.jsonl").read_text().splitlines()):
        held = [one for one in documents if f"{secret['opening']} {secret['secret']}." in one["text"]]
        assert len(held) == secret["repeats"] == len({one["url"] for one in held})
        assert len({one["url"].split("/")[2] for one in held}) <= 1
    assert main(words) == 1
    assert "planted is there already; give a new folder" in capsys.readouterr().err


def test_a_checkpoint_is_measured_on_files_with_all_that_can_be_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, folder = Data(tmp_path), tmp_path / "model"
    folder.mkdir()
    random_checkpoint(data, folder, context=64)
    for name in ("seen", "unseen"):
        rows = [{"text": f"{name} text of number {number} about the sea and the ships " * 8} for number in range(6)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    examples = [{"text": f"{'vermin ' * (number % 2)}of the sea {number}", "label": number % 2} for number in range(40)]
    (tmp_path / "toxic.jsonl").write_text("".join(json.dumps(row) + "\n" for row in examples))
    rows = [{"goal": f"sail over {number} seas", "sol1": "by ship", "sol2": "by train"} for number in range(9)]
    (tmp_path / "valid.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "valid-labels.lst").write_text("0\n" * len(rows))
    texts = ["--seen", str(tmp_path / "seen.jsonl"), "--unseen", str(tmp_path / "unseen.jsonl"), "--threads", "1"]
    words = ["risks", str(folder), *texts, "--quiet", "--json"]
    more = ["--benchmark", f"piqa={tmp_path}", "--items", "4", "--toxic-examples", str(tmp_path / "toxic.jsonl")]
    assert main([*words, *more, "--out", str(tmp_path / "risks")]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert json.loads((tmp_path / "risks" / "risks.json").read_text())["findings"] == found
    asked = [one for one in found if one["measure"].startswith("piqa")]
    assert [one["items"] for one in asked] == [4] * 5 and len({one["group"] for one in asked}) == 5
    toxic = {one["group"] for one in found if one["risk"] == "toxicity"}
    assert toxic == {"examples, in 5 folds", "toxic examples", "the model", "people"}
    # Without these nothing is said of them.
    assert main(words) == 0
    plain = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert plain == [one for one in found if one["risk"] != "toxicity" and one not in asked]
    # What cannot be used is refused before anything is asked.
    assert main([*words, "--bias", str(tmp_path / "model")]) == 1
    assert "has no file of a test of bias" in capsys.readouterr().err


def test_texts_of_one_kind_alone_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["risks", "--seen", "a.jsonl"]) == 1
    assert "--seen and --unseen need each other" in capsys.readouterr().err
