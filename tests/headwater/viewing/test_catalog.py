"""The catalog: every record once, with what the manifests, ledgers and measures say of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from stages import SPOKEN, make_stages, page, publish

from corpus.lake.store import Lake
from corpus.lineage.records import Records
from headwater.viewing.app import Viewer
from headwater.viewing.catalog import read_catalog


def test_outcomes_add_up_to_what_the_manifests_count(viewer: Viewer) -> None:
    [documents], [clean], [unique], [split] = (
        list(viewer.lake.datasets(stage)) for stage in ("documents", "clean", "unique", "split")
    )
    counted = viewer.catalog.outcome.counts()
    assert len(viewer.catalog) == documents.counts.records_in
    assert counted["no document"] == documents.counts.records_in - documents.counts.kept
    assert counted["clean"] == sum(clean.counts.dropped.values())
    assert counted["duplicate"] == sum(unique.counts.dropped.values())
    assert counted["train"] + counted["heldout"] == split.counts.kept
    for reason, records in clean.counts.dropped.items():
        assert len(viewer.catalog.rules[reason]) >= records


def test_every_record_is_where_it_says(viewer: Viewer) -> None:
    catalog = viewer.catalog
    for row in range(len(catalog)):
        assert catalog.find(catalog.doc_ids[row].as_py()) == row
        where = catalog.file_of(row)
        if where is None:
            assert catalog.outcome[row] == "no document"
        else:
            file, place = where
            table = viewer.lake.read_file(file.manifest, file.entry, ["doc_id", "host"])
            assert table["doc_id"][place].as_py() == catalog.doc_ids[row].as_py()
            assert table["host"][place].as_py() == catalog.host[row]
            assert catalog.rows[catalog.numbers[row]] == row
    assert catalog.find(b"\0" * 16) is None


def test_rules_reasons_languages_and_keepers(tmp_path: Path) -> None:
    stages = make_stages(Lake(str(tmp_path)))
    catalog = read_catalog(stages.lake, Records(stages.lake))
    assert catalog.outcome.counts() == {"kept": 23, "clean": 6, "duplicate": 2, "no document": 2}
    assert len(catalog.rules["too_short"]) == 6 and len(catalog.rules["too_many_symbols"]) == 3
    assert catalog.language.counts() == {"en": 23, "de": 6, "zh": 2}
    keepers = Counter(catalog.keepers[catalog.keepers >= 0].tolist())
    [(keeper, copies)] = keepers.items()
    assert copies == 2 and catalog.urls[keeper].as_py() == "https://big.example/4"


def test_a_record_of_two_datasets_stands_there_once(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    for config in ({"one": 1}, {"two": 2}):
        rows = [page("a", number) for number in range(5)]
        publish(lake, "documents", "a", [], {"documents": (SPOKEN, rows)}, config=config)
    catalog = read_catalog(lake, Records(lake))
    assert len(catalog) == 5
    assert sorted(catalog.rows.tolist()) == sorted([*range(5), *range(5)])


def test_a_lake_without_documents(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    with pytest.raises(FileNotFoundError, match="has no documents yet: `headwater demo` makes some"):
        read_catalog(lake, Records(lake))
