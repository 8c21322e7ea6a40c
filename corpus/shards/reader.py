"""Shard set: a folder of shards, mapped into memory as one stream of tokens."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from corpus.lake.manifest import sha256
from corpus.shards.cache import LIMIT_VARIABLE, ShardCache
from corpus.shards.format import Chunk, Index, Shard

NAMES_KEPT = 64  # chunks whose document ids stay parsed


class ShardSet:
    """A folder with index.json and its tars, mapped into memory as one stream of tokens.

    `folder` is a path, or a URL of http, https or s3 whose shards are fetched when they are first read (ShardCache).
    Raises ValueError naming the tars that are missing, of another size or not in the index; and, when a chunk is read
    for the first time, naming it and both digests where its bytes are not those that were indexed.
    """

    def __init__(self, folder: str | Path, cache: ShardCache | None = None) -> None:
        if cache is None and "://" in str(folder):
            cache = ShardCache(str(folder))
        self.folder: str | Path = Path(folder) if cache is None else cache.url
        self._cache = cache
        data = self._read_index()
        self.index = Index.from_bytes(data, where=f"{self.folder}/index.json")
        self.fingerprint = sha256(data)
        self.dtype = np.dtype(self.index.dtype)
        self._chunks: list[tuple[Shard, Chunk]] = [(s, c) for s in self.index.shards for c in s.chunks]
        self._starts = np.concatenate([[0], np.cumsum([chunk.tokens for _, chunk in self._chunks])]).astype(np.int64)
        self._maps: dict[str, np.ndarray] = {}
        self._opened: dict[int, memoryview] = {}
        self._checked = bytearray(len(self._chunks))
        self._names = lru_cache(maxsize=NAMES_KEPT)(self._parse_names)
        if cache is None:
            self._check_files()
        elif (size := sum(shard.bytes for shard in self.index.shards)) > cache.limit:
            warnings.warn(
                f"{self.folder} has {size} bytes of shards and the cache keeps {cache.limit}: as each step reads from "
                f"all over the set, shards will be fetched again and again; set {LIMIT_VARIABLE} higher",
                stacklevel=2,
            )

    def __len__(self) -> int:
        """Tokens in the set."""
        return int(self._starts[-1])

    def _read_index(self) -> bytes:
        if self._cache is not None:
            return self._cache.index()
        path = Path(self.folder) / "index.json"
        if not path.is_file():
            raise FileNotFoundError(f"{path} not found: --shards takes a folder that `python -m pipelines shard` wrote")
        return path.read_bytes()

    def _check_files(self) -> None:
        with os.scandir(self.folder) as entries:
            found = {entry.name: entry.stat().st_size for entry in entries if entry.name.endswith(".tar")}
        if problems := self.index.misplaced(found):
            more = f", and {len(problems) - 3} more" if len(problems) > 3 else ""
            raise ValueError(f"{self.folder}/{'; '.join(problems[:3])}{more}; write the shards again")

    def _check_chunk(self, number: int) -> None:
        """Reads a chunk whole, once, before any of it is used."""
        if self._checked[number]:
            return
        shard, chunk = self._chunks[number]
        found = hashlib.sha256(self._array(shard, chunk.offset, chunk.bytes, np.dtype("u1")).data).hexdigest()
        if found != chunk.sha256:
            raise ValueError(
                f"{self.folder}/{shard.path}: of chunk {chunk.key} the index wants sha256 {chunk.sha256}, found "
                f"{found}; write the shards again"
            )
        self._checked[number] = 1

    # Bytes ------------------------------------------------------------------------------------------------------

    def _raw(self, shard: Shard) -> np.ndarray:
        """All bytes of a shard. Not kept where they come from a cache, which may have to let go of them."""
        if self._cache is not None:
            return self._cache.map(shard)
        if shard.path not in self._maps:
            path = Path(self.folder) / shard.path
            # A plain array: slicing a np.memmap takes four times as long.
            self._maps[shard.path] = np.memmap(path, dtype=np.uint8, mode="r").view(np.ndarray)
        return self._maps[shard.path]

    def _array(self, shard: Shard, offset: int, count: int, dtype: np.dtype[Any]) -> np.ndarray:
        return self._raw(shard)[offset : offset + count * dtype.itemsize].view(dtype)

    def map(self, shard: Shard) -> np.ndarray:
        """All bytes of a tar as an array of the tokens' type, headers too; none of its digests is checked."""
        raw = self._raw(shard)
        return raw[: len(raw) // self.dtype.itemsize * self.dtype.itemsize].view(self.dtype)

    # Tokens -----------------------------------------------------------------------------------------------------

    def _open(self, number: int) -> memoryview:
        """A chunk's tokens as they lie in the tar."""
        self._check_chunk(number)
        shard, chunk = self._chunks[number]
        tokens = self._array(shard, chunk.tokens_offset, chunk.tokens, self.dtype).data
        if not self.remote:  # a cache may have to let go of the shard
            self._opened[number] = tokens
        return tokens

    def gather(self, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Token ids [start, start + length) of each run, run after run, read-only, in the type of the shards."""
        numbers = np.searchsorted(self._starts, starts, side="right") - 1
        firsts = starts - self._starts[numbers]
        parts = []  # joined as bytes: that takes half the time of np.concatenate, a third of slices put into an array
        for number, first, length in zip(numbers.tolist(), firsts.tolist(), lengths.tolist(), strict=True):
            part = (self._opened.get(number) or self._open(number))[first : first + length]
            parts.append(part)
            while len(part) < length:  # the rest is in the next chunk
                number, length = number + 1, length - len(part)
                part = self._open(number)[:length]
                parts.append(part)
        return np.frombuffer(b"".join(parts), self.dtype)

    def tokens(self, start: int, stop: int) -> np.ndarray:
        """Token ids [start, stop) of the whole stream, as int64 of shape (stop - start,)."""
        return self.gather(np.array([start]), np.array([stop - start])).astype(np.int64)

    @property
    def remote(self) -> bool:
        return self._cache is not None

    def fetch_ahead(self, tokens: np.ndarray) -> None:
        """Begins to fetch the shards that hold these tokens of the stream, where they are remote."""
        if self._cache is not None:
            numbers = np.searchsorted(self._starts, tokens, side="right") - 1
            self._cache.ahead([self._chunks[number][0] for number in dict.fromkeys(numbers.tolist())])

    # Documents --------------------------------------------------------------------------------------------------

    @cached_property
    def document_starts(self) -> np.ndarray:
        """Where each document of the set starts in the stream, int64, ascending. Opens every shard, and trusts chunks
        that were not read yet as far as their documents are in order.
        """
        if self._cache is not None:
            self._cache.ahead(self.index.shards)
        return np.concatenate([self._document_starts(number) for number in range(len(self._chunks))])

    def _document_starts(self, number: int) -> np.ndarray:
        shard, chunk = self._chunks[number]
        starts = self._array(shard, chunk.docs_offset, chunk.documents, np.dtype("<i8"))
        if starts[0] != 0 or starts[-1] >= chunk.tokens or (starts[1:] <= starts[:-1]).any():
            self._check_chunk(number)
            raise ValueError(f"{self.folder}/{shard.path}: the documents of chunk {chunk.key} are not in order")
        return self._starts[number] + starts

    def _about(self, number: int) -> bytes:
        shard, chunk = self._chunks[number]
        return self._array(shard, chunk.json_offset, chunk.json_bytes, np.dtype("u1")).tobytes()

    def _parse_names(self, number: int) -> list[str]:
        found: list[str] = json.loads(self._about(number))["doc_ids"]
        return found

    def _bounds(self, number: int) -> np.ndarray:
        """Where the documents of a chunk start in the stream, and where the last one ends. Checks the chunk."""
        self._check_chunk(number)
        return np.append(self._document_starts(number), self._starts[number + 1])

    @cached_property
    def document_ids(self) -> np.ndarray:
        """The id of each document of the set, uint8 (documents, 16), in their order. Opens every shard, and trusts
        chunks that were not read yet."""
        joined = b"".join(bytes.fromhex("".join(self._parse_names(number))) for number in range(len(self._chunks)))
        return np.frombuffer(joined, np.uint8).reshape(self.index.documents, -1)

    def find(self, doc_id: str) -> list[tuple[str, str, int, int]]:
        """Where a document stands, given in hex: as `documents` has it, each copy. A chunk without it is not checked:
        what damage hides there, `headwater verify` tells."""
        found = []
        for number, (shard, _) in enumerate(self._chunks):
            if doc_id.encode() not in self._about(number):  # parsing the names of all documents takes far longer
                continue
            bounds = self._bounds(number).tolist()
            ends = zip(self._names(number), bounds[:-1], bounds[1:], strict=True)
            found += [(shard.path, name, first, end) for name, first, end in ends if name == doc_id]
        return found

    def documents(self, start: int, stop: int) -> list[tuple[str, str, int, int]]:
        """The documents under tokens [start, stop): (shard, doc_id in hex, its first token, its end) in the stream."""
        found: list[tuple[str, str, int, int]] = []
        begin, end = np.searchsorted(self._starts, [start, stop - 1], side="right") - 1
        for number in range(begin, min(end + 1, len(self._chunks))):
            bounds = self._bounds(number)
            first = max(0, int(np.searchsorted(bounds[:-1], start, side="right")) - 1)
            last = int(np.searchsorted(bounds[:-1], stop, side="left"))
            shard = self._chunks[number][0].path
            ids = self._names(number)
            for position in range(first, last):
                found.append((shard, ids[position], int(bounds[position]), int(bounds[position + 1])))
        return found
