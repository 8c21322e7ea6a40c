"""Daft: its `normalize` and `minhash` expressions, bands as in its documentation's example ("MinHash Deduplication of
Web Text in Common-Crawl"), and a union-find over what shares a band.

The example finds the components by rounds of joins and checks them with igraph; a union-find finds the same ones
sooner. Its 64 permutations (8 bands of 8 rows) would miss more; here there are 14 bands of 8 rows, as in datatrove.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import daft
from daft import col

from benchmarks.dedup.spent import Spent, main

BANDS, ROWS, WORDS = 14, 8, 5


def deduplicate(documents: Path, place: Path, spent: Spent, options: Sequence[str]) -> list[str]:
    with spent.lap("read"):
        read = daft.read_parquet(str(documents)).collect()
    with spent.lap("signatures"):
        normal = col("text").normalize(remove_punct=True, lowercase=True, nfd_unicode=True, white_space=True)
        hashes = normal.minhash(num_hashes=BANDS * ROWS, ngram_size=WORDS, seed=1, hash_function="xxhash")
        signed = read.select(col("id"), hashes.chunk(ROWS).alias("bands")).collect()
    with spent.lap("pairs"):
        ids = signed.to_pydict()["id"]
        numbered = signed.with_column("node", daft.functions.monotonically_increasing_id())
        numbered = numbered.with_column("band", daft.lit(list(range(BANDS))))
        groups = (
            numbered.select("node", "band", "bands")
            .explode("band", "bands")
            .groupby("band", "bands")
            .agg(col("node").list_agg().alias("nodes"))
            .where(col("nodes").length() > 1)
            .select("nodes")
            .to_pydict()["nodes"]
        )
    with spent.lap("components"):
        parents = list(range(len(ids)))
        for group in groups:
            first = _root(parents, group[0])
            for node in group[1:]:
                other = _root(parents, node)
                first, other = min(first, other), max(first, other)
                parents[other] = first
        return [identifier for node, identifier in enumerate(ids) if parents[node] == node]


def _root(parents: list[int], node: int) -> int:
    while parents[node] != node:
        parents[node] = parents[parents[node]]
        node = parents[node]
    return node


if __name__ == "__main__":
    main(deduplicate)
