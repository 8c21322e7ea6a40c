"""Headwater: `corpus.duplicates.deduplication`, which `headwater dedup` runs, from the same file to the ids that stay.

With the option `signatures` these alone: Arrow text in, band keys out, and everything stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.dedup.spent import Spent, main
from corpus.duplicates.banding import DuplicateConfig
from corpus.duplicates.deduplication import deduplicate as decide
from corpus.duplicates.minhash import compute_band_keys
from corpus.tabular.collection import Collection

BATCH = 1_000  # documents


def deduplicate(documents: Path, place: Path, spent: Spent, options: Sequence[str]) -> list[str]:
    if "signatures" in options:
        with spent.lap("read"):
            table = pq.read_table(documents)
        with spent.lap("signatures"):
            for batch in table.to_batches(max_chunksize=BATCH):
                compute_band_keys(batch["text"], DuplicateConfig().signing())
        return table["id"].to_pylist()
    with spent.lap("all"):
        collection = Collection([str(documents)], "id", "text")
        order, removals = decide(collection.texts, collection.ids, DuplicateConfig(), place)
        stays = np.ones(len(order), bool)
        stays[order[removals.documents]] = False
        return pa.chunked_array(collection.ids).filter(pa.array(stays)).to_pylist()


if __name__ == "__main__":
    main(deduplicate)
