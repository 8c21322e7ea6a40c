"""Language: the label that a reader would give, and "und" where there is nothing to read."""

from __future__ import annotations

import pytest

from corpus.language import SAMPLE, UNKNOWN, identify

TEXTS = {
    "en": "The rain that falls on the hills gathers in brooks, and the brooks run together into one river.",
    "de": "Der Regen, der auf die Hügel fällt, sammelt sich in Bächen, und die Bäche werden zu einem Fluss.",
    "fr": "La pluie qui tombe sur les collines se rassemble en ruisseaux, et les ruisseaux forment une rivière.",
    "ja": "丘に降った雨は小川に集まり、小川はやがて一つの川になって海へ流れていきます。",
    "zh": "落在山上的雨水汇成小溪，小溪又汇成一条大河，最后流进大海。",
    "ru": "Дождь, который выпадает на холмах, собирается в ручьи, а ручьи сливаются в одну реку.",
    "ko": "언덕에 내린 비는 개울로 모이고, 개울은 하나의 강이 되어 바다로 흘러갑니다.",
}


@pytest.mark.parametrize("language", TEXTS)
def test_plain_sentences(language: str) -> None:
    ((found, score),) = identify([TEXTS[language]])
    assert found == language
    assert 0.5 < score <= 1


@pytest.mark.parametrize("text", ["", " \n\t", "🎉🎉 🚀", "12345 67.8%", "… — !!! ???", "\u200d"])
def test_nothing_to_read_is_undetermined(text: str) -> None:
    assert identify([text]) == [(UNKNOWN, 0.0)]


def test_odd_texts_get_some_label() -> None:
    odd = ["x", "def f(x):\n    return x ** 2\n", TEXTS["en"] + TEXTS["zh"], "a" * 100_000, "\0", "ﷺ", "𝔘𝔫𝔦"]
    for language, score in identify(odd):
        assert language and 0 <= score <= 1


def test_a_text_has_its_label_whatever_stands_beside_it() -> None:
    texts = list(TEXTS.values())
    alone = [identify([text])[0] for text in texts]
    assert identify(texts) == alone
    assert identify(texts[::-1]) == alone[::-1]
    assert identify([text.replace(" ", "\n") for text in texts]) == alone


def test_the_start_of_a_long_page_decides() -> None:
    start = TEXTS["de"] * (SAMPLE // len(TEXTS["de"]) + 1)
    assert identify([start + TEXTS["ru"] * 1_000]) == identify([start])


def test_no_texts_no_labels() -> None:
    assert identify([]) == []
