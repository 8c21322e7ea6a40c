"""What a recipe says of risks: the files that decide the findings, and the flags of what measures them."""

from __future__ import annotations

from pathlib import Path

import pytest

from recipes.named import base
from recipes.risks import RiskConfig
from recipes.values import recorded_settings
from training.risks import measuring


def test_a_benchmark_is_known_by_the_files_that_its_task_reads(tmp_path: Path) -> None:
    (tmp_path / "valid.jsonl").write_text("{}\n")
    (tmp_path / "valid-labels.lst").write_text("0\n")
    (tmp_path / "train.jsonl").write_text("{}\n")
    (tmp_path / "toxic.csv").write_text("text,label\n")
    config = RiskConfig(benchmarks={"piqa": str(tmp_path)}, toxic_examples=str(tmp_path / "toxic.csv"))
    before = config.digests()
    assert set(before) == {"benchmarks/piqa/valid.jsonl", "benchmarks/piqa/valid-labels.lst", "toxic_examples/."}
    (tmp_path / "train.jsonl").write_text("{} \n")
    assert config.digests() == before
    (tmp_path / "valid.jsonl").write_text("{} \n")
    assert config.digests() != before


def test_the_flags_give_what_measures_the_same(tmp_path: Path) -> None:
    config = RiskConfig(benchmarks={"piqa": "a", "boolq": "b=c"}, items=7, toxic_examples="d", bias="e", language="de")
    needed = ["--checkpoint", "x", "--texts", "y", "--out", "z"]
    assert measuring.tests_of(measuring.parser().parse_args([*needed, *config.flags()])) == measuring.Tests(
        benchmarks={"piqa": Path("a"), "boolq": Path("b=c")},
        items=7,
        toxic_examples=Path("d"),
        bias=Path("e"),
        language="de",
    )
    assert measuring.tests_of(measuring.parser().parse_args([*needed, *RiskConfig().flags()])) == measuring.Tests()


def test_what_cannot_be_is_refused_with_the_setting() -> None:
    with pytest.raises(ValueError, match="items 0: at least 1 is needed"):
        RiskConfig(items=0)
    with pytest.raises(ValueError, match=r"benchmarks\.pika: no such task; there are .*piqa"):
        RiskConfig(benchmarks={"pika": "a"})
    with pytest.raises(FileNotFoundError, match=r"nowhere: no file .* there, which piqa reads"):
        RiskConfig(benchmarks={"piqa": "nowhere"}).digests()
    assert recorded_settings(base())
