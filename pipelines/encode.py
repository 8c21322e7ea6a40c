"""Encode: split -> tokenizer -> tokens. The vocabulary is learnt from the training pages alone, then applied to all."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from corpus.lake import ROWS, Lake
from corpus.manifest import Manifest
from corpus.schema import DOC_ID
from corpus.vocabulary import LIBRARIES, Vocabulary, VocabularyConfig, train
from pipelines.engine import Engine
from pipelines.parts import FileSplit, Part, Work, batches, file_splits
from pipelines.stage import Outcome, Stage, compute, each_split

TOKENIZER_STAGE, TOKENS_STAGE = "tokenizer", "tokens"
VERSION = 1
SPLITS = ("train", "heldout")

TOKENS = pa.schema(
    [
        pa.field("doc_id", DOC_ID, nullable=False),
        pa.field("length", pa.int64(), nullable=False),
        pa.field("tokens", pa.list_(pa.uint32()), nullable=False),
    ]
)


def train_vocabulary(lake: Lake, split: Manifest, config: VocabularyConfig, engine: Engine) -> Outcome:
    """Publishes tokenizer.json, learnt from a sample of the training pages."""
    stage = Stage(
        name=TOKENIZER_STAGE,
        partition=split.partition,
        version=VERSION,
        config=config,
        inputs={split.name: split.digest},
        libraries=LIBRARIES,
    )
    whole = FileSplit(name="tokenizer", weight=1, paths={})
    return compute(lake, stage, engine, lambda: each_split(lake, stage, [whole], TrainVocabulary(split, config)))


class TrainVocabulary(Work):
    schemas = {}

    def __init__(self, split: Manifest, config: VocabularyConfig) -> None:
        self.split, self.config = split, config

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        data = train(self._sample(lake, part), self.config)
        path = part.scratch / "tokenizer.json"
        path.write_bytes(data)
        vocabulary = Vocabulary(data)
        part.put(path, "tokenizer/tokenizer.json", vocabulary.size)
        part.figure("vocabulary", vocabulary.size)

    def _sample(self, lake: Lake, part: Part) -> Iterator[str]:
        """Whole pages, taken by the hash that their id is, so evenly over crawls and files."""
        share = self.config.sample_characters / max(1, self.split.figures["train_text_bytes"])
        for source in file_splits(lake, {"train": [self.split]}):
            for row in lake.read_rows(source.paths["train"], ["doc_id", "text"]):
                if int.from_bytes(row["doc_id"][:8]) / 2**64 < share:
                    part.figure("sampled_documents", 1)
                    part.figure("sampled_bytes", len(row["text"].encode()))
                    yield row["text"]


def tokenizer_bytes(lake: Lake, tokenizer: Manifest) -> bytes:
    data: bytes = lake.fs.cat_file(f"{lake.folder(tokenizer)}/tokenizer/tokenizer.json")
    return data


def encode(lake: Lake, split: Manifest, tokenizer: Manifest, engine: Engine) -> Outcome:
    """Publishes the token ids of every training and held-out page."""
    stage = Stage(
        name=TOKENS_STAGE,
        partition=split.partition,
        version=VERSION,
        config=None,
        inputs={split.name: split.digest, tokenizer.name: tokenizer.digest},
        libraries=LIBRARIES,
    )
    splits = file_splits(lake, {name: [split] for name in SPLITS})
    return compute(lake, stage, engine, lambda: each_split(lake, stage, splits, Encode(tokenizer), [split]))


class Encode(Work):
    schemas = dict.fromkeys(SPLITS, TOKENS)

    def __init__(self, tokenizer: Manifest) -> None:
        self.tokenizer = tokenizer

    def setup(self, lake: Lake) -> None:
        self.vocabulary = Vocabulary(tokenizer_bytes(lake, self.tokenizer))

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        for kind in SPLITS:
            for rows in batches(lake.read_rows(split.paths[kind], ["doc_id", "language", "text"]), ROWS):
                encoded = self.vocabulary.encode([row["text"] for row in rows])
                for row, tokens in zip(rows, encoded, strict=True):
                    size = len(row["text"].encode())
                    part.figure(f"{kind}_tokens", len(tokens))
                    part.figure(f"{kind}_bytes", size)
                    part.figure(f"tokens:{row['language']}", len(tokens))
                    part.figure(f"bytes:{row['language']}", size)
                    part.keep(kind, {"doc_id": row["doc_id"], "length": len(tokens), "tokens": tokens})
