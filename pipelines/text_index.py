"""Text index: shards -> text_index. The order of each training tar's tokens, and how often each stands there."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corpus.lake import stages
from corpus.lake.manifest import FileEntry, Manifest
from corpus.lake.stage import Outcome, Stage
from corpus.lake.store import Lake, file_sha256
from corpus.shards.format import Index, Shard
from corpus.verbatim.order import array_name, count_tokens, order_places
from pipelines.engine import Engine
from pipelines.parts import Part, StageError, Work
from pipelines.plan import Plan, compute, each_split

STAGE = stages.TEXT_INDEX
VERSION = 1
KIND = "train"

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class TarSplit:
    """One tar of the training shards, and where it lies in the lake."""

    name: str
    weight: int
    path: str
    shard: Shard


def index_text(lake: Lake, shards: Manifest, engine: Engine) -> Outcome:
    """Publishes an `order` and `counts` of each training tar. `bytes_needed` says what a worker takes.

    Raises StageError where a tar is not what its index says.
    """
    stage = Stage(
        name=STAGE,
        partition=shards.partition,
        version=VERSION,
        config=None,
        datasets=[shards],
        libraries={"numpy": np.__version__},  # it writes the headers of the arrays
    )

    def plan() -> Plan:
        files = {Path(entry.path).name: entry for entry in shards.of_kind(KIND)}
        index = Index.from_bytes(lake.fs.cat_file(_path(lake, shards, files["index.json"])), where=shards.name)
        splits = [
            TarSplit(
                name=Path(shard.path).stem,
                weight=shard.bytes,
                path=_path(lake, shards, files[shard.path]),
                shard=shard,
            )
            for shard in index.shards
        ]
        log.info("indexing the %s training tokens of %s, once for all questions", f"{index.tokens:,}", shards.name)
        return each_split(splits, IndexTar(index.dtype, index.vocab_size))

    return compute(lake, stage, engine, plan)


def bytes_needed(index: Index) -> int:
    """Of memory, by a worker that orders the largest tar: 17 a token were measured for tokens of two bytes."""
    tokens = max((sum(chunk.tokens for chunk in shard.chunks) for shard in index.shards), default=0)
    return 10 * np.dtype(index.dtype).itemsize * tokens


def _path(lake: Lake, manifest: Manifest, entry: FileEntry) -> str:
    return f"{lake.folder(manifest)}/{entry.path}"


class IndexTar(Work):
    schemas = {}

    def __init__(self, dtype: str, vocab_size: int) -> None:
        self.dtype, self.vocab_size = dtype, vocab_size

    def process(self, lake: Lake, split: TarSplit, part: Part) -> None:
        shard, path = split.shard, Path(split.path)
        if not lake.local:
            path = part.scratch / shard.path
            lake.fs.get_file(split.path, str(path))
        if (found := file_sha256(path)) != shard.sha256:
            raise StageError(f"{split.path} has sha256 {found}, its index wants {shard.sha256}: write the shards again")
        tokens = sum(chunk.tokens for chunk in shard.chunks)
        tar = np.memmap(path, np.dtype(self.dtype), mode="r").view(np.ndarray)
        arrays = {"order": order_places(tar, shard), "counts": count_tokens(tar, shard, self.vocab_size)}
        for kind, array in arrays.items():
            file = part.scratch / f"{kind}.npy"
            np.save(file, array)
            part.put(file, f"{kind}/{array_name(shard)}", len(array))
        part.pass_through(sum(chunk.documents for chunk in shard.chunks))
        part.figure("tokens", tokens)
