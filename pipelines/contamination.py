"""Contamination: unique + benchmarks -> what of the benchmarks stands in a crawl's documents. No text is copied: split
leaves out what `removals` names.

    unique   --> matches (each part)  --> removals, too_short (once all parts are there)
    benchmark /
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from corpus.contamination.policy import MATCH, TOO_SHORT, ContaminationConfig, decide_removals, matched_items
from corpus.lake import stages
from corpus.lake.manifest import FileEntry, Manifest
from corpus.lake.schema import ORIGIN, table
from corpus.lake.stage import Outcome, Stage
from corpus.lake.store import Lake
from pipelines.engine import Engine
from pipelines.parts import FileSplit, Part, Work, file_splits
from pipelines.plan import Plan, compute, each_split_then

STAGE = stages.CONTAMINATION
VERSION = 1
COLUMNS = [field.name for field in ORIGIN if field.name in MATCH.names]


def find_contamination(
    lake: Lake, unique: Manifest, benchmarks: Sequence[Manifest], config: ContaminationConfig, engine: Engine
) -> Outcome:
    """Publishes the matches of a crawl's documents with the items of all benchmarks. Raises ValueError when there are
    none."""
    if not benchmarks:
        raise ValueError(f"{unique.partition}: no benchmark to compare with")
    benchmarks = sorted(benchmarks, key=lambda manifest: manifest.name)
    stage = Stage(
        name=STAGE,
        partition=unique.partition,
        version=VERSION,
        config=replace(config, remove=True),  # split's affair: matches are the same either way
        datasets=[unique, *benchmarks],
    )
    splits = file_splits(lake, {"documents": [unique]})
    work = FindContamination(benchmarks, config)

    def plan() -> Plan:
        folder = lake.path(stage.name, stage.address)
        gather = GatherMatches(work, folder, [split.name for split in splits])
        return each_split_then(splits, work, gather, [unique])

    return compute(lake, stage, engine, plan)


class FindContamination(Work):
    schemas = {"matches": MATCH}

    def __init__(self, benchmarks: Sequence[Manifest], config: ContaminationConfig) -> None:
        self.benchmarks, self.config = benchmarks, config

    def items(self, lake: Lake) -> pa.Table:
        """The parts of all items, with their task."""
        tables = []
        for manifest in self.benchmarks:
            for found in lake.read(manifest, "items", ["item_id", "part", "text"]):
                tables.append(found.add_column(0, "task", pa.array([manifest.partition] * len(found), pa.string())))
        return pa.concat_tables(tables)

    def setup(self, lake: Lake) -> None:
        """Every worker makes the index for itself: 57,000 items in four seconds."""
        from corpus.contamination.benchmark_grams import (
            BenchmarkNgrams,  # load a compiler's runtime, which only the workers need
        )
        from corpus.contamination.overlap import ItemFinder

        self.overlap = ItemFinder(BenchmarkNgrams(self.items(lake), self.config))

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        for batch in lake.read_batches(split.paths["documents"], [*COLUMNS, "text"]):
            part.pass_through(len(batch))
            for found in self.overlap.find(batch["text"]):
                row = {name: batch[name][found.document].as_py() for name in COLUMNS}
                text = batch["text"][found.document].as_py()
                row |= {name: getattr(found, name) for name in ("kind", "measure", "start", "stop")}
                row["matched"] = text[found.start : found.stop]
                for task, item_id, name in self.overlap.grams.owners[found.text]:
                    part.add("matches", {**row, "task": task, "item_id": item_id, "part": name})


class GatherMatches(Work):
    """What can be told only of all parts together, and of the benchmarks alone."""

    schemas = {}

    def __init__(self, finder: FindContamination, folder: str, parts: Sequence[str]) -> None:
        self.finder, self.folder, self.parts = finder, folder, parts

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        from corpus.contamination.benchmark_grams import BenchmarkNgrams

        paths = [f"{self.folder}/matches/{name}.parquet" for name in self.parts]
        matches = pa.concat_tables([MATCH.empty_table(), *map(lake.read_table, paths)])
        gone = decide_removals(matches, self.finder.config)
        short = BenchmarkNgrams(self.finder.items(lake), self.finder.config).too_short()
        part.put_table("removals/removals.parquet", gone)
        part.put_table(
            "too_short/too_short.parquet",
            table([{"task": task, "item_id": item_id} for task, item_id in short], TOO_SHORT),
        )
        part.figure("removals", gone.num_rows)
        part.figure("matches", matches.num_rows)
        tasks = {
            manifest.partition: {
                "items": manifest.counts.kept,
                "too_short": sum(task == manifest.partition for task, _ in short),
                "matched": len(matched_items(matches, manifest.partition)),
            }
            for manifest in self.finder.benchmarks
        }
        part.detail("tasks", tasks)


def removal_file(manifest: Manifest) -> FileEntry:
    """The documents that are to go, as a file: its digest says whether anything changes for what comes after."""
    [entry] = manifest.of_kind("removals")
    return entry
