"""Words of texts, as each setting prepares them."""

from __future__ import annotations

import sys

import pytest

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


def test_without_rjieba_chinese_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rjieba", None)
    assert split("a cow") == ["a", "cow"]
    with pytest.raises(ValueError, match=r"pip install 'headwater\[vectors\]', or --chinese characters"):
        split("北京", "zh")


def test_a_setting_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="numbers 'none' is unknown; choose one of keep, zero, drop"):
        WordConfig(numbers="none")  # type: ignore[arg-type]
