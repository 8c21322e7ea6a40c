"""Lake: content-addressed, immutable datasets at any fsspec URL.

    <lake>/<stage>/<address>/<kind>/part-00000.parquet     a file of the dataset, whole or absent
    <lake>/<stage>/<address>/manifest.json                 written last: with it, the dataset exists
    <lake>/<stage>/<address>/run.json                      when, where and how long: for people, in no digest
    <lake>/<stage>/<address>/parts/part-00000.json         what a finished part holds: a killed run continues there

Every file is put in place in one step, with bytes that depend on the address alone, so two writers of one address
write the same files; on a local lake the second one also waits for the first and then reuses what it published. On a
remote one an object of a dataset is written once, and the manifest of the first writer stands.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from corpus.lake.local_files import copy_file, create_file, replace_file
from corpus.lake.manifest import FileEntry, Manifest
from corpus.lake.parquet import check_rows, find_places, open_file, parquet_writer, read_between, take_places
from corpus.lake.remote_files import open_remote

DEFAULT_LAKE = ".headwater"
READ_CHUNK = 1 << 20
ROWS = 256  # documents a row group and a batch: about 2 MB of text held at a time


class Lake:
    """A folder of datasets. `url` is a local path or any URL that fsspec opens."""

    def __init__(self, url: str) -> None:
        remote = open_remote(url)
        self.local = remote is None
        self.fs: Any
        self.root: str
        self.fs, self.root = remote or fsspec.core.url_to_fs(url)
        self.url = self.root if self.local else url

    def __reduce__(self) -> tuple[type[Lake], tuple[str, ...]]:
        return Lake, (self.url,)

    # Reading ----------------------------------------------------------------------------------------------------

    def path(self, *parts: str) -> str:
        return "/".join((self.root.rstrip("/"), *parts))

    def location(self, path: str) -> str:
        """A path in the lake as a person may give it to a command."""
        return path if self.local else self.fs.url(path)

    def folder(self, manifest: Manifest) -> str:
        return self.path(manifest.stage, manifest.address)

    def find(self, stage: str, address: str) -> Manifest | None:
        """The dataset published at this address, or None."""
        path = self.path(stage, address, "manifest.json")
        for data in self.read_files([path]).values():
            return Manifest.from_bytes(data, where=path)
        return None

    def get(self, stage: str, address: str) -> Manifest:
        """As `find`; raises FileNotFoundError when nothing is published there."""
        manifest = self.find(stage, address)
        if manifest is None:
            raise FileNotFoundError(f"no dataset {stage}/{address} in the lake {self.url}: materialize {stage} first")
        return manifest

    def datasets(self, stage: str | None = None) -> Iterator[Manifest]:
        """Every published dataset, or those of one stage, by stage and partition."""
        found = [Manifest.from_bytes(data, where=path) for path, data in self._manifests(stage).items()]
        yield from sorted(found, key=lambda manifest: (manifest.stage, manifest.partition, manifest.address))

    def manifest_paths(self, stage: str | None = None) -> list[str]:
        """Where the manifests lie, readable or not."""
        return list(self._manifests(stage))

    def _manifests(self, stage: str | None) -> dict[str, bytes]:
        folders = [self.path(stage)] if stage else self.folders(self.root)
        return self.read_files([f"{dataset}/manifest.json" for folder in folders for dataset in self.folders(folder)])

    def read_files(self, paths: Sequence[str]) -> dict[str, bytes]:
        """The bytes of those of these small files that are there; of a remote lake many at a time."""
        if not self.local:
            return self.fs.cat_files(paths)
        return {path: self.fs.cat_file(path) for path in paths if self.fs.exists(path)}

    def existing(self, paths: Sequence[str]) -> list[str]:
        """Those of these files, none of them empty, that are there; of a remote lake many are asked for at a time."""
        if not self.local:
            return list(self.fs.cat_files(paths, end=1))
        return [path for path in paths if self.fs.exists(path)]

    def names(self, folder: str) -> list[str]:
        """Of what is in a folder, sorted; none where there is no such folder."""
        return [path.rsplit("/", 1)[-1] for path, _ in self._entries(folder)]

    def folders(self, folder: str) -> list[str]:
        """The paths of the folders in a folder, sorted."""
        return [path for path, kind in self._entries(folder) if kind == "directory"]

    def _entries(self, folder: str) -> list[tuple[str, str]]:
        if not self.local:
            return self.fs.entries(folder)
        if not self.fs.isdir(folder):
            return []
        return sorted((str(entry["name"]), str(entry["type"])) for entry in self.fs.ls(folder, detail=True))

    def blocks(self, path: str) -> Iterator[bytes]:
        """The bytes of a file, a few MB at a time."""
        if not self.local:
            yield from self.fs.blocks(path)
            return
        with open(path, "rb") as file:
            while block := file.read(READ_CHUNK):
                yield block

    def read(self, manifest: Manifest, kind: str, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """One Arrow table a file, in the manifest's order; page checksums are verified."""
        for entry in manifest.of_kind(kind):
            yield self.read_file(manifest, entry, columns)

    def read_file(self, manifest: Manifest, entry: FileEntry, columns: list[str] | None = None) -> pa.Table:
        return self.read_table(f"{self.folder(manifest)}/{entry.path}", columns)

    def read_table(self, path: str, columns: list[str] | None = None) -> pa.Table:
        """A Parquet file of the lake, its page checksums verified. Raises OSError naming the file."""
        with self.open_parquet(path) as file:
            table = file.read(columns)
            check_rows(table.num_rows, file.metadata.num_rows)
            return table

    def read_rows(self, path: str, columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
        """As `read_table`, row by row, with ROWS of them in memory at a time."""
        for batch in self.read_batches(path, columns):
            yield from batch.to_pylist()

    def read_batches(self, path: str, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
        """As `read_table`, at most ROWS at a time."""
        with self.open_parquet(path) as file:
            rows = 0
            for batch in file.iter_batches(batch_size=ROWS, columns=columns):
                rows += len(batch)
                yield batch
            check_rows(rows, file.metadata.num_rows)

    def read_row_groups(self, path: str, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """As `read_table`, a row group at a time."""
        with self.open_parquet(path) as file:
            for number in range(file.num_row_groups):
                table = file.read_row_group(number, columns)
                check_rows(table.num_rows, file.metadata.row_group(number).num_rows)
                yield table

    def read_places(self, path: str, places: np.ndarray, columns: list[str]) -> pa.Table:
        """The rows at these places of a Parquet file, in this order. Reads the row groups that hold one."""
        with self.open_parquet(path) as file:
            return take_places(file, places, columns)

    def read_between(self, path: str, column: str, first: int, last: int, columns: list[str]) -> pa.Table:
        """The rows of a Parquet file whose `column`, of whole numbers, is from `first` to `last`. Reads the row groups
        that may hold one."""
        with self.open_parquet(path) as file:
            return read_between(file, column, first, last, columns)

    def read_where(self, path: str, column: str, values: pa.Array, columns: Sequence[str]) -> pa.Table:
        """The rows of a Parquet file whose `column` has one of `values`, with those of `columns` that the file has.
        Reads `column` whole, and of the others the row groups that hold such a row."""
        with self.open_parquet(path) as file:
            names = [name for name in columns if name in file.schema_arrow.names]
            deciding = file.read([column])[column]
            check_rows(len(deciding), file.metadata.num_rows)
            return take_places(file, find_places(deciding, values), names)

    def open_parquet(self, path: str) -> AbstractContextManager[pq.ParquetFile]:
        """A Parquet file whose page checksums are verified while it is read. Raises OSError naming the file."""
        return open_file(path, None if self.local else self.fs)

    def local_copy(self, manifest: Manifest, kind: str, cache: Path) -> Path:
        """A local folder with a dataset's files of one kind: its own on a local lake, else a copy under `cache`.

        Raises OSError naming a file whose bytes are not those of the manifest.
        """
        if self.local:
            return Path(self.folder(manifest)) / kind
        folder = cache / manifest.stage / manifest.address
        for entry in manifest.of_kind(kind):
            target = folder / entry.path
            if not target.is_file() or file_sha256(target) != entry.sha256:
                self._download(f"{self.folder(manifest)}/{entry.path}", entry, target)
        return folder / kind

    def _download(self, path: str, entry: FileEntry, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:  # another process may read the old copy
            part = Path(scratch) / target.name
            self.fs.get_file(path, str(part))
            if file_sha256(part) != entry.sha256:
                raise OSError(f"{path} is damaged: see `headwater verify`")
            part.replace(target)

    def read_run(self, manifest: Manifest) -> dict[str, Any]:
        """The sidecar: when and how long the dataset took to make. Empty when it is gone; nothing depends on it."""
        path = f"{self.folder(manifest)}/run.json"
        return json.loads(self.fs.cat_file(path)) if self.fs.exists(path) else {}

    # Writing ----------------------------------------------------------------------------------------------------

    def write(self, path: str, data: bytes) -> None:
        """Puts a file in place in one step: a reader sees the old one or the new one."""
        if self.local:
            replace_file(path, data)
        else:
            self.fs.pipe_file(path, data)

    def put(self, source: Path, folder: str, path: str, rows: int) -> FileEntry:
        """Copies a finished local file into a dataset's folder and says what it holds."""
        size, digest = source.stat().st_size, file_sha256(source)
        target = f"{folder}/{path}"
        if self.local:
            copy_file(source, target)
        else:
            self.fs.upload(source, target, digest)
        return FileEntry(path=path, bytes=size, rows=rows, sha256=digest)

    def put_table(self, folder: str, path: str, rows: pa.Table, row_group: int = 1 << 20) -> FileEntry:
        """As `put`, a Parquet file with so many rows in a row group."""
        with self.scratch() as scratch:
            file = scratch / "rows.parquet"
            with parquet_writer(file, rows.schema) as writer:
                writer.write_table(rows, row_group_size=row_group)
            return self.put(file, folder, path, rows.num_rows)

    def publish(self, manifest: Manifest, run: dict[str, Any]) -> Manifest:
        """Makes a dataset exist. If another writer was first, theirs stands and is returned.

        Raises ValueError when records are unaccounted for: a stage that loses records is never published.
        """
        if manifest.counts.lost:
            raise ValueError(f"{manifest.name}: {manifest.counts.lost} records unaccounted for: {manifest.counts}")
        folder = self.folder(manifest)
        self.write(f"{folder}/run.json", json.dumps(run, sort_keys=True, indent=1).encode())
        final = f"{folder}/manifest.json"
        try:
            (create_file if self.local else self.fs.create)(final, manifest.to_bytes())
        except FileExistsError:
            return self.get(manifest.stage, manifest.address)
        if self.fs.exists(f"{folder}/parts"):
            self.fs.rm(f"{folder}/parts", recursive=True)
        return manifest

    def record(self, manifest: Manifest) -> None:
        """Called with each dataset that a stage published or found here; see corpus.lake.current.RecipeLake."""

    @contextmanager
    def lock(self, stage: str, address: str) -> Iterator[None]:
        """One writer an address at a time, on this machine; the kernel frees it when the holder dies."""
        if not self.local:
            yield
            return
        path = Path(self.path(stage, address, "lock"))
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print(f"waiting for another writer of {stage}/{address} (lock: {path})", file=sys.stderr)
                fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for files in the making; gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="headwater-") as folder:
            yield Path(folder)


def file_sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
