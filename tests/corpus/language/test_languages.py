"""Languages: a table that the rules can use, and that prose passes."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from corpus.language.languages import LANGUAGES, UNSPACED
from corpus.quality.measurement import measure_texts
from corpus.text.words import hash_words

TATOEBA = Path(__file__).resolve().parents[4] / "shared" / "data" / "langid" / "LASER-tatoeba" / "v1"
CODES = {
    "ar": "ara",
    "bg": "bul",
    "ca": "cat",
    "cs": "ces",
    "da": "dan",
    "de": "deu",
    "el": "ell",
    "es": "spa",
    "et": "est",
    "eu": "eus",
    "fa": "pes",
    "fi": "fin",
    "fr": "fra",
    "gl": "glg",
    "he": "heb",
    "hi": "hin",
    "hr": "hrv",
    "hu": "hun",
    "hy": "hye",
    "id": "ind",
    "is": "isl",
    "it": "ita",
    "ja": "jpn",
    "ka": "kat",
    "ko": "kor",
    "la": "lat",
    "lt": "lit",
    "lv": "lvs",
    "mk": "mkd",
    "ml": "mal",
    "mr": "mar",
    "ms": "zsm",
    "nl": "nld",
    "nn": "nno",
    "no": "nob",
    "pl": "pol",
    "pt": "por",
    "ro": "ron",
    "ru": "rus",
    "sk": "slk",
    "sl": "slv",
    "sq": "sqi",
    "sr": "srp",
    "sv": "swe",
    "tl": "tgl",
    "tr": "tur",
    "tt": "tat",
    "ug": "uig",
    "uk": "ukr",
    "ur": "urd",
    "vi": "vie",
    "zh": "cmn",
    "bn": "ben",
    "az": "aze",
    "be": "bel",
    "eo": "epo",
}


def test_every_stop_word_is_one_word() -> None:
    assert len([language for language in LANGUAGES.values() if language.stop_words]) >= 40
    for code, language in LANGUAGES.items():
        listed = language.stop_words.split()
        assert len(hash_words(listed)) == len(set(listed)) == len(listed), code
        assert listed == [] or 8 <= len(listed) <= 40, code


@pytest.mark.parametrize("code", CODES)
def test_fifty_words_of_plain_sentences_have_two(code: str) -> None:
    """Sentences of Tatoeba are short and of children and thieves named Tom: prose has more function words."""
    path = TATOEBA / f"tatoeba.{CODES[code]}-eng.{CODES[code]}"
    if not path.exists():
        pytest.skip(f"{path} is not there: it is no part of the repository")
    sentences = path.read_text(encoding="utf-8").splitlines()
    at_once = 40 if code in UNSPACED else 10
    texts = [" ".join(sentences[start : start + at_once]) for start in range(0, len(sentences) - at_once, at_once)]
    found = measure_texts(pa.array(texts, pa.large_string()), [code] * len(texts))
    enough = [row["stop_words"] >= 2 for row in found.to_pylist()]
    assert sum(enough) >= 0.95 * len(enough)
