"""Deduplication: documents to those that stay, how fast, in how much memory, and how right: `make bench-dedup`.

All systems read the same Parquet file of documents (id, text) and name the ids that stay. Signatures are text in memory
to band keys, the whole is from the file to the ids; neither counts imports, and a run over 64 documents comes first.
Only `headwater dedup` is the command as a user runs it: with imports, and with the texts that stay and the ledger
written. In Beam, the whole is from a published clean dataset to a published unique one; its largest process also holds
the benchmark's own copies of all texts. One core each. Daft is its normalize and minhash expressions with a union-find
over equal bands, rensa its deduplicator on word 5-grams, text-dedup its MinHash with verification, datatrove its four
MinHash stages. Where a system gets fewer documents, they are the first of the same file, and are judged among
themselves. Of several rounds the least time counts. Caught is the share of pairs at or above an exact Jaccard
similarity of which not both stay; wrong is the share of removed documents that are below 0.8 to everything that stays.
Both are judged on all pairs, compared exactly (benchmarks/dedup/oracle.py).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from benchmarks.dedup import documents, oracle
from benchmarks.dedup.contestants import ALL, CORE, ONE_CORE, Contestant, compete, first_of
from benchmarks.dedup.report import RESULT, TABLE, ratios, table
from benchmarks.machine import machine
from benchmarks.processes import run

SCALES = (10**5, 10**6, 10**7)


def compare(file: Path, sizes: np.ndarray, pairs: oracle.Pairs, rounds: int) -> dict[str, Any]:
    """By system: how many documents it got, its best times, its memory, and what the oracle says of it."""
    ids = pq.read_table(file, columns=["id"])["id"].to_pylist()
    found: dict[str, Any] = {}
    for number in range(rounds):
        for contestant in ALL:
            if number and not contestant.quick:
                continue
            if not contestant.python.exists():
                print(f"{contestant.title}: not installed", flush=True)
                continue
            count = contestant.first or len(ids)
            row, survivors = compete(contestant, first_of(file, contestant.first))
            verdict = oracle.judge(pairs.among_first(count), oracle.rows_of(survivors, ids[:count]))
            best = found.get(contestant.title, {})
            found[contestant.title] = {
                "documents": count,
                "megabytes": float(sizes[:count].sum() / 1e6),
                **{part: _least(row[part], best.get(part)) for part in ("signatures", "whole", "laps")},
                "largest_process_mb": row["largest"] / 2**20,
                **vars(verdict),
            }
            _say(number, contestant, found[contestant.title])
    return found


def _least(now: Any, before: Any) -> Any:
    """Seconds by name and unit, the least of each."""
    if before is None or now is None:
        return now
    return {name: _least(now[name], before[name]) for name in now} if isinstance(now, dict) else min(now, before)


def _say(number: int, contestant: Contestant, row: dict[str, Any]) -> None:
    speeds = [
        f"{part} {row['documents'] / row[part]['cpu']:,.0f} docs/s" for part in ("signatures", "whole") if row[part]
    ]
    says = f"caught {row['caught']}, wrong {row['wrong']:.1%} of {row['removed']}"
    print(f"round {number + 1}: {contestant.title:40} {', '.join(speeds)}; {says}", flush=True)


def at_scale(largest: int, place: Path) -> dict[int, dict[str, float]]:
    """By number of documents: CPU seconds from made-up band keys to removals, by step, and bytes."""
    found = {}
    for count in (count for count in SCALES if count <= largest):
        with tempfile.TemporaryDirectory(prefix="headwater-bench-") as folder:
            command = [*CORE, sys.executable, "-m", "benchmarks.dedup.scale"]
            task = [str(count), f"{folder}/keys"]
            run([*command, "make", *task], place / "make.log")
            cost = run([*command, "measure", *task], place / "scale.log", {**os.environ, **ONE_CORE})
            found[count] = json.loads(cost.output)
        print(f"{count:,} made-up documents: {found[count]}", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dedup", description=__doc__)
    parser.add_argument("--documents", type=int, default=22_500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--largest", type=int, default=SCALES[-1], help="how many made-up documents at most")
    args = parser.parse_args()
    described = machine()
    with tempfile.TemporaryDirectory(prefix="headwater-bench-") as temporary:
        scale = at_scale(args.largest, Path(temporary))
        file = documents.make(args.documents, args.seed, Path(temporary))
        texts = pq.read_table(file, columns=["text"])["text"].to_pylist()
        print(f"{len(texts)} documents; comparing all pairs", flush=True)
        pairs = oracle.all_pairs(texts)
        sizes = np.array([len(text.encode()) for text in texts])
        systems = compare(file, sizes, pairs, args.rounds)
    result = {
        "machine": {**described, "load_after": os.getloadavg()[0]},
        "input": {
            "documents": len(texts),
            "different": len(set(texts)),
            "megabytes": float(sizes.sum() / 1e6),
            "pairs": {level: int((pairs.jaccard >= level).sum()) for level in (oracle.LEAST, 0.8, 0.9)},
            "seed": args.seed,
        },
        "systems": systems,
        "scale": scale,
        "ratios": ratios(systems, scale),
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    TABLE.write_text(table(result, __doc__ or ""))
    print(TABLE.read_text())


if __name__ == "__main__":
    main()
