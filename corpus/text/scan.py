"""Scan: the compiled pass over the bytes of a batch of texts that finds words, lines and marks. See words.py."""

from __future__ import annotations

from numba import types

from corpus.text.codepoints import (
    ALPHABETIC_BIT,
    BULLET_BIT,
    CODE,
    LETTER_BIT,
    MARK_BIT,
    SPACE_BIT,
    STOP_BIT,
    TERMINAL_BIT,
    UNSPACED_BIT,
    WIDE_BIT,
    decode_character,
)
from corpus.text.compiled import SEED, kernel, mix_hash, number_names

# The classes of a line (bits), the counters of a text, and the numbers of a line.
BULLET, ELLIPSIS, TERMINAL = (1 << bit for bit in range(3))
COUNTERS = ("characters", "hashes", "ellipses", "braces", "unspaced", "replacements")
COUNTER = number_names(COUNTERS)
LINE_COLUMNS = ("length", "width", "sentences", "paragraph")
LINE = number_names(LINE_COLUMNS)


@kernel
def count_newlines(data, start, end):
    count = 0
    for place in range(start, end):
        count += data[place] == 10
    return count


@kernel
def _ends_with_ellipsis(data, start, end):
    """Whether the bytes of a line end with "...", "…" or ". . ."."""
    size = end - start
    if size >= 3 and data[end - 1] == 46 and data[end - 2] == 46 and data[end - 3] == 46:
        return True
    if size >= 3 and data[end - 1] == 0xA6 and data[end - 2] == 0x80 and data[end - 3] == 0xE2:
        return True
    spaced = size >= 5 and data[end - 1] == 46 and data[end - 3] == 46 and data[end - 5] == 46
    return spaced and data[end - 2] == 32 and data[end - 4] == 32


@kernel
def hash_bytes(data, start, end):
    """Of the bytes from start to end, such as a line's, eight at a time."""
    state = SEED ^ types.uint64(end - start)
    place = start
    while place + 8 <= end:
        value = types.uint64(0)
        for byte in range(8):
            value |= types.uint64(data[place + byte]) << types.uint64(8 * byte)
        state = mix_hash(state, value)
        place += 8
    value = types.uint64(0)
    while place < end:
        value = value << types.uint64(8) | types.uint64(data[place])
        place += 1
    return mix_hash(mix_hash(state, value), SEED)


@kernel
def _end_word(hashes, lengths, alphabetic, words, word, length, letters):
    hashes[words], lengths[words], alphabetic[words] = word, length, letters & ALPHABETIC_BIT != 0
    return words + 1


