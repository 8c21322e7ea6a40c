"""Scenario: the stages of a partition of a crawl as phases of splits, for the simulation.

A split's time is the mean rate, times what was measured of how splits differ. A block of some MiB is as uneven as the
mean of so many measured blocks of one MiB.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.scale.plan import BLOCK_BYTES, OPENED, overread
from benchmarks.scale.published import Snapshot
from benchmarks.scale.rates import DEDUPLICATION, FROM_WARC, Rates
from benchmarks.scale.simulation import Cluster, Outcome, Task, simulate
from benchmarks.scale.traffic import Load, loads

MEASURED_BLOCK = 1 << 20
MANY = 50_000  # splits, of which one seed tells as much as several
# What nobody measured here; each is a parameter of the plan.
CLUSTER = Cluster(
    workers=64,
    start=20,
    bandwidth=100e6,
    latency=0.03,
    request_rate=5_500,
    slow_share=0.02,
    slow_factor=2.0,
    losses=0.05,
    replaced=120,
)


@dataclass(frozen=True, kw_only=True)
class Costs:
    """`requests` of a split, by command; `seconds` of a document or key, by phase of deduplication; `kinds`: bytes of
    its files; `uneven`: measured times of splits by their weight, the mean being 1."""

    requests: Mapping[str, float]
    seconds: Mapping[str, float]
    kinds: Mapping[str, float]
    uneven: Sequence[float]


def unevenness(run: Mapping[str, Any]) -> list[float]:
    """Of the blocks of a measured run."""
    found = [
        (split["ended"] - split["began"]) / split["weight"]
        for split in run["documents"]["splits"]
        if split["work"] == "Ingest" and split["weight"] >= MEASURED_BLOCK / 2  # the last block of a file may be tiny
    ]
    mean = statistics.fmean(found)
    return [one / mean for one in found]


def partition(
    rates: Rates, costs: Costs, snapshot: Snapshot, files: int, block_bytes: int, seed: int
) -> dict[str, list[list[Task]]]:
    """Stage -> its phases, for so many files of the snapshot as one dataset."""
    dice = np.random.default_rng(seed)
    each = -int(-snapshot.file_bytes // block_bytes)
    pages = snapshot.pages / snapshot.files / each
    count = files * each
    grains = max(1, round(snapshot.file_bytes / each / MEASURED_BLOCK))
    uneven = dice.choice(costs.uneven, (count, min(grains, 64))).mean(axis=1).tolist()
    dealt = loads(costs.kinds, rates.stages["signatures"].records * pages * count, count)

    def splits(stage: str, moved: float, requests: float) -> list[Task]:
        seconds = rates.stages[stage].seconds * pages
        return [Task(seconds=seconds * one, moved=moved, requests=round(requests)) for one in uneven]

    def moved(load: Load) -> float:
        return (load.read + load.written) / load.splits

    def by_file(stage: str, phase: str) -> list[Task]:
        load, besides = dealt[phase], (costs.requests["deduplicate"] - OPENED) / 2
        return splits(stage, moved(load), besides + load.files / load.splits)

    def phase(name: str) -> list[Task]:
        load = dealt[name]
        seconds, requests = costs.seconds[name] * load.work / load.splits, round(load.files / load.splits)
        return [Task(seconds=seconds, moved=moved(load), requests=requests)] * load.splits

    def rows(*phases: str) -> list[Task]:
        return [Task(seconds=0, requests=sum(dealt[name].splits for name in phases) or count)]

    stored = {name: rate.stored * pages for name, rate in rates.stages.items()}
    fetched = overread(block_bytes) * snapshot.file_bytes / each
    asked, one_by_one = costs.requests["ingest"], costs.requests["clean"] / 2
    cleaned = stored["documents"] + stored["measures"] + stored["clean"]
    finding = ("exact", "groups", "components", "shingle sets", "decide", "removals")
    return {
        "documents": [splits("documents", fetched + stored["documents"], asked), rows(), rows()],
        "measures": [splits("measures", stored["documents"] + stored["measures"], one_by_one), rows()],
        "clean": [splits("clean", cleaned, one_by_one), rows()],
        "signatures": [
            by_file("signatures", "sign"),
            phase("documents"),
            phase("bands"),
            rows("sign", "documents", "bands"),
        ],
        "duplicates": [*map(phase, finding), rows(*finding)],
        "unique": [by_file("unique", "keep"), rows()],
    }


def hours(phases: Mapping[str, list[list[Task]]], cluster: Cluster, seed: int) -> dict[str, Outcome]:
    return {stage: simulate(found, cluster, seed) for stage, found in phases.items()}


def segments(one: float, count: int, at_a_time: int) -> float:
    """Seconds for partitions that run some at a time on clusters of their own."""
    tasks = [Task(seconds=one)] * count
    return simulate([tasks], Cluster(workers=at_a_time), seed=0).seconds


def variants(
    rates: Rates, costs: Costs, snapshot: Snapshot, at_a_time: int, seeds: Sequence[int]
) -> list[dict[str, Any]]:
    """A row for each way to run a snapshot on the same number of cores: seconds to clean documents, with deduplication,
    and the shares of the workers' time that were used and thrown away."""
    files = snapshot.files // snapshot.segments
    large = replace(CLUSTER, workers=CLUSTER.workers * at_a_time)
    whole, per_segment, large_block = snapshot.files, snapshot.segments, 128 << 20
    calm = replace(CLUSTER, slow_share=0, losses=0)
    ways: list[tuple[str, int, int, Cluster, int, int]] = [
        ("one dataset, blocks of 1 GB", whole, int(snapshot.file_bytes), large, 1, 1),
        ("by segment", files, BLOCK_BYTES, CLUSTER, per_segment, at_a_time),
        ("by segment, blocks of 128 MiB", files, large_block, CLUSTER, per_segment, at_a_time),
        ("... dealt by hash", files, large_block, replace(CLUSTER, dealing="hash"), per_segment, at_a_time),
        ("... nothing slow or lost", files, large_block, calm, per_segment, at_a_time),
        (
            "... twice as many lost",
            files,
            large_block,
            replace(CLUSTER, losses=2 * CLUSTER.losses),
            per_segment,
            at_a_time,
        ),
    ]
    rows = []
    for name, some, block_bytes, cluster, count, together in ways:
        runs = []
        for seed in seeds if some * -int(-snapshot.file_bytes // block_bytes) < MANY else seeds[:1]:
            phases = partition(rates, costs, snapshot, some, block_bytes, seed)
            found = hours(phases, cluster, seed)
            clean = sum(found[stage].seconds for stage in FROM_WARC)
            everything = clean + sum(found[stage].seconds for stage in DEDUPLICATION)
            busy, lost = (sum(getattr(one, what) for one in found.values()) for what in ("busy", "thrown_away"))
            runs.append((clean, everything, busy, lost))
        clean, everything, busy, lost = (statistics.fmean(column) for column in zip(*runs, strict=True))
        spread = max(run[1] for run in runs) / min(run[1] for run in runs) - 1
        rows.append(
            {
                "name": name,
                "workers": cluster.workers * together,
                "splits": some * -int(-snapshot.file_bytes // block_bytes),
                "clean": segments(clean, count, together),
                "all": segments(everything, count, together),
                "used": busy / (cluster.workers * everything),
                "thrown_away": lost / busy,
                "spread": spread,
            }
        )
    return rows
