"""Rules: what a rule drops, with its value and its bound; and what it must leave alone."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from corpus.quality import NAMES, measure
from corpus.rules import DAMAGE, GOPHER_QUALITY, Failure, Rule, failures

RULES = (*GOPHER_QUALITY, *DAMAGE)
SENTENCES = [
    "The rain that falls on the hills gathers in brooks and the brooks run to one river.",
    "It carries sand and stones with it, and lays them down where its bed is flat.",
    "People have built mills along its banks, to be near the water and the road.",
    "Where it meets the sea, an island of mud grows a little wider every year.",
]
GOOD = "\n".join(SENTENCES)


def failed(text: str, language: str = "en", score: float = 0.9) -> dict[str, Failure]:
    found = failures(asdict(measure(text)), language, score, RULES, minimum_score=0.3)
    return {failure.rule: failure for failure in found}


def test_a_good_page_stays() -> None:
    assert failed(GOOD) == {}


BAD = {
    "gopher_words": ("\n".join(SENTENCES[:1]), 17, 50),
    "gopher_mean_word_length": ("a of to be " * 20 + GOOD, None, 3),
    "gopher_symbols": (GOOD + " #" * 30, 30 / 63, 0.1),
    "gopher_bullet_lines": ("\n".join(f"- {line}" for line in SENTENCES), 1, 0.9),
    "gopher_ellipsis_lines": ("\n".join(f"{line}..." for line in SENTENCES[:2]) + "\n" + GOOD, 1 / 3, 0.3),
    "gopher_alphabetic_words": (GOOD + " 12" * 40, 63 / 103, 0.8),
    "gopher_stop_words": ("rivers carry sand downhill " * 20, 0, 2),
    "duplicate_lines": ("\n".join([GOOD] * 3), 2 / 3, 0.5),
    "replacement_characters": (GOOD + "\ufffd" * 3, None, 0.001),
}


def test_every_rule_of_the_table_has_a_text_that_it_drops() -> None:
    assert {rule.name for rule in RULES} == set(BAD)
    assert {rule.measure for rule in RULES} <= set(NAMES)


@pytest.mark.parametrize("name", BAD)
def test_a_failing_rule_is_reported_with_value_and_bound(name: str) -> None:
    text, value, threshold = BAD[name]
    found = failed(text)[name]
    assert found.threshold == threshold
    assert found.value == pytest.approx(getattr(measure(text), next(r.measure for r in RULES if r.name == name)))
    if value is not None:
        assert found.value == pytest.approx(value)


def test_the_upper_bounds_hold_too() -> None:
    assert failed("pneumonoultramicroscopic " * 60 + "the and of")["gopher_mean_word_length"].threshold == 10
    assert failed("the river and the hill " * 20_001)["gopher_words"].threshold == 100_000


def test_a_value_at_its_bound_stays() -> None:
    rule = Rule(name="r", measure="words", minimum=2, maximum=4)
    bounds = [rule.broken_bound(value) for value in (1.999, 2, 3, 4, 4.001)]
    assert bounds == [2, None, None, None, 4]


def test_all_failing_rules_are_reported_in_the_order_of_the_table() -> None:
    found = failed("- 1 2 # # \ufffd...\n" * 3, "en", 0.1)
    assert list(found) == ["language_score", *(rule.name for rule in RULES)]
    assert found["language_score"] == Failure(rule="language_score", value=0.1, threshold=0.3)


def test_an_undetermined_language_fails_whatever_its_score() -> None:
    assert list(failed(GOOD, "und", 0.9)) == ["language_score"]
    assert failed(GOOD, "en", 0.3) == {}, "the bound itself is enough"


OTHERS = {
    "zh": "落在山上的雨水汇成小溪，小溪又汇成一条大河。河水带着沙子和石头，在平坦的地方把它们放下。人们在河边盖了磨坊。"
    * 2,
    "ja": "丘に降った雨は小川に集まり、小川はやがて一つの川になる。川は砂や石を運び、平らな所に置いていく。" * 2,
    "th": "ภาษาไทยเป็นภาษาที่มีระดับเสียงของคำแน่นอนหรือวรรณยุกต์เช่นเดียวกับภาษาจีน และออกเสียงแยกคำต่อคำ " * 2,
    "ko": "언덕에 내린 비는 개울로 모이고 그 물은 다시 큰 강이 되어 먼 바다로 흘러 간다. 강은 모래와 돌을 옮긴다. " * 5,
    "hi": "भारत दक्षिण एशिया में स्थित सबसे बड़ा देश है। यह क्षेत्रफल की दृष्टि से विश्व का सातवाँ बड़ा देश है। " * 3,
    "ru": "Дождь, который выпадает на холмах, собирается в ручьи, а ручьи сливаются в одну большую реку. " * 5,
}


@pytest.mark.parametrize("language", OTHERS)
def test_other_languages_stay(language: str) -> None:
    assert failed(OTHERS[language], language) == {}


def test_stop_words_are_asked_of_english_alone() -> None:
    text = BAD["gopher_stop_words"][0]
    assert "gopher_stop_words" in failed(text, "en")
    assert "gopher_stop_words" not in failed(text, "nl")
