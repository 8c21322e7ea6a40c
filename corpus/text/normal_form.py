"""Text: one form for all text, and its words, in languages with and without spaces."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from itertools import pairwise

# Control characters but for tab and newline, soft hyphens, zero-width and bidirectional marks, the byte order mark,
# lone surrogates: nothing that a reader sees, and each of them has broken a tokenizer or a filter somewhere.
INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ud800-\udfff]"
)
BREAKS = re.compile("[\r\u0085\u2028\u2029](?:(?<=\r)\n)?")  # as above: a set first
SPACES = " \t\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
BLANK_LINES = re.compile("\n{3,}")


def _character_class(chosen: Callable[[str], bool], below: int) -> str:
    """The inside of a regular expression's [...]: ranges of the characters below a code point that are chosen."""
    codes = [code for code in range(below) if chosen(chr(code))]
    starts = [code for before, code in pairwise((-2, *codes)) if code != before + 1]
    ends = [code for code, after in pairwise((*codes, -2)) if after != code + 1]
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in zip(starts, ends, strict=True))


# More marks on one letter than any script has (Unicode Standard Annex 15, stream-safe text): sorting them, which is a
# part of NFC, takes the square of their number.
COMBINING = _character_class(lambda character: unicodedata.combining(character) != 0, 0x20000)
STACKED = re.compile(f"([{COMBINING}]{{30}})[{COMBINING}]+")
# No letter of these ranges is such a mark; a look for what is not in them is ten times faster, and mostly vain.
MAYBE_STACKED = re.compile("[^\0-\u02ff\u2000-\u20cf\u2100-\u2bff\u3030-\u3098\u309b-\u9fff\uac00-\ud7a3]{31}")

# Scripts that are written without spaces: each of their characters counts as a word of its own.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # kana, Han
)
# Vowel signs and accents that stand after their letter, and the joiners between letters: Python's \w has neither, and
# without them a word of Hindi falls into pieces of one or two characters.
MARKS = "\u200c\u200d" + _character_class(lambda character: unicodedata.category(character) in ("Mn", "Mc"), 0x10000)
LETTERS = f"[^\\W_{UNSPACED}]"
WORD = re.compile(f"[{UNSPACED}][{MARKS}]*|{LETTERS}+(?:[{MARKS}]+{LETTERS}*)*")
UNSPACED_CHARACTER, LETTER, MARK = re.compile(f"[{UNSPACED}]"), re.compile(LETTERS), re.compile(f"[{MARKS}]")


def normalise(text: str) -> str:
    """NFC, "\\n" line ends, no invisible characters, no trailing spaces, at most one blank line. Idempotent, and linear
    in the length of the text."""
    text = compose(INVISIBLE.sub("", BREAKS.sub("\n", text)))
    text = "\n".join([line.rstrip(SPACES) for line in text.split("\n")])
    return BLANK_LINES.sub("\n\n", text).strip("\n")


def compose(text: str) -> str:
    """NFC, without what is stacked higher than any script does."""
    if text.isascii():
        return text
    text = _unstacked(text)
    composed = unicodedata.normalize("NFC", text)
    return composed if composed == text else _unstacked(composed)


def _unstacked(text: str) -> str:
    return STACKED.sub(r"\1", text) if MAYBE_STACKED.search(text) else text


def words(text: str) -> list[str]:
    """Lower-cased words; in scripts without spaces, characters. A sigma is the same letter at a word's end as
    elsewhere, so that each character's lower case depends on the character alone."""
    return WORD.findall(text.lower().replace("ς", "σ"))


def atomic(name: str, pattern: str) -> str:
    """`(?>pattern)`, which takes what it takes or nothing; as a look-ahead and what it saw, because CPython before
    3.11.5 reads groups that do not give back wrongly (cpython issue 106052)."""
    return f"(?=(?P<{name}>{pattern}))(?P={name})"
