"""Beam's share: the same work on the same splits, under Beam's runner and in a plain loop.

    python -m benchmarks.beam_share FOLDER_OF_WARCS LAKES ROUNDS

In one process and in turns: Headwater's stages through their engine with one worker, then the very splits that it dealt
out, each to the same function, one after another. Prints wall and CPU seconds of both, and CPU seconds of the loop by
stage, as JSON. The engine's own work (digests of the input, locks, manifests) counts with Beam.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from pathlib import Path

from benchmarks.processor_time import processor_time
from corpus.lake.store import Lake
from corpus.sources import open_crawl
from pipelines.blocks import IngestConfig
from pipelines.cleaning import CleanConfig, clean
from pipelines.engine import Engine
from pipelines.ingestion import ingest
from pipelines.part_workers import PartWorkers
from pipelines.parts import Split

dealt: list[tuple[PartWorkers, list[Split]]] = []
make = PartWorkers.make


def noted(self: PartWorkers, splits: Sequence[Split]) -> Iterator[str]:
    dealt.append((self, list(splits)))
    yield from make(self, splits)


def by_beam(crawl: str, lake: Lake) -> None:
    documents = ingest(lake, open_crawl(crawl), IngestConfig(), Engine(workers=1)).manifest
    clean(lake, documents, CleanConfig(), Engine(workers=1))


def by_loop(lake: Lake) -> dict[str, float]:
    """Reads what the stages before published, and writes to a lake of its own. Returns CPU seconds by stage."""
    seconds: Counter[str] = Counter()
    for workers, splits in dealt:
        stage, start = Path(workers.folder).parent.name, processor_time()
        work, folder = copy(workers.work), lake.path(stage)
        if hasattr(work, "folder"):  # what settles a crawl reads the parts that were made before
            work.folder = folder
        own = PartWorkers(lake, folder, work)
        list(make(own, splits))
        own.close()
        seconds[stage] += processor_time() - start
    return seconds


def main() -> None:
    crawl, lakes, rounds = sys.argv[1:]
    PartWorkers.make = noted  # type: ignore[method-assign]
    spent: dict[str, list[dict[str, float]]] = {"beam": [], "loop": [], "stages": []}
    by_beam(crawl, Lake(f"{lakes}/first"))  # which loads what workers need; no start is measured
    for number in range(int(rounds)):
        dealt.clear()
        with timed(spent["beam"]):
            by_beam(crawl, Lake(f"{lakes}/beam-{number}"))
        with timed(spent["loop"]):
            stages = by_loop(Lake(f"{lakes}/loop-{number}"))
        spent["stages"].append(stages)
    print(json.dumps(spent))


@contextmanager
def timed(found: list[dict[str, float]]) -> Iterator[None]:
    wall, cpu = time.perf_counter(), processor_time()
    yield
    found.append({"wall": time.perf_counter() - wall, "cpu": processor_time() - cpu})


if __name__ == "__main__":
    main()
