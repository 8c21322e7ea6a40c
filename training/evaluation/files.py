"""Files: benchmark data as it lies on a disk, into rows. Nothing is fetched, and nothing in a file is executed."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Rows = list[dict[str, Any]]
OPENERS: dict[str, Callable[..., Any]] = {".bz2": bz2.open, ".gz": gzip.open}


def read_text(path: Path) -> str:
    """A whole file, decompressed by its suffix. Raises ValueError when it is damaged or not UTF-8."""
    try:
        with OPENERS.get(path.suffix, open)(path, "rb") as file:
            return str(file.read().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 ({error}); convert it, for example with iconv") from error
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read ({error}); get it again") from error


def read_jsonl(paths: Sequence[Path]) -> Rows:
    """A JSON object a line; empty lines are passed over. Raises ValueError naming file and line."""
    rows = []
    for path in paths:
        for number, line in enumerate(read_text(path).split("\n"), start=1):
            if line.strip():
                try:
                    row = json.loads(line)
                except ValueError as error:
                    raise ValueError(f"{path}, line {number} is not JSON: {error}") from error
                if not isinstance(row, dict):
                    raise ValueError(f"{path}, line {number} is no JSON object but {line[:60]!r}")
                rows.append(row)
    return rows


def read_csv(paths: Sequence[Path]) -> Rows:
    """Comma-separated values with a header; `file` is the name of the file without its suffix, and what a row lacks
    null. Raises ValueError where a row is longer than the header, or a cell than csv.field_size_limit()."""
    rows = []
    for path in paths:
        table = csv.DictReader(io.StringIO(read_text(path), newline=""))
        try:
            for row in table:
                if None in row:
                    raise ValueError("the row has more cells than the header")
                rows.append({**row, "file": path.stem})
        except (csv.Error, ValueError) as error:
            raise ValueError(f"{path}, line {table.line_num}: {error}") from error
    return rows


def read_parquet(paths: Sequence[Path]) -> Rows:
    """All columns; bytes as hexadecimal digits, times as ISO 8601."""
    rows: Rows = []
    for path in paths:
        try:
            table = pq.read_table(path, page_checksum_verification=True)
        except (OSError, pa.ArrowException) as error:
            raise ValueError(f"{path} cannot be read ({error}); get it again") from error
        for row in table.to_pylist():
            rows.append({name: _plain(value) for name, value in row.items()})
    return rows


def _plain(value: Any) -> Any:
    """As JSON can have it."""
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if isinstance(value, datetime) else value
