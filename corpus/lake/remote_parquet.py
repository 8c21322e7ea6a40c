"""Remote Parquet: a Parquet file in an object store, of which only the columns and row groups that are asked for are
fetched.

Arrow reads from memory, never from a file of Python's (see corpus.lake.parquet). The memory is as large as the object,
but the system gives it pages only where something was put. What was not fetched is zeros there, which are no page.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from corpus.lake.remote_files import RemoteFiles

WHOLE = 1 << 20  # smaller objects are fetched whole: one request in place of three
FOOTER = 1 << 16  # bytes of the end in which the footer nearly always is
GAP = 1 << 18  # bytes between two ranges that are fetched along: sooner than another request is answered
END = 8  # the footer's length, 4 bytes, and the name of the format


class RemoteParquet(pq.ParquetFile):
    """As pyarrow's, opened with its page checksums verified. Raises OSError naming the object where it cannot be
    fetched."""

    def __init__(self, fs: RemoteFiles, path: str) -> None:
        self._fs, self._path = fs, path
        self._fetched: set[tuple[int, int]] = set()  # row groups and columns
        begin = fs.cat_file(path, start=0, end=WHOLE)
        self._whole = len(begin) < WHOLE
        if self._whole:
            source = pa.py_buffer(begin)
        else:
            self._bytes = np.zeros(int(fs.size(path)), np.uint8)
            self._bytes[: len(begin)] = np.frombuffer(begin, np.uint8)
            self._fetch_footer()
            source = pa.py_buffer(self._bytes)
        super().__init__(pa.BufferReader(source), page_checksum_verification=True)

    def _fetch_footer(self) -> None:
        size = len(self._bytes)
        self._fetch([(size - FOOTER, size)])
        length = int.from_bytes(self._bytes[-END : -END + 4].tobytes(), "little")
        if FOOTER - END < length < size:
            self._fetch([(size - END - length, size)])

    def _fetch(self, ranges: Sequence[tuple[int, int]]) -> None:
        for (start, stop), data in zip(ranges, self._fs.cat_parts(self._path, ranges), strict=True):
            self._bytes[start:stop] = np.frombuffer(data, np.uint8)

    def _need(self, groups: Iterable[int], columns: Collection[str] | None) -> None:
        """Fetches what of some row groups was not yet. `columns`: their paths, or those of structs that hold them."""
        if self._whole:
            return
        wanted = []
        for group in groups:
            found = self.metadata.row_group(group)
            for number in range(found.num_columns):
                column = found.column(number)
                if (group, number) not in self._fetched and _chosen(column.path_in_schema, columns):
                    start = column.dictionary_page_offset or column.data_page_offset
                    wanted.append((start, start + column.total_compressed_size))
                    self._fetched.add((group, number))
        self._fetch(list(_joined(sorted(wanted))))

    def read(self, columns: list[str] | None = None, **options: Any) -> pa.Table:
        self._need(range(self.num_row_groups), columns)
        return super().read(columns, **options)

    def read_row_group(self, i: int, columns: list[str] | None = None, **options: Any) -> pa.Table:
        self._need([i], columns)
        return super().read_row_group(i, columns, **options)

    def read_row_groups(self, row_groups: list[int], columns: list[str] | None = None, **options: Any) -> pa.Table:
        self._need(row_groups, columns)
        return super().read_row_groups(row_groups, columns, **options)

    def iter_batches(
        self,
        batch_size: int = 1 << 16,
        row_groups: list[int] | None = None,
        columns: list[str] | None = None,
        **options: Any,
    ) -> Iterator[pa.RecordBatch]:
        self._need(range(self.num_row_groups) if row_groups is None else row_groups, columns)
        return super().iter_batches(batch_size, row_groups, columns, **options)


def _chosen(path: str, columns: Collection[str] | None) -> bool:
    return columns is None or any(path == column or path.startswith(f"{column}.") for column in columns)


def _joined(ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Sorted ranges, those with less than GAP between them as one."""
    last: tuple[int, int] | None = None
    for start, stop in ranges:
        if last is not None and start - last[1] <= GAP:
            last = (last[0], max(last[1], stop))
        else:
            if last is not None:
                yield last
            last = (start, stop)
    if last is not None:
        yield last
