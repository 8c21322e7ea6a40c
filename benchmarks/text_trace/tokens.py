"""Tokens: made-up documents of real sentences, as shards and as one flat file, and questions about them.

The sentences are those of the texts of `make bench-tokenize`, in GPT-2's vocabulary; a document is a random choice of
them. So tokens are as frequent as in text, and sentences repeat as they do across a crawl.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.tokenization import RANKS, texts
from corpus.shards.format import Document, Index, token_dtype, write_shard
from corpus.tokenizer.imported import ImportConfig, read_vocabulary
from corpus.tokenizer.vocabulary import Vocabulary

MEGABYTES = 36  # of text that the sentences are taken from
SENTENCES = 30  # of a document, at most
CHUNK, CHUNKS = 1_000_000, 64  # tokens of a chunk, chunks of a shard
QUESTION, PIECES = 450, (3, 60)  # tokens of a question; of a piece of it that stands somewhere in the tokens


def make(place: Path, tokens: int, questions: int, seed: int = 1) -> dict[str, float]:
    """About `tokens` of them, as PLACE/shards and PLACE/flat.bin, with PLACE/questions.npy. Returns how many there are,
    and the seconds of CPU time that it takes to tokenize as many."""
    random = np.random.RandomState(seed)
    vocabulary = Vocabulary(read_vocabulary(ImportConfig(path=str(RANKS))))
    found = [text for _, text in texts(MEGABYTES)]
    started = time.process_time()
    encoded = vocabulary.encode(found)
    seconds = time.process_time() - started
    sentences = [
        ids
        for text in np.split(encoded.tokens, np.cumsum(encoded.lengths)[:-1])
        for ids in np.array_split(text[:-1], max(1, len(text) // 40))
        if len(ids)
    ]
    dtype = token_dtype(vocabulary.size)
    shards, made = [], 0
    (place / "shards").mkdir(parents=True)
    with open(place / "flat.bin", "wb") as flat:
        while made < tokens:
            number = len(shards)
            chunks = []
            while made < tokens and len(chunks) < CHUNKS:
                size = min(CHUNK, tokens - made)
                documents = list(_documents(random, sentences, size, vocabulary))
                chunks.append((f"{number:06d}-{len(chunks):04d}", documents))
                written = np.concatenate([document.tokens for document in documents])
                written.tofile(flat)
                made += len(written)
            shards.append(write_shard(place / "shards" / f"shard-{number:06d}.tar", chunks, vocabulary.digest))
    index = Index(
        dtype=dtype.str,
        vocab_size=vocabulary.size,
        eos=vocabulary.eos,
        tokenizer=vocabulary.digest,
        shards=tuple(shards),
    )
    (place / "shards" / "index.json").write_bytes(index.to_bytes())
    stream = np.memmap(place / "flat.bin", dtype=dtype, mode="r")
    np.save(place / "questions.npy", np.stack([_question(random, stream, vocabulary.eos) for _ in range(questions)]))
    return {"tokens": made, "tokenizing": seconds * made / len(encoded.tokens)}


def _documents(
    random: np.random.RandomState, sentences: list[np.ndarray], size: int, vocabulary: Vocabulary
) -> Iterator[Document]:
    made, end = 0, np.array([vocabulary.eos], token_dtype(vocabulary.size))
    while made < size:
        chosen = random.randint(0, len(sentences), random.randint(1, SENTENCES))
        tokens = np.concatenate([*(sentences[one] for one in chosen), end]).astype(end.dtype)
        yield Document(doc_id=random.bytes(16), tokens=tokens)
        made += len(tokens)


def _question(random: np.random.RandomState, stream: np.ndarray, eos: int) -> np.ndarray:
    """Pieces of the tokens, one after the other, as a model that was trained on them writes."""
    parts: list[np.ndarray] = []
    while sum(map(len, parts)) < QUESTION:
        start, length = random.randint(0, len(stream) - PIECES[1]), random.randint(*PIECES)
        piece = stream[start : start + length]
        parts.append(piece[piece != eos])
    return np.concatenate(parts)[:QUESTION]
