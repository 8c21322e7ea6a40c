"""Parts: what workers write, and the work that they do on a split.

A part is finished when its row (`parts/<name>.json`: files, counts, figures) is in the lake, which happens after its
files are. Nothing here knows Beam: a process that works behind a guard does without it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from corpus.lake.manifest import Counts, FileEntry, Manifest, canonical_json
from corpus.lake.parquet import parquet_writer
from corpus.lake.schema import DROPPED, LEDGER, table
from corpus.lake.store import ROWS, Lake
from pipelines.guard import Failed, Limits, Watch


class StageError(RuntimeError):
    """A stage could not be computed, or what it published leaves nothing for the next one."""


class Split(Protocol):
    """What one call works on."""

    @property
    def name(self) -> str:
        """Of its part."""

    @property
    def weight(self) -> int:
        """Its size in bytes or rows: the heaviest are dealt out first."""


def heaviest_first(splits: Iterable[Split]) -> list[Split]:
    """The order in which they are dealt out."""
    return sorted(splits, key=lambda split: (-split.weight, split.name))


@dataclass(frozen=True, kw_only=True)
class FileSplit:
    """The files of one part of earlier datasets: kind -> path in the lake."""

    name: str
    weight: int
    paths: Mapping[str, str]


def file_splits(lake: Lake, sources: Mapping[str, Sequence[Manifest]]) -> list[FileSplit]:
    """One split a part. `sources` maps a kind of file to the datasets that hold it, in the same order for each kind."""
    found: dict[str, dict[str, tuple[str, int]]] = {}
    for kind, manifests in sources.items():
        names = [manifest.name for manifest in manifests]
        if len(set(names)) < len(names):
            raise ValueError(f"{', '.join(names)}: two datasets of one name would hide each other; rename a crawl")
        for manifest in manifests:
            prefix = f"{manifest.partition}-" if len(manifests) > 1 else ""
            for entry in manifest.of_kind(kind):
                name = f"{prefix}{Path(entry.path).stem}"
                found.setdefault(name, {})[kind] = (f"{lake.folder(manifest)}/{entry.path}", entry.bytes)
    return [
        FileSplit(
            name=name,
            weight=sum(size for _, size in files.values()),
            paths={kind: path for kind, (path, _) in files.items()},
        )
        for name, files in sorted(found.items())
    ]


class Part:
    """What one split becomes: Parquet files by kind, counts, figures; put into the lake together by `close`."""

    def __init__(
        self,
        lake: Lake,
        folder: str,
        name: str,
        schemas: Mapping[str, pa.Schema],
        scratch: Path,
        watch: Watch | None = None,
    ) -> None:
        self.name, self.scratch = name, scratch
        self._watch = watch
        self.notes: Any = None
        self.replaced: dict[str, str] = {}  # parts that turned out wrong -> those that stand in their place
        self._lake, self._folder = lake, folder
        self._stack = ExitStack()
        self._schemas = schemas
        self._writers = {
            kind: self._stack.enter_context(parquet_writer(self._file(kind), schema))
            for kind, schema in schemas.items()
        }
        self._pending: dict[str, list[dict[str, Any]]] = {kind: [] for kind in schemas}
        self._rows: Counter[str] = Counter()
        self._files: list[FileEntry] = []
        self._in = self._kept = 0
        self._dropped: Counter[str] = Counter()
        self._quarantined: Counter[str] = Counter()
        self._figures: Counter[str] = Counter()
        self._details: dict[str, Any] = {}

    def begin(self) -> Failed | None:
        """The next record of guarded work begins: None, or why it must be left out."""
        return self._watch.begin() if self._watch else None

    def keep(self, kind: str, row: dict[str, Any]) -> None:
        """A record of the input that stays."""
        self._in += 1
        self._kept += 1
        self.add(kind, row)

    def keep_table(self, kind: str, rows: pa.Table) -> None:
        """Records of the input that stay, as a table of the kind's columns: row groups of their own."""
        self.pass_through(rows.num_rows)
        self.add_table(kind, rows)

    def add_table(self, kind: str, rows: pa.Table) -> None:
        """As `keep_table`, for rows that account for no record."""
        self._flush(kind)
        if rows.num_rows:
            self._writers[kind].write_table(rows)
            self._rows[kind] += rows.num_rows

    def lose(self, row: dict[str, Any]) -> None:
        """A record of the input that does not: its row of the ledger."""
        self._in += 1
        counter = self._dropped if row["outcome"] == DROPPED else self._quarantined
        counter[row["reason"]] += 1
        self.add("ledger", row)

    def lose_table(self, rows: pa.Table) -> None:
        """Records of the input that are dropped: their rows of the ledger, as a table."""
        self._in += rows.num_rows
        for count in pc.value_counts(rows["reason"]).to_pylist():
            self._dropped[count["values"]] += count["counts"]
        self.add_table("ledger", rows)

    def pass_through(self, records: int) -> None:
        """Records of the input that stay in another form than as rows of this part."""
        self._in += records
        self._kept += records

    def add(self, kind: str, row: dict[str, Any]) -> None:
        """A row that accounts for no record."""
        self._pending[kind].append(row)
        if len(self._pending[kind]) >= ROWS:
            self._flush(kind)

    def figure(self, name: str, value: int) -> None:
        self._figures[name] += value

    def detail(self, name: str, value: Any) -> None:
        """A figure that is not added up over the parts."""
        self._details[name] = value

    def put(self, file: Path, path: str, rows: int) -> None:
        """A finished file of another format."""
        self._note(self._lake.put(file, self._folder, path, rows))

    def put_table(self, path: str, rows: pa.Table, row_group: int = 1 << 20) -> None:
        """A Parquet file that is not named after the part, with so many rows in a row group."""
        self._note(self._lake.put_table(self._folder, path, rows, row_group))

    def _note(self, entry: FileEntry) -> None:
        if not entry.path.startswith(PASSED_ON):
            self._files.append(entry)

    def _file(self, kind: str) -> Path:
        return self.scratch / f"{kind.replace('/', '-')}.parquet"

    def _flush(self, kind: str) -> None:
        rows = self._pending[kind]
        if rows:
            self._writers[kind].write_table(table(rows, self._schemas[kind]))
            self._rows[kind] += len(rows)
            rows.clear()

    def close(self) -> dict[str, Any]:
        if self._watch:
            self._watch.end()
        for kind in self._writers:
            self._flush(kind)
        self._stack.close()
        for kind in self._writers:
            self.put(self._file(kind), f"{kind}/{self.name}.parquet", self._rows[kind])
        counts = Counts(
            records_in=self._in,
            kept=self._kept,
            dropped=dict(sorted(self._dropped.items())),
            quarantined=dict(sorted(self._quarantined.items())),
        )
        row = {
            "name": self.name,
            "files": [asdict(entry) for entry in self._files],
            "counts": asdict(counts),
            "figures": dict(sorted(self._figures.items())),
            "details": self._details,
            "notes": self.notes,
            "replaced": self.replaced,
        }
        write_row(self._lake, self._folder, row)
        return row


