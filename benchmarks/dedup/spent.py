"""Spent: what every contestant shares. Needs the standard library and pyarrow alone: peers run it too.

    python -m benchmarks.dedup.<contestant> DOCUMENTS SURVIVORS [OPTION...]

DOCUMENTS is Parquet with `id` and `text`; SURVIVORS becomes a text file with the ids that stay, one a line. Prints
seconds by lap as JSON; their sum is the whole way from one file to the other. Imports are in no lap, and the same run
over a few documents comes first, so that no lap compiles, loads a model or starts a pool of threads.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.processor_time import processor_time

WARM = 64  # documents


class Spent:
    """Wall and CPU seconds by lap; CPU seconds are of this process and of all below it."""

    def __init__(self) -> None:
        self.laps: defaultdict[str, dict[str, float]] = defaultdict(lambda: {"wall": 0.0, "cpu": 0.0})

    @contextmanager
    def lap(self, name: str) -> Iterator[None]:
        wall, cpu = time.perf_counter(), processor_time()
        yield
        self.laps[name]["wall"] += time.perf_counter() - wall
        self.laps[name]["cpu"] += processor_time() - cpu


# (documents, a folder of its own, where to note laps, options) -> ids that stay
Deduplicate = Callable[[Path, Path, Spent, Sequence[str]], Sequence[str]]


def main(deduplicate: Deduplicate) -> None:
    documents, survivors, *options = sys.argv[1:]
    spent = Spent()
    with tempfile.TemporaryDirectory(prefix="headwater-bench-") as temporary:
        few, warm, place = (Path(temporary) / name for name in ("few.parquet", "warm", "place"))
        pq.write_table(pq.read_table(documents).slice(0, WARM), few)
        warm.mkdir()
        deduplicate(few, warm, Spent(), options)
        place.mkdir()
        stay = deduplicate(Path(documents), place, spent, options)
        with spent.lap("survivors"):
            Path(survivors).write_text("".join(f"{identifier}\n" for identifier in stay))
    print(json.dumps(spent.laps))
