"""Every stage: all data stages on the fixed crawls, on any engine."""

from __future__ import annotations

from pathlib import Path

from fixed_crawls import ITEMS, write_crawls

from corpus.contamination.policy import ContaminationConfig
from corpus.duplicates.banding import DuplicateConfig
from corpus.holdout.heldout import HeldOutConfig
from corpus.holdout.items import ItemConfig
from corpus.lake.store import Lake
from corpus.repeats.lines import LineConfig
from corpus.repeats.spans import SpanConfig
from corpus.shards.mix import MixConfig
from corpus.sources import open_crawl
from corpus.tokenizer.vocabulary import VocabularyConfig
from pipelines.benchmark import publish_benchmark
from pipelines.blocks import IngestConfig
from pipelines.cleaning import CleanConfig, clean
from pipelines.contamination import find_contamination
from pipelines.deduplication import deduplicate
from pipelines.engine import Engine
from pipelines.holdout import hold_out, make_items
from pipelines.ingestion import ingest
from pipelines.repeats import TrimConfig
from pipelines.shards import ShardConfig, shard
from pipelines.text_index import index_text
from pipelines.tokenization import encode
from pipelines.trimming import trim
from pipelines.vocabulary import make_vocabulary


def run_stages(folder: Path, engine: Engine) -> Lake:
    """Writes the fixed crawls to folder/input and runs every stage; the lake is folder/lake."""
    write_crawls(folder / "input")
    lake = Lake(str(folder / "lake"))
    crawls = [open_crawl(str(folder / "input" / name)) for name in ("first", "second")]
    documents = [ingest(lake, crawl, IngestConfig(block_bytes=50_000), engine).manifest for crawl in crawls]
    first, second = [clean(lake, manifest, CleanConfig(), engine).manifest for manifest in documents]
    trim(lake, first, TrimConfig(spans=SpanConfig()), engine)  # which takes most of the near duplicates away
    trimmed = trim(lake, first, TrimConfig(lines=LineConfig()), engine).manifest
    uniques = [outcome.manifest for outcome in deduplicate(lake, [trimmed, second], DuplicateConfig(), engine)]
    items = [(item_id, parts, {"id": item_id, **parts}) for item_id, parts in ITEMS.items()]
    quiz = publish_benchmark(lake, "quiz", "1", items, {"quiz.json": folder / "input" / "quiz.json"}).manifest
    found = [find_contamination(lake, unique, [quiz], ContaminationConfig(), engine).manifest for unique in uniques]
    split = hold_out(lake, uniques, HeldOutConfig(share=0.2), engine, found).manifest
    make_items(lake, split, ItemConfig(), engine)
    tokenizer = make_vocabulary(lake, split, VocabularyConfig(size=512), engine).manifest
    tokens = encode(lake, split, tokenizer, engine).manifest
    for mix in (None, MixConfig(shares={"en": 0.6, "zh": 0.4})):
        config = ShardConfig(chunk_tokens=4_096, chunks_per_shard=4, mix=mix)
        index_text(lake, shard(lake, tokens, tokenizer, config, engine).manifest, engine)
    return lake


def run_first_stages(folder: Path, engine: Engine) -> Lake:
    """As run_stages, of one crawl, from its files to unique documents."""
    write_crawls(folder / "input")
    lake = Lake(str(folder / "lake"))
    crawl = open_crawl(str(folder / "input" / "first"))
    documents = ingest(lake, crawl, IngestConfig(block_bytes=50_000), engine).manifest
    deduplicate(lake, [clean(lake, documents, CleanConfig(), engine).manifest], DuplicateConfig(), engine)
    return lake


def digests(lake: Lake) -> dict[str, str]:
    """stage/partition/address -> digest of everything that is published."""
    return {f"{manifest.name}/{manifest.address}": manifest.digest for manifest in lake.datasets()}