# How kinds of files begin that only later phases of the same stage read: they lie beside the rows of parts, and go with
# them when the dataset is published.
PASSED_ON = "parts/"


def part_path(folder: str, name: str) -> str:
    return f"{folder}/parts/{name}.json"


class Work:
    """What a stage does to a split. Subclasses are pickled to the workers, so they hold configuration, no data."""

    schemas: Mapping[str, pa.Schema] = {"ledger": LEDGER}
    guard: Limits | None = None  # where records may crash it: the limits of the process that it is done in

    def prepare(self) -> None:
        """Loads what every worker needs whatever its split, once for all of them: compiled kernels, models."""

    def setup(self, lake: Lake) -> None:
        """Loads what depends on the lake or the configuration, once a worker."""

    def process(self, lake: Lake, split: Any, part: Part) -> None:
        raise NotImplementedError


# Splits and the work on each, which may read the parts of the phases before.
Phase = tuple[Sequence[Split], Work]


class PartJob:
    """Makes the part of a split; this is what a worker does."""

    def __init__(self, lake_url: str, folder: str, work: Work) -> None:
        self.lake_url, self.folder, self.work = lake_url, folder, work

    def prepare(self) -> None:
        self.work.prepare()

    def setup(self) -> None:
        self.lake = Lake(self.lake_url)
        self.work.setup(self.lake)

    def do(self, split: Split, watch: Watch | None = None) -> None:
        with self.lake.scratch() as scratch:
            part = Part(self.lake, self.folder, split.name, self.work.schemas, scratch, watch)
            self.work.process(self.lake, split, part)
            part.close()


def write_row(lake: Lake, folder: str, row: dict[str, Any]) -> None:
    """Makes a part finished: its files are in the lake already."""
    lake.write(part_path(folder, row["name"]), canonical_json(row))


def read_row(lake: Lake, folder: str, name: str) -> dict[str, Any]:
    return _read_rows(lake, folder, [name])[name]


def read_rows(lake: Lake, folder: str, names: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of these parts; of one that another part replaced, that one's."""
    rows = _read_rows(lake, folder, names)
    replaced = {name: other for row in rows.values() for name, other in row["replaced"].items()}
    others = _read_rows(lake, folder, sorted(set(replaced.values())))
    return [others[replaced[name]] if name in replaced else row for name, row in rows.items()]


def _read_rows(lake: Lake, folder: str, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Raises FileNotFoundError naming a part that is not finished."""
    paths = {name: part_path(folder, name) for name in names}
    found = lake.read_files(list(paths.values()))
    if missing := [path for path in paths.values() if path not in found]:
        raise FileNotFoundError(f"{missing[0]} is not there: the part was not finished, or its dataset was published")
    return {name: json.loads(found[path]) for name, path in paths.items()}


def batches(rows: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    """Lists of `size` rows, the last one shorter (itertools.batched is in Python from 3.12)."""
    source = iter(rows)
    while batch := list(islice(source, size)):
        yield batch
