"""Comparison of two checkpoints: what differs is found, what does not is not, what cannot be compared is refused."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scored import results

from training.significance.comparison import Comparison, TaskComparison, compare_results
from training.significance.intervals import estimate
from training.significance.multiplicity import adjust_holm, minimum_detectable_effect
from training.significance.resampling import FLIPS, swap_test
from training.significance.results import Results, find_results, write_results


def of_one(a: Results, b: Results) -> TaskComparison:
    [found] = compare_results({"runs/a": {a.task: a}}, {"runs/b": {b.task: b}}).tasks
    return found


def sides(a: list[Results], b: list[Results]) -> Comparison:
    return compare_results({"runs/a": {one.task: one for one in a}}, {"runs/b": {one.task: one for one in b}})


def test_a_checkpoint_beside_itself_does_not_differ() -> None:
    random = np.random.RandomState(0)
    right = random.randint(2, size=200)
    bits = random.exponential(size=50)
    mine = [
        results(right, task="quiz"),
        results(right, task="passages", clusters=np.arange(200) // 5),
        results(bits, task="bits", weights=np.full(50, 2.0), higher_is_better=False, chance=None),
    ]
    found = sides(mine, mine)
    for one in found.tasks:
        assert (one.difference.value, one.difference.low, one.difference.high, one.difference.p) == (0, 0, 0, 1)
        assert one.better is None
    assert found.same == ("c0",)
    assert {one.task: one.minimum_detectable_effect is None for one in found.tasks} == {
        "bits": True,
        "passages": False,
        "quiz": False,
    }


def test_planted_items_are_found_by_pairs_where_two_scores_apart_tell_nothing() -> None:
    a = np.random.RandomState(1).randint(2, size=1000)
    b = a.copy()
    b[np.flatnonzero(a == 0)[:25]] = 1
    b[np.flatnonzero(a == 1)[:5]] = 0
    found = of_one(results(a), results(b, checkpoint="c1"))
    assert found.difference.value == pytest.approx(0.02)
    assert found.difference.p == pytest.approx(stats.binomtest(5, 30).pvalue)
    assert found.better == "B"
    assert 0 < found.difference.low < 0.02 < found.difference.high
    one, other = estimate(a), estimate(b)
    assert one.high > other.value, "each score lies in the other's interval"
    unpaired = stats.chi2_contingency([[a.sum(), 1000 - a.sum()], [b.sum(), 1000 - b.sum()]], correction=False)
    assert unpaired.pvalue > 0.3


def test_the_better_side_follows_the_metric_s_direction() -> None:
    bits = np.random.RandomState(2).uniform(1, 2, size=60)
    for higher, better in ((True, "B"), (False, "A")):
        found = of_one(results(bits, higher_is_better=higher), results(bits + 0.1, higher_is_better=higher))
        assert found.better == better
        assert found.difference.value == pytest.approx(0.1)
        assert "swap test" in found.difference.method


def test_a_difference_in_few_passages_is_not_one_in_many_items() -> None:
    """Twenty items turned right: in twenty passages that shows, in one passage of twenty it does not."""
    a = np.zeros(400)
    b = a.copy()
    b[:20] = 1
    spread = of_one(results(a, clusters=np.arange(400) % 20), results(b, clusters=np.arange(400) % 20))
    lumped = of_one(results(a, clusters=np.arange(400) // 20), results(b, clusters=np.arange(400) // 20))
    assert spread.better == "B"
    assert lumped.better is None
    assert lumped.difference.p == 1.0
    assert of_one(results(a), results(b)).difference.p < 1e-5


def test_swaps_of_pairs_are_mcnemar_s_test_and_all_are_tried_where_few() -> None:
    ones = np.ones(12)
    a, b = np.zeros(12), np.zeros(12)
    a[0], b[1:9] = 1, 1
    exact = stats.binomtest(1, 9).pvalue
    assert swap_test(np.stack([a, ones]), np.stack([b, ones])) == pytest.approx(exact)
    a, b = np.zeros(100), np.zeros(100)
    a[:10], b[10:34] = 1, 1
    ones, exact = np.ones(100), stats.binomtest(10, 34).pvalue
    drawn = swap_test(np.stack([a, ones]), np.stack([b, ones]))
    assert drawn == pytest.approx(exact, abs=4 * math.sqrt(exact / FLIPS))


def test_sides_that_weigh_items_unlike_are_compared_by_their_ratios() -> None:
    random = np.random.RandomState(3)
    weights = random.uniform(1, 9, size=80)
    other = weights * random.uniform(0.8, 1.2, size=80)
    found = of_one(results(2 * weights, weights=weights), results(2 * other, weights=other))
    assert (found.difference.a, found.difference.b) == pytest.approx((2, 2))
    assert found.better is None
    found = of_one(results(2 * weights, weights=weights), results(2.1 * other, weights=other))
    assert found.better == "B"


def test_the_order_of_rows_does_not_matter() -> None:
    random = np.random.RandomState(4)
    a, b = results(random.exponential(size=40)), results(random.exponential(size=40))
    turned = Results(b.score, b.items.take(random.permutation(40)))
    assert of_one(a, b) == of_one(a, turned)


def test_one_item_is_compared_and_tells_nothing() -> None:
    found = of_one(results([0.0]), results([1.0]))
    assert (found.difference.value, found.difference.p, found.minimum_detectable_effect, found.better) == (
        1,
        1,
        None,
        None,
    )
    assert "no test" in found.difference.method


def test_holm_s_correction() -> None:
    # Of four p: 4 x .005, 3 x .01, 2 x .03, and the last no less than the one before.
    assert adjust_holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert adjust_holm([0.9, 0.8]) == [1.0, 1.0]
    assert adjust_holm([]) == []


def test_more_tasks_ask_for_more() -> None:
    a = np.zeros(100)
    b = a.copy()
    b[:7] = 1
    alone = sides([results(a, task="t0")], [results(b, task="t0")])
    others = [results(a, task=f"t{place}") for place in range(1, 8)]
    among = sides([results(a, task="t0"), *others], [results(b, task="t0"), *others])
    assert alone.tasks[0].better == "B"
    assert among.tasks[0].better is None
    assert among.tasks[0].p_holm == pytest.approx(8 * alone.tasks[0].difference.p)
    assert (among.tasks[0].minimum_detectable_effect or 0) > (alone.tasks[0].minimum_detectable_effect or 1)


def test_the_least_effect_is_found_four_times_in_five() -> None:
    random, hits, runs, n = np.random.RandomState(5), 0, 200, 400
    unlike = 0.2  # of the items, which one side alone gets right
    effect = minimum_detectable_effect(math.sqrt(unlike / n), n - 1, 1, n, n, True)
    assert effect is not None
    for _ in range(runs):
        kind = random.uniform(size=n)
        b, a = kind < (unlike + effect) / 2, ((unlike + effect) / 2 <= kind) & (kind < unlike)
        hits += of_one(results(a), results(b)).better == "B"
    # McNemar's exact test asks a little more than its level says; three standard deviations are 0.085.
    assert 0.68 < hits / runs < 0.89


def test_few_items_could_not_have_shown_anything() -> None:
    five = of_one(results([0.0] * 5), results([1.0] * 5))
    assert five.minimum_detectable_effect is None
    assert five.better is None
    six = of_one(results([0.0] * 6), results([1.0] * 6))
    assert six.better == "B"
    # Not one differs: were six to, it would be seen.
    assert of_one(results([1.0] * 100), results([1.0] * 100)).minimum_detectable_effect == pytest.approx(0.06)


def test_without_a_difference_one_is_found_five_times_in_a_hundred_at_most_over_all_tasks() -> None:
    random, runs, wrong = np.random.RandomState(6), 300, 0
    clusters = np.arange(90) // 3
    for _ in range(runs):
        quiz, passages, bits = random.normal(size=90), random.normal(size=30)[clusters], random.exponential(size=40)
        found = sides(*(
            [
                results(quiz + random.normal(size=90) > 0, task="quiz"),
                results(passages + random.normal(size=30)[clusters] > 0, task="passages", clusters=clusters),
                results(bits * random.normal(2, 0.2, size=40), weights=bits, task="bits"),
            ]
            for _ in range(2)
        ))  # fmt: skip
        wrong += any(one.better for one in found.tasks)
    assert wrong / runs <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)


def test_groups_are_told_without_a_test() -> None:
    groups = ["algebra"] * 3 + ["law"] * 2
    found = of_one(results([1, 1, 0, 0, 0], groups=groups), results([1, 0, 0, 1, 1], groups=groups))
    assert [(one.name, one.n, one.a, one.b) for one in found.groups] == [
        ("algebra", 3, pytest.approx(2 / 3), pytest.approx(1 / 3)),
        ("law", 2, 0, 1),
    ]


def test_the_centred_mean_is_of_tasks_that_can_be_guessed_and_are_to_be_high() -> None:
    a = [
        results([1, 0, 1, 0], task="quiz"),
        results([1, 1, 0, 0], task="coin", chance=0.5),
        results([2.0], task="bits", chance=None),
        results([1, 1], task="bias", chance=0.5, higher_is_better=False),
    ]
    assert sides(a, a).centred == (2, pytest.approx(1 / 6), pytest.approx(1 / 6))
    assert sides(a[2:], a[2:]).centred is None


def compare(a: list[Path], b: list[Path]) -> Comparison:
    """Of folders."""
    one, other = ({str(folder): find_results(folder) for folder in folders} for folders in (a, b))
    return compare_results(one, other)


def test_tasks_of_one_side_are_named(tmp_path: Path) -> None:
    for side, tasks in (("a", ("quiz", "bits")), ("b", ("quiz", "words"))):
        for task in tasks:
            write_results(tmp_path / side / task, *results([1, 0, 1], task=task))
    a, b = tmp_path / "a", tmp_path / "b"
    found = compare([a], [b])
    assert [one.task for one in found.tasks] == ["quiz"]
    assert found.left_out == {"bits": (str(a),), "words": (str(b),)}
    with pytest.raises(ValueError, match="no task in common") as refusal:
        compare([a / "bits"], [b / "words"])
    assert f"{a / 'bits'} has bits" in str(refusal.value)
    with pytest.raises(FileNotFoundError, match=r"has no score\.json"):
        compare([a], [tmp_path / "none"])


@pytest.mark.parametrize(
    ("name", "held"),
    [("score.json", b'{"task": "qu'), ("score.json", b"[]"), ("score.json", b"{}"), ("items.parquet", b"PAR1")],
)
def test_damaged_results_are_named(tmp_path: Path, name: str, held: bytes) -> None:
    write_results(tmp_path / "quiz", *results([1, 0, 1]))
    (tmp_path / "quiz" / name).write_bytes(held)
    with pytest.raises(ValueError, match=rf"quiz/{name} cannot be read .*score the checkpoint again"):
        compare([tmp_path], [tmp_path])


def test_two_results_of_a_task_in_one_folder_are_refused(tmp_path: Path) -> None:
    for folder in ("quiz", "quiz-before"):
        write_results(tmp_path / folder, *results([1, 0, 1]))
    with pytest.raises(ValueError, match="quiz-before holds quiz, as another folder beside it does"):
        compare([tmp_path], [tmp_path])


BASE = results([1, 0, 1])


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (results([1, 0, 1], version=2), ("version differs", "1 in runs/a", "2 in runs/b")),
        (results([1, 0, 1], definition="d2"), ("definition differs", "d1 in runs/a", "d2 in runs/b")),
        (results([1, 0, 1], metric="acc_norm"), ("metric differs", "acc in runs/a", "acc_norm in runs/b")),
        (
            results([1, 0, 1], inputs={"checkpoint": "c1", "data": "data-2"}),
            ("inputs data differs", "data-1 in runs/a", "data-2 in runs/b"),
        ),
        (results([1, 0, 1, 1]), ("1 of 4 items of runs/b are not in runs/a", "'item-00003'")),
        (results([1, 0]), ("1 of 3 items of runs/a are not in runs/b", "'item-00002'")),
        (
            results([1, 0, 1], prompt="asked otherwise"),
            ("prompt_hash of 3 items", "runs/a and runs/b", "'item-00000'"),
        ),
        (results([1, 0, 1], clusters=[1, 1, 2]), ("cluster of 3 items", "runs/a and runs/b", "'item-00000'")),
        (results([1, 0, math.nan]), ("quiz in runs/b", "1 of 3 items", "not finite")),
        (Results({}, BASE.items), ("runs/b", "score.json", "no version")),
    ],
)
def test_what_is_not_alike_is_refused_with_both_sides_named(other: Results, said: tuple[str, ...]) -> None:
    score = other.score or {"task": "quiz"}
    with pytest.raises(ValueError, match="quiz") as refusal:
        compare_results({"runs/a": {"quiz": BASE}}, {"runs/b": {"quiz": Results(score, other.items)}})
    for words in said:
        assert words in str(refusal.value)


@pytest.mark.parametrize("names", [["x", "x", "y"], ["x", "y", "y"]])
def test_items_that_come_twice_are_refused(names: list[str]) -> None:
    with pytest.raises(ValueError, match="come twice"):
        of_one(results([1, 0, 1], names=names), results([1, 0, 1], names=names))
    with pytest.raises(ValueError, match="some come twice"):
        of_one(results([1, 0], names=["x", "y"]), results([1, 0, 1], names=names))


def test_a_comparison_needs_no_torch() -> None:
    code = (
        "import sys, training.significance.comparison, headwater.comparison.comparison; print('torch' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "False"
