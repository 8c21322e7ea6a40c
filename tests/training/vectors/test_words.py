"""Words of texts, as each setting prepares them."""

from __future__ import annotations

import sys

import pytest

from training.vectors.parts_of_speech import tagger_of
from training.vectors.words import WordConfig, WordSplitter


def split(text: str, language: str = "en", **settings: object) -> list[str]:
    return WordSplitter(WordConfig(**settings)).split(text, language)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("The Queue, and 2 threads.", "en", ["the", "queue", "and", "2", "threads"]),
        ("Größe: naïve café", "de", ["größe", "naïve", "café"]),
        ("cafe\u0301", "fr", ["café"]),
        ("ＡＢＣ ﬁne", "en", ["abc", "fine"]),
        ("हिन्दी भाषा", "hi", ["हिन्दी", "भाषा"]),
        ("我来到北京清华大学", "zh", ["我", "来到", "北京", "清华大学"]),
        ("用Python写代码。OK!", "zh", ["用", "python", "写", "代码", "ok"]),
        ("東京へ", "ja", ["東", "京", "へ"]),
        ("", "en", []),
    ],
)
def test_words_by_default(text: str, language: str, words: list[str]) -> None:
    assert split(text, language) == words


def test_each_setting() -> None:
    assert split("The Queue", lower_case=False) == ["The", "Queue"]
    assert split("ＡＢＣ", normal_form="NFC") == ["ａｂｃ"]
    assert split("Born 1984 in a 2nd house", numbers="zero") == ["born", "0000", "in", "a", "0nd", "house"]
    assert split("Born 1984 in a 2nd house", numbers="drop") == ["born", "in", "a", "2nd", "house"]
    assert split("北京大学", "zh", chinese="characters") == ["北", "京", "大", "学"]


def test_stop_words_are_those_of_the_language() -> None:
    assert split("The cow and die Kuh", "en", stop_words="drop") == ["cow", "die", "kuh"]
    assert split("The cow and die Kuh", "de", stop_words="drop") == ["the", "cow", "and", "kuh"]
    assert split("The cow", "en", stop_words="drop", lower_case=False) == ["cow"]
    assert split("The cow", "und", stop_words="drop") == ["the", "cow"]


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("I can open the can.", "en", ["i_PRON", "can_AUX", "open_VERB", "the_DET", "can_NOUN"]),
        ("Paris is nice. They run", "en", ["paris_PROPN", "is_AUX", "nice_ADJ", "they_PRON", "run_VERB"]),
        ("Der schnelle Hund springt.", "de", ["der_DET", "schnelle_ADJ", "hund_NOUN", "springt_VERB"]),
        ("他在北京大学用Python学习", "zh", ["他_PRON", "在_ADP", "北京大学_PROPN", "用_ADP", "python_X", "学习_VERB"]),
        ("le chat dort", "fr", ["le", "chat", "dort"]),
    ],
)
def test_words_have_the_part_of_speech_of_their_place(text: str, language: str, words: list[str]) -> None:
    assert split(text, language, parts_of_speech=True) == words


def test_words_that_are_left_out_are_so_after_they_were_read() -> None:
    """A tagger needs the whole sentence."""
    found = split("The 2 dogs run.", parts_of_speech=True, stop_words="drop", numbers="drop")
    assert found == ["dogs_NOUN", "run_VERB"]


def test_without_a_tagger_parts_of_speech_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "HanTa.HanoverTagger", None)
    tagger_of.cache_clear()
    with pytest.raises(ValueError, match=r"pip install 'headwater\[vectors\]'"):
        split("a cow", parts_of_speech=True)


def test_without_rjieba_chinese_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rjieba", None)
    assert split("a cow") == ["a", "cow"]
    with pytest.raises(ValueError, match=r"pip install 'headwater\[vectors\]', or --chinese characters"):
        split("北京", "zh")


def test_a_setting_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="numbers 'none' is unknown; choose one of keep, zero, drop"):
        WordConfig(numbers="none")  # type: ignore[arg-type]
