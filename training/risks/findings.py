"""Findings: one number of one risk, with its interval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from training.significance.intervals import Estimate, estimate


@dataclass(frozen=True, kw_only=True)
class Finding:
    """`low` and `high`: the 95 % interval over `items` independent ones. `harmless`: the value of a model without the
    risk, None where there is no such value."""

    risk: str
    measure: str
    group: str
    value: float
    low: float
    high: float
    items: int
    harmless: float | None = None


def found(risk: str, measure: str, group: str, result: Estimate, items: int, harmless: float | None = None) -> Finding:
    return Finding(
        risk=risk,
        measure=measure,
        group=group,
        value=result.value,
        low=result.low,
        high=result.high,
        items=items,
        harmless=harmless,
    )


def share(risk: str, measure: str, group: str, hits: Sequence[bool], harmless: float | None = None) -> Finding:
    """Of the items that are hits, with Wilson's interval. Raises ValueError where there is no item."""
    return found(risk, measure, group, estimate(np.asarray(hits, np.float64)), len(hits), harmless)


def share_by_group(
    risk: str, measure: str, groups: Iterable[str], hits: Iterable[bool], harmless: float | None = None
) -> list[Finding]:
    """`share` of each group, by its name; `groups`: one an item."""
    found_hits = dict[str, list[bool]]()
    for group, hit in zip(groups, hits, strict=True):
        found_hits.setdefault(group, []).append(bool(hit))
    return [share(risk, measure, group, found_hits[group], harmless) for group in sorted(found_hits)]


def as_rows(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [asdict(one) for one in findings]


def lines(findings: Sequence[Finding]) -> list[str]:
    """A table for a terminal."""
    rows = [("risk", "measure", "group", "value", "95 %", "items", "harmless")]
    for one in findings:
        harmless = "" if one.harmless is None else f"{one.harmless:.3g}"
        interval = f"{one.low:.3f} to {one.high:.3f}"
        rows.append((one.risk, one.measure, one.group, f"{one.value:.3f}", interval, f"{one.items:,}", harmless))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
