"""Dedups: `headwater dedup` run in the test's own process, and what it wrote."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from headwater.cli import main


def dedup(out: Path, *argv: str | Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(rows of the survivors, rows of the ledger)."""
    assert main(["dedup", *map(str, argv), "--out", str(out)]) == 0
    return written(out)


def written(out: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    assert {path.name for path in out.iterdir()} >= {"survivors.parquet", "ledger.parquet"}
    survivors, ledger = (pq.read_table(out / f"{name}.parquet").to_pylist() for name in ("survivors", "ledger"))
    return survivors, ledger


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def documents(texts: Sequence[str]) -> list[dict[str, Any]]:
    """Rows with ids that do not rise with their place."""
    return [{"id": f"{number * 7919 % 10007:05d}", "text": text} for number, text in enumerate(texts)]
