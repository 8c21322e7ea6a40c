"""Croissant: what the library of the specification says of the cards, and that it reads the records by them."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import absl.logging
import mlcroissant
import pyarrow.parquet as pq
import pytest
from etils import epath

from corpus.lake.manifest import Manifest
from corpus.lake.schema import ORIGIN
from corpus.lake.store import Lake, file_sha256

# Its logging closes the stream that it found, pytest's own, when Dagster sets up logging in a later test.
absl.logging.get_absl_handler().python_handler.stream = sys.__stderr__

# The library's own: old names of rdflib's and pandas', and files that it leaves for the garbage collector to close.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.reset_index is deprecated"),
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
]


@pytest.fixture(scope="module")
def lake(graph_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake(shutil.copytree(graph_lake, tmp_path_factory.mktemp("cards") / "lake"))


def open_card(lake: Lake, stage: str) -> tuple[Manifest, Path, mlcroissant.Dataset]:
    """Its dataset, its path, and the card as the library reads it, which raises an error for one that is not valid."""
    [manifest] = lake.datasets(stage)
    path = Path(lake.folder(manifest), "croissant.json")
    return manifest, path, mlcroissant.Dataset(jsonld=str(path))


@pytest.mark.parametrize("stage", ["split", "shards"])
def test_the_library_of_the_specification_finds_no_fault_but_the_missing_date(lake: Lake, stage: str) -> None:
    _, path, dataset = open_card(lake, stage)
    issues = dataset.metadata.ctx.issues
    assert not issues.errors
    assert [one for one in issues.warnings if "datePublished" not in str(one)] == []
    assert json.loads(path.read_text())["conformsTo"][0] == "http://mlcommons.org/croissant/1.0"


@pytest.mark.parametrize("kind", ["train", "heldout"])
def test_the_records_are_the_documents_with_their_places_in_the_crawl(lake: Lake, kind: str) -> None:
    manifest, path, dataset = open_card(lake, "split")
    rows = [row for entry in manifest.of_kind(kind) for row in pq.read_table(path.parent / entry.path).to_pylist()]
    records = list(dataset.records(kind))
    assert len(records) == len(rows) > 0
    for record, row in zip(records, rows, strict=True):
        assert _places(record, kind) == {field.name: row[field.name] for field in ORIGIN}
        assert record[f"{kind}/text"].decode() == row["text"]
        masked = {name.rpartition("/")[2]: int(count) for name, count in record[f"{kind}/masked"].items()}
        assert masked == row["masked"]


def _places(record: dict[str, Any], kind: str) -> dict[str, Any]:
    found = {field.name: record[f"{kind}/{field.name}"] for field in ORIGIN}
    texts = ("url", "host", "warc_file")
    return found | {name: found[name].decode() for name in texts}


@pytest.mark.parametrize("stage", ["split", "shards"])
def test_every_column_of_a_document_is_described(lake: Lake, stage: str) -> None:
    _, path, _ = open_card(lake, stage)
    sets = {one["name"]: one["field"] for one in json.loads(path.read_text())["recordSet"]}
    documents = sets["train" if stage == "split" else "train-documents"]
    assert {field.name for field in ORIGIN} <= {field["name"] for field in documents}
    assert all(field["description"] for field in documents)


def test_the_samples_of_the_tars_name_their_documents(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlcroissant._src.operation_graph.operations.extract.EXTRACT_PATH", epath.Path(tmp_path))
    _, _, dataset = open_card(lake, "shards")
    [split] = lake.datasets("split")
    [sample] = dataset.records("heldout-samples")
    named = json.loads(sample["heldout-samples/documents"])["doc_ids"]
    held_out = [row.hex() for table in lake.read(split, "heldout", ["doc_id"]) for row in table["doc_id"].to_pylist()]
    assert sorted(named) == sorted(held_out)
    assert sample["heldout-samples/key"] == b"000000-0000"


def test_every_file_is_where_the_card_of_the_shards_says_with_the_bytes_that_it_says(lake: Lake) -> None:
    manifest, path, _ = open_card(lake, "shards")
    files = [one for one in json.loads(path.read_text())["distribution"] if one["@type"] == "cr:FileObject"]
    for one in files:
        assert file_sha256(path.parent / one["contentUrl"]) == one["sha256"]
        assert one["contentSize"] == f"{(path.parent / one['contentUrl']).stat().st_size} B"
    named = {one["contentUrl"] for one in files}
    assert {entry.path for entry in manifest.files} <= named
    assert any(name.startswith("../../split/") for name in named)
