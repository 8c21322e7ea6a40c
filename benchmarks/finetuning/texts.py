"""Texts: what models are pretrained on: books, news and Wikipedia in English, articles in Chinese."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from benchmarks.proof.inputs import write_rows
from benchmarks.proof.pages import SHARED

Texts = Iterable[tuple[str, str]]  # URL and text


def write_texts(path: Path, texts: Texts) -> None:
    """As one crawl of JSON lines."""
    if not path.exists():
        partial = path.with_suffix(".partial")
        write_rows(partial, ({"url": url, "text": text} for url, text in texts))
        partial.rename(path)


def all_texts() -> Iterator[tuple[str, str]]:
    yield from english_texts()
    for article in sorted((SHARED / "text" / "LCTT-TranslateProject" / "published").rglob("*.md")):
        yield f"https://articles.example/{quote(article.stem)}", article.read_text(encoding="utf-8")


def english_texts() -> Iterator[tuple[str, str]]:
    for book in sorted((SHARED / "text" / "classic-books-markdown").rglob("*.md")):
        yield f"https://books.example/{quote(book.stem)}", book.read_text(encoding="utf-8")
    for name in ("news_en", "wikipedia_en"):
        with gzip.open(SHARED / "proof" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            for number, line in enumerate(file):
                yield f"https://{name}.example/{number}", json.loads(line)["text"]
    for number, file_path in enumerate(sorted((SHARED / "text" / "wikitext-2").rglob("*.txt"))):
        yield f"https://wikitext.example/{number}", file_path.read_text(encoding="utf-8")
