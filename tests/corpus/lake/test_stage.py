"""Addresses follow from what is read, by the stage graph; a dataset comes to be once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from corpus.lake import stages
from corpus.lake.current import RecipeLake
from corpus.lake.manifest import Counts, FileEntry, Manifest
from corpus.lake.stage import Stage, publish_once
from corpus.lake.store import Lake

NOTHING = Counts(records_in=0, kept=0)


def entry(path: str, sha256: str) -> FileEntry:
    return FileEntry(path=path, bytes=1, rows=1, sha256=sha256)


def clean(*files: FileEntry, partition: str = "crawl", **rest: object) -> Manifest:
    made = Stage(name=stages.CLEAN, partition=partition, version=1, config=None).manifest(files, NOTHING)
    return replace(made, **rest)  # type: ignore[arg-type]


TEXTS, LEDGER = entry("documents/part-00000.parquet", "1" * 64), entry("ledger/part-00000.parquet", "2" * 64)


def signed(dataset: Manifest) -> str:
    stage = Stage(name=stages.SIGNATURES, partition=dataset.partition, version=1, config=None, datasets=[dataset])
    return stage.address


def test_an_address_follows_the_content_that_is_read() -> None:
    first = clean(TEXTS, LEDGER)
    assert signed(first) == signed(replace(first, config={"rule": 2})), "how it was made"
    assert signed(first) == signed(clean(TEXTS, replace(LEDGER, sha256="3" * 64))), "what did not stay"
    assert signed(first) == signed(clean(TEXTS, LEDGER, entry("other/part-00000.parquet", "5" * 64))), (
        "what is not read"
    )
    assert signed(first) != signed(clean(replace(TEXTS, sha256="4" * 64), LEDGER))
    assert signed(first) != signed(clean(replace(TEXTS, path="documents/part-00001.parquet"), LEDGER))
    assert first.digest != replace(first, config={"rule": 2}).digest, "the manifest's digest has it all"


def test_a_dataset_without_files_is_what_its_inputs_are() -> None:
    crawls = [
        Stage(name=stages.CRAWL, partition="c", version=1, config=None, files={"a.warc": digest}).manifest([], NOTHING)
        for digest in ("1" * 64, "2" * 64)
    ]
    assert crawls[0].content() != crawls[1].content()


def test_what_the_graph_does_not_declare_is_not_read() -> None:
    stage = Stage(name=stages.TOKENS, partition="crawl", version=1, config=None, datasets=[clean(TEXTS)])
    with pytest.raises(ValueError, match="tokens is not declared to read clean, but split, tokenizer"):
        _ = stage.inputs


def test_the_graph_reads_what_comes_before_or_another_crawls() -> None:
    order = list(stages.STAGES)
    for stage in stages.STAGES.values():
        assert set(stage.documents_from) <= set(stage.reads) <= set(order), stage.name
        later = [name for name in stage.reads if order.index(name) >= order.index(stage.name)]
        assert not later or stage.name == stages.DUPLICATES, f"{stage.name} reads {later}"


def test_a_dataset_is_made_once_and_both_recipes_have_it(tmp_path: Path) -> None:
    made = []
    stage = Stage(name=stages.CLEAN, partition="crawl", version=1, config=None)

    def make() -> tuple[Manifest, dict[str, object]]:
        made.append(1)
        return stage.manifest([], NOTHING), {}

    first, second = (publish_once(RecipeLake(str(tmp_path), recipe), stage, make) for recipe in ("one", "two"))
    assert (first.reused, second.reused, len(made)) == (False, True, 1)
    for recipe in ("one", "two"):
        assert list(RecipeLake(str(tmp_path), recipe).datasets()) == [first.manifest]
    two = RecipeLake(str(tmp_path), "two")
    two.leave_out(stages.CLEAN, "crawl")
    assert not list(two.datasets()) and list(Lake(str(tmp_path)).datasets()) == [first.manifest]
