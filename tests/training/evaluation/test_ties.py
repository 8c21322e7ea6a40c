"""Ties: what lm-eval gives to the first choice is shared beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmark_files import to_jsonl

from training.evaluation.items import load_items
from training.evaluation.kinds import Beginning, Choice, Completion
from training.evaluation.score import score_task
from training.evaluation.score_lines import format_score
from training.evaluation.task import Task
from training.evaluation.ties import share_point
from training.inference.batches import Batch
from training.inference.loading import LoadedModel


class ByteUniform:
    """To it every byte is as likely as any other."""

    context, prefix, branches = 1024, 0, True

    def encode(self, texts: Sequence[str], special: bool) -> list[list[int]]:
        return [[byte + 1 for byte in text.encode()] for text in texts]

    def decode(self, tokens: Sequence[int]) -> str:
        return bytes(token - 1 for token in tokens).decode(errors="replace")

    spell = decode

    def log_likelihoods(self, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        return np.full(len(batch.targets), -math.log(256)), np.zeros(len(batch.targets), dtype=bool)

    def generate(self, prompts: Any, max_tokens: int, stop: Callable[[list[int]], bool]) -> list[list[int]]:
        raise NotImplementedError


def score(task: Task, rows: list[dict[str, Any]], folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    (folder / "items.jsonl").write_text(to_jsonl(rows))
    found, items = score_task(LoadedModel(ByteUniform(), "0"), task, load_items(task, folder))
    return found, items.to_pylist()


def test_minimal_pairs_of_one_length_are_worth_a_half(tmp_path: Path) -> None:
    pairs = Choice(name="pairs", options=("{good}", "{bad}"))
    rows = [
        {"good": "cats sleep", "bad": "cats sleek"},
        {"good": "a cat", "bad": "a cats"},
        {"good": "aaa", "bad": "b"},
    ]
    found, items = score(pairs, [*rows, {"good": "dogs bark", "bad": "barks dog"}], tmp_path)
    assert found["score"]["value"] == 0.75, "lm-eval's value stays the score"
    assert found["metric"] == "acc" and found["ties"] == 2
    assert found["metrics"]["acc_ties"]["value"] == 0.5
    assert [item["acc_ties"] for item in items] == [0.5, 1, 0, 0.5]
    assert [item["tied"] for item in items] == [2, 1, 1, 2]
    grouped = Choice(name="grouped", options=("{good}", "{bad}"), group="all")
    assert score(grouped, rows[:2], tmp_path)[0]["groups"] == {"all": {"value": 1, "n": 2, "shared": 0.75, "ties": 1}}
    [line] = [line for line in format_score(found) if "acc_ties" in line]
    assert "0.5000" in line and "2 of 4 items are ties" in line


def test_of_k_choices_that_are_best_together_each_gets_one_kth(tmp_path: Path) -> None:
    task = Choice(name="three", options="options", answer="right")
    rows = [
        {"options": ["abc", "abd", "abe", "abcd"], "right": 2},
        {"options": ["abc", "abd", "abe", "abcd"], "right": 3},
        {"options": ["a", "abd"], "right": 0},
    ]
    found, items = score(task, rows, tmp_path)
    assert [item["acc_ties"] for item in items] == [pytest.approx(1 / 3), 0, 1]
    assert [item["acc"] for item in items] == [0, 0, 1] and found["ties"] == 2


def test_ties_are_those_of_the_metric_that_counts(tmp_path: Path) -> None:
    """A byte-uniform model gives each byte the same, so that by bytes every choice is as good as any other."""
    rows = [{"options": ["abcdef", "abc"], "right": 1}]
    by_bytes, items = score(
        Choice(name="by_bytes", options="options", answer="right", by="acc_bytes", delimiter=""), rows, tmp_path
    )
    assert by_bytes["ties"] == 1 and items[0]["acc_bytes_ties"] == 0.5 and items[0]["acc_bytes"] == 0
    by_sum, items = score(Choice(name="by_sum", options="options", answer="right", delimiter=""), rows, tmp_path)
    assert by_sum["ties"] == 0 and items[0]["acc_ties"] == 1
    assert not [line for line in format_score(by_sum) if "ties" in line]


def test_beginnings_tie_too_and_what_is_no_choice_has_none(tmp_path: Path) -> None:
    task = Beginning(name="begin", beginnings="beginnings", ending="{ending}", answer="right")
    found, items = score(task, [{"beginnings": ["He", "She"], "ending": "left.", "right": 1}], tmp_path)
    assert found["ties"] == 1 and items[0]["acc_ties"] == 0.5 and items[0]["acc"] == 0
    ends = [{"a": "a", "b": b, "rule": b, "kind": "k"} for b in "bc"]
    endings = Completion(name="end", prompt="{a}", target="{b}", group="{rule}", above=("kind",))
    found, items = score(endings, ends, tmp_path)
    assert format_score(found)[-3].split() == ["kind", "group", "items", "acc"]
    assert found["ties"] is None and "tied" not in items[0] and set(found["metrics"]) == {"acc"}


def test_sums_in_another_order_are_equal_and_all_impossible_choices_too() -> None:
    parts = [-1 / 3, -2.7, -0.1, -11.9]
    assert sum(parts) != sum(reversed(parts))
    assert share_point([sum(parts), sum(reversed(parts))], 1) == (0.5, 2)
    assert share_point([-10.0, -10.000001], 1) == (0.0, 1)
    assert share_point([-math.inf, -math.inf, -math.inf], 0) == (pytest.approx(1 / 3), 3)
