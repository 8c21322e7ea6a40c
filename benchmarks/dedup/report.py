"""Report: what was measured beside what is aimed at, as docs/deduplication-peers.md."""

from __future__ import annotations

from typing import Any

from benchmarks.dedup.contestants import BENCHMARKS, DAFT, DATATROVE, HEADWATER, RIVER
from benchmarks.machine import describe, describe_others

LARGE = 4  # times the documents, in the second part of the run in Beam

RESULT, TABLE = BENCHMARKS / "results" / "dedup.json", BENCHMARKS.parent / "docs" / "deduplication-peers.md"


def ratios(systems: dict[str, Any], scale: dict[int, dict[str, float]]) -> dict[str, float]:
    """What is aimed at, by its name. Times are CPU seconds."""
    ours = systems[HEADWATER.title]
    alone = ours["whole"]["cpu"]
    laps = {lap: spent["cpu"] for lap, spent in systems[RIVER.title]["laps"].items()}

    def faster(part: str, peer: str) -> float:
        return _speed(ours, part) / _speed(systems[peer], part) if peer in systems else float("nan")

    def spread(values: list[float]) -> float:
        return max(values) / min(values)

    return {
        "signatures, times Daft's speed: 4 or more, better 6": faster("signatures", DAFT.title),
        "whole, times Daft's speed: 3 or more": faster("whole", DAFT.title),
        "whole, times datatrove's speed as it comes: 100 or more": faster("whole", DATATROVE.title),
        "in Beam, share of the speed without it: 0.5 or more": alone / laps["whole"],
        f"the same, {LARGE} times as many documents": LARGE * alone / laps["large"],
        f"the last tenth of {LARGE} times as many added, share of the whole's time: 0.15 or less": laps["added last"]
        / laps["large"],
        "every tenth of them added, with copies everywhere: 0.15 or less": laps["added every"] / laps["large"],
        "caught at 0.9 or more: 1": ours["caught"][0.9],
        "caught at 0.8 or more: 0.999 or more": ours["caught"][0.8],
        "wrongly removed: 0": ours["wrong"],
        "made-up signatures, time a document, most by least: 1.2 or less": spread(
            [_processor(row) / count for count, row in scale.items()]
        ),
        "made-up signatures, memory a document, most by least: 1.2 or less": spread(
            [row["bytes"] / count for count, row in scale.items()]
        ),
        "made-up signatures, bytes a document: 400 or less": max(row["bytes"] / count for count, row in scale.items()),
    }


def table(result: dict[str, Any], about: str) -> str:
    host, read = result["machine"], result["input"]
    lines = [
        "# Deduplication beside its peers",
        "",
        "Written by `make bench-dedup`; how it works is told in [deduplication.md](deduplication.md). "
        + " ".join(about.split("\n\n")[1].split()),
        "",
        f"{describe(host)}{describe_others(host)}Input: {read['documents']:,} documents of real texts, "
        f"{1_000 * read['megabytes'] / read['documents']:.1f} KB on average, {read['different']:,} of them different; "
        f"{read['pairs'][0.8]:,} pairs at 0.8 or more, {read['pairs'][0.9]:,} at 0.9 or more (seed {read['seed']}). "
        "Speeds are of CPU time, documents/s and, in brackets, MB/s of UTF-8.",
        "",
        "| | documents | signatures | whole | whole, by the clock | largest process | removed "
        "| caught at 0.8 | at 0.9 | wrong |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_row(name, row) for name, row in result["systems"].items()]
    lines += ["", "| aim | measured |", "|---|---|"]
    lines += [f"| {name} | {value:,.4g} |" for name, value in result["ratios"].items()]
    lines += [
        "",
        "Made-up signatures are band keys of documents of which 15 % are copies and 30 % near ones, in files, to "
        "removals: from them come the groups, the comparison of small sets of shingles and the keepers.",
        "",
        "| documents | microseconds each | bytes each |",
        "|---|---|---|",
    ]
    for count, row in result["scale"].items():
        lines.append(f"| {count:,} | {1e6 * _processor(row) / count:.1f} | {row['bytes'] / count:.0f} |")
    return "\n".join(lines) + "\n"


def _row(name: str, row: dict[str, Any]) -> str:
    speeds = " | ".join(
        f"{_speed(row, part):,.0f} ({row['megabytes'] / row[part]['cpu']:.1f})" if row[part] else ""
        for part in ("signatures", "whole")
    )
    right = " | ".join(f"{share:.4f}" for share in row["caught"].values())
    return (
        f"| {name} | {row['documents']:,} | {speeds} | {row['documents'] / row['whole']['wall']:,.0f} "
        f"| {row['largest_process_mb']:,.0f} MB | {row['removed']:,} | {right} | {row['wrong']:.1%} |"
    )


def _speed(row: dict[str, Any], part: str) -> float:
    return float(row["documents"] / row[part]["cpu"])


def _processor(row: dict[str, float]) -> float:
    """CPU seconds of all steps."""
    return sum(seconds for name, seconds in row.items() if name not in ("removed", "bytes"))
