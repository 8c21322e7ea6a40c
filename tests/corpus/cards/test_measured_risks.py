"""Measured risks in a card: every finding of this checkpoint, its interval and where it is from, and of no other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from corpus.cards.measured_risks import FINDINGS_FILE, risks_section
from corpus.lake.manifest import Counts, Manifest
from corpus.lake.stage import Stage, publish_once
from corpus.lake.store import Lake

FINDING = {
    "risk": "bias",
    "measure": "the prejudice is likelier",
    "group": "all | of them",
    "value": 0.51234,
    "low": 0.4,
    "high": 0.62,
    "items": 1200,
    "harmless": 0.5,
}


@dataclass(frozen=True, kw_only=True)
class Config:
    texts: int


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path))


def publish(lake: Lake, stage: Stage, path: str, content: object) -> Manifest:
    def make() -> tuple[Manifest, dict[str, object]]:
        with lake.scratch() as scratch:
            (scratch / "file").write_text(json.dumps(content))
            file = lake.put(scratch / "file", lake.path(stage.name, stage.address), path, 1)
        return stage.manifest([file], Counts(records_in=0, kept=0), {}), {}

    return publish_once(lake, stage, make).manifest


def model(lake: Lake, weights: int, seed: int = 0) -> Manifest:
    stage = Stage(name="checkpoint", partition="a-crawl", version=1, config=Config(texts=seed))
    return publish(lake, stage, f"model/{weights}", weights)


def measured(lake: Lake, of: Manifest, texts: int, files: dict[str, str] | None = None) -> Manifest:
    config = Config(texts=texts)
    stage = Stage(name="risks", partition="a-crawl", version=1, config=config, datasets=[of], files=files or {})
    return publish(lake, stage, FINDINGS_FILE, {"findings": [FINDING, {**FINDING, "harmless": None}]})


def test_each_dataset_has_a_table_and_says_what_it_was_measured_with(lake: Lake) -> None:
    mine, other = model(lake, 1), model(lake, 2, seed=2)
    few, more, of_other = (
        measured(lake, mine, 200, {"bias/a.csv": "0"}),
        measured(lake, mine, 1_000),
        measured(lake, other, 200),
    )
    text = "\n".join(risks_section(lake, mine))
    assert f"headwater/risks-{few.address[:12]}, SHA-256 {few.digest}: measured on 200 training and as many" in text
    assert "held-out texts at most, and with the files of bias." in text
    assert f"{more.digest}: measured on 1,000 training and as many held-out texts at most.\n" in text
    assert of_other.digest not in text
    row = r"| bias | the prejudice is likelier | all \| of them | 0.512 | 0.400 to 0.620 | 1,200 |"
    assert text.count(f"{row} 0.500 |") == text.count(f"{row}  |") == 2


def test_the_same_weights_at_another_address_have_the_same_risks(lake: Lake) -> None:
    few = measured(lake, model(lake, 1), 200)
    assert few.digest in "".join(risks_section(lake, model(lake, 1, seed=7)))


def test_without_any_the_command_is_named(lake: Lake) -> None:
    assert "`headwater risks` measures them" in "".join(risks_section(lake, model(lake, 1)))
