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

from benchmarks.processes import run

BENCHMARKS = Path(__file__).resolve().parents[1]
THREADS = ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "NUMBA_NUM", "RAYON_NUM", "POLARS_MAX")
ONE_CORE = {f"{name}_THREADS": "1" for name in THREADS}
CORE = ["taskset", "--cpu-list", "0"] if shutil.which("taskset") else []


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """`package` has an environment of its own under benchmarks/.venvs, None: Headwater's. `first`: how many documents
    it gets, None for all. `apart`: whether signatures alone are a run of their own, with the option `signatures`.
    `quick`: whether it runs in every round."""

    name: str
    how: str
    module: str
    package: str | None = None
    options: tuple[str, ...] = ()
    first: int | None = None
    apart: bool = False
    quick: bool = False

    @property
    def python(self) -> Path:
        return BENCHMARKS / ".venvs" / self.package / "bin" / "python" if self.package else Path(sys.executable)

    @property
    def title(self) -> str:
        return f"{self.name}{self._version()}, {self.how}"

    def _version(self) -> str:
        if self.package is None:
            return ""
        pins = (BENCHMARKS / f"requirements-{self.package}.txt").read_text()
        [found] = re.findall(rf"^{self.package}(?:\[.*\])?==(.*)$", pins, re.MULTILINE)
        return f" {found}"


HEADWATER = Contestant(name="Headwater", how="verified", module="ours", apart=True, quick=True)
RIVER = Contestant(name="Headwater", how="in Beam, one worker", module="river", quick=True)
COMMAND = Contestant(name="`headwater dedup`", how="start to end", module="headwater.cli", quick=True)
DAFT = Contestant(name="Daft", how="union-find", module="daft_peer", package="daft", quick=True)
DATATROVE = Contestant(name="datatrove", how="as it comes", module="datatrove_peer", package="datatrove", first=1_500)
ALL = (
    HEADWATER,
    COMMAND,
    RIVER,
    DAFT,
    Contestant(name="rensa", how="its deduplicator", module="rensa_peer", package="rensa", apart=True),
    Contestant(name="text-dedup", how="verified", module="text_dedup_peer", package="text-dedup", first=7_500),
    DATATROVE,
    Contestant(
        name="datatrove",
        how="`\\w+` for spaCy",
        module="datatrove_peer",
        package="datatrove",
        options=("words",),
        first=7_500,
    ),
)


def compete(contestant: Contestant, documents: Path) -> tuple[dict[str, Any], list[str]]:
    """What one run took (seconds by lap, of `signatures` where they can be told apart, and of the `whole`; the peak of
    the largest process, in bytes), and the ids that stay."""
    with tempfile.TemporaryDirectory(prefix="headwater-bench-") as temporary:
        if contestant is COMMAND:
            return _command(documents, Path(temporary))
        row, survivors = _run(contestant, documents, Path(temporary), contestant.options)
        laps = row["laps"]
        row["whole"] = laps.get("whole") or {unit: sum(lap[unit] for lap in laps.values()) for unit in ("wall", "cpu")}
        if contestant.apart:
            laps = _run(contestant, documents, Path(temporary), (*contestant.options, "signatures"))[0]["laps"]
        row["signatures"] = laps.get("signatures")
    return row, survivors


def first_of(documents: Path, count: int | None) -> Path:
    """A file of the first documents, beside that of all."""
    if count is None:
        return documents
    part = documents.with_stem(f"first-{count}")
    if not part.exists():
        pq.write_table(pq.read_table(documents).slice(0, count), part, compression="zstd", row_group_size=1_000)
    return part


def _command(documents: Path, place: Path) -> tuple[dict[str, Any], list[str]]:
    """As a user runs it: with its imports, without a run before, and with the files that it writes."""
    command = [*CORE, str(COMMAND.python), "-m", COMMAND.module, "dedup", str(documents), "--out", str(place / "out")]
    cost = run(command, place / "said.log", {**os.environ, **ONE_CORE})
    whole = {"wall": cost.wall, "cpu": cost.cpu}
    survivors = pq.read_table(place / "out" / "survivors.parquet", columns=["id"])["id"].to_pylist()
    return {"laps": {"whole": whole}, "whole": whole, "signatures": None, "largest": cost.largest}, survivors


def _run(
    contestant: Contestant, documents: Path, place: Path, options: tuple[str, ...]
) -> tuple[dict[str, Any], list[str]]:
    survivors = place / "survivors.txt"
    module = f"benchmarks.dedup.{contestant.module}"
    command = [*CORE, str(contestant.python), "-m", module, str(documents), str(survivors), *options]
    offline = {"HF_HOME": str(place / "cache"), "HF_HUB_OFFLINE": "1"}
    cost = run(command, place / "said.log", {**os.environ, **ONE_CORE, **offline})
    return {"laps": json.loads(cost.output.splitlines()[-1]), "largest": cost.largest}, survivors.read_text().split()
