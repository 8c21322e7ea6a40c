"""Collection: files of documents -> their texts and rows, in Arrow batches, as often as asked and never all at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus.tabular.columns import JsonFields, arrow_type, merge_types
from corpus.tabular.tables import Table, open_table


class Collection:
    """Documents of one or more files, Parquet, JSON lines or CSV, each with an id of its own and a text.

    `texts` is to be read to its end first: `ids`, which it fills, and `columns` are known then. What is wrong with a
    file is a ValueError, or an OSError when the file cannot be read, that names the file and the position in it.
    """

    def __init__(self, paths: Sequence[str], id_column: str = "id", text_column: str = "text") -> None:
        if id_column == text_column:
            raise ValueError(f"{id_column!r} cannot be both id and text")
        self.ids: list[pa.Array] = []
        self.columns = pa.schema([])
        self.left_out: list[str] = []
        self.id_column, self.text_column = id_column, text_column
        fields = JsonFields()
        self._tables = [open_table(path, id_column, text_column, fields) for path in dict.fromkeys(paths)]
        self._edges: list[int] = []  # the place of each file's first document, and after the last one

    def __len__(self) -> int:
        """How many documents there are, 0 until they were read."""
        return self._edges[-1] if self._edges else 0

    def texts(self) -> Iterator[pa.Array]:
        """Large strings in batches, the same each time."""
        edges = [0]
        for table in self._tables:
            count = edges[-1]
            for ids, texts in table.documents():
                count += len(ids)
                if not self._edges:
                    self._add(ids, table)
                yield texts
            edges.append(count)
            self._check_unchanged(table, edges)
        if not self._edges:
            self._learn(edges)

    def rows(self, staying: np.ndarray) -> Iterator[pa.RecordBatch]:
        """Of the documents those for which `staying` (documents,) is true, in their order, with all `columns`."""
        edges = [0]
        for table in self._tables:
            position = edges[-1]
            for batch in table.rows(self.columns):
                kept = staying[position : position + len(batch)]
                position += len(batch)
                if len(kept) == len(batch) and kept.any():
                    yield batch.filter(pa.array(kept))
            edges.append(position)
            self._check_unchanged(table, edges)

    def _check_unchanged(self, table: Table, edges: list[int]) -> None:
        if self._edges and edges[-1] != self._edges[len(edges) - 1]:
            raise OSError(f"{table.path} has changed since it was read first: run again when nothing writes to it")

    def _add(self, ids: pa.Array, table: Table) -> None:
        if self.ids and arrow_type(ids.type) != arrow_type(self.ids[0].type):
            raise ValueError(
                f"{table.path}: its ids are {arrow_type(ids.type)}, and {arrow_type(self.ids[0].type)} before it: "
                "write all of them in one way, or name another column by --id"
            )
        self.ids.append(ids)

    def _learn(self, edges: list[int]) -> None:
        if not edges[-1]:
            raise ValueError(f"there is no document in {', '.join(table.path for table in self._tables)}")
        self._edges = edges
        if any(ids.type == pa.uint64() for ids in self.ids):
            try:
                self.ids[:] = [ids.cast(pa.uint64()) for ids in self.ids]
            except pa.ArrowInvalid as error:
                raise ValueError(f"ids above 2^63 and below 0 are no integers of 64 bits: {error}") from error
        self._check_ids(pa.chunked_array(self.ids))
        self.columns = self._common()

    def _check_ids(self, ids: pa.ChunkedArray) -> None:
        if pc.count_distinct(ids).as_py() == len(ids):
            return
        order = pc.array_sort_indices(ids).to_numpy()  # stable
        ordered = ids.take(order)
        again = pc.equal(ordered.slice(1), ordered.slice(0, len(ids) - 1)).to_numpy()
        second = int(order[1:][again].min())
        first = pc.index(ids, ids[second]).as_py()
        raise ValueError(
            f"the id {ids[first].as_py()!r} stands in {self._where(first)}, and in {self._where(second)}; "
            f"{again.sum():,} repeat an earlier one: give each document its own, or name another column by --id"
        )

    def _where(self, position: int) -> str:
        number = int(np.searchsorted(self._edges, position, side="right")) - 1
        return f"{self._tables[number].path} (document {position - self._edges[number] + 1:,})"

    def _common(self) -> pa.Schema:
        """The columns of all files, each of the type that holds the values of all; those without one are left out."""
        found: dict[str, pa.DataType | None] = {}
        for table in self._tables:
            for field in table.schema:
                held = found.get(field.name, field.type)
                found[field.name] = merge_types(held, field.type) if held is not None else None
        for name, stored in ((self.id_column, self.ids[0].type), (self.text_column, pa.large_string())):
            own = {table.schema.field(name).type for table in self._tables if name in table.schema.names}
            if not own:  # a nested one is within its column, which has a type of its own
                continue
            alike = len(own) == 1 and not any(pa.types.is_null(of) or pa.types.is_dictionary(of) for of in own)
            found[name] = own.pop() if alike else stored
        self.left_out = [name for name, held in found.items() if held is None]
        return pa.schema([(name, held) for name, held in found.items() if held is not None])
