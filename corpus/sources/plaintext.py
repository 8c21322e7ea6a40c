"""Plain text: one document a file, titled by its name; of a long file, one a part that ends with a paragraph.

A book is cut because documents are what is held out, compared and dropped: from a corpus of one file, nothing could be.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import IO

from corpus.archive.pages import NotAPage, read_text
from corpus.archive.ranges import FileRange
from corpus.sources.contract import MAX_TEXT, SourceRecord, oversized_record
from corpus.sources.whole import is_chosen, read_whole
from corpus.text.charset import decode_html

WHOLE = 64 << 10  # bytes of a file that is not cut
PART = 16 << 10  # bytes of a part, and what is left of its last paragraph
TITLE_SUFFIX = re.compile(r"(?<=.)\.[^.]+?(?:\.(?:gz|zst|lz4|bz2))?$", re.IGNORECASE)
BLANK_LINE = re.compile(rb"\n[ \t\r]*\n")


class PlainText:
    name = "text"

    def splittable(self, file: IO[bytes]) -> bool:
        return False

    def problem(self, file: IO[bytes]) -> str | None:
        return None

    def read(self, file: IO[bytes], size: int, name: str, chosen: FileRange) -> Iterator[SourceRecord]:
        whole = read_whole(file, size, MAX_TEXT)
        if whole.data is None:
            if chosen.start == 0:
                yield oversized_record(0, max(size, MAX_TEXT + 1))
            return
        yield from self._texts(whole.data, name, chosen, whole.is_compressed)
        if whole.damage is not None:
            yield whole.damage

    def _texts(self, data: bytes, name: str, chosen: FileRange, is_compressed: bool) -> Iterator[SourceRecord]:
        decoded = decode_html(data, None)
        if decoded is None or "\0" in decoded[0]:
            if chosen.start == 0:
                content = NotAPage(reason="undecodable", detail="no charset decodes it to text without NUL")
                yield SourceRecord(offset=0, length=len(data), content=content)
            return
        title = TITLE_SUFFIX.sub("", posixpath.basename(name))
        for offset, length, text in _parts(data, *decoded):
            if is_chosen(offset, chosen, is_compressed):
                yield SourceRecord(
                    offset=offset, length=length, content=read_text(text, title=title, charset=decoded[1])
                )


def _parts(data: bytes, text: str, charset: str) -> list[tuple[int, int, str]]:
    """(offset, length, text) of each part; the whole where it is short, or where its bytes cannot be cut at lines, as
    those of UTF-16."""
    whole = [(0, len(data), text)]
    if len(data) <= WHOLE:
        return whole
    edges = [0]
    while len(data) - edges[-1] > WHOLE // 2:
        edge = _line_end(data, edges[-1] + PART)
        if edge >= len(data):
            break
        edges.append(edge)
    edges.append(len(data))
    found = []
    for first, last in pairwise(edges):
        part = decode_html(data[first:last], charset)
        if part is None:
            return whole
        found.append((first, last - first, part[0]))
    return found if "".join(part for _, _, part in found) == text else whole


def _line_end(data: bytes, start: int) -> int:
    """After the first blank line from `start` on; where the paragraph continues for a part more, after a line. Nothing
    is searched for twice: of 64 MiB without a blank line, each part would search all that follows."""
    if blank := BLANK_LINE.search(data, start, start + PART):
        return blank.end()
    if (line := data.find(b"\n", start, start + PART + 1)) >= 0:
        return line + 1
    blank = BLANK_LINE.search(data, start)
    return blank.end() if blank else len(data)
