"""Vocabulary: split -> tokenizer. Learnt from a sample of the training pages, or imported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from corpus.lake import stages
from corpus.lake.manifest import Counts, Manifest, sha256
from corpus.lake.stage import Outcome, Stage, publish_once
from corpus.lake.store import Lake
from corpus.tokenizer.balance import COLUMNS, Balance
from corpus.tokenizer.imported import ImportConfig, read_vocabulary
from corpus.tokenizer.losses import SAMPLES, measure_loss
from corpus.tokenizer.vocabulary import LIBRARIES, Vocabulary, VocabularyConfig, train_vocabulary
from pipelines.engine import Engine
from pipelines.parts import FileSplit, Part, Work, file_splits
from pipelines.plan import compute, each_split

STAGE = stages.TOKENIZER
VERSION = 2
PATH = "tokenizer/tokenizer.json"
# What of the corpus an imported vocabulary is tried on.
PAGES, PAGE_CHARACTERS, MOST_FILES = 500, 4_000, 50


@dataclass(frozen=True, kw_only=True)
class AllowedLoss:
    """The configuration of an imported vocabulary that loses text."""

    allow_loss: bool = True


def make_vocabulary(lake: Lake, split: Manifest, config: VocabularyConfig | ImportConfig, engine: Engine) -> Outcome:
    """Publishes tokenizer.json, learnt from a sample of the training pages or imported."""
    if isinstance(config, ImportConfig):
        return _import(lake, split, config)
    stage = Stage(
        name=STAGE,
        partition=split.partition,
        version=VERSION,
        config=config,
        datasets=[split],
        libraries=LIBRARIES,
    )
    whole = FileSplit(name="tokenizer", weight=1, paths={})
    return compute(lake, stage, engine, lambda: each_split([whole], TrainVocabulary(split, config)))


def _import(lake: Lake, split: Manifest, config: ImportConfig) -> Outcome:
    """Its address follows the bytes, wherever they came from; that of one which loses text also follows the pages that
    it was tried on, for the figures say how much of them it loses.

    Raises ValueError for one that loses text, unless that is allowed.
    """
    data = read_vocabulary(config)
    vocabulary = Vocabulary(data)
    loss = measure_loss(vocabulary, [*SAMPLES, *_pages(lake, split)])
    if loss.lost and not config.allow_loss:
        raise ValueError(
            f"{config.path}: {loss}. Bits per byte would be those of another text: import a byte-level vocabulary or "
            f"one with byte fallback, or allow it with --allow-loss (in a recipe ImportConfig(allow_loss=True))"
        )
    stage = Stage(
        name=STAGE,
        partition=split.partition,
        version=VERSION,
        config=AllowedLoss() if loss.lost else None,
        datasets=[split] if loss.lost else [],
        files={"tokenizer.json": sha256(data)},
        libraries=LIBRARIES,
    )
    figures = {
        "texts_tried": loss.texts,
        "texts_lost": loss.lost,
        "unknown_tokens": loss.unknown / max(1, loss.tokens),
        "lost_example": [loss.before, loss.after],
    }

    def make() -> tuple[Manifest, dict[str, Any]]:
        with lake.scratch() as scratch:
            path = scratch / "tokenizer.json"
            path.write_bytes(data)
            entry = lake.put(path, lake.path(stage.name, stage.address), PATH, vocabulary.size)
        about = {"vocabulary": vocabulary.size, **(figures if loss.lost else {})}
        return stage.manifest([entry], Counts(records_in=0, kept=0), about), {"imported": config.path}

    return publish_once(lake, stage, make)


def _pages(lake: Lake, split: Manifest) -> Iterator[str]:
    """The beginnings of some training pages, from all over the files."""
    files = file_splits(lake, {"train": [split]})
    files = files[:: -(-len(files) // MOST_FILES) or 1]
    for source in files:
        for batch in lake.read_batches(source.paths["train"], ["text"]):
            for text in batch["text"].slice(0, -(-PAGES // len(files))).to_pylist():
                yield text[:PAGE_CHARACTERS]
            break


class TrainVocabulary(Work):
    schemas = {}

    def __init__(self, split: Manifest, config: VocabularyConfig) -> None:
        self.split, self.config = split, config

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        data = train_vocabulary(self._sample(lake, part), self.config)
        path = part.scratch / "tokenizer.json"
        path.write_bytes(data)
        vocabulary = Vocabulary(data)
        part.put(path, PATH, vocabulary.size)
        part.figure("vocabulary", vocabulary.size)

    def _sample(self, lake: Lake, part: Part) -> Iterator[str]:
        """The pages are read twice, to find the ones to take and to take them: no more than one text is in memory."""
        balance = Balance(self.config)
        paths = [source.paths["train"] for source in file_splits(lake, {"train": [self.split]})]
        for path in paths:
            for batch in lake.read_batches(path, COLUMNS):
                balance.count(batch)
        bounds = balance.bounds()
        for path in paths:
            for batch in lake.read_batches(path, COLUMNS):
                for language, text in balance.take(batch, bounds):
                    size = len(text.encode())
                    for name in ("sampled_{}", f"sampled_{{}}:{language}"):
                        part.figure(name.format("documents"), 1)
                        part.figure(name.format("bytes"), size)
                    part.figure("sampled_characters", len(text))
                    yield text


def tokenizer_bytes(lake: Lake, tokenizer: Manifest) -> bytes:
    data: bytes = lake.fs.cat_file(f"{lake.folder(tokenizer)}/{PATH}")
    return data
