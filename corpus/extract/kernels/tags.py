"""Tags: a tag's name and attributes, read by compiled code as a browser reads them, quotes and capitals included."""

from __future__ import annotations

import numpy as np

from corpus.extract.elements import find_name, name_hash
from corpus.extract.kernels.markup import APOSTROPHE, EQUALS, GREATER, LESS, QUOTE, SLASH, find_byte
from corpus.text.compiled import kernel


@kernel
def _is_space(byte):
    return byte == 32 or 9 <= byte <= 13


@kernel
def read_attributes(data, position, end, keys, numbers, found, unquoted):
    """The position after a tag, of which the name was read. `found` (attributes, 2) gets where the value of each known
    one starts and ends, the first of each name; -1 for none. `unquoted` (256,): from where on a quote has no end."""
    found[:] = -1
    while position < end:
        byte = data[position]
        if _is_space(byte) or byte == SLASH:
            position += 1
            continue
        if byte == GREATER:
            return position + 1
        key, after = name_hash(data, position, end)
        if after == position:  # an equals sign where a name should be
            after += 1
        position = after
        while position < end and _is_space(data[position]):
            position += 1
        start = stop = position
        if position < end and data[position] == EQUALS:
            position += 1
            while position < end and _is_space(data[position]):
                position += 1
            start = position
            quote = data[position] if position < end else np.uint8(0)
            stop = end
            if quote in (QUOTE, APOSTROPHE) and position < unquoted[quote]:
                stop = find_byte(data, quote, position + 1, end)
                if stop == end:
                    unquoted[quote] = position
            if stop < end:
                start, position = position + 1, stop + 1
            else:
                while position < end and not _is_space(data[position]) and data[position] != GREATER:
                    position += 1
                stop = position
        number = find_name(keys, numbers, key)
        if number and found[number, 0] < 0:
            found[number, 0], found[number, 1] = start, stop
    return end


@kernel
def skip_attributes(data, position, end):
    """The position after an end tag, of which the name was read."""
    position = find_byte(data, GREATER, position, end)
    return min(end, position + 1)


@kernel
def find_end_tag(data, name, name_end, position, end):
    """(start, end) of the next end tag of the name between two positions; (end, end) where there is none."""
    size = name_end - name
    while True:
        position = find_byte(data, LESS, position, end)
        if position + 2 + size > end:
            return end, end
        if data[position + 1] == SLASH and _same_name(data, position + 2, name, size):
            after = position + 2 + size
            if after >= end or data[after] == GREATER or data[after] == SLASH or _is_space(data[after]):
                return position, skip_attributes(data, after, end)
        position += 1


@kernel
def _same_name(data, position, other, size):
    for step in range(size):
        one, two = data[position + step], data[other + step]
        if one != two and (one | 32 != two | 32 or not 97 <= one | 32 <= 122):
            return False
    return True


@kernel
def contains(data, start, end, wanted):
    """Whether small letters stand between two positions, in whatever case."""
    size = len(wanted)
    for position in range(start, end - size + 1):
        step = 0
        while step < size:
            byte = data[position + step]
            if 65 <= byte <= 90:
                byte += 32
            if byte != wanted[step]:
                break
            step += 1
        if step == size:
            return True
    return False


@kernel
def skip_comment(data, position, end, ends):
    """The position after what begins with "<!" or "<?". `ends` (1,): from where on no comment has an end."""
    if (
        position + 3 < end
        and data[position + 1] == 33
        and data[position + 2] == 45
        and data[position + 3] == 45
        and position < ends[0]
    ):
        at = position + 4
        if at < end and data[at] == GREATER:  # "<!-->" is a whole comment
            return at + 1
        while at < end:
            at = find_byte(data, GREATER, at, end)
            if at < end and (
                (data[at - 1] == 45 and data[at - 2] == 45)
                or (data[at - 1] == 33 and data[at - 2] == 45 and data[at - 3] == 45)
            ):
                return at + 1
            at += 1
        ends[0] = position
    return skip_attributes(data, position + 1, end)
