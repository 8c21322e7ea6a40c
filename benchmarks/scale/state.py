"""State: memory and time that a document takes in the works on duplicates, on made-up signatures.

    python -m benchmarks.scale.state WORK DOCUMENTS FOLDER

Does the work of one split of a phase on signatures of so many documents, in a process of its own, and prints as JSON
its seconds of processor time, and the bytes by which the process's peak exceeds what it held before. WORK is one of
WORKS; of "hold out" it is the setting up, that each worker does. "make" comes first: it writes the signatures, what
all phases make of them where the documents are in several runs, and the ids, URLs and short texts that holding out
reads.

A split has all documents, and of bands one: a large crawl's splits are like that, of TOGETHER documents.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.processes import status_bytes
from corpus.duplicates.banding import DuplicateConfig
from corpus.holdout.heldout import HeldOutConfig
from corpus.lake.manifest import Counts, FileEntry, Manifest
from corpus.lake.parquet import parquet_writer
from corpus.lake.schema import DOC_ID
from corpus.lake.stage import json_values
from corpus.lake.store import Lake
from pipelines.duplicates import splits
from pipelines.duplicates.components import FindComponents
from pipelines.duplicates.exact import EXACT, FindExact
from pipelines.duplicates.groups import GROUP, GROUPS, FindGroups
from pipelines.duplicates.index import BANDS, DIGESTS, IDS, SIGNED, IndexBands, IndexDocuments
from pipelines.duplicates.removals import GatherRemovals
from pipelines.duplicates.signatures import STAGE, Sign
from pipelines.duplicates.signed import Signed
from pipelines.duplicates.stage import COMPONENTS
from pipelines.holdout import HoldOut
from pipelines.parts import Part, Split, Work, read_row

PART = 50_000  # documents of a file
RUNS = 4  # of which a range of keys is brought together
REPEATED = 10  # how often the groups stand beside one another for components, which hold little of each document
COPIES, ALIKE = 0.15, 0.3  # shares of documents, as in benchmarks.dedup.scale
HOLD_OUT = "hold out"
WORKS = ("documents", "bands", "exact", "groups", "components", "removals", HOLD_OUT)
SIGNING = DuplicateConfig().signing()


def made(lake: Lake, documents: int) -> Manifest:
    """The manifest of the made-up signatures, whose address its files do not decide."""
    manifest = Manifest(
        stage=STAGE,
        partition=f"made-{documents}",
        code_version="",
        config=json_values(asdict(SIGNING)),
        inputs={},
        files=(),
        counts=counted(documents),
    )
    folder = Path(lake.folder(manifest))
    found = (path for kind in (IDS, DIGESTS, BANDS) for path in sorted((folder / kind).glob("run-*")))
    files = [FileEntry(path=str(path.relative_to(folder)), bytes=1, rows=0, sha256="") for path in found]
    return replace(manifest, files=tuple(files))


def counted(documents: int) -> Counts:
    return Counts(records_in=documents, kept=documents)


def files_of(documents: int) -> list[splits.Documents]:
    return [
        splits.Documents(name=f"part-{number:05d}", first=first, count=min(PART, documents - first))
        for number, first in enumerate(range(0, documents, PART))
    ]


def make(lake: Lake, documents: int) -> None:
    """Signatures of which a share are copies, and another share half of their bands with an earlier document; and what
    becomes of them."""
    folder = lake.folder(made(lake, documents))
    dice, schema = np.random.default_rng(documents), Sign(SIGNING).schemas[SIGNED]
    for file in files_of(documents):
        count = file.count
        own = np.arange(file.first, file.stop, dtype=np.uint64)
        kind, earlier = dice.random(count), (dice.random(count) * np.maximum(own, 1)).astype(np.uint64)
        copy = kind < COPIES
        words = np.where(copy, earlier, own)
        columns: dict[str, Any] = {
            "doc_id": pa.FixedSizeBinaryArray.from_buffers(
                pa.binary(16), count, [None, pa.py_buffer(dice.bytes(16 * count))]
            ),
            "fetched_at": pa.array(dice.integers(1_733_000_000, 1_735_000_000, count)).cast(
                schema.field("fetched_at").type
            ),
            **{column: _mixed(words, salt) for salt, column in enumerate(("digest", "digest_low"))},
            "url_digest": np.zeros(count, np.uint64),
            "url_digest_low": np.zeros(count, np.uint64),
            "characters": dice.integers(200, 20_000, count),
        }
        for band in range(SIGNING.bands):
            shared = copy | ((kind < COPIES + ALIKE) & (dice.random(count) < 0.5))
            columns[f"keys_{band:03d}"] = _mixed(np.where(shared, earlier, own), band + 2)
        _write(Path(folder, SIGNED, f"{file.name}.parquet"), {name: columns[name] for name in schema.names}, schema)
    for work in ("documents", "bands", "exact", "groups"):
        doing, dealt, _ = phase(work, lake, documents)
        for split in dealt:
            process(doing, lake, folder, split)
    for path in Path(folder, GROUPS).iterdir():
        lists = lake.read_table(str(path))["documents"].combine_chunks()
        for number in range(REPEATED):
            members = pa.array(lists.values.to_numpy() + np.uint64(number * documents))
            found = {"documents": pa.LargeListArray.from_arrays(lists.offsets, members)}
            _write(Path(folder, "repeated", f"{path.stem}-{number}.parquet"), found, GROUP)


def make_texts(lake: Lake, documents: int) -> None:
    """What holding out reads."""
    schema = pa.schema([("doc_id", DOC_ID), ("url", pa.string()), ("text", pa.large_string())])
    for file in files_of(documents):
        own = range(file.first, file.stop)
        columns = {
            "doc_id": [sha256(str(one).encode()).digest()[:16] for one in own],
            "url": [
                f"https://www.example-{one % 5_000}.com/articles/2024/12/{one}/a-page-of-some-title" for one in own
            ],
            "text": [f"page {one}" for one in own],
        }
        _write(Path(lake.folder(made(lake, documents)), "texts", f"{file.name}.parquet"), columns, schema)


def _write(path: Path, columns: dict[str, Any], schema: pa.Schema) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with parquet_writer(path, schema) as writer:
        writer.write_table(pa.table(columns, schema=schema))


def _mixed(numbers: np.ndarray, salt: int) -> np.ndarray:
    """A different uint64 for each number and salt, in no order."""
    mixed = (numbers + np.uint64(salt) * np.uint64(1 << 40)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(32)
    return mixed * np.uint64(0xBF58476D1CE4E5B9)


def phase(what: str, lake: Lake, documents: int) -> tuple[Work, list[Split], Split]:
    """(the work, its splits where the documents are in several runs, the split that is measured)."""
    manifest, files = made(lake, documents), files_of(documents)
    folder, signed = lake.folder(manifest), Signed(documents=manifest, signatures=manifest)
    runs = splits.make_runs(files, documents // RUNS)
    whole = splits.Run(name="whole", files=tuple(files))
    by_digest, by_key = splits.digest_ranges("exact", documents), splits.band_ranges(SIGNING.bands, documents)
    exact = [f"{folder}/{EXACT}/{split.name}.parquet" for split in by_digest]
    many = replace(signed, signatures=replace(manifest, counts=counted(REPEATED * documents)))
    repeated = [str(path) for path in sorted(Path(folder, "repeated").glob("*"))]
    phases: dict[str, tuple[Work, list[Any], Any]] = {
        "documents": (IndexDocuments(folder, urls=False), runs, whole),
        "bands": (
            IndexBands(folder),
            [split for run in runs for split in splits.split_run(run, SIGNING.bands)],
            splits.BandsOfRun(name="whole-bands-000", run=whole, bands=(0,)),
        ),
        "exact": (FindExact([signed], []), by_digest, by_digest[0]),
        "groups": (
            FindGroups([signed], exact),
            by_key,
            splits.KeyRange(name="bands-000", first=0, last=splits.KEYS - 1, bands=(0,)),
        ),
        "components": (FindComponents([many], repeated, 1), [COMPONENTS], COMPONENTS),
        "removals": (GatherRemovals(signed, [], exact, []), runs, whole),
    }
    return phases[what]


def process(work: Work, lake: Lake, folder: str, split: Split) -> None:
    with lake.scratch() as scratch:
        part = Part(lake, folder, split.name, work.schemas, scratch)
        work.process(lake, split, part)
        part.close()


def measure(what: str, documents: int, lake: Lake) -> dict[str, float]:
    folder = lake.folder(made(lake, documents))
    if what == HOLD_OUT:
        paths = [f"{folder}/texts/{file.name}.parquet" for file in files_of(documents)]
        before, started = status_bytes("VmRSS"), time.process_time()
        HoldOut(paths, HeldOutConfig()).setup(lake)
        return {"seconds": time.process_time() - started, "bytes": status_bytes("VmHWM") - before}
    work, _, split = phase(what, lake, documents)
    work.prepare()
    before, started = status_bytes("VmRSS"), time.process_time()
    process(work, lake, folder, split)
    found = {"seconds": time.process_time() - started, "bytes": status_bytes("VmHWM") - before}
    found |= read_row(lake, folder, split.name)["figures"]
    return found if what != "components" else {name: value / REPEATED for name, value in found.items()}


def main() -> None:
    what, count, place = sys.argv[1:]
    lake, documents = Lake(place), int(count)
    if what == "make":
        make(lake, documents)
        make_texts(lake, documents)
    else:
        print(json.dumps(measure(what, documents, lake)))


if __name__ == "__main__":
    main()
