"""Beam's share: the same work on the same splits, under Beam's runner and in a plain loop.

    python -m benchmarks.beam_share FOLDER_OF_WARCS LAKES ROUNDS

In one process and in turns: Headwater's stages through their engine with one worker, then the very splits that it dealt
out, each to the same function, one after another. Prints wall and CPU seconds of both, and CPU seconds of the loop by
stage, as JSON. The engine's own work (digests of the input, locks, manifests) counts with Beam.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from corpus.lake.store import Lake
from corpus.sources import open_crawl
from pipelines.blocks import IngestConfig
from pipelines.cleaning import CleanConfig, clean
from pipelines.elements import RunSplit
from pipelines.engine import Engine
from pipelines.ingestion import ingest

dealt: list[tuple[RunSplit, Any]] = []
process = RunSplit.process


def noted(self: RunSplit, split: Any) -> Iterator[str]:
    dealt.append((self, split))
    yield from process(self, split)


def by_beam(crawl: str, lake: Lake) -> None:
    documents = ingest(lake, open_crawl(crawl), IngestConfig(), Engine(workers=1)).manifest
    clean(lake, documents, CleanConfig(), Engine(workers=1))


def by_loop(lake: Lake) -> dict[str, float]:
    """Reads what the stages before published, and writes to a lake of its own. Returns CPU seconds by stage."""
    ready: dict[str, RunSplit] = {}
    seconds: Counter[str] = Counter()
    for run, split in dealt:
        stage, start = Path(run.folder).parent.name, processor_time()
        if stage not in ready:
            ready[stage] = RunSplit(lake.url, lake.path(stage), run.work)
            ready[stage].setup()
        list(process(ready[stage], split))
        seconds[stage] += processor_time() - start
    for run in ready.values():
        run.teardown()
    return seconds


def processor_time() -> float:
    """Seconds of this process and of those that it started, of which one does what may crash (pipelines/guard.py)."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = time.process_time() + children.ru_utime + children.ru_stime
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            used = child.cpu_times()
            seconds += used.user + used.system
    return seconds


def main() -> None:
    crawl, lakes, rounds = sys.argv[1:]
    RunSplit.process = noted  # type: ignore[method-assign]
    spent: dict[str, list[dict[str, float]]] = {"beam": [], "loop": [], "stages": []}
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
