"""Matches: what the datasets of the stage contamination say, put together as people look at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from corpus.contamination.policy import MATCH, matched_items
from corpus.lake.manifest import Manifest
from corpus.lake.schema import DOC_ID
from corpus.lake.stages import BENCHMARK, CONTAMINATION, SPLIT, kinds_read
from corpus.lake.store import Lake
from corpus.lineage.graph import sources


@dataclass(frozen=True, kw_only=True)
class TaskMatches:
    """`documents` hold an item of the task, of which `removed` are not trained on; `trained_on`: items that stand in
    one of the others. `too_short`: items of which nothing can be told."""

    task: str
    items: int
    too_short: int
    matched: int
    trained_on: int
    documents: int
    removed: int


@dataclass(frozen=True, kw_only=True)
class Match:
    """An item's part in a document. `text`: the part as the benchmark has it, None where that dataset is gone."""

    task: str
    item_id: str
    part: str
    kind: str
    measure: float
    text: str | None
    matched: str
    start: int
    doc_id: bytes
    url: str | None
    warc_file: str
    warc_offset: int
    warc_length: int
    removed: bool


@dataclass(frozen=True, kw_only=True)
class Matched:
    """Of some crawls together. `sample`: those that hold most of a part first."""

    tasks: Sequence[TaskMatches]
    sample: Sequence[Match]
    found: int


def latest(lake: Lake) -> list[Manifest]:
    """Of each crawl the dataset of matches that was made last."""
    ordered = sorted(
        lake.datasets(CONTAMINATION), key=lambda one: (float(lake.read_run(one).get("started", 0)), one.address)
    )
    last = {manifest.partition: manifest for manifest in ordered}
    return [last[partition] for partition in sorted(last)]


def removed(lake: Lake, manifest: Manifest, splits: Sequence[Manifest]) -> pa.Array:
    """The doc_ids of its removals, if one of the splits left them out."""
    [entry] = manifest.of_kind("removals")
    content = manifest.content(kinds_read(SPLIT, CONTAMINATION))
    if not any(split.inputs.get(manifest.name) == content for split in splits):
        return pa.array([], DOC_ID)
    return lake.read_file(manifest, entry, ["doc_id"])["doc_id"].combine_chunks()


def matches(lake: Lake, manifests: Sequence[Manifest]) -> pa.Table:
    """MATCH of these datasets."""
    return pa.concat_tables([MATCH.empty_table(), *(table for one in manifests for table in lake.read(one, "matches"))])


def gather_matches(
    lake: Lake, manifests: Sequence[Manifest], splits: Sequence[Manifest], limit: int, task: str | None = None
) -> Matched:
    """What these datasets found, of one task or of all. Raises ValueError for a task that none was compared with."""
    gone = pa.concat_arrays([pa.array([], DOC_ID), *(removed(lake, manifest, splits) for manifest in manifests)])
    found = matches(lake, manifests)
    counted = {name: counts for one in manifests for name, counts in one.figures["tasks"].items()}
    if task is not None:
        if task not in counted:
            raise ValueError(f"no task {task!r}: there are {', '.join(sorted(counted)) or 'none'}")
        counted = {task: counted[task]}
        found = found.filter(pc.equal(found["task"], task))
    tasks = []
    for name, counts in sorted(counted.items()):
        mine = pc.unique(found["doc_id"].filter(pc.equal(found["task"], name)))
        tasks.append(
            TaskMatches(
                task=name,
                items=counts["items"],
                too_short=counts["too_short"],
                matched=len(matched_items(found, name)),
                trained_on=len(matched_items(found, name, gone)),
                documents=len(mine),
                removed=pc.sum(pc.is_in(mine, value_set=gone)).as_py() or 0,
            )
        )
    order = [("measure", "descending"), *((name, "ascending") for name in ("task", "item_id", "part", "doc_id"))]
    shown = found.take(pc.sort_indices(found, order)[:limit]).to_pylist()
    texts = _texts(lake, manifests, {(row["task"], row["item_id"], row["part"]) for row in shown})
    ids = set(gone.to_pylist())
    sample = []
    for row in shown:
        text = texts.get((row["task"], row["item_id"], row["part"]))
        values = {name: row[name] for name in MATCH.names if name != "stop"}
        sample.append(Match(**values, text=text, removed=row["doc_id"] in ids))
    return Matched(tasks=tasks, sample=sample, found=found.num_rows)


def _texts(
    lake: Lake, manifests: Sequence[Manifest], wanted: set[tuple[str, str, str]]
) -> dict[tuple[str, str, str], str]:
    """The texts of parts of items, as far as the lake still has their benchmarks."""
    texts = {}
    for manifest in manifests:
        try:
            benchmarks = sources(lake, manifest, BENCHMARK)
        except FileNotFoundError:
            continue
        for benchmark in benchmarks:
            ids = pa.array(sorted({item for task, item, _ in wanted if task == benchmark.partition}), pa.string())
            for table in lake.read(benchmark, "items", ["item_id", "part", "text"]) if len(ids) else ():
                for row in table.filter(pc.is_in(table["item_id"], value_set=ids)).to_pylist():
                    texts[benchmark.partition, row["item_id"], row["part"]] = row["text"]
    return texts
