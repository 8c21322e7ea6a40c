"""Measurement: texts -> the measures that the rules bound, an Arrow column each, computed once per document.

Gopher   Rae et al. 2021, "Scaling Language Models", arXiv:2112.11446, appendix A.1.1; repetition: quality/repetition.py
C4       Raffel et al. 2020, "Exploring the Limits of Transfer Learning", arXiv:1910.10683, section 2.2
FineWeb  Penedo et al. 2024, arXiv:2406.17557, section 3.6

Lines are cut at "\\n"; those without a character that is no white space do not count. In scripts without spaces each
character counts as a word, so word lengths say nothing there.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pyarrow as pa

from corpus.language.languages import LANGUAGES
from corpus.quality.measures import NAMES, NULLABLE, QUALITY
from corpus.quality.mojibake import measure_mojibake
from corpus.quality.repetition import measure_repetition
from corpus.text.compiled import kernel, number_names
from corpus.text.scan import BULLET, COUNTER, ELLIPSIS, TERMINAL
from corpus.text.words import WordStream, find_words, hash_words

# A line of C4 has at least five words and none of these, and ends with a mark that is no ellipsis.
C4_PHRASES = (
    *("javascript", "terms of use", "privacy policy", "cookie policy"),
    *("uses cookies", "use of cookies", "use cookies"),
)
C4_LINE_WORDS = 5
LOREM_IPSUM = "lorem ipsum"
LOREM = len(C4_PHRASES)  # its number among the phrases, of which it is the last
SHORT_LINE = 30  # columns: a Chinese character, which says as much as two letters or three, takes two
COLUMN = number_names(QUALITY)


def measure_texts(texts: pa.Array | pa.ChunkedArray, languages: Sequence[str]) -> pa.RecordBatch:
    """All measures of texts of these languages, a column each of NAMES; zeros for an empty text."""
    stream = find_words(texts)
    columns = [*_measure_quality(stream, languages).T, *measure_repetition(stream).T, measure_mojibake(texts)]
    return pa.RecordBatch.from_arrays(
        [
            pa.array(np.ascontiguousarray(column), mask=np.isnan(column) if name in NULLABLE else None)
            for name, column in zip(NAMES, columns, strict=True)
        ],
        names=list(NAMES),
    )


def _measure_quality(stream: WordStream, languages: Sequence[str]) -> np.ndarray:
    """(T, len(QUALITY)); nan for the stop words of a language without any."""
    table, numbers = _stop_words()
    chosen = np.array([numbers.get(language, -1) for language in languages], dtype=np.int64)
    measured = np.zeros((len(chosen), len(QUALITY)))
    _fill_measures(
        *(stream.hashes, stream.lengths, stream.alphabetic, stream.offsets),
        *(stream.line_lengths, stream.line_widths, stream.line_classes, stream.line_sentences, stream.line_words),
        *(stream.line_offsets, stream.counts, chosen, table, _phrases(), measured),
    )
    return measured


@cache
def _stop_words() -> tuple[np.ndarray, dict[str, int]]:
    """(languages, 64) uint64, open-addressing tables of the hashes of stop words, and each language's row."""
    known = {code: language.stop_words.split() for code, language in LANGUAGES.items() if language.stop_words}
    table = np.zeros((len(known), 64), np.uint64)
    for number, words in enumerate(known.values()):
        for word in hash_words(words):
            slot = int(word) & 63
            while table[number, slot]:
                slot = (slot + 1) & 63
            table[number, slot] = word
    return table, {code: number for number, code in enumerate(known)}


@cache
def _phrases() -> np.ndarray:
    """(phrases, 3) uint64: the hashes of each phrase's words, 0 after its end; the last is "lorem ipsum"."""
    phrases = np.zeros((len(C4_PHRASES) + 1, 3), np.uint64)
    for number, phrase in enumerate((*C4_PHRASES, LOREM_IPSUM)):
        hashes = hash_words(phrase.split())
        phrases[number, : len(hashes)] = hashes
    return phrases


@kernel
def _phrase_at(hashes, word, end, phrases):
    """Which phrase begins at a word, or -1."""
    for number in range(len(phrases)):
        if hashes[word] != phrases[number, 0]:
            continue
        size = 1
        while size < 3 and phrases[number, size] and word + size < end:
            if hashes[word + size] != phrases[number, size]:
                break
            size += 1
        if size == 3 or not phrases[number, size]:
            return number
    return -1


@kernel
def _fill_measures(
    hashes, lengths, alphabetic, offsets, line_lengths, line_widths, line_classes, line_sentences, line_words,
    line_offsets, counts, chosen, stop_words, phrases, measured,
):  # fmt: skip
    for text in range(len(offsets) - 1):
        start, end = offsets[text], offsets[text + 1]
        characters = letters = lorems = 0
        seen = np.uint64(0)
        first_line, last_line = line_offsets[text], line_offsets[text + 1]
        bullets = ellipses = terminals = short = kept = sentences = 0
        for line in range(first_line, last_line):
            word, stop = line_words[line], line_words[line + 1] if line + 1 < last_line else end
            banned = False
            long_enough = stop - word >= C4_LINE_WORDS
            while word < stop:
                characters += lengths[word]
                letters += alphabetic[word]
                phrase = _phrase_at(hashes, word, stop, phrases)
                if phrase == LOREM:
                    lorems += 1
                elif phrase >= 0:
                    banned = True
                if chosen[text] >= 0:
                    slot = np.int64(hashes[word] & np.uint64(63))
                    while stop_words[chosen[text], slot]:
                        if stop_words[chosen[text], slot] == hashes[word]:
                            seen |= np.uint64(1) << np.uint64(slot)
                            break
                        slot = (slot + 1) & 63
                word += 1
            classes = line_classes[line]
            bullets += classes & BULLET != 0
            ellipses += classes & ELLIPSIS != 0
            terminals += classes & TERMINAL != 0
            short += line_widths[line] < SHORT_LINE
            if long_enough and classes & TERMINAL and not classes & ELLIPSIS and not banned:
                kept += 1
                sentences += line_sentences[line]
        stops = 0
        while seen:
            seen &= seen - np.uint64(1)
            stops += 1
        words, lines = max(1, end - start), max(1, last_line - first_line)
        row, counters = measured[text], counts[text]
        row[COLUMN.words] = end - start
        row[COLUMN.characters] = counters[COUNTER.characters]
        row[COLUMN.mean_word_length] = characters / words
        row[COLUMN.alphabetic_words] = letters / words
        row[COLUMN.stop_words] = stops if chosen[text] >= 0 else np.nan
        row[COLUMN.unspaced] = min(1.0, counters[COUNTER.unspaced] / max(1, characters))
        row[COLUMN.symbols_per_word] = max(counters[COUNTER.hashes], counters[COUNTER.ellipses]) / words
        row[COLUMN.bullet_lines] = bullets / lines
        row[COLUMN.ellipsis_lines] = ellipses / lines
        row[COLUMN.c4_lines] = kept / lines
        row[COLUMN.c4_sentences] = sentences
        row[COLUMN.lorem_ipsum] = lorems
        row[COLUMN.braces_per_word] = counters[COUNTER.braces] / words
        row[COLUMN.punctuated_lines] = terminals / lines
        row[COLUMN.short_lines] = short / lines
        row[COLUMN.lines_per_word] = (last_line - first_line) / words
        row[COLUMN.replacement_characters] = counters[COUNTER.replacements] / max(1, counters[COUNTER.characters])
