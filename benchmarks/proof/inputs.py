"""Inputs: what all arms have in common, written once: the crawl, the texts and questions of the scores, a tokenizer.

FOLDER/crawl/            the pages of one language as WARC files
FOLDER/raw.jsonl         all text of each of them
FOLDER/texts/DOMAIN.jsonl    held-out texts written by people, which no arm may hold
FOLDER/questions/TASK/   some items of each benchmark, chosen by chance
FOLDER/neutral/          other texts of the same kind as the held-out ones, for the tokenizer
FOLDER/counts.json       how many there are of each; written last
"""

from __future__ import annotations

import bz2
import gzip
import json
import random
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.proof.pages import SHARED, pages_of, write_crawl

TEXTS = 125  # held-out texts of a large domain; the others are the tokenizer's
POEMS = 2_000
ITEMS = 500  # of a benchmark
OF_A_PARADIGM = 40
GENRES = {"en": "web_genres_en"}  # a domain each, small: all of it is held out
SPLIT_SEED = 0


def make_inputs(folder: Path, language: str) -> dict[str, Any]:
    """Returns the counts. What was begun and not finished is made anew."""
    counts_path = folder / "counts.json"
    if not counts_path.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        pages = pages_of(language)
        counts = {"pages": write_crawl(pages, folder / "crawl")}
        counts["texts"] = _write_texts(folder, language)
        if language == "en":
            counts["questions"] = _write_questions(folder / "questions")
        write_rows(folder / "raw.jsonl", ({"url": page.url, "text": page.text} for page in pages))
        counts_path.write_text(json.dumps(counts, indent=1) + "\n")
    found: dict[str, Any] = json.loads(counts_path.read_text())
    return found


def _write_texts(folder: Path, language: str) -> dict[str, int]:
    """Of each large domain TEXTS are held out and the rest is neutral text. Returns the held-out texts by domain."""
    domains, neutral = dict[str, list[str]](), list[str]()
    for domain, texts in LARGE[language]().items():
        random.Random(SPLIT_SEED).shuffle(texts)
        domains[domain] = texts[:TEXTS]
        neutral += texts[TEXTS:]
    for row in _read(SHARED / "proof" / f"{GENRES[language]}.jsonl.gz") if language in GENRES else ():
        if row["text"].strip():
            domains.setdefault(row["genre"], []).append(row["text"])
    for domain, texts in domains.items():
        write_rows(folder / "texts" / f"{domain}.jsonl", ({"text": text} for text in texts))
    rows = ({"url": f"https://neutral.example/{number}", "text": text} for number, text in enumerate(neutral))
    write_rows(folder / "neutral" / "neutral.jsonl", rows)
    return {domain: len(texts) for domain, texts in domains.items()}


def _proof(name: str) -> list[str]:
    return [row["text"] for row in _read(SHARED / "proof" / f"{name}.jsonl.gz")]


def _articles() -> list[str]:
    """Of Linux China."""
    paths = sorted((SHARED / "text" / "LCTT-TranslateProject" / "published").rglob("*.md"))
    return [path.read_text(encoding="utf-8") for path in paths]


def _poems() -> list[str]:
    """Of the Tang and Song dynasties."""
    paths = sorted((SHARED / "text" / "chinese-poetry" / "全唐诗").glob("*.json"))
    poems = [poem for path in paths for poem in json.loads(path.read_text(encoding="utf-8"))]
    texts = ["\n".join([poem["title"], *poem["paragraphs"]]) for poem in poems]
    return random.Random(SPLIT_SEED).sample(texts, POEMS)


# The texts of each large domain, by language.
LARGE: dict[str, Callable[[], dict[str, list[str]]]] = {
    "en": lambda: {"news": _proof("news_en"), "wikipedia": _proof("wikipedia_en")},
    "de": lambda: {"wikipedia": _proof("wikipedia_de")},
    "zh": lambda: {"articles": _articles(), "poems": _poems()},
}


def _write_questions(folder: Path) -> dict[str, int]:
    """Some items of each benchmark, in the layout in which they lie there. Returns how many."""
    bench = SHARED / "bench"
    shutil.copytree(bench / "blimp" / "data", folder / "blimp", copy_function=_copy_some)
    arc = bench / "llm-foundry-local_data" / "world_knowledge" / "arc_easy.jsonl"
    piqa = [bench / "piqa" / "data" / name for name in ("valid.jsonl", "valid-labels.lst")]
    with bz2.open(bench / "hellaswag_text" / "hellaswag_val_full.txt.bz2", "rt", encoding="utf-8") as file:
        lines = file.readlines()
        endings = ["".join(lines[first : first + 6]) for first in range(0, len(lines), 6)]
    return {
        "arc_easy": _write_some(ITEMS, folder / "arc_easy", {"arc_easy.jsonl": _lines(arc)}),
        "piqa": _write_some(ITEMS, folder / "piqa", {path.name: _lines(path) for path in piqa}),
        "hellaswag": _write_some(ITEMS, folder / "hellaswag", {"hellaswag_val.txt": endings}),
        "blimp": sum(len(_lines(path)) for path in (folder / "blimp").glob("*.jsonl")),
    }


def _write_some(count: int, folder: Path, files: Mapping[str, Sequence[str]]) -> int:
    """The same items of each file of a benchmark."""
    [size] = {len(items) for items in files.values()}
    chosen = sorted(random.Random(SPLIT_SEED).sample(range(size), min(count, size)))
    folder.mkdir(parents=True, exist_ok=True)
    for name, items in files.items():
        (folder / name).write_text("".join(items[number] for number in chosen), encoding="utf-8")
    return len(chosen)


def _copy_some(source: str, target: str) -> None:
    path = Path(target)
    _write_some(OF_A_PARADIGM, path.parent, {path.name: _lines(Path(source))})


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines(keepends=True)


def _read(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """As JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
