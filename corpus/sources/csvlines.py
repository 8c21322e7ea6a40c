"""CSV lines: the lines of a file of comma- or tab-separated values -> its rows, of which one may reach over lines.

A row with a stray quote would take all that follows into one field. So a row that is not closed, or has not as many
fields as the header, costs its first line alone, and reading goes on with the second. Source: RFC 4180.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from corpus.archive.lookahead import LookaheadReader
from corpus.sources.contract import MAX_TEXT
from corpus.sources.jsonl import line_length, pass_line

DELIMITERS = ",;\t|"
MAX_LINES = 10_000  # of a row; what is longer has a stray quote
CSV_NAME = re.compile(r".*\.(?:csv|tsv|tab)(?:\.(?:gz|zst|lz4|bz2))?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class CsvRow:
    """`fields` are those of the row, or why there are none. `line`: its number, from 1."""

    offset: int
    data: bytes
    line: int
    fields: list[str] | str
    too_long: int = 0


class CsvLines:
    """The rows behind the header. Raises ValueError where no header can be read."""

    def __init__(self, reader: LookaheadReader) -> None:
        self._reader = reader
        self._pending: deque[bytes] = deque()  # lines that were read and belong to the next rows
        self.line = 1
        self.position = reader.position
        first = self._reader.peek(1 << 16).removeprefix(codecs.BOM_UTF8).partition(b"\n")[0]
        self.delimiter = max(DELIMITERS, key=lambda mark: first.count(mark.encode()))
        header = next(self._rows(None), None)
        if header is None or isinstance(header.fields, str):
            raise ValueError(f"its first line is no header of columns ({header.fields if header else 'it is empty'})")
        self.header = [name.strip().removeprefix("\ufeff") for name in header.fields]
        if len(set(self.header)) < len(self.header):
            raise ValueError(f"its header names a column twice: {', '.join(self.header)[:200]}")

    def rows(self) -> Iterator[CsvRow]:
        return self._rows(len(self.header))

    def _rows(self, width: int | None) -> Iterator[CsvRow]:
        while True:
            taken: list[bytes] = []
            offset, number = self.position, self.line
            try:
                fields = self._parse(taken)
            except (csv.Error, ValueError) as error:
                fields, problem = None, str(error)
            if not taken:
                if length := self._pass_long_line():
                    yield CsvRow(offset=offset, data=b"", line=number, fields="too long", too_long=length)
                    continue
                return
            if fields is not None and width is not None and len(fields) != width:
                fields, problem = (fields, "") if not fields else (None, f"{len(fields)} fields, not {width}")
            if fields is None:
                self._pending.extendleft(reversed(taken[1:]))
                del taken[1:]
            data = b"".join(taken)
            self.position += len(data)
            self.line += len(taken)
            if fields is None or fields:  # a blank line is no row
                yield CsvRow(offset=offset, data=data, line=number, fields=problem if fields is None else fields)

    def _parse(self, taken: list[bytes]) -> list[str]:
        csv.field_size_limit(MAX_TEXT)
        lines = (line.decode() for line in self._lines(taken))
        return next(csv.reader(lines, delimiter=self.delimiter, strict=True), [])

    def _lines(self, taken: list[bytes]) -> Iterator[bytes]:
        size = 0
        while size <= MAX_TEXT and len(taken) < MAX_LINES:
            if self._pending:
                line = self._pending.popleft()
            else:
                length = line_length(self._reader)
                if not length:
                    return
                line = self._reader.take(length)
            taken.append(line)
            size += len(line)
            yield line

    def _pass_long_line(self) -> int:
        """Passes a line that is too long to hold; its length, or 0 at the end."""
        if line_length(self._reader) is not None:
            return 0
        pass_line(self._reader)
        length, self.position = self._reader.position - self.position, self._reader.position
        self.line += 1
        return length
