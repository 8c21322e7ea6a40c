"""Parts of speech: of the words of a sentence, by the tagger that the field has for a language, by their universal
names (Petrov et al. 2012, "A universal part-of-speech tagset"): NOUN, VERB, ADJ, ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

Tag = Callable[[Sequence[str]], list[str]]
OTHER = "X"
# By the beginning of a tagger's own tag; the longest that fits counts.
BNC = {  # the British National Corpus' C5
    "AJ": "ADJ",
    "ORD": "ADJ",
    "AT": "DET",
    "DP": "DET",
    "DT": "DET",
    "AV": "ADV",
    "EX": "PRON",
    "XX": "PART",
    "CJC": "CCONJ",
    "CJ": "SCONJ",
    "CRD": "NUM",
    "ITJ": "INTJ",
    "NN": "NOUN",
    "NP": "PROPN",
    "PN": "PRON",
    "PR": "ADP",
    "TO": "PART",
    "POS": "PART",
    "VV": "VERB",
    "V": "AUX",
}
STTS = {  # the Stuttgart-Tuebingen tagset
    "ADJ": "ADJ",
    "ADV": "ADV",
    "AP": "ADP",
    "ART": "DET",
    "CARD": "NUM",
    "ITJ": "INTJ",
    "KON": "CCONJ",
    "KO": "SCONJ",
    "NE": "PROPN",
    "NN": "NOUN",
    "P": "PRON",
    "PROAV": "ADV",
    "PWAV": "ADV",
    "PTK": "PART",
    "VV": "VERB",
    "V": "AUX",
}
JIEBA = {  # of the Institute of Computing Technology
    "a": "ADJ",
    "b": "ADJ",
    "z": "ADJ",
    "ad": "ADV",
    "an": "NOUN",
    "c": "CCONJ",
    "d": "ADV",
    "e": "INTJ",
    "f": "NOUN",
    "i": "NOUN",
    "j": "NOUN",
    "l": "NOUN",
    "m": "NUM",
    "n": "NOUN",
    "nr": "PROPN",
    "ns": "PROPN",
    "nt": "PROPN",
    "nz": "PROPN",
    "o": "INTJ",
    "p": "ADP",
    "q": "NOUN",
    "r": "PRON",
    "s": "NOUN",
    "t": "NOUN",
    "u": "PART",
    "v": "VERB",
    "vn": "NOUN",
    "y": "PART",
}
MODELS = {"en": ("morphmodel_en.pgz", BNC), "de": ("morphmodel_ger.pgz", STTS)}


def universal(tag: str, names: Mapping[str, str]) -> str:
    fitting = max((start for start in names if tag.startswith(start)), key=len, default=None)
    return names[fitting] if fitting is not None else OTHER


@cache
def tagger_of(language: str) -> Tag | None:
    """Of the words of a sentence, as they are written, a tag each; None for a language without a tagger. Raises
    ValueError, saying what to install."""
    if language not in MODELS:
        return None
    try:
        from HanTa.HanoverTagger import HanoverTagger
    except ImportError as error:
        raise ValueError("parts of speech are told by HanTa: pip install 'headwater[vectors]'") from error
    model, names = MODELS[language]
    tagger = HanoverTagger(model)
    return lambda words: [universal(tag, names) for _, _, tag in tagger.tag_sent(list(words))]


def tag_chinese(run: str) -> list[tuple[str, str]]:
    """The words of a run of Chinese characters, with their tags. Raises ImportError where there is no rjieba."""
    from rjieba import tag

    return [(word, universal(own, JIEBA)) for word, own in tag(run)]
