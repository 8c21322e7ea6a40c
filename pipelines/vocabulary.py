"""Vocabulary: split -> tokenizer. Learnt from a sample of the training pages, or imported."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from corpus.lake import stages
from corpus.lake.manifest import Counts, Manifest, sha256
from corpus.lake.stage import Outcome, Stage, publish_once
from corpus.lake.store import Lake
from corpus.tokenizer.balance import COLUMNS, Balance
from corpus.tokenizer.imported import ImportConfig, read_vocabulary
from corpus.tokenizer.vocabulary import LIBRARIES, Vocabulary, VocabularyConfig, train_vocabulary
from pipelines.engine import Engine
from pipelines.parts import FileSplit, Part, Work, file_splits
from pipelines.plan import compute, each_split

STAGE = stages.TOKENIZER
VERSION = 2
PATH = "tokenizer/tokenizer.json"


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
    return compute(lake, stage, engine, lambda: each_split(lake, stage, [whole], TrainVocabulary(split, config)))


def _import(lake: Lake, split: Manifest, config: ImportConfig) -> Outcome:
    """Its address follows the bytes, wherever they came from."""
    data = read_vocabulary(config)
    stage = Stage(
        name=STAGE,
        partition=split.partition,
        version=VERSION,
        config=None,
        files={"tokenizer.json": sha256(data)},
        libraries=LIBRARIES,
    )

    def make() -> tuple[Manifest, dict[str, Any]]:
        size = Vocabulary(data).size
        with lake.scratch() as scratch:
            path = scratch / "tokenizer.json"
            path.write_bytes(data)
            entry = lake.put(path, lake.path(stage.name, stage.address), PATH, size)
        manifest = stage.manifest([entry], Counts(records_in=0, kept=0), {"vocabulary": size})
        return manifest, {"imported": config.path}

    return publish_once(lake, stage, make)


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
