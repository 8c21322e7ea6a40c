"""Composition: texts of any origin -> the same in composed form (NFC), so that an é is an é however it is written.

Nearly all texts are composed already, and to normalise them all would cost more than to hash their words. So one
compiled pass does the quick check of Unicode Standard Annex 15, and only texts that do not pass are decoded.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus.text.codepoints import CODE_POINTS, decode_character, utf8_buffers
from corpus.text.compiled import kernel
from corpus.text.normal_form import compose

FIRST = 0x300  # the first character that composing may change
FIRST_BYTE = 0xCC  # of it in UTF-8; no byte that continues a character is as large
IDEOGRAPHS = range(0x2F800, 0x2FA20)  # that stand for another; all others of interest lie below LAST
LAST = 0x20000
MAYBE = 255  # no combining class is
VOWELS, FINALS = range(0x1161, 0x1176), range(0x11A8, 0x11C3)  # Korean letters that join the one before


@cache
def _classes() -> np.ndarray:
    """(0x110000,) uint8: each character's combining class, or MAYBE where composing may change it or join it to the
    one before."""
    table = np.zeros(CODE_POINTS, np.uint8)
    for code in (*range(FIRST, LAST), *IDEOGRAPHS):
        if 0xAC00 <= code < 0xE000:
            continue
        character = chr(code)
        table[code] = max(table[code], unicodedata.combining(character))
        parts = unicodedata.decomposition(character).split()
        if parts and not parts[0].startswith("<"):
            table[[int(part, 16) for part in parts[1:]]] = MAYBE
            if not unicodedata.is_normalized("NFC", character):
                table[code] = MAYBE
    for code in range(0xA0, FIRST):  # the marks that compose Latin letters
        parts = unicodedata.decomposition(chr(code)).split()
        if parts and not parts[0].startswith("<"):
            table[[int(part, 16) for part in parts[1:]]] = MAYBE
    table[[*VOWELS, *FINALS]] = MAYBE
    table.setflags(write=False)
    return table


def compose_texts(texts: pa.Array) -> pa.Array:
    """The same array where all texts are composed, as nearly always."""
    data, offsets = utf8_buffers(texts)
    seen = data[offsets[0] : offsets[-1]]
    if not seen.size or seen.max() < FIRST_BYTE:
        return texts
    suspects = np.flatnonzero(_find_suspects(data, offsets, _classes()))
    if not len(suspects):
        return texts
    before = texts.take(pa.array(suspects)).to_pylist()
    after = list(map(compose, before))
    changed = [number for number, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    if not changed:
        return texts
    mask = np.zeros(len(texts), bool)
    mask[suspects[changed]] = True
    return pc.replace_with_mask(texts, pa.array(mask), pa.array([after[number] for number in changed], texts.type))


@kernel
def _find_suspects(data, offsets, classes):
    """(texts,) bool: which texts hold a character that composing may change, or marks out of their order."""
    found = np.zeros(len(offsets) - 1, np.bool_)
    for text in range(len(found)):
        position, end, before = offsets[text], offsets[text + 1], 0
        while position < end:
            if data[position] < FIRST_BYTE:
                position, before = position + 1, 0
                continue
            code, step = decode_character(data, position, end)
            position += step
            here = classes[code]
            if here == MAYBE or 0 < here < before:
                found[text] = True
                break
            before = here
    return found
