"""Lake: a made-up one of many documents, from WARC files to a score, written straight. What no trace reads is left out:
measures, signatures, texts of tokens, weights."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import pairwise, repeat
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from benchmarks.trace_scale.part import CRAWL, PAGES, STAGES, Part, make_part
from corpus.lake.current import RecipeLake
from corpus.lake.manifest import Counts, Manifest, canonical_json
from corpus.lake.stage import Stage
from corpus.shards.format import Document, Index, Shard, token_dtype, write_shard

RECIPE, TASK = "base", "quiz"
PART_RECORDS, PAGES_PER_HOST = 20_000, 50
TOKENS, VOCABULARY = 300, 32_000  # tokens of a document in the mean; ids
CHUNK_TOKENS, CHUNKS = 1 << 20, 64  # of a chunk, of a tar
TRAINING = {"context": 1024, "global_batch": 128, "seed": 0, "packing": "concat"}


@dataclass(frozen=True, kw_only=True)
class Made:
    """`examples`: where a record ends, (stage, reason or kind) -> the URL of one that does; `train_id`: the doc_id of
    that which was trained on. `documents`: those of the first stage. `steps`: of the checkpoint."""

    examples: dict[tuple[str, str], str]
    train_id: str
    records: int
    documents: int
    train_documents: int
    train_tokens: int
    steps: int


def make_lake(folder: Path, documents: int) -> Made:
    """A lake FOLDER/lake of about so many documents, with the WARC files that it was made of beside it."""
    records = round(documents / 0.91)
    numbers = range(-(-records // PART_RECORDS))
    sizes = [min(PART_RECORDS, records - PART_RECORDS * number) for number in numbers]
    work = (numbers, sizes, repeat(max(1, documents // PAGES_PER_HOST)), repeat(folder / "made"))
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        parts = list(pool.map(make_part, *work))
    lake = RecipeLake(str(folder / "lake"), RECIPE)
    ends = sum((part.ends for part in parts), Counter())
    kept = _publish_stages(lake, folder / "made", records, ends)
    tokens = _publish(lake, "tokens", [kept], folder / "none", _all_kept(kept.counts.kept))
    shards, steps = _publish_shards(lake, tokens, folder / "shards", parts)
    _publish_model(lake, shards, folder / "model", steps)
    middle = parts[len(parts) // 2]
    return Made(
        examples=middle.examples,
        train_id=middle.train[-16:].hex(),
        records=records,
        documents=records - sum(count for (stage, _), count in ends.items() if stage == "documents"),
        train_documents=ends["split", "train"],
        train_tokens=int(shards.figures["train_tokens"]),
        steps=steps,
    )


def _publish_stages(lake: RecipeLake, folder: Path, records: int, ends: Counter[tuple[str, str]]) -> Manifest:
    made: list[Manifest] = []
    for stage in STAGES:
        dropped = {
            reason: count for (end, reason), count in sorted(ends.items()) if end == stage and reason not in PAGES
        }
        left = records - sum(dropped.values())
        counts = Counts(records_in=records, kept=left, dropped=dropped)
        warcs = {file.name: str(file) for file in (folder / "warc").iterdir()} if stage == "documents" else {}
        made.append(_publish(lake, stage, made[-1:], folder / stage, counts, {"warc_urls": warcs}))
        records = left
    return made[-1]


def _publish_shards(lake: RecipeLake, tokens: Manifest, folder: Path, parts: Sequence[Part]) -> tuple[Manifest, int]:
    dice, figures = np.random.default_rng(0), {}
    for kind in PAGES:
        ids = b"".join(getattr(part, kind) for part in parts)
        doc_ids = [ids[first : first + 16] for first in range(0, len(ids), 16)]
        lengths = np.clip(dice.lognormal(np.log(TOKENS) - 0.5, 1.0, len(doc_ids)), 8, 100_000).astype(np.int64)
        (folder / kind).mkdir(parents=True)
        shards = _write_tars(folder / kind, doc_ids, lengths, dice)
        index = Index(
            dtype=token_dtype(VOCABULARY).str, vocab_size=VOCABULARY, eos=0, tokenizer="0" * 64, shards=shards
        )
        (folder / kind / "index.json").write_bytes(index.to_bytes())
        figures |= {f"{kind}_tokens": index.tokens, f"{kind}_documents": index.documents}
    manifest = _publish(lake, "shards", [tokens], folder, _all_kept(tokens.counts.kept), figures=figures)
    return manifest, (figures["train_tokens"] - 1) // TRAINING["context"] // TRAINING["global_batch"]


def _write_tars(
    folder: Path, doc_ids: Sequence[bytes], lengths: np.ndarray, dice: np.random.Generator
) -> tuple[Shard, ...]:
    def chunk(first: int, end: int) -> list[Document]:
        tokens = dice.integers(1, VOCABULARY, lengths[first:end].sum(), token_dtype(VOCABULARY))
        pieces = np.split(tokens, np.cumsum(lengths[first:end])[:-1])
        for piece in pieces:
            piece[-1] = 0
        return [Document(doc_id=doc_id, tokens=one) for doc_id, one in zip(doc_ids[first:end], pieces, strict=True)]

    bounds = np.searchsorted(np.cumsum(lengths), np.arange(0, lengths.sum(), CHUNK_TOKENS), side="left").tolist()
    bounds = sorted({*bounds, len(lengths)})
    shards = []
    for number, start in enumerate(range(0, len(bounds) - 1, CHUNKS)):
        some = bounds[start : start + CHUNKS + 1]
        chunks = ((f"{number:06d}-{place:04d}", chunk(*pair)) for place, pair in enumerate(pairwise(some)))
        shards.append(write_shard(folder / f"shard-{number:06d}.tar", chunks, "0" * 64))
    return tuple(shards)


def _publish_model(lake: RecipeLake, shards: Manifest, folder: Path, steps: int) -> None:
    for path, value in (
        ("checkpoint/model/state.json", {"run": {"train": TRAINING}}),
        ("score/score/score.json", SCORE),
    ):
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_bytes(canonical_json(value))
    checkpoint = _publish(lake, "checkpoint", [shards], folder / "checkpoint", _all_kept(0), figures={"step": steps})
    _publish(lake, "score", [checkpoint], folder / "score", _all_kept(0))


SCORE: dict[str, Any] = {
    "task": TASK,
    "metric": "acc",
    "n": 100,
    "chance": 0.25,
    "higher_is_better": True,
    "definition": "0" * 64,
    "score": {"value": 0.5, "low": 0.4, "high": 0.6},
    "beside": {},
}


def _all_kept(count: int) -> Counts:
    return Counts(records_in=count, kept=count)


def _publish(
    lake: RecipeLake,
    name: str,
    made_of: Sequence[Manifest],
    folder: Path,
    counts: Counts,
    run: dict[str, Any] | None = None,
    figures: dict[str, Any] | None = None,
) -> Manifest:
    """The dataset of a stage, of the files FOLDER/KIND/NAME."""
    stage = Stage(name=name, partition=CRAWL, version=1, config=None, datasets=made_of)
    entries = []
    for file in sorted(folder.glob("*/*")):
        rows = pq.read_metadata(file).num_rows if file.suffix == ".parquet" else 0
        entries.append(lake.put(file, lake.path(name, stage.address), str(file.relative_to(folder)), rows))
        file.unlink()
    manifest = lake.publish(stage.manifest(entries, counts, figures), run or {})
    lake.record(manifest)
    return manifest
