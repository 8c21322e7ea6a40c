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
SPACES = re.compile("[ \t\u00a0\u2000-\u200a\u202f\u205f\u3000]+(?=\n|$)")
BLANK_LINES = re.compile("\n{3,}")

# Scripts that are written without spaces: each of their characters counts as a word of its own.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # kana, Han
)
WORD = re.compile(f"[{UNSPACED}]|[^\\W_{UNSPACED}]+")
UNSPACED_CHARACTER = re.compile(f"[{UNSPACED}]")


def normalise(text: str) -> str:
    """NFC, "\\n" line ends, no invisible characters, no trailing spaces, at most one blank line. Idempotent."""
    text = INVISIBLE.sub("", BREAKS.sub("\n", text))
    text = SPACES.sub("", unicodedata.normalize("NFC", text))
    return BLANK_LINES.sub("\n\n", text).strip("\n")


def words(text: str) -> list[str]:
    """Lower-cased words; in scripts without spaces, characters."""
    return WORD.findall(text.lower())
