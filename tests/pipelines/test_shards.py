"""Shards of a mix: the same bytes however they are made, every document accounted for, and the held-out pages as they
were."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
import warnings
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import webdataset
from tokens_of_text import ONE, Made, make_tokens

from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from corpus.shards.mix import MixConfig
from corpus.shards.reader import ShardSet
from pipelines.commands import main
from pipelines.engine import Engine
from pipelines.shards import ShardConfig, shard

BY_LANGUAGE = MixConfig(shares={"en": 0.3, "zh": 0.6})


def config(mix: MixConfig | None) -> ShardConfig:
    return ShardConfig(chunk_tokens=700, chunks_per_shard=2, mix=mix)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_tokens(Lake(str(tmp_path_factory.mktemp("tokens"))))


def build(made: Made, mix: MixConfig | None = None, engine: Engine = ONE) -> Manifest:
    return shard(made.lake, made.tokens, made.tokenizer, config(mix), engine).manifest


def train(made: Made, manifest: Manifest) -> ShardSet:
    return ShardSet(f"{made.lake.folder(manifest)}/train")


def written(shards: ShardSet) -> Counter[str]:
    return Counter(doc_id for _, doc_id, _, _ in shards.documents(0, len(shards)))


@pytest.mark.parametrize("mix", [None, BY_LANGUAGE, MixConfig(by="crawl", shares={"b": 3, "*": 1})])
def test_every_document_is_written_as_often_as_the_index_says_or_in_the_ledger(
    made: Made, mix: MixConfig | None
) -> None:
    manifest = build(made, mix)
    shards, rows = train(made, manifest), made.rows()
    for _, doc_id, first, end in shards.documents(0, len(shards)):
        assert shards.tokens(first, end).tolist() == rows[doc_id]["tokens"]
    found = written(shards)
    ledger = [row for table in made.lake.read(manifest, "ledger") for row in table.to_pylist()]
    gone = {row["doc_id"].hex() for row in ledger}
    assert len(gone) == len(ledger) and not gone & found.keys() and gone | found.keys() == rows.keys()
    heldout = sum(entry.rows for entry in made.tokens.of_kind("heldout"))
    counts = manifest.counts
    assert (counts.records_in, counts.kept, counts.lost) == (len(rows) + heldout, len(found) + heldout, 0)
    assert dict(Counter(row["reason"] for row in ledger)) == counts.dropped
    assert manifest.figures["train_documents"] == found.total() == shards.index.documents
    if mix is None:
        assert not ledger and set(found.values()) == {1} and list(found) == list(rows), "in their own order"


@pytest.mark.parametrize(
    "mix",
    [
        BY_LANGUAGE,
        MixConfig(by="crawl", shares={"a": 0.2, "b": 0.8}, tokens=3_000),
        MixConfig(by="source", shares={"books/*": 0.9, "web/y.warc.gz": 0.1}, seed=7),
        MixConfig(by="host", shares={"b.example": 1, "*": 1}),
    ],
)
def test_the_index_records_what_each_group_got(made: Made, mix: MixConfig) -> None:
    manifest = build(made, mix)
    shards, rows = train(made, manifest), made.rows()
    found = written(shards)
    record = shards.index.mix
    assert record is not None and (record.by, record.seed) == (mix.by, mix.seed)
    assert json.loads(json.dumps(asdict(record))) == manifest.figures["mix"]
    got: Counter[str] = Counter()
    for group in record.groups:
        mine = {doc_id: row for doc_id, row in rows.items() if (mix.group(row[mix.by]) or row[mix.by]) == group.name}
        tokens = sum(rows[doc_id]["length"] * times for doc_id, times in found.items() if doc_id in mine)
        assert (group.documents, group.tokens) == (len(mine), sum(row["length"] for row in mine.values()))
        assert (group.taken_tokens, group.taken_documents) == (tokens, len(mine.keys() & found.keys()))
        longest = max(row["length"] for row in mine.values())
        assert group.wanted_tokens - longest < tokens <= group.wanted_tokens
        got[group.name] = tokens
    assert got.total() == len(shards)
    for table in made.lake.read(manifest, "ledger"):
        for row in table.to_pylist():
            for rule in row["rules"] or []:
                assert rule["value"] >= rule["threshold"], "the ledger says why: its hash lies behind the bound"


def test_the_held_out_pages_are_never_mixed(made: Made) -> None:
    def heldout(manifest: Manifest) -> dict[str, str]:
        return {entry.path: entry.sha256 for entry in manifest.of_kind("heldout")}

    assert heldout(build(made, BY_LANGUAGE)) == heldout(build(made))


def test_stock_webdataset_reads_the_tokens_of_a_mix(made: Made) -> None:
    shards = train(made, build(made, BY_LANGUAGE))
    urls = sorted(str(path) for path in Path(shards.folder).glob("*.tar"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # webdataset leaves its files to the garbage collector
        samples = list(webdataset.WebDataset(urls, shardshuffle=False).decode())
        gc.collect()
    assert (np.concatenate([sample["tokens.npy"] for sample in samples]) == shards.tokens(0, len(shards))).all()


SCRIPT = """
import json, sys
from tokens_of_text import make_tokens
from test_shards import BY_LANGUAGE, build
from corpus.lake.store import Lake
from pipelines.engine import Engine
print(json.dumps(build(make_tokens(Lake(sys.argv[1])), BY_LANGUAGE, Engine(workers=4)).digest))
"""


def test_the_same_bytes_whatever_the_workers_the_hash_seed_and_the_locale(made: Made, tmp_path: Path) -> None:
    wanted = build(made, BY_LANGUAGE).digest
    tests = Path(__file__).parents[1]
    path = os.pathsep.join(map(str, (tests / "helpers", tests / "pipelines", tests.parent)))
    odd = {"PYTHONPATH": path, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "four")]
    done = subprocess.run(command, env={**os.environ, **odd}, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2_000:]
    assert json.loads(done.stdout) == wanted
    two = make_tokens(Lake(str(tmp_path / "two")))
    assert build(two, BY_LANGUAGE, Engine(workers=2)).digest == wanted


def test_documents_in_another_order_and_in_other_files_are_taken_as_often(made: Made, tmp_path: Path) -> None:
    other = make_tokens(Lake(str(tmp_path)), parts=5, shuffled=3)
    one, again = build(made, BY_LANGUAGE), build(other, BY_LANGUAGE)
    assert {doc_id: row["length"] for doc_id, row in made.rows().items()} == {
        doc_id: row["length"] for doc_id, row in other.rows().items()
    }
    assert written(train(made, one)) == written(train(other, again))
    assert one.figures["mix"] == again.figures["mix"]


def test_the_command_line_mixes(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"tokens/{made.tokens.address}", f"tokenizer/{made.tokenizer.address}", "--lake", made.lake.url]
    flags = ["--share", "en=0.3", "--share", "zh=0.6", "--workers", "1"]
    assert main(["shard", *names, *flags, "--chunk-tokens", "700", "--chunks-per-shard", "2"]) == 0
    assert build(made, BY_LANGUAGE).digest[:16] in capsys.readouterr().out
    for wrong, said in (
        (["--share", "en"], "--share en: wanted is GROUP=NUMBER"),
        (["--share", "en=1", "--share", "en=2"], "each group once"),
        (["--share", "en=half"], "--share en=half: wanted is GROUP=NUMBER"),
        (["--chunks-per-shard", "0"], "chunks_per_shard 0: at least 1 is needed"),
        (["--mix-by", "crawl"], "--mix-by: a mix needs a --share for each group too"),
        (["--share", "fr=1"], "no training document of the language 'fr' to mix in: there are de, en, zh"),
        (["--share", "en=1", "--mix-tokens", "1000000"], "allows a mix of"),
    ):
        assert main(["shard", *names, *wrong, "--workers", "1"]) == 1
        assert said in capsys.readouterr().err


def test_a_recipe_without_a_mix_reads_no_pages(made: Made, tmp_path: Path) -> None:
    """Tokens and tokenizer are enough; a mix says that the pages are gone."""
    lake = Lake(shutil.copytree(made.lake.root, tmp_path / "lake", ignore=shutil.ignore_patterns("split", "shards")))
    alone: dict[str, Any] = {"tokens": made.tokens, "tokenizer": made.tokenizer}
    assert shard(lake, **alone, config=config(None), engine=ONE).manifest.digest == build(made).digest
    with pytest.raises(FileNotFoundError, match="run split again"):
        shard(lake, **alone, config=config(BY_LANGUAGE), engine=ONE)
