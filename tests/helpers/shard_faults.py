"""What the tests of faults of shards share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tokens_of_text import ONE, Made, make_tokens

from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from pipelines.shards import ShardConfig, shard

CONFIG = ShardConfig(chunk_tokens=600, chunks_per_shard=2)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Two files of tokens."""
    return make_tokens(Lake(str(tmp_path_factory.mktemp("tokens"))), count=40, parts=1)


def copied(made: Made, folder: Path) -> Made:
    return Made(
        lake=Lake(shutil.copytree(made.lake.root, folder, ignore=shutil.ignore_patterns("shards"))),
        split=made.split,
        tokens=made.tokens,
        tokenizer=made.tokenizer,
    )


def build(made: Made, config: ShardConfig = CONFIG) -> Manifest:
    return shard(made.lake, made.tokens, made.tokenizer, config, ONE).manifest


@pytest.fixture
def folder(made: Made, tmp_path: Path) -> Path:
    """The training shards, away from their lake."""
    return Path(shutil.copytree(f"{made.lake.folder(build(made))}/train", tmp_path / "train"))
