"""Duplicates: a crawl's signatures, and those of earlier crawls -> which of its documents go, each for one that stays.

Keys nominate (candidates.py); here the texts of candidates are read, and what is measured decides. No document of an
earlier crawl goes, so that its survivors are the same whatever crawl is added.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from corpus.duplicates.banding import LIBRARIES, DuplicateConfig
from corpus.duplicates.removals import EXACT, REASONS, SAME_URL, CombinedRemovals, Removals, combine_steps
from corpus.lake import stages
from corpus.lake.manifest import Manifest
from corpus.lake.schema import DOC_ID
from corpus.lake.stage import Outcome, Stage, json_values
from corpus.lake.store import Lake
from pipelines.candidates import Exact, Group, Signed, crawl_of, exact_pairs, first_number, ranked, ranks
from pipelines.engine import Engine
from pipelines.parts import FileSplit, Part, StageError, Work, file_splits
from pipelines.plan import TOGETHER, Plan, compute
from pipelines.signatures import BandSplit, band_splits

STAGE = stages.DUPLICATES
VERSION = 2

# In the order of the documents: `part`, `row` and `rank` are those of the crawl's signatures. `similarity` is null
# where texts were not compared.
REMOVAL = pa.schema(
    [
        pa.field("part", pa.int32(), nullable=False),
        pa.field("row", pa.int32(), nullable=False),
        pa.field("rank", pa.uint32(), nullable=False),
        pa.field("doc_id", DOC_ID, nullable=False),
        pa.field("keeper", DOC_ID, nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("similarity", pa.float64()),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What decides the removals. `earlier`: the crawls whose survivors stay, in the keeper's order."""

    threshold: float
    measure: str
    same_url: str
    agreeing: int
    earlier: tuple[str, ...]


def find_duplicates(
    lake: Lake, crawl: Signed, earlier: Sequence[Signed], config: DuplicateConfig, engine: Engine
) -> Outcome:
    """Publishes which documents of a crawl go. Raises StageError when the signatures were not all made alike."""
    crawls = (*earlier, crawl)
    signing = config.signing()
    for signed in crawls:
        if signed.signatures.config != json_values(asdict(signing)):
            raise StageError(
                f"{signed.signatures.name} was signed with {dict(signed.signatures.config)}, and wanted is "
                f"{json_values(asdict(signing))}: keys made in two ways cannot be compared; sign that crawl again"
            )
    comparison = Comparison(
        threshold=config.threshold,
        measure=config.measure,
        same_url=config.same_url,
        agreeing=config.min_shared_bands(),
        earlier=tuple(signed.documents.partition for signed in earlier),
    )
    read = [manifest for signed in crawls for manifest in vars(signed).values()]
    stage = Stage(
        name=STAGE,
        partition=crawl.documents.partition,
        version=VERSION,
        config=comparison,
        datasets=[manifest for manifest in read if manifest],
        libraries=LIBRARIES,
    )

    def plan() -> Plan:
        folder = lake.path(stage.name, stage.address)
        exact = FileSplit(name="exact", weight=1, paths={})
        bands = _bands(crawls)
        decide = Decide(crawls, comparison, config.shingle_words, folder)
        return Plan(
            phases=[([exact], Exact(crawls, config.same_url)), (bands, Group(crawls, folder)), ([TOGETHER], decide)],
            parts=[exact.name, *(split.name for split in bands), TOGETHER.name],
        )

    return compute(lake, stage, engine, plan)


class Decide(Work):
    """Which documents go, of all groups together: a document is measured against one that stays, so the groups cannot
    be judged apart. Held in memory are 8 bytes for each document of a group, and the shingles of candidates on disk."""

    schemas = {}

    def __init__(self, crawls: Sequence[Signed], comparison: Comparison, shingle_words: int, folder: str) -> None:
        self.crawls, self.comparison, self.shingle_words, self.folder = crawls, comparison, shingle_words, folder

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        from corpus.duplicates.candidates import write_shingle_sets
        from corpus.duplicates.clusters import find_near_duplicates
        from corpus.duplicates.groups import combine_groups

        groups = combine_groups(_groups(lake, self.folder, self.crawls))
        candidates = groups.documents()
        texts = _texts(lake, self.crawls, candidates)
        near = find_near_duplicates(
            groups,
            candidates,
            write_shingle_sets(texts, len(candidates), self.shingle_words, part.scratch),
            threshold=self.comparison.threshold,
            agreeing=self.comparison.agreeing,
            containment=self.comparison.measure == "containment",
            staying=int(np.searchsorted(candidates, np.uint64(first_number(len(self.crawls) - 1)))),
        )
        exact = exact_pairs(lake, self.folder)
        found = combine_steps(_of(exact, SAME_URL), _of(exact, EXACT), near)
        part.put_table("removals/removals.parquet", _removals(lake, self.crawls, found))
        part.figure("documents", self.crawls[-1].signatures.counts.kept)
        part.figure("candidates", len(candidates))
        for name, number in found.counts().items():
            part.figure(name, number)


