"""Tokens: one made-up stream of documents, as shards and as one flat file of uint16.

Lengths are log-normal with a median of 600, as those of web pages are; which ids stand there costs no loader anything.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from corpus.shards.format import Document, Index, write_shard
from corpus.shards.reader import ShardSet

VOCABULARY, EOS, TOKENIZER = 50_257, 0, "0" * 64
MEDIAN, SPREAD = 600, 1.0
CHUNK, CHUNKS = 1_000_000, 64  # tokens of a chunk, chunks of a shard


def make(place: Path, tokens: int, seed: int = 1) -> None:
    """About `tokens` of them, as PLACE/shards."""
    random = np.random.RandomState(seed)
    (place / "shards").mkdir(parents=True)
    shards = []
    for shard in range(-(-tokens // (CHUNK * CHUNKS))):
        chunks = range(shard * CHUNKS, min((shard + 1) * CHUNKS, -(-tokens // CHUNK)))
        named = ((f"{shard:06d}-{chunk:04d}", _documents(random, chunk)) for chunk in chunks)
        shards.append(write_shard(place / "shards" / f"shard-{shard:06d}.tar", named, TOKENIZER))
    index = Index(dtype="<u2", vocab_size=VOCABULARY, eos=EOS, tokenizer=TOKENIZER, shards=tuple(shards))
    (place / "shards" / "index.json").write_bytes(index.to_bytes())


def flat(place: Path) -> None:
    """PLACE/flat.bin: the tokens of PLACE/shards alone."""
    made = ShardSet(place / "shards")
    with open(place / "flat.bin", "wb") as file:
        for start in range(0, len(made), CHUNK):
            made.tokens(start, min(start + CHUNK, len(made))).astype(np.uint16).tofile(file)


def _documents(random: np.random.RandomState, chunk: int) -> list[Document]:
    lengths = np.maximum(2, random.lognormal(np.log(MEDIAN), SPREAD, 2 * CHUNK // MEDIAN)).astype(int)
    ends = np.cumsum(lengths)
    ends = ends[: int(np.searchsorted(ends, CHUNK)) + 1]
    tokens = random.randint(1, VOCABULARY, ends[-1]).astype("<u2")
    tokens[ends - 1] = EOS
    parts = np.split(tokens, ends[:-1])
    return [Document(doc_id=f"{chunk:08d}{n:08d}".encode(), tokens=part) for n, part in enumerate(parts)]
