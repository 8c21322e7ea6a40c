"""Word vectors: the training documents of a lake, or any texts -> a folder with a vector for each word.

OUT/vectors.txt   the words and their vectors, the most frequent first, in word2vec's text format
OUT/about.json    how they were learnt, of what, and the digest of vectors.txt
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from corpus.lake.local_files import sync
from corpus.lake.manifest import canonical_json
from corpus.lake.stages import SPLIT
from corpus.lake.store import Lake, file_sha256
from corpus.language.identify import identify_languages
from corpus.sources.rows import Columns
from headwater.crawl_texts import read_texts
from training.vectors.agreement import Agreement, score_analogies, score_similarity
from training.vectors.config import VectorConfig
from training.vectors.glove import train_glove
from training.vectors.numbered import number_texts
from training.vectors.word2vec import load_gensim, train_word2vec
from training.vectors.word_vectors import WordVectors, read_word_vectors
from training.vectors.words import WordConfig, WordSplitter

VECTORS, ABOUT = "vectors.txt", "about.json"
METHODS = {"skip_gram": train_word2vec, "cbow": train_word2vec, "glove": train_glove}
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class TrainedVectors:
    """`documents`: how many were read; `words`: in them, also the rare ones; `vocabulary`: words with a vector.
    `made_of`: digests by the address of a dataset, or by the names of given texts. `sha256`: of vectors.txt."""

    path: str
    learning: VectorConfig
    preparation: WordConfig
    languages: tuple[str, ...]
    made_of: dict[str, str]
    documents: int
    words: int
    vocabulary: int
    sha256: str


class LakeDocuments:
    """The training documents of a lake, as (text, language)."""

    def __init__(self, lake: Lake) -> None:
        self.lake, self.datasets = lake, [*lake.datasets(SPLIT)]

    def __str__(self) -> str:
        return f"the lake {self.lake.url}"

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for manifest in self.datasets:
            for entry in manifest.of_kind("train"):
                for row in self.lake.read_rows(f"{self.lake.folder(manifest)}/{entry.path}", ["text", "language"]):
                    yield row["text"], row["language"]

    @property
    def made_of(self) -> dict[str, str]:
        return {f"{manifest.stage}/{manifest.address}": manifest.digest for manifest in self.datasets}


class GivenTexts:
    """The texts of files, as (text, language): the language is told from the text."""

    def __init__(self, urls: Sequence[str], columns: Columns) -> None:
        self.urls, self.columns, self.digest = urls, columns, hashlib.sha256()

    def __str__(self) -> str:
        return ", ".join(self.urls)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for text in read_texts(self.urls, self.columns):
            self.digest.update(hashlib.sha256(text.encode()).digest())
            [(language, _)] = identify_languages([text])
            yield text, language

    @property
    def made_of(self) -> dict[str, str]:
        """Of what was read so far."""
        return {str(self): self.digest.hexdigest()}


def train_vectors(
    documents: LakeDocuments | GivenTexts,
    languages: Sequence[str],
    preparation: WordConfig,
    learning: VectorConfig,
    out: Path,
) -> TrainedVectors:
    """Writes the folder `out`, which appears when it is complete. `languages`: of the documents to read, () for all.

    Raises ValueError or OSError naming what cannot be used, FileExistsError where `out` holds something."""
    out = out.resolve()
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise FileExistsError(f"--out {out} is there already: give the name of a new folder")
    if METHODS[learning.method] is train_word2vec:
        load_gensim()  # reading takes long: what is not installed is said before
    read = _Reading(documents, languages, WordSplitter(preparation))
    texts = number_texts(read, learning.min_count)
    log.info("learning %s vectors of %s words, by %s", f"{len(texts.words):,}", f"{texts.total:,}", learning.method)
    vectors = WordVectors(texts.words, METHODS[learning.method](texts, learning))
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as scratch:
        making = Path(scratch, out.name)
        making.mkdir()
        vectors.write(making / VECTORS)
        trained = TrainedVectors(
            path=str(out),
            learning=replace(learning, epochs=learning.passes),
            preparation=preparation,
            languages=tuple(sorted(languages)),
            made_of=documents.made_of,
            documents=read.documents,
            words=texts.total,
            vocabulary=len(texts.words),
            sha256=file_sha256(making / VECTORS),
        )
        about = {name: value for name, value in asdict(trained).items() if name != "path"}
        (making / ABOUT).write_bytes(canonical_json(about))
        for path in (making / VECTORS, making / ABOUT, making):
            sync(path)
        os.rename(making, out)
    sync(out.parent)
    return trained


class _Reading:
    """The words of each document; raises ValueError where there is none."""

    def __init__(self, documents: LakeDocuments | GivenTexts, languages: Sequence[str], splitter: WordSplitter) -> None:
        self.source, self.languages, self.splitter = documents, frozenset(languages), splitter
        self.documents = 0

    def __iter__(self) -> Iterator[list[str]]:
        for text, language in self.source:
            if not self.languages or language in self.languages:
                self.documents += 1
                yield self.splitter.split(text, language)
        if not self.documents:
            said = f" in {', '.join(sorted(self.languages))}" if self.languages else ""
            raise ValueError(f"no document{said} in {self.source}: run a recipe on the lake, or give other texts")


def open_vectors(path: Path) -> WordVectors:
    """Of a folder that `train_vectors` wrote, or of any file in word2vec's text format. Raises OSError or ValueError
    naming the file that cannot be read."""
    return read_word_vectors(path / VECTORS if path.is_dir() else path)


def score_vectors(vectors: WordVectors, similarity: Path | None, analogies: Path | None) -> dict[str, Agreement]:
    """By what was asked for. Raises ValueError or OSError naming the file or line that cannot be used."""
    found = {}
    if similarity is not None:
        found["similarity"] = score_similarity(vectors, similarity)
    if analogies is not None:
        found["analogies"] = score_analogies(vectors, analogies)
    return found


def lines(trained: TrainedVectors, scores: dict[str, Agreement]) -> Iterator[str]:
    """What was learnt of what, and how well it agrees with people."""
    yield f"vectors    {trained.path}"
    yield f"learnt     {trained.vocabulary:,} words, {trained.learning.size} numbers each, by {trained.learning.method}"
    yield f"read       {trained.documents:,} documents, {trained.words:,} words"
    for name, digest in trained.made_of.items():
        yield f"made of    {name}, sha256 {digest[:12]}"
    for name, score in scores.items():
        yield f"{name:10} {score.score:.3f} of {score.asked:,} lines; {score.unknown:,} with unknown words"
    yield ""
    yield f"Next: headwater nearest WORD --vectors {trained.path}"
