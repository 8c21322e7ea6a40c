"""Plan: the measured rates, multiplied by a snapshot: processor time, bytes, requests, what the launcher does alone,
and how much one worker has to hold. Nothing here is measured; everything is computed from what was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.scale.counting_store import INPUT
from benchmarks.scale.published import Prices, Snapshot
from benchmarks.scale.rates import DEDUPLICATION, FROM_WARC, ORDER, Rates, read
from benchmarks.scale.state import HOLD_OUT
from corpus.duplicates.banding import DuplicateConfig
from corpus.holdout.heldout import HeldOutConfig

BANDS = DuplicateConfig().signing().bands
BLOCK_BYTES = 16 << 20  # of IngestConfig
READ = 1 << 20  # what a reader of a file asks for at a time
GETS, PUTS = ("GET", "HEAD"), ("PUT", "LIST")  # by their price


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Bytes of the job graph of ingestion: `graph` = (whatever is in it, a file, a split); of a `manifest`, a file; of
    the `row` of a part; and of a row of `removals` in the memory of a worker."""

    graph: tuple[float, float, float]
    manifest: float
    row: float
    removals: float


def sizes(graphs: Sequence[Mapping[str, float]], run: Mapping[str, Any], removals: float) -> Sizes:
    table = np.array([[1, row["files"], row["splits"]] for row in graphs], float)
    fitted = np.linalg.lstsq(table, np.array([row["graph"] for row in graphs], float), rcond=None)[0]
    documents = run["documents"]
    files = sum(kind["files"] for kind in documents["files"].values())
    return Sizes(
        graph=(float(fitted[0]), float(fitted[1]), float(fitted[2])),
        manifest=documents["manifest_bytes"] / files,
        row=documents["rows_read"]["bytes"] / documents["rows_read"]["parts"],
        removals=removals,
    )


def blocks(snapshot: Snapshot, block_bytes: int) -> int:
    return snapshot.files * -int(-snapshot.file_bytes // block_bytes)


def stages(rates: Rates, snapshot: Snapshot, prices: Prices) -> list[dict[str, Any]]:
    """A row a stage: core hours and dollars, bytes that it stores and dollars a month."""
    rows = []
    for name in ORDER:
        rate = rates.stages[name]
        hours, stored = rate.seconds * snapshot.pages / 3600, rate.stored * snapshot.pages
        rows.append(
            {
                "stage": name,
                "records": rate.records * snapshot.pages,
                "core_hours": hours,
                "dollars": hours * prices.core_hour,
                "stored": stored,
                "month": stored * prices.month,
            }
        )
    return rows


def requests(
    few: Mapping[str, Mapping[str, int]], many: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, float]]:
    """By command: requests and bytes for each split more, from two runs on the same pages in few blocks and in many."""
    more = many[INPUT]["splits"] - few[INPUT]["splits"]
    return {
        command: {what: (many[command].get(what, 0) - few[command].get(what, 0)) / more for what in many[command]}
        for command in many
        if command != INPUT
    }


def request_costs(
    each: Mapping[str, Mapping[str, float]], snapshot: Snapshot, block_bytes: int, prices: Prices
) -> list[dict[str, Any]]:
    """A row a command. Where the keys of a large crawl are brought together a band at a time, each band's worker asks
    for every part; the measured crawl is small enough for all bands in one part."""
    count = blocks(snapshot, block_bytes)
    rows = []
    for command, asked in each.items():
        gets = sum(max(0.0, asked.get(method, 0)) for method in GETS) * count
        puts = sum(max(0.0, asked.get(method, 0)) for method in PUTS) * count
        if command == "deduplicate":
            gets += (BANDS - 1) * count
        rows.append({"command": command, "gets": gets, "puts": puts, "dollars": gets * prices.get + puts * prices.put})
    return rows


