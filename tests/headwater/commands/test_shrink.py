"""`headwater shrink` and `headwater export`: what they write is scored and continued like any checkpoint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from start_models import write_start

from headwater.cli import main


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    return write_start("qwen3", tmp_path / "model")


def test_a_shrunk_model_is_a_checkpoint(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "small"
    assert main(["shrink", str(model), "--out", str(out), "--layers", "1", "--int8", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["folder"] == str(out) and said["bytes"][1] < said["bytes"][0]
    assert main(["generate", "--checkpoint", str(out), "--prompt", "Return", "--max-tokens", "3"]) == 0
    assert capsys.readouterr().out.startswith("Return")


def test_a_file_for_another_runtime(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["export", str(model), "--gguf", "--type", "q8_0", "--out", str(tmp_path / "model.gguf")]
    assert main(words) == 0
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'model.gguf'}: 0.05 MB; logits within 0.")
    assert main(words) == 1
    assert "model.gguf is there already; give another --out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "nothing to do: give --int8, --int4"),
        (("--layers", "3"), "--layers 3: the model has 2; give fewer"),
        (("--int4", "--dynamic"), "give --int8 as well"),
        (("--distill", "x"), "--distill TEACHER learns while it trains: give --tokens and --shards as well"),
        (("--prune", "0.5", "--tokens", "100"), "--tokens trains on shards: give --shards"),
    ],
)
def test_what_cannot_be_is_one_line(
    options: tuple[str, ...], message: str, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["shrink", str(model), "--out", str(tmp_path / "small"), *options]) == 1
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1
    assert not (tmp_path / "small").exists()
