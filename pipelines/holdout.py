"""Hold out: unique -> split (train | heldout) -> items. Before the tokenizer and training see anything, some pages are
put aside by the hash of their URL, and what is nearly like them goes; benchmark questions are made of them. What holds
items of other benchmarks goes before that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from corpus.contamination.policy import CONTAMINATED
from corpus.holdout.heldout import HeldOutConfig, HeldOutIndex, choose_first_words, choose_held_out
from corpus.holdout.items import CONTINUATION, LAST_WORD, ItemConfig, build_items
from corpus.lake import stages
from corpus.lake.manifest import Manifest
from corpus.lake.schema import DROPPED, LEDGER, ledger_row
from corpus.lake.stage import Outcome, Stage
from corpus.lake.stages import kinds_read
from corpus.lake.store import Lake
from pipelines.cleaning import CLEAN
from pipelines.contamination import removal_file
from pipelines.engine import Engine
from pipelines.parts import FileSplit, Part, StageError, Work, file_splits
from pipelines.plan import compute, each_split

VERSION = 2


def hold_out(
    lake: Lake,
    uniques: Sequence[Manifest],
    config: HeldOutConfig,
    engine: Engine,
    contamination: Sequence[Manifest] = (),
) -> Outcome:
    """Publishes the training pages and the held-out pages of crawls, each once. `contamination`: what the documents of
    these crawls have of benchmarks; its removals are left out as if they had never come.

    Raises StageError when either would be empty, ValueError when `contamination` is of other documents, or not of all.
    """
    uniques = sorted(uniques, key=lambda manifest: manifest.partition)
    _check_compared(uniques, contamination)
    removals = [
        manifest
        for manifest in sorted(contamination, key=lambda manifest: manifest.partition)
        if removal_file(manifest).rows  # a benchmark that nothing holds changes nothing here
    ]
    stage = Stage(
        name=stages.SPLIT,
        partition=stages.join_partitions(manifest.partition for manifest in uniques),
        version=VERSION,
        config=config,
        datasets=[*uniques, *removals],
    )
    paths = [f"{lake.folder(manifest)}/{removal_file(manifest).path}" for manifest in removals]
    splits = file_splits(lake, {"documents": uniques})
    work = HoldOut([split.paths["documents"] for split in splits], config, paths)
    outcome = compute(lake, stage, engine, lambda: each_split(splits, work, uniques))
    figures = outcome.manifest.figures
    if not figures.get("train") or not figures.get("heldout"):
        raise StageError(
            f"{stage.label}: {figures.get('train', 0)} training and {figures.get('heldout', 0)} held-out pages of "
            f"{outcome.manifest.counts.records_in}; dropped by {dict(outcome.manifest.counts.dropped)}; "
            f"take a larger crawl"
        )
    return outcome


def _check_compared(uniques: Sequence[Manifest], contamination: Sequence[Manifest]) -> None:
    """Raises ValueError unless every crawl was compared once, or none was."""
    again = "materialize contamination again"
    wanted = {unique.name: unique.content(kinds_read(stages.CONTAMINATION, unique.stage)) for unique in uniques}
    for manifest in contamination:
        compared = manifest.inputs.items() & wanted.items()
        if not compared:
            raise ValueError(f"{manifest.name} is not of these documents, or stands twice: {again}")
        wanted = dict(wanted.items() - compared)
    if contamination and wanted:
        raise ValueError(f"{', '.join(sorted(wanted))}: not compared with benchmarks, as the others are: {again}")


class HoldOut(Work):
    schemas = {"train": CLEAN, "heldout": CLEAN, "ledger": LEDGER}

    def __init__(self, documents: Sequence[str], config: HeldOutConfig, removals: Sequence[str] = ()) -> None:
        self.documents, self.config, self.removals = documents, config, removals

    def setup(self, lake: Lake) -> None:
        """Every worker finds the same held-out pages for itself: they are few, and nothing need be sent around."""
        from corpus.duplicates.shingles import (
            compute_shingle_sets,  # loads a compiler's runtime, which only the workers need
        )

        tables = [lake.read_table(path, ["doc_id", "url"]) for path in self.documents]
        rows = [row for table in tables for row in table.to_pylist()]
        self.gone = {row["doc_id"]: row for path in self.removals for row in lake.read_rows(path)}
        stay = np.array([row["doc_id"] not in self.gone for row in rows], bool)
        mask = np.zeros(len(rows), bool)
        urls = [_address(row) for row, stays in zip(rows, stay, strict=True) if stays]
        mask[stay] = choose_held_out(urls, self.config)
        self.wanted = {row["doc_id"] for row, chosen in zip(rows, mask, strict=True) if chosen}
        self.heldout = sorted(self.wanted)
        texts: dict[bytes, str] = {}
        words, place = np.zeros(len(rows), np.int64), 0
        for path in self.documents:
            for batch in lake.read_batches(path, ["doc_id", "text"]):
                if self.config.training_words is not None:
                    words[place : place + len(batch)] = count_words(batch["text"])
                # By place: to look ids up, each batch would make a table of all that are wanted.
                chosen = batch.filter(pa.array(mask[place : place + len(batch)]))
                place += len(batch)
                texts |= zip(chosen["doc_id"].to_pylist(), chosen["text"].to_pylist(), strict=True)
        self.beyond = self._beyond_limit(rows, words, stay & ~mask)
        found = pa.array([texts[doc_id] for doc_id in self.heldout], pa.large_string())
        sets = compute_shingle_sets(found, self.config.shingle_words)
        self.index = HeldOutIndex([sets[place] for place in range(len(sets))], self.config)

    def _beyond_limit(self, rows: Sequence[dict[str, Any]], words: np.ndarray, training: np.ndarray) -> set[bytes]:
        """The training pages for which there is no room, doc_ids; `training`: boolean, shape (pages,)."""
        if self.config.training_words is None:
            return set()
        chosen = [row for row, trains in zip(rows, training, strict=True) if trains]
        urls = [_address(row) for row in chosen]
        room = choose_first_words(urls, words[training], self.config.training_words)
        return {row["doc_id"] for row, has_room in zip(chosen, room, strict=True) if not has_room}

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        from corpus.duplicates.shingles import compute_shingle_sets

        for batch in lake.read_batches(split.paths["documents"]):
            sets = compute_shingle_sets(batch["text"], self.config.shingle_words)
            for place, document in enumerate(batch.to_pylist()):
                self._put(document, sets[place], part)

    def _put(self, document: dict[str, Any], shingled: np.ndarray, part: Part) -> None:
        if document["doc_id"] in self.gone:
            found = self.gone[document["doc_id"]]
            why = {"rules": found["rules"], "detail": found["detail"]}
            part.lose(ledger_row(document, stages.SPLIT, DROPPED, CONTAMINATED, **why))
            return
        if document["doc_id"] in self.wanted:
            part.figure("heldout", 1)
            part.keep("heldout", document)
            return
        if document["doc_id"] in self.beyond:
            part.lose(ledger_row(document, stages.SPLIT, DROPPED, "beyond_training_words"))
            return
        closest, jaccard, contained = self.index.closest(shingled)
        measured = (("jaccard", jaccard, self.config.similarity), ("containment", contained, self.config.containment))
        rules = [
            {"rule": rule, "value": value, "threshold": bound} for rule, value, bound in measured if value >= bound
        ]
        if rules:
            near = {"keeper": self.heldout[closest], "similarity": jaccard, "rules": rules}
            part.lose(ledger_row(document, stages.SPLIT, DROPPED, "near_held_out", **near))
            return
        part.figure("train", 1)
        part.figure("train_text_bytes", len(document["text"].encode()))
        if self.config.training_words is not None:
            part.figure("train_words", len(document["text"].split()))
        part.keep("train", document)


def count_words(texts: pa.Array) -> np.ndarray:
    """Words between spaces of each text, int64 (texts,)."""
    return np.array([len(text.split()) for text in texts.to_pylist()], np.int64)


def _address(row: dict[str, Any]) -> str:
    """Of a page, by whose hash it is held out: its URL, or its id where it has none."""
    return row["url"] or str(row["doc_id"].hex())


def make_items(lake: Lake, split: Manifest, config: ItemConfig, engine: Engine) -> Outcome:
    """Publishes benchmark questions made of the held-out pages: last_word and continuation."""
    stage = Stage(
        name=stages.ITEMS,
        partition=split.partition,
        version=VERSION,
        config=config,
        datasets=[split],
    )
    whole = FileSplit(name="items", weight=1, paths={})
    return compute(lake, stage, engine, lambda: each_split([whole], MakeItems(split, config)))


class MakeItems(Work):
    schemas = {"last_word": LAST_WORD, "continuation": CONTINUATION}

    def __init__(self, split: Manifest, config: ItemConfig) -> None:
        self.split, self.config = split, config

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        columns = ["doc_id", "language", "text"]
        pages = [row for found in lake.read(self.split, "heldout", columns) for row in found.to_pylist()]
        last_words, continuations = build_items(pages, self.config)
        part.pass_through(len(pages))
        for kind, rows in (("last_word", last_words), ("continuation", continuations)):
            part.figure(kind, len(rows))
            for row in rows:
                part.add(kind, row)
