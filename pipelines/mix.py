"""Mix: how often each training document goes into the shards, and the ledger of those that do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus.lake import stages
from corpus.lake.manifest import Manifest
from corpus.lake.schema import DROPPED, ORIGIN, ledger_row
from corpus.lake.store import Lake
from corpus.lineage.graph import sources
from corpus.shards.mix import COLUMNS, Mix, MixConfig, plan_mix, shuffled_order
from pipelines.parts import Part, file_splits

KIND = "train"  # the held-out pages are never mixed
NOT_IN_MIX, DOWN_SAMPLED = "not_in_mix", "down_sampled"


@dataclass(frozen=True, kw_only=True)
class TokenFile:
    """A file of tokens. Over all files of a kind, its documents have the numbers from `first` on. `pages` is the file
    that it was made of, in the dataset `split`, and `crawl` where that came from, where these are wanted."""

    name: str
    path: str
    first: int
    pages: str = ""
    crawl: str = ""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """The split of the ledger: rows `places` of a file of tokens."""

    name: str
    file: TokenFile
    places: np.ndarray

    @property
    def weight(self) -> int:
        return len(self.places)


@dataclass(frozen=True, kw_only=True)
class Pages:
    """The datasets that tokens were made of, which say of each document what a mix is by."""

    split: Manifest
    uniques: Sequence[Manifest]

    @property
    def datasets(self) -> list[Manifest]:
        return [self.split, *self.uniques]


def find_pages(lake: Lake, tokens: Manifest) -> Pages:
    """Raises FileNotFoundError when the lake no longer has them."""
    [split] = sources(lake, tokens, stages.SPLIT)
    return Pages(split=split, uniques=sources(lake, split, stages.UNIQUE))


def with_pages(lake: Lake, pages: Pages, files: Sequence[TokenFile]) -> list[TokenFile]:
    """The files with where their pages are."""
    paths = {part.name: part.paths[KIND] for part in file_splits(lake, {KIND: [pages.split]})}
    crawls = {
        part.name: unique.partition
        for part in file_splits(lake, {"documents": pages.uniques})
        for unique in pages.uniques
        if part.paths["documents"].startswith(f"{lake.folder(unique)}/")
    }
    return [
        TokenFile(name=file.name, path=file.path, first=file.first, pages=paths[file.name], crawl=crawls[file.name])
        for file in files
    ]


def take(lake: Lake, files: Sequence[TokenFile], lengths: np.ndarray, config: MixConfig) -> tuple[Mix, np.ndarray]:
    """What each group gets, and how often each document is taken, int64 (documents,)."""
    known: dict[str, int] = {}
    codes, hashes = [], []
    for file in files:
        doc_ids = lake.read_table(file.path, ["doc_id"])["doc_id"]
        found = _values(_pages(lake, file, doc_ids, config), file, config).dictionary_encode()
        names = [known.setdefault(value, len(known)) for value in found.dictionary.to_pylist()]
        codes.append(np.array(names, np.int64)[found.indices.to_numpy(zero_copy_only=False)])
        hashes.append(shuffled_order(doc_ids.to_pylist(), config.seed))
    return plan_mix(config, list(known), np.concatenate(codes), lengths, np.concatenate(hashes))


def _pages(lake: Lake, file: TokenFile, doc_ids: pa.ChunkedArray, config: MixConfig, *more: str) -> pa.Table:
    """Rows of the pages of these documents, in their order; the tokenizer may have dropped some between."""
    table = lake.read_table(file.pages, sorted({"doc_id", *more, *filter(None, [COLUMNS.get(config.by)])}))
    found = pc.index_in(doc_ids.combine_chunks(), value_set=table["doc_id"].combine_chunks())
    if found.null_count:
        raise ValueError(f"{file.path} has {found.null_count} documents that {file.pages} does not have")
    return table.take(found)


def _values(pages: pa.Table, file: TokenFile, config: MixConfig) -> pa.Array:
    """What each document is grouped by."""
    if config.by == "crawl":
        return pa.repeat(file.crawl, pages.num_rows)
    return pc.fill_null(pages[COLUMNS[config.by]], "").combine_chunks()


def left_out(files: Sequence[TokenFile], copies: np.ndarray) -> Iterator[LeftOut]:
    ends = [file.first for file in files[1:]] + [len(copies)]
    for file, end in zip(files, ends, strict=True):
        gone = np.flatnonzero(copies[file.first : end] == 0)
        if len(gone):
            yield LeftOut(name=f"left-out-{file.name}", file=file, places=gone)


def lose(lake: Lake, split: LeftOut, part: Part, stage: str, config: MixConfig, made: Mix) -> None:
    """The ledger of what is left out: for a group of which a part stays, the document's hash and the bound, of 1."""
    bounds = {group.name: group.bound for group in made.groups}
    doc_ids = lake.read_places(split.file.path, split.places, ["doc_id"])["doc_id"]
    rows = _pages(lake, split.file, doc_ids, config, *(field.name for field in ORIGIN))
    values = _values(rows, split.file, config).to_pylist()
    hashes = (shuffled_order(doc_ids.to_pylist(), config.seed) / 2**64).tolist()
    for row, value, hashed in zip(rows.to_pylist(), values, hashes, strict=True):
        group = config.group(value)
        detail = f"{config.by} {value}"
        if group is None:
            part.lose(ledger_row(row, stage, DROPPED, NOT_IN_MIX, detail=detail))
            continue
        rule: dict[str, Any] = {"rule": DOWN_SAMPLED, "value": hashed, "threshold": bounds[group]}
        part.lose(ledger_row(row, stage, DROPPED, DOWN_SAMPLED, rules=[rule], detail=detail))
