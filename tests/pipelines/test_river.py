"""The data stages from WARC to shards: the same bytes however they run, nothing lost, every drop explained."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import psutil
import pytest

from corpus.duplicates.banding import DuplicateConfig
from corpus.holdout.heldout import HeldOutConfig
from corpus.holdout.items import ItemConfig
from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from corpus.lake.verification import find_damage
from corpus.sources import Crawl, open_crawl
from corpus.text.normal_form import words
from corpus.tokenizer.vocabulary import VocabularyConfig
from pipelines.blocks import IngestConfig
from pipelines.cleaning import CleanConfig, clean
from pipelines.deduplication import deduplicate
from pipelines.engine import Engine
from pipelines.holdout import hold_out, make_items
from pipelines.ingestion import ingest
from pipelines.shards import ShardConfig, shard
from pipelines.tokenization import encode
from pipelines.vocabulary import make_vocabulary

INGEST = IngestConfig(block_bytes=20_000)  # several parts, so that there is something to deal out


def river(lake: Lake, crawls: list[Crawl], engine: Engine) -> dict[str, str]:
    """Runs all stages. Returns stage/partition -> digest of everything that was published."""
    documents = [ingest(lake, crawl, INGEST, engine).manifest for crawl in crawls]
    cleaned = [clean(lake, manifest, CleanConfig(), engine).manifest for manifest in documents]
    uniques = [outcome.manifest for outcome in deduplicate(lake, cleaned, DuplicateConfig(), engine)]
    split = hold_out(lake, uniques, HeldOutConfig(), engine).manifest
    make_items(lake, split, ItemConfig(), engine)
    tokenizer = make_vocabulary(lake, split, VocabularyConfig(size=512), engine).manifest
    tokens = encode(lake, split, tokenizer, engine).manifest
    shard(lake, tokens, tokenizer, ShardConfig(chunk_tokens=4_096, chunks_per_shard=4), engine)
    return digests(lake)


def digests(lake: Lake) -> dict[str, str]:
    return {manifest.name: manifest.digest for manifest in lake.datasets()}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, crawl_folder: Path) -> Iterator[Lake]:
    made = Lake(str(tmp_path_factory.mktemp("lake")))
    river(made, [open_crawl(str(crawl_folder))], Engine(workers=2))
    yield made


def dataset(lake: Lake, stage: str) -> Manifest:
    [manifest] = lake.datasets(stage)
    return manifest


def rows(lake: Lake, stage: str, kind: str) -> list[dict[str, Any]]:
    return [row for table in lake.read(dataset(lake, stage), kind) for row in table.to_pylist()]


def test_one_worker_gives_the_same_digests_as_two(lake: Lake, crawl_folder: Path, tmp_path: Path) -> None:
    alone = Lake(str(tmp_path / "alone"))
    assert river(alone, [open_crawl(str(crawl_folder))], Engine(workers=1)) == digests(lake)


def test_the_order_of_input_files_changes_nothing(lake: Lake, crawl_folder: Path, tmp_path: Path) -> None:
    one, two = (open_crawl(str(crawl_folder / name)) for name in ("a.warc.gz", "b.warc.gz"))
    forth = river(Lake(str(tmp_path / "forth")), [one, two], Engine(workers=1))
    assert forth == river(Lake(str(tmp_path / "back")), [two, one], Engine(workers=1))


def test_a_rerun_reuses_every_stage(lake: Lake, crawl_folder: Path) -> None:
    outcome = ingest(lake, open_crawl(str(crawl_folder)), INGEST, Engine(workers=1))
    assert outcome.reused and outcome.manifest.digest == digests(lake)["documents/my-crawl"]


def test_a_changed_rule_measures_nothing_again(lake: Lake, tmp_path: Path) -> None:
    copy = Lake(shutil.copytree(lake.root, tmp_path / "copy"))
    outcome = clean(copy, dataset(lake, "documents"), CleanConfig(language_score=0.9), Engine(workers=1))
    assert not outcome.reused
    assert dataset(copy, "measures").digest == dataset(lake, "measures").digest


@pytest.mark.parametrize(("stage", "kinds"), [("documents", ["documents"]), ("unique", ["documents"])])
def test_every_record_is_accounted_for(lake: Lake, stage: str, kinds: list[str]) -> None:
    manifest = dataset(lake, stage)
    kept = sum(entry.rows for kind in kinds for entry in manifest.of_kind(kind))
    ledger = sum(entry.rows for entry in manifest.of_kind("ledger"))
    assert manifest.counts.lost == 0
    assert kept == manifest.counts.kept > 0
    assert kept + ledger == manifest.counts.records_in


def test_the_ledger_names_what_a_crawl_gets_wrong(lake: Lake) -> None:
    ledger = rows(lake, "documents", "ledger")
    reasons = {(row["url"] or "").rsplit("/", 1)[-1]: row["reason"] for row in ledger if row["url"]}
    assert reasons["gone"] == "http_status"
    assert reasons["photo"] == "not_html"
    broken = sorted(row["reason"] for row in ledger if row["outcome"] == "quarantined")
    assert broken == ["corrupt_gzip", "truncated"]


def test_a_broken_record_costs_only_itself(lake: Lake) -> None:
    urls = {row["url"] for row in rows(lake, "documents", "documents")}
    assert "https://site.example/last" in urls


def test_chinese_japanese_and_german_pages_survive_as_such(lake: Lake) -> None:
    found = {row["url"]: row for row in rows(lake, "unique", "documents")}
    for code in ("zh", "ja", "de"):
        assert found[f"https://{code}.example/"]["language"] == code
    # Declared UTF-8, written in GBK.
    assert found["https://gbk.example/"]["language"] == "zh"
    assert "黄河是中国第二长河" in found["https://gbk.example/"]["text"]


def test_a_duplicate_is_removed_for_one_that_stays_and_is_similar(lake: Lake) -> None:
    kept = {row["doc_id"]: row["text"] for row in rows(lake, "unique", "documents")}
    texts = {row["doc_id"]: row["text"] for row in rows(lake, "clean", "documents")}
    [ledger] = [[row for manifest in lake.datasets("unique") for row in rows_of(lake, manifest)]]
    assert {row["reason"] for row in ledger} == {"exact_duplicate", "near_duplicate"}
    for row in ledger:
        mine, keeper = runs_of_words(texts[row["doc_id"]]), runs_of_words(kept[row["keeper"]])
        assert len(mine & keeper) / len(mine | keeper) == pytest.approx(row["similarity"])
        assert row["similarity"] >= DuplicateConfig().threshold


def runs_of_words(text: str) -> set[tuple[str, ...]]:
    tokens = words(text.replace("_", "x"))  # which is a letter of a shingle
    return {tuple(tokens[place : place + 5]) for place in range(max(1, len(tokens) - 4))}


def rows_of(lake: Lake, manifest: Manifest) -> list[dict[str, Any]]:
    return [row for table in lake.read(manifest, "ledger") for row in table.to_pylist()]


def test_nothing_near_a_held_out_page_is_trained_on(lake: Lake) -> None:
    train = [runs_of_words(row["text"]) for row in rows(lake, "split", "train")]
    held = [runs_of_words(row["text"]) for row in rows(lake, "split", "heldout")]
    assert train and held
    assert max(len(one & two) / len(one | two) for one in train for two in held) < HeldOutConfig().similarity


def test_duckdb_reads_the_parquet(lake: Lake) -> None:
    manifest = dataset(lake, "documents")
    files = [f"{lake.folder(manifest)}/{entry.path}" for entry in manifest.of_kind("documents")]
    found = duckdb.sql(f"select count(*), count(distinct doc_id), min(length(text)) from read_parquet({files})")
    count, distinct, shortest = found.fetchall()[0]
    assert count == distinct == manifest.counts.kept
    assert shortest > 0


SCRIPT = """
import json, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_river import Engine, Lake, open_crawl, river
print(json.dumps(river(Lake({lake!r}), [open_crawl({crawl!r})], Engine(workers=2))))
"""


def files_in(folder: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(folder))


def test_a_run_killed_at_any_moment_goes_on_to_the_same_digests(lake: Lake, crawl_folder: Path, tmp_path: Path) -> None:
    seed = 20250131
    dice = random.Random(seed)
    script = SCRIPT.format(tests=str(Path(__file__).parent), lake=str(tmp_path), crawl=str(crawl_folder))
    kills = 0
    for _ in range(20):
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        goes_on = files_in(tmp_path) + dice.randint(1, 20)
        while process.poll() is None and (kills == 3 or files_in(tmp_path) < goes_on):
            time.sleep(0.02)
        if process.poll() is not None:
            printed, _ = process.communicate()
            break
        workers = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kills += 1
        assert not psutil.wait_procs(workers, timeout=20)[1], "a killed run leaves no process behind"
        assert not [problem for manifest in Lake(str(tmp_path)).datasets() for problem in find_damage(lake, manifest)]
        time.sleep(0.2)
    assert process.returncode == 0, f"seed {seed}"
    assert kills > 0
    assert json.loads(printed) == digests(lake)
