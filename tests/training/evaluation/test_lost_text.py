"""Bits per byte of a tokenizer from which texts do not come back: of another text, and said."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from benchmark_files import to_jsonl
from random_checkpoints import foreign_checkpoint, random_checkpoint
from small_corpus import Data

from headwater.summary import format_score as summary_line
from training.evaluation.curve import format_point
from training.evaluation.items import load_items
from training.evaluation.kinds import Document
from training.evaluation.score import score_task
from training.evaluation.score_lines import format_score
from training.inference.loading import load_any

TEXTS = Document(name="texts")
CPU = torch.device("cpu")


def with_lower_case(folder: Path) -> None:
    value = json.loads((folder / "tokenizer.json").read_bytes())
    value["normalizer"] = {"type": "Lowercase"}
    (folder / "tokenizer.json").write_text(json.dumps(value))


def test_a_score_of_bits_per_byte_says_how_many_texts_do_not_come_back(data: Data, tmp_path: Path) -> None:
    rows = [{"text": "all of it comes back"}, {"text": "The Title is lost"}, {"text": "été 雨  \n\tdouble . blanks"}]
    (tmp_path / "texts.jsonl").write_text(to_jsonl(rows))
    items = load_items(TEXTS, tmp_path / "texts.jsonl")
    for name in ("ours", "llama", "gpt2"):
        folder = tmp_path / name
        folder.mkdir()
        random_checkpoint(data, folder, 96) if name == "ours" else foreign_checkpoint(data, folder, 96, name)
        whole, _ = score_task(load_any(folder, CPU), TEXTS, items)
        assert whole["lost"] is None and "come back" not in "\n".join(format_score(whole))
        with_lower_case(folder)
        found, _ = score_task(load_any(folder, CPU), TEXTS, items)
        assert found["lost"] == {"texts": 1, "example": ("The Title is lost", "the title is lost")}
        [line] = [line for line in format_score(found) if "come back" in line]
        assert "1 of 3 texts" in line and "'The Title is lost' comes back as 'the title is lost'" in line
        assert "1 texts do not come back" in summary_line(found)


def test_a_learning_curve_says_so_too() -> None:
    about = {"texts": {"n": 3, "lost": {"texts": 1, "example": ("A", "a")}}, "more": {"n": 2, "lost": None}}
    value = {"value": 1.0, "low": 0.5, "high": 1.5}
    point = {"step": 1, "tokens": 2, "scores": {"texts": value, "more": value}, "core": None}
    told = [
        line.endswith("of 3 items; 1 texts do not come back from the tokenizer") for line in format_point(about, point)
    ]
    assert told == [False, True, False]
