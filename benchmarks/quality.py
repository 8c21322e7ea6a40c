"""Quality: how well and how fast each extractor finds the main text, in one run: `make bench-quality`.

Every extractor reads a page before the next page comes, in an order that turns from page to page. Scores are those of
the bag of words of each page (see gold.f1), averaged over pages, with the bounds that 95 % of 2,000 bootstrap samples
of the pages keep to. Of snippets: those that must appear and do, of all that must (recall) and of all that appear
(precision). Speed is pages over CPU seconds on wcxb. Half of the pages, by a hash of their names, were tuned on:
measures, words and settings. "Held back" are the others, of which nothing but these scores was looked at. Headwater
reads each page by a model that is fitted on the half that the page is not in; the one that it comes with is fitted on
all pages.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import justext
import numpy as np
import trafilatura
from resiliparse.extract.html2text import extract_plain_text

from benchmarks.fit_extraction.halves import HALVES
from benchmarks.gold import GoldPage, f1, read
from corpus.extract.config import ExtractConfig
from corpus.extract.model import load_model
from corpus.extract.page import Extracted, extract_page
from corpus.text.charset import decode_html

HERE = Path(__file__).resolve().parent
RESULT, TABLE = HERE / "results" / "quality.json", HERE.parent / "docs" / "extraction.md"
SAMPLES = 2_000
OURS, TRAFILATURA, FAST = "headwater", "trafilatura", "trafilatura fast"


def headwater(page: GoldPage) -> str:
    unseen = load_model(HALVES[not page.tuned_on])
    with patch("corpus.extract.choice.load_model", lambda: unseen):
        found = extract_page(page.html, None, ExtractConfig())
    return found.text if isinstance(found, Extracted) else ""


def resiliparse(page: GoldPage) -> str:
    decoded = decode_html(page.html, None)
    return extract_plain_text(decoded[0], main_content=True) if decoded else ""


def by_justext(page: GoldPage) -> str:
    paragraphs = justext.justext(page.html, justext.get_stoplist("English"))
    return "\n".join(paragraph.text for paragraph in paragraphs if not paragraph.is_boilerplate)


def extractors() -> dict[str, Callable[[GoldPage], str]]:
    """readability-lxml takes part where it is installed; it is no dependency."""
    found: dict[str, Callable[[GoldPage], str]] = {
        OURS: headwater,
        TRAFILATURA: lambda page: trafilatura.extract(page.html, deduplicate=False) or "",
        FAST: lambda page: trafilatura.extract(page.html, deduplicate=False, fast=True) or "",
        "jusText": by_justext,
        "resiliparse": resiliparse,
    }
    try:
        from readability import Document
    except ImportError:
        return found

    def by_readability(page: GoldPage) -> str:
        decoded = decode_html(page.html, None)
        return extract_plain_text(Document(decoded[0]).summary()) if decoded else ""

    return {**found, "readability": by_readability}


Scores = dict[str, list[tuple[float, ...]]]  # an extractor's per page: (P, R, F1), or counts of snippets


def measure(pages: list[GoldPage]) -> tuple[Scores, dict[str, float]]:
    """Each extractor's scores in the order of the pages, and its CPU seconds on wcxb. A failure is an empty text."""
    run = extractors()
    names = list(run)
    scores: Scores = defaultdict(list)
    seconds: dict[str, float] = dict.fromkeys(names, 0.0)
    for number, page in enumerate(pages):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            start = time.process_time()
            try:
                text = run[name](page)
            except Exception:
                text = ""
            if page.source == "wcxb":
                seconds[name] += time.process_time() - start
            if page.gold is not None:
                scores[name].append(f1(text, page.gold))
            else:
                right = sum(snippet in text for snippet in page.wanted)
                wrong = sum(snippet in text for snippet in page.unwanted)
                scores[name].append((right, len(page.wanted) - right, wrong))
    return scores, seconds


def summary(scores: list[tuple[float, ...]], snippets: bool) -> dict[str, float]:
    values = np.array(scores, float)
    samples = np.random.RandomState(0).randint(0, len(values), (SAMPLES, len(values)))
    bounds = np.quantile([_overall(values[sample], snippets)[2] for sample in samples], (0.025, 0.975))
    precision, recall, score = _overall(values, snippets)
    return {
        "pages": len(values),
        "precision": precision,
        "recall": recall,
        "f1": score,
        "low": float(bounds[0]),
        "high": float(bounds[1]),
    }


def _overall(values: np.ndarray, snippets: bool) -> tuple[float, float, float]:
    if not snippets:
        precision, recall, score = values.mean(0)
        return float(precision), float(recall), float(score)
    right, missing, wrong = values.sum(0)
    return right / max(1, right + wrong), right / max(1, right + missing), 2 * right / (2 * right + missing + wrong)


def groups(pages: list[GoldPage]) -> dict[str, list[int]]:
    """The pages of each group, by their numbers."""
    found: dict[str, list[int]] = defaultdict(list)
    for number, page in enumerate(pages):
        found[page.source].append(number)
        found[f"{page.source}, {'tuned on' if page.tuned_on else 'held back'}"].append(number)
        if page.source.startswith("wcxb"):
            found[f"type: {page.kind}"].append(number)
            found[f"type: {page.kind}, {'tuned on' if page.tuned_on else 'held back'}"].append(number)
        if page.source == "news":
            found[f"country: {page.kind}"].append(number)
        if page.gold is not None:
            found[f"language: {page.language}"].append(number)
    return {name: numbers for name, numbers in found.items() if len(numbers) >= 4}


def main() -> None:
    logging.disable(logging.ERROR)
    pages = read(sys.argv[1:])
    scores, seconds = measure(pages)
    wcxb = sum(page.source == "wcxb" for page in pages)
    result = {
        "pages_per_second": {name: wcxb / spent for name, spent in seconds.items()},
        "groups": {
            group: {
                name: summary([scores[name][number] for number in numbers], pages[numbers[0]].gold is None)
                for name in scores
            }
            for group, numbers in groups(pages).items()
        },
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    TABLE.write_text(table(result))
    print(TABLE.read_text())


def table(result: dict) -> str:
    names = list(result["pages_per_second"])
    speed = result["pages_per_second"]
    lines = [
        "# Extraction: quality and speed",
        "",
        "Written by `make bench-quality`. " + " ".join((__doc__ or "").split("\n\n")[1].split()),
        "",
        "| | pages | " + " | ".join(names) + " |",
        "|---|---|" + "---|" * len(names),
        "| pages/s | | " + " | ".join(f"{speed[name]:.0f}" for name in names) + " |",
        f"| {OURS} is faster by | | " + " | ".join(f"{speed[OURS] / speed[name]:.1f}" for name in names) + " |",
    ]
    for group, found in sorted(result["groups"].items()):
        cells = [
            f"**{x['f1']:.3f}** ({x['low']:.3f} to {x['high']:.3f}); {x['precision']:.2f} / {x['recall']:.2f}"
            for x in (found[name] for name in names)
        ]
        lines.append(f"| {group} | {found[OURS]['pages']} | " + " | ".join(cells) + " |")
    lines += ["", "Cells: **F1** (its 95 % interval); precision / recall.", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
