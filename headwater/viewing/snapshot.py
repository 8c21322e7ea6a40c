"""Snapshot: a lake as it was when it was opened, with what finds a document's rows in memory.

A page asks for one document in the files of every dataset. Without this, each question would read the manifests again,
and of each file all ids, in search of one. Datasets never change, so neither does what was read of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa

from corpus.lake.manifest import Manifest
from corpus.lake.parquet import check_rows, take_places
from corpus.lake.schema import DOC_ID
from corpus.lake.stages import CHECKPOINT, DOCUMENT_STAGES, MEASURES, SHARDS, STAGES
from corpus.lake.store import Lake

KEY = "doc_id"
ASKED = (*(name for name, stage in STAGES.items() if stage.documents_in), MEASURES)  # of every document
SHOWN = (*DOCUMENT_STAGES, MEASURES, SHARDS, CHECKPOINT)
WIDTH = f"S{DOC_ID.byte_width}"  # ids all have the same length, so that numpy may take zeros at their end for none


class Places:
    """Where in a file the rows of a document are: 20 bytes a row."""

    def __init__(self, schema: pa.Schema, doc_ids: pa.ChunkedArray) -> None:
        """`schema`: of the whole file."""
        values = np.concatenate([np.empty(0, WIDTH), *(_bytes(chunk) for chunk in doc_ids.chunks)])
        order = np.argsort(values, kind="stable")
        self.schema, self._values, self._order = schema, values[order], order.astype(np.int32)

    def find(self, doc_ids: pa.Array) -> np.ndarray:
        """The rows with one of these ids, int64, ascending."""
        wanted = np.unique(_bytes(doc_ids))
        starts, stops = (np.searchsorted(self._values, wanted, side) for side in ("left", "right"))
        found = [self._order[start:stop] for start, stop in zip(starts, stops, strict=True)]
        return np.sort(np.concatenate([np.empty(0, np.int64), *found]))


class Snapshot(Lake):
    """A lake, or a recipe's view of it, whose datasets of documents, shards and checkpoints are those of the moment
    when this was made. Recipes and labels are read as they are."""

    def __init__(self, lake: Lake) -> None:
        """Raises OSError naming a file that cannot be read."""
        super().__init__(lake.url)
        self.recipe: str | None = getattr(lake, "recipe", None)
        self._lake = lake
        self._datasets = {stage: list(lake.datasets(stage)) for stage in SHOWN}
        self._found = {(one.stage, one.address): one for some in self._datasets.values() for one in some}
        self._runs: dict[str, dict[str, Any]] = {}
        self._places: dict[str, Places] = {}
        files = [
            f"{self.folder(dataset)}/{entry.path}"
            for stage in ASKED
            for dataset in self._datasets[stage]
            for entry in dataset.files
        ]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            self._places.update(zip(files, pool.map(self._read_places, files), strict=True))

    def _read_places(self, path: str) -> Places:
        with self.open_parquet(path) as file:
            doc_ids = file.read([KEY])[KEY]
            check_rows(len(doc_ids), file.metadata.num_rows)
            return Places(file.schema_arrow, doc_ids)

    def find(self, stage: str, address: str) -> Manifest | None:
        """One that the view does not show may be there too: what a dataset was read from."""
        if (stage, address) not in self._found:
            found = super().find(stage, address)
            if found is None:
                return None
            self._found[stage, address] = found
        return self._found[stage, address]

    def datasets(self, stage: str | None = None) -> Iterator[Manifest]:
        return self._lake.datasets(stage) if stage not in self._datasets else iter(self._datasets[stage])

    def read_run(self, manifest: Manifest) -> dict[str, Any]:
        if manifest.address not in self._runs:
            self._runs[manifest.address] = super().read_run(manifest)
        return self._runs[manifest.address]

    def read_where(self, path: str, column: str, values: pa.Array, columns: Sequence[str]) -> pa.Table:
        """As of a lake. A file in which no row is wanted is not opened."""
        if column != KEY:
            return super().read_where(path, column, values, columns)
        if path not in self._places:
            self._places[path] = self._read_places(path)
        known = self._places[path]
        names = [name for name in columns if name in known.schema.names]
        places = known.find(values)
        if not len(places):
            return pa.schema([known.schema.field(name) for name in names]).empty_table()
        with self.open_parquet(path) as file:
            return take_places(file, places, names)


def _bytes(doc_ids: pa.Array) -> np.ndarray:
    """As numpy has bytes of one length."""
    size = DOC_ID.byte_width
    if not len(doc_ids):
        return np.empty(0, WIDTH)
    data = doc_ids.buffers()[1]
    return np.frombuffer(data, WIDTH, count=len(doc_ids), offset=doc_ids.offset * size)
