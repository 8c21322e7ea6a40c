"""Deduplication of files: documents in; those that stay and the ledger of those that were removed out, as two Parquet
files in a folder."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from tqdm import tqdm

from corpus.duplicates.banding import DuplicateConfig
from corpus.duplicates.deduplication import deduplicate
from corpus.duplicates.removals import EXACT, NEAR, CombinedRemovals
from corpus.lake.parquet import parquet_writer
from corpus.tabular.collection import Collection

SURVIVORS, LEDGER = "survivors.parquet", "ledger.parquet"
UNFINISHED = ".dedup"
GROUP_BYTES = 32 << 20  # of a row group


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What became of the documents. `left_out`: columns of the files that have no common type."""

    documents: int
    documents_per_second: float
    exact_duplicates: int
    near_duplicates: int
    measure: str
    threshold: float
    survivors: int
    survivors_path: str
    ledger_path: str
    left_out: tuple[str, ...]


def deduplicate_files(
    paths: Sequence[str], id_column: str, text_column: str, config: DuplicateConfig, out: Path
) -> Summary:
    """Writes `out`/survivors.parquet and `out`/ledger.parquet.

    Raises ValueError or OSError naming the file, row or folder that cannot be used.
    """
    started = time.monotonic()
    _refuse_inputs_in(out, paths)
    collection = Collection(paths, id_column, text_column)
    with _unfinished_folder(out) as folder:

        def texts() -> Iterator[pa.Array]:
            step = "comparing" if len(collection) else "reading"
            return _show_progress(collection.texts(), step, len(collection))

        order, removals = deduplicate(texts, collection.ids, config, folder)
        staying = np.ones(len(order), bool)
        staying[order[removals.documents]] = False
        _write_ledger(folder / LEDGER, collection, order, removals)
        _write_survivors(folder / SURVIVORS, collection, staying)
        _publish(folder, out)
    removed = removals.counts()
    return Summary(
        documents=len(order),
        documents_per_second=len(order) / (time.monotonic() - started),
        exact_duplicates=removed[EXACT],
        near_duplicates=removed[NEAR],
        measure=config.measure,
        threshold=config.threshold,
        survivors=len(order) - len(removals),
        survivors_path=str(out / SURVIVORS),
        ledger_path=str(out / LEDGER),
        left_out=tuple(collection.left_out),
    )


def format_summary(summary: Summary) -> Iterator[str]:
    if summary.left_out:
        yield f"left out     {', '.join(summary.left_out)}: the files have no common type for it"
    yield f"documents    {summary.documents:,}, {summary.documents_per_second:,.0f} a second"
    yield f"exact        {summary.exact_duplicates:,} removed"
    threshold = f"{summary.measure} {summary.threshold:g}"
    yield f"near         {summary.near_duplicates:,} removed, {threshold} or more to one that stays"
    yield f"survivors    {summary.survivors:,}: {summary.survivors_path}"
    yield f"ledger       {summary.ledger_path}"


def _refuse_inputs_in(out: Path, paths: Iterable[str]) -> None:
    for path in paths:
        if os.path.realpath(path) in (os.path.realpath(out / SURVIVORS), os.path.realpath(out / LEDGER)):
            raise ValueError(f"{path} would be overwritten: name another folder by --out")


@contextmanager
def _unfinished_folder(out: Path) -> Iterator[Path]:
    """A folder in `out` for unfinished files; the next run removes what a killed one left in it."""
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file: name a folder by --out")
    out.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(out, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"another run writes to {out}: wait for it, or name another folder by --out") from None
        folder = out / UNFINISHED
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder)
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _publish(folder: Path, out: Path) -> None:
    """The survivors last, and the old ones are removed first: wherever they exist, the ledger beside them is theirs."""
    for name in (LEDGER, SURVIVORS):
        with open(folder / name, "rb+") as file:
            os.fsync(file.fileno())
    (out / SURVIVORS).unlink(missing_ok=True)
    for name in (LEDGER, SURVIVORS):
        os.replace(folder / name, out / name)


def _show_progress(batches: Iterable[Any], step: str, total: int) -> Iterator[Any]:
    """Yields the batches, and on a terminal shows how many of `total` documents they held so far; 0 if not known."""
    with tqdm(
        desc=step, total=total or None, unit=" documents", unit_scale=True, leave=False, disable=None, file=sys.stderr
    ) as bar:
        for batch in batches:
            yield batch
            bar.update(len(batch))


def _write_ledger(path: Path, collection: Collection, order: np.ndarray, removals: CombinedRemovals) -> None:
    """In the order of the removed documents, which is not the input's."""
    ids, name = pa.chunked_array(collection.ids), collection.id_column
    of = collection.columns.field(name).type if name in collection.columns.names else ids.type
    removed, keepers = (ids.take(pa.array(order[rows])).cast(of) for rows in (removals.documents, removals.keepers))
    columns = {"id": removed, "keeper": keepers, "similarity": removals.similarities, "reason": removals.named()}
    table = pa.table(columns)
    with parquet_writer(path, table.schema) as writer:
        writer.write_table(table)


def _write_survivors(path: Path, collection: Collection, staying: np.ndarray) -> None:
    held: list[pa.RecordBatch] = []
    with parquet_writer(path, collection.columns) as writer:
        for batch in _show_progress(collection.rows(staying), "writing", int(np.count_nonzero(staying))):
            held.append(batch)
            if sum(one.nbytes for one in held) >= GROUP_BYTES:
                writer.write_table(pa.Table.from_batches(held))
                held.clear()
        if held:
            writer.write_table(pa.Table.from_batches(held))
