"""Words: a text -> its words, prepared for word vectors as the settings say."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from corpus.config import check_choices
from corpus.language.languages import LANGUAGES
from corpus.text.normal_form import WORD, compose
from training.vectors.parts_of_speech import OTHER, tag_chinese, tagger_of

CHINESE = ("zh", "yue", "wuu")  # the languages whose words the dictionary of jieba has
HAN = re.compile("[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
DIGIT = re.compile(r"\d")
SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")


@dataclass(frozen=True, kw_only=True)
class WordConfig:
    """`normal_form`: NFKC also makes full-width letters, ligatures and raised digits plain ones. `numbers`: words of
    digits alone; zero makes every digit of any word a 0. `stop_words`: those of the text's language. `chinese`: whether
    Chinese is cut into words or characters; other scripts without spaces are cut into characters. `parts_of_speech`: a
    word has behind it which part of speech it is in its sentence, as can_NOUN and can_AUX, where there is a tagger of
    the language.

    Raises ValueError naming a setting that cannot be."""

    normal_form: Literal["NFKC", "NFC"] = "NFKC"
    lower_case: bool = True
    numbers: Literal["keep", "zero", "drop"] = "keep"
    stop_words: Literal["keep", "drop"] = "keep"
    chinese: Literal["words", "characters"] = "words"
    parts_of_speech: bool = False

    def __post_init__(self) -> None:
        check_choices(self)


class WordSplitter:
    """Splits texts as a configuration says."""

    def __init__(self, config: WordConfig) -> None:
        self.config = config

    def split(self, text: str, language: str) -> list[str]:
        """The words of a text. `language`: its code, as corpus.language has it; what is Chinese is cut into words, and
        which words are stop words depends on it.

        Raises ValueError, saying what to install, for a Chinese text where there is no rjieba."""
        words = []
        for word, tag in self._tagged(self._normal(text), language):
            word = self._cased(word)
            if self._is_kept(word, language):
                word = DIGIT.sub("0", word) if self.config.numbers == "zero" else word
                words.append(f"{word}_{tag}" if tag else word)
        return words

    def prepare(self, text: str) -> str:
        """The text in the normal form and case of the words."""
        return self._cased(self._normal(text))

    def _normal(self, text: str) -> str:
        text = compose(text)
        return unicodedata.normalize("NFKC", text) if self.config.normal_form == "NFKC" else text

    def _cased(self, text: str) -> str:
        return text.lower() if self.config.lower_case else text

    def _tagged(self, text: str, language: str) -> Iterator[tuple[str, str]]:
        """The words as they are written, with their parts of speech or ""."""
        if self._is_cut(language):
            yield from self._chinese(text)
        elif self.config.parts_of_speech and (tagger := tagger_of(language)) is not None:
            for sentence in SENTENCE_END.split(text):
                if words := WORD.findall(sentence):
                    yield from zip(words, tagger(words), strict=True)
        else:
            yield from ((word, "") for word in WORD.findall(text))

    def _is_kept(self, word: str, language: str) -> bool:
        if self.config.numbers == "drop" and word.isdecimal():
            return False
        return self.config.stop_words == "keep" or word.lower() not in self._stop_words.get(language, frozenset())

    def _is_cut(self, language: str) -> bool:
        return self.config.chinese == "words" and language in CHINESE

    def _chinese(self, text: str) -> Iterator[tuple[str, str]]:
        """The dictionary cuts runs of Chinese characters alone: what stands between them has words as elsewhere."""
        end, other = 0, OTHER if self.config.parts_of_speech else ""
        for run in HAN.finditer(text):
            yield from ((word, other) for word in WORD.findall(text[end : run.start()]))
            yield from self._cut(run.group())
            end = run.end()
        yield from ((word, other) for word in WORD.findall(text[end:]))

    @cached_property
    def _cut(self) -> Callable[[str], list[tuple[str, str]]]:
        try:
            from rjieba import cut
        except ImportError as error:
            raise ValueError(
                "Chinese is cut into words by rjieba: pip install 'headwater[vectors]', or --chinese characters"
            ) from error
        return tag_chinese if self.config.parts_of_speech else lambda run: [(word, "") for word in cut(run)]

    @cached_property
    def _stop_words(self) -> dict[str, frozenset[str]]:
        return {code: frozenset(language.stop_words.split()) for code, language in LANGUAGES.items()}
