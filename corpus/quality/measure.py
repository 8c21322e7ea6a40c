"""Quality: what the rules look at, measured once a document and kept beside it. Batches in, Arrow columns out.

Gopher   Rae et al. 2021, "Scaling Language Models", arXiv:2112.11446, appendix A.1.1; repetition: quality/repetition
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
from corpus.quality.mojibake import mojibake
from corpus.quality.repetition import repetition
from corpus.text.compiled import kernel
from corpus.text.scan import BRACES, BULLET, CHARACTERS, ELLIPSES, ELLIPSIS, HASHES, REPLACEMENTS, TERMINAL, UNSPACED
from corpus.text.words import WordStream, word_hashes, word_stream

# A line of C4 has at least five words and none of these, and ends with a mark that is no ellipsis.
C4_PHRASES = (
    *("javascript", "terms of use", "privacy policy", "cookie policy"),
    *("uses cookies", "use of cookies", "use cookies"),
)
C4_LINE_WORDS = 5
LOREM_IPSUM = "lorem ipsum"
SHORT_LINE = 30  # columns: a Chinese character, which says as much as two letters or three, takes two


def measure(texts: pa.Array | pa.ChunkedArray, languages: Sequence[str]) -> pa.RecordBatch:
    """All measures of texts of these languages, a column each of NAMES; zeros for an empty text."""
    stream = word_stream(texts)
    columns = [*_measure(stream, languages).T, *repetition(stream).T, mojibake(texts)]
    return pa.RecordBatch.from_arrays(
        [
            pa.array(np.ascontiguousarray(column), mask=np.isnan(column) if name in NULLABLE else None)
            for name, column in zip(NAMES, columns, strict=True)
        ],
        names=list(NAMES),
    )


def _measure(stream: WordStream, languages: Sequence[str]) -> np.ndarray:
    """(T, len(QUALITY)); nan for the stop words of a language without any."""
    table, numbers = _stop_words()
    chosen = np.array([numbers.get(language, -1) for language in languages], dtype=np.int64)
    found = np.zeros((len(chosen), len(QUALITY)))
    _fill(
        *(stream.hashes, stream.lengths, stream.alphabetic, stream.offsets),
        *(stream.line_lengths, stream.line_widths, stream.line_classes, stream.line_sentences, stream.line_words),
        *(stream.line_offsets, stream.counts, chosen, table, _phrases(), found),
    )
    return found


@cache
def _stop_words() -> tuple[np.ndarray, dict[str, int]]:
    """(languages, 64) uint64, open-addressing tables of the hashes of stop words, and each language's row."""
    known = {code: language.stop_words.split() for code, language in LANGUAGES.items() if language.stop_words}
    table = np.zeros((len(known), 64), np.uint64)
    for number, words in enumerate(known.values()):
        for word in word_hashes(words):
            place = int(word) & 63
            while table[number, place]:
                place = (place + 1) & 63
            table[number, place] = word
    return table, {code: number for number, code in enumerate(known)}


@cache
def _phrases() -> np.ndarray:
    """(phrases, 3) uint64: the hashes of each phrase's words, 0 behind its end; the last is "lorem ipsum"."""
    phrases = np.zeros((len(C4_PHRASES) + 1, 3), np.uint64)
    for number, phrase in enumerate((*C4_PHRASES, LOREM_IPSUM)):
        hashes = word_hashes(phrase.split())
        phrases[number, : len(hashes)] = hashes
    return phrases


@kernel
def _phrase(hashes, place, end, phrases):
    """Which phrase begins at a word, or -1."""
    for number in range(len(phrases)):
        if hashes[place] != phrases[number, 0]:
            continue
        size = 1
        while size < 3 and phrases[number, size] and place + size < end:
            if hashes[place + size] != phrases[number, size]:
                break
            size += 1
        if size == 3 or not phrases[number, size]:
            return number
    return -1


@kernel
def _fill(
    hashes, lengths, alphabetic, offsets, line_lengths, line_widths, line_classes, line_sentences, line_words,
    line_offsets, counts, chosen, stop_words, phrases, found,
):  # fmt: skip
    lorem = len(phrases) - 1
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
                phrase = _phrase(hashes, word, stop, phrases)
                if phrase == lorem:
                    lorems += 1
                elif phrase >= 0:
                    banned = True
                if chosen[text] >= 0:
                    place = np.int64(hashes[word] & np.uint64(63))
                    while stop_words[chosen[text], place]:
                        if stop_words[chosen[text], place] == hashes[word]:
                            seen |= np.uint64(1) << np.uint64(place)
                            break
                        place = (place + 1) & 63
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
        row = found[text]
        row[0] = end - start
        row[1] = counts[text, CHARACTERS]
        row[2] = characters / words
        row[3] = letters / words
        row[4] = stops if chosen[text] >= 0 else np.nan
        row[5] = min(1.0, counts[text, UNSPACED] / max(1, characters))
        row[6] = max(counts[text, HASHES], counts[text, ELLIPSES]) / words
        row[7] = bullets / lines
        row[8] = ellipses / lines
        row[9] = kept / lines
        row[10] = sentences
        row[11] = lorems
        row[12] = counts[text, BRACES] / words
        row[13] = terminals / lines
        row[14] = short / lines
        row[15] = (last_line - first_line) / words
        row[16] = counts[text, REPLACEMENTS] / max(1, counts[text, CHARACTERS])
