"""Labels: written one at a time, read whatever wrote them, and refused with their line where they cannot be."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from corpus.lake.store import Lake
from headwater.viewing.labels import Label, labels_path, read_labels, remove_label, set_label

ONE, TWO = "0" * 31 + "1", "0" * 31 + "2"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def test_written_read_changed_and_removed(lake: Lake) -> None:
    assert read_labels(lake) == {}
    two = Label(doc_id=TWO, mark="drop", url="https://site.example/ü", time="2026-01-31T12:00:00Z", note='a "list"\n')
    set_label(lake, two)
    set_label(lake, Label(doc_id=ONE, mark="drop"))
    set_label(lake, Label(doc_id=ONE, mark="keep"))
    assert read_labels(lake) == {ONE: Label(doc_id=ONE, mark="keep"), TWO: two}
    rows = [json.loads(line) for line in Path(labels_path(lake)).read_text().splitlines()]
    assert [row["doc_id"] for row in rows] == [ONE, TWO] and rows[1] == vars(two)
    remove_label(lake, TWO)
    remove_label(lake, TWO)
    assert list(read_labels(lake)) == [ONE]


def test_many_at_once_lose_none(lake: Lake) -> None:
    ids = [f"{number:032x}" for number in range(24)]
    threads = [threading.Thread(target=set_label, args=(lake, Label(doc_id=doc_id, mark="keep"))) for doc_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(read_labels(lake)) == ids


def test_by_hand_two_fields_are_enough(lake: Lake) -> None:
    Path(lake.root).mkdir()
    Path(labels_path(lake)).write_text(f'\n{{"mark": "drop", "doc_id": "{ONE}", "url": null}}\n\n')
    assert read_labels(lake) == {ONE: Label(doc_id=ONE, mark="drop")}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("drop", "line 2: Expecting value"),
        ("[]", "line 2: give an object with doc_id and mark, and if you like url, time, note"),
        (f'{{"doc_id": "{TWO}"}}', "give an object with doc_id and mark"),
        (f'{{"doc_id": "{TWO}", "mark": "drop", "score": 1}}', "give an object with doc_id and mark"),
        (f'{{"doc_id": "{TWO}", "mark": "maybe"}}', "mark 'maybe': give keep or drop"),
        (f'{{"doc_id": "{TWO}", "mark": null}}', "mark: give text"),
        (f'{{"doc_id": "{TWO}", "mark": "drop", "note": 3}}', "note: give text"),
        ('{"doc_id": "../../etc/passwd", "mark": "drop"}', "is no doc_id: give 32 hex digits"),
        (f'{{"doc_id": "{ONE}", "mark": "drop"}}', f"{ONE} has a label already: leave one of them"),
    ],
)
def test_a_line_that_is_no_label_is_named(line: str, why: str, lake: Lake) -> None:
    Path(lake.root).mkdir()
    before = f'{{"doc_id": "{ONE}", "mark": "keep"}}\n{line}\n'
    Path(labels_path(lake)).write_text(before)
    with pytest.raises(ValueError, match="line 2") as error:
        read_labels(lake)
    assert why in str(error.value) and labels_path(lake) in str(error.value)
    with pytest.raises(ValueError, match="line 2"):
        set_label(lake, Label(doc_id=TWO, mark="keep"))
    assert Path(labels_path(lake)).read_text() == before, "what somebody wrote is not replaced"


def test_a_note_is_short() -> None:
    with pytest.raises(ValueError, match="the note has 1,001 characters: give at most 1,000"):
        Label(doc_id=ONE, mark="keep", note="x" * 1_001)
