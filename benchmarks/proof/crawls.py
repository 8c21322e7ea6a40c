"""Crawls: what an arm starts from, where that is not the pages themselves. Each is made once, in its own way."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from benchmarks.dedup.contestants import BENCHMARKS, DATATROVE
from benchmarks.proof.arms import CONTROLS, COPIES, DOLMA, FINEWEB, PAGES, Arm
from benchmarks.proof.parts import write_copies, write_parts
from benchmarks.proof.runs import Place

PEERS = Path(__file__).parent / "peers"
PYTHON = {FINEWEB.name: DATATROVE.python, DOLMA.name: BENCHMARKS / ".venvs" / "dolma" / "bin" / "python"}


def make_crawl(place: Place, arm: Arm, ours: str) -> None:
    """Where it is not there. `ours`: the recipe of whose documents the controls and copies are."""
    if (place.inputs / arm.crawl).exists():
        return
    if arm in CONTROLS:
        write_parts(place.lake, ours, place.inputs)
    elif arm in COPIES:
        write_copies(place.lake, ours, place.inputs)
    else:
        partial = place.inputs / f"{arm.name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        script = PEERS / f"{arm.name}.py"
        subprocess.run([PYTHON[arm.name], script, place.inputs / PAGES, partial], check=True)
        partial.rename(place.inputs / arm.name)
