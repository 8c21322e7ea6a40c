"""Toxicity: the share of a text's words that stand on a list of bad words of its language.

The lists are the user's: a folder at any fsspec URL with a file a language ("en", "zh.txt"), one word or phrase a line,
as in https://github.com/LDNOOBW. A bound on the share, and not the single word that C4 drops a page for, because that
removed medical pages and those by and about minorities (Dodge et al. 2021, arXiv:2104.08758).
"""

from __future__ import annotations

import hashlib
import posixpath
from collections import Counter
from dataclasses import dataclass

import fsspec

from corpus.optout.blocklists import read_list
from corpus.text.normal_form import words


@dataclass(frozen=True, kw_only=True)
class BadWordConfig:
    """`folder`: URL of the lists, none by default; `maximum`: the share of bad words above which a page goes."""

    folder: str | None = None
    maximum: float = 0.02


@dataclass(frozen=True, kw_only=True)
class BadWords:
    """`share` of the words; `found`: phrase -> times."""

    share: float
    found: dict[str, int]


class BadWordLists:
    """The lists of a folder, read once. Raises ValueError when it holds none."""

    def __init__(self, folder: str) -> None:
        fs, root = fsspec.core.url_to_fs(folder)
        self._phrases: dict[str, dict[str, list[tuple[str, ...]]]] = {}
        digest = hashlib.sha256()
        for path in sorted(fs.ls(root, detail=False)) if fs.isdir(root) else []:
            code = posixpath.basename(path).removesuffix(".txt")
            # Language codes of two or three letters: a licence or a readme is no list.
            if not (2 <= len(code) <= 3 and code.isalpha() and code.islower()):
                continue
            entries, found = read_list(fs.unstrip_protocol(path))
            digest.update(f"{code} {found}\n".encode())
            self._phrases[code] = _by_first_word(entries)
        if not self._phrases:
            raise ValueError(
                f"{folder} holds no lists of bad words: wanted files named by language, such as en or zh.txt"
            )
        self.digest = f"sha256:{digest.hexdigest()}"

    def measure(self, text: str, language: str) -> BadWords:
        """Zero for a language without a list. Longest phrases first, none twice; where characters are words, a phrase
        is found anywhere, elsewhere only as whole words."""
        phrases = self._phrases.get(language)
        tokens = words(text) if phrases else []
        found: Counter[str] = Counter()
        bad = position = 0
        while phrases and position < len(tokens):
            candidates = phrases.get(tokens[position], ())
            phrase = next((p for p in candidates if tuple(tokens[position : position + len(p)]) == p), None)
            if phrase is not None:
                found[" ".join(phrase)] += 1
                bad += len(phrase)
            position += len(phrase) if phrase else 1
        return BadWords(share=bad / max(1, len(tokens)), found=dict(found))


def _by_first_word(entries: list[str]) -> dict[str, list[tuple[str, ...]]]:
    """Phrases by their first word, the longest first. A bare number is none: "13." is an insult, but 13 is not."""
    phrases = {tuple(words(entry)) for entry in entries}
    found: dict[str, list[tuple[str, ...]]] = {}
    for phrase in sorted(phrases, key=lambda phrase: (-len(phrase), phrase)):
        if phrase and not "".join(phrase).isdigit():
            found.setdefault(phrase[0], []).append(phrase)
    return found
