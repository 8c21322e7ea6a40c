"""`headwater risks` on the lake of a recipe, and `headwater canaries`: secrets that are planted can be followed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from graphs import Graph

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


def test_texts_of_one_kind_alone_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["risks", "--seen", "a.jsonl"]) == 1
    assert "--seen and --unseen need each other" in capsys.readouterr().err
