"""Words as integers: the same words as `normal_form.words`, in any text, in time that grows with its length alone."""

from __future__ import annotations

import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import cpu_seconds

from corpus.text.codepoints import code_point_table
from corpus.text.normal_form import words
from corpus.text.scan import BULLET, ELLIPSIS, TERMINAL
from corpus.text.words import WordStream, find_words, hash_words

ODD = "aZé_1９ß\u0130İıΣσςǅ水あร์ที่हिन्दी\u0e31\u200d\u200c\u0301\u093f…. #\n\t\u3000\u2028\x1c\U00020000\U0001f600𝔘ﷺ"
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=120) | st.text(alphabet=ODD, max_size=60)


def stream(*texts: str) -> WordStream:
    return find_words(pa.array(texts, pa.large_string()))


def stripped_lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


@settings(max_examples=400, deadline=None)
@given(st.lists(TEXTS, max_size=5))
def test_the_words_are_those_of_the_plain_function(texts: list[str]) -> None:
    found = stream(*texts)
    wanted = [words(text) for text in texts]
    tokens = [token for text in wanted for token in text]
    assert np.diff(found.offsets).tolist() == [len(text) for text in wanted]
    assert found.lengths.tolist() == [len(token) for token in tokens]
    assert found.alphabetic.tolist() == [any(map(str.isalpha, token)) for token in tokens]
    # Equal words have equal hashes, and different words different ones.
    assert len(set(zip(tokens, found.hashes.tolist(), strict=True))) == len(set(tokens)) == len(set(found.hashes))


@settings(max_examples=400, deadline=None)
@given(st.lists(TEXTS | st.text(alphabet="a.。… \n-•\t水", max_size=40), max_size=4))
def test_the_lines_are_those_of_the_plain_text(texts: list[str]) -> None:
    found = stream(*texts)
    lines = [line for text in texts for line in stripped_lines(text)]
    assert np.diff(found.line_offsets).tolist() == [len(stripped_lines(text)) for text in texts]
    assert found.line_lengths.tolist() == [len(line) for line in lines]
    assert (
        len(set(zip(lines, found.line_hashes.tolist(), strict=True))) == len(set(lines)) == len(set(found.line_hashes))
    )
    marks = ("...", "…", ". . .")
    assert (found.line_classes & ELLIPSIS > 0).tolist() == [line.endswith(marks) for line in lines]
    assert (found.line_classes & BULLET > 0).tolist() == [line[0] in "•●▪‣◦-*·・" for line in lines]
    first_words = np.append(found.line_words, len(found.hashes))
    for place, line in enumerate(lines):
        if place + 1 not in found.line_offsets:  # within a text, a line's words end where the next line's begin
            assert first_words[place + 1] - first_words[place] == len(words(line))


def test_every_code_point() -> None:
    """Alone, between letters and behind a character that is a word."""
    codes = [code for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    texts = [f"{chr(code)} a{chr(code)}b 水{chr(code)}" for code in codes]
    wanted = [words(text) for text in texts]
    found = stream(*texts)
    assert np.diff(found.offsets).tolist() == [len(text) for text in wanted]
    assert found.lengths.tolist() == [len(token) for text in wanted for token in text]


def test_paragraphs_sentences_and_widths() -> None:
    found = stream("\n\nOne. Two! Is 3.5 more?\nNo...\n \n\n水が流れる。雨も降る！\nEnd", "alone")
    assert found.line_paragraphs.tolist() == [0, 0, 1, 1, 0]
    assert found.line_sentences.tolist() == [3, 1, 2, 0, 0]
    assert found.line_widths.tolist() == [22, 5, 22, 3, 5]
    assert (found.line_classes & TERMINAL > 0).tolist() == [True, True, True, False, False]


@pytest.mark.parametrize("quoted", ["“So it was.”", "«Так и было.»", "「そうだった。」", "हाँ।", "بله؟", "(Yes.)"])
def test_a_line_is_closed_in_every_script(quoted: str) -> None:
    assert stream(quoted).line_classes.tolist() == [TERMINAL]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_slices_and_chunks_of_arrow(kind: pa.DataType) -> None:
    whole = pa.array(["one two", "", "three", "水が four"], kind)
    assert find_words(whole.slice(1, 3)).hashes.tolist() == stream("", "three", "水が four").hashes.tolist()
    chunked = pa.chunked_array([whole.slice(0, 2), whole.slice(2)])
    assert find_words(chunked).hashes.tolist() == find_words(whole).hashes.tolist()
    assert find_words(pa.array([], kind)).offsets.tolist() == [0]
    with pytest.raises(ValueError, match="1 of 2 texts are null"):
        find_words(pa.array(["a", None], kind))


HASH_WATER, HASH_CHARACTER = 17347794274713413491, 10409334622172080571


def test_hashes_do_not_change() -> None:
    """What is stored of one run is compared with what another computes."""
    assert hash_words(["water", "水", "WATER"]).tolist() == [HASH_WATER, HASH_CHARACTER, HASH_WATER]
    with pytest.raises(ValueError, match="'two words' is 2 words"):
        hash_words(["two words"])


def test_the_table_is_made_once_and_nobody_changes_it() -> None:
    assert code_point_table() is code_point_table()
    with pytest.raises(ValueError, match="read-only"):
        code_point_table()[0] = 1


@pytest.mark.parametrize("run", ["a ", "a", "\n", "水", "-\n", ".", ". ", "\u0301", "é#"])
def test_a_megabyte_of_one_thing(run: str) -> None:
    stream("a")  # compiled and loaded
    text = "x" + run * (1_000_000 // len(run.encode()))
    assert cpu_seconds(lambda: stream(text), 1) <= 1
    assert stream(text).offsets[1] == len(words("x" + run * (1_000_000 // len(run.encode()))))
