"""Language: how often each identifier finds the language, and how fast: `make bench-language`.

Sentences are Tatoeba's, with the label that their writers gave, halved by a hash: rules and weights were fitted with
one half in view, and the figures are of the other. Accuracy is the share of a language's sentences that get its label;
macro accuracy is the mean over languages, each counting alike. A paragraph is ten sentences of a language, one after
the other. Speed is CPU time over texts of at most 5,000 characters: Chinese articles, English books, and each
language's sentences one after the other.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.language.identify import identify_languages

HERE = Path(__file__).resolve().parent
DATA = HERE.parent.parent / "shared" / "data"
SENTENCES = DATA / "langid"
PYTHON = HERE / ".venvs" / "languages" / "bin" / "python"
RESULT, TABLE = HERE / "results" / "language.json", HERE.parent / "docs" / "languages.md"
OURS = "headwater"
LARGEST = 40
AT_MOST = 200  # sentences of a language that the peers are measured on: lingua takes over a millisecond for each
PAGE = 5_000  # characters

# Tatoeba's labels (ISO 639-3) by ours. Chinese and Arabic are macro-languages: Wu, Yue and classical Chinese, and
# Algerian and Egyptian Arabic, are counted to them. Labels that are not here are as they are.
LABELS = """
afr:af amh:am ara:ar arq:ar arz:ar ast:ast aze:az bel:be ben:bn bos:bs bre:br bul:bg cat:ca ces:cs cha:ch
cmn:zh cor:kw cym:cy dan:da deu:de ell:el eng:en epo:eo est:et eus:eu fao:fo fin:fi fra:fr fry:fy gla:gd
gle:ga glg:gl heb:he hin:hi hrv:hr hun:hu hye:hy ido:io ile:ie ina:ia ind:id isl:is ita:it jav:jv jpn:ja
kat:ka kaz:kk khm:km kor:ko kur:ku lat:la lit:lt lvs:lv lzh:zh mal:ml mar:mr mkd:mk mon:mn nld:nl nno:nn
nob:no oci:oc pes:fa pol:pl por:pt ron:ro rus:ru slk:sk slv:sl spa:es sqi:sq srp:sr swe:sv swh:sw tam:ta
tat:tt tel:te tgl:tl tha:th tuk:tk tur:tr uig:ug ukr:uk urd:ur uzb:uz vie:vi wuu:zh xho:xh yid:yi yue:zh
zsm:ms
"""
PEERS_LABELS = """
arb:ar ary:ar azj:az azb:az ekk:et als:sq fas:fa fil:tl gsw:gsw hbs:sr iw:he jw:jv kmr:ku khk:mn lav:lv msa:ms
nb:no nor:no plt:mg sdh:ku swa:sw ydd:yi zho:zh uzn:uz
"""
CODES = dict(pair.split(":") for pair in (LABELS + PEERS_LABELS).split())
HALVES = ("seen", "unseen")


@dataclass(frozen=True, kw_only=True)
class Sentence:
    language: str
    text: str


def code(label: str) -> str:
    """Our code of another's label: zh of zh-Hant, no of nob."""
    label = label.replace("_", "-").split("-")[0].lower()
    return CODES.get(label, label)


def sentences(*, at_most: int | None = None, half: str | None = None) -> list[Sentence]:
    """The distinct sentences, of each language the first so many in the order of their hashes."""
    texts: dict[tuple[str, str], None] = {}
    for path in sorted((SENTENCES / "LASER-tatoeba" / "v1").iterdir()):
        if path.suffix != ".eng" or path.name == "tatoeba.cmn-eng.eng":  # one of many English sides
            lines = filter(None, map(str.strip, path.read_text("utf-8").splitlines()))
            texts |= dict.fromkeys((code(path.suffix[1:]), line) for line in lines)
    for line in (SENTENCES / "cc-cld2-tatoeba" / "tatoeba_long.txt").read_text("utf-8").splitlines()[1:]:
        _, _, label, text = line.split("\t", 3)
        texts[code(label), text] = None
    by_language: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for language, text in texts:
        digest = int(hashlib.sha256(text.encode()).hexdigest(), 16)
        if half is None or HALVES[digest % 2] == half:
            by_language[language].append((digest, text))
    return [
        Sentence(language=language, text=text)
        for language in sorted(by_language)
        for _, text in sorted(by_language[language])[:at_most]
    ]


def largest(rows: Sequence[Sentence]) -> list[str]:
    """The 40 languages with most sentences, and those that have as many as the 40th."""
    counts = Counter(row.language for row in rows)
    least = sorted(counts.values(), reverse=True)[LARGEST - 1]
    return sorted(language for language, number in counts.items() if number >= least)


def accuracy(rows: Sequence[Sentence], found: Sequence[str]) -> dict[str, float]:
    right, all_of = Counter(), Counter(row.language for row in rows)
    right.update(row.language for row, label in zip(rows, found, strict=True) if code(label) == row.language)
    return {language: right[language] / number for language, number in all_of.items()}


def pages(rows: Sequence[Sentence]) -> list[str]:
    """Texts as long as pages: the Linux China articles, else sentences of a language one after the other."""
    articles = sorted((DATA / "text" / "LCTT-TranslateProject").rglob("*.md"))[:100]
    books = sorted((DATA / "text" / "classic-books-markdown").rglob("*.md"))[:30]
    found = [path.read_text("utf-8", "replace")[20_000 * (path in books) :][:PAGE] for path in articles + books]
    of_language: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        of_language[row.language].append(row.text)
    return found + [" ".join(texts)[:PAGE] for texts in of_language.values() if sum(map(len, texts)) >= PAGE]


