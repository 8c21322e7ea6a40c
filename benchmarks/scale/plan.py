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
from benchmarks.scale.traffic import BANDS, POSITION, Load, ranged, row_groups
from corpus.holdout.heldout import HeldOutConfig
from pipelines.duplicates.splits import TOGETHER

BLOCK_BYTES = 16 << 20  # of IngestConfig
READ = 1 << 20  # what a reader of a file asks for at a time
GETS, PUTS = ("GET", "HEAD"), ("PUT", "LIST")  # by their price
OPENED = 7  # files that deduplication opens for each split of a crawl of one run


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Bytes of the job graph of ingestion: `graph` = (whatever is in it, a file, a split); of a `manifest`, a file; and
    of the `row` of a part."""

    graph: tuple[float, float, float]
    manifest: float
    row: float


def sizes(graphs: Sequence[Mapping[str, float]], run: Mapping[str, Any]) -> Sizes:
    table = np.array([[1, row["files"], row["splits"]] for row in graphs], float)
    fitted = np.linalg.lstsq(table, np.array([row["graph"] for row in graphs], float), rcond=None)[0]
    documents = run["documents"]
    files = sum(kind["files"] for kind in documents["files"].values())
    return Sizes(
        graph=(float(fitted[0]), float(fitted[1]), float(fitted[2])),
        manifest=documents["manifest_bytes"] / files,
        row=documents["rows_read"]["bytes"] / documents["rows_read"]["parts"],
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
    each: Mapping[str, Mapping[str, float]],
    segment: Mapping[str, Load],
    snapshot: Snapshot,
    block_bytes: int,
    prices: Prices,
) -> list[dict[str, Any]]:
    """A row a command. `segment`: how the deduplication of one is dealt out. Its workers open more files for a split
    than those of the measured crawl, which is one run."""
    count = blocks(snapshot, block_bytes)
    rows = []
    for command, asked in each.items():
        gets = sum(max(0.0, asked.get(method, 0)) for method in GETS) * count
        puts = sum(max(0.0, asked.get(method, 0)) for method in PUTS) * count
        if command == "deduplicate":
            gets += snapshot.segments * sum(load.files for load in segment.values()) - OPENED * count
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


def memory(
    state: Mapping[str, Mapping[str, float]], kinds: Mapping[str, float], text: float
) -> dict[str, dict[str, float]]:
    """By phase: bytes that a worker holds for each document, how many documents it has `together` at most (0: all of
    the crawl), and bits for each document of the crawl. `text`: bytes of a document's, of which made-up ones have none
    to speak of."""
    scale, components = read("dedup")["scale"], state["components"]
    largest = max(scale, key=int)
    held = {
        "documents": (state["documents"]["bytes"], TOGETHER, 0),
        "bands": (state["bands"]["bytes"], TOGETHER, 0),
        "exact": (state["exact"]["bytes"], TOGETHER, 0),
        "groups": (state["groups"]["bytes"], TOGETHER, 1),
        "components": (components["bytes"] / components["candidates"] * kinds["candidates"], 0, 0),
        "decide, in a bucket: the bins": (kinds["bins"], 0, 0),
        "decide": (scale[largest]["bytes"] / int(largest), TOGETHER, 1),
        "removals": (state["removals"]["bytes"], TOGETHER, 0),
        "hold out, each worker": (state[HOLD_OUT]["bytes"] + HeldOutConfig().share * text, 0, 0),
    }
    return {
        phase: {"bytes": each, "together": together, "bits": bits} for phase, (each, together, bits) in held.items()
    }


def earlier(kinds: Mapping[str, float], documents: float, partitions: int) -> dict[str, float]:
    """Of the last of so many partitions of equal size that are compared with all before, bytes: what it reads of the
    earlier ones' indexes and removals, and what all have read when it is done."""

    def last(number: int) -> float:
        ranges = -(-number * documents // TOGETHER)
        index, gone = kinds["digests"] + kinds["bands"], (BANDS + 1) * kinds["removals"]
        each = ranged(ranges, row_groups(documents)) * index + ranges * POSITION * gone
        return (number - 1) * documents * each

    return {
        "last": last(partitions),
        "all": sum(last(number) for number in range(1, partitions + 1)),
        "bits": partitions * documents / 8,
    }


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
