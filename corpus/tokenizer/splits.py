"""Splits: how a text is cut into the words inside which pieces are merged, as regular expressions that match all of it.

Both engines that run them, Oniguruma in tokenizers and fancy-regex in tiktoken, cut every text alike by these; by
another expression they need not.
"""

from __future__ import annotations

# Radford et al. 2019.
GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
# Those of cl100k_base and o200k_base, the vocabularies of GPT-4 and GPT-4o.
GPT4 = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s+\z|\s*[\r\n]|\s+(?!\S)|\s"
)
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_ENDING = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
GPT4O = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+{_ENDING}|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*{_ENDING}"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# Our own is GPT-4's without contractions. What differs, measured in docs/tokenizer-measured.md:
# - A letter takes its marks along: vowel signs are marks, at which GPT-4's split cuts every word of Hindi or Bengali.
# - Digits go in threes from the right, as people group them, so that equal positions fall together: "1234567" is
#   1 234 567 (Singh & Strouse 2024, arXiv:2402.14903). Of more than 24 the first ones go from the left, for what looks
#   ahead must be bounded.
# - Han and kana are letters in runs: cut into pieces by length or by script they cost more tokens, not fewer.
# Runs are bounded at 64 characters: each is one word to learn from, and those of a page of noise are all different.
OWN = (
    r"[^\r\n\p{L}\p{M}\p{N}]?[\p{L}\p{M}]{1,64}"
    r"|\p{N}{1,3}(?=(?:\p{N}{3}){0,7}(?!\p{N}))|\p{N}{3}"
    r"| ?[^\s\p{L}\p{M}\p{N}]{1,64}[\r\n]{0,64}"
    r"|\s{0,64}[\r\n]{1,64}|\s{1,64}(?!\S)|\s{1,64}"
)
KNOWN = (OWN, GPT2, GPT4, GPT4O)
