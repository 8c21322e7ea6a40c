"""Dedup: files of documents -> those that stay and the ledger of those that go, as two Parquet files in a folder."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from tqdm import tqdm

from corpus.duplicates.banding import DuplicateConfig
from corpus.duplicates.deduplication import deduplicate
from corpus.duplicates.removals import EXACT, NEAR, Settled
from corpus.lake.schema import parquet_writer
from corpus.tabular.collection import Collection

SURVIVORS, LEDGER = "survivors.parquet", "ledger.parquet"
IN_THE_MAKING = ".dedup"
GROUP_BYTES = 32 << 20  # of a row group


def dedup(paths: Sequence[str], id_column: str, text_column: str, config: DuplicateConfig, out: Path) -> Iterator[str]:
    """Writes `out`/survivors.parquet and `out`/ledger.parquet; yields what to say."""
    started = time.monotonic()
    _refuse_inputs_in(out, paths)
    collection = Collection(paths, id_column, text_column)
    with _making(out) as folder:

        def texts() -> Iterator[pa.Array]:
            return _shown(collection.texts(), "comparing" if len(collection) else "reading", len(collection))

        order, removals = deduplicate(texts, collection.ids, config, folder)
        staying = np.ones(len(order), bool)
        staying[order[removals.documents]] = False
        _write_ledger(folder / LEDGER, collection, order, removals)
        _write_survivors(folder / SURVIVORS, collection, staying)
        _publish(folder, out)
    seconds = time.monotonic() - started
    removed = removals.counts()
    if collection.left_out:
        yield f"left out     {', '.join(collection.left_out)}: no one type holds what the files have there"
    yield f"documents    {len(order):,}, {len(order) / seconds:,.0f} a second"
    yield f"exact        {removed[EXACT]:,} removed"
    yield f"near         {removed[NEAR]:,} removed, {config.measure} {config.threshold:g} or more to one that stays"
    yield f"survivors    {len(order) - len(removals):,}: {out / SURVIVORS}"
    yield f"ledger       {out / LEDGER}"


def _refuse_inputs_in(out: Path, paths: Iterable[str]) -> None:
    for path in paths:
        if os.path.realpath(path) in (os.path.realpath(out / SURVIVORS), os.path.realpath(out / LEDGER)):
            raise ValueError(f"{path} would be overwritten: name another folder by --out")


@contextmanager
def _making(out: Path) -> Iterator[Path]:
    """A folder in `out` for what is not finished; of a killed run it is cleared away by the next one."""
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file: name a folder by --out")
    out.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(out, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"another run writes to {out}: wait for it, or name another folder by --out") from None
        folder = out / IN_THE_MAKING
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
    """The survivors last, and the old ones away first: where they lie, the ledger beside them is theirs."""
    for name in (LEDGER, SURVIVORS):
        with open(folder / name, "rb+") as file:
            os.fsync(file.fileno())
    (out / SURVIVORS).unlink(missing_ok=True)
    for name in (LEDGER, SURVIVORS):
        os.replace(folder / name, out / name)


def _shown(batches: Iterable[Any], step: str, total: int) -> Iterator[Any]:
    """The batches; how many documents they hold, of how many if that is known, is shown on a terminal."""
    with tqdm(
        desc=step, total=total or None, unit=" documents", unit_scale=True, leave=False, disable=None, file=sys.stderr
    ) as bar:
        for batch in batches:
            yield batch
            bar.update(len(batch))


def _write_ledger(path: Path, collection: Collection, order: np.ndarray, removals: Settled) -> None:
    """In the order of the documents that go, which is not the input's."""
    ids, of = pa.chunked_array(collection.ids), collection.columns.field(collection.id_column).type
    gone, keepers = (ids.take(pa.array(order[found])).cast(of) for found in (removals.documents, removals.keepers))
    columns = {"id": gone, "keeper": keepers, "similarity": removals.similarities, "reason": removals.named()}
    table = pa.table(columns)
    with parquet_writer(path, table.schema) as writer:
        writer.write_table(table)


def _write_survivors(path: Path, collection: Collection, staying: np.ndarray) -> None:
    held: list[pa.RecordBatch] = []
    with parquet_writer(path, collection.columns) as writer:
        for batch in _shown(collection.rows(staying), "writing", int(np.count_nonzero(staying))):
            held.append(batch)
            if sum(one.nbytes for one in held) >= GROUP_BYTES:
                writer.write_table(pa.Table.from_batches(held))
                held.clear()
        if held:
            writer.write_table(pa.Table.from_batches(held))
