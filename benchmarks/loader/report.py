"""Report: what was measured beside what is aimed at, as docs/loader-peers.md."""

from __future__ import annotations

import re
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.machine import describe, describe_others

BENCHMARKS = Path(__file__).resolve().parents[1]
RESULT, TABLE = BENCHMARKS / "results" / "loader.json", BENCHMARKS.parent / "docs" / "loader-peers.md"


def _version(package: str, environment: str) -> str:
    pins = (BENCHMARKS / f"requirements-{environment}.txt").read_text()
    [found] = re.findall(rf"^{package}==(.*)$", pins, re.MULTILINE)
    return f"{package} {found}"


OURS, BARE = "Headwater, concat", "bare memmap loop"
LITDATA, STREAMING = _version("litdata", "litdata"), _version("mosaicml-streaming", "streaming")
Speeds = dict[str, dict[str, dict[str, list[float]]]]


def ratios(speeds: Speeds, wait: dict[str, float], resume: dict[str, float]) -> dict[str, float]:
    """What is aimed at, by its name. Speeds are of CPU time."""
    found = {}
    for context in speeds[OURS]:

        def times(peer: str, context: str = context) -> float:
            ours, theirs = (speeds[name][context]["cpu"] for name in (OURS, peer))
            return median(one / other for one, other in zip(ours, theirs, strict=True))

        at = f"at T={context}"
        found |= {
            f"{at}, millions of tokens/s on one thread: 50 or more": median(speeds[OURS][context]["cpu"]) / 1e6,
            f"{at}, times the bare loop's speed: 0.95 or more": times(BARE),
            f"{at}, times litdata's speed: 5 or more": times(LITDATA),
            f"{at}, times mosaicml-streaming's speed: 5 or more": times(STREAMING),
        }
    found |= {f"resume, {name}, seconds: under 0.5": seconds for name, seconds in resume.items()}
    found |= {f"data wait, step {name}: under 0.01": share for name, share in wait.items()}
    return found


def table(result: dict[str, Any], about: str) -> str:
    host, contexts = result["machine"], result["contexts"]
    lines = [
        "# The loader beside its peers",
        "",
        "Written by `make bench-loader`; how it works is told in [loader.md](loader.md). "
        + " ".join(about.split("\n\n")[1].split()),
        "",
        f"{describe(host)}{describe_others(host)}{result['tokens'] / 1e6:,.0f} million tokens, "
        f"{result['rounds']} rounds. Millions of tokens a second of CPU time of all threads and, in brackets, by the "
        "clock.",
        "",
        "| | " + " | ".join(f"T={context:,}" for context in contexts) + " |",
        "|---|" + "---|" * len(contexts),
    ]
    for title, row in result["speeds"].items():
        cells = [
            f"{median(row[str(context)]['cpu']) / 1e6:,.1f} ({median(row[str(context)]['wall']) / 1e6:,.1f})"
            for context in contexts
        ]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    lines += [
        "",
        f"A run goes on in a set of {result['large'] / 1e9:,.0f} billion tokens, in the middle of the second epoch: "
        "from nothing to the first batch, without imports. Data wait: the share of the time of 200 steps of 32 x 1,024 "
        "tokens that went by before their batch was there, read ahead by a thread; `away` is a step of 55 ms in which "
        "the CPU is idle, in `here` it computes, on the same core.",
        "",
        "| aim | measured |",
        "|---|---|",
    ]
    lines += [f"| {name} | {value:,.3g} |" for name, value in result["ratios"].items()]
    return "\n".join(lines) + "\n"
