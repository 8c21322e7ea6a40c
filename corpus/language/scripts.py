"""Scripts: how much of a text is written in which writing system.

Ranges are Unicode's blocks (Unicode 16, Blocks.txt) cut to the multiples of 16 where their letters stand.
"""

from __future__ import annotations

import numpy as np

LATIN, CYRILLIC, ARABIC, DEVANAGARI = "Latin", "Cyrillic", "Arabic", "Devanagari"
BENGALI, HEBREW, HAN, KANA, HANGUL = "Bengali", "Hebrew", "Han", "Kana", "Hangul"
RANGES = (
    (0x0040, 0x0080, LATIN),
    (0x00C0, 0x02B0, LATIN),
    (0x1E00, 0x1F00, LATIN),
    (0xFF20, 0xFF60, LATIN),
    (0x0370, 0x0400, "Greek"),
    (0x1F00, 0x2000, "Greek"),
    (0x0400, 0x0530, CYRILLIC),
    (0x1C80, 0x1C90, CYRILLIC),
    (0x2DE0, 0x2E00, CYRILLIC),
    (0xA640, 0xA6A0, CYRILLIC),
    (0x0530, 0x0590, "Armenian"),
    (0x0590, 0x0600, HEBREW),
    (0xFB10, 0xFB50, HEBREW),
    (0x0600, 0x0700, ARABIC),
    (0x0750, 0x0780, ARABIC),
    (0x0870, 0x0900, ARABIC),
    (0xFB50, 0xFE00, ARABIC),
    (0xFE70, 0xFF00, ARABIC),
    (0x0700, 0x0750, "Syriac"),
    (0x0780, 0x07C0, "Thaana"),
    (0x07C0, 0x0800, "N'Ko"),
    (0x0900, 0x0980, DEVANAGARI),
    (0x0980, 0x0A00, BENGALI),
    (0x0A00, 0x0A80, "Gurmukhi"),
    (0x0A80, 0x0B00, "Gujarati"),
    (0x0B00, 0x0B80, "Odia"),
    (0x0B80, 0x0C00, "Tamil"),
    (0x0C00, 0x0C80, "Telugu"),
    (0x0C80, 0x0D00, "Kannada"),
    (0x0D00, 0x0D80, "Malayalam"),
    (0x0D80, 0x0E00, "Sinhala"),
    (0x0E00, 0x0E80, "Thai"),
    (0x0E80, 0x0F00, "Lao"),
    (0x0F00, 0x1000, "Tibetan"),
    (0x1000, 0x10A0, "Myanmar"),
    (0x10A0, 0x1100, "Georgian"),
    (0x1C90, 0x1CC0, "Georgian"),
    (0x2D00, 0x2D30, "Georgian"),
    (0x1200, 0x13A0, "Ethiopic"),
    (0x2D80, 0x2DE0, "Ethiopic"),
    (0x13A0, 0x1400, "Cherokee"),
    (0xAB70, 0xABC0, "Cherokee"),
    (0x1400, 0x1680, "Canadian syllabics"),
    (0x1780, 0x1800, "Khmer"),
    (0x1800, 0x18B0, "Mongolian"),
    (0x2D30, 0x2D80, "Tifinagh"),
    (0xA000, 0xA4D0, "Yi"),
    (0x1C50, 0x1C80, "Ol Chiki"),
    (0xABC0, 0xAC00, "Meetei Mayek"),
    (0x3100, 0x3130, HAN),  # Bopomofo is written in Chinese alone
    (0x31A0, 0x31C0, HAN),
    (0x3400, 0x4DC0, HAN),
    (0x4E00, 0xA000, HAN),
    (0xF900, 0xFB00, HAN),
    (0x20000, 0x32400, HAN),
    (0x3040, 0x3100, KANA),
    (0x31F0, 0x3200, KANA),
    (0xFF60, 0xFFA0, KANA),
    (0x1100, 0x1200, HANGUL),
    (0x3130, 0x3190, HANGUL),
    (0xA960, 0xA980, HANGUL),
    (0xAC00, 0xD800, HANGUL),
    (0xFFA0, 0xFFE0, HANGUL),
)
NAMES = ("", *dict.fromkeys(name for _, _, name in RANGES))

_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalpha())
_OF_BLOCK = np.zeros(0x110000 >> 4, np.uint8)
for _start, _stop, _name in RANGES:
    _OF_BLOCK[_start >> 4 : _stop >> 4] = NAMES.index(_name)


def count_scripts(text: str) -> dict[str, int]:
    """Characters of each script in the text; digits, punctuation and scripts that are not listed count nowhere."""
    if text.isascii():
        letters = len(text.encode().translate(None, delete=_NO_LETTERS))
        return {LATIN: letters} if letters else {}
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    counts = np.bincount(_OF_BLOCK[codes >> 4], minlength=len(NAMES)).tolist()
    return {name: number for name, number in zip(NAMES[1:], counts[1:], strict=True) if number}
