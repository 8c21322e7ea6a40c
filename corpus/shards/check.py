"""Shard check: whether the tars of a folder are those that were indexed, and hold what a set of shards may hold.

Headers are read by a walk of our own that takes the one form which the writer makes and refuses all else by name;
nothing is ever extracted.

    <key>.tokens.npy  <key>.docs.npy  <key>.json     one after another, plain files, each key once; then zeros
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

import fsspec
import numpy as np

from corpus.lake.manifest import sha256
from corpus.shards.format import Chunk, Index, Shard

PARTS = ("tokens.npy", "docs.npy", "json")
NAME = re.compile(r"([A-Za-z0-9_-]+)\.(?:tokens\.npy|docs\.npy|json)")
KINDS = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"5": "a folder",
    b"6": "a pipe",
}
BLOCK = tarfile.BLOCKSIZE
# The header of an array of one dimension as numpy writes it. numpy's own reader evaluates what it finds there.
NPY = re.compile(
    rb"\x93NUMPY\x01\x00(..)\{'descr': '([<|>][a-zA-Z]\d)', 'fortran_order': False, 'shape': \((\d{1,15}),\), \} *\n",
    re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class Member:
    """A file in a tar: its header at `offset`, `bytes` of content from `start` on."""

    name: str
    offset: int
    start: int
    bytes: int

    @property
    def end(self) -> int:
        return self.start + -(-self.bytes // BLOCK) * BLOCK


def read_index(fs: fsspec.AbstractFileSystem, folder: str) -> tuple[Index, str]:
    """A folder's index and fingerprint. Raises FileNotFoundError, or ValueError where it is no index."""
    path = f"{folder}/index.json"
    data = fs.cat_file(path)
    return Index.from_bytes(data, where=path), sha256(data)


def find_problems(fs: fsspec.AbstractFileSystem, folder: str, index: Index) -> Iterator[str]:
    """Reads every byte of a folder of shards: yields what is wrong, naming the tar."""
    entries = [entry for entry in fs.ls(folder, detail=True) if entry["name"].endswith(".tar")]
    found = {posixpath.basename(entry["name"]): entry["size"] for entry in entries}
    yield from (f"{folder}/{problem}" for problem in index.misplaced(found))
    for shard in index.shards:
        if found.get(shard.path) == shard.bytes:
            with fs.open(f"{folder}/{shard.path}", "rb") as file:
                yield from (f"{folder}/{shard.path}: {problem}" for problem in _tar_problems(file, shard, index))


def _tar_problems(file: IO[bytes], shard: Shard, index: Index) -> Iterator[str]:
    whole = hashlib.sha256()
    damaged = []
    for chunk in shard.chunks:
        data = file.read(chunk.bytes)
        whole.update(data)
        if (found := sha256(data)) != chunk.sha256:
            damaged.append(f"chunk {chunk.key}: the index wants sha256 {chunk.sha256}, found {found}")
    whole.update(file.read())
    if (found := whole.hexdigest()) != shard.sha256:
        yield f"the index wants sha256 {shard.sha256}, found {found}"
    yield from damaged
    if damaged or found != shard.sha256:
        return
    try:
        samples = list(_samples(file, shard.bytes))
        if len(samples) != len(shard.chunks):
            raise ValueError(f"the index has {len(shard.chunks)} chunks, the tar {len(samples)}")
        for chunk, (key, members) in zip(shard.chunks, samples, strict=True):
            _check_chunk(file, chunk, key, members, index)
    except (ValueError, RecursionError) as error:  # the latter of JSON that is nested too deep
        yield str(error)


def _samples(file: IO[bytes], size: int) -> Iterator[tuple[str, list[Member]]]:
    """(key, its three members). Raises ValueError naming the member that no set of shards has."""
    met: set[str] = set()
    some: list[Member] = []
    for member in read_members(file, size):
        key = _key(member.name)
        if key in met:
            raise ValueError(f"member {member.name!r}: {key} is there already")
        wanted = f"{_key(some[0].name) if some else key}.{PARTS[len(some)]}"
        if member.name != wanted:
            raise ValueError(f"member {member.name!r} at {member.offset} where {wanted!r} belongs")
        some.append(member)
        if len(some) == len(PARTS):
            met.add(key)
            yield key, some
            some = []
    if some:
        raise ValueError(f"member {some[-1].name!r} is the last, its sample lacks {', '.join(PARTS[len(some) :])}")


def _key(name: str) -> str:
    if name.startswith("/"):
        raise ValueError(f"member {name!r} has an absolute name")
    if ".." in name.split("/"):
        raise ValueError(f"member {name!r} leads out of the folder")
    found = NAME.fullmatch(name)
    if found is None:
        raise ValueError(f"member {name!r} is no part of a sample")
    return found[1]


