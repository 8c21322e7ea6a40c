"""Contamination: which matches make a document go, and which only are told."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from stages import page

from corpus.contamination.policy import MATCH, NEAR, NGRAM, ContaminationConfig, decide_removals, matched_items
from corpus.lake.schema import DOC_ID, table

CONFIG = ContaminationConfig()
DOCUMENTS = [page("big", number) for number in range(30)]


def match(document: int, item: str = "1", **rest: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"task": "quiz", "item_id": item, "part": "question", "kind": NGRAM, "measure": 1.0}
    return {**DOCUMENTS[document], **row, "start": 0, "stop": 4, "matched": "text", **rest}


def gone(*rows: dict[str, Any], config: ContaminationConfig = CONFIG) -> dict[bytes, dict[str, Any]]:
    return {row["doc_id"]: row for row in decide_removals(table(list(rows), MATCH), config).to_pylist()}


def test_a_document_goes_with_the_rules_that_it_broke_and_the_item() -> None:
    found = gone(match(0, "2", kind=NEAR, measure=0.7), match(0, "1"), match(0, "1", part="answer", measure=0.6))
    assert found == {
        DOCUMENTS[0]["doc_id"]: {
            "doc_id": DOCUMENTS[0]["doc_id"],
            "rules": [
                {"rule": "benchmark_ngram", "value": 1.0, "threshold": 0.5},
                {"rule": "benchmark_near", "value": 0.7, "threshold": 0.6},
            ],
            "detail": "quiz 1 question, and 1 more items",
        }
    }


def test_a_line_of_a_long_part_and_a_passage_alone_are_only_told() -> None:
    assert not gone(match(0, measure=0.2), match(1, part="passage"))
    assert gone(match(1, part="passage"), match(1, part="question")).keys() == {DOCUMENTS[1]["doc_id"]}
    assert gone(match(1, part="passage"), config=ContaminationConfig(exempt_parts=())).keys() == {
        DOCUMENTS[1]["doc_id"]
    }


def test_what_very_many_documents_hold_is_no_leak() -> None:
    rows = [match(number) for number in range(11)]
    assert len(gone(*rows[:10])) == 10 and not gone(*rows)
    assert gone(*rows, match(3, "2")).keys() == {DOCUMENTS[3]["doc_id"]}


def test_matched_items_are_of_the_task_and_of_documents_that_stayed() -> None:
    found = table([match(0), match(1), match(2, "2"), match(3, "9", task="other")], MATCH)
    assert matched_items(found, "quiz") == {"1", "2"}
    without = pa.array([DOCUMENTS[number]["doc_id"] for number in (0, 2)], DOC_ID)
    assert matched_items(found, "quiz", without) == {"1"}
    assert matched_items(MATCH.empty_table(), "quiz") == set()


@pytest.mark.parametrize("wrong", [{"words": 7}, {"share": 0.0}, {"containment": 1.2}, {"characters_per_word": 0.5}])
def test_bounds_that_mean_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ContaminationConfig(**wrong)
