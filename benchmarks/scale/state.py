"""State: memory and time that a document takes in works that hold something of all documents, on made-up signatures.

    python -m benchmarks.scale.state WORK DOCUMENTS FOLDER

Does the work of one split of a phase on signatures of so many documents, in a process of its own, and prints as JSON
its seconds of processor time, and the bytes by which the process's peak exceeds what it held before. WORK is order,
index, exact, group, or "hold out", of which it is the setting up, that each worker does. "make" writes the signatures,
and the ids, URLs and short texts that holding out reads. They are done in this order, each after what it needs.
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
from corpus.duplicates.removals import NEAR
from corpus.holdout.heldout import HeldOutConfig
from corpus.lake.manifest import Counts, FileEntry, Manifest
from corpus.lake.parquet import parquet_writer
from corpus.lake.schema import DOC_ID
from corpus.lake.stage import json_values
from corpus.lake.store import Lake
from pipelines.candidates import Exact, Group, Signed
from pipelines.duplicates import REMOVAL
from pipelines.holdout import HoldOut
from pipelines.parts import FileSplit, Part, Work, read_row
from pipelines.signatures import ORDER, STAGE, BandSplit, Index, Order, Sign

PART = 50_000  # documents of a part
COPIES, ALIKE = 0.15, 0.3  # shares of documents, as in benchmarks.dedup.scale
WARC = "segments/1733066460657.93/warc/CC-MAIN-20241209024434-20241209054434-{number:05d}.warc.gz"
HOLD_OUT = "hold out"
BAND = BandSplit(name="bands-000", bands=(0,))
SIGNING = DuplicateConfig().signing()


def made(lake: Lake, documents: int) -> Manifest:
    """The manifest of the made-up signatures, whose address its files do not decide."""
    counts = Counts(records_in=documents, kept=documents)
    values = json_values(asdict(SIGNING))
    manifest = Manifest(
        stage=STAGE, partition="made", code_version="", config=values, inputs={}, files=(), counts=counts
    )
    order = Path(lake.folder(manifest), ORDER, f"{ORDER}.parquet")
    size = order.stat().st_size if order.exists() else 0
    entry = FileEntry(path=f"{ORDER}/{ORDER}.parquet", bytes=size, rows=documents, sha256="")
    return replace(manifest, files=(entry,))


def parts(documents: int) -> list[str]:
    return [f"part-{number:05d}" for number in range(-(-documents // PART))]


def make(lake: Lake, folder: str, documents: int) -> None:
    """Signatures of which a share are copies, and another share half of their bands with an earlier document."""
    dice, schema = np.random.default_rng(documents), Sign(SIGNING).schemas[STAGE]
    for number, name in enumerate(parts(documents)):
        first, last = number * PART, min((number + 1) * PART, documents)
        count = last - first
        own = np.arange(first, last, dtype=np.uint64)
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
            "warc_file": pa.repeat(WARC.format(number=number), count),
            "warc_offset": np.sort(dice.integers(0, 1_000_000_000, count)),
            "characters": dice.integers(200, 20_000, count),
        }
        for band in range(SIGNING.bands):
            shared = copy | ((kind < COPIES + ALIKE) & (dice.random(count) < 0.5))
            columns[f"keys_{band:03d}"] = _mixed(np.where(shared, earlier, own), band + 2)
        path = Path(folder, STAGE, f"{name}.parquet")
        path.parent.mkdir(parents=True, exist_ok=True)
        with parquet_writer(path, schema) as writer:
            writer.write_table(pa.table([pa.array(columns[field.name]) for field in schema], schema=schema))


def make_texts(lake: Lake, folder: str, documents: int) -> None:
    """What holding out reads."""
    for number, name in enumerate(parts(documents)):
        own = range(number * PART, min((number + 1) * PART, documents))
        rows = pa.table(
            {
                "doc_id": pa.array([sha256(str(one).encode()).digest()[:16] for one in own], DOC_ID),
                "url": [
                    f"https://www.example-{one % 5_000}.com/articles/2024/12/{one}/a-page-of-some-title" for one in own
                ],
                "text": pa.array([f"page {one}" for one in own], pa.large_string()),
            }
        )
        path = Path(folder, "texts", f"{name}.parquet")
        path.parent.mkdir(parents=True, exist_ok=True)
        with parquet_writer(path, rows.schema) as writer:
            writer.write_table(rows)


def _mixed(numbers: np.ndarray, salt: int) -> np.ndarray:
    """A different uint64 for each number and salt, in no order."""
    mixed = (numbers + np.uint64(salt) * np.uint64(1 << 40)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(32)
    return mixed * np.uint64(0xBF58476D1CE4E5B9)


def measure(what: str, documents: int, lake: Lake) -> dict[str, float]:
    manifest = made(lake, documents)
    folder, names = lake.folder(manifest), parts(documents)
    signed = Signed(documents=manifest, signatures=manifest)
    alone = FileSplit(name=what, weight=1, paths={})
    works: dict[str, tuple[Work, Any]] = {
        "order": (Order(folder, names), replace(alone, name=ORDER)),
        "index": (Index(folder, names), BAND),
        "exact": (Exact([signed], "keep"), alone),
        "group": (Group([signed], folder), BAND),
    }
    before, started = status_bytes("VmRSS"), time.process_time()
    if what == HOLD_OUT:
        HoldOut([f"{folder}/texts/{name}.parquet" for name in names], HeldOutConfig()).setup(lake)
        return {"seconds": time.process_time() - started, "bytes": status_bytes("VmHWM") - before, "stored": 0}
    work, split = works[what]
    with lake.scratch() as scratch:
        part = Part(lake, folder, split.name, work.schemas, scratch)
        work.process(lake, split, part)
        part.close()
    seconds, peak = time.process_time() - started, status_bytes("VmHWM")
    stored = sum(entry["bytes"] for entry in read_row(lake, folder, split.name)["files"])
    return {"seconds": seconds, "bytes": peak - before, "stored": stored}


def removal_bytes() -> float:
    """Of a removed document, in the memory of each worker that leaves them out."""
    row = {"part": 1, "row": 1, "rank": 1, "doc_id": bytes(16), "keeper": bytes(16), "reason": NEAR, "similarity": 0.9}
    count = 1_000
    return pa.Table.from_pylist([row] * count, schema=REMOVAL).nbytes / count


def main() -> None:
    what, count, place = sys.argv[1:]
    lake, documents = Lake(place), int(count)
    if what == "make":
        folder = lake.folder(made(lake, documents))
        make(lake, folder, documents)
        make_texts(lake, folder, documents)
    else:
        print(json.dumps(measure(what, documents, lake)))


if __name__ == "__main__":
    main()
