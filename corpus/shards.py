"""Shards: WebDataset tars of tokens, and the index that says where every document lies in them.

A tar is plain (ustar, uncompressed, mtime 0, no owner), so equal tokens give equal bytes and stock `webdataset` reads
it. A sample is a chunk of about a million tokens, whole documents one after another, each closed by `eos`:

    <key>.tokens.npy   uint16 (uint32 when the vocabulary needs it), shape (tokens,)
    <key>.docs.npy     int64, shape (documents,): where each document starts in the chunk
    <key>.json         {"doc_ids": [hex], "tokenizer": sha256}

`index.json` holds, per shard, bytes and SHA-256 and, per chunk, the byte offset of the raw tokens, so that a reader
maps the tar into memory and never parses it. The SHA-256 of index.json is the training set's fingerprint.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from corpus.manifest import canonical_json, sha256

SCHEMA = "headwater.shards/1"


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """One sample of a tar. Offsets are bytes from the start of the tar to the raw array, after the npy header."""

    key: str
    tokens: int
    documents: int
    tokens_offset: int
    docs_offset: int
    json_offset: int
    json_bytes: int


@dataclass(frozen=True, kw_only=True)
class Shard:
    path: str
    bytes: int
    sha256: str
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, kw_only=True)
class Index:
    """`tokenizer` is the SHA-256 of tokenizer.json; `eos` closes every document and separates it from the next."""

    dtype: str
    vocab_size: int
    eos: int
    tokenizer: str
    shards: tuple[Shard, ...]

    @property
    def tokens(self) -> int:
        return sum(chunk.tokens for shard in self.shards for chunk in shard.chunks)

    @property
    def documents(self) -> int:
        return sum(chunk.documents for shard in self.shards for chunk in shard.chunks)

    def to_bytes(self) -> bytes:
        return canonical_json({"schema": SCHEMA, **asdict(self)})

    @classmethod
    def from_bytes(cls, data: bytes, *, where: str) -> Index:
        try:
            value = json.loads(data)
            if value.pop("schema") != SCHEMA:
                raise ValueError("another schema")
            value["shards"] = tuple(
                Shard(**{**shard, "chunks": tuple(Chunk(**chunk) for chunk in shard["chunks"])})
                for shard in value["shards"]
            )
            return cls(**value)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{where} is not a {SCHEMA} index ({error}); it begins {data[:60]!r}") from error


def token_dtype(vocab_size: int) -> np.dtype[Any]:
    """The smallest unsigned type that holds every id of a vocabulary."""
    return np.dtype("<u2" if vocab_size <= 1 << 16 else "<u4")


@dataclass(frozen=True, kw_only=True)
class Document:
    """Token ids of one document, its closing `eos` included."""

    doc_id: bytes
    tokens: np.ndarray


def write_shard(path: Path, chunks: Iterable[tuple[str, Sequence[Document]]], tokenizer: str) -> Shard:
    """Writes one tar from (key, documents) and says where everything in it lies."""
    placed = []
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for key, documents in chunks:
            tokens = np.concatenate([document.tokens for document in documents])
            lengths = [len(document.tokens) for document in documents]
            starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype("<i8")
            names = canonical_json(
                {"doc_ids": [document.doc_id.hex() for document in documents], "tokenizer": tokenizer}
            )
            placed.append(
                Chunk(
                    key=key,
                    tokens=len(tokens),
                    documents=len(documents),
                    tokens_offset=_add_array(tar, f"{key}.tokens.npy", tokens),
                    docs_offset=_add_array(tar, f"{key}.docs.npy", starts),
                    json_offset=_add(tar, f"{key}.json", names),
                    json_bytes=len(names),
                )
            )
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Shard(path=path.name, bytes=path.stat().st_size, sha256=digest, chunks=tuple(placed))


def _add_array(tar: tarfile.TarFile, name: str, array: np.ndarray) -> int:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), version=(1, 0))
    data = buffer.getvalue()
    return _add(tar, name, data) + len(data) - array.nbytes


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> int:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = len(data), 0, 0o444
    start = tar.offset
    tar.addfile(info, io.BytesIO(data))
    return start + tarfile.BLOCKSIZE


class ShardSet:
    """A folder with index.json and its tars, mapped into memory as one stream of tokens.

    Raises ValueError, naming the shard and both sizes, when a tar is not the one that was indexed.
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
        for shard in self.index.shards:
            self._check_size(shard)

    def __len__(self) -> int:
        """Tokens in the set."""
        return int(self._starts[-1])

    def _check_size(self, shard: Shard) -> None:
        path = self.folder / shard.path
        size = path.stat().st_size if path.is_file() else None
        if size != shard.bytes:
            raise ValueError(f"{path}: the index wants {shard.bytes} bytes, found {size}; write the shards again")

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
