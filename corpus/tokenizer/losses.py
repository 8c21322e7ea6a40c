"""Losses: whether texts come back from a vocabulary as they were.

A byte-level BPE gives every text back. One that writes lower case, drops accents, joins blanks or has no token for a
script does not: the model is asked for less than the text, and its bits per byte are those of another text, which no
other model was asked for.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from tokenizers import Tokenizer

from corpus.tokenizer.vocabulary import Vocabulary

AROUND = 20  # characters shown on each side of the first difference

# Case, accents, blanks, marks, code and many scripts, so that a vocabulary is judged by more than the pages at hand.
SAMPLES = (
    "The Quick Brown Fox jumps over 13 lazy dogs; NASA's well-known iPhone costs $1,299.00 (or 50 % less).",
    "Ça coûte très cher à l’hôtel: naïve façade, œuvre, déjà vu.",
    "Größe, Übermut und Fußgänger; ŁÓDŹ, čeština, İstanbul, smørrebrød, þú.",
    "two  blanks,   three,\ta tab\nand a new line\n\nand an empty one ",
    "def area(r):\n    if r < 0:\n        raise ValueError(f'{r!r} < 0')\n    return 3.14 * r**2  # π·r²\n",
    "«Съешь же ещё этих мягких французских булок» — Єва, ґанок.",
    "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία.",
    "صِف خَلقَ خَودٍ كَمِثلِ الشَمسِ؛ این یک متن است.",
    "דג סקרן שט בים מאוכזב, שָׁלוֹם.",
    "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता है।",
    "সমস্ত মানুষ স্বাধীনভাবে জন্মগ্রহণ করে। தமிழ் మొదలైన",
    "มนุษย์ทั้งหลายเกิดมามีอิสระ",
    "人人生而自由，在尊严和权利上一律平等。漢語、兩岸；𠮷野家。",
    "すべての人間は、生まれながらにして自由であり、ＡＢＣ１２３ｶﾅ。",
    "모든 인간은 태어날 때부터 자유로우며",
    "ყველა ადამიანი Բոլոր մարդիկ ሰው ሁሉ ነጻ",
    "x² + y² ≤ ½·∑ₙ aₙ → ∞; E = mc²; 10⁶ ≈ 2²⁰",
    "emoji 🎉👩‍👩‍👧🇫🇷, arrows ⇒, boxes ┌─┐, quotes “ ” ‘ ’ …",
)


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Of `texts` that were encoded, `lost` did not come back; of their `tokens`, `unknown` stand for text without a
    token. `before` and `after`: what the first of the lost was and became, about the place where they differ."""

    texts: int
    lost: int
    tokens: int
    unknown: int
    before: str
    after: str

    def __str__(self) -> str:
        share = f"{self.unknown / self.tokens:.2%} of tokens are unknown" if self.tokens else "there are no tokens"
        return (
            f"{self.lost} of {self.texts} texts do not come back from it, {share}; "
            f"for example {self.before!r} comes back as {self.after!r}"
        )


def measure_loss(vocabulary: Vocabulary, texts: Iterable[str]) -> Loss:
    """Encodes and decodes each text. Texts on which the tokenizer fails do not count: they are dropped with a reason
    of their own."""
    unknown = unknown_token(vocabulary.tokenizer)
    tried = lost = tokens = unknowns = 0
    before = after = ""
    for text in texts:
        encoded = vocabulary.encode([text])
        if encoded.failed:
            continue
        ids = encoded.tokens[:-1].tolist()
        back = vocabulary.tokenizer.decode(ids, skip_special_tokens=False)
        tried, tokens, unknowns = tried + 1, tokens + len(ids), unknowns + ids.count(unknown)
        if not comes_back(text, back):
            lost += 1
            if lost == 1:
                before, after = first_difference(text, back)
    return Loss(texts=tried, lost=lost, tokens=tokens, unknown=unknowns, before=before, after=after)


def comes_back(text: str, back: str) -> bool:
    """Whether a decoded text is the one that was encoded, but for a blank at its beginning, which many vocabularies put
    there or take away, and for canonical equivalence (é of one or two code points), which is the same text to Unicode.
    """
    if text == back:
        return True
    one, other = (unicodedata.normalize("NFC", side).removeprefix(" ") for side in (text, back))
    return one == other


def first_difference(text: str, back: str) -> tuple[str, str]:
    """Both about the first place where they differ."""
    same = next(
        (place for place, (a, b) in enumerate(zip(text, back, strict=False)) if a != b), min(len(text), len(back))
    )
    start, stop = max(0, same - AROUND), same + AROUND
    return text[start:stop], back[start:stop]


def unknown_token(tokenizer: Tokenizer) -> int | None:
    """The id of the token that stands for text without one, where there is such."""
    model = json.loads(tokenizer.to_str())["model"]
    if model.get("unk_token") is not None:
        return tokenizer.token_to_id(model["unk_token"])
    number = model.get("unk_id")
    return None if number is None else int(number)
