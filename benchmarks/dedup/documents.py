"""Documents: real texts, and copies of them with a known share of their words replaced -> one Parquet file.

Texts are those of a crawl's pages, by Headwater's own ingest, and pieces of books and articles. Nothing of them is part
of the repository. Of the documents, EXACT are copies, NEAR are copies of which a share of the words is replaced by
words of another text (at the rates with which ../shared/data/bench_crawl was made); the others stand for themselves:
texts as they are, and when these are used up, texts of which FAR of the words are replaced, which leaves a Jaccard
similarity of .04. Pages of the crawl that are copies already come on top of that.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.crawl_input import SHARED, crawl_files
from corpus.lake.store import Lake
from corpus.sources import open_crawl
from pipelines.blocks import IngestConfig
from pipelines.engine import Engine
from pipelines.ingestion import ingest

TEXTS = SHARED.parent / "text"
EXACT, NEAR, FAR = 0.15, 0.3, 0.4
RATES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
PIECE = 7_500  # characters, on average
LEAST = 200  # characters; shorter texts are left out
FAMILIES = 500  # documents that are shuffled together: a part of the file then has its copies too
PARTS = re.compile(r"\w+|\W+")


def make(count: int, seed: int, place: Path) -> Path:
    """A file `documents.parquet` in `place` with `id` and `text` of `count` documents, the same for the same seed."""
    rng = random.Random(seed)
    originals = [text for text in (*_pages(place), *_pieces(rng)) if len(text) >= LEAST]
    rng.shuffle(originals)
    texts: list[str] = []
    for number in range(count):  # as many as that are never needed
        if len(texts) >= count:
            break
        text = originals[number % len(originals)]
        texts.append(text if number < len(originals) else _changed(text, FAR, rng.choice(originals), rng))
        # The square of a number from 0 to 1 makes few texts with many copies, as on the web.
        while rng.random() < EXACT + NEAR and len(texts) < count:
            parent = texts[-1 - int(rng.random() ** 2 * min(len(texts), FAMILIES))]
            if rng.random() < EXACT / (EXACT + NEAR):
                texts.append(parent)
            else:
                texts.append(_changed(parent, rng.choice(RATES), rng.choice(originals), rng))
    ordered = [text for first in range(0, count, FAMILIES) for text in _shuffled(texts[first : first + FAMILIES], rng)]
    file = place / "documents.parquet"
    table = pa.table({"id": [f"doc-{number:08d}" for number in range(len(ordered))], "text": ordered})
    pq.write_table(table, file, compression="zstd", row_group_size=1_000)
    return file


def _changed(text: str, rate: float, donor: str, rng: random.Random) -> str:
    parts, words = PARTS.findall(text), re.findall(r"\w+", donor)
    places = [place for place, part in enumerate(parts) if part[0].isalnum()]
    for place in rng.sample(places, round(rate * len(places))):
        parts[place] = rng.choice(words)
    return "".join(parts)


def _shuffled(texts: list[str], rng: random.Random) -> list[str]:
    return rng.sample(texts, len(texts))


def _pages(place: Path) -> Iterator[str]:
    """The main texts of a crawl's pages."""
    files = crawl_files(SHARED, place / "made")
    lake = Lake(str(place / "lake"))
    documents = ingest(lake, open_crawl(str(files[0].parent)), IngestConfig(), Engine(workers=2)).manifest
    for table in lake.read(documents, "documents", ["text"]):
        yield from table["text"].to_pylist()


def _pieces(rng: random.Random) -> Iterator[str]:
    """Books and articles, cut between words into pieces of PIECE characters on average, few of them much longer."""
    files = sorted([*TEXTS.glob("classic-books-markdown/**/*.md"), *TEXTS.glob("wikitext-2/*.txt")])
    for file in files:
        text, start = file.read_text(errors="replace"), 0
        while start < len(text):
            end = start + int(rng.lognormvariate(0, 0.8) * PIECE * 0.73)  # exp(-.8^2 / 2): the mean becomes PIECE
            end = text.find(" ", end)
            end = len(text) if end < 0 else end
            yield text[start:end]
            start = end
    for file in sorted(TEXTS.glob("c4-sample-olmo/**/*.json*.gz")):
        with gzip.open(file, "rt") as lines:
            yield from (json.loads(line)["text"] for line in lines)
