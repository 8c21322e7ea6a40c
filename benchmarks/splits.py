"""Splits: bytes a token stands for, by language, when the vocabulary is learnt with another split than ours."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any
from unittest.mock import patch

from tokenizers import Tokenizer

from benchmarks.crawl_input import SHARED
from corpus.tokenizer.splits import GPT4, OWN
from corpus.tokenizer.vocabulary import LONGEST_TOKEN, VocabularyConfig, train_vocabulary

SENTENCES = SHARED.parent / "langid" / "LASER-tatoeba" / "v1"
LANGUAGES = {"hi": "hin", "bn": "ben", "th": "tha", "ar": "ara", "ru": "rus", "ko": "kor"}
SIZE = 16_384
HELD_OUT = 10  # one text in so many
CJK = r"\p{Han}\p{Hiragana}\p{Katakana}ー"
LETTERS = r"[^\r\n\p{L}\p{M}\p{N}]?[\p{L}\p{M}]{1,64}"
OTHERS = rf"[^\r\n\p{{L}}\p{{M}}\p{{N}}]?[[\p{{L}}\p{{M}}]&&[^{CJK}]]{{1,64}}"
DIGITS = r"\p{N}{1,3}(?=(?:\p{N}{3}){0,7}(?!\p{N}))|\p{N}{3}"
SPLITS: dict[str, tuple[str, int]] = {
    "ours": (OWN, LONGEST_TOKEN),
    "digits from the left": (OWN.replace(DIGITS, r"\p{N}{1,3}"), LONGEST_TOKEN),
    "marks are no letters, as in GPT-4's": (OWN.replace(r"\p{M}", ""), LONGEST_TOKEN),
    "Han and kana apart, four at most": (OWN.replace(LETTERS, rf"[{CJK}]{{1,4}}|{OTHERS}"), LONGEST_TOKEN),
    "Han and kana apart, 64 at most": (OWN.replace(LETTERS, rf"[{CJK}]{{1,64}}|{OTHERS}"), LONGEST_TOKEN),
    "Han, hiragana and katakana each apart": (
        OWN.replace(LETTERS, rf"\p{{Han}}{{1,64}}|[\p{{Hiragana}}ー]{{1,64}}|[\p{{Katakana}}ー]{{1,64}}|{OTHERS}"),
        LONGEST_TOKEN,
    ),
    "tokens of any length": (OWN, 1_000),
    "GPT-4's": (GPT4, 1_000),
}


def sentences() -> Iterator[tuple[str, str]]:
    """Language and ten sentences of it."""
    for language, code in LANGUAGES.items():
        lines = (SENTENCES / f"tatoeba.{code}-eng.{code}").read_text().splitlines()
        for first in range(0, len(lines), 10):
            yield language, "\n".join(lines[first : first + 10])


def measure(found: Sequence[tuple[str, str]]) -> dict[str, dict[str, float]]:
    """By split and language: bytes of held-out text a token, learnt from the others."""
    held: dict[str, list[str]] = {}
    learnt = []
    for language, text in found:
        if int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % HELD_OUT:
            learnt.append(text)
        else:
            held.setdefault(language, []).append(text)
    results = {}
    for name, (split, longest) in SPLITS.items():
        with (
            patch("corpus.tokenizer.vocabulary.OWN", split),
            patch("corpus.tokenizer.vocabulary.LONGEST_TOKEN", longest),
        ):
            tokenizer = Tokenizer.from_str(train_vocabulary(iter(learnt), VocabularyConfig(size=SIZE)).decode())
        results[name] = {
            language: sum(len(text.encode()) for text in texts)
            / sum(map(len, tokenizer.encode_batch_fast(texts, add_special_tokens=False)))
            for language, texts in sorted(held.items())
        }
        print(name, results[name], flush=True)
    return results


def table(results: dict[str, Any]) -> str:
    languages = list(results["ours"])
    lines = ["| split | " + " | ".join(languages) + " |", "|---|" + "---|" * len(languages)]
    for name, row in results.items():
        lines.append(f"| {name} | " + " | ".join(f"{row[language]:.3f}" for language in languages) + " |")
    return "\n".join(lines) + "\n"
