"""Index: signatures, file by file -> what brings equal ones together, run by run of documents.

ids        the documents in their order
digests    sorted by the digest of the words
urls       sorted by that of the URL, where there is one and the configuration asks
bands      some bands a file: of each a column of keys, sorted, and one of their documents

A document is its number (corpus.duplicates.keeper), which rises in the keeper's order. A file is sorted, and its row
groups are small: who brings a range of keys together reads that range alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from corpus.duplicates.keeper import document_numbers
from corpus.lake.manifest import Manifest
from corpus.lake.schema import DOC_ID
from corpus.lake.store import Lake
from pipelines.duplicates.kernels import CompiledWork
from pipelines.duplicates.splits import ROW_GROUP, BandsOfRun, KeyRange, Run, divide_bands
from pipelines.parts import PASSED_ON, Part

SIGNED = f"{PASSED_ON}signed"
IDS, DIGESTS, URLS, BANDS = "ids", "digests", "urls", "bands"
ID = pa.field("doc_id", DOC_ID, nullable=False)
DOCUMENT = pa.field("document", pa.uint64(), nullable=False)
DIGEST = [pa.field("digest", pa.uint64(), nullable=False), pa.field("digest_low", pa.uint64(), nullable=False)]
SCHEMAS = {
    IDS: pa.schema([ID]),
    DIGESTS: pa.schema([*DIGEST, DOCUMENT, ID]),
    URLS: pa.schema([*DIGEST, DOCUMENT, ID, pa.field("fetched_at", pa.timestamp("s", tz="UTC"))]),
}


def keys_column(band: int) -> str:
    return f"keys_{band:03d}"


def documents_column(band: int) -> str:
    return f"documents_{band:03d}"


class IndexDocuments(CompiledWork):
    """Numbers the documents of a run, and sorts them by their digests."""

    def __init__(self, folder: str, urls: bool) -> None:
        self.folder = folder
        self.schemas = {kind: schema for kind, schema in SCHEMAS.items() if kind != URLS or urls}

    def process(self, lake: Lake, split: Run, part: Part) -> None:
        from corpus.duplicates.groups import sort_order

        names = ["doc_id", "fetched_at", "digest", "digest_low", "url_digest", "url_digest_low"]
        table = pa.concat_tables(_signed(lake, self.folder, split, names)).combine_chunks()
        part.add_table(IDS, table.select(["doc_id"]))
        order, numbers = _in_order(lake, self.folder, split)
        table = table.take(pa.array(order)).append_column(DOCUMENT, pa.array(numbers))
        _add_sorted(part, DIGESTS, table.take(pa.array(sort_order(table["digest"].to_numpy()))))
        if URLS in self.schemas:
            digests = [table[name].to_numpy() for name in ("url_digest", "url_digest_low")]
            table = table.drop_columns(["digest", "digest_low"]).rename_columns(
                {"url_digest": "digest", "url_digest_low": "digest_low"}
            )
            known = np.flatnonzero((digests[0] | digests[1]) != 0)  # a document without a URL stays
            _add_sorted(part, URLS, table.take(pa.array(known[sort_order(digests[0][known])])))


class IndexBands(CompiledWork):
    """Sorts the keys of some bands of a run."""

    schemas = {}

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def process(self, lake: Lake, split: BandsOfRun, part: Part) -> None:
        from corpus.duplicates.groups import sort_order

        order, numbers = _in_order(lake, self.folder, split.run)
        found = _signed(lake, self.folder, split.run, [keys_column(band) for band in split.bands])
        columns: dict[str, np.ndarray] = {}
        for band in split.bands:
            keys = np.concatenate([table[keys_column(band)].to_numpy() for table in found])[order]
            by_key = sort_order(keys)
            columns |= {keys_column(band): keys[by_key], documents_column(band): numbers[by_key]}
        part.put_table(f"{BANDS}/{split.name}.parquet", pa.table(columns), ROW_GROUP)


def _signed(lake: Lake, folder: str, run: Run, columns: list[str]) -> list[pa.Table]:
    return [lake.read_table(f"{folder}/{SIGNED}/{file.name}.parquet", columns) for file in run.files]


def _in_order(lake: Lake, folder: str, run: Run) -> tuple[np.ndarray, np.ndarray]:
    """The rows of a run in the keeper's order, and their numbers."""
    characters = pa.concat_tables(_signed(lake, folder, run, ["characters"]))["characters"].to_numpy()
    numbers = document_numbers(0, characters, np.arange(run.first, run.stop))
    order = np.argsort(numbers)
    return order, numbers[order]


def _add_sorted(part: Part, kind: str, table: pa.Table) -> None:
    table = table.select(SCHEMAS[kind].names).cast(SCHEMAS[kind])
    for start in range(0, table.num_rows, ROW_GROUP):
        part.add_table(kind, table.slice(start, ROW_GROUP))


def read_digests(lake: Lake, signatures: Manifest, kind: str, span: KeyRange) -> pa.Table:
    """DIGESTS or URLS of the documents in a range, run by run. Numbers are those of a first crawl."""
    found = [SCHEMAS[kind].empty_table()]
    for entry in signatures.of_kind(kind):
        path = f"{lake.folder(signatures)}/{entry.path}"
        table = lake.read_between(path, "digest", span.first, span.last, SCHEMAS[kind].names)
        found.append(table.cast(SCHEMAS[kind]))  # a file has times in milliseconds
    return pa.concat_tables(found).combine_chunks()


def read_keys(lake: Lake, signatures: Manifest, span: KeyRange) -> list[tuple[np.ndarray, np.ndarray]]:
    """(keys, documents) in a range, of each of its bands: sorted by key, those of one key in the keeper's order.
    Numbers are those of a first crawl."""
    found: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in span.bands]
    for paths in _band_files(lake, signatures).values():
        owner = {
            band: path
            for path, bands in zip(paths, divide_bands(signatures.config["bands"], len(paths)), strict=True)
            for band in bands
        }
        for place, band in enumerate(span.bands):
            columns = [keys_column(band), documents_column(band)]
            table = lake.read_between(owner[band], columns[0], span.first, span.last, columns)
            found[place].append((table[columns[0]].to_numpy(), table[columns[1]].to_numpy()))
    return [_merged(one) for one in found]


def _band_files(lake: Lake, signatures: Manifest) -> dict[str, list[str]]:
    """Run -> the files of its bands, in their order."""
    found = defaultdict(list)
    for entry in sorted(signatures.of_kind(BANDS), key=lambda entry: entry.path):
        found[Path(entry.path).stem.rpartition("-bands-")[0]].append(f"{lake.folder(signatures)}/{entry.path}")
    return found


def _merged(runs: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    from corpus.duplicates.groups import sort_order

    if len(runs) == 1:
        return runs[0]
    nothing = np.empty(0, np.uint64)
    keys = np.concatenate([nothing, *(keys for keys, _ in runs)])
    documents = np.concatenate([nothing, *(documents for _, documents in runs)])
    order = np.argsort(documents)
    order = order[sort_order(keys[order])]
    return keys[order], documents[order]
