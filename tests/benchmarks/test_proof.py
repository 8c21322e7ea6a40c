"""The proof: runs with scores that are known, stored and read again."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.proof.arms import CONTROLS, EACH_RULE, FINEWEB, HEADWATER, STEPS
from benchmarks.proof.page import LANGUAGES, PAGE, PLOTS, page, plots, read_languages
from benchmarks.proof.runs import Budget, Place, prepare
from benchmarks.proof.stored import (
    COLUMNS,
    RESULTS,
    Run,
    read_runs,
    read_same,
    results_of,
    scores_of,
    write_run,
    write_same,
)
from benchmarks.proof.tables import compare_arms, compare_means, false_positives
from corpus.lake.store import Lake
from recipes.files import find_recipe, path_of
from training.significance.results import ITEMS, Results

TEXTS = 40


def made_run(arm: str, seed: int, bits_a_byte: float) -> Run:
    """Texts of two domains, of which some are harder than others, with a little luck of the seed."""
    hard = np.random.RandomState(0).normal(0, 0.2, TEXTS)
    luck = np.random.RandomState(seed).normal(0, 0.002, TEXTS)
    rows = [
        {
            "task": ("news", "web")[number % 2],
            "item_id": str(number),
            "doc_hash": f"{number:016x}",
            "cluster": str(number),
            "value": 1_000 * (bits_a_byte + hard[number] + luck[number]),
            "weight": 1_000,
        }
        for number in range(TEXTS)
    ]
    return Run(
        arm=arm,
        seed=seed,
        learning_rate=8e-3,
        tokens=3_000_000,
        data_tokens=1_000_000,
        documents=700,
        contaminated=2,
        seconds=600,
        data=arm,
        checkpoint=f"{arm}{seed}",
        scores=pa.Table.from_pylist(rows, schema=COLUMNS),
    )


def test_a_planted_difference_is_found_and_none_where_there_is_none() -> None:
    theirs = [made_run("fineweb", seed, 2.0) for seed in range(3)]
    ours = [made_run("headwater", seed + 10, 1.95) for seed in range(4)]
    assert [task.better for task in compare_arms(theirs, ours[:3]).tasks] == ["B", "B"]
    mean = compare_means(theirs, ours)
    assert mean.relative == pytest.approx(0.025, abs=0.002) and mean.low < mean.relative < mean.high and mean.p < 0.01
    assert false_positives([ours], 2) == (3, 0, 0) and false_positives([theirs, ours], 2).comparisons == 3
    different = [*theirs[:2], *ours[:3]]  # no arm, but a test that it counts
    assert false_positives([different], 3).comparisons == 10 and false_positives([different], 3).means >= 1


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    run = made_run("headwater", 1, 2.0)
    write_run(run, tmp_path)
    [found] = read_runs(tmp_path)
    assert found.scores.equals(run.scores) and (found.name, found.contaminated) == (run.name, run.contaminated)


def test_the_bits_of_the_right_answer_are_stored() -> None:
    item = {
        "item_id": "1",
        "doc_hash": "a" * 64,
        "prompt_hash": "b" * 64,
        "cluster": "1",
        "group": "",
        "gold": 1,
        "log_likelihoods": [-3 * np.log(2), -2 * np.log(2)],
        "greedy": [False, False],
        "characters": [4, 8],
        "bytes": [4, 8],
        "generated": None,
        "value": 1.0,
        "weight": 1.0,
    }
    items = pa.Table.from_pylist([item], schema=ITEMS)
    text = pa.Table.from_pylist([item | {"group": "news", "value": 900.0, "weight": 450.0}], schema=ITEMS)
    made = {"arc_easy": items, "blimp": items, "texts": text}
    scores = scores_of({name: Results({"task": name}, table) for name, table in made.items()}).to_pylist()
    assert {row["task"]: (row["value"], row["weight"]) for row in scores} == {
        "arc_easy": (2, 8),
        "blimp": (pytest.approx(np.log2(1.5)), 1),  # the wrong sentence is half as likely
        "news": (900, 450),
    }


def test_the_page_tells_each_arm_and_the_difference() -> None:
    runs = [made_run(arm, seed, bits) for arm, bits in (("fineweb", 2.0), ("headwater", 1.9)) for seed in range(2)]
    text = page({"en": runs})
    assert f"| {HEADWATER.name} | {HEADWATER.about} | 700 | 1,000,000 | 3.0 | 2 | 2 |" in text
    assert f"Headwater beside {FINEWEB.name}, 2 and 2 seeds" in text
    assert re.search(r"is (4\.[89]|5\.[012])% lower than fineweb's", text)
    assert set(results_of(runs[0])) == {"news", "web"}


@pytest.mark.parametrize(("bits", "said"), [(1.9, r"-4\.[89]\d%"), (2.1, r"\+4\.[89]\d%")])
def test_copies_are_compared_with_each_other(bits: float, said: str) -> None:
    """Not with Headwater, whose data is several times as much."""
    twice = [made_run("twice", seed + 5, bits) for seed in range(3)]
    runs = [*twice, *(made_run(arm, seed, 2.0) for arm in ("headwater", "once") for seed in range(3))]
    text = page({"en": runs})
    assert re.search(rf"\| twice \| .* \| {said} \|", text) and re.search(r"\| once \| .* \| \| \| \|", text)
    assert "others-twice" not in text and "proof-en" not in text


def test_a_recipe_follows_its_inputs(tmp_path: Path) -> None:
    """Two arms may not differ in their tokenizer because one of them was prepared before it changed."""
    place = Place(inputs=tmp_path / "inputs", lake=Lake(str(tmp_path / "lake")))
    arms = (HEADWATER, FINEWEB, *CONTROLS, *STEPS, *EACH_RULE)
    for tokenizer in ("first.json", "second.json"):
        names = [prepare(place, arm, Budget(), 0, Path(tokenizer)) for arm in arms]
        assert {str(find_recipe(place.lake, name).recipe.vocabulary.path) for name in names} == {tokenizer}  # type: ignore[union-attr]
    files = [Path(path_of(place.lake, name)) for name in names]
    before = [path.stat().st_mtime_ns for path in files]
    assert names == [prepare(place, arm, Budget(), 0, Path("second.json")) for arm in arms]
    assert before == [path.stat().st_mtime_ns for path in files]  # none is written again without need


def test_arms_with_the_same_data_are_known_until_their_data_changes(tmp_path: Path) -> None:
    write_same({"no-length": True, "no-stop-words": True, "half": False}, tmp_path)
    write_same({"no-length": False}, tmp_path)
    assert read_same(tmp_path) == ["no-stop-words"]


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_all_seeds_of_an_arm_have_read_the_same_data(language: str) -> None:
    """Else some were prepared before its inputs changed."""
    found: dict[tuple[str, int, float], set[str]] = {}
    for run in read_runs(RESULTS / language):
        found.setdefault((run.arm, run.tokens, run.learning_rate), set()).add(run.data)
    assert not [arm for arm, data in found.items() if len(data) > 1]


def test_the_page_and_its_plots_are_made_of_the_stored_runs() -> None:
    languages = read_languages()
    assert PAGE.read_text() == page(languages)
    assert {path.name: path.read_text() for path in PLOTS.glob("proof-*.svg")} == plots(languages)
