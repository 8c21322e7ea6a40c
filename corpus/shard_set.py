"""Shard set: a folder of shards, mapped into memory as one stream of tokens."""

from __future__ import annotations

import hashlib
import json
import os
from bisect import bisect_right
from pathlib import Path
from typing import Any

import numpy as np

from corpus.manifest import sha256
from corpus.shards import Chunk, Index, Shard


class ShardSet:
    """A folder with index.json and its tars, mapped into memory as one stream of tokens.

    Raises ValueError naming the tars that are missing, of another size or not in the index; and, when a chunk is read
    for the first time, naming it and both digests where its bytes are not those that were indexed.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        path = self.folder / "index.json"
        if not path.is_file():
            raise FileNotFoundError(f"{path} not found: --shards takes a folder that `python -m pipelines shard` wrote")
        data = path.read_bytes()
        self.index = Index.from_bytes(data, where=str(path))
        self.fingerprint = sha256(data)
        self._chunks: list[tuple[Shard, Chunk]] = [(s, c) for s in self.index.shards for c in s.chunks]
        self._starts = np.concatenate([[0], np.cumsum([chunk.tokens for _, chunk in self._chunks])]).tolist()
        self._maps: dict[str, np.ndarray] = {}
        self._checked = bytearray(len(self._chunks))
        self._check_files()

    def __len__(self) -> int:
        """Tokens in the set."""
        return int(self._starts[-1])

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
        found = hashlib.sha256(self._raw(shard)[chunk.offset : chunk.offset + chunk.bytes].data).hexdigest()
        if found != chunk.sha256:
            raise ValueError(
                f"{self.folder / shard.path}: of chunk {chunk.key} the index wants sha256 {chunk.sha256}, found "
                f"{found}; write the shards again"
            )
        self._checked[number] = 1

    def verify(self) -> None:
        """Reads every tar whole. Raises ValueError naming the shard, the wanted and the found digest."""
        for shard in self.index.shards:
            with open(self.folder / shard.path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest != shard.sha256:
                raise ValueError(f"{self.folder / shard.path}: the index wants sha256 {shard.sha256}, found {digest}")

    def _raw(self, shard: Shard) -> np.ndarray:
        if shard.path not in self._maps:
            self._maps[shard.path] = np.memmap(self.folder / shard.path, dtype=np.uint8, mode="r")
        return self._maps[shard.path]

    def _array(self, shard: Shard, offset: int, count: int, dtype: np.dtype[Any]) -> np.ndarray:
        return self._raw(shard)[offset : offset + count * dtype.itemsize].view(dtype)

    def tokens(self, start: int, stop: int) -> np.ndarray:
        """Token ids [start, stop) of the whole stream, as int64 of shape (stop - start,)."""
        out = np.empty(stop - start, dtype=np.int64)
        dtype, position = np.dtype(self.index.dtype), start
        while position < stop:
            number = bisect_right(self._starts, position) - 1
            self._check_chunk(number)
            shard, chunk = self._chunks[number]
            first = position - self._starts[number]
            last = min(chunk.tokens, first + stop - position)
            view = self._array(shard, chunk.tokens_offset, chunk.tokens, dtype)
            out[position - start : position - start + last - first] = view[first:last]
            position += last - first
        return out

    def documents(self, start: int, stop: int) -> list[tuple[str, str, int, int]]:
        """The documents under tokens [start, stop): (shard, doc_id in hex, its first token, its end) in the stream."""
        found = []
        number = bisect_right(self._starts, start) - 1
        while number < len(self._chunks) and self._starts[number] < stop:
            self._check_chunk(number)
            shard, chunk = self._chunks[number]
            base = self._starts[number]
            starts = self._array(shard, chunk.docs_offset, chunk.documents, np.dtype("<i8"))
            raw = self._raw(shard)[chunk.json_offset : chunk.json_offset + chunk.json_bytes].tobytes()
            ends = np.append(starts[1:], chunk.tokens)
            for doc_id, first, end in zip(json.loads(raw)["doc_ids"], starts.tolist(), ends.tolist(), strict=True):
                if base + first < stop and base + end > start:
                    found.append((shard.path, doc_id, base + first, base + end))
            number += 1
        return found
