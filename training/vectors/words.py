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

CHINESE = ("zh", "yue", "wuu")  # the languages whose words the dictionary of jieba has
HAN = re.compile("[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
DIGIT = re.compile(r"\d")


@dataclass(frozen=True, kw_only=True)
class WordConfig:
    """`normal_form`: NFKC also makes full-width letters, ligatures and raised digits plain ones. `numbers`: words of
    digits alone; zero makes every digit of any word a 0. `stop_words`: those of the text's language. `chinese`: whether
    Chinese is cut into words or characters; other scripts without spaces are cut into characters.

    Raises ValueError naming a setting that cannot be."""

    normal_form: Literal["NFKC", "NFC"] = "NFKC"
    lower_case: bool = True
    numbers: Literal["keep", "zero", "drop"] = "keep"
    stop_words: Literal["keep", "drop"] = "keep"
    chinese: Literal["words", "characters"] = "words"

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
        text = self.prepare(text)
        words = [*self._chinese(text)] if self._is_cut(language) else WORD.findall(text)
        if self.config.numbers == "zero":
            words = [DIGIT.sub("0", word) for word in words]
        elif self.config.numbers == "drop":
            words = [word for word in words if not word.isdecimal()]
        if self.config.stop_words == "drop":
            stops = self._stop_words.get(language, frozenset())
            words = [word for word in words if word.lower() not in stops]
        return words

    def prepare(self, text: str) -> str:
        """The text in the normal form and case of the words."""
        text = compose(text)
        if self.config.normal_form == "NFKC":
            text = unicodedata.normalize("NFKC", text)
        return text.lower() if self.config.lower_case else text

    def _is_cut(self, language: str) -> bool:
        return self.config.chinese == "words" and language in CHINESE

    def _chinese(self, text: str) -> Iterator[str]:
        """The dictionary cuts runs of Chinese characters alone: what stands between them has words as elsewhere."""
        end = 0
        for run in HAN.finditer(text):
            yield from WORD.findall(text[end : run.start()])
            yield from self._cut(run.group())
            end = run.end()
        yield from WORD.findall(text[end:])

    @cached_property
    def _cut(self) -> Callable[[str], list[str]]:
        try:
            from rjieba import cut
        except ImportError as error:
            raise ValueError(
                "Chinese is cut into words by rjieba: pip install 'headwater[vectors]', or --chinese characters"
            ) from error
        return cut

    @cached_property
    def _stop_words(self) -> dict[str, frozenset[str]]:
        return {code: frozenset(language.stop_words.split()) for code, language in LANGUAGES.items()}
