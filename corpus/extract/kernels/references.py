"""References: the characters that stand behind "&amp;", "&#233;" and the like, read by compiled code.

Source: the HTML Living Standard, 13.2.5.72 to 13.2.5.80 and 13.5 (named character references).
"""

from __future__ import annotations

from functools import cache
from html.entities import html5

import numpy as np
from numba import types

from corpus.text.compiled import kernel

SLOTS = 8192
SHORTEST_OPEN, LONGEST_OPEN = 2, 6  # letters of the names that need no semicolon
LONGEST = 32
REPLACEMENT = 0xFFFD
_START, _FACTOR = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
# What browsers read numbers of control characters as: bytes of windows-1252.
_CONTROLS = np.array(
    [ord(bytes([byte]).decode("cp1252", "ignore") or chr(byte)) for byte in range(0x80, 0xA0)], np.int64
)


@cache
def reference_tables() -> tuple[np.ndarray, np.ndarray]:
    """(SLOTS,) uint64: hashes of names, the semicolon included where a name has one; (SLOTS, 2) int64: the one or two
    code points of each, the second 0 where there is none."""
    keys, values = np.zeros(SLOTS, np.uint64), np.zeros((SLOTS, 2), np.int64)
    for name, characters in html5.items():
        key = int(_START)
        for byte in name.encode():
            key = (key ^ byte) * int(_FACTOR) & 0xFFFFFFFFFFFFFFFF
        slot = key >> 32 & (SLOTS - 1)
        while keys[slot]:
            slot = (slot + 1) & (SLOTS - 1)
        keys[slot] = key
        values[slot, : len(characters)] = [ord(character) for character in characters]
    return keys, values


@kernel
def _find(keys, key):
    slot = types.int64(key >> np.uint64(32)) & (SLOTS - 1)
    while keys[slot] != 0:
        if keys[slot] == key:
            return slot
        slot = (slot + 1) & (SLOTS - 1)
    return types.int64(-1)


@kernel
def read_reference(data, position, end, keys, values):
    """(code point, second code point or 0, bytes) of the reference at an ampersand; the ampersand itself, one byte,
    where there is none."""
    at = position + 1
    if at < end and data[at] == 35:
        return _read_number(data, position, end)
    state, found, bytes_read = _START, types.int64(-1), types.int64(1)
    while at < end and at - position <= LONGEST:
        byte = data[at]
        if byte == 59:
            slot = _find(keys, (state ^ np.uint64(59)) * _FACTOR)
            if slot >= 0:
                return values[slot, 0], values[slot, 1], at + 1 - position
            break
        if not (97 <= byte <= 122 or 65 <= byte <= 90 or 48 <= byte <= 57):
            break
        state = (state ^ np.uint64(byte)) * _FACTOR
        if SHORTEST_OPEN <= at - position <= LONGEST_OPEN:
            slot = _find(keys, state)
            if slot >= 0:
                found, bytes_read = slot, at + 1 - position
        at += 1
    if found >= 0:
        return values[found, 0], values[found, 1], bytes_read
    return types.int64(38), types.int64(0), types.int64(1)


@kernel
def _read_number(data, position, end):
    at, number, digits = position + 2, types.int64(0), 0
    base = types.int64(10)
    if at < end and data[at] | 32 == 120:
        base, at = types.int64(16), at + 1
    while at < end:
        byte = types.int64(data[at])
        digit = types.int64(-1)
        if 48 <= byte <= 57:
            digit = byte - 48
        elif base == 16 and 97 <= byte | 32 <= 102:
            digit = (byte | 32) - 87
        if digit < 0:
            break
        number = min(number * base + digit, types.int64(0x110000))
        digits += 1
        at += 1
    if digits == 0:
        return types.int64(38), types.int64(0), types.int64(1)
    if at < end and data[at] == 59:
        at += 1
    if 0x80 <= number < 0xA0:
        number = _CONTROLS[number - 0x80]
    elif number == 0 or number >= 0x110000 or 0xD800 <= number < 0xE000:
        number = types.int64(REPLACEMENT)
    return number, types.int64(0), at - position
