"""Processes: what a command's children use counts, and a command that fails is never measured."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.processes import run

WORK = "import time\nheld = bytearray({} << 20)\nwhile time.process_time() < {}: pass\nprint('done')"


def test_what_a_child_uses_counts(tmp_path: Path) -> None:
    child = WORK.format(200, 0.8)
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    cost = run([sys.executable, "-c", parent], tmp_path / "log")
    assert cost.output == "done\n"
    assert 0.5 < cost.cpu < 2  # what a process did after the last look at it is lost
    assert cost.wall >= 0.8
    assert 200 << 20 < cost.largest < 300 << 20


def test_one_command_after_the_other(tmp_path: Path) -> None:
    small, large = (run([sys.executable, "-c", WORK.format(size, 0.2)], tmp_path / "log") for size in (1, 100))
    both = small + large
    assert both.cpu == small.cpu + large.cpu
    assert both.largest == large.largest


def test_a_command_that_fails_is_not_measured(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="ended with 3"):
        run([sys.executable, "-c", "raise SystemExit(3)"], tmp_path / "log")
