"""Items that each side made of its own pages, and scores that were computed in different ways."""

from __future__ import annotations

import pytest
from scored import results

from training.significance.comparison import compare_results


def test_pages_that_each_side_held_out_for_itself_are_compared_where_both_have_them() -> None:
    """Of five items, two are on both sides and asked alike."""
    mine = results([1, 0, 1, 1], names=["a", "b", "c", "d"], inputs={"checkpoint": "c0", "data": "mine"}, ties=2)
    asked = results([0, 1, 0], names=["b", "c", "e"], inputs={"checkpoint": "c1", "data": "theirs"}, ties=1)
    found = compare_results({"a": {"quiz": mine}}, {"b": {"quiz": asked}}, ["quiz"])
    [task] = found.tasks
    assert (task.n, task.held, task.ties) == (2, (4, 3), None)
    assert (task.difference.a, task.difference.b) == (0.5, 0.5)
    with pytest.raises(ValueError, match="inputs data differs, mine in a and theirs in b"):
        compare_results({"a": {"quiz": mine}}, {"b": {"quiz": asked}})


def test_a_task_without_a_common_item_leaves_the_others() -> None:
    sides = [
        {
            "quiz": results([1, 0, 1], checkpoint=name),
            "own": results(
                [1, 0], task="own", names=[f"{name}1", f"{name}2"], inputs={"checkpoint": name, "data": name}
            ),
        }
        for name in ("x", "y")
    ]
    found = compare_results({"a": sides[0]}, {"b": sides[1]}, ["own"])
    assert [task.task for task in found.tasks] == ["quiz"] and found.apart == ("own",)
    assert found.tasks[0].held is None


def test_scores_of_before_joined_options_were_scored_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="quiz: a was scored before options that begin inside a token"):
        compare_results({"a": {"quiz": results([1, 0])}}, {"b": {"quiz": results([1, 0], joined=3)}})
