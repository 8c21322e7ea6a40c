"""Tokenization: texts to token ids in Parquet, beside the bare loop that only makes the ids: `make bench-tokenize`.

The vocabulary is GPT-2's. The bare loop has all texts in memory as Python strings and calls encode_batch_fast on 256 of
them at a time; the ids are not even looked at. The stage reads Parquet, encodes, counts by language, writes Parquet
with digests, and is Beam's whole pipeline; its time is from the call to the published dataset. What it takes for 64
documents, most of it the start of Beam and of its workers, is told apart: "at work" is the time less that. tiktoken is
its own batch call on the same ranks. Each is a process of its own; rounds are interleaved and the median counts.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import tiktoken
from tiktoken.load import load_tiktoken_bpe
from tokenizers import Tokenizer

from benchmarks import splits
from benchmarks.crawl_input import SHARED
from benchmarks.machine import describe, machine
from corpus.lake.manifest import Counts, Manifest
from corpus.lake.parquet import parquet_writer
from corpus.lake.schema import document_id
from corpus.lake.store import ROWS, Lake
from corpus.privacy.mask import KINDS
from corpus.tokenizer.imported import ImportConfig
from corpus.tokenizer.splits import GPT2
from pipelines.cleaning import CLEAN
from pipelines.engine import Engine
from pipelines.tokenization import encode
from pipelines.vocabulary import make_vocabulary, tokenizer_bytes

HERE = Path(__file__).parent
RESULT = HERE / "results" / "tokenize.json"
TABLE = HERE.parent / "docs" / "tokenizer-measured.md"
DATA = SHARED.parent
RANKS = DATA / "tokenizers" / "tiktoken" / "SharpToken" / "data" / "r50k_base.tiktoken"
PIECE = 5_000  # characters
PARTS = 8
FEW = 64
NONE_MASKED = dict.fromkeys(KINDS, 0)
SOURCES = (  # language, files, charset
    ("en", "classic-books-markdown/**/*.md", "utf-8"),
    ("en", "wikitext-2/*.txt", "utf-8"),
    ("zh", "LCTT-TranslateProject/**/*.md", "utf-8"),
    ("ja", "aozorabunko/**/*.txt", "cp932"),
)


def texts(megabytes: float) -> Iterator[tuple[str, str]]:
    """Language and text, at most so much UTF-8 of each language."""
    left = dict.fromkeys(("en", "zh", "ja"), megabytes * 1e6 / 3)
    for language, files, charset in SOURCES:
        for file in sorted((DATA / "text").glob(files)):
            whole = file.read_text(charset, errors="ignore")
            for start in range(0, len(whole), PIECE):
                text = whole[start : start + PIECE]
                if left[language] > 0:
                    left[language] -= len(text.encode())
                    yield language, text


def publish(lake: Lake, name: str, found: Sequence[tuple[str, str]], parts: int) -> Manifest:
    """The texts as what the stage before publishes; each part has its share of each language, and a held-out page."""
    entries = []
    partial = Manifest(
        stage="split",
        partition=name,
        code_version="1",
        config={},
        inputs={},
        files=(),
        counts=Counts(records_in=len(found), kept=len(found)),
    )
    for part in range(parts):
        rows = [_row(name, number, *found[number]) for number in range(part, len(found), parts)]
        for kind, some in (("train", rows[1:]), ("heldout", rows[:1])):
            with lake.scratch() as scratch:
                with parquet_writer(scratch / "part.parquet", CLEAN) as writer:
                    for first in range(0, len(some), ROWS):
                        writer.write_table(pa.Table.from_pylist(some[first : first + ROWS], schema=CLEAN))
                path = f"{kind}/part-{part:05d}.parquet"
                entries.append(lake.put(scratch / "part.parquet", lake.folder(partial), path, len(some)))
    return lake.publish(Manifest(**{**vars(partial), "files": tuple(sorted(entries, key=lambda one: one.path))}), {})


def _row(crawl: str, number: int, language: str, text: str) -> dict[str, Any]:
    row = {field.name: b"" if pa.types.is_binary(field.type) else 0 for field in CLEAN if not field.nullable}
    row |= {field.name: "" for field in CLEAN if pa.types.is_string(field.type) and not field.nullable}
    row |= {
        "doc_id": document_id(crawl, "a", number),
        "flags": [],
        "masked": NONE_MASKED,
        "language": language,
        "text": text,
    }
    return row


def bare_loop(folder: Path, workers: int) -> dict[str, float]:
    lake = Lake(str(folder))
    [tokenizer] = lake.datasets("tokenizer")
    loaded = Tokenizer.from_str(tokenizer_bytes(lake, tokenizer).decode())
    return _timed(lake, lambda batch: sum(map(len, loaded.encode_batch_fast(batch, add_special_tokens=False))))


def peer(folder: Path, workers: int) -> dict[str, float]:
    ranks = load_tiktoken_bpe(str(RANKS))
    encoding = tiktoken.Encoding("r50k_base", pat_str=GPT2, mergeable_ranks=ranks, special_tokens={})

    def batch(some: list[str]) -> int:
        return sum(map(len, encoding.encode_ordinary_batch(some, num_threads=workers)))

    return _timed(Lake(str(folder)), batch)


def _timed(lake: Lake, encoded: Callable[[list[str]], int]) -> dict[str, float]:
    """Seconds, and tokens without the end of each text."""
    [split] = [manifest for manifest in lake.datasets("split") if manifest.partition == "many"]
    found = [
        text for kind in ("train", "heldout") for table in lake.read(split, kind) for text in table["text"].to_pylist()
    ]
    encoded(found[:FEW])
    started = time.perf_counter()
    tokens = sum(encoded(found[first : first + ROWS]) for first in range(0, len(found), ROWS))
    return {"whole": time.perf_counter() - started, "tokens": tokens}


def stage(folder: Path, workers: int) -> dict[str, float]:
    lake, engine = Lake(str(folder)), Engine(workers=workers)
    [tokenizer] = lake.datasets("tokenizer")
    splits = {manifest.partition: manifest for manifest in lake.datasets("split")}
    seconds = {}
    for name in ("few", "many"):
        started = time.perf_counter()
        outcome = encode(lake, splits[name], tokenizer, engine)
        seconds[name] = time.perf_counter() - started
        assert not outcome.reused
    figures, kept = outcome.manifest.figures, outcome.manifest.counts.kept
    tokens = figures["train_tokens"] + figures["heldout_tokens"] - kept
    for manifest in lake.datasets("tokens"):
        lake.fs.rm(lake.folder(manifest), recursive=True)
    return {"whole": seconds["many"], "start": seconds["few"], "tokens": tokens}


SYSTEMS = {"bare loop": bare_loop, "stage": stage, "tiktoken": peer}


def measure(system: str, folder: Path, workers: int) -> dict[str, float]:
    """In a process of its own, with as many threads."""
    command = [sys.executable, "-m", "benchmarks.tokenization", "--one", system, str(folder), str(workers)]
    environment = os.environ | {"RAYON_NUM_THREADS": str(workers)}
    printed = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout
    row: dict[str, float] = json.loads(printed.splitlines()[-1])
    return row


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tokenization", description=__doc__)
    parser.add_argument("--megabytes", type=float, default=24, help="of UTF-8")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        system, folder, workers = args.one
        print(json.dumps(SYSTEMS[system](Path(folder), int(workers))))
        return
    described = machine()
    found = list(texts(args.megabytes))
    rows: dict[str, list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="headwater-bench-") as temporary:
        lake = Lake(temporary)
        few = publish(lake, "few", found[:FEW], PARTS)
        publish(lake, "many", found, PARTS)
        make_vocabulary(lake, few, ImportConfig(path=str(RANKS)), Engine(workers=1))
        for number in range(args.rounds):
            for workers in (1, 2):
                for system in SYSTEMS:
                    row = measure(system, Path(temporary), workers)
                    rows.setdefault(f"{system}, {workers}", []).append(row)
                    print(f"round {number + 1}: {system}, {workers}: {row}", flush=True)
    megabytes = sum(len(text.encode()) for _, text in found) / 1e6
    result = {
        "machine": {**described, "load_after": os.getloadavg()[0]},
        "input": {"documents": len(found), "megabytes": megabytes, "rounds": args.rounds},
        "systems": {name: _median(some, megabytes) for name, some in rows.items()},
    }
    for workers in (1, 2):
        pairs = zip(rows[f"stage, {workers}"], rows[f"bare loop, {workers}"], strict=True)
        result[f"share, {workers}"] = statistics.median(bare["whole"] / _work(ours) for ours, bare in pairs)
    result["splits"] = splits.measure([*found, *splits.sentences()])
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    TABLE.write_text(table(result))
    print(TABLE.read_text())


def _work(row: dict[str, float]) -> float:
    return row["whole"] - row.get("start", 0)


def _median(rows: Sequence[dict[str, float]], megabytes: float) -> dict[str, float]:
    work = statistics.median(map(_work, rows))
    return {
        "whole": statistics.median(row["whole"] for row in rows),
        "work": work,
        "tokens": rows[0]["tokens"],
        "tokens_per_second": rows[0]["tokens"] / work,
        "megabytes_per_second": megabytes / work,
    }


def table(result: dict[str, Any]) -> str:
    host, read = result["machine"], result["input"]
    lines = [
        "# Tokenization, measured",
        "",
        "Written by `make bench-tokenize`. " + " ".join((__doc__ or "").split("\n\n")[1].split()),
        "",
        f"{describe(host)}Input: {read['documents']:,} documents, {read['megabytes']:.0f} MB; "
        f"English, Chinese and Japanese alike; {read['rounds']} rounds.",
        "",
        "| threads or processes | | whole, s | at work, s | M tokens/s at work | MB/s |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in result["systems"].items():
        system, workers = name.split(", ")
        lines.append(
            f"| {workers} | {system} | {row['whole']:.2f} | {row['work']:.2f} | {row['tokens_per_second'] / 1e6:.2f} | "
            f"{row['megabytes_per_second']:.1f} |"
        )
    lines += [
        "",
        "The stage at work, as a share of the bare loop's speed (0.9 or more is aimed at), median of rounds: ",
    ]
    lines[-1] += ", ".join(f"**{result[f'share, {workers}']:.2f}** with {workers}" for workers in (1, 2)) + "."
    lines += [
        "",
        "## Splits",
        "",
        f"Bytes that a token stands for, the more the better: vocabularies of {splits.SIZE:,} learnt with one split or "
        f"another from nine tenths of the same texts and of Tatoeba's sentences, measured on the other tenth.",
        "",
        splits.table(result["splits"]),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
