"""Report: what was measured beside what is aimed at, as docs/deduplication.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.dedup.contestants import BENCHMARKS, DAFT, DATATROVE, HEADWATER

RESULT, TABLE = BENCHMARKS / "results" / "dedup.json", BENCHMARKS.parent / "docs" / "deduplication.md"


def ratios(systems: dict[str, Any]) -> dict[str, float]:
    """What is aimed at, by its name. All of CPU seconds."""

    def faster(part: str, peer: str) -> float:
        return _speed(systems[HEADWATER.name], part) / _speed(systems[peer], part)

    return {
        "signatures beside Daft's (at least 4, aim 6)": faster("signatures", DAFT.name),
        "whole, verified, beside Daft's, unverified (at least 3)": faster("whole", DAFT.name),
        "whole beside datatrove's (at least 100)": faster("whole", DATATROVE.name),
        "caught at 0.9 or more (1)": systems[HEADWATER.name]["caught"][0.9],
        "caught at 0.8 or more (at least 0.999)": systems[HEADWATER.name]["caught"][0.8],
        "wrongly removed (0)": systems[HEADWATER.name]["wrong"],
    }


def table(result: dict[str, Any], about: str) -> str:
    host, read = result["machine"], result["input"]
    busy = "Other programs had the cores as well. " if host["load_before"] > 1 else ""
    lines = [
        "# Deduplication: documents to those that stay",
        "",
        "Written by `make bench-dedup`. " + " ".join(about.split("\n\n")[1].split()),
        "",
        f"Machine: {host['cores']} cores, {host['model']}, Python {host['python']}; load {host['load_before']:.1f} "
        f"before, {host['load_after']:.1f} after. {busy}Input: {read['documents']:,} documents of real texts, "
        f"{1_000 * read['megabytes'] / read['documents']:.1f} KB on average, {read['different']:,} of them different; "
        f"{read['pairs'][0.8]:,} pairs at 0.8 or more, {read['pairs'][0.9]:,} at 0.9 or more (seed {read['seed']}). "
        "Speeds are of CPU time; MB are of UTF-8.",
        "",
        "| | documents | signatures: docs/s (MB/s) | whole: docs/s (MB/s) | largest process | removed "
        "| caught at 0.8 | at 0.9 | wrong |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, row in result["systems"].items():
        speeds = " | ".join(
            f"{_speed(row, part):,.0f} ({row['megabytes'] / row[part]['cpu']:.1f})" for part in ("signatures", "whole")
        )
        right = " | ".join(f"{share:.4f}" for share in row["caught"].values())
        lines.append(
            f"| {name}{row['version']} | {row['documents']:,} | {speeds} | {row['largest_process_mb']:,.0f} MB "
            f"| {row['removed']:,} | {right} | {row['wrong']:.1%} |"
        )
    lines += ["", "| aim | measured |", "|---|---|"]
    lines += [f"| {name} | {value:,.4g} |" for name, value in result["ratios"].items()]
    return "\n".join(lines) + "\n"


def _speed(row: dict[str, Any], part: str) -> float:
    return float(row["documents"] / row[part]["cpu"])
