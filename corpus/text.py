"""Text: one form for all text, and its words, in languages with and without spaces."""

from __future__ import annotations

import re
import unicodedata

# Control characters but for tab and newline, zero-width and bidirectional marks, the byte order mark, and lone
# surrogates: nothing that a reader sees, and each of them has broken a tokenizer or a filter somewhere.
INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ud800-\udfff]"
)
BREAKS = re.compile("\r\n?|[\u0085\u2028\u2029]")
# Possessive, and only from a run's first space: otherwise a megabyte of spaces takes the square of its length.
SPACE = "[ \t\u00a0\u2000-\u200a\u202f\u205f\u3000]"
SPACES = re.compile(f"(?<!{SPACE}){SPACE}++(?=\n|$)")
BLANK_LINES = re.compile("\n{3,}")

# Scripts that are written without spaces: each of their characters counts as a word of its own.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # kana, Han
)
# Vowel signs and accents that stand behind their letter, and the joiners between letters: Python's \\w has neither, and
# without them a word of Hindi falls into pieces of one or two characters.
MARKS = "\u200c\u200d" + "".join(c for c in map(chr, range(0x10000)) if unicodedata.category(c) in ("Mn", "Mc"))
LETTERS = f"[^\\W_{UNSPACED}]"
WORD = re.compile(f"[{UNSPACED}][{MARKS}]*|{LETTERS}+(?:[{MARKS}]+{LETTERS}*)*")
UNSPACED_CHARACTER = re.compile(f"[{UNSPACED}]")


def normalise(text: str) -> str:
    """NFC, "\\n" line ends, no invisible characters, no trailing spaces, at most one blank line. Idempotent."""
    text = INVISIBLE.sub("", BREAKS.sub("\n", text))
    text = SPACES.sub("", unicodedata.normalize("NFC", text))
    return BLANK_LINES.sub("\n\n", text).strip("\n")


def words(text: str) -> list[str]:
    """Lower-cased words; in scripts without spaces, characters."""
    return WORD.findall(text.lower())
