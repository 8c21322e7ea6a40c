"""Agreement: of word vectors with what people say, from files that the user has: how similar two words are, and
analogies.

    king	queen	8.58          similarity: two words, and how similar people find them (WordSim-353, SimLex-999)
    man woman king queen      analogies: the fourth is asked for (Google's questions-words.txt)

Lines that begin with : or # are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from training.vectors.word_vectors import WordVectors


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """`score`: of similarity Spearman's rank correlation, of analogies the share that is answered right. `asked`: lines
    whose words are all known; `unknown`: the others, which do not count."""

    score: float
    asked: int
    unknown: int


def score_similarity(vectors: WordVectors, path: Path) -> Agreement:
    """Raises ValueError naming a line that cannot be read, or where fewer than two pairs are known."""
    from scipy.stats import spearmanr  # takes a second to import

    ours, theirs, unknown = [], [], 0
    for where, (one, other, said) in _lines(path, ("word", "word", "number")):
        try:
            number = float(said)
        except ValueError as error:
            raise ValueError(f"{where}: {said!r} is not a number") from error
        rows = vectors.find(one), vectors.find(other)
        if rows[0] is None or rows[1] is None:
            unknown += 1
            continue
        ours.append(float(vectors.directions[rows[0]] @ vectors.directions[rows[1]]))
        theirs.append(number)
    if len(set(ours)) < 2 or len(set(theirs)) < 2:
        raise ValueError(f"{path}: of {len(ours) + unknown} pairs {len(ours)} are known; no ranks of them compare")
    return Agreement(score=float(spearmanr(ours, theirs).statistic), asked=len(ours), unknown=unknown)


def score_analogies(vectors: WordVectors, path: Path) -> Agreement:
    """Raises ValueError naming a line that cannot be read, or where no question has known words alone."""
    right, asked, unknown = 0, 0, 0
    for _, words in _lines(path, ("word", "word", "word", "word")):
        rows = [vectors.find(word) for word in words]
        if None in rows:
            unknown += 1
            continue
        best = vectors.nearest([words[1], words[2]], [words[0]], count=1)
        asked += 1
        right += [vectors.numbers[one.word] for one in best] == [rows[3]]
    if not asked:
        raise ValueError(f"{path}: of {unknown} questions none has four words that have vectors")
    return Agreement(score=right / asked, asked=asked, unknown=unknown)


def _lines(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, list[str]]]:
    """Where each line is, and its parts."""
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            parts = line.split()
            if not parts or line[0] in ":#":
                continue
            if len(parts) != len(columns):
                raise ValueError(f"{path}:{number}: {len(parts)} columns; a line is {' '.join(columns)}")
            yield f"{path}:{number}", parts
