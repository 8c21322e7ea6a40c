"""Shard: tokens -> WebDataset tars and their index, for the training pages and for the held-out ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from corpus.lake import Lake
from corpus.manifest import FileEntry, Manifest
from corpus.shards import Chunk, Document, Index, Shard, token_dtype, write_shard
from corpus.vocabulary import Vocabulary
from pipelines.encode import SPLITS, tokenizer_bytes
from pipelines.engine import Engine
from pipelines.parts import Part, Work, file_splits
from pipelines.stage import Outcome, Plan, Stage, compute, each_split

STAGE = "shards"
VERSION = 2


@dataclass(frozen=True, kw_only=True)
class ShardConfig:
    """A chunk (one sample of a tar) is closed before the document that would take it over `chunk_tokens`; a document
    that is longer by itself is a chunk of its own."""

    chunk_tokens: int = 1 << 20
    chunks_per_shard: int = 64


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Rows [first, last) of a file of tokens."""

    path: str
    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class ShardSplit:
    """One tar: the slices of each of its chunks."""

    name: str
    weight: int
    kind: str
    number: int
    chunks: tuple[tuple[Slice, ...], ...]


def shard(lake: Lake, tokens: Manifest, tokenizer: Manifest, config: ShardConfig, engine: Engine) -> Outcome:
    """Publishes train/ and heldout/, each with index.json and tars that stock webdataset reads."""
    vocabulary = Vocabulary(tokenizer_bytes(lake, tokenizer))
    stage = Stage(
        name=STAGE,
        partition=tokens.partition,
        version=VERSION,
        config=config,
        inputs={tokens.name: tokens.digest, tokenizer.name: tokenizer.digest},
        libraries={"numpy": np.__version__},  # it writes the headers of the arrays
    )

    def plan() -> Plan:
        splits = [split for kind in SPLITS for split in _shards(lake, tokens, kind, config)]
        work = WriteShard(vocabulary.digest, vocabulary.size)
        each = each_split(lake, stage, splits, work, [tokens])

        def finish(rows: list[dict[str, Any]], folder: str) -> tuple[list[FileEntry], dict[str, Any]]:
            return _index(lake, folder, rows, vocabulary)

        return replace(each, finish=finish)

    return compute(lake, stage, engine, plan)


def _shards(lake: Lake, tokens: Manifest, kind: str, config: ShardConfig) -> Iterator[ShardSplit]:
    chunks: list[tuple[tuple[Slice, ...], int]] = []
    slices: list[Slice] = []
    filled = 0
    for source in file_splits(lake, {kind: [tokens]}):
        path = source.paths[kind]
        first = 0
        lengths = lake.read_table(path, ["length"])["length"].to_pylist()
        for place, length in enumerate(lengths):
            if filled and filled + length > config.chunk_tokens:
                chunks.append(((*slices, Slice(path=path, first=first, last=place)), filled))
                slices, first, filled = [], place, 0
            filled += length
        slices.append(Slice(path=path, first=first, last=len(lengths)))
    chunks.append((tuple(slices), filled))
    for number, start in enumerate(range(0, len(chunks), config.chunks_per_shard)):
        group = chunks[start : start + config.chunks_per_shard]
        yield ShardSplit(
            name=f"{kind}-{number:06d}",
            weight=sum(size for _, size in group),
            kind=kind,
            number=number,
            chunks=tuple(slices for slices, _ in group),
        )


class WriteShard(Work):
    schemas = {}

    def __init__(self, tokenizer: str, vocab_size: int) -> None:
        self.tokenizer, self.dtype = tokenizer, token_dtype(vocab_size)

    def process(self, lake: Lake, split: ShardSplit, part: Part) -> None:
        path = part.scratch / f"shard-{split.number:06d}.tar"
        chunks = (
            (f"{split.number:06d}-{place:04d}", self._documents(lake, slices))
            for place, slices in enumerate(split.chunks)
        )
        written = write_shard(path, chunks, self.tokenizer)
        documents = sum(chunk.documents for chunk in written.chunks)
        part.put(path, f"{split.kind}/{path.name}", documents)
        part.pass_through(documents)
        part.figure(f"{split.kind}_tokens", sum(chunk.tokens for chunk in written.chunks))
        part.figure(f"{split.kind}_documents", documents)
        part.notes = {"kind": split.kind, "number": split.number, "shard": asdict(written)}

    def _documents(self, lake: Lake, slices: tuple[Slice, ...]) -> list[Document]:
        return [
            Document(doc_id=row["doc_id"], tokens=np.array(row["tokens"], dtype=self.dtype))
            for piece in slices
            for row in lake.read_table(piece.path).slice(piece.first, piece.last - piece.first).to_pylist()
        ]


def _index(
    lake: Lake, folder: str, rows: list[dict[str, Any]], vocabulary: Vocabulary
) -> tuple[list[FileEntry], dict[str, Any]]:
    entries, fingerprints = [], {}
    for kind in SPLITS:
        notes = sorted((row["notes"] for row in rows if row["notes"]["kind"] == kind), key=lambda note: note["number"])
        index = Index(
            dtype=token_dtype(vocabulary.size).str,
            vocab_size=vocabulary.size,
            eos=vocabulary.eos,
            tokenizer=vocabulary.digest,
            shards=tuple(
                Shard(**{**note["shard"], "chunks": tuple(Chunk(**chunk) for chunk in note["shard"]["chunks"])})
                for note in notes
            ),
        )
        with lake.scratch() as scratch:
            path = scratch / "index.json"
            path.write_bytes(index.to_bytes())
            entries.append(lake.put(path, folder, f"{kind}/index.json", len(index.shards)))
            fingerprints[f"{kind}_fingerprint"] = entries[-1].sha256
    return entries, fingerprints