@kernel
def scan_texts(
    data, offsets, table, hashes, lengths, alphabetic,
    line_hashes, line_numbers, line_classes, line_words, word_bounds, line_bounds, counts,
):  # fmt: skip
    """Fills the arrays of a WordStream; returns (words, lines). `line_numbers` (lines, len(LINE_COLUMNS)) int32.

    What a letter costs decides the speed: it touches its word's hash and length and little else; marks are told apart
    in the branch of marks, and a line's ends are noted where white space begins.
    """
    words = lines = 0
    for text in range(len(offsets) - 1):
        place, end = offsets[text], offsets[text + 1]
        position = wides = 0  # characters before this one, and how many of them take two columns
        sharps = ellipses = braces = unspaced = replacements = 0
        last_dot, dots, spaced_dots = -9, 0, 0
        last_sharp = -9
        paragraph, blank = 0, False
        more = True
        while more:
            # One line. `state`: 0 outside a word, 1 in a word of letters, 2 after a character that is a word.
            state = length = letters = 0
            word = SEED
            empty, space = True, True
            first = last = types.int64(0)
            first_byte, last_byte, first_position, last_position = place, place, position, position
            first_wides, last_wides = wides, wides
            sentences, since, pending = 0, False, False
            line_word = words
            while True:
                if place >= end:
                    more = False
                    break
                code, step = types.int64(data[place]), 1
                if code >= 0x80:
                    code, step = decode_character(data, place, end)
                entry = types.int64(table[code])

                if entry & LETTER_BIT:
                    if state != 1:
                        if state == 2:
                            words = _end_word(hashes, lengths, alphabetic, words, word, length, letters)
                        state, word, length, letters = 1, SEED, 0, 0
                        since, pending = True, False
                    word = mix_hash(word, types.uint64(entry & CODE))
                    length += 1
                    letters |= entry
                    if code == 0x130:  # its lower case is an i and a mark
                        word = mix_hash(word, types.uint64(0x307))
                        length += 1
                elif entry & MARK_BIT and state != 0:
                    word = mix_hash(word, types.uint64(entry & CODE))
                    length += 1
                    letters |= entry
                    if entry & UNSPACED_BIT:
                        unspaced += 1
                else:
                    if state != 0:
                        words = _end_word(hashes, lengths, alphabetic, words, word, length, letters)
                        state = 0
                    if entry & UNSPACED_BIT:
                        word = mix_hash(SEED, types.uint64(entry & CODE))
                        state, length, letters = 2, 1, entry
                        since, pending = True, False
                        unspaced += 1
                    elif entry & SPACE_BIT:
                        if not space:
                            last_byte, last_position, last_wides, space = place, position, wides, True
                        if pending:
                            sentences += 1
                            since, pending = False, False
                        position += 1
                        place += step
                        if code == 10:
                            break
                        if entry & WIDE_BIT:
                            wides += 1
                        continue
                    elif code == 46:
                        pending = since
                        dots = dots + 1 if last_dot == position - 1 else 1
                        if dots == 3:
                            ellipses += 1
                            dots = 0
                        follows = last_dot == position - 2 and data[place - 1] == 32
                        spaced_dots = spaced_dots + 1 if follows else 1
                        if spaced_dots == 3:
                            ellipses += 1
                            spaced_dots = 0
                        last_dot = position
                    else:
                        if entry & STOP_BIT and since:
                            if code < 0x80:
                                pending = True
                            else:
                                sentences += 1
                                since = False
                        if code == 35:  # a run of them, such as a heading of Markdown, is one symbol
                            sharps += last_sharp != position - 1
                            last_sharp = position
                        elif code == 0x2026:
                            ellipses += 1
                        elif code == 123 or code == 125:
                            braces += 1
                        elif code == 0xFFFD:
                            replacements += 1
                if empty:
                    empty, first, first_byte, first_position, first_wides = False, entry, place, position, wides
                space, last = False, entry
                if entry & WIDE_BIT:
                    wides += 1
                position += 1
                place += step

            if state != 0:
                words = _end_word(hashes, lengths, alphabetic, words, word, length, letters)
            if empty:
                blank = True
                continue
            if not space:
                last_byte, last_position, last_wides = place, position, wides
            if blank and line_bounds[text] < lines:
                paragraph += 1
            blank = False
            classes = BULLET if first & BULLET_BIT else 0
            if last & TERMINAL_BIT:
                classes |= TERMINAL
            if _ends_with_ellipsis(data, first_byte, last_byte):
                classes |= ELLIPSIS
            line_hashes[lines], line_classes[lines] = hash_bytes(data, first_byte, last_byte), classes
            line_words[lines] = line_word
            line_numbers[lines, LINE.length] = last_position - first_position
            line_numbers[lines, LINE.width] = last_position - first_position + last_wides - first_wides
            line_numbers[lines, LINE.sentences] = sentences + (1 if pending else 0)
            line_numbers[lines, LINE.paragraph] = paragraph
            lines += 1
        word_bounds[text + 1], line_bounds[text + 1] = words, lines
        counts[text, COUNTER.characters] = position
        counts[text, COUNTER.hashes] = sharps
        counts[text, COUNTER.ellipses] = ellipses
        counts[text, COUNTER.braces] = braces
        counts[text, COUNTER.unspaced] = unspaced
        counts[text, COUNTER.replacements] = replacements
    return words, lines
