"""Contamination: benchmark items that stand in documents: which, where, and which documents a recipe removes.

    items (BENCHMARK_ITEM)  a row a part of an item: its question, its answer, the passage that it is about
    matches (MATCH)         a row for each part that stands in a document, whatever becomes of that document
    removals (REMOVAL)      a row for each document that a recipe removes, with the rules of its ledger row
    too_short (TOO_SHORT)   a row for each item of which nothing can be told

A match alone removes nothing. What it takes is told at ContaminationConfig; measured in docs/contamination.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from corpus.lake.schema import DOC_ID, FAILED_RULE, ORIGIN, table

NGRAM, NEAR = "ngram", "near"
PASSAGE = (
    "passage"  # the part that a question is about, as an encyclopedia's paragraph: see ContaminationConfig.exempt_parts
)
CONTAMINATED = "contaminated"

# `item` is the row of the benchmark's file as JSON, in the first of an item's rows.
BENCHMARK_ITEM = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("part", pa.string(), nullable=False),
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("item", pa.large_string()),
    ]
)

# `measure`: of an n-gram match the share of the part's words that stand in the document in runs of enough words; of a
# near one the share of its shingles in one window of the document. `matched` are the document's characters from `start`
# to `stop`: the longest run, or the window.
MATCH = pa.schema(
    [
        *(field for field in ORIGIN if field.name != "host"),
        pa.field("task", pa.string(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("part", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("measure", pa.float64(), nullable=False),
        pa.field("start", pa.int64(), nullable=False),
        pa.field("stop", pa.int64(), nullable=False),
        pa.field("matched", pa.large_string(), nullable=False),
    ]
)

# Items of which no part has words enough, or none that are not a template.
TOO_SHORT = pa.schema([pa.field("task", pa.string(), nullable=False), pa.field("item_id", pa.string(), nullable=False)])

REMOVAL = pa.schema(
    [
        pa.field("doc_id", DOC_ID, nullable=False),
        pa.field("rules", pa.list_(FAILED_RULE), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True, kw_only=True)
class ContaminationConfig:
    """A part of an item matches a document that holds `words` of its words in a row (13: Brown et al. 2020,
    arXiv:2005.14165, appendix C), or all of them where it is shorter; with fewer than `min_words` it is too short to
    tell. In scripts without spaces a word is `characters_per_word` characters. A part of at least `words` nearly
    matches a document that holds `containment` of its shingles of `shingle_words` within one and a half times its
    length.

    Runs of words that more than `shared` different texts of the benchmarks have are their templates and count nowhere.

    A document is removed, with `remove`, when it holds `share` of a part in runs of `words`, or nearly matches it; but
    not for parts named in `exempt_parts`, nor for what more than `documents` of a crawl hold: a common phrase, no leak.
    """

    words: int = 13
    min_words: int = 8
    characters_per_word: float = 1.6
    share: float = 0.5
    shingle_words: int = 3
    containment: float = 0.6
    shared: int = 10
    documents: int = 10
    exempt_parts: tuple[str, ...] = (PASSAGE,)
    remove: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.shingle_words <= self.min_words <= self.words:
            sizes = f"{self.shingle_words}, {self.min_words}, {self.words}"
            raise ValueError(f"shingle_words, min_words, words {sizes}: wanted are rising numbers from 1")
        for name in ("share", "containment"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} {getattr(self, name)}: a share is above 0, and at most 1")
        if self.characters_per_word < 1:
            raise ValueError(f"characters_per_word {self.characters_per_word}: a word has at least one")

    def size(self, words: int, unspaced: bool) -> int:
        """So many words, as what counts as a word in a script with or without spaces."""
        return round(words * self.characters_per_word) if unspaced else words


def decide_removals(matches: pa.Table, config: ContaminationConfig) -> pa.Table:
    """REMOVAL of the documents of MATCH that the configuration removes, by doc_id."""
    strong = [row for row in matches.drop_columns(["matched"]).to_pylist() if _strong(row, config)]
    holders: dict[tuple[str, str, str], set[bytes]] = defaultdict(set)
    for row in strong:
        holders[_part(row)].add(row["doc_id"])
    by_document: dict[bytes, list[dict[str, Any]]] = defaultdict(list)
    for row in strong:
        if len(holders[_part(row)]) <= config.documents:
            by_document[row["doc_id"]].append(row)
    return table([_removal(doc_id, rows, config) for doc_id, rows in sorted(by_document.items())], REMOVAL)


def _strong(row: Mapping[str, Any], config: ContaminationConfig) -> bool:
    return row["part"] not in config.exempt_parts and row["measure"] >= _bound(row["kind"], config)


def _bound(kind: str, config: ContaminationConfig) -> float:
    return config.share if kind == NGRAM else config.containment


def _part(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["task"], row["item_id"], row["part"]


def _removal(doc_id: bytes, rows: Sequence[Mapping[str, Any]], config: ContaminationConfig) -> dict[str, Any]:
    rules = []
    for kind in (NGRAM, NEAR):
        measures = [row["measure"] for row in rows if row["kind"] == kind]
        if measures:
            rules.append({"rule": f"benchmark_{kind}", "value": max(measures), "threshold": _bound(kind, config)})
    task, item_id, part = min((-row["measure"], _part(row)) for row in rows)[1]
    more = len({_part(row)[:2] for row in rows}) - 1
    detail = f"{task} {item_id} {part}" + (f", and {more} more items" if more else "")
    return {"doc_id": doc_id, "rules": rules, "detail": detail}


def matched_items(matches: pa.Table, task: str, without: pa.Array | None = None) -> set[str]:
    """The ids of the task's items that stand in some document, removed or not; with `without` (doc_ids), in some other
    document than these."""
    chosen = pc.equal(matches["task"], task)
    if without is not None:
        chosen = pc.and_(chosen, pc.invert(pc.is_in(matches["doc_id"], value_set=without)))
    return set(matches["item_id"].filter(chosen).to_pylist())
