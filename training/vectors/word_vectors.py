"""Word vectors: words with a vector each, which words are nearest, and the file that holds them: word2vec's text
format, which gensim, fastText and others read."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from training.vectors.words import WordConfig, WordSplitter


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """A word and its cosine similarity, from -1 to 1."""

    word: str
    similarity: float


class WordVectors:
    """Words and a vector each. `vectors` float32 (V, D)."""

    def __init__(self, words: Sequence[str], vectors: np.ndarray) -> None:
        self.words, self.vectors = list(words), vectors

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The row of each word."""
        return {word: row for row, word in enumerate(self.words)}

    @cached_property
    def directions(self) -> np.ndarray:
        """The vectors, each of length 1; a vector of zeros stays."""
        lengths = np.linalg.norm(self.vectors, axis=1, keepdims=True)
        return self.vectors / np.where(lengths == 0, 1, lengths)

    def find(self, word: str) -> int | None:
        """The row of a word as it is written, else in the form that words have by default; None for an unknown one."""
        return self.numbers.get(word, self.numbers.get(WordSplitter(WordConfig()).prepare(word)))

    def row(self, word: str) -> int:
        """As `find`. Raises ValueError for an unknown word, naming those that are spelled alike."""
        row = self.find(word)
        if row is None:
            near = difflib.get_close_matches(word, self.words, n=3, cutoff=0.6)
            hint = f"did you mean {', '.join(near)}?" if near else "none of them is spelled alike"
            raise ValueError(f"no vector for the word {word!r} among {len(self.words):,}; {hint}")
        return row

    def nearest(self, plus: Sequence[str], minus: Sequence[str] = (), count: int = 10) -> list[Neighbour]:
        """The words whose direction is nearest to the sum of the directions of some words less those of others, these
        words left out: king - man + woman (3CosAdd of Mikolov et al. 2013, aclanthology.org/N13-1090).

        Raises ValueError for an unknown word."""
        added, taken = [self.row(word) for word in plus], [self.row(word) for word in minus]
        target = self.directions[added].sum(axis=0) - self.directions[taken].sum(axis=0)
        similarities = self.directions @ (target / max(float(np.linalg.norm(target)), 1e-12))
        similarities[[*added, *taken]] = -np.inf
        order = np.argsort(-similarities, kind="stable")[: min(count, len(self.words) - len({*added, *taken}))]
        return [Neighbour(word=self.words[row], similarity=float(similarities[row])) for row in order.tolist()]

    def write(self, path: Path) -> None:
        """Numbers are written so that they are read back bit by bit."""
        size = self.vectors.shape[1]
        line = f"%s{' %.9g' * size}\n"  # of nine digits there is one float32
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(f"{len(self.words)} {size}\n")
            for word, vector in zip(self.words, self.vectors, strict=True):
                file.write(line % (word, *vector.tolist()))


def read_word_vectors(path: Path) -> WordVectors:
    """Of a file in word2vec's text format. Raises OSError where it cannot be read, ValueError naming the line that is
    not of that format."""
    with open(path, encoding="utf-8", newline="\n") as file:
        try:
            count, size = map(int, file.readline().split())
            words, vectors = [], np.empty((count, size), np.float32)
        except ValueError as error:
            raise ValueError(
                f"{path}: the first line is not the number of words and of numbers in a vector; give a file in "
                "word2vec's text format"
            ) from error
        for row in range(count):
            word, *numbers = file.readline().rstrip(" \n").rsplit(" ", size)
            try:
                vectors[row] = np.array(numbers, np.float32).reshape(size)
            except ValueError as error:
                raise ValueError(f"{path}:{row + 2}: not a word and {size} numbers") from error
            words.append(word)
    return WordVectors(words, vectors)
