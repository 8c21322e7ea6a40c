"""Traffic: how deduplication is dealt out for a crawl of any size, and what its splits have to read.

Computed. The splits are those of the functions with which the pipeline deals them out, and bytes are what a document
took in the measured run. Who brings a range of keys together, or a bin, needs a range of each file: the row groups that
hold it are read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.scale.state import SIGNING
from pipelines.duplicates import splits

BANDS = SIGNING.bands
KEY = 8  # bytes, which cannot be compressed
POSITION = 1 / 11  # of the bytes of a row of a document that goes
PASSED_ON = ("signed", "exact", "groups", "bins", "shingle-sets", "near")  # kinds that only later phases read


@dataclass(frozen=True, kw_only=True)
class Load:
    """Of a phase, all its `splits` together: `work` in documents or keys, bytes that are `read` and `written`,
    and how often one of its `files` is opened."""

    splits: int
    work: float
    read: float
    written: float
    files: float


def kinds(run: Mapping[str, Any]) -> dict[str, float]:
    """Of a measured run, for each signed document: bytes of each kind of file, and how many `candidates` and `removed`
    ones there are."""
    documents = run["signatures"]["records"]
    found = {
        **{kind: files["bytes"] for kind, files in run["signatures"]["files"].items()},
        **run["signatures"]["passed_on"],
        **run["duplicates"]["passed_on"],
        "removals": run["duplicates"]["files"]["removals"]["bytes"],
        "clean": run["clean"]["files"]["documents"]["bytes"],
        "unique": run["unique"]["files"]["documents"]["bytes"],
        "candidates": run["duplicates"]["figures"]["candidates"],
        "removed": run["duplicates"]["files"]["removals"]["rows"],
    }
    return {kind: size / documents for kind, size in found.items()}


def row_groups(documents: float) -> float:
    """Of a sorted file of a crawl of so many documents: it has those of a run."""
    return max(1.0, min(documents, splits.TOGETHER) / splits.ROW_GROUP)


def ranged(ranges: float, groups: float) -> float:
    """How often a row of so many row groups is read when each of so many ranges of keys reads those that it needs."""
    return (ranges + groups - 1) / groups


def loads(each: Mapping[str, float], documents: float, files: int) -> dict[str, Load]:
    """By phase. `each`: of `kinds`; `documents` that are signed, in so many `files`."""
    count = math.ceil(documents / files)
    dealt = [splits.Documents(name=str(number), first=number * count, count=count) for number in range(files)]
    whole = {kind: size * documents for kind, size in each.items()}
    runs = splits.make_runs(dealt, splits.TOGETHER)
    bands = sum(len(splits.split_run(run, BANDS)) for run in runs)
    by_digest, by_key = splits.digest_ranges("exact", count * files), splits.band_ranges(BANDS, count * files)
    bins = splits.make_bins(count * files)
    texts = splits.make_runs(dealt, min(splits.ROW_GROUP, splits.TEXTS * len(bins)))
    of_a_run = bands / len(runs)  # files with its bands
    times = ranged(len(by_digest), row_groups(documents / len(runs)))
    # Of the rows of a file's documents, bytes of the row group that they are in.
    bins_group = min(whole["bins"], splits.ROW_GROUP * each["bins"] / each["candidates"])
    removals_group = min(whole["removals"] / len(runs), splits.ROW_GROUP * each["removals"] / each["removed"])
    return {
        "sign": Load(
            splits=files,
            work=documents,
            read=whole["clean"],
            written=whole["signed"],
            files=files,
        ),
        "documents": Load(
            splits=len(runs),
            work=documents,
            read=whole["signed"] - BANDS * KEY * documents,
            written=whole["ids"] + whole["digests"],
            files=files,
        ),
        "bands": Load(
            splits=bands,
            work=BANDS * documents,
            read=(BANDS + of_a_run) * KEY * documents,  # and the length of each text
            written=whole["bands"],
            files=of_a_run * files,
        ),
        "exact": Load(
            splits=len(by_digest),
            work=documents,
            read=times * whole["digests"],
            written=whole["exact"],
            files=len(by_digest) * len(runs),
        ),
        "groups": Load(
            splits=len(by_key),
            work=BANDS * documents,
            read=times * whole["bands"] + len(by_key) * POSITION * whole["exact"],
            written=whole["groups"],
            files=len(runs) * len(by_digest) * BANDS + len(by_key) * len(by_digest),
        ),
        "components": Load(
            splits=1,
            work=documents,
            read=2 * whole["groups"],
            written=whole["bins"],
            files=2 * len(by_key),
        ),
        "shingle sets": Load(
            splits=len(texts),
            work=documents,
            read=whole["clean"] + len(texts) * bins_group,
            written=whole["shingle-sets"],
            files=files + len(texts),
        ),
        "decide": Load(
            splits=len(bins),
            work=documents,
            read=len(bins) * (whole["bins"] + whole["groups"]) + whole["shingle-sets"],
            written=whole["near"],
            files=len(bins) * (1 + len(by_key) + len(texts)),
        ),
        "removals": Load(
            splits=len(runs),
            work=documents,
            read=len(runs) * (whole["exact"] + whole["near"]) + whole["ids"],
            written=whole["removals"],
            files=len(runs) * (1 + len(by_digest) + len(bins)),
        ),
        "keep": Load(
            splits=files,
            work=documents,
            read=whole["clean"] + files * removals_group,
            written=whole["unique"],
            files=2 * files,
        ),
    }
