"""Shards: WebDataset tars of tokens, and the index that says where every document lies in them.

A tar is plain (ustar, uncompressed, mtime 0, no owner), so equal tokens give equal bytes and stock `webdataset` reads
it. A sample is a chunk of about a million tokens, whole documents one after another, each closed by `eos`:

    <key>.tokens.npy   uint16 (uint32 when the vocabulary needs it), shape (tokens,)
    <key>.docs.npy     int64, shape (documents,): where each document starts in the chunk
    <key>.json         {"doc_ids": [hex], "tokenizer": sha256}

`index.json` holds, per shard, bytes and SHA-256 and, per chunk, where its raw tokens lie, so that a reader maps the
tar into memory and never parses it, and the SHA-256 of the chunk's members, so that what it maps is checked before it
is used. The SHA-256 of index.json is the training set's fingerprint.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from corpus.lake.manifest import canonical_json, sha256
from corpus.shards.mix import Group, Mix

FAMILY = "headwater.shards/"
SCHEMA = f"{FAMILY}2"


class OtherVersionError(ValueError):
    """Shards that another version of Headwater wrote: sound, perhaps, but not to be read by this one."""


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """One sample of a tar: `bytes` from `offset` on, headers and padding of its three members included, have `sha256`.
    The other offsets are bytes from the start of the tar to the raw array, after the npy header."""

    key: str
    tokens: int
    documents: int
    offset: int
    bytes: int
    sha256: str
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
    """`tokenizer` is the SHA-256 of tokenizer.json; `eos` closes every document and separates it from the next. `mix`:
    what each group of documents got, None where all are taken once."""

    dtype: str
    vocab_size: int
    eos: int
    tokenizer: str
    shards: tuple[Shard, ...]
    mix: Mix | None = None

    @property
    def tokens(self) -> int:
        return sum(chunk.tokens for shard in self.shards for chunk in shard.chunks)

    @property
    def documents(self) -> int:
        return sum(chunk.documents for shard in self.shards for chunk in shard.chunks)

    def check(self) -> None:
        """Raises ValueError where it leads out of its folder or out of a tar, or its ids do not fit their type."""
        if self.dtype != token_dtype(self.vocab_size).str or not 0 <= self.eos < self.vocab_size:
            raise ValueError(f"dtype {self.dtype} and eos {self.eos} do not fit a vocabulary of {self.vocab_size}")
        paths = [shard.path for shard in self.shards]
        if len(set(paths)) < len(paths):
            raise ValueError("two shards of one name")
        width = token_dtype(self.vocab_size).itemsize
        for shard in self.shards:
            if Path(shard.path).name != shard.path or not shard.path.endswith(".tar"):
                raise ValueError(f"{shard.path!r} is no name of a tar in its folder")
            end = 0
            for chunk in shard.chunks:
                tokens_end = chunk.tokens_offset + chunk.tokens * width
                docs_end = chunk.docs_offset + chunk.documents * 8
                json_end = chunk.json_offset + chunk.json_bytes
                positions = (
                    chunk.offset,
                    chunk.tokens_offset,
                    tokens_end,
                    chunk.docs_offset,
                    docs_end,
                    chunk.json_offset,
                )
                ascending = [*positions, json_end, chunk.offset + chunk.bytes]
                if chunk.offset != end or ascending != sorted(ascending) or not 0 < chunk.documents <= chunk.tokens:
                    raise ValueError(f"{shard.path}: chunk {chunk.key} lies outside its bytes")
                end += chunk.bytes
            if end > shard.bytes:
                raise ValueError(f"{shard.path}: its chunks take {end} bytes, it has {shard.bytes}")

    def misplaced(self, found: Mapping[str, int]) -> list[str]:
        """What is wrong with the tars of a folder, `found` by name with their sizes: missing, of another size, or not
        in the index."""
        wanted = {shard.path: shard.bytes for shard in self.shards}
        problems = [
            f"{path}: the index wants {size} bytes, found {found.get(path)}"
            for path, size in wanted.items()
            if found.get(path) != size
        ]
        return problems + [f"{path}: not in the index" for path in sorted(found.keys() - wanted)]

    def to_bytes(self) -> bytes:
        return canonical_json({"schema": SCHEMA, **asdict(self)})

    @classmethod
    def from_bytes(cls, data: bytes, *, where: str) -> Index:
        """Raises OtherVersionError for shards of another version, ValueError for what is no index or a wrong one."""
        try:
            value = json.loads(data)
            if (schema := value.pop("schema")) != SCHEMA:
                if str(schema).startswith(FAMILY):
                    raise OtherVersionError(f"{where} is of {schema}, and {SCHEMA} is read: write the shards again")
                raise ValueError("another schema")
            value["shards"] = tuple(
                Shard(**{**shard, "chunks": tuple(Chunk(**chunk) for chunk in shard["chunks"])})
                for shard in value["shards"]
            )
            if value["mix"] is not None:
                value["mix"] = Mix(**{**value["mix"], "groups": tuple(Group(**one) for one in value["mix"]["groups"])})
            index = cls(**value)
            index.check()
            return index
        except OtherVersionError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{where} is not a {SCHEMA} index ({error}); it begins {data[:60]!r}") from error


def token_dtype(vocab_size: int) -> np.dtype[Any]:
    """The smallest unsigned type that holds every id of a vocabulary."""
    return np.dtype("<u2" if vocab_size <= 1 << 16 else "<u4")


def convert_to_tokens(ids: np.ndarray, vocab_size: int) -> np.ndarray:
    """Ids of any integer type as they are stored. Raises ValueError naming one that the vocabulary does not have."""
    outside = ids[(ids < 0) | (ids >= vocab_size)]
    if len(outside):
        raise ValueError(f"token id {outside[0]} lies outside the vocabulary of {vocab_size}")
    return ids.astype(token_dtype(vocab_size))


@dataclass(frozen=True, kw_only=True)
class Document:
    """Token ids of one document, its closing `eos` included."""

    doc_id: bytes
    tokens: np.ndarray


def write_shard(path: Path, chunks: Iterable[tuple[str, Sequence[Document]]], tokenizer: str) -> Shard:
    """Writes one tar from (key, documents) and says where everything in it lies."""
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        placed = [_add_chunk(tar, key, documents, tokenizer) for key, documents in chunks]
    whole = hashlib.sha256()
    with open(path, "rb") as file:
        for number, chunk in enumerate(placed):
            data = file.read(chunk.bytes)
            whole.update(data)
            placed[number] = replace(chunk, sha256=sha256(data))
        whole.update(file.read())
    return Shard(path=path.name, bytes=path.stat().st_size, sha256=whole.hexdigest(), chunks=tuple(placed))


def _add_chunk(tar: tarfile.TarFile, key: str, documents: Sequence[Document], tokenizer: str) -> Chunk:
    start = tar.offset
    tokens = np.concatenate([document.tokens for document in documents])
    lengths = [len(document.tokens) for document in documents]
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype("<i8")
    names = canonical_json({"doc_ids": [document.doc_id.hex() for document in documents], "tokenizer": tokenizer})
    tokens_offset = _add_array(tar, f"{key}.tokens.npy", tokens)
    docs_offset = _add_array(tar, f"{key}.docs.npy", starts)
    json_offset = _add(tar, f"{key}.json", names)
    return Chunk(
        key=key,
        tokens=len(tokens),
        documents=len(documents),
        offset=start,
        bytes=tar.offset - start,
        sha256="",  # known when it is written
        tokens_offset=tokens_offset,
        docs_offset=docs_offset,
        json_offset=json_offset,
        json_bytes=len(names),
    )


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
