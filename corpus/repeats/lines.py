"""Repeated lines: lines and paragraphs that many documents of a host or a crawl have: notices, navigation, licences.

A line is what stands between line ends, white space at its ends left out; a paragraph is a run of two or more lines
without a blank line between them. Two are equal when their characters are. What is counted is in how many different
documents each stands, and which of these comes first: that one keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from corpus.config import check_choices
from corpus.text.codepoints import SPACE_BIT, WIDE_BIT, code_point_table, decode_character, utf8_buffers
from corpus.text.compiled import SEED, kernel, mix_hash, number_names
from corpus.text.scan import count_newlines, hash_bytes

LINE, PARAGRAPH = range(2)
UNIT = number_names(("kind", "text", "start", "stop"))  # columns of what the pass writes


@dataclass(frozen=True, kw_only=True)
class LineConfig:
    """Which lines and paragraphs go from all documents but the first.

    `scope`: whether the documents of one host are counted together (those without a host together too), or those of the
    whole crawl. `documents`: the minimum number of different documents that hold it; Llama 3 (arXiv:2407.21783, 3.1.1)
    removed lines that stood more than six times in 30M documents. `share`: the minimum share of the scope's documents;
    at a fifth, a site's furniture goes and what a site often says stays (docs/trimming.md). It is for hosts: no line
    stands in a fifth of a crawl, so for a crawl give 0. `characters`: shorter lines and paragraphs stay, so that `}`,
    `return None` and `Parameters` do; a Chinese character counts as two. An indented line goes only with its paragraph:
    it is code or part of a list, which is worth little without it.
    """

    scope: Literal["host", "crawl"] = "host"
    documents: int = 7
    share: float = 0.2
    characters: int = 20

    def __post_init__(self) -> None:
        check_choices(self)
        if self.documents < 2:
            raise ValueError(f"documents {self.documents}: what stands in one document is not repeated; give 2 or more")
        if not 0 <= self.share <= 1:
            raise ValueError(f"share {self.share}: give a share of the documents from 0 to 1")

    def required_documents(self, documents: np.ndarray) -> np.ndarray:
        """In how many documents a line must stand to be cut, where its scope has that many: int64."""
        # A share of 0.2 of 35 is 7, though 0.2 * 35 is a little more in binary fractions.
        wanted = np.ceil(self.share * documents - 1e-9).astype(np.int64)
        return np.maximum(wanted, self.documents)


@dataclass(frozen=True, kw_only=True)
class Units:
    """The lines and paragraphs of a batch of texts that may be cut, text by text, a paragraph after its lines: (U,)
    arrays. `kinds` LINE or PARAGRAPH, `texts` which text, `starts` and `stops` in characters of it, `hashes` uint64."""

    kinds: np.ndarray
    texts: np.ndarray
    starts: np.ndarray
    stops: np.ndarray
    hashes: np.ndarray


@dataclass(frozen=True, kw_only=True)
class UnitCounts:
    """What some documents hold, by key, in the keys' order: `unit_keys` uint64, `scopes` uint64, in how many different
    `documents` int64, and the `first` of them: the smallest rank, int64."""

    keys: np.ndarray
    scopes: np.ndarray
    documents: np.ndarray
    first: np.ndarray


def find_units(texts: pa.Array | pa.ChunkedArray, characters: int) -> Units:
    """Those of at least so many characters; indented lines only in their paragraphs."""
    data, offsets = utf8_buffers(texts)
    max_units = count_newlines(data, offsets[0], offsets[-1]) + len(offsets) - 1
    max_units += max_units // 2  # a paragraph has two lines
    rows, hashes = np.empty((max_units, len(UNIT)), np.int64), np.empty(max_units, np.uint64)
    count = _fill_units(data, offsets, code_point_table(), characters, rows, hashes)
    return Units(
        kinds=rows[:count, UNIT.kind],
        texts=rows[:count, UNIT.text],
        starts=rows[:count, UNIT.start],
        stops=rows[:count, UNIT.stop],
        hashes=hashes[:count],
    )


def hash_texts(texts: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """(T,) uint64, of each text as a whole; such as the names of hosts."""
    return _text_hashes(*utf8_buffers(texts))


def unit_keys(found: Units, scopes: np.ndarray) -> np.ndarray:
    """(U,) uint64: a unit's hash together with its kind and its text's scope; `scopes` (T,) uint64."""
    return _keys(found.hashes, found.kinds, scopes[found.texts])


def count_units(keys: np.ndarray, scopes: np.ndarray, ranks: np.ndarray) -> UnitCounts:
    """What units there are, each of a document of some rank, in any order: how often one document holds a unit does
    not count."""
    order = np.lexsort((ranks, keys))
    keys, scopes, ranks = keys[order], scopes[order], ranks[order]
    new = np.ones(len(keys), bool)
    new[1:] = (keys[1:] != keys[:-1]) | (ranks[1:] != ranks[:-1])
    keys, scopes, ranks = keys[new], scopes[new], ranks[new]
    return merge_counts(UnitCounts(keys=keys, scopes=scopes, documents=np.ones(len(keys), np.int64), first=ranks))


def merge_counts(found: UnitCounts) -> UnitCounts:
    """One row a key, of rows in any order that counted different documents."""
    order = np.lexsort((found.first, found.keys))
    keys = found.keys[order]
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))) if len(keys) else np.empty(0, np.int64)
    documents = np.add.reduceat(found.documents[order], starts) if len(keys) else found.documents
    return UnitCounts(
        keys=keys[starts], scopes=found.scopes[order][starts], documents=documents, first=found.first[order][starts]
    )


@kernel
def _text_hashes(data, offsets):
    hashes = np.empty(len(offsets) - 1, np.uint64)
    for text in range(len(hashes)):
        hashes[text] = hash_bytes(data, offsets[text], offsets[text + 1])
    return hashes


@kernel
def _keys(hashes, kinds, scopes):
    found = np.empty(len(hashes), np.uint64)
    for unit in range(len(hashes)):
        found[unit] = mix_hash(mix_hash(mix_hash(SEED, np.uint64(kinds[unit])), scopes[unit]), hashes[unit])
    return found


@kernel
def _fill_units(data, offsets, table, characters, rows, hashes):
    """Fills rows of the columns UNIT, and their hashes; returns how many there are."""
    count = 0
    for text in range(len(offsets) - 1):
        place, end, position = offsets[text], offsets[text + 1], 0
        lines, columns_of_all, state, start_of_all, stop_of_all = 0, 0, SEED, 0, 0
        while True:
            # One line: from its first to its last character that is no white space.
            empty, indented, columns, last_columns = True, False, 0, 0
            first_byte = last_byte = place
            start = stop = line_start = position
            while place < end and data[place] != 10:
                code, step = decode_character(data, place, end)
                entry = np.int64(table[code])
                columns += 2 if entry & WIDE_BIT else 1
                position += 1
                place += step
                if not entry & SPACE_BIT:
                    if empty:
                        empty, indented = False, position - 1 > line_start
                        first_byte, start = place - step, position - 1
                        columns = 2 if entry & WIDE_BIT else 1
                    last_byte, stop, last_columns = place, position, columns
            if not empty:
                value = hash_bytes(data, first_byte, last_byte)
                if lines == 0:
                    start_of_all = start
                lines += 1
                stop_of_all = stop
                columns_of_all += last_columns
                state = mix_hash(state, value)
                if last_columns >= characters and not indented:
                    row = rows[count]
                    row[UNIT.kind], row[UNIT.text], row[UNIT.start], row[UNIT.stop] = LINE, text, start, stop
                    hashes[count] = value
                    count += 1
            if empty or place >= end:
                if lines > 1 and columns_of_all >= characters:
                    row = rows[count]
                    row[UNIT.kind], row[UNIT.text] = PARAGRAPH, text
                    row[UNIT.start], row[UNIT.stop] = start_of_all, stop_of_all
                    hashes[count] = state
                    count += 1
                lines, columns_of_all, state = 0, 0, SEED
            if place >= end:
                break
            place += 1
            position += 1
    return count
