"""Mojibake: the share of a text's characters that stand there because its bytes were read in the wrong charset.

The test is the mistake backwards: text that, written in another charset, gives bytes of valid UTF-8 was UTF-8 before it
was read in that one ("Ã¼", "涓枃", "Рџ"). Other signs need no charset: unbroken runs of the upper half of Latin-1 (what
GBK, Shift_JIS or windows-1251 become there), a character of another script inside a Latin word, private-use characters,
and 烫烫烫 (memory that was never filled).
A byte that no charset knows becomes U+FFFD, which has a measure of its own.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa
from numba import types

from corpus.text.codepoints import decode_character, utf8_buffers
from corpus.text.compiled import kernel

PAIRED, SINGLE = ("gbk", "cp932"), ("cp1251", "koi8_r")
RUN = 4  # upper Latin-1 characters side by side: no orthography has so many


def measure_mojibake(texts: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """(T,) float64: the share of each text's characters; 0 for an empty one."""
    data, offsets = utf8_buffers(texts)
    shares = np.zeros(len(offsets) - 1)
    _fill_shares(data, offsets, *_tables(), shares)
    return shares


@cache
def _tables() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The bytes that write each character of the basic plane, 0 where none do: (2, 0x10000) of charsets with pairs of
    bytes, (2, 0x10000) of Cyrillic ones, (0x10000,) of windows-1252 and of Latin-1."""
    paired = np.zeros((len(PAIRED), 0x10000), np.uint16)
    for number, charset in enumerate(PAIRED):
        for value in range(0x8100, 0xFF00):
            character = value.to_bytes(2, "big").decode(charset, errors="replace")
            if len(character) == 1 and character != "\ufffd":
                paired[number, ord(character)] = value
    single = np.zeros((len(SINGLE), 0x10000), np.uint8)
    latin = np.zeros(0x10000, np.uint8)
    for value in range(0x80, 0x100):
        for number, charset in enumerate(SINGLE):
            single[number, ord(bytes([value]).decode(charset, errors="replace"))] = value
        latin[ord(bytes([value]).decode("cp1252", errors="replace"))] = value
        latin[value] = value
    for table in (*paired, *single, latin):
        table[0xFFFD] = 0
    return paired, single, latin


@kernel
def _run(length, letters, sequences):
    """Of a run of upper Latin-1 characters, how many are damage: a quarter of letters tells it from rows of marks."""
    return length if length >= RUN and 4 * letters >= length else sequences


@kernel
def _lower(data, position, bound):
    """Whether an ASCII small letter stands there, within the text on this side of its bound."""
    return position != bound and position >= 0 and position < len(data) and 97 <= data[position] <= 122


@kernel
def _fill_shares(data, offsets, paired, single, latin, shares):
    # Two characters in a row: one alone stands in good text, in two of a hundred characters of Chinese, and where a
    # word of Ukrainian begins with "Рі" or "Сі".
    pair_needs, chains = np.zeros(2, np.int64), np.zeros(2, np.int64)
    single_leads, single_chains = np.zeros(2, np.int64), np.zeros(2, np.int64)
    for text in range(len(offsets) - 1):
        start, end = offsets[text], offsets[text + 1]
        position = start
        characters = damaged = pair_bytes = 0
        run = letters = sequences = needs = have = han = inside = 0
        same, filler = 0, types.int64(0)
        wide = False  # whether the character before was not ASCII
        while position < end:
            characters += 1
            if data[position] < 0x80:
                if run:
                    damaged += _run(run, letters, sequences)
                    run = 0
                if wide:
                    same = 0
                    pair_needs[:] = 0
                    chains[:] = 0
                    single_leads[:] = 0
                    single_chains[:] = 0
                    wide = False
                position += 1
                continue
            code, step = decode_character(data, position, end)
            position += step
            wide = True
            if code >= 0x10000:
                continue

            # One character of another script inside a Latin word: "f眉r", "fГјr", "fﾃｼr". Chinese names stand so too.
            if 0x400 <= code < 0x460 or 0xFF61 <= code < 0xFFA0:
                damaged += _lower(data, position - step - 1, start - 1) + _lower(data, position, end)
            elif 0x4E00 <= code < 0xA000:
                han += 1
                inside += _lower(data, position - step - 1, start - 1) and _lower(data, position, end)

            byte = types.int64(latin[code])
            if byte > 0xA0 or (byte and code != byte):  # Latin-1's upper half but for its controls, or windows-1252's
                if not run:
                    letters = sequences = needs = 0
                run += 1
                letters += byte >= 0xC0
                if needs and byte < 0xC0:
                    have += 1
                    if have == needs:
                        sequences += 1 + needs
                        needs = 0
                else:  # the leads of letters and marks that stand alone in Latin script; other scripts make runs
                    have = 0
                    needs = 1 if 0xC2 <= byte <= 0xCA and byte != 0xC7 else (2 if 0xE1 <= byte <= 0xE2 else 0)
            elif run:
                damaged += _run(run, letters, sequences)
                run = 0

            if 0x400 <= code < 0x460 or byte or 0x2200 <= code < 0x2600:
                for number in range(2):
                    value = single[number, code]
                    lead = value == 0xD0 or value == 0xD1
                    if single_leads[number] and 0x80 <= value < 0xC0:
                        single_chains[number] += 1
                        damaged += 4 if single_chains[number] == 2 else (2 if single_chains[number] > 2 else 0)
                    elif single_leads[number] or not lead:
                        single_chains[number] = 0
                    single_leads[number] = lead
            elif code >= 0x3000:
                for number in range(2):
                    value = types.int64(paired[number, code])
                    for part in (value >> 8, value & 0xFF):
                        if pair_needs[number] and 0x80 <= part < 0xC0:
                            pair_needs[number] -= 1
                            if pair_needs[number] == 0:
                                chains[number] += 1
                                pair_bytes += 6 if chains[number] == 2 else (3 if chains[number] > 2 else 0)
                        else:
                            if pair_needs[number] or not 0xE2 <= part <= 0xEF:
                                chains[number] = 0
                            pair_needs[number] = 2 if 0xE2 <= part <= 0xEF else 0
                if 0xE000 <= code < 0xF900:
                    damaged += 1
                elif code == 0x70EB or code == 0x5C6F:
                    same = same + 1 if filler == code else 1
                    filler = code
                    damaged += 3 if same == 3 else (1 if same > 3 else 0)
                elif same:
                    same = 0
        if run:
            damaged += _run(run, letters, sequences)
        if 3 * inside >= han:
            damaged += 2 * inside
        pair_needs[:] = 0
        chains[:] = 0
        single_leads[:] = 0
        single_chains[:] = 0
        if characters:
            shares[text] = min(1.0, (damaged + pair_bytes / 2) / characters)
