"""Shard samples: chunks of a set of shards as people look at them: which documents lie in them, and their texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
from tokenizers import Tokenizer

from corpus.audit.samples import look_up
from corpus.lake.manifest import Manifest, sha256
from corpus.lake.stages import SPLIT, TOKENS, UNIQUE
from corpus.lake.store import Lake
from corpus.lineage.graph import sources
from corpus.shards.mix import COLUMNS, Mix
from corpus.shards.reader import ShardSet

PAGES = ("train", "heldout")  # the kinds of files of the stage split


@dataclass(frozen=True, kw_only=True)
class ShardDocument:
    """Tokens [first, end) of the stream. `text` is what they decode to, None without a tokenizer. `group`: of the mix.
    What only a lake knows is None without one."""

    doc_id: str
    first: int
    end: int
    ids: Sequence[int]
    text: str | None
    url: str | None = None
    language: str | None = None
    group: str | None = None


@dataclass(frozen=True, kw_only=True)
class ShardSample:
    """A chunk: tokens [first, end) of the stream, bytes [offset, offset + bytes) of its tar. `count` documents lie in
    it, of which `documents` are the first."""

    shard: str
    key: str
    first: int
    end: int
    offset: int
    bytes: int
    count: int
    documents: tuple[ShardDocument, ...]


def shard_samples(shards: ShardSet, limit: int, tokenizer: bytes | None = None) -> list[ShardSample]:
    """At most `limit` chunks, evenly over the set, and of each at most `limit` documents. `tokenizer`: the bytes of
    tokenizer.json. Raises ValueError, naming both digests, when it is not that of the shards."""
    decoder = None
    if tokenizer is not None:
        if sha256(tokenizer) != shards.index.tokenizer:
            raise ValueError(
                f"the shards in {shards.folder} are of the tokenizer {shards.index.tokenizer}, given is "
                f"{sha256(tokenizer)}: take the tokenizer.json that they were made with"
            )
        decoder = Tokenizer.from_str(tokenizer.decode())
    chunks = [(shard.path, chunk) for shard in shards.index.shards for chunk in shard.chunks]
    starts = [0, *accumulate(chunk.tokens for _, chunk in chunks)]
    found = []
    for number in np.unique(np.linspace(0, len(chunks) - 1, min(limit, len(chunks))).astype(int)).tolist():
        path, chunk = chunks[number]
        first, end = starts[number], starts[number + 1]
        documents = shards.documents(first, end)[:limit]
        found.append(
            ShardSample(
                shard=path,
                key=chunk.key,
                first=first,
                end=end,
                offset=chunk.offset,
                bytes=chunk.bytes,
                count=chunk.documents,
                documents=tuple(_document(shards, decoder, doc_id, *place) for _, doc_id, *place in documents),
            )
        )
    return found


def _document(shards: ShardSet, decoder: Tokenizer | None, doc_id: str, first: int, end: int) -> ShardDocument:
    ids = shards.tokens(first, end).tolist()
    text = decoder.decode(ids[:-1], skip_special_tokens=False) if decoder else None  # without the `eos` that closes it
    return ShardDocument(doc_id=doc_id, first=first, end=end, ids=ids, text=text)


def with_pages(lake: Lake, made: Manifest, mix: Mix | None, samples: Sequence[ShardSample]) -> list[ShardSample]:
    """The samples with what the lake knows of their documents: URL, language and group of the mix. `made` is their
    dataset. Raises FileNotFoundError when the lake no longer has the pages that it was made of."""
    [tokens] = sources(lake, made, TOKENS)
    [split] = sources(lake, tokens, SPLIT)
    doc_ids = [bytes.fromhex(document.doc_id) for sample in samples for document in sample.documents]
    pages = look_up(lake, [split], PAGES, doc_ids, ["doc_id", "url", "language", "warc_file"])
    values = {doc_id: page[COLUMNS[mix.by]] for doc_id, page in pages.items()} if mix and mix.by in COLUMNS else {}
    if mix is not None and mix.by == "crawl":
        for unique in sources(lake, split, UNIQUE):
            found = look_up(lake, [unique], ["documents"], doc_ids, ["doc_id"])
            values |= dict.fromkeys(found, unique.partition)

    def known(document: ShardDocument) -> ShardDocument:
        doc_id = bytes.fromhex(document.doc_id)
        group = mix.group(values[doc_id]) if mix is not None else None
        return replace(document, url=pages[doc_id]["url"], language=pages[doc_id]["language"], group=group)

    return [replace(sample, documents=tuple(map(known, sample.documents))) for sample in samples]
