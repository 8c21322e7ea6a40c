"""`headwater compare`: what it prints, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scored import results

from headwater.cli import main
from training.significance.results import Results, write_results


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    """A and B, alike but for `quiz`, where B gets 30 more; and more seeds of each."""
    random = np.random.RandomState(0)
    quiz, bits = random.randint(2, size=300), random.uniform(0.8, 1.2, size=40)
    passages = np.arange(300) // 10
    for name in ("a", "a2", "b", "b2"):
        better = quiz.copy()
        if name[0] == "b":
            better[np.flatnonzero(quiz == 0)[:30]] = 1
        luck = random.permutation(300)[:6]
        better[luck] = 1 - better[luck]
        read = (random.normal(size=30)[passages] + random.normal(size=300) > 0).astype(float)
        weights = np.full(40, 100.0)
        for one in (
            results(better, task="quiz", checkpoint=name),
            results(read, task="reading", clusters=passages, checkpoint=name),
            results(
                100 * (bits + random.normal(0, 0.05, size=40)),
                task="prose",
                weights=weights,
                checkpoint=name,
                metric="bits_per_byte",
                higher_is_better=False,
                chance=None,
            ),
        ):
            write_results(tmp_path / name / one.task, *one)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    code = main(["compare", *map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_what_could_not_have_been_seen_comes_first(scores: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, scores / "a", scores / "b")
    assert code == 0
    blocks = {block.split(":")[0]: block.splitlines() for block in out.split("\n\n")}
    for task in ("quiz", "reading", "prose"):
        assert "smallest effect that could have been detected" in blocks[task][1]
        assert "p below 0.05 / 3 tasks" in blocks[task][1]
        assert "95 % [" in blocks[task][2]
    assert "B is better" in blocks["quiz"][3]
    assert "McNemar" in blocks["quiz"][4]
    assert "not distinguishable" in blocks["reading"][3]
    assert "300 items in 30 clusters" in blocks["reading"][0]
    assert "swap test" in blocks["reading"][4]
    assert "lower is better" in blocks["prose"][0]
    assert "two checkpoints, not two recipes" in out
    assert "of 2 tasks: A" in out
    assert out.endswith("In all: B is better on quiz; not distinguishable on 2 of 3 tasks.\n")


def test_a_checkpoint_beside_itself_is_not_distinguishable(scores: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, scores / "a", scores / "a")
    assert code == 0
    assert "Both sides hold checkpoint a." in out
    assert out.count("p 1.0000, 1.0000 after Holm's correction: not distinguishable") == 3
    assert "unknown, as nothing varies" in out, "of bits per byte, where no difference tells how they vary"
    assert out.endswith("In all: not distinguishable on 3 of 3 tasks.\n")


def test_several_seeds_are_a_list(scores: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, f"{scores / 'a'},{scores / 'a2'}", f"{scores / 'b'}, {scores / 'b2'}")
    assert code == 0
    assert "2 and 2 seeds: this compares two recipes" in out
    assert "t test over 2 and 2 seeds" in out
    _, out, _ = run(capsys, scores / "a", f"{scores / 'b'},{scores / 'b2'}")
    assert "A has one seed; that its seeds vary as B's do is taken on trust." in out


def test_json_says_the_same(scores: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (scores / "b" / "extra").mkdir()
    write_results(scores / "b" / "extra", *results([1, 0], task="extra"))
    code, out, _ = run(capsys, scores / "a", scores / "b", "--json")
    assert code == 0
    found = json.loads(out)
    assert {one["task"]: one["verdict"] for one in found["tasks"]} == {
        "prose": "not distinguishable",
        "quiz": "B is better",
        "reading": "not distinguishable",
    }
    [quiz] = [one for one in found["tasks"] if one["task"] == "quiz"]
    assert quiz["difference"]["value"] == pytest.approx(0.1, abs=0.05)
    assert quiz["p_holm"] == pytest.approx(3 * quiz["difference"]["p"])
    assert found["left_out"] == {"extra": [str(scores / "b")]}
    assert found["centred"]["tasks"] == 2


def test_tasks_of_one_side_are_named(scores: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_results(scores / "b" / "extra", *results([1, 0], task="extra"))
    _, out, _ = run(capsys, scores / "a", scores / "b")
    assert f"Not compared: extra, only in {scores / 'b'}" in out


def test_refusals_name_both_sides_and_end_with_1(scores: Path, capsys: pytest.CaptureFixture[str]) -> None:
    score, items = results([1, 0, 1], task="quiz", version=3)
    write_results(scores / "c" / "quiz", score, items)
    code, out, err = run(capsys, scores / "a", scores / "c")
    assert (code, out) == (1, "")
    assert f"1 in {scores / 'a'}" in err
    assert f"3 in {scores / 'c'}" in err
    code, _, err = run(capsys, scores / "a", scores / "nothing")
    assert code == 1
    assert f"{scores / 'nothing'} is not a folder: give one that `headwater score --out` wrote, or a recipe" in err
    code, _, err = run(capsys, scores / "a", f"{scores / 'b'},{scores / 'b'}")
    assert (code, "comes twice" in err) == (1, True)
    code, _, err = run(capsys, scores / "a", f"{scores / 'b'},")
    assert (code, "a folder of results" in err) == (1, True)


def test_groups_are_shown_on_request_and_names_never_move_the_cursor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one: Results = results([1, 0], task="quiz\x1b[2J", groups=["a\x1b[2J", "b"])
    write_results(tmp_path / "a", *one)
    assert "   b, 1 items" not in run(capsys, tmp_path / "a", tmp_path / "a")[1]
    _, out, _ = run(capsys, tmp_path / "a", tmp_path / "a", "--groups")
    assert "   b, 1 items" in out
    assert "\x1b" not in out
    assert "\\x1b[2J" in out


def test_ties_and_texts_that_do_not_come_back_are_told(
    scores: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, ties, shared, lost in (("a", 12, 0.5, None), ("b", 0, 0.75, {"texts": 3, "example": ["A", "a"]})):
        told = {"ties": ties, "metrics": {"acc_ties": {"value": shared}}, "lost": lost}
        write_results(tmp_path / f"told-{name}" / "quiz", *results([0, 1, 1, 1] * 9, checkpoint=name, **told))
    code, out, _ = run(capsys, tmp_path / "told-a", tmp_path / "told-b")
    assert code == 0
    assert "ties shared: A 0.5000   B 0.7500   B - A +0.2500; of A 12, of B 0 items are ties" in out
    assert "do not come back from the tokenizer, so that acc is of others: A 0, B 3" in out
    assert "ties shared" not in run(capsys, scores / "a", scores / "b")[1]
    [task] = json.loads(run(capsys, tmp_path / "told-a", tmp_path / "told-b", "--json")[1])["tasks"]
    assert task["ties"]["a"] == 12 and task["lost"] == [0, 3]
