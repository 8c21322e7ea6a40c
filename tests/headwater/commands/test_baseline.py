"""`headwater baseline`, and from logged prompts to a comparison of two checkpoints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from random_checkpoints import foreign_checkpoint, random_checkpoint
from small_corpus import Data

from headwater.cli import main


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    return Data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def folder(data: Data, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("random")
    random_checkpoint(data, made, 128)
    return made


def paragraphs(data: Data) -> list[str]:
    return [part for part in data.texts[0].split("\n\n") if len(part) > 100][:30]


def test_a_baseline_of_texts_is_the_same_each_time(
    data: Data, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the order of the texts; of a larger number a part."""
    for name, texts in (("a", paragraphs(data)), ("b", paragraphs(data)[::-1])):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        words = [str(folder), "--texts", str(tmp_path / f"{name}.jsonl"), "--out", str(tmp_path / f"{name}.json")]
        assert main(["baseline", *words, "--limit", "25", "--threads", "1", "--json"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["texts"] == 25 and said["languages"]["en"] > 0.8
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_a_lake_without_held_out_documents(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "lake").mkdir()
    words = [str(folder), "--lake", str(tmp_path / "lake"), "--out", str(tmp_path / "baseline.json")]
    assert main(["baseline", *words]) == 1
    assert "has no held-out documents of this recipe; run it, or give --texts" in capsys.readouterr().err
    assert not (tmp_path / "baseline.json").exists()


def test_two_checkpoints_are_compared_on_what_people_asked(
    data: Data, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other").mkdir()
    foreign_checkpoint(data, tmp_path / "other", 128, "gpt2")
    prompts = [*paragraphs(data), *paragraphs(data)[:5]]
    asked = tmp_path / "asked.jsonl"
    asked.write_text("".join(json.dumps({"prompt": text, "answers": ["a"]}) + "\n" for text in prompts))
    for name, checkpoint in (("a", folder), ("b", tmp_path / "other")):
        words = ["--task", "prompts", "--data", str(asked), "--out", str(tmp_path / name), "--threads", "1"]
        assert main(["score", "--checkpoint", str(checkpoint), *words]) == 0
    capsys.readouterr()
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b"), "--json"]) == 0
    [task] = json.loads(capsys.readouterr().out)["tasks"]
    assert (task["task"], task["n"], task["clusters"]) == ("prompts", len(prompts), len(set(prompts)))
    assert task["verdict"].endswith("is better")
