"""Several seeds of a recipe: what varies from run to run counts, as do the items."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scored import results

from training.significance.comparison import Comparison, TaskComparison, compare_results
from training.significance.results import Results

Runs = list[np.ndarray]


def of_seeds(a: Runs, b: Runs, **given: object) -> Comparison:
    def side(name: str, runs: Runs) -> dict[str, dict[str, Results]]:
        return {
            f"{name}{seed}": {"quiz": results(values, checkpoint=f"{name}{seed}", **given)}  # type: ignore[arg-type]
            for seed, values in enumerate(runs)
        }

    return compare_results(side("a", a), side("b", b))


def quiz(a: Runs, b: Runs, **given: object) -> TaskComparison:
    [found] = of_seeds(a, b, **given).tasks
    return found


def runs(random: np.random.RandomState, seeds: int, hard: np.ndarray, luck: float, skill: float = 0.0) -> Runs:
    """Right or wrong of some seeds, whose skill varies by `luck`, on items of which some are harder."""
    own = skill + random.normal(0, luck, size=seeds)
    return [(one + hard + random.normal(size=len(hard)) > 0).astype(float) for one in own]


@pytest.mark.parametrize("seeds", [(2, 2), (3, 3), (1, 3), (2, 5)])
@pytest.mark.parametrize("luck", [0.1, 0.5])
def test_recipes_that_are_alike_differ_five_times_in_a_hundred_at_most(seeds: tuple[int, int], luck: float) -> None:
    random, wrong, count = np.random.RandomState(0), 0, 200
    for _ in range(count):
        hard = random.normal(size=200)
        wrong += quiz(*(runs(random, number, hard, luck) for number in seeds)).better is not None
    assert wrong / count <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / count)


def test_one_seed_each_calls_luck_a_difference_where_several_do_not() -> None:
    random, alone, together = np.random.RandomState(1), 0, 0
    for _ in range(50):
        hard = random.normal(size=400)
        a, b = runs(random, 3, hard, 0.5), runs(random, 3, hard, 0.5)
        alone += quiz(a[:1], b[:1]).better is not None
        together += quiz(a, b).better is not None
    assert alone > 20
    assert together < 8


def test_recipes_that_differ_by_more_than_their_seeds_are_told_apart() -> None:
    random = np.random.RandomState(2)
    hard = random.normal(size=1000)
    found = quiz(runs(random, 4, hard, 0.05), runs(random, 4, hard, 0.05, skill=0.5))
    assert found.better == "B"
    assert found.difference.low < found.difference.value < found.difference.high
    assert "4 and 4 seeds" in found.difference.method


def test_seeds_that_say_the_same_leave_the_items_variance() -> None:
    """Three copies of one run each: no more than the items is left to vary, and the copies are not more items."""
    random = np.random.RandomState(3)
    a, b = random.randint(2, size=(2, 300)).astype(float)
    one, three = quiz([a], [b]).difference, quiz([a] * 3, [b] * 3).difference
    assert three.standard_error == pytest.approx(one.standard_error)
    assert three.freedom == pytest.approx(299)
    assert three.value == pytest.approx(one.value)


def test_seeds_and_clusters_together() -> None:
    random = np.random.RandomState(4)
    passages = np.arange(300) // 10
    hard, unlike = random.normal(size=30)[passages], random.normal(0, 1.5, size=30)[passages]
    a, b = runs(random, 3, hard, 0.0), runs(random, 3, hard + unlike, 0.0)
    apart, together = quiz(a, b).difference, quiz(a, b, clusters=passages).difference
    assert together.standard_error > 1.2 * apart.standard_error


def test_a_side_with_a_single_seed_is_not_taken_for_certain() -> None:
    random = np.random.RandomState(5)
    hard = random.normal(size=400)
    a, b = runs(random, 1, hard, 0.5), runs(random, 4, hard, 0.5)
    assert quiz(a, b).difference.standard_error > quiz(a, b[:1]).difference.standard_error


def test_a_side_beside_itself_does_not_differ() -> None:
    random = np.random.RandomState(6)
    a = runs(random, 3, random.normal(size=100), 0.3)
    found = quiz(a, a)
    assert (found.difference.value, found.difference.p, found.better) == (0, 1, None)
    same = quiz([a[0]] * 2, [a[0]] * 2)
    assert (same.difference.standard_error, same.difference.p, same.better) == (0, 1, None)


def test_few_items_tell_nothing_however_alike_the_seeds() -> None:
    """Without any variance a t test would be certain of everything, be it of two items."""
    few = quiz([[0, 0]] * 2, [[1, 1]] * 2)
    assert (few.difference.p, few.better) == (0.5, None)
    assert quiz([[0] * 10] * 2, [[1] * 10] * 2).better == "B"


def test_one_checkpoint_twice_is_not_two_seeds() -> None:
    run = {"quiz": results([1, 0, 1], checkpoint="c7")}
    with pytest.raises(ValueError, match="runs/1 and runs/2 are both of checkpoint c7"):
        compare_results({"runs/1": run, "runs/2": run}, {"runs/3": {"quiz": results([1, 1, 1])}})


def test_a_task_that_one_seed_lacks_is_named() -> None:
    both = {task: results([1, 0, 1], task=task, checkpoint="c1") for task in ("quiz", "words")}
    found = compare_results({"a1": both, "a2": {"quiz": results([1, 0, 0])}}, {"b1": both})
    assert [one.task for one in found.tasks] == ["quiz"]
    assert found.left_out == {"words": ("a1", "b1")}
