"""Word index: which documents of a dataset hold which words: an inverted index of tantivy, ranked by BM25.

    <lake>/cache/search/<key>/    made when it is first asked for, put in place in one step, removed without loss

It is a cache and no dataset: tantivy names its files at random, so that two builds differ where their answers do not.
The key follows from the files of documents and from all that decides what is found. A damaged index is made again.
"""

from __future__ import annotations

import fcntl
import json
import logging
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import tantivy

from corpus.lake.manifest import FileEntry, Manifest, canonical_json, sha256
from corpus.lake.stages import STAGES
from corpus.lake.store import Lake, file_sha256
from corpus.text.normal_form import WORD, compose
from dagster_project.folders import local_folder

VERSION = 1
FIELDS = ("title", "text", "url")
SEARCHED = FIELDS[:2]  # where no field is named
ANALYZER = "words"
LONGEST_WORD = 200  # bytes
MEMORY = 128 << 20  # bytes that the writer takes
FILES = "files.json"  # name -> sha256
EXCERPT = 160  # characters, of which half stand before the words
APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)")  # tantivy takes it for a quotation mark

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A document, as a row of one of the dataset's files. `score`: BM25, the higher the better."""

    entry: FileEntry
    row: int
    score: float


class WordIndex:
    """The index of a dataset of documents. Makes it where there is none."""

    def __init__(self, lake: Lake, manifest: Manifest) -> None:
        """Raises OSError naming a file of the dataset that cannot be read."""
        self.manifest = manifest
        self.entries = [entry for kind in STAGES[manifest.stage].documents_in for entry in manifest.of_kind(kind)]
        key = {"version": VERSION, "tantivy": version("tantivy"), "words": WORD.pattern}
        name = sha256(canonical_json({**key, "files": [entry.sha256 for entry in self.entries]}))[:32]
        folder = local_folder(lake, "cache") / "search" / name
        with _lock(folder.parent):
            if not _is_whole(folder):
                self._make(lake, folder)
            self._index = tantivy.Index.open(str(folder))
        self._index.register_tokenizer(ANALYZER, _analyzer())
        self._searcher = self._index.searcher()

    @property
    def documents(self) -> int:
        return sum(entry.rows for entry in self.entries)

    def find(self, words: str, limit: int) -> tuple[int, list[Hit]]:
        """(how many documents fit, the `limit` best of them). Raises ValueError for a query that cannot be parsed."""
        found: Any = self._searcher.search(self._parse(words), limit)  # its type does not know the count
        addresses = [address for _, address in found.hits]
        if not addresses:
            return 0, []
        files, rows = (self._searcher.fast_field_values(name, addresses) for name in ("file", "row"))
        hits = [
            Hit(entry=self.entries[int(file or 0)], row=int(row or 0), score=float(score))
            for (score, _), file, row in zip(found.hits, files, rows, strict=True)
        ]
        return found.count, hits

    def find_all(self, words: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of all documents that fit, the best first: the score, the place of its file in `entries`, and its row there.
        Raises ValueError for a query that cannot be parsed."""
        hits = self._searcher.search(self._parse(words), max(1, self.documents)).hits
        files, rows = (
            np.array(self._searcher.fast_field_values(name, [address for _, address in hits]), np.int64)
            for name in ("file", "row")
        )
        return np.array([score for score, _ in hits], np.float64), files, rows

    def excerpts(self, words: str, texts: Sequence[str]) -> list[str]:
        """Of each text the part in which most of the words are; its beginning where none is."""
        generator = tantivy.SnippetGenerator.create(self._searcher, self._parse(words), self._index.schema, "text")
        return [_excerpt(text, generator.snippet_from_doc(tantivy.Document(text=text))) for text in texts]

    def _parse(self, words: str) -> tantivy.Query:
        query = APOSTROPHE.sub(" ", compose(words).replace("\u2019", "'"))
        if not WORD.search(query):
            raise ValueError(f"{words!r} has no word in it: give a word or more that documents hold")
        try:
            return self._index.parse_query(query, list(SEARCHED), conjunction_by_default=True)
        except ValueError as error:
            raise ValueError(
                f'{words!r} cannot be parsed as a query ({error}): give words, "phrases in quotation marks", OR, '
                f"-without, or FIELD:word of {', '.join(FIELDS)}; what has other signs goes into quotation marks"
            ) from error

    def _make(self, lake: Lake, folder: Path) -> None:
        """Called by the holder of the lock alone: what is there unfinished or damaged was left by another."""
        log.info("indexing the words of %s, %s documents, once for all", self.manifest.name, f"{self.documents:,}")
        shutil.rmtree(folder, ignore_errors=True)
        making = folder.with_name("making")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir()
        index = tantivy.Index(_schema(), str(making))
        index.register_tokenizer(ANALYZER, _analyzer())
        writer = index.writer(MEMORY, num_threads=1)  # documents are numbered as they come, and so ordered where equal
        for number, entry in enumerate(self.entries):
            row = 0
            for batch in lake.read_batches(f"{lake.folder(self.manifest)}/{entry.path}", list(FIELDS)):
                for document in batch.to_pylist():
                    texts = {name: value for name, value in document.items() if value is not None}
                    writer.add_document(tantivy.Document(file=number, row=row, **texts))
                    row += 1
        writer.commit()
        writer.wait_merging_threads()
        digests = {path.name: file_sha256(path) for path in sorted(making.iterdir()) if path.is_file()}
        (making / FILES).write_bytes(canonical_json(digests))
        making.rename(folder)


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in FIELDS:
        builder.add_text_field(name, tokenizer_name=ANALYZER)
    for name in ("file", "row"):
        builder.add_integer_field(name, fast=True)
    return builder.build()


def _analyzer() -> tantivy.TextAnalyzer:
    """Words as all of Headwater has them: of a script without spaces each character is one, so that a word of any
    length is found, as characters that follow each other."""
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.regex(WORD.pattern))
    return builder.filter(tantivy.Filter.remove_long(LONGEST_WORD)).filter(tantivy.Filter.lowercase()).build()


def _excerpt(text: str, snippet: tantivy.Snippet) -> str:
    places = snippet.highlighted()
    if not places:
        return text[:EXCERPT] + ("…" if len(text) > EXCERPT else "")
    data, offset = text.encode(), snippet.fragment_range().start  # tantivy counts bytes
    first = len(data[: offset + places[0].start].decode())
    start = max(0, first - EXCERPT // 2)
    stop = min(len(text), max(start + EXCERPT, len(data[: offset + places[-1].end].decode())))
    return ("…" if start else "") + text[start:stop] + ("…" if stop < len(text) else "")


def _is_whole(folder: Path) -> bool:
    """Whether an index is there with the bytes that were written: tantivy itself does not see every flipped bit."""
    try:
        digests = json.loads((folder / FILES).read_bytes())
        return all(file_sha256(folder / name) == digest for name, digest in digests.items())
    except (OSError, ValueError):
        return False


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """One process makes an index; the others wait for it."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
