"""Document search: which records of a lake fit what is asked for, and what a list shows of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus.lake.stages import DOCUMENTS, SPLIT, STAGES
from corpus.lake.store import Lake
from corpus.privacy import mask as privacy
from headwater.searching.word_index import WordIndex
from headwater.viewing.catalog import KEPT, NO_DOCUMENT, Catalog
from headwater.viewing.labels import MARKS, Label

PER_PAGE = 20
EXCERPT = 200  # characters
QUERIES_KEPT = 16  # of which the documents stay in memory, 8 bytes each
ALL_DOCUMENTS, ALL_RECORDS, DROPPED = "", "record", "dropped"
STAYED = (KEPT, *STAGES[SPLIT].documents_in)
MARKED, UNMARKED = "marked", "unmarked"


@dataclass(frozen=True, kw_only=True)
class Query:
    """What all must hold; "" asks nothing. `words`: as headwater.searching has them. `place`: a host, with all below
    it, or a part of a URL, with a slash in it. `rule`: one that it breaks, or a reason. `outcome`: one of a catalog's,
    kept or dropped by whichever stage, record for records too that became no document. `mark`: keep, drop, marked,
    unmarked."""

    words: str = ""
    place: str = ""
    rule: str = ""
    language: str = ""
    outcome: str = ALL_DOCUMENTS
    mark: str = ""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A record in a list. `excerpt`: of its text, around the words; personal data in it is masked."""

    doc_id: str
    url: str | None
    title: str
    excerpt: str
    language: str | None
    outcome: str
    reason: str | None


class DocumentSearch:
    """Finds records of a catalog. Makes the indexes of their words where the lake has none."""

    def __init__(self, lake: Lake, catalog: Catalog) -> None:
        self._lake, self._catalog = lake, catalog
        self._indexes = [WordIndex(lake, manifest) for manifest in lake.datasets(DOCUMENTS)]
        # A list is asked for page by page, and again by each document that is opened from it.
        self._with_words = lru_cache(QUERIES_KEPT)(self._find_words)

    def find(self, query: Query, labels: Mapping[str, Label]) -> np.ndarray:
        """The rows that fit: with words the best first, else in the catalog's order. Raises ValueError for words that
        cannot be parsed."""
        fits = self._fits(query, labels)
        if not query.words.strip():
            return np.flatnonzero(fits)
        rows = self._with_words(query.words)
        return rows[fits[rows]]

    def _fits(self, query: Query, labels: Mapping[str, Label]) -> np.ndarray:
        catalog = self._catalog
        if query.outcome in (ALL_DOCUMENTS, DROPPED):
            excluded = [NO_DOCUMENT, *(STAYED if query.outcome == DROPPED else ())]
            fits = ~catalog.outcome.among(excluded)
        elif query.outcome == ALL_RECORDS:
            fits = np.ones(len(catalog), np.bool_)
        else:
            fits = catalog.outcome.among(STAYED if query.outcome == KEPT else [query.outcome])
        if place := query.place.strip():
            fits &= self._at(place)
        if query.rule:
            rows = np.zeros(len(catalog), np.bool_)
            rows[catalog.rules.get(query.rule, np.empty(0, np.int64))] = True
            fits &= rows
        if query.language:
            fits &= catalog.language.among([query.language])
        if query.mark:
            fits &= self._marked(query.mark, labels)
        return fits

    def _at(self, place: str) -> np.ndarray:
        catalog = self._catalog
        if "/" in place:
            found = pc.match_substring(catalog.urls, place, ignore_case=True)
            return np.asarray(pc.fill_null(found, False).to_numpy(zero_copy_only=False))
        host = place.lower().removeprefix("www.")
        return catalog.host.among([name for name in catalog.host.names if f".{name}".endswith(f".{host}")])

    def _marked(self, mark: str, labels: Mapping[str, Label]) -> np.ndarray:
        wanted = [doc_id for doc_id, label in labels.items() if mark not in MARKS or label.mark == mark]
        ids = pa.array(map(bytes.fromhex, wanted), self._catalog.doc_ids.type)
        found = pc.is_in(self._catalog.doc_ids, value_set=ids).to_numpy(zero_copy_only=False)
        return np.asarray(~found if mark == UNMARKED else found)

    def _find_words(self, words: str) -> np.ndarray:
        """The rows of documents that hold them, the best first, each once."""
        catalog = self._catalog
        first = {(file.manifest.address, file.entry.path): file.first for file in catalog.files}
        scores, found = [np.empty(0)], [np.empty(0, np.int64)]
        for index in self._indexes:
            starts = np.array([first[index.manifest.address, entry.path] for entry in index.entries], np.int64)
            of_index, files, rows = index.find_all(words)
            scores.append(of_index)
            found.append(catalog.rows[starts[files] + rows])
        rows = np.concatenate(found)[np.argsort(-np.concatenate(scores), kind="stable")]
        _, places = np.unique(rows, return_index=True)
        return rows[np.sort(places)]

    def show(self, rows: Sequence[int], words: str = "") -> list[Listed]:
        """These rows, in their order, with titles and texts, which are read from their files."""
        texts = self._texts(rows)
        excerpts = self._excerpts([text for _, text in texts], words.strip())
        catalog = self._catalog
        return [
            Listed(
                doc_id=catalog.doc_ids[row].as_py().hex(),
                url=catalog.urls[row].as_py(),
                title=title,
                excerpt=excerpt,
                language=catalog.language[row],
                outcome=catalog.outcome[row] or KEPT,
                reason=catalog.reason[row],
            )
            for row, (title, _), excerpt in zip(rows, texts, excerpts, strict=True)
        ]

    def _texts(self, rows: Sequence[int]) -> list[tuple[str, str]]:
        """(title, text) of each; empty for what became no document."""
        found = dict.fromkeys(rows, ("", ""))
        by_file: dict[str, list[tuple[int, int]]] = {}
        for row in found:
            if (where := self._catalog.file_of(row)) is not None:
                file, place = where
                by_file.setdefault(f"{self._lake.folder(file.manifest)}/{file.entry.path}", []).append((place, row))
        for path, some in by_file.items():
            places, chosen = zip(*sorted(some), strict=True)
            table = self._lake.read_places(path, np.array(places), ["title", "text"])
            found |= dict(zip(chosen, zip(*table.to_pydict().values(), strict=True), strict=True))
        return [found[row] for row in rows]

    def _excerpts(self, texts: Sequence[str], words: str) -> list[str]:
        parts = self._indexes[0].excerpts(words, texts) if words else [text[: 4 * EXCERPT] for text in texts]
        masked = (privacy.mask_text(" ".join(part.split()), privacy.KINDS).text for part in parts)
        return [text if len(text) <= EXCERPT else f"{text[:EXCERPT]}…" for text in masked]
