"""Overlap: items are found in documents word for word or nearly so, with their place, and nothing else is."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import replace

import pyarrow as pa
import pytest
from collections_of_text import CHINESE, ENGLISH
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.contamination.benchmark_grams import BenchmarkNgrams
from corpus.contamination.overlap import WINDOW, ItemFinder, Match
from corpus.contamination.policy import NEAR, NGRAM, ContaminationConfig
from corpus.text.normal_form import words

CONFIG = ContaminationConfig()
QUESTION = (
    "What happens to a copper wire of two metres when a current of nine amperes runs through it "
    "for an hour without rest?"
)
FRAME = "Our garden club met on Sunday.\n\n{}\n\nAfterwards there was tea for everybody who had come."


def grams(*texts: str, config: ContaminationConfig = CONFIG) -> BenchmarkNgrams:
    names = ["task", "item_id", "part", "text"]
    rows = [dict(zip(names, ("quiz", str(number), "question", text), strict=True)) for number, text in enumerate(texts)]
    return BenchmarkNgrams(pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in names])), config)


def find(items: BenchmarkNgrams, *documents: str) -> list[Match]:
    return ItemFinder(items).find(pa.array(documents, pa.large_string()))


def held(document: str, found: Match) -> str:
    return document[found.start : found.stop]


def test_a_question_is_found_whatever_its_case_and_punctuation() -> None:
    written = QUESTION.upper().replace(" ", "\n\t", 3).replace("it for", "it -- for")
    page = FRAME.format(written)
    [found] = find(grams(QUESTION), "nothing", page)
    assert (found.document, found.kind, found.measure) == (1, NGRAM, 1.0)
    assert held(page, found) == written.removesuffix("?")


def test_thirteen_words_in_a_row_are_a_match_and_twelve_are_not() -> None:
    asked = words(QUESTION)
    [found] = find(grams(QUESTION), FRAME.format(" ".join(asked[4:17])))
    assert (found.kind, found.measure) == (NGRAM, 13 / len(asked))
    assert not find(grams(QUESTION), FRAME.format(" ".join(asked[4:16])))


def test_runs_are_added_up_and_the_longest_one_is_shown() -> None:
    asked = words(QUESTION)
    page = FRAME.format(f"{' '.join(asked[:13])}, dear reader, {' '.join(asked[8:])}")
    [found] = find(grams(QUESTION), page)
    assert (found.measure, held(page, found)) == (1.0, " ".join(asked[8:]))


def test_a_short_item_must_be_there_as_a_whole() -> None:
    short = "Which gas do plants take out of the air?"
    [found] = find(grams(short), FRAME.format(short))
    assert (found.kind, found.measure) == (NGRAM, 1.0)
    assert not find(grams(short), FRAME.format("Which gas do plants take out of the water?"))


def test_too_short_to_tell() -> None:
    items = grams("Predators eat", "0.0.0.0 0.0.0.0 0.0.0.0 0.0", QUESTION, "太阳的绝对星等是", "")
    assert items.too_short() == [("quiz", number) for number in ("0", "1", "3", "4")]
    assert not find(items, "Predators eat. 0.0.0.0 0.0.0.0 0.0.0.0 0.0 太阳的绝对星等是")


def test_chinese_counts_characters_by_the_number_that_an_english_word_takes() -> None:
    asked = "一般认为望远镜是荷兰的商人发明的而首位将望远镜用于天文观测的人是谁"
    assert (CONFIG.size(13, unspaced=True), CONFIG.size(8, unspaced=True)) == (21, 13)
    page = f"今天天气很好。{asked[:9]}，{asked[9:21]}。"
    [found] = find(grams(asked), page)
    assert (found.measure, held(page, found)) == (21 / len(asked), f"{asked[:9]}，{asked[9:21]}")
    assert not find(grams(asked), f"今天天气很好。{asked[:20]}。")


def test_a_paraphrase_with_some_words_replaced_is_near() -> None:
    written = QUESTION.replace("metres", "feet").replace("through", "along")
    page = FRAME.format(written)
    [found] = find(grams(QUESTION), page)
    assert found.kind == NEAR and 0.6 <= found.measure < 1
    assert written.startswith(held(page, found)[:40]) and held(page, found) in written


def test_an_item_is_found_however_its_file_composes_letters() -> None:
    asked = "Trường đại học nào lớn nhất ở thành phố được xây dựng vào thế kỷ thứ mười chín bởi người Pháp"
    for form in ("NFC", "NFD"):
        [found] = find(grams(unicodedata.normalize(form, asked)), asked)
        assert (found.measure, held(asked, found)) == (1.0, asked)


def test_lower_case_of_another_length_and_a_mark_behind_no_letter_move_no_place() -> None:
    thai = "การเดินทางไปยังประเทศไทยในฤดูหนาวเป็นสิ่งที่นักท่องเที่ยวจำนวนมากชื่นชอบ"
    turkish = "İstanbul'da İlk ışık Ἐν ὈΔΥΣΣΕΎΣ Straße İKİ İNSAN görür ve yine de evine dönmez çünkü İSTANBUL büyüktür"
    for asked in (thai, turkish):
        page = f"İİ ß 😀 \u0e31 “\u0e48{asked}” \u0e31"
        [found] = find(grams(asked), page)
        assert (found.kind, found.measure, held(page, found)) == (NGRAM, 1.0, asked)


def test_of_several_places_of_a_long_page_the_nearest_is_told() -> None:
    asked, rest = words(QUESTION), "tea and cake for everybody who came to see our garden again " * 40
    weak = " ".join([*asked[:8], "or", *asked[12:16]])
    written = QUESTION.replace("metres", "feet").replace("through", "along")
    page = f"{weak}\n{rest}\n{written}\n{rest}\n{weak}"
    [found] = find(grams(QUESTION), page)
    assert found.kind == NEAR and found.start >= page.index(written) and held(page, found) in written


def test_words_that_are_spread_over_a_page_are_not_near() -> None:
    asked = words(QUESTION)
    pieces = [" ".join(asked[place : place + 4]) for place in range(0, len(asked), 2)]
    assert not find(grams(QUESTION), " so much for the garden and for the tea that we had there ".join(pieces))


def test_a_template_of_many_items_is_no_match() -> None:
    frame = "Which of the following statements about the {} of the river is the only one that is true today?"
    things = [f"{one}{two}" for one in ENGLISH[:4] for two in ENGLISH[:3]]
    page = FRAME.format(frame.format("colour and the smell"))
    assert not find(grams(*(frame.format(thing) for thing in things)), page)
    few = find(grams(*(frame.format(thing) for thing in things[:5])), page)
    assert {found.kind for found in few} == {NEAR}, "of few items, it is no template"
    known = grams(QUESTION, *(frame.format(thing) for thing in things))
    assert [found.text for found in find(known, FRAME.format(QUESTION), page)] == [known.texts.index(QUESTION)]


def test_texts_that_several_items_have_are_one() -> None:
    items = grams(QUESTION, "Another question that is asked of nobody here today", QUESTION)
    [found] = find(items, QUESTION)
    assert items.owners[found.text] == [("quiz", "0", "question"), ("quiz", "2", "question")]


def naive(item: str, document: str, unspaced: bool) -> tuple[float, float]:
    """(share of the item's words in runs of enough, most of its shingles in one window), by comparing all with all."""
    size, shingle = CONFIG.size(CONFIG.words, unspaced), CONFIG.size(CONFIG.shingle_words, unspaced)
    mine, there = words(item), words(document)
    size = min(size, len(mine))
    known = {tuple(there[place : place + size]) for place in range(len(there) - size + 1)}
    covered = {
        place + step
        for place in range(len(mine) - size + 1)
        if tuple(mine[place : place + size]) in known
        for step in range(size)
    }
    wanted = {tuple(mine[place : place + shingle]) for place in range(len(mine) - shingle + 1)}
    width = int(len(mine) * WINDOW)
    most = 0
    for start in range(max(1, len(there) - width + 1)):
        window = there[start : start + width]
        most = max(
            most, len(wanted & {tuple(window[place : place + shingle]) for place in range(len(window) - shingle + 1)})
        )
    return len(covered) / len(mine), most / len(wanted)


@pytest.mark.parametrize("unspaced", [False, True])
def test_it_finds_what_comparing_all_words_finds(unspaced: bool) -> None:
    """Edited copies of items among other words: 400 pairs, near the bounds as well as far from them."""
    dice = random.Random(7)
    vocabulary = list(CHINESE) if unspaced else [f"{one}{two}" for one in ENGLISH for two in ENGLISH]
    joint = "" if unspaced else " "
    items = [dice.choices(vocabulary, k=dice.randrange(22, 60)) for _ in range(20)]
    known = grams(*map(joint.join, items))
    seen = {NGRAM: 0, NEAR: 0, None: 0}
    for rate in (0.0, 0.03, 0.06, 0.1, 0.15, 0.2):
        for item in items:
            copy = [dice.choice(vocabulary) if dice.random() < rate else word for word in item]
            around = dice.choices(vocabulary, k=80)
            page = joint.join([*around[:40], *copy, *around[40:]])
            same, near = naive(joint.join(item), page, unspaced)
            mine = {one.kind: one.measure for one in find(known, page) if known.texts[one.text] == joint.join(item)}
            assert mine.get(NGRAM, 0.0) == pytest.approx(same)
            if same < CONFIG.share:
                assert mine.get(NEAR, 0.0) == pytest.approx(near if near >= CONFIG.containment else 0.0)
            for kind in mine or [None]:
                seen[kind] += 1
    assert min(seen.values()) > 10


@settings(max_examples=100, deadline=None)
@given(st.text("ab é河“-\n_’", max_size=80), st.text("ab é河“-\n_’", max_size=200))
def test_any_text_is_looked_at(item: str, page: str) -> None:
    config = replace(CONFIG, words=4, min_words=3, shingle_words=1, characters_per_word=1.0)
    for found in find(grams(item, config=config), page, page + item):
        text = (page, page + item)[found.document]
        assert 0 <= found.start < found.stop <= len(text) and 0 < found.measure <= 1
        assert words(held(text, found))
