"""Timed run: the stages of a crawl as `python -m pipelines` has them, with the time that each split took.

    python -m benchmarks.scale.timed_run CRAWL LAKE WORKERS BLOCK_BYTES LAST

LAST is the command to end with. Prints as JSON, for each stage: its seconds, those of its phases and of reading the
rows of its parts, when workers were set up and worked on which split, and the files that it published and passed on.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pipelines.__main__
import pipelines.part_workers
import pipelines.plan
from benchmarks.scale.timed_job import SETUP, TimedJob, read_times
from corpus.lake.manifest import Manifest, canonical_json
from corpus.lake.store import Lake
from pipelines.part_workers import PartWorkers
from pipelines.parts import Split, read_rows

COMMANDS = {"clean": "documents", "deduplicate": "clean", "hold-out": "unique", "encode": "split"}  # what each reads
make = PartWorkers.make
publish = Lake.publish
phases: list[dict[str, Any]] = []
rows_read: dict[str, dict[str, float]] = {}
passed_on: dict[str, dict[str, int]] = {}


def noted_make(self: PartWorkers, splits: Sequence[Split]) -> Iterator[str]:
    began = time.monotonic()
    yield from make(self, splits)
    stage, work = Path(self.folder).parent.name, type(self.work).__name__
    phases.append({"stage": stage, "work": work, "splits": len(splits), "began": began, "ended": time.monotonic()})


def noted_rows(lake: Lake, folder: str, names: Sequence[str]) -> list[dict[str, Any]]:
    began = time.monotonic()
    rows = read_rows(lake, folder, names)
    seconds = time.monotonic() - began
    size = sum(len(canonical_json(row)) for row in rows)
    rows_read[Path(folder).parent.name] = {"parts": len(rows), "bytes": size, "seconds": seconds}
    return rows


def noted_publish(self: Lake, manifest: Manifest, run: dict[str, Any]) -> Manifest:
    """Notes what goes with it: bytes of the files that only its own phases read."""
    folders = [folder for folder in Path(self.folder(manifest), "parts").glob("*") if folder.is_dir()]
    sizes = {folder.name: sum(file.stat().st_size for file in folder.iterdir()) for folder in folders}
    passed_on[manifest.stage] = sizes
    return publish(self, manifest, run)


def execute(*arguments: str) -> list[str]:
    """The datasets that a command of `python -m pipelines` names. Exits when it fails."""
    sys.argv, printed = ["pipelines", *arguments], StringIO()
    with redirect_stdout(printed):
        if pipelines.__main__.main():
            sys.exit(f"python -m pipelines {' '.join(arguments)} failed")
    return re.findall(r"^[a-z_]+/[0-9a-f]+", printed.getvalue(), re.MULTILINE)


def described(lake: Lake, manifest: Manifest) -> dict[str, Any]:
    files: dict[str, dict[str, int]] = defaultdict(lambda: {"files": 0, "bytes": 0, "rows": 0})
    for entry in manifest.files:
        for name, value in (("files", 1), ("bytes", entry.bytes), ("rows", entry.rows)):
            files[entry.kind][name] += value
    return {
        "seconds": lake.read_run(manifest)["seconds"],
        "records": manifest.counts.records_in,
        "kept": manifest.counts.kept,
        "files": files,
        "manifest_bytes": len(manifest.to_bytes()),
        "figures": {name: value for name, value in manifest.figures.items() if isinstance(value, int)},
    }


def main() -> None:
    crawl, url, workers, block_bytes, last = sys.argv[1:]
    common = ["--lake", url, "--workers", workers]
    PartWorkers.make = noted_make  # type: ignore[method-assign]
    pipelines.part_workers.PartJob = TimedJob  # type: ignore[misc]
    pipelines.plan.read_rows = noted_rows
    Lake.publish = noted_publish  # type: ignore[method-assign]
    made = execute("ingest", "--crawl", crawl, "--block-bytes", block_bytes, *common)
    for command, reads in COMMANDS.items():
        made += execute(command, next(name for name in made if name.startswith(f"{reads}/")), *common)
        if command == last:
            break
    if last == "shard":
        made += execute("shard", *(name for name in made if name.startswith(("tokens/", "tokenizer/"))), *common)
    lake, times = Lake(url), read_times(Lake(url))
    stages = {}
    for manifest in lake.datasets():
        here = [row for row in times if row["stage"] == manifest.stage]
        stages[manifest.stage] = {
            **described(lake, manifest),
            "phases": [phase for phase in phases if phase["stage"] == manifest.stage],
            "rows_read": rows_read.get(manifest.stage),
            "passed_on": passed_on.get(manifest.stage, {}),
            "setups": [row for row in here if row["name"] == SETUP],
            "splits": [row for row in here if row["name"] != SETUP],
        }
    print(json.dumps(stages))


if __name__ == "__main__":
    main()
