"""Parquet: what is read of a file, wherever it lies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from object_store import ObjectStore

from corpus.lake.parquet import parquet_writer
from corpus.lake.store import Lake


def test_rows_between_two_values_are_those_of_the_whole_file(tmp_path: Path) -> None:
    """Sorted or not, up to the largest number; only the row groups that may hold one are read."""
    lake, path, largest = Lake(str(tmp_path)), tmp_path / "rows.parquet", 2**64 - 1
    dice = np.random.default_rng(1)
    numbers = np.concatenate([dice.integers(0, 2**64, 98, np.uint64), np.array([0, largest], np.uint64)])
    for values in (numbers, np.sort(numbers)):
        table = pa.table({"deep": [{"a": 1, "b": 2}] * 100, "key": values, "place": range(100)})
        pq.write_table(table, path, row_group_size=7, write_page_checksum=True)
        for first, last in ((0, largest), (2**62, 2**63), (largest, largest), (0, 0), (5, 4)):
            found = lake.read_between(str(path), "key", first, last, ["place"])
            assert found["place"].to_pylist() == [
                n for n, value in enumerate(values.tolist()) if first <= value <= last
            ]
    data = bytearray(path.read_bytes())
    data[data.index(values[-1].tobytes())] ^= 1
    path.write_bytes(data)
    assert lake.read_between(str(path), "key", 0, 2**62, ["place"]).num_rows > 10
    with pytest.raises(OSError, match=r"rows\.parquet"):
        lake.read_between(str(path), "key", 0, largest, ["place"])


class Asked:
    """An object store that counts the bytes that it gives."""

    def __init__(self, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bytes = 0
        fs = lake.fs._fs
        for name in ("cat_file", "cat_ranges"):
            monkeypatch.setattr(fs, name, self._counted(getattr(fs, name)))

    def _counted(self, read: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            found = read(*args, **options)
            self.bytes += len(found) if isinstance(found, bytes) else sum(map(len, found))
            return found

        return counted


def test_of_a_large_remote_file_is_fetched_what_is_read(
    object_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Columns and row groups, nested ones too; and it reads as a file of this machine does."""
    here, there = Lake(str(tmp_path)), Lake(object_store.url("big"))
    count, dice = 300_000, np.random.default_rng(1)
    letters = dice.bytes(20 * count).hex()
    table = pa.table(
        {
            "key": np.sort(dice.integers(0, 2**64, count, np.uint64)),
            "nested": [{"a": place, "b": [place]} for place in range(count)],
            "text": [letters[place : place + 40] for place in range(0, 40 * count, 40)],
        }
    )
    file = tmp_path / "file.parquet"
    with parquet_writer(file, table.schema) as writer:
        writer.write_table(table, row_group_size=10_000)
    whole = there.put(file, there.root, "file.parquet", count).bytes
    paths = (str(file), there.path("file.parquet"))
    asked = Asked(there, monkeypatch)

    def read(how: Callable[[Lake, str], Any]) -> float:
        """Reads both; says which share of the object was fetched."""
        asked.bytes = 0
        one, other = (how(lake, path) for lake, path in zip((here, there), paths, strict=True))
        assert one == other
        return asked.bytes / whole

    assert read(lambda lake, path: lake.read_table(path)) < 1.3
    assert read(lambda lake, path: lake.read_table(path, ["key"])) < 0.4
    assert read(lambda lake, path: lake.read_table(path, ["nested"])) < 0.4
    assert read(lambda lake, path: lake.read_table(path, ["nested.b"])) < 0.3
    assert read(lambda lake, path: lake.read_between(path, "key", 2**63, 2**63 + 2**58, ["text"])) < 0.3
    assert read(lambda lake, path: lake.read_places(path, np.array([299_999, 5]), ["text"])) < 0.3
    assert read(lambda lake, path: list(lake.read_batches(path, ["key"]))) < 0.4
    assert read(lambda lake, path: list(lake.read_row_groups(path))) < 1.3
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    there.fs.rm(paths[1])
    there.put(file, there.root, "file.parquet", count)
    with pytest.raises(OSError, match=r"file\.parquet cannot be read"):
        there.read_table(paths[1])
