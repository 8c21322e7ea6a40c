"""Plan: how a stage is computed: splits -> workers -> parts -> manifest.

`compute` is the only way a dataset of the data stages comes to be. All work on records happens in workers. The process
that launches them reads one row a part (its files, counts and figures: some hundred bytes), adds them up, and writes
the manifest.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from tqdm import tqdm

from corpus.lake.manifest import Counts, FileEntry, Manifest
from corpus.lake.stage import Outcome, Stage, publish_once
from corpus.lake.store import Lake
from pipelines.engine import Engine
from pipelines.parts import FileSplit, Phase, Split, StageError, Work, read_rows

# The split of a last phase, which reads what the other parts have put into the lake.
TOGETHER = FileSplit(name="together", weight=1, paths={})


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a stage is computed: phase by phase. `parts` are the names of all parts that must be there when it is
    through; `records` is how many there are to account for, where earlier datasets say so; `check` reads the parts'
    rows before anything is published, and raises StageError where they must not be."""

    phases: Sequence[Phase]
    parts: Sequence[str]
    records: int | None = None
    check: Callable[[list[dict[str, Any]]], None] | None = None


def each_split(splits: Sequence[Split], work: Work, records_of: Sequence[Manifest] | None = None) -> Plan:
    """The plan of nearly every stage: each split becomes one part. `records_of` are the datasets whose kept records
    must all be accounted for."""
    return Plan(
        phases=[(splits, work)],
        parts=[split.name for split in splits],
        records=sum(manifest.counts.kept for manifest in records_of) if records_of is not None else None,
    )


def each_split_then(splits: Sequence[Split], work: Work, gather: Work, records_of: Sequence[Manifest]) -> Plan:
    """As `each_split`, with a last phase on one worker: `gather` makes the part TOGETHER of all other parts."""
    return replace(
        each_split(splits, work, records_of),
        phases=[(splits, work), ([TOGETHER], gather)],
        parts=[*(split.name for split in splits), TOGETHER.name],
    )


def compute(
    lake: Lake, stage: Stage, engine: Engine, plan: Callable[[], Plan], notes: Mapping[str, Any] | None = None
) -> Outcome:
    """The dataset of a stage of splits: found, or computed now on Beam. `notes` go into the sidecar.

    Raises StageError when it cannot be computed, or when its records are not those of the datasets that it reads; then
    nothing is published.
    """

    def make() -> tuple[Manifest, dict[str, Any]]:
        manifest = _compute(lake, stage, engine, plan())
        return manifest, {"runner": engine.runner, "workers": engine.workers, **(notes or {})}

    try:
        return publish_once(lake, stage, make)
    except StageError:
        found = lake.find(stage.name, stage.address)
        if found is None:
            raise
        # On a remote lake nothing keeps two writers apart: the faster one has tidied up while this one was at work.
        return Outcome(manifest=found, reused=True, seconds=0.0)


def _compute(lake: Lake, stage: Stage, engine: Engine, plan: Plan) -> Manifest:
    folder = lake.path(stage.name, stage.address)
    with _progress(lake, folder, stage.label, plan.parts), _clear_errors(lake, folder, stage):
        engine.run(lake.url, folder, plan.phases, stage.name)
        rows = read_rows(lake, folder, plan.parts)
        if plan.check:
            plan.check(rows)
    files = [FileEntry(**entry) for row in rows for entry in row["files"]]
    totals: Counter[str] = Counter()
    details: dict[str, Any] = {}
    for row in rows:
        totals.update(row["figures"])
        details |= row["details"]
    counts = sum((Counts(**row["counts"]) for row in rows), Counts(records_in=0, kept=0))
    if plan.records is not None and counts.records_in != plan.records:
        raise StageError(
            f"{stage.label}: the datasets that it reads hold {plan.records} records, it met {counts.records_in}; "
            f"nothing was published"
        )
    return stage.manifest(files, counts, {**dict(sorted(totals.items())), **details})


@contextmanager
def _clear_errors(lake: Lake, folder: str, stage: Stage) -> Iterator[None]:
    """Beam reports a worker's exception as pages of nested tracebacks. The reason is the last line that names an error;
    the rest goes into a file beside the parts."""
    logging.disable(logging.CRITICAL)  # Beam logs the same tracebacks once more, and warns of clouds that are not used
    try:
        yield
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        if lines and lines[-1].startswith(KeyboardInterrupt.__name__):  # Beam takes Ctrl-C for an error of the work
            raise KeyboardInterrupt from None
        reason = next((line for line in reversed(lines) if "Error" in line), lines[-1] if lines else repr(error))
        details = f"{folder}/parts/error.log"
        lake.write(details, "".join(traceback.format_exception(error)).encode())
        raise StageError(
            f"{stage.label}: {reason.split(' [while running')[0]}; nothing was published, details: {details}"
        ) from error
    finally:
        logging.disable(logging.NOTSET)


@contextmanager
def _progress(lake: Lake, folder: str, label: str, parts: Sequence[str]) -> Iterator[None]:
    """A bar of finished parts on a terminal; the parts' rows are counted, so it works for any runner."""
    stop = threading.Event()
    bar = tqdm(total=len(parts), desc=label, unit="part", leave=False, disable=not sys.stderr.isatty())

    def watch() -> None:
        while not stop.wait(0.5):
            with suppress(OSError):  # a store that does not answer now is no reason to stop counting
                there = {*lake.names(f"{folder}/parts")}
                bar.n = sum(f"{name}.json" in there for name in parts)
                bar.refresh()

    watcher = threading.Thread(target=watch, daemon=True)
    if not bar.disable:
        watcher.start()
    try:
        yield
    finally:
        stop.set()
        if watcher.is_alive():
            watcher.join()
        bar.close()