def read_members(file: IO[bytes], size: int) -> Iterator[Member]:
    """The plain files of a tar of `size` bytes. Raises ValueError for a link, a device, an extension and what is no
    tar: wrong checksums, content beyond the end, no zeros to close it."""
    offset = 0
    while True:
        file.seek(offset)
        header = file.read(BLOCK)
        if not any(header):
            break
        member = _member(header, offset)
        if member.end > size:
            raise ValueError(f"member {member.name!r} of {member.bytes} bytes goes beyond the end of the tar")
        yield member
        offset = member.end
    if len(header) < BLOCK or size - offset < 2 * BLOCK or any(header + file.read()):
        raise ValueError(f"the tar does not end in zeros from {offset} on")


def _member(header: bytes, offset: int) -> Member:
    checksum = sum(header[:148]) + 8 * ord(" ") + sum(header[156:])
    if header[257:265] != b"ustar\x0000" or _octal(header[148:156]) != checksum:
        raise ValueError(f"no header of a member at {offset}")
    name = header[:100].rstrip(b"\0").decode("ascii", "backslashreplace")
    if any(header[345:500]):
        name = header[345:500].rstrip(b"\0").decode("ascii", "backslashreplace") + "/" + name
    kind = header[156:157]
    if kind != b"0":
        raise ValueError(f"member {name!r} is {KINDS.get(kind, f'of the unknown kind {kind!r}')}")
    return Member(name=name, offset=offset, start=offset + BLOCK, bytes=_octal(header[124:136]))


def _octal(field: bytes) -> int:
    text = field.rstrip(b"\0 ")
    if not re.fullmatch(rb"[0-7]+", text):
        raise ValueError(f"{field!r} is no number of a header")
    return int(text, 8)


def _check_chunk(file: IO[bytes], chunk: Chunk, key: str, found: list[Member], index: Index) -> None:
    """Raises ValueError where a sample is not the chunk of the index, or its documents are not whole."""
    tokens_file, docs_file, json_file = found
    tokens_offset, tokens = _array(file, tokens_file, np.dtype(index.dtype))
    docs_offset, starts = _array(file, docs_file, np.dtype("<i8"))
    placed: dict[str, Any] = {
        "key": key,
        "tokens": len(tokens),
        "documents": len(starts),
        "offset": tokens_file.offset,
        "bytes": json_file.end - tokens_file.offset,
        "tokens_offset": tokens_offset,
        "docs_offset": docs_offset,
        "json_offset": json_file.start,
        "json_bytes": json_file.bytes,
    }
    for name, value in placed.items():
        if value != getattr(chunk, name):
            raise ValueError(f"chunk {chunk.key}: the index has {name} {getattr(chunk, name)!r}, the tar {value!r}")
    ends = np.append(starts[1:], len(tokens))
    if starts[0] != 0 or (ends <= starts).any():
        raise ValueError(f"chunk {key}: where its documents start is not in order")
    if tokens.max() >= index.vocab_size:
        raise ValueError(f"chunk {key}: token {tokens.max()} lies outside the vocabulary of {index.vocab_size}")
    if (tokens[ends - 1] != index.eos).any():
        raise ValueError(f"chunk {key}: a document does not end in {index.eos}")
    file.seek(json_file.start)
    value = json.loads(file.read(json_file.bytes))
    ids = value.get("doc_ids") if isinstance(value, dict) else None
    if not isinstance(ids, list) or len(ids) != len(starts):
        raise ValueError(f"chunk {key}: it has {len(starts)} documents, its json does not name as many")
    if value.get("tokenizer") != index.tokenizer:
        raise ValueError(f"chunk {key}: of the tokenizer {value.get('tokenizer')}, the index is of {index.tokenizer}")


def _array(file: IO[bytes], member: Member, dtype: np.dtype[Any]) -> tuple[int, np.ndarray]:
    """Where the raw array of a member begins, and the array."""
    file.seek(member.start)
    data = file.read(member.bytes)
    header = NPY.match(data)
    if not header or int.from_bytes(header[1], "little") != header.end() - 10:
        raise ValueError(f"member {member.name!r} is no row of numbers in version 1.0 of numpy's format")
    kind, count, start = header[2].decode(), int(header[3]), header.end()
    if kind != dtype.str or start + count * dtype.itemsize != member.bytes:
        raise ValueError(f"member {member.name!r} is {count} of {kind}, not a row of {dtype.str} that fills it")
    return member.start + start, np.frombuffer(data, dtype, offset=start)
