"""Benchmarks with errors in their questions: what is asked changes, what is answered does not; items are in pairs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from letter_models import Letters

from training.evaluation.task import Doc
from training.risks import benchmarks
from training.risks.benchmarks import Benchmark, measure_benchmarks, read_benchmarks
from training.risks.flags import parse_benchmarks
from training.risks.perturbations import PERTURBATIONS

GOAL = "how people usually repair {} wooden garden chairs before winter"
NUMBERS = ("seven", "eleven", "twenty", "thirty", "forty", "sixty", "ninety", "hundred")


@pytest.fixture
def piqa(tmp_path: Path) -> Path:
    rows = [{"goal": GOAL.format(n), "sol1": f"by {n} hammers", "sol2": f"with {n} nails"} for n in NUMBERS]
    (tmp_path / "valid.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "valid-labels.lst").write_text("1\n" * len(rows))
    return tmp_path


def known() -> Letters:
    """It knows the right answer behind each question as it is written in the file."""
    return Letters([f"{GOAL.format(n)}\nAnswer: with {n} nails" for n in NUMBERS], remembers=80)


def test_a_model_that_needs_the_question_word_for_word_loses_by_each_change(piqa: Path) -> None:
    plain, *changes = measure_benchmarks(known(), read_benchmarks({"piqa": piqa}, 200))
    assert (plain.measure, plain.group, plain.value, plain.items) == ("piqa: acc", "as it is", 1.0, len(NUMBERS))
    assert [one.group for one in changes] == list(PERTURBATIONS)
    for one in changes:
        assert one.measure == "piqa: change of acc" and one.low <= one.value <= one.high and one.harmless == 0.0
    assert sum(one.value for one in changes) < -1
    # One that answers by the answers alone loses nothing, whatever stands before.
    blind = Letters([f" with {n} nails" for n in NUMBERS], remembers=4)
    for one in list(measure_benchmarks(blind, read_benchmarks({"piqa": piqa}, 200)))[1:]:
        assert (one.value, one.low, one.high) == (0.0, 0.0, 0.0)


def test_the_words_of_the_prompt_and_the_answers_stay(piqa: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Doc] = []
    ask = benchmarks._ask

    def listen(model: Letters, benchmark: Benchmark, docs: Sequence[Doc]) -> object:
        asked.extend(docs)
        return ask(model, benchmark, docs)

    monkeypatch.setattr(benchmarks, "_ask", listen)
    list(measure_benchmarks(known(), read_benchmarks({"piqa": piqa}, 3)))
    forms = [asked[start : start + 3] for start in range(0, 15, 3)]
    for form in forms[1:]:
        for before, after in zip(forms[0], form, strict=True):
            assert after["context"].startswith("Question: ") and after["context"].endswith("\nAnswer:")
            assert {**after, "context": 0} == {**before, "context": 0}
        assert form != forms[0]


def test_solved_examples_before_a_question_stay(tmp_path: Path) -> None:
    (tmp_path / "task.py").write_text(
        "from training.evaluation.kinds import Choice\n"
        "task = Choice(name='mine', prompt='Q: {asked} {same}\\nA:', options=('{same}', 'no'), answer='label',\n"
        "              shots=1, shots_from='shots.jsonl', files='asked.jsonl')\n"
    )
    row = {"asked": "solved question", "same": "yes", "label": 0}
    (tmp_path / "shots.jsonl").write_text(json.dumps(row))
    (tmp_path / "asked.jsonl").write_text(json.dumps({**row, "asked": "open question"}))
    [benchmark] = read_benchmarks({str(tmp_path / "task.py"): tmp_path}, 5)
    changed = benchmarks._rewrite(benchmark, benchmark.docs[0], benchmark.rows[0], PERTURBATIONS["capitals"])
    assert changed["context"] == "Q: solved question yes\nA: yes\n\nQ: OPEN QUESTION yes\nA:"


def test_fewer_items_are_part_of_more(piqa: Path) -> None:
    few, more = (read_benchmarks({"piqa": piqa}, items)[0] for items in (3, 6))
    assert list(few.docs) == list(more.docs[:3]) and len(more.docs) == 6


def test_a_benchmark_without_questions_and_a_path_without_a_task_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--benchmark crows_pairs: it has no question apart from the answers"):
        read_benchmarks({"crows_pairs": tmp_path}, 5)
    assert parse_benchmarks(["piqa=a=b", "boolq=c"]) == {"piqa": Path("a=b"), "boolq": Path("c")}
    for given in (["piqa"], ["=a"], ["piqa="], ["piqa=a", "piqa=b"]):
        with pytest.raises(ValueError, match="write TASK=PATH, such as piqa=DIR, and each task once"):
            parse_benchmarks(given)
