"""docs/questions.py: everything that a lake answers from Python, on a small crawl and a small model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import headwater
from corpus.lake.current import RecipeLake
from corpus.lake.store import Lake
from headwater.cli import main
from recipes.files import write_recipe

SCRIPT = Path(__file__).parents[2] / "docs" / "questions.py"


def test_every_question_is_answered(crawl_folder: Path, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    write_recipe(lake, "small", "base", {"vocabulary": {"size": 512}, "training": {"tokens": 8_192, "along": 0}})
    done = subprocess.run(
        [sys.executable, str(SCRIPT), lake.url, str(crawl_folder), "small"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    lines = done.stdout.splitlines()
    assert any(line.startswith("bits_per_byte ") for line in lines)
    assert sum("provenance, not influence" in line for line in lines) == 2
    assert "clean " in done.stdout and " equal" in done.stdout
    [certified] = [line for line in lines if "runs of words looked for in" in line]
    assert certified.endswith(" 0 found") and not certified.startswith("0 runs")
    [collected] = [line for line in lines if line.endswith("datasets that no recipe needs are deleted")]
    assert int(collected.split()[0]) > 0
    [forgotten] = [line.split()[0] for line in lines if " is in {" in line]
    # The model without the page is a new one, scored and reported; the one that had read it is gone.
    view = RecipeLake(lake.url, "small")
    [model], [shards] = view.datasets("checkpoint"), view.datasets("shards")
    assert model.inputs[shards.name] == shards.content(("train", "heldout"))
    assert {score.inputs[model.name] for score in view.datasets("score")} == {model.content(("model",))}
    assert forgotten not in headwater.open(lake.url, "small").documents("split", ["url"])["url"].to_pylist()
    report = json.loads(Path(lake.root, "report", "small", "report.json").read_text())
    assert model.address in {stage["address"] for stage in report["stages"]}
    assert main(["verify", "--quiet", "--lake", lake.url]) == 0
