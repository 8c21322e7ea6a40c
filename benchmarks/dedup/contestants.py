"""Contestants: which systems take part, on how many documents, and what one run of each costs.

Each gets the same Parquet file (the slow ones its first documents) and one core, by `taskset` where there is one and by
the variables with which libraries choose their threads.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from benchmarks.processes import Cost, run

BENCHMARKS = Path(__file__).resolve().parents[1]
THREADS = ("OMP", "OPENBLAS", "MKL", "NUMBA", "RAYON", "POLARS_MAX", "DAFT_COMPUTE", "ARROW")
CORE = ["taskset", "--cpu-list", "0"] if shutil.which("taskset") else []


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """`package` has an environment of its own under benchmarks/.venvs, None: Headwater's. `first`: how many documents
    it gets, None for all. `apart`: whether signatures alone are a run of their own, with the option `signatures`."""

    name: str
    module: str
    package: str | None = None
    options: tuple[str, ...] = ()
    first: int | None = None
    apart: bool = False
    rounds: bool = False  # whether it is quick enough to run in each round

    @property
    def python(self) -> Path:
        return BENCHMARKS / ".venvs" / self.package / "bin" / "python" if self.package else Path(sys.executable)

    @property
    def version(self) -> str:
        if self.package is None:
            return ""
        pins = (BENCHMARKS / f"requirements-{self.package}.txt").read_text()
        [found] = re.findall(rf"^{self.package}(?:\[.*\])?==(.*)$", pins, re.MULTILINE)
        return f" {found}"


HEADWATER = Contestant(name="headwater", module="ours", apart=True, rounds=True)
DAFT = Contestant(name="Daft, union-find", module="daft_peer", package="daft", rounds=True)
RENSA = Contestant(name="rensa", module="rensa_peer", package="rensa", apart=True)
TEXT_DEDUP = Contestant(name="text-dedup, verified", module="text_dedup_peer", package="text-dedup", first=7_500)
DATATROVE = Contestant(name="datatrove, as it comes", module="datatrove_peer", package="datatrove", first=1_500)
DATATROVE_WORDS = Contestant(
    name="datatrove, \\w+ for spaCy", module="datatrove_peer", package="datatrove", options=("words",), first=7_500
)
ALL = (HEADWATER, DAFT, RENSA, TEXT_DEDUP, DATATROVE, DATATROVE_WORDS)


def one_core() -> dict[str, str]:
    return {**os.environ, **{f"{name}_NUM_THREADS": "1" for name in THREADS}, "POLARS_MAX_THREADS": "1"}


def compete(contestant: Contestant, documents: Path) -> tuple[dict[str, Any], list[str]]:
    """What one run took (seconds of `signatures` and of the `whole`, wall and CPU; the peak of the largest process, in
    bytes), and the ids that stay."""
    with tempfile.TemporaryDirectory(prefix="headwater-bench-") as temporary:
        place = Path(temporary)
        cost, laps, survivors = _run(contestant, documents, place, contestant.options)
        row: dict[str, Any] = {"whole": _sum(laps), "largest": cost.largest, "laps": laps}
        if contestant.apart:
            _, laps, _ = _run(contestant, documents, place, (*contestant.options, "signatures"))
        row["signatures"] = laps["signatures"]
    return row, survivors


def first_of(documents: Path, count: int | None) -> Path:
    """A file of the first documents, beside that of all."""
    if count is None:
        return documents
    part = documents.with_stem(f"first-{count}")
    if not part.exists():
        pq.write_table(pq.read_table(documents).slice(0, count), part, compression="zstd", row_group_size=1_000)
    return part


def _run(
    contestant: Contestant, documents: Path, place: Path, options: tuple[str, ...]
) -> tuple[Cost, dict[str, dict[str, float]], list[str]]:
    survivors = place / "survivors.txt"
    module = f"benchmarks.dedup.{contestant.module}"
    command = [*CORE, str(contestant.python), "-m", module, str(documents), str(survivors), *options]
    cost = run(command, place / "said.log", {**one_core(), "HF_HOME": str(place / "cache"), "HF_HUB_OFFLINE": "1"})
    return cost, json.loads(cost.output.splitlines()[-1]), survivors.read_text().split()


def _sum(laps: dict[str, dict[str, float]]) -> dict[str, float]:
    return {unit: sum(lap[unit] for lap in laps.values()) for unit in ("wall", "cpu")}
