"""Word search: the documents of a stage that hold words, with the places of their records in the crawl's files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from corpus.config import nearest
from corpus.lake.manifest import Manifest
from corpus.lake.stages import SPLIT
from corpus.lake.store import Lake
from headwater.lake_reader import DOCUMENT_STAGES
from headwater.searching.word_index import Hit, WordIndex

DEFAULT_STAGE, LIMIT = SPLIT, 10
COLUMNS = ("doc_id", "url", "title", "warc_file", "warc_offset", "warc_length", "text")


@dataclass(frozen=True, kw_only=True)
class FoundDocument:
    """A document with the words. `score`: BM25 among the documents of its dataset, `stage`/`address`. `kind`: train or
    heldout, or documents. `excerpt`: of its text, around the words. `warc_offset` and `warc_length` count bytes of the
    file, or rows of a table."""

    doc_id: str
    url: str | None
    title: str
    score: float
    excerpt: str
    warc_file: str
    warc_offset: int
    warc_length: int
    stage: str
    partition: str
    address: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Found:
    """`documents` are the best of `matching`, of the `searched` in all datasets of the stage."""

    words: str
    matching: int
    searched: int
    documents: tuple[FoundDocument, ...]


class WordSearcher:
    """Finds documents of a stage. Makes the indexes of its datasets where they are not there yet."""

    def __init__(self, lake: Lake, stage: str = DEFAULT_STAGE) -> None:
        """Raises ValueError for a stage without documents, FileNotFoundError where the lake has no dataset of it."""
        if stage not in DOCUMENT_STAGES:
            hint = f"{nearest(stage, DOCUMENT_STAGES)}; choose from {', '.join(DOCUMENT_STAGES)}"
            raise ValueError(f"no documents in stage {stage!r}{hint}")
        manifests = list(lake.datasets(stage))
        if not manifests:
            there = sorted({manifest.stage for manifest in lake.datasets()} & set(DOCUMENT_STAGES))
            hint = f"stages with documents: {', '.join(there) or 'none'}"
            raise FileNotFoundError(f"no dataset of stage {stage} in the lake {lake.url}; {hint}")
        self._lake = lake
        self._indexes = [WordIndex(lake, manifest) for manifest in manifests]

    def search(self, words: str, limit: int = LIMIT) -> Found:
        """The `limit` documents that hold all words, the best first.

        Raises ValueError for a query that cannot be parsed, OSError naming a file that cannot be read.
        """
        if limit < 1:
            raise ValueError(f"limit is {limit}: at least 1 document is needed")
        matching = 0
        found: dict[str, FoundDocument] = {}
        for index in self._indexes:
            count, hits = index.find(words, limit)
            matching += count
            for document in self._read(index, words, hits):
                found.setdefault(document.doc_id, document)  # datasets of several sets of crawls share documents
        best = sorted(found.values(), key=lambda document: (-document.score, document.doc_id))
        searched = sum(index.documents for index in self._indexes)
        return Found(words=words, matching=matching, searched=searched, documents=tuple(best[:limit]))

    def _read(self, index: WordIndex, words: str, hits: Sequence[Hit]) -> Iterator[FoundDocument]:
        manifest = index.manifest
        by_file = sorted(hits, key=lambda hit: (hit.entry.path, hit.row))
        for entry, some in groupby(by_file, key=lambda hit: hit.entry):
            chosen = list(some)
            places = np.array([hit.row for hit in chosen])
            path = f"{self._lake.folder(manifest)}/{entry.path}"
            rows = self._lake.read_places(path, places, list(COLUMNS)).to_pylist()
            excerpts = index.excerpts(words, [row["text"] for row in rows])
            for hit, row, excerpt in zip(chosen, rows, excerpts, strict=True):
                yield _document(manifest, hit, row, excerpt)


def _document(manifest: Manifest, hit: Hit, row: dict[str, Any], excerpt: str) -> FoundDocument:
    return FoundDocument(
        **{name: row[name] for name in COLUMNS if name not in ("doc_id", "text")},
        doc_id=row["doc_id"].hex(),
        score=hit.score,
        excerpt=excerpt,
        stage=manifest.stage,
        partition=manifest.partition,
        address=manifest.address,
        kind=hit.entry.kind,
    )
