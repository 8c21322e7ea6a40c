"""Hold out: unique -> split (train | heldout) -> items. Before the tokenizer and training see anything, some pages are
put aside by the hash of their URL, and what is nearly like them goes; benchmark questions are made of them."""

from __future__ import annotations

from corpus.heldout import HeldOutConfig, HeldOutIndex, held_out
from corpus.items import CONTINUATION, LAST_WORD, ItemConfig, build_items
from corpus.lake import Lake
from corpus.manifest import Manifest
from corpus.minhash import LIBRARIES, shingles
from corpus.schema import DROPPED, LEDGER, ledger_row
from pipelines.clean import CLEAN
from pipelines.engine import Engine
from pipelines.parts import FileSplit, Part, StageError, Work, file_splits
from pipelines.stage import Outcome, Stage, compute, each_split

SPLIT_STAGE, ITEMS_STAGE = "split", "items"
VERSION = 1


def hold_out(lake: Lake, unique: Manifest, config: HeldOutConfig, engine: Engine) -> Outcome:
    """Publishes the training pages and the held-out pages. Raises StageError when either would be empty."""
    stage = Stage(
        name=SPLIT_STAGE,
        partition=unique.partition,
        version=VERSION,
        config=config,
        inputs={unique.name: unique.digest},
        libraries=LIBRARIES,
    )
    splits = file_splits(lake, {"documents": [unique]})
    outcome = compute(lake, stage, engine, lambda: each_split(lake, stage, splits, HoldOut(unique, config), [unique]))
    figures = outcome.manifest.figures
    if not figures.get("train") or not figures.get("heldout"):
        raise StageError(
            f"{stage.label}: {figures.get('train', 0)} training and {figures.get('heldout', 0)} held-out pages of "
            f"{outcome.manifest.counts.records_in}; dropped by {dict(outcome.manifest.counts.dropped)}; "
            f"take a larger crawl"
        )
    return outcome


class HoldOut(Work):
    schemas = {"train": CLEAN, "heldout": CLEAN, "ledger": LEDGER}

    def __init__(self, unique: Manifest, config: HeldOutConfig) -> None:
        self.unique, self.config = unique, config

    def setup(self, lake: Lake) -> None:
        """Every worker finds the same held-out pages for itself: they are few, and nothing need be sent around."""
        urls, doc_ids = [], []
        for found in lake.read(self.unique, "documents", ["doc_id", "url"]):
            for row in found.to_pylist():
                doc_ids.append(row["doc_id"])
                urls.append(row["url"] or row["doc_id"].hex())
        mask = held_out(urls, self.config)
        wanted = {doc_id for doc_id, chosen in zip(doc_ids, mask, strict=True) if chosen}
        self.heldout = sorted(wanted)
        texts = {}
        for split in file_splits(lake, {"documents": [self.unique]}):
            for row in lake.read_rows(split.paths["documents"], ["doc_id", "text"]):
                if row["doc_id"] in wanted:
                    texts[row["doc_id"]] = shingles(row["text"], self.config.shingle_words)
        self.index = HeldOutIndex([texts[doc_id] for doc_id in self.heldout], self.config)
        self.wanted = wanted

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        for document in lake.read_rows(split.paths["documents"]):
            if document["doc_id"] in self.wanted:
                part.figure("heldout", 1)
                part.keep("heldout", document)
                continue
            closest, jaccard, contained = self.index.closest(shingles(document["text"], self.config.shingle_words))
            measured = (
                ("jaccard", jaccard, self.config.similarity),
                ("containment", contained, self.config.containment),
            )
            rules = [
                {"rule": rule, "value": value, "threshold": bound} for rule, value, bound in measured if value >= bound
            ]
            if rules:
                near = {"keeper": self.heldout[closest], "similarity": jaccard, "rules": rules}
                part.lose(ledger_row(document, SPLIT_STAGE, DROPPED, "near_held_out", **near))
                continue
            part.figure("train", 1)
            part.figure("train_text_bytes", len(document["text"].encode()))
            part.keep("train", document)


def make_items(lake: Lake, split: Manifest, config: ItemConfig, engine: Engine) -> Outcome:
    """Publishes benchmark questions made of the held-out pages: last_word and continuation."""
    stage = Stage(
        name=ITEMS_STAGE,
        partition=split.partition,
        version=VERSION,
        config=config,
        inputs={split.name: split.digest},
    )
    whole = FileSplit(name="items", weight=1, paths={})
    return compute(lake, stage, engine, lambda: each_split(lake, stage, [whole], MakeItems(split, config)))


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
