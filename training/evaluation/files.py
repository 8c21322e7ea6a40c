"""Files: benchmark data as it lies on a disk, into rows. Nothing is fetched, and nothing in a file is executed."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

Rows = list[dict[str, Any]]
OPENERS: dict[str, Callable[..., Any]] = {".bz2": bz2.open, ".gz": gzip.open}


def text_of(path: Path) -> str:
    """A whole file, decompressed by its suffix. Raises ValueError when it is not UTF-8."""
    try:
        with OPENERS.get(path.suffix, open)(path, "rb") as file:
            return str(file.read().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 ({error}); convert it, for example with iconv") from error


def jsonl(paths: Sequence[Path]) -> Rows:
    """A JSON object a line; empty lines are passed over. Raises ValueError naming file and line."""
    rows = []
    for path in paths:
        for number, line in enumerate(text_of(path).split("\n"), start=1):
            if line.strip():
                try:
                    row = json.loads(line)
                except ValueError as error:
                    raise ValueError(f"{path}, line {number} is not JSON: {error}") from error
                if not isinstance(row, dict):
                    raise ValueError(f"{path}, line {number} is no JSON object but {line[:60]!r}")
                rows.append(row)
    return rows


def csv_rows(paths: Sequence[Path]) -> Rows:
    """Comma-separated values with a header; `file` is the name of the file without its suffix."""
    rows = []
    for path in paths:
        for row in csv.DictReader(io.StringIO(text_of(path), newline="")):
            rows.append({**row, "file": path.stem})
    return rows


def parquet(paths: Sequence[Path]) -> Rows:
    """All columns; bytes as hexadecimal digits, times as ISO 8601."""
    rows: Rows = []
    for path in paths:
        for row in pq.read_table(path, page_checksum_verification=True).to_pylist():
            rows.append({name: _plain(value) for name, value in row.items()})
    return rows


def _plain(value: Any) -> Any:
    """As JSON can have it."""
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if isinstance(value, datetime) else value
