"""Check: does the simulation tell how long a stage takes?

It is asked twice. Given the times that a run's own splits took, and of another run, with one worker, what starting
workers and the launcher take: then its queue, phases and idle workers are what is checked. And given the processor time
of the splits of that other run, and what share of a core the workers had: then also whether times carry over from run
to run. Of several rounds the least time of each stage counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.scale.simulation import Cluster, Task, simulate

STAGES = ("documents", "measures", "clean", "signatures", "duplicates", "unique")
Stage = Mapping[str, Any]


def phases(stage: Stage, share: float | None = None) -> list[list[Task]]:
    """The splits of a measured stage, phase by phase, by the clock; by their processor time on such a share of a core,
    where one is given."""
    by_work: dict[str, list[Task]] = defaultdict(list)
    for split in stage["splits"]:
        seconds = split["ended"] - split["began"] if share is None else split["cpu"] / share
        by_work[split["work"]].append(Task(seconds=seconds))
    return list(by_work.values())


def core_share(stage: Stage) -> float:
    """Processor seconds of the splits by seconds by the clock."""
    return sum(split["cpu"] for split in stage["splits"]) / sum(
        split["ended"] - split["began"] for split in stage["splits"]
    )


def overhead(stage: Stage) -> tuple[float, float]:
    """(seconds of a phase until a worker is at work and between its splits, seconds of the launcher besides phases), of
    a run with one worker."""
    at_splits = sum(split["ended"] - split["began"] for split in stage["splits"])
    in_phases = sum(phase["ended"] - phase["began"] for phase in stage["phases"])
    return (in_phases - at_splits) / len(stage["phases"]), stage["seconds"] - in_phases


def predict(tasks: list[list[Task]], known: Stage, workers: int) -> float:
    """Seconds of a stage of these splits, by what else was measured in a run with one worker."""
    start, launcher = overhead(known)
    return simulate(tasks, Cluster(workers=workers, start=start), seed=0).seconds + launcher


def least(runs: Sequence[Mapping[str, Stage]], stage: str) -> Stage:
    return min((run[stage] for run in runs), key=lambda found: found["seconds"])


def compare(
    known: Sequence[Mapping[str, Stage]], others: Mapping[int, Sequence[Mapping[str, Stage]]]
) -> list[dict[str, Any]]:
    """`known`: runs with one worker; `others`: further runs, by their number of workers. A row for each number and
    stage, and one for all stages: seconds measured, predicted by the run's own splits and by those of `known`."""
    rows = []
    for workers, runs in others.items():
        here = []
        for stage in STAGES:
            basis, measured = least(known, stage), least(runs, stage)
            here.append(
                {
                    "workers": workers,
                    "stage": stage,
                    "measured": measured["seconds"],
                    "core_share": core_share(measured),
                    "own": predict(phases(measured), basis, workers),
                    "other": predict(phases(basis, core_share(measured)), basis, workers),
                }
            )
        total = {name: sum(row[name] for row in here) for name in ("measured", "own", "other")}
        rows += [*here, {"workers": workers, "stage": "all", "core_share": None, **total}]
    return rows
