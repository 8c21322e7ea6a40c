"""Language: which language a text is in. Offline: the models ship with the libraries.

The script decides where one language owns it, and between Chinese, Japanese and Korean. Elsewhere two libraries do:
py3langid knows 139 languages; eldc knows 60, tells those better, and takes every text for one of them. So py3langid
says what is possible, and eldc moves probability among the languages that it knows and to none that it does not.
docs/languages.md has the measurements that chose them.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version

import eldc
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from corpus.language import scripts

LIBRARIES = {name: version(name) for name in ("py3langid", "eldc")}
WINDOW = 4_500  # characters that the script is searched for in: of a longer text its beginning, middle and end
SAMPLE = 300  # characters that the models read, of the window likewise
UNKNOWN = "und"  # ISO 639-2's code for undetermined

# What the libraries read badly: control characters (eldc stops at NUL), but for line ends; halves of surrogate pairs.
_UNREADABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]+")
_CJK = (scripts.HAN, scripts.KANA, scripts.HANGUL)
_CJK_WEIGHT = 3  # letters of an alphabet that say as much as one of these
_KANA_SHARE = 0.1  # Chinese writes a lone の for its looks; Japanese sentences have one kana in five letters and more
_HANGUL_SHARE = 0.2  # Korean with Chinese characters still has its particles and endings in Hangul
_OWNERS = {
    "Greek": "el",
    "Armenian": "hy",
    "Syriac": "syc",
    "Thaana": "dv",
    "N'Ko": "nqo",
    "Gurmukhi": "pa",
    "Gujarati": "gu",
    "Odia": "or",
    "Tamil": "ta",
    "Telugu": "te",
    "Kannada": "kn",
    "Malayalam": "ml",
    "Sinhala": "si",
    "Thai": "th",
    "Lao": "lo",
    "Tibetan": "bo",
    "Myanmar": "my",
    "Georgian": "ka",
    "Ethiopic": "am",
    "Cherokee": "chr",
    "Canadian syllabics": "iu",
    "Khmer": "km",
    "Mongolian": "mn",
    "Tifinagh": "zgh",
    "Yi": "ii",
    "Ol Chiki": "sat",
    "Meetei Mayek": "mni",
}
_ASSAMESE = re.compile("[ৰৱ]")  # letters that Bengali lacks
# What Yiddish has and unpointed Hebrew has not: ligatures, vowels under alef, fe with a bar, two vovs at a word's
# start, a few words. Hebrew that is pointed has sheva, tsere, segol, holam or the dot of shin as well.
_YIDDISH = re.compile("[\u05f0-\u05f2\ufb1d\ufb1f\ufb2e\ufb2f\ufb4e]|א[\u05b7\u05b8]|פ\u05bf|(?<!\\w)וו")
_YIDDISH_WORDS = re.compile(r"(?<!\w)(?:און|איז|דאס|דער|ניט|נישט|מיר|אויף|האט|האבן|זענען|קען|מיט|פון)(?!\w)")
_POINTED_HEBREW = re.compile("[\u05b0\u05b5\u05b6\u05b9\u05c1]")

# py3langid's labels that ISO 639 counts to a language with a code of two letters
_FOLDED = {"ary": "ar", "arz": "ar", "gug": "gn", "kik": "ki", "fuv": "ff", "sdh": "ku", "uzs": "uz"}
_FOLDED |= {"wuu": "zh", "yue": "zh"}
# Languages of few texts: a short text that looks like one of them is more often in its neighbour. Bosnian has no
# sentence that is not one of its neighbours' too.
_RARE_LANGUAGES = (
    "ace an bcl bs crh dz ext ff gcf gcr gn gom guw ht ig ki lg lij ln ltg nso om pcm qu rw sa se sn so st vec vo wa"
)
_RARE = frozenset(_RARE_LANGUAGES.split())
_RARE_PRIOR = 0.1
_NOT_LANGUAGE = "zxx"  # py3langid's class of numbers, markup and the like
_POSSIBLE = 1e-4  # the least probability that is looked at
# eldc's scores are between 0 and 1: 0.1 more is worth a factor of e ** 0.8. Fitted, as the power, on half of Tatoeba.
_TRUST = 8.0
_POWER = 0.5
# Languages that eldc took no other of Tatoeba's 112 for (but Polish for Lower Sorbian, which neither knows) in texts as
# long as a sample, given this score: py3langid, which takes most of the time, is not asked. Spanish is not among them,
# as Chavacano looks like it.
_UNMISTAKABLE_LANGUAGES = "az cs de en et eu fi fr hu it lt lv pl ro sk sl sq sv tr vi"
_UNMISTAKABLE = frozenset(_UNMISTAKABLE_LANGUAGES.split())
_SURE = 0.8


@cache
def _py3langid() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@cache
def _eldc() -> eldc.instance:
    eldc.init()
    detector = eldc.instance()
    detector.set_scores(eldc.MAX_SCORES)
    return detector


def identify_languages(texts: Sequence[str]) -> list[tuple[str, float]]:
    """(code, score) of each text: ISO 639-1 where the language has such a code, else 639-3; ("und", 0) for a text
    without letters. The score is a probability, less where the text is mixed with other scripts."""
    return [_identify(text) for text in texts]


def _identify(text: str) -> tuple[str, float]:
    window = _thirds(text, WINDOW)
    counts = scripts.count_scripts(window)
    cjk = sum(counts.get(script, 0) for script in _CJK)
    weights = {script: number for script, number in counts.items() if script not in _CJK}
    if cjk:
        weights[scripts.HAN] = _CJK_WEIGHT * cjk
    if not weights or not any(map(str.isalpha, window)):
        return UNKNOWN, 0.0
    script = max(weights, key=lambda name: weights[name])
    code, score = _in_script(window, script, counts, cjk)
    return code, round(score * weights[script] / sum(weights.values()), 4)


def _thirds(text: str, size: int) -> str:
    if len(text) <= size:
        return text
    piece, middle = size // 3, len(text) // 2
    return f"{text[:piece]}\n{text[middle : middle + piece]}\n{text[-piece:]}"


def _prose(text: str) -> str:
    """The lines that are as long as lines are on average: paragraphs, not the menu, code and addresses beside them."""
    lines = [" ".join(line.split()) for line in _UNREADABLE.sub(" ", text).split("\n")]
    lines = [line for line in lines if line]
    mean = sum(map(len, lines)) / max(1, len(lines))
    return " ".join(line for line in lines if len(line) >= mean)


def _in_script(window: str, script: str, counts: dict[str, int], cjk: int) -> tuple[str, float]:
    """The language and its probability within the script."""
    if script == scripts.HAN:
        if counts.get(scripts.HANGUL, 0) >= _HANGUL_SHARE * cjk:
            return "ko", 1.0
        return ("ja" if counts.get(scripts.KANA, 0) >= _KANA_SHARE * cjk else "zh"), 1.0
    if script == scripts.HEBREW:
        yiddish = _YIDDISH.search(window) or _YIDDISH_WORDS.search(window)
        return ("yi" if yiddish and not _POINTED_HEBREW.search(window) else "he"), 1.0
    if script == scripts.BENGALI:
        return ("as" if _ASSAMESE.search(window) else "bn"), 1.0
    return (_OWNERS[script], 1.0) if script in _OWNERS else _vote(_thirds(_prose(window), SAMPLE), script)


def _vote(sample: str, script: str) -> tuple[str, float]:
    found = _eldc().detect_details(sample)
    if len(sample) >= SAMPLE and found.language in _UNMISTAKABLE and found.scores[found.language] >= _SURE:
        return found.language, 1.0
    chances: dict[str, float] = defaultdict(float)
    for label, chance in _py3langid().rank(sample):
        if chance < _POSSIBLE:
            break
        code = _FOLDED.get(label, label)
        chances[code] += chance * (_RARE_PRIOR if code in _RARE else 1)
    total = sum(chances.values())
    chances.pop(_NOT_LANGUAGE, None)
    if not chances:
        return UNKNOWN, 0.0
    _move(chances, found.scores, script)
    best = max(sorted(chances), key=lambda code: chances[code])
    return best, min(1.0, chances[best] / total)


def _move(chances: dict[str, float], scores: dict[str, float], script: str) -> None:
    """Shares what the languages that eldc knows have among them by p ** _POWER * exp(_TRUST * score).

    Some of its codes stand for several languages (Malay for Indonesian too, Norwegian for Nynorsk, Croatian for what
    Serbia writes in Latin letters); these keep the proportions that they had."""
    families: dict[str, list[str]] = defaultdict(list)
    for code in chances:
        if family := _family(code, script):
            families[family].append(code)
    before = {family: sum(chances[code] for code in codes) for family, codes in families.items()}
    weights = {family: b**_POWER * math.exp(_TRUST * scores.get(family, 0.0)) for family, b in before.items()}
    scale = sum(before.values()) / sum(weights.values()) if weights else 1.0
    for family, codes in families.items():
        for code in codes:
            chances[code] *= weights[family] * scale / before[family]


def _family(code: str, script: str) -> str | None:
    """eldc's code that a language falls under, None where it falls under none."""
    if script == scripts.LATIN:
        code = {"sr": "hr", "bs": "hr", "id": "ms", "nn": "no"}.get(code, code)
        return code if code in eldc.LANGUAGES and code not in ("ku", "sr") else None  # it knows these in other letters
    return code if code in eldc.LANGUAGES else None
