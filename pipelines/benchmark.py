"""Benchmark: a task's items, published as a dataset of their own, so that what follows knows by its digest what it was
compared with. `source` has the digests of its files: a score also depends on what is in no item, as solved examples."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.contamination.policy import BENCHMARK_ITEM
from corpus.lake import stages
from corpus.lake.manifest import Counts, Manifest, canonical_json
from corpus.lake.schema import table
from corpus.lake.stage import Outcome, Stage, publish_once
from corpus.lake.store import Lake, file_sha256
from pipelines.parts import StageError

STAGE = stages.BENCHMARK
VERSION = 2

# (item_id, {part: text} as the benchmark's file has them, the row of the file). PASSAGE names the part that a question
# is about.
BenchmarkRow = tuple[str, Mapping[str, str], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class BenchmarkConfig:
    """`version`: of the code that read the files into items."""

    version: str


def publish_benchmark(
    lake: Lake, task: str, version: str, rows: Iterable[BenchmarkRow], files: Mapping[str, Path]
) -> Outcome:
    """Publishes the items of a task. `files`: what they were read from, by the name that goes into the manifest; a
    changed file is another dataset. `rows` are read only where that is not there yet.

    Raises ValueError when there are no items or two of one id, StageError when a file changed meanwhile.
    """
    digests = {name: file_sha256(path) for name, path in sorted(files.items())}
    config = BenchmarkConfig(version=version)
    stage = Stage(name=STAGE, partition=task, version=VERSION, config=config, files=digests)

    def make() -> tuple[Manifest, dict[str, Any]]:
        items = list(_checked(task, rows))
        if digests != {name: file_sha256(path) for name, path in sorted(files.items())}:
            raise StageError(f"{stage.label}: its files changed while they were read; materialize it again")
        found = table([row for item in items for row in item], BENCHMARK_ITEM)
        folder = lake.path(STAGE, stage.address)
        entries = [lake.put_table(folder, "items/items.parquet", found)]
        with lake.scratch() as scratch:
            (scratch / "files.json").write_bytes(canonical_json(digests))
            entries.append(lake.put(scratch / "files.json", folder, "source/files.json", len(digests)))
        counts = Counts(records_in=len(items), kept=len(items))
        manifest = stage.manifest(entries, counts, {"items": len(items), "parts": found.num_rows})
        return manifest, {"files": {name: str(path) for name, path in files.items()}}

    return publish_once(lake, stage, make)


def _checked(task: str, rows: Iterable[BenchmarkRow]) -> Iterable[Sequence[dict[str, Any]]]:
    """Rows of BENCHMARK_ITEM, item by item."""
    seen: set[str] = set()
    for item_id, parts, item in rows:
        if item_id in seen:
            raise ValueError(f"{task}: two items are named {item_id!r}")
        if not parts:
            raise ValueError(f"{task}: item {item_id!r} has no text")
        seen.add(item_id)
        whole = json.dumps(item, ensure_ascii=False, sort_keys=True)
        yield [
            {"item_id": item_id, "part": part, "text": text, "item": None if number else whole}
            for number, (part, text) in enumerate(parts.items())
        ]
    if not seen:
        raise ValueError(f"{task}: its files hold no items")
