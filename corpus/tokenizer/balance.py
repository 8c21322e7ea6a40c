"""Balance: which documents a vocabulary is learnt from, and how much of each, so that no language takes all of it.

A language with the share p of the corpus gets a share of the sample that grows with p^balance: 1 takes languages as
they are, 0 gives each the same. What a small language cannot fill goes to the others. 0.5 is what XLM took to learn its
merges (Lample & Conneau 2019, arXiv:1901.07291, section 3.1); without it, words of rare languages fall apart.

Within a language the documents with the smallest draws are taken, a draw being a hash of the seed and the document's
id: which ones they are does not depend on the order in which they come.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus.tokenizer.vocabulary import VocabularyConfig

COLUMNS = ["doc_id", "language", "text"]


@dataclass(kw_only=True)
class Candidates:
    """Documents of a language that may be taken: draws and characters. `total`: characters of all that it has."""

    draws: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint64))
    characters: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    total: int = 0

    def add(self, draws: np.ndarray, characters: np.ndarray, budget: int) -> None:
        """Forgets those that cannot be taken any more: memory holds no more ids than a sample of one language has."""
        self.total += int(characters.sum())
        self.draws = np.concatenate([self.draws, draws])
        self.characters = np.concatenate([self.characters, characters])
        if int(self.characters.sum()) > 2 * budget:
            self.sort()
            enough = int(np.searchsorted(np.cumsum(self.characters), budget)) + 1
            self.draws, self.characters = self.draws[:enough].copy(), self.characters[:enough].copy()

    def sort(self) -> None:
        order = np.argsort(self.draws)
        self.draws, self.characters = self.draws[order], self.characters[order]


@dataclass(frozen=True, kw_only=True)
class Bound:
    """Documents with a draw below `draw` are taken, and of the one that has it, `rest` characters."""

    draw: int
    rest: int


class Balance:
    """Fed with all batches of documents once by `count`, it `take`s the texts of the sample when they come again."""

    def __init__(self, config: VocabularyConfig) -> None:
        self.config = config
        self._found: dict[str, Candidates] = {}

    def count(self, batch: pa.RecordBatch) -> None:
        draws, languages = self._draws(batch), _languages(batch)
        characters = pc.min_element_wise(pc.utf8_length(batch["text"]), self.config.document_characters).to_numpy()
        for language in np.unique(languages):
            mine = languages == language
            found = self._found.setdefault(language, Candidates())
            found.add(draws[mine], characters[mine], self.config.sample_characters)

    def bounds(self) -> dict[str, Bound]:
        """Of each language, the last document that is taken."""
        totals = {language: found.total for language, found in sorted(self._found.items()) if found.total}
        found = {}
        for language, quota in compute_quotas(totals, self.config.sample_characters, self.config.balance).items():
            candidates = self._found[language]
            candidates.sort()
            before = np.cumsum(candidates.characters) - candidates.characters
            last = int(np.searchsorted(before, quota)) - 1  # the last one in front of which there is room
            if last >= 0:
                found[language] = Bound(draw=int(candidates.draws[last]), rest=int(quota - before[last]))
        return found

    def take(self, batch: pa.RecordBatch, bounds: Mapping[str, Bound]) -> Iterator[tuple[str, str]]:
        """The language and the text, or its beginning, of each document of the sample."""
        languages = _languages(batch)
        draws = self._draws(batch)
        none = Bound(draw=0, rest=0)
        limits = np.array([bounds.get(language, none).draw for language in languages], np.uint64)
        for position in np.flatnonzero(draws <= limits).tolist():
            bound = bounds.get(languages[position], none)
            taken = bound.rest if draws[position] == bound.draw else self.config.document_characters
            if text := batch["text"][position].as_py()[: min(taken, self.config.document_characters)]:
                yield languages[position], text

    def _draws(self, batch: pa.RecordBatch) -> np.ndarray:
        """A hash of each document's id, itself one, and the seed, uint64 (rows,): Steele et al. 2014, SplitMix."""
        ids = batch["doc_id"]
        raw = np.frombuffer(ids.buffers()[1], "<u8").reshape(-1, 2)[ids.offset : ids.offset + len(ids), 0]
        draws = raw + np.uint64(self.config.seed * 0x9E3779B97F4A7C15 % 2**64)
        draws = (draws ^ (draws >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        draws = (draws ^ (draws >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return draws ^ (draws >> np.uint64(31))


def compute_quotas(totals: Mapping[str, int], budget: int, balance: float) -> dict[str, int]:
    """Characters of each language, at most those that it has, and `budget` together."""
    shares = {language: total**balance for language, total in totals.items()}
    found: dict[str, int] = {}
    while open_ := [language for language in totals if language not in found]:
        unit = (budget - sum(found.values())) / sum(shares[language] for language in open_)
        whole = [language for language in open_ if totals[language] <= unit * shares[language]]
        if not whole:
            return found | {language: int(unit * shares[language]) for language in open_}
        found |= {language: totals[language] for language in whole}
    return found


def _languages(batch: pa.RecordBatch) -> np.ndarray:
    return np.asarray(batch["language"].to_pylist(), dtype=object)