def overread(block_bytes: int) -> float:
    """How many bytes s3fs fetches of a large file for each byte of a block: it reads ahead by its own block's size."""
    from s3fs import S3FileSystem

    fetched = S3FileSystem.default_block_size + READ
    return -(-block_bytes // fetched) * fetched / block_bytes


def alone(
    sizes: Sizes, files: int, file_bytes: float, block_bytes: int, latency: float, digest_rate: float
) -> dict[str, float]:
    """What one process does by itself for a dataset of so many files: seconds of digesting them before anything begins,
    of settling its blocks, of reading the rows of all parts of one stage; bytes of the job graph and of the
    manifest."""
    count = files * -int(-file_bytes // block_bytes)
    return {
        "splits": count,
        "digests": files * file_bytes / digest_rate,
        "settle": count * latency,
        "rows": count * latency,
        "graph": float(np.dot(sizes.graph, (1, files, count))),
        "manifest": 3 * count * sizes.manifest,  # documents, quarantine and ledger of each
    }


def memory(state: Mapping[str, Mapping[str, float]], sizes: Sizes, removed: float, text: float) -> dict[str, float]:
    """Bytes that one worker holds for each signed document of a crawl, by phase. `removed`: the share of duplicates;
    `text`: bytes of a document's, of which made-up ones have none to speak of."""
    scale = read("dedup")["scale"]
    largest = max(scale, key=int)
    return {
        "order": state["order"]["bytes"],
        "a band of index": state["index"]["bytes"],
        "exact": state["exact"]["bytes"],
        "a band of groups": state["group"]["bytes"],
        "decide": scale[largest]["bytes"] / int(largest),
        "keep, each worker": sizes.removals * removed,
        "hold out, each worker": state[HOLD_OUT]["bytes"] + HeldOutConfig().share * text,
    }


def shuffled(run: Mapping[str, Any], documents: float) -> dict[str, float]:
    """Bytes of deduplication's state that pass through the store: what is written once, what Index reads from a disk,
    where it takes the columns that it wants, and from a bucket, where a file is read whole for each band."""
    signed = run["signatures"]
    each = {kind: found["bytes"] / signed["records"] for kind, found in signed["files"].items()}
    written = sum(each.values())
    return {
        **{f"{kind}, a document": size for kind, size in each.items()},
        "written": written * documents,
        "read by index, columns": (each["signatures"] + BANDS * each["order"]) * documents,
        "read by index, whole files": BANDS * (each["signatures"] + each["order"]) * documents,
    }


def earlier(run: Mapping[str, Any], documents: float, partitions: int) -> dict[str, float]:
    """Of the last of so many partitions of equal size that are compared with all before, bytes: what it reads of the
    earlier ones' indexes, what all partitions together have read when it is done, and the ids that one worker holds."""
    each = {kind: found["bytes"] / run["signatures"]["records"] for kind, found in run["signatures"]["files"].items()}
    # Group reads all bands; Exact the digests, Decide the ids: of a bucket the whole file of the order, each time.
    index = (each["bands"] + 2 * each["order"]) * documents
    before = partitions - 1
    return {"last": before * index, "all": before * partitions / 2 * index, "ids": 16 * documents * partitions}


def normalised(rates: Rates, snapshot: Snapshot, prices: Prices) -> list[dict[str, Any]]:
    """Headwater and datatrove as measured here, in the units in which others are told."""
    seconds = {
        "Headwater, WARC to clean documents": rates.seconds(*FROM_WARC),
        "Headwater, with deduplication": rates.seconds(*FROM_WARC, *DEDUPLICATION),
        "Headwater, WARC to shards": rates.seconds(*ORDER),
        "Headwater, deduplication alone": rates.seconds(*DEDUPLICATION),
        "datatrove 0.10.1, WARC to filtered documents": rates.datatrove,
    }
    terabytes = snapshot.files * snapshot.file_bytes / 1e12
    rows = []
    for name, each in seconds.items():
        hours = each * snapshot.pages / 3600
        rows.append(
            {
                "name": name,
                "page": each,
                "core_hours": hours,
                "terabyte": hours / terabytes,
                "trillion": hours * prices.core_hour / (rates.tokens * snapshot.pages / 1e12)
                if name.startswith("Headwater")
                else None,
            }
        )
    return rows