def paragraphs(rows: Sequence[Sentence]) -> list[Sentence]:
    """Ten sentences of a language each."""
    of_language: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        of_language[row.language].append(row.text)
    return [
        Sentence(language=language, text=" ".join(texts[start : start + 10]))
        for language, texts in of_language.items()
        for start in range(0, len(texts) - 9, 10)
    ]


def run_peer(name: str, lists: list[list[str]]) -> dict[str, Any]:
    command = [str(PYTHON), str(HERE / "language_peers.py"), name]
    run = subprocess.run(command, input=json.dumps(lists), capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def run_ours(lists: list[list[str]]) -> dict[str, Any]:
    identify_languages(["The first text loads the models."])
    labels, seconds = [], []
    for texts in lists:
        start = time.process_time()
        labels.append([label for label, _ in identify_languages(texts)])
        seconds.append(time.process_time() - start)
    return {"labels": labels, "seconds": seconds}


def measure() -> dict[str, Any]:
    every, unseen = sentences(), sentences(half="unseen")
    names = largest(every)
    ours = run_ours([[row.text for row in unseen]])["labels"][0]
    by_language = accuracy(unseen, ours)
    confused = Counter((r.language, found) for r, found in zip(unseen, ours, strict=True) if found != r.language)
    few, texts = sentences(half="unseen", at_most=AT_MOST), pages(every)
    long = paragraphs([row for row in unseen if row.language in names])
    lists = [[row.text for row in few], texts, [row.text for row in long]]
    # Ours and each peer on the same sentences; peers that are not installed do not take part.
    runs = {OURS: run_ours(lists)}
    if PYTHON.exists():
        from benchmarks.language_peers import PEERS

        runs |= {name: run_peer(name, lists) for name in PEERS}
    size = sum(len(text.encode()) for text in texts)
    counts = Counter(row.language for row in unseen)
    return {
        "largest": names,
        "macro_accuracy": _mean(by_language, names),
        "macro_accuracy_two_letters": _mean(by_language, [n for n in counts if counts[n] >= 50 and len(n) == 2]),
        "by_language": {
            name: {
                "sentences": counts[name],
                "accuracy": by_language[name],
                "taken_for": {found: n for (of, found), n in confused.most_common() if of == name and n >= 3},
            }
            for name in sorted(by_language, key=lambda name: (-by_language[name], name))
            if counts[name] >= 50
        },
        "libraries": {
            name: {
                "macro_accuracy": _mean(accuracy(few, run["labels"][0]), names),
                "macro_accuracy_two_letters": _mean(
                    accuracy(few, run["labels"][0]), [n for n in counts if counts[n] >= 50 and len(n) == 2]
                ),
                "macro_accuracy_paragraphs": _mean(accuracy(long, run["labels"][2]), names),
                "megabytes_per_second": size / run["seconds"][1] / 1e6,
                "microseconds_a_page": run["seconds"][1] / len(texts) * 1e6,
                "microseconds_a_sentence": run["seconds"][0] / len(few) * 1e6,
            }
            for name, run in runs.items()
        },
    }


def _mean(by_language: dict[str, float], names: Sequence[str]) -> float:
    return sum(by_language[name] for name in names) / len(names)


def table(result: dict[str, Any]) -> str:
    names = result["largest"]
    two_letters = sum(len(name) == 2 for name in result["by_language"])
    lines = [
        "# Languages: accuracy and speed",
        "",
        "Written by `make bench-language`. " + " ".join((__doc__ or "").split("\n\n")[1].split()),
        "",
        f"Macro accuracy over the {len(names)} largest languages, which are the 40 with most sentences and those as "
        f"large as the 40th: **{result['macro_accuracy']:.3f}**. Over all {two_letters} that have 50 sentences and a "
        f"code of two letters: {result['macro_accuracy_two_letters']:.3f}.",
        "",
        "## Why these two libraries",
        "",
        f"Each peer on the same sentences, at most {AT_MOST} of a language, and the same pages. A language that a "
        "library does not know counts as missed: that is why eldc, the best on the 60 that it knows, stands low by "
        "itself. "
        "py3langid (139 languages, BSD) and eldc (Apache-2.0) decide together; corpus/language/identify.py says how. "
        "heliport is under the GPL.",
        "",
        "| | macro, largest | their paragraphs | macro, two letters | MB/s | µs a page | µs a sentence |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in sorted(result["libraries"].items(), key=lambda item: -item[1]["macro_accuracy"]):
        lines.append(
            f"| {name} | {row['macro_accuracy']:.3f} | {row['macro_accuracy_paragraphs']:.3f} "
            f"| {row['macro_accuracy_two_letters']:.3f} "
            f"| {row['megabytes_per_second']:.0f} | {row['microseconds_a_page']:.0f} "
            f"| {row['microseconds_a_sentence']:.0f} |"
        )
    lines += ["", "## By language", "", "| language | sentences | accuracy | taken for |", "|---|---|---|---|"]
    for name, row in result["by_language"].items():
        taken = ", ".join(f"{found} {number}" for found, number in list(row["taken_for"].items())[:4])
        mark = "**" if name in names else ""
        lines.append(f"| {mark}{name}{mark} | {row['sentences']} | {row['accuracy']:.3f} | {taken} |")
    lines += ["", "Bold: the largest.", ""]
    return "\n".join(lines)


def main() -> int:
    if not SENTENCES.is_dir():
        print(f"nothing to measure: {SENTENCES} is not there (sentences of Tatoeba)")
        return 0
    result = measure()
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    TABLE.write_text(table(result))
    print(TABLE.read_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
