"""Code points: what each is to a word, a line and a sentence, as a table that compiled code looks up; and how such code
reads the UTF-8 of Arrow's buffers."""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
import pyarrow as pa
from numba import types

from corpus.text.compiled import kernel
from corpus.text.normal_form import LETTER, MARK, UNSPACED_CHARACTER

CODE_POINTS = 0x110000
CODE = 0x1FFFFF  # the bits of a table's entry that hold the lower-case code point; those above hold its classes
LETTER_BIT, UNSPACED_BIT, MARK_BIT, ALPHABETIC_BIT, SPACE_BIT, BULLET_BIT, TERMINAL_BIT, STOP_BIT, WIDE_BIT = (
    1 << bit for bit in range(21, 30)
)
BULLETS = "•●▪‣◦-*·・"
# What closes a sentence: C4's marks and their kin in other scripts. QUOTES may stand after it at a line's end.
STOPS = ".!?…。！？｡．؟۔।॥።፧፨։։။៕᠃᠉"
QUOTES = "\"'”’»」』）)】》›"


@cache
def code_point_table() -> np.ndarray:
    """(0x110000,) uint32: each code point's lower-case form and the classes of that. Made in 0.07 s, at the first use.

    Two code points have no form of their own: a final sigma is a sigma, and the dotted capital I is two characters,
    which the pass knows.
    """
    table = np.arange(CODE_POINTS, dtype=np.uint32)
    # Beyond are Chinese characters, and nothing else that is in a word. No surrogates: no text holds one.
    codes = np.concatenate((np.arange(0xD800), np.arange(0xE000, 0x20000)))
    lowered = [chr(code).lower()[0] for code in codes.tolist()]
    lowered[ord("ς")] = "σ"
    joined = "".join(lowered)
    table[codes] = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
    for bit, pattern in ((LETTER_BIT, LETTER), (UNSPACED_BIT, UNSPACED_CHARACTER), (MARK_BIT, MARK)):
        positions = [found.start() for found in pattern.finditer(joined)]  # one search is ten times faster than many
        table[codes[positions]] |= np.uint32(bit)
    for bit, chosen in (
        (ALPHABETIC_BIT, str.isalpha),
        (SPACE_BIT, str.isspace),
        (WIDE_BIT, lambda character: unicodedata.east_asian_width(character) in "WF"),
    ):
        table[codes[list(map(chosen, lowered))]] |= np.uint32(bit)
    for bit, marks in ((BULLET_BIT, BULLETS), (TERMINAL_BIT, STOPS + QUOTES), (STOP_BIT, STOPS)):
        table[[ord(mark) for mark in marks]] |= np.uint32(bit)
    table[0x20000:0x40000] |= np.uint32(UNSPACED_BIT | WIDE_BIT)
    alphabetic = np.array([chr(code).isalpha() for code in range(0x20000, 0x40000)])
    table[0x20000:0x40000][alphabetic] |= np.uint32(ALPHABETIC_BIT)
    table.setflags(write=False)
    return table


def utf8_buffers(texts: pa.Array | pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """(bytes, int64 offsets) of texts, without a copy where Arrow has them in one piece."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    if texts.null_count:
        raise ValueError(f"{texts.null_count} of {len(texts)} texts are null")
    kind = np.int64 if pa.types.is_large_string(texts.type) else np.int32
    _, bounds, data = texts.buffers()
    if not len(texts):
        return np.empty(0, np.uint8), np.zeros(1, np.int64)
    offsets = np.frombuffer(bounds, kind)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    return np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8), offsets


@kernel
def decode_character(data, position, end):
    """(code point, bytes) of the character at a place of valid UTF-8."""
    first = types.int64(data[position])
    if first < 0x80:
        return first, 1
    if first < 0xE0 and position + 1 < end:
        return (first & 0x1F) << 6 | (data[position + 1] & 0x3F), 2
    if first < 0xF0 and position + 2 < end:
        return (first & 0x0F) << 12 | (data[position + 1] & 0x3F) << 6 | (data[position + 2] & 0x3F), 3
    if position + 3 < end:
        high = (first & 0x07) << 18 | (data[position + 1] & 0x3F) << 12
        return high | (data[position + 2] & 0x3F) << 6 | (data[position + 3] & 0x3F), 4
    return types.int64(0xFFFD), 1
