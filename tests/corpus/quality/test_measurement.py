"""Quality: what is measured of a text, against counts made by hand and against plain counts of any text."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import cpu_seconds

from corpus.language.languages import LANGUAGES
from corpus.quality.measurement import C4_PHRASES, measure_texts
from corpus.quality.measures import MEANINGS, NAMES, NULLABLE
from corpus.text.normal_form import UNSPACED_CHARACTER, words

ELLIPSES = ("...", "…", ". . .")
BULLETS = tuple("•●▪‣◦-*·・")


def measured(text: str, language: str = "en") -> dict[str, float]:
    [row] = measure_texts(pa.array([text], pa.large_string()), [language]).to_pylist()
    return dict(row)


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("words", "The rain, it falls.", 4),
        ("words", "雨下了。", 3),
        ("characters", "ab\nc", 4),
        ("mean_word_length", "a bb ccc", 2),
        ("mean_word_length", "हिन्दी भाषा", 5),
        ("symbols_per_word", "one #two #three four", 0.5),
        ("symbols_per_word", "### one ###\n\ntwo", 1),
        ("symbols_per_word", "wait... and... and then… go on", 0.5),
        ("symbols_per_word", "# a b... c… d", 0.5),
        ("symbols_per_word", "wait . . . and go on", 0.25),
        ("bullet_lines", "• one\n- two\nthree\n\n* four", 0.75),
        ("bullet_lines", "no bullets - here", 0),
        ("ellipsis_lines", "read on...\nmore…  \nend.\nfin", 0.5),
        ("alphabetic_words", "one 2 3 four", 0.5),
        ("alphabetic_words", "3rd 4th 55", 2 / 3),
        ("alphabetic_words", "ที่นี่ ที่นี่", 1),
        ("stop_words", "The people that have to be with us", 6),
        ("stop_words", "the the the", 1),
        ("unspaced", "水abc", 0.25),
        ("unspaced", "水火木", 1),
        ("unspaced", "abc", 0),
        ("c4_lines", "One two three four five.\nOne two.\nAnd so on and so forth...\nOne two three four five", 0.25),
        ("c4_lines", "Please turn on your JavaScript now.\nWe make use of cookies on this site.", 0),
        ("c4_sentences", "The rain falls. It falls on 3.5 hills! Or not.\nA menu", 3),
        ("c4_sentences", "雨水落在山上。河水流进大海！", 2),
        ("lorem_ipsum", "Lorem ipsum dolor, lorem\nipsum, lorem ipsum", 2),
        ("braces_per_word", "if (a) { b }", 2 / 3),
        ("punctuated_lines", "One.\nTwo\n“Three.”\n四。", 0.75),
        ("short_lines", "short\nthis line is long enough to be read as such\n水" + "水" * 14, 1 / 3),
        ("lines_per_word", "one two\nthree\nfour", 0.75),
        ("replacement_characters", "a\ufffdbc", 0.25),
        ("mojibake", "fÃ¼r", 0.5),
        ("duplicate_lines", "a\nb\na", 1 / 3),
    ],
)
def test_measures_by_hand(name: str, text: str, wanted: float) -> None:
    assert measured(text)[name] == pytest.approx(wanted)


def test_every_measure_has_its_meaning_and_its_column() -> None:
    batch = measure_texts(pa.array(["a"], pa.large_string()), ["en"])
    assert tuple(batch.schema.names) == NAMES == tuple(MEANINGS)
    assert all(column.type == pa.float64() for column in batch.columns)


def test_an_empty_text_measures_zero() -> None:
    assert set(measured("").values()) == {0}
    assert measured("🎉 …")["words"] == 0
    assert measure_texts(pa.array([], pa.large_string()), []).num_rows == 0


def test_stop_words_are_those_of_the_language() -> None:
    assert measured("der Regen und die Flüsse", "de")["stop_words"] == 3
    assert measured("雨水落在山上，我们的河不是大河", "zh")["stop_words"] >= 4
    assert measured("der Regen und die Flüsse", "xx")["stop_words"] is None, "no language that is known"
    assert NULLABLE == ("stop_words",)


def reference(text: str, language: str) -> dict[str, float]:
    """Slow and obvious."""
    tokens = words(text)
    count, characters = max(1, len(tokens)), sum(map(len, tokens))
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    sharps = sum(text[place] == "#" and text[place - 1 : place] != "#" for place in range(len(text)))
    kept = []
    for line in lines:
        found = words(line)
        spoken = [tuple(phrase.split()) for phrase in C4_PHRASES]
        banned = any(tuple(found[place : place + len(p)]) == p for p in spoken for place in range(len(found)))
        kept.append(len(found) >= 5 and line[-1] in ".!?。" and not line.endswith(ELLIPSES) and not banned)
    stop_words = LANGUAGES[language].stop_words.split()
    return {
        "words": len(tokens),
        "characters": len(text),
        "mean_word_length": characters / count,
        "alphabetic_words": sum(any(map(str.isalpha, token)) for token in tokens) / count,
        "stop_words": len(set(stop_words) & set(tokens)),
        "unspaced": min(1.0, len(UNSPACED_CHARACTER.findall(text)) / max(1, characters)),
        "symbols_per_word": max(sharps, sum(map(text.count, ELLIPSES))) / count,
        "bullet_lines": sum(line.startswith(BULLETS) for line in lines) / max(1, len(lines)),
        "ellipsis_lines": sum(line.endswith(ELLIPSES) for line in lines) / max(1, len(lines)),
        "c4_lines": sum(kept) / max(1, len(lines)),
        "lorem_ipsum": sum(
            words(line)[place : place + 2] == ["lorem", "ipsum"] for line in lines for place in range(len(words(line)))
        ),
        "braces_per_word": (text.count("{") + text.count("}")) / count,
        "lines_per_word": len(lines) / count,
        "replacement_characters": text.count("\ufffd") / max(1, len(text)),
    }


PIECES = [
    "The ",
    "rain of ",
    "and it ",
    "uses cookies",
    "Lorem ipsum ",
    "3.5",
    ".",
    "...",
    "…",
    ". . .",
    "#",
    "{",
    "}",
    "!",
]
PIECES += ["\n", "\n\n", "- ", "• ", "水の", "的不是", "ที่", " ", "\ufffd", "JavaScript ", "é", "\u3000", "。"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), min_size=1, max_size=4), st.booleans())
def test_as_a_plain_count_has_it(texts: list[str], chinese: bool) -> None:
    language = "zh" if chinese else "en"
    rows = measure_texts(pa.array(texts, pa.large_string()), [language] * len(texts)).to_pylist()
    for text, row in zip(texts, rows, strict=True):
        wanted = reference(text, language)
        assert {name: row[name] for name in wanted} == pytest.approx(wanted)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_text_is_measured_within_bounds(text: str) -> None:
    found = measured(text)
    counts = {"words", "characters", "mean_word_length", "stop_words", "c4_sentences", "lorem_ipsum"}
    for name, value in found.items():
        assert value >= 0 and math.isfinite(value), name
        assert value <= 1 or name in counts or name.endswith("_per_word"), name
    wanted = reference(text, "en")
    same = set(wanted) - {"c4_lines"}  # more marks than the plain count knows
    assert {name: found[name] for name in same} == pytest.approx({name: wanted[name] for name in same})


@pytest.mark.parametrize("run", ["a ", "a", "\n", "the ", "水", "lorem ", "#", ".", "- x\n", "{"])
def test_a_megabyte_of_one_thing(run: str) -> None:
    """In one line or in many: the time is that of the length."""
    measured("a")  # compiled and loaded
    text = run * (1_000_000 // len(run.encode()))
    assert cpu_seconds(lambda: measured(text), 3) <= 3
