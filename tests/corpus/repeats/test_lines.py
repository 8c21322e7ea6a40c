"""Lines and paragraphs are found where plain Python finds them, and counted by different documents."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.repeats.lines import LINE, PARAGRAPH, LineConfig, count_units, find_units, hash_texts, unit_keys

LINES = st.sampled_from(["", "  ", "a", "bb b", "  indented", "\tx", "水水", "a long line of text", "end  "])
TEXTS = st.lists(LINES, max_size=8).map("\n".join)


def width(text: str) -> int:
    return sum(2 if character == "水" else 1 for character in text)


def plain_units(text: str, characters: int) -> list[tuple[int, str]]:
    """(kind, what), as the module's docstring tells it."""
    found: list[tuple[int, str]] = []
    paragraph: list[str] = []
    for line in [*text.split("\n"), ""]:
        if line.strip():
            paragraph.append(line.strip())
            if width(line.strip()) >= characters and not line[0].isspace():
                found.append((LINE, line.strip()))
            continue
        if len(paragraph) > 1 and sum(map(width, paragraph)) >= characters:
            found.append((PARAGRAPH, "\n".join(paragraph)))
        paragraph = []
    return found


def texts_of(*texts: str) -> pa.Array:
    return pa.array(texts, pa.large_string())


def scoped(*texts: str, characters: int = 1) -> list[int]:
    """The keys of all units of some texts of one host."""
    found = find_units(texts_of(*texts), characters)
    return unit_keys(found, np.zeros(len(texts), np.uint64)).tolist()


@settings(max_examples=400, deadline=None)
@given(st.lists(TEXTS, max_size=4), st.sampled_from([1, 4, 10]))
def test_units_are_those_of_the_plain_function(texts: list[str], characters: int) -> None:
    found = find_units(texts_of(*texts), characters)
    by_text: list[list[tuple[int, str]]] = [[] for _ in texts]
    for kind, text, start, stop in zip(found.kinds, found.texts, found.starts, found.stops, strict=True):
        lines = texts[text][start:stop].split("\n")
        by_text[text].append((int(kind), "\n".join(line.strip() for line in lines)))
    assert by_text == [plain_units(text, characters) for text in texts]
    # Equal units have equal keys, and different ones different keys.
    units_of_all = [unit for found in by_text for unit in found]
    made = unit_keys(found, np.zeros(len(texts), np.uint64)).tolist()
    assert len(set(made)) == len(set(units_of_all)) == len(set(zip(made, units_of_all, strict=True)))


def test_short_lines_stay_and_count_in_their_paragraph() -> None:
    assert scoped("}", "return None", "Parameters", "同意所有", characters=20) == []
    assert len(scoped("我们使用饼干来改善你的体验", characters=20)) == 1  # thirteen characters, two columns each
    [menu] = scoped("Home\nAbout our team\nContact", characters=20)  # a menu goes as a whole
    assert scoped("Home\nAbout our team\nPrivacy", characters=20) != [menu]


def test_a_line_of_another_host_or_kind_has_another_key() -> None:
    found = find_units(texts_of("one line of text", "one line of text"), 1)
    assert len(set(unit_keys(found, hash_texts(pa.array(["a.example", "b.example"]))))) == 2
    assert len(set(unit_keys(found, hash_texts(pa.array(["a.example", "a.example"]))))) == 1
    assert set(scoped("one\ntwo")) & set(scoped("one", "two")) == set(scoped("one", "two"))
    assert len(set(scoped("one\ntwo"))) == 3


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 6)), max_size=40), st.randoms())
def test_documents_are_counted_not_lines(pairs: list[tuple[int, int]], random: object) -> None:
    """(key, rank) pairs in any order."""
    random.shuffle(pairs)  # type: ignore[attr-defined]
    units = np.array([key for key, _ in pairs], np.uint64)
    ranks = np.array([rank for _, rank in pairs], np.int64)
    found = count_units(units, units * np.uint64(10), ranks)
    holders = defaultdict(set)
    for key, rank in pairs:
        holders[key].add(rank)
    assert found.keys.tolist() == sorted(holders)
    assert found.scopes.tolist() == [key * 10 for key in sorted(holders)]
    assert found.documents.tolist() == [len(holders[key]) for key in sorted(holders)]
    assert found.first.tolist() == [min(holders[key]) for key in sorted(holders)]


def test_how_many_documents_are_enough() -> None:
    assert LineConfig().required_documents(np.array([3, 35, 36, 1000])).tolist() == [7, 7, 8, 200]
    assert LineConfig(scope="crawl", share=0.0).required_documents(np.array([10**6])).tolist() == [7]


@pytest.mark.parametrize(("wrong", "says"), [({"scope": "site"}, "host"), ({"documents": 1}, "2"), ({"share": 2}, "1")])
def test_what_makes_no_sense_is_refused(wrong: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        LineConfig(**wrong)
