"""Words: a batch of texts -> one stream of integers, in one compiled pass over Arrow's buffers.

No Python string is made of a word: bytes are decoded, each code point is looked up in a table of its lower-case form
and its classes, and each word becomes a 64-bit hash of its lower-cased code points. Words are those of
`normal_form.words`. What looks at words in order (repetition, shingles) reads `hashes[offsets[i]:offsets[i + 1]]`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from corpus.text.codepoints import code_point_table, utf8_buffers
from corpus.text.scan import COUNTERS, LINE, LINE_COLUMNS, count_newlines, scan_texts


@dataclass(frozen=True, kw_only=True)
class WordStream:
    """The words and lines of a batch of texts; W words, L lines that are not blank, T texts.

    `hashes` (W,) uint64, `lengths` (W,) int32 in characters, `alphabetic` (W,) uint8: whether a letter is in it.
    `offsets` (T + 1,) int64: text i has the words from offsets[i] to offsets[i + 1]; `line_offsets` (T + 1,) the lines.
    Of a line, white space at its ends left out: `line_hashes` (L,) uint64, `line_lengths` (L,) int32 in characters,
    `line_widths` (L,) int32 in columns (a Chinese character takes two), `line_classes` (L,) uint8 of BULLET, ELLIPSIS
    and TERMINAL, `line_sentences` (L,) int32 that end in it, `line_words` (L,) int64: where its words begin,
    `line_paragraphs` (L,) int32: lines of one number have no blank line between them.
    `counts` (T, len(COUNTERS)) int64: characters, runs of "#", ellipses, braces, characters of scripts without spaces,
    U+FFFD.
    """

    hashes: np.ndarray
    lengths: np.ndarray
    alphabetic: np.ndarray
    offsets: np.ndarray
    line_hashes: np.ndarray
    line_lengths: np.ndarray
    line_widths: np.ndarray
    line_classes: np.ndarray
    line_sentences: np.ndarray
    line_words: np.ndarray
    line_paragraphs: np.ndarray
    line_offsets: np.ndarray
    counts: np.ndarray


def find_words(texts: pa.Array | pa.ChunkedArray) -> WordStream:
    """The words of string or large_string texts without nulls."""
    data, offsets = utf8_buffers(texts)
    return _stream(data, offsets)


def hash_words(words: list[str]) -> np.ndarray:
    """The hash of each; a ValueError for what is not one word."""
    stream = find_words(pa.array(words, pa.large_string()))
    for word, count in zip(words, np.diff(stream.offsets), strict=True):
        if count != 1:
            raise ValueError(f"{word!r} is {count} words, not one")
    return stream.hashes


def _stream(data: np.ndarray, offsets: np.ndarray) -> WordStream:
    texts, size = len(offsets) - 1, int(offsets[-1] - offsets[0])
    max_words = (size + texts) // 2 + 1  # between words of letters stands a byte, and others take at least three
    max_lines = count_newlines(data, offsets[0], offsets[-1]) + texts
    hashes, line_hashes = np.empty(max_words, np.uint64), np.empty(max_lines, np.uint64)
    lengths, alphabetic = np.empty(max_words, np.int32), np.empty(max_words, np.uint8)
    line_numbers = np.empty((max_lines, len(LINE_COLUMNS)), np.int32)
    line_classes, line_words = np.empty(max_lines, np.uint8), np.empty(max_lines, np.int64)
    word_bounds, line_bounds = np.zeros(texts + 1, np.int64), np.zeros(texts + 1, np.int64)
    counts = np.zeros((texts, len(COUNTERS)), np.int64)
    words, lines = scan_texts(
        *(data, offsets, code_point_table(), hashes, lengths, alphabetic),
        *(line_hashes, line_numbers, line_classes, line_words, word_bounds, line_bounds, counts),
    )
    return WordStream(
        hashes=hashes[:words],
        lengths=lengths[:words],
        alphabetic=alphabetic[:words],
        offsets=word_bounds,
        line_hashes=line_hashes[:lines],
        line_lengths=line_numbers[:lines, LINE.length],
        line_widths=line_numbers[:lines, LINE.width],
        line_sentences=line_numbers[:lines, LINE.sentences],
        line_paragraphs=line_numbers[:lines, LINE.paragraph],
        line_classes=line_classes[:lines],
        line_words=line_words[:lines],
        line_offsets=line_bounds,
        counts=counts,
    )
