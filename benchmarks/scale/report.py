"""Report: docs/scale-measured.md, of the results alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.machine import describe, describe_others
from benchmarks.scale import cost_tables, limit_tables
from benchmarks.scale.markdown import rows_of

HERE = Path(__file__).resolve()
RESULT, TABLE = HERE.parents[1] / "results" / "scale.json", HERE.parents[2] / "docs" / "scale-measured.md"


def table(result: Mapping[str, Any], about: str) -> str:
    return "\n".join(
        [
            "# Scale, measured",
            "",
            "Written by `make bench-scale`; what follows from it is told in [scale.md](scale.md). "
            + " ".join(about.split("\n\n")[1].split()),
            "",
            f"{describe(result['machine'])}{describe_others(result['machine'])}{_input(result)}",
            "",
            *_check(result),
            *cost_tables.stages(result),
            *cost_tables.requests(result),
            *limit_tables.alone(result),
            *limit_tables.memory(result),
            *limit_tables.traffic(result),
            *limit_tables.variants(result),
            *limit_tables.earlier(result),
            *cost_tables.peers(result),
        ]
    )


def _input(result: Mapping[str, Any]) -> str:
    read = result["input"]
    return (
        f"Input: {read['files']} WARC files of {read['bytes'] / 1e6:.0f} MB, {read['pages']:,} pages, of which "
        f"{read['clean']:,} documents are clean and {read['unique']:,} unique, in {read['splits']} blocks. "
    )


def _check(result: Mapping[str, Any]) -> list[str]:
    rows = []
    for row in result["check"]:
        errors = [f"{row[name]:.2f} | {row[name] / row['measured'] - 1:+.1%}" for name in ("own", "other")]
        share = "" if row["core_share"] is None else f"{row['core_share']:.2f}"
        rows.append([str(row["workers"]), row["stage"], share, f"{row['measured']:.2f}", *errors])
    whole = {
        name: max(abs(row[name] / row["measured"] - 1) for row in result["check"] if row["stage"] == "all")
        for name in ("own", "other")
    }
    return [
        "## Is the simulation right?",
        "",
        "Measured: seconds by the clock of each stage, the least of the rounds, and the share of a core that a "
        "worker had. Predicted: by the times of that run's own splits, and by the processor time of another run's, "
        "with one worker, at that share; what workers and launcher take besides is in both cases of the other run. "
        f"Of all stages together it errs by {whole['own']:.1%} and {whole['other']:.1%} at most.",
        "",
        *rows_of(
            "workers | stage | core | measured, s | by its own splits | error | by another run's | error",
            rows,
        ),
    ]
