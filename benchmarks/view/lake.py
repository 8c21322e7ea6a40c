"""Lake: the made-up crawl through Headwater's own pipelines, from WARC files to shards, and a checkpoint without
weights that says that it was trained on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.view.crawl import KINDS, write_crawl
from corpus.lake.current import RecipeLake
from corpus.lake.manifest import Counts, Manifest, canonical_json
from corpus.lake.stage import Stage
from corpus.lake.stages import SPLIT, TRIMMED
from corpus.sources import open_crawl
from pipelines.blocks import IngestConfig
from pipelines.cleaning import clean
from pipelines.deduplication import deduplicate
from pipelines.engine import Engine
from pipelines.holdout import hold_out
from pipelines.ingestion import ingest
from pipelines.shards import shard
from pipelines.tokenization import encode
from pipelines.trimming import trim
from pipelines.vocabulary import make_vocabulary
from recipes.named import trimmed

RECIPE = "trimmed"
NO_DOCUMENT = KINDS["gone"] + KINDS["image"]
TRAINING = {"context": 1024, "global_batch": 128, "seed": 0, "packing": "concat"}


@dataclass(frozen=True, kw_only=True)
class Made:
    """`kept`: documents of the last stage. `cut`: some of those that lines were cut out of, by their id in hex.
    `bytes`: of the crawl and of the lake."""

    lake: Path
    records: int
    documents: int
    kept: int
    cut: list[str]
    bytes: int


def make_lake(folder: Path, documents: int, workers: int) -> Made:
    """A lake FOLDER/lake of about so many documents, of the crawl FOLDER/crawl."""
    records = round(documents / (1 - NO_DOCUMENT))
    write_crawl(folder / "crawl", records)
    recipe, engine = trimmed(), Engine(workers=workers)
    assert recipe.trim is not None
    lake = RecipeLake(str(folder / "lake"), RECIPE)
    made = ingest(lake, open_crawl(str(folder / "crawl")), IngestConfig(), engine).manifest
    cleaned = clean(lake, made, recipe.clean, engine).manifest
    cut = trim(lake, cleaned, recipe.trim, engine).manifest
    uniques = [outcome.manifest for outcome in deduplicate(lake, [cut], recipe.duplicates, engine)]
    split = hold_out(lake, uniques, recipe.heldout, engine).manifest
    tokenizer = make_vocabulary(lake, split, recipe.vocabulary, engine).manifest
    tokens = encode(lake, split, tokenizer, engine).manifest
    _publish_checkpoint(lake, shard(lake, tokens, tokenizer, recipe.shards, engine).manifest, folder / "checkpoint")
    return Made(
        lake=folder / "lake",
        records=records,
        documents=made.counts.kept,
        kept=split.counts.kept,
        cut=_cut_documents(lake),
        bytes=sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
    )


def _publish_checkpoint(lake: RecipeLake, shards: Manifest, folder: Path) -> None:
    """What a trace reads of one: in which order it was shown the tokens, and for how many steps: all of them once."""
    (folder / "model").mkdir(parents=True)
    file = folder / "model" / "state.json"
    file.write_bytes(canonical_json({"run": {"train": TRAINING}}))
    steps = (int(shards.figures["train_tokens"]) - 1) // TRAINING["context"] // TRAINING["global_batch"]
    stage = Stage(name="checkpoint", partition=RECIPE, version=1, config=None, datasets=[shards])
    entry = lake.put(file, lake.path(stage.name, stage.address), "model/state.json", 0)
    manifest = lake.publish(stage.manifest([entry], Counts(records_in=0, kept=0), {"step": steps}), {})
    lake.record(manifest)


def _cut_documents(lake: RecipeLake) -> list[str]:
    """Those of which something is left."""
    [trimmings], [split] = lake.datasets(TRIMMED), lake.datasets(SPLIT)
    cut = {one for table in lake.read(trimmings, "cuts", ["doc_id"]) for one in table["doc_id"].to_pylist()}
    kept = (one for table in lake.read(split, "train", ["doc_id"]) for one in table["doc_id"].to_pylist())
    return [doc_id.hex() for doc_id in kept if doc_id in cut]
