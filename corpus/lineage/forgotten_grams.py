"""Forgotten grams: the runs of words that only forgotten documents had, and where one of them is left in shards.

    texts of forgotten documents -> their runs of 13 words, less those that another document has -> decoded tokens?

A run that another document has as well says nothing of where a text comes from. Hashes nominate: whatever is reported
as found was compared word by word. A run that is left out because another document has it was compared by its hash of
64 bits alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from tokenizers import Tokenizer

from corpus.contamination.grams import NgramIndex, gram_words, hash_ngrams
from corpus.shards.reader import ShardSet

WORDS = 13  # as benchmarks are looked for: of that many words in a row, two authors seldom write the same
BATCH = 256  # documents that are decoded together


@dataclass(frozen=True, kw_only=True)
class Found:
    """A run of words of a forgotten document that stands in a shard: `words`, in the document `doc_id`."""

    shard: str
    doc_id: str
    words: str


class ForgottenGrams:
    """`texts` are the different ones that were given, of which `short` have fewer than WORDS words, so that nothing of
    them can be looked for; they had `all` different runs, of which `own` are in no other document."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = sorted(set(texts))
        hashes, offsets = hash_ngrams(pa.array(self._texts, pa.large_string()), WORDS)
        self._keys, first = np.unique(hashes, return_index=True)
        owners = np.repeat(np.arange(len(self._texts)), np.diff(offsets))[first]
        self._places = list(zip(owners.tolist(), (first - offsets[owners]).tolist(), strict=True))
        self._index = _index(self._keys)
        self._shared = np.zeros(len(self._keys), bool)
        self.texts, self.all = len(self._texts), len(self._keys)
        self.short = int((np.diff(offsets) == 0).sum())

    @property
    def own(self) -> int:
        return self.all - int(self._shared.sum())

    def leave_out(self, texts: pa.Array | pa.ChunkedArray) -> None:
        """The runs that stand in these texts, which other documents have."""
        self._shared[self._index.find(texts).keys] = True

    def search(self, shards: ShardSet, tokenizer: bytes) -> Iterator[Found]:
        """The runs of none but the forgotten documents that stand in the decoded tokens of a set of shards, by place.

        `tokenizer`: the bytes of their tokenizer.json."""
        own = np.flatnonzero(~self._shared)
        index, decoder = _index(self._keys[own]), Tokenizer.from_str(tokenizer.decode())
        for names, texts in _decode(shards, decoder):
            hits = index.find(pa.array(texts, pa.large_string()))
            for text, position, key in zip(
                hits.texts.tolist(), hits.positions.tolist(), hits.keys.tolist(), strict=True
            ):
                there = gram_words(texts[text])[position : position + WORDS]
                if there == self._words(int(own[key])):
                    shard, doc_id = names[text]
                    yield Found(shard=shard, doc_id=doc_id, words=" ".join(there))

    def _words(self, key: int) -> list[str]:
        text, position = self._places[key]
        return gram_words(self._texts[text])[position : position + WORDS]


def _index(keys: np.ndarray) -> NgramIndex:
    return NgramIndex(keys, np.full(len(keys), WORDS))


def _decode(shards: ShardSet, decoder: Tokenizer) -> Iterator[tuple[list[tuple[str, str]], list[str]]]:
    """((shard, doc_id) of each, texts) of some documents at a time, without the token that closes each."""
    first = 0
    for shard in shards.index.shards:
        for chunk in shard.chunks:
            documents = shards.documents(first, first + chunk.tokens)
            first += chunk.tokens
            for begin in range(0, len(documents), BATCH):
                some = documents[begin : begin + BATCH]
                ids = [shards.tokens(start, end - 1).tolist() if end - start > 1 else [] for _, _, start, end in some]
                texts = decoder.decode_batch(ids, skip_special_tokens=False)
                yield [(path, doc_id) for path, doc_id, _, _ in some], texts
