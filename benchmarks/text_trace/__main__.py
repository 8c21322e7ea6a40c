"""Text trace: an index of training tokens, to find the spans of a text in them, beside its peers: `make bench-trace`.

All index the same tokens, documents of random pieces of real texts in GPT-2's vocabulary, and find the maximal spans
of at least 8 tokens of the same 200 questions of 450 tokens with their counts; that all find the same is checked.
Headwater also reads the first ten places of each span again. One core, one process each; questions are asked twice, and
the second time counts, so that what is read of the index is in memory. Bytes a token count the tokens too, which
Headwater has in its shards anyway, and of which the others need a copy of their own. fm-index loads all of it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.dedup.contestants import BENCHMARKS, CORE, ONE_CORE
from benchmarks.machine import describe, describe_others, machine
from benchmarks.processes import run
from benchmarks.text_trace.peers import PEERS
from benchmarks.text_trace.tokens import make

OURS, WIDTH = "Headwater", 2  # bytes of a token in shards
RESULT, TABLE = BENCHMARKS / "results" / "text_trace.json", BENCHMARKS.parent / "docs" / "tracing-measured.md"


def compete(place: Path) -> dict[str, dict[str, Any]]:
    """By contestant: seconds, bytes, and what it found."""
    rows = {}
    python = str(BENCHMARKS / ".venvs" / "text-trace" / "bin" / "python")
    for name in (OURS, *PEERS):
        module, by = ("ours", sys.executable) if name == OURS else ("peers", python)
        command = [*CORE, by, "-m", f"benchmarks.text_trace.{module}", str(place), name]
        cost = run(command, place / f"{name}.log", {**os.environ, **ONE_CORE})
        rows[name] = {**json.loads(cost.output.splitlines()[-1]), "peak": cost.largest}
        print(name, {key: value for key, value in rows[name].items() if key != "found"}, flush=True)
    return rows


def table(result: dict[str, Any], about: str) -> str:
    host = result["machine"]
    lines = [
        "# The index of training tokens beside its peers",
        "",
        "Written by `make bench-trace`; how it works is told in [tracing.md](tracing.md). "
        + " ".join(about.split("\n\n")[1].split()),
        "",
        f"{describe(host)}{describe_others(host)}",
    ]
    for size in result["sizes"]:
        lines += [
            "",
            f"{size['tokens'] / 1e6:,.0f} million tokens, which took {size['tokenizing']:,.1f} s of CPU time to make:",
            "",
            "| | build, CPU seconds | of tokenizing | largest process, GB | bytes a token | median, ms | 95 %, ms |",
            "|---|---|---|---|---|---|---|",
        ]
        for name, row in size["rows"].items():
            width = row["bytes"] / size["tokens"] + (WIDTH if name == OURS else 0)
            share = row["build_cpu"] / size["tokenizing"]
            lines.append(
                f"| {name} | {row['build_cpu']:,.1f} | {share:.2f} | {row['peak'] / 1e9:.2f} | {width:.2f} | "
                f"{1e3 * row['p50']:,.1f} | {1e3 * row['p95']:,.1f} |"
            )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.text_trace", description=__doc__)
    parser.add_argument("--tokens", type=float, nargs="+", default=[1e7], help="of each index (default: 1e7)")
    args = parser.parse_args()
    described, sizes = machine(), []
    for tokens in args.tokens:
        with tempfile.TemporaryDirectory(prefix="headwater-bench-") as temporary:
            made = make(Path(temporary), int(tokens), questions=200)
            rows = compete(Path(temporary))
        found = [row.pop("found") for row in rows.values()]
        assert all(spans == found[0] for spans in found), "the contestants found different spans"
        sizes.append({**made, "rows": rows})
    result = {"machine": {**described, "load_after": os.getloadavg()[0]}, "sizes": sizes}
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    TABLE.write_text(table(result, __doc__ or ""))
    print(TABLE.read_text())


if __name__ == "__main__":
    main()
