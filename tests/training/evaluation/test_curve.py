"""The curve along a run: which checkpoints it is of, what is kept of them, and the mean over tasks."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from small_corpus import Data

from headwater.cli import main as headwater
from training.checkpoints.checkpoint import MOMENTS, Checkpoints, files_without_optimizer, verify
from training.evaluation.core import compute_core
from training.evaluation.curve import list_points, main
from training.run.outdir import Outdir


@pytest.fixture(scope="module")
def run(data: Data, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("along")
    assert data.trainer(Outdir(out), tokens=6 * 128, checkpoint_every=2, keep_last=1, keep_every=2).run() == 0
    return out


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("task")
    (folder / "words.py").write_text(
        "from training.evaluation.kinds import Choice\n"
        'task = Choice(name="words", prompt="{said}", options=("{right}", "{wrong}"))\n'
    )
    rows = [{"said": "the river", "right": f"runs {n}", "wrong": f"run {n}"} for n in range(6)]
    (folder / "words.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_a_curve_has_a_point_a_checkpoint_and_the_same_bytes_without_optimizers(
    run: Path, asked: Path, tmp_path: Path
) -> None:
    slim = tmp_path / "slim"
    for folder in Checkpoints(run / "checkpoints", keep_last=1).all():
        files, manifest = files_without_optimizer(folder)
        (slim / folder.name).mkdir(parents=True)
        for path in files:
            shutil.copyfile(path, slim / folder.name / path.name)
        (slim / folder.name / "manifest.json").write_bytes(manifest)
        assert MOMENTS in {path.name for path in folder.iterdir()} - {path.name for path in files}
        verify(slim / folder.name)
    flags = ["--task", str(asked / "words.py"), "--data", str(asked), "--limit", "4", "--threads", "1"]
    for source, out in ((run, "a"), (slim, "b")):
        assert main(["--checkpoint", str(source), *flags, "--out", str(tmp_path / out)]) == 0
    one, two = (json.loads((tmp_path / out / "curve.json").read_bytes()) for out in "ab")
    assert [(point["step"], point["tokens"]) for point in one["points"]] == [(2, 256), (4, 512), (6, 768)]
    assert one["tasks"] == two["tasks"] and one["tasks"]["words"]["n"] == 4 and one["tasks"]["words"]["chance"] == 0.5
    assert [point["scores"] for point in one["points"]] == [point["scores"] for point in two["points"]]
    assert one["points"][0]["core"]["value"] == pytest.approx(2 * one["points"][0]["scores"]["words"]["value"] - 1)
    assert (tmp_path / "a" / "curve.parquet").is_file()
    whole = ["score", "--every-checkpoint", "--checkpoint", str(run), *flags, "--out", str(tmp_path / "c")]
    assert headwater(whole) == 0
    assert (tmp_path / "c" / "curve.json").read_bytes() == (tmp_path / "a" / "curve.json").read_bytes()


def test_checkpoints_of_two_runs_are_no_curve(
    run: Path, data: Data, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    other = tmp_path / "other"
    assert data.trainer(Outdir(other), tokens=2 * 128, checkpoint_every=2, seed=7).run() == 0
    with pytest.raises(ValueError, match="a curve is of one run"):
        list_points([run, other])
    with pytest.raises(FileNotFoundError, match="holds no checkpoint"):
        list_points([tmp_path])
    found = main(["--checkpoint", str(tmp_path), "--task", "piqa", "--data", "x"])
    assert found == 1 and "holds no checkpoint" in capsys.readouterr().err


def test_core_is_of_what_has_a_chance_and_rises_with_skill() -> None:
    def result(value: float, chance: float | None, higher: bool = True) -> dict[str, object]:
        return {
            "score": {"value": value, "low": value - 0.1, "high": value + 0.1},
            "chance": chance,
            "higher_is_better": higher,
        }

    found = compute_core(
        {
            "two": result(0.75, 0.5),
            "four": result(0.25, 0.25),
            "bits": result(1.5, None, False),
            "stereotypes": result(0.6, 0.5, False),
        }
    )
    assert found is not None and found["tasks"] == ["four", "two"] and found["value"] == pytest.approx(0.25)
    half = ((0.1 / 0.75) ** 2 + (0.1 / 0.5) ** 2) ** 0.5 / 2
    assert (found["low"], found["high"]) == (pytest.approx(0.25 - half), pytest.approx(0.25 + half))
    assert compute_core({"bits": result(1.5, None, False)}) is None


def test_what_a_benchmark_is_is_known_without_torch() -> None:
    """The asset graph reads definitions and items, in every process that Dagster starts."""
    code = (
        "import sys, training.evaluation.catalog, training.evaluation.items, training.evaluation.core; "
        "heavy = {'torch', 'lm_eval', 'transformers', 'datasets'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