def _bands(crawls: Sequence[Signed]) -> list[BandSplit]:
    """So many a part that its keys, of all crawls, are not too many to hold."""
    return band_splits(crawls[-1].signatures.config["bands"], sum(signed.signatures.counts.kept for signed in crawls))


def _groups(lake: Lake, folder: str, crawls: Sequence[Signed]) -> Iterator[Any]:
    from corpus.duplicates.groups import Groups

    for split in _bands(crawls):
        lists = lake.read_table(f"{folder}/groups/{split.name}.parquet")["documents"].combine_chunks()
        starts = lists.offsets.to_numpy() if len(lists) else np.zeros(1, np.int64)
        yield Groups(members=lists.values.to_numpy(), starts=starts, weights=np.ones(len(lists), np.uint16))


def _texts(lake: Lake, crawls: Sequence[Signed], candidates: np.ndarray) -> Iterator[tuple[np.ndarray, pa.Array]]:
    """(places in `candidates`, their texts)."""
    from corpus.duplicates.candidates import read_texts

    for number, signed in enumerate(crawls):
        first, last = np.searchsorted(candidates, np.array([first_number(number), first_number(number + 1)], np.uint64))
        if first == last:
            continue
        places = ranked(lake, signed, ["part", "row"]).take(pa.array(ranks(candidates[first:last])))
        parts, rows = places["part"].to_numpy(), places["row"].to_numpy()
        if signed.duplicates:
            rows = rows - _gone_before(lake, signed.duplicates, parts, rows)
        order = np.lexsort((rows, parts))
        splits = file_splits(lake, {"documents": [signed.unique or signed.documents]})
        for part in np.unique(parts).tolist():
            chosen = order[slice(*np.searchsorted(parts[order], (part, part + 1)))]
            for start, texts in read_texts(lake, splits[part].paths["documents"], rows[chosen]):
                yield chosen[start : start + len(texts)] + first, texts


def _gone_before(lake: Lake, duplicates: Manifest, parts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """How many documents of the same part were removed before each: so many rows less has its file of unique ones."""
    removed = pa.concat_tables(lake.read(duplicates, "removals", ["part", "row"]))
    places = _place(removed["part"].to_numpy(), removed["row"].to_numpy())
    return np.searchsorted(places, _place(parts, rows)) - np.searchsorted(places, _place(parts, np.zeros_like(rows)))


def _place(parts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """A part and a row in one number that rises as they do."""
    return parts.astype(np.int64) << 32 | rows


def _of(exact: pa.Table, reason: str) -> Removals:
    chosen = exact["reason"].to_numpy() == REASONS.index(reason)
    similarity = 1.0 if reason == EXACT else np.nan
    return Removals(
        documents=exact["document"].to_numpy()[chosen],
        keepers=exact["keeper"].to_numpy()[chosen],
        similarities=np.full(np.count_nonzero(chosen), similarity),
    )


def _removals(lake: Lake, crawls: Sequence[Signed], found: CombinedRemovals) -> pa.Table:
    """REMOVAL of what was found, in the order of the documents."""
    doc_ids = [ranked(lake, signed, ["doc_id"])["doc_id"].combine_chunks() for signed in crawls]
    starts = np.concatenate(([0], np.cumsum([len(column) for column in doc_ids])))
    keepers = pa.array(starts[crawl_of(found.keepers)] + ranks(found.keepers))
    rank = ranks(found.documents)
    gone = ranked(lake, crawls[-1], ["part", "row", "doc_id"]).take(pa.array(rank))
    table = pa.table(
        [
            *(gone["part"], gone["row"], rank.astype(np.uint32), gone["doc_id"]),
            pa.chunked_array(doc_ids).take(keepers),
            found.named(),
            pa.array(found.similarities, from_pandas=True),  # NaN is null
        ],
        schema=REMOVAL,
    )
    return table.sort_by([("part", "ascending"), ("row", "ascending")])
