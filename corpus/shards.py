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
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from corpus.manifest import canonical_json

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
