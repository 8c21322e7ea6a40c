"""Stage: computes one dataset on Beam, or finds that it is there already.

`compute` is the only way a dataset of the data stages comes to be: address -> published? -> lock -> splits -> Beam ->
the parts' rows -> manifest.
"""

from __future__ import annotations

import logging
import platform
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa
from tqdm import tqdm

from corpus.lake.manifest import Counts, FileEntry, Manifest, address
from corpus.lake.schema import PARQUET
from corpus.lake.store import Lake
from pipelines.beam import beam
from pipelines.elements import RunSplit
from pipelines.engine import Engine
from pipelines.parts import Split, StageError, Work, part_path, read_row


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What is to be computed: all that decides a dataset's bytes. `version` rises when the code's output changes;
    `libraries` are those whose versions decide it too."""

    name: str
    partition: str
    version: int
    config: Any
    inputs: Mapping[str, str]
    libraries: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def code_version(self) -> str:
        python = ".".join(platform.python_version_tuple()[:2])
        libraries = {"python": python, "pyarrow": pa.__version__, "parquet": PARQUET, **self.libraries}
        return " ".join([str(self.version), *(f"{name}={number}" for name, number in sorted(libraries.items()))])

    @cached_property
    def config_values(self) -> dict[str, Any]:
        return plain(asdict(self.config)) if self.config is not None else {}

    @property
    def address(self) -> str:
        return address(self.name, self.partition, self.code_version, self.config_values, self.inputs)

    @property
    def label(self) -> str:
        return f"{self.name}/{self.partition}"


def plain(value: Any) -> Any:
    """A configuration as JSON has it: tuples are lists, an infinite bound is none."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return None if value in (float("inf"), float("-inf")) else value


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a stage is computed. `transform` takes the splits and does the work; `parts` are the names of all rows that
    must be there when it is through; `records` is how many there are to account for, where earlier datasets say so;
    `finish` makes files and figures out of the rows, in one place, and may put another row in the place of one that
    turned out wrong."""

    splits: Sequence[Split]
    transform: beam.PTransform
    parts: Sequence[str]
    records: int | None = None
    finish: Callable[[list[dict[str, Any]], str], tuple[list[FileEntry], dict[str, Any]]] | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    manifest: Manifest
    reused: bool
    seconds: float


def each_split(
    lake: Lake, stage: Stage, splits: Sequence[Split], work: Work, records_of: Sequence[Manifest] | None = None
) -> Plan:
    """The plan of nearly every stage: each split becomes one part. `records_of` are the datasets whose kept records
    must all be accounted for."""
    folder = lake.path(stage.name, stage.address)
    return Plan(
        splits=splits,
        transform=beam.ParDo(RunSplit(lake.url, folder, work)),
        parts=[split.name for split in splits],
        records=sum(manifest.counts.kept for manifest in records_of) if records_of is not None else None,
    )


def once(lake: Lake, stage: Stage, make: Callable[[], tuple[Manifest, dict[str, Any]]]) -> Outcome:
    """The published dataset of a stage: found, or made now by the one writer that holds its lock.

    `make` returns the manifest and what goes into the sidecar, which is in no digest.
    """
    started = time.time()
    found = lake.find(stage.name, stage.address)
    if found is not None:
        return Outcome(manifest=found, reused=True, seconds=time.time() - started)
    with lake.lock(stage.name, stage.address):
        found = lake.find(stage.name, stage.address)  # the writer that we waited for may have published it
        if found is not None:
            return Outcome(manifest=found, reused=True, seconds=time.time() - started)
        manifest, run = make()
        seconds = time.time() - started
        published = lake.publish(manifest, {"seconds": round(seconds, 3), "started": started, **run})
        return Outcome(manifest=published, reused=False, seconds=seconds)


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
        return once(lake, stage, make)
    except StageError:
        found = lake.find(stage.name, stage.address)
        if found is None:
            raise
        # On a remote lake nothing keeps two writers apart: the faster one has tidied up while this one was at work.
        return Outcome(manifest=found, reused=True, seconds=0.0)


def _compute(lake: Lake, stage: Stage, engine: Engine, plan: Plan) -> Manifest:
    folder = lake.path(stage.name, stage.address)
    heaviest_first = sorted(plan.splits, key=lambda split: (-split.weight, split.name))
    with _progress(lake, folder, stage.label, plan.parts), _clear_errors(lake, folder, stage):
        with engine.pipeline(len(plan.parts)) as pipeline:
            # Reshuffle: without it the splits are fused to their source, and one worker gets all of them.
            splits = pipeline | "Splits" >> beam.Create(heaviest_first) | "Deal out" >> beam.Reshuffle()
            splits | stage.name >> plan.transform
        rows = [read_row(lake, folder, name) for name in plan.parts]
        files, figures = plan.finish(rows, folder) if plan.finish else ([], {})
    files += [FileEntry(**entry) for row in rows for entry in row["files"]]
    totals: Counter[str] = Counter()
    for row in rows:
        totals.update(row["figures"])
    counts = sum((Counts(**row["counts"]) for row in rows), Counts(records_in=0, kept=0))
    if plan.records is not None and counts.records_in != plan.records:
        raise StageError(
            f"{stage.label}: the datasets that it reads hold {plan.records} records, it met {counts.records_in}; "
            f"nothing was published"
        )
    return Manifest(
        stage=stage.name,
        partition=stage.partition,
        code_version=stage.code_version,
        config=stage.config_values,
        inputs=dict(stage.inputs),
        files=tuple(sorted(files, key=lambda entry: entry.path)),
        counts=counts,
        figures={**dict(sorted(totals.items())), **figures},
    )


@contextmanager
def _clear_errors(lake: Lake, folder: str, stage: Stage) -> Iterator[None]:
    """Beam reports a worker's exception as pages of nested tracebacks. The reason is the last line that names an error;
    the rest goes into a file beside the parts."""
    logging.disable(logging.CRITICAL)  # Beam logs the same tracebacks once more, and warns of clouds that are not used
    try:
        yield
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
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
            bar.n = sum(lake.fs.exists(part_path(folder, name)) for name in parts)
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
