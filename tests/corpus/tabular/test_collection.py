"""Collections: files of documents are read in parts, as often as asked, and each time the same."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dedups import documents, write_lines

from corpus.tabular.collection import Collection

ROWS = documents([f"text {number} " + "and more " * (number % 50) for number in range(1_000)])


def files(folder: Path) -> list[str]:
    pq.write_table(pa.Table.from_pylist(ROWS[400:]), folder / "b.parquet", row_group_size=70)
    return [str(write_lines(folder / "a.jsonl", ROWS[:400])), str(folder / "b.parquet")]


def test_texts_and_ids_are_those_of_the_files_in_their_order_each_time(tmp_path: Path) -> None:
    collection = Collection(files(tmp_path))
    for _ in range(3):
        assert [text for batch in collection.texts() for text in batch.to_pylist()] == [row["text"] for row in ROWS]
    assert [one for batch in collection.ids for one in batch.to_pylist()] == [row["id"] for row in ROWS]
    assert len(collection) == len(ROWS)


def test_rows_are_those_that_stay(tmp_path: Path) -> None:
    collection = Collection(files(tmp_path))
    list(collection.texts())
    for step in (1, 3, 1_001):
        staying = np.arange(len(ROWS)) % step == step - 1
        found = [row for batch in collection.rows(staying) for row in batch.to_pylist()]
        assert found == [row for row, stays in zip(ROWS, staying, strict=True) if stays]


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_of_a_large_file_only_a_part_is_held(kind: str, tmp_path: Path) -> None:
    """However large a row group is."""
    random = np.random.RandomState(1)
    texts = [bytes(random.randint(97, 123, 3_000).astype(np.uint8)).decode() for _ in range(10_000)]
    path = tmp_path / f"a.{kind}"
    if kind == "jsonl":
        write_lines(path, documents(texts))
    else:
        pq.write_table(pa.Table.from_pylist(documents(texts)), path)
    del texts
    collection = Collection([str(path)])
    before, most = pa.total_allocated_bytes(), 0
    tracemalloc.start()
    for _ in collection.texts():
        most = max(most, pa.total_allocated_bytes() - before)
    for _ in collection.rows(np.ones(len(collection), bool)):
        most = max(most, pa.total_allocated_bytes() - before)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(collection) == 10_000 and path.stat().st_size > 15 << 20
    assert most + peak < 15 << 20


@pytest.mark.parametrize("rows", [ROWS[:-1], [*ROWS, {"id": "new", "text": "new"}]])
def test_a_file_that_changes_meanwhile_is_noticed(rows: list[dict[str, str]], tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", ROWS)
    collection = Collection([str(path)])
    list(collection.texts())
    write_lines(path, rows)
    with pytest.raises(OSError, match="has changed since it was read first"):
        list(collection.texts())
    with pytest.raises(OSError, match="has changed since it was read first"):
        list(collection.rows(np.ones(len(ROWS), bool)))
