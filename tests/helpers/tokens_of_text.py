"""Tokens of text: two crawls of pages in three languages, split, encoded, ready to be written as shards."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from collections_of_text import ENGLISH, clean_crawl
from stages import publish

from corpus.holdout.heldout import HeldOutConfig
from corpus.lake.manifest import Manifest
from corpus.lake.schema import DOCUMENT, document_id
from corpus.lake.store import Lake
from corpus.tokenizer.vocabulary import VocabularyConfig
from pipelines.cleaning import CLEAN
from pipelines.engine import Engine
from pipelines.holdout import hold_out
from pipelines.tokenization import encode
from pipelines.vocabulary import make_vocabulary

ONE = Engine(workers=1)
LANGUAGES = ("en", "en", "en", "en", "en", "de", "de", "zh")  # how often each comes


@dataclass(frozen=True, kw_only=True)
class Made:
    lake: Lake
    split: Manifest
    tokens: Manifest
    tokenizer: Manifest

    def rows(self) -> dict[str, dict[str, Any]]:
        """The training documents by their id in hex: url, language, source, host, crawl, length and tokens."""
        pages = {row["doc_id"]: row for table in self.lake.read(self.split, "train") for row in table.to_pylist()}
        tokens = [row for table in self.lake.read(self.tokens, "train") for row in table.to_pylist()]
        return {
            row["doc_id"].hex(): {
                "url": pages[row["doc_id"]]["url"],
                "text": pages[row["doc_id"]]["text"],
                "language": pages[row["doc_id"]]["language"],
                "source": pages[row["doc_id"]]["warc_file"],
                "host": pages[row["doc_id"]]["host"],
                "crawl": pages[row["doc_id"]]["host"].split(".")[0],
                "length": row["length"],
                "tokens": row["tokens"],
            }
            for row in tokens
        }


def make_tokens(lake: Lake, count: int = 120, parts: int = 3, shuffled: int | None = None) -> Made:
    """Two thirds of the pages are of crawl "a", the others of "b", each of two sources. `shuffled`: a seed for another
    order of the rows in their files."""
    dice = random.Random(count)
    words = [f"{one}{two}" for one in ENGLISH for two in ENGLISH]
    pages: list[dict[str, Any]] = [
        {
            "text": " ".join(dice.choices(words, k=dice.randrange(5, 60))),
            "language": dice.choice(LANGUAGES),
            "warc_file": f"{dice.choice(('books/x', 'web/y'))}.warc.gz",
            "warc_offset": number * 1_000,
            "url": f"https://site.example/{number}",
        }
        for number in range(count)
    ]
    uniques = []
    for crawl, some in (("a", pages[: 2 * count // 3]), ("b", pages[2 * count // 3 :])):
        if shuffled is not None:
            random.Random(shuffled).shuffle(some)
        for page in some:
            page["doc_id"] = document_id(crawl, page["warc_file"], page["warc_offset"])
        clean = clean_crawl(lake, crawl, some, parts)
        rows = [row for table in lake.read(clean, "documents") for row in table.to_pylist()]
        publish(lake, "documents", crawl, [], {"documents": (DOCUMENT, rows)}, parts=parts)
        uniques.append(publish(lake, "unique", crawl, [clean], {"documents": (CLEAN, rows)}, parts=parts))
    split = hold_out(lake, uniques, HeldOutConfig(share=0.02, min_pages=3), ONE).manifest
    tokenizer = make_vocabulary(lake, split, VocabularyConfig(size=400), ONE).manifest
    tokens = encode(lake, split, tokenizer, ONE).manifest
    return Made(lake=lake, split=split, tokens=tokens, tokenizer=tokenizer)
