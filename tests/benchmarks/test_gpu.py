from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import gpu
from benchmarks.gpu import CASES, PEAK, TINY, arithmetic

ROOT = Path(__file__).resolve().parents[2]


def test_tiny_checks_the_whole_script(tmp_path: Path) -> None:
    out = tmp_path / "gpu.json"
    command = [sys.executable, "-m", "benchmarks.gpu", "--tiny", "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())
    assert found["resume"]["steps"] == 8 and (found["device"] != "cpu" or found["resume"]["bits"])
    [case] = found["cases"]
    ours, plain = case["parameters"]["ours"], case["parameters"]["plain"]
    assert ours == pytest.approx(plain, rel=0.02)
    assert {(row["contestant"], row["micro_batch"]) for row in case["rows"]} == {
        (name, batch) for name in ("plain", "pieces", "trainer") for batch in (2, 4)
    }
    for row in case["rows"]:
        assert row["mfu"] == pytest.approx(row["tokens_per_second"] * case["flops_per_token"] / PEAK)
        assert row["tokens_per_second"] == pytest.approx(row["micro_batch"] * 64 / row["step_seconds"])


def test_a_batch_that_cannot_fit_ends_no_measurement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> float:
        raise ValueError("a rank needs 97 GiB and has 79 GiB")

    monkeypatch.setattr(gpu, "CONTESTANTS", {"trainer": refused, "plain": lambda *_: 1.0})
    rows = gpu.measure(tmp_path, TINY[0], torch.device("cpu"), 1, 5)["rows"]
    assert [row.get("without") for row in rows] == ["a rank needs 97 GiB and has 79 GiB", None] * 2


def test_aims_are_the_shares_of_the_peak_that_they_stand_for() -> None:
    """520k tokens/s of 124M are 45 % of 989 TFLOP/s; 63k of 1.1B about 49 %."""
    shares = {}
    for case in CASES:
        config = case.model
        layer = 4 * config.hidden_size**2 + 3 * config.hidden_size * config.intermediate_size
        matrices = config.num_hidden_layers * layer + config.vocab_size * config.hidden_size
        attention = 12 * config.num_hidden_layers * config.hidden_size * config.max_position_embeddings
        batch = case.micro_batches[0]
        seconds = batch * config.max_position_embeddings / case.aim
        shares[case.name] = arithmetic(case, seconds, batch, 6 * matrices + attention)["mfu"]
    assert shares["124M"] == pytest.approx(0.45, abs=0.01)
    assert shares["1.1B"] == pytest.approx(0.48, abs=0.02)
