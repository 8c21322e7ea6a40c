"""BLiMP and ZhoBLiMP: each paradigm by its name, in the layouts in which they are distributed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lm_eval.tasks
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from benchmark_files import to_jsonl
from scored_checkpoints import scored
from small_corpus import Data

from recipes.named import BENCHMARKS
from training.evaluation.catalog import PARADIGM_TASKS, TASKS, find_tasks, format_catalog
from training.evaluation.catalog.minimal_pairs import PARADIGMS
from training.evaluation.items import load_items
from training.evaluation.kinds import Choice
from training.evaluation.score_lines import format_score

LM_EVAL = Path(lm_eval.tasks.__file__).parent
WORDS = ("cats sleep", "a cat sleeps", "the cat sleeps", "cats slept")


def pairs(paradigm: str, **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "sentence_good": f"The {word}.",
            "sentence_bad": f"The {word[::-1]}.",
            "UID": paradigm,
            "pairID": str(n),
            **more,
        }
        for n, word in enumerate(WORDS)
    ]


ISLANDS = {"field": "syntax", "linguistics_term": "island_effects"}
BINDING = {"field": "syntax/semantics", "linguistics_term": "binding"}
ROWS = {"wh_island": pairs("wh_island", **ISLANDS), "principle_A_case_2": pairs("principle_A_case_2", **BINDING)}


def as_jsonl(folder: Path) -> Path:
    (folder / "data").mkdir(parents=True)
    for name, rows in ROWS.items():
        (folder / "data" / f"{name}.jsonl").write_text(to_jsonl(rows))
    return folder


def as_parquet(folder: Path) -> Path:
    """As Hugging Face has it: a folder a paradigm, and the pair's number in another column."""
    for name, rows in ROWS.items():
        (folder / name).mkdir(parents=True)
        renamed = [{**row, "pair_id": int(row["pairID"])} for row in rows]
        columns = [column for column in renamed[0] if column != "pairID"]
        table = pa.Table.from_pylist([{column: row[column] for column in columns} for row in renamed])
        pq.write_table(table, folder / name / "train-00000-of-00001.parquet")
    return folder


@pytest.mark.parametrize("whole", PARADIGMS)
def test_the_paradigms_are_lm_evals(whole: str) -> None:
    theirs = {f"{whole}_{path.stem}" for path in (LM_EVAL / whole).glob("*.yaml")} - {f"{whole}__blimp"}
    theirs -= {f"{whole}_zhoblimp_group"}
    assert {task.name for task in PARADIGMS[whole]} == theirs
    assert len(theirs) == {"blimp": 67, "zhoblimp": 118}[whole] == TASKS[whole].all_groups


def test_a_paradigm_is_a_task_by_name_and_no_asset() -> None:
    [task] = find_tasks("zhoblimp_BA_deletion")
    assert (task.name, task.language, task.metrics[0]) == ("zhoblimp_BA_deletion", "zh", "acc")
    with pytest.raises(
        ValueError, match=r"no task 'blimp_wh_iland'; .*zhoblimp_PARADIGM.*; nearest is blimp_wh_island"
    ):
        find_tasks("blimp_wh_iland")
    listed = "\n".join(format_catalog())
    assert "island_effects: adjunct_island," in listed and len(format_catalog()) < 120
    assert all(name.split("_", 1)[1] in listed for name in PARADIGM_TASKS)
    assert not PARADIGM_TASKS.keys() & set(BENCHMARKS)


@pytest.mark.parametrize("write", [as_jsonl, as_parquet])
def test_each_layout_gives_the_same_items(write: Any, tmp_path: Path) -> None:
    folder = write(tmp_path / "blimp")
    whole = load_items(TASKS["blimp"], folder)
    assert {doc["group"] for doc in whole.docs} == set(ROWS) and len(whole.docs) == 2 * len(WORDS)
    assert "wh_island-3" in {doc["item_id"] for doc in whole.docs}
    one = load_items(PARADIGM_TASKS["blimp_wh_island"], folder).docs
    assert one == [doc for doc in whole.docs if doc["group"] == "wh_island"]
    assert one == load_items(PARADIGM_TASKS["blimp_wh_island"], as_jsonl(tmp_path / "other")).docs
    assert {(row["phenomenon"], row["field"]) for row in whole.rows} == {
        ("island_effects", "syntax"),
        ("binding", "syntax_semantics"),  # one of BLiMP's files spells the field otherwise
    }


def test_a_file_of_all_pairs_or_without_the_paradigm_s_name(tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    path.write_text(to_jsonl([*ROWS["wh_island"], *ROWS["principle_A_case_2"]]))
    assert len(load_items(PARADIGM_TASKS["blimp_principle_A_case_2"], path).docs) == len(WORDS)
    with pytest.raises(ValueError, match=r"all.jsonl: no pair of causative, but of wh_island, principle_A_case_2"):
        load_items(PARADIGM_TASKS["blimp_causative"], path)
    with pytest.raises(FileNotFoundError, match=r"no file \*\*/causative.jsonl or \*\*/causative/\*.parquet"):
        load_items(PARADIGM_TASKS["blimp_causative"], tmp_path)
    bare = [{name: row[name] for name in ("sentence_good", "sentence_bad")} for row in ROWS["wh_island"]]
    path.write_text(to_jsonl(bare))
    with pytest.raises(ValueError, match=r"all.jsonl: rows have no UID, and neither all nor .* is a paradigm"):
        load_items(TASKS["blimp"], path)
    path.rename(tmp_path / "wh_island.jsonl")
    docs = load_items(TASKS["blimp"], tmp_path).docs
    assert [doc["item_id"] for doc in docs] == [f"wh_island-{n}" for n in range(len(WORDS))]


def test_the_score_shows_a_row_a_paradigm(data: Data, checkpoint: Path, tmp_path: Path) -> None:
    found = scored(data, checkpoint, TASKS["blimp"], as_jsonl(tmp_path / "blimp")).score
    group = found["groups"]["wh_island"]
    assert group["n"] == len(WORDS) and group["of"] == {"phenomenon": "island_effects", "field": "syntax"}
    assert (group["shared"], group["ties"]) == (group["value"], 0)
    lines = format_score(found)
    place = lines.index("  2 of 67 groups")
    assert lines[place + 1].split() == ["field", "phenomenon", "group", "items", "acc", "shared", "ties"]
    assert [line.split()[:3] for line in lines[place + 2 :]] == [
        ["syntax", "island_effects", "wh_island"],
        ["syntax_semantics", "binding", "principle_A_case_2"],
    ]
    one = scored(data, checkpoint, PARADIGM_TASKS["blimp_wh_island"], tmp_path / "blimp").score
    assert one["score"]["value"] == group["value"] and one["task"] == "blimp_wh_island"


def test_a_task_of_one_s_own_may_say_what_its_groups_belong_to(tmp_path: Path) -> None:
    task = Choice(name="mine", options=("{good}", "{bad}"), group="{rule}", above=("kind",))
    path = tmp_path / "mine.jsonl"
    path.write_text(
        to_jsonl([{"good": "a", "bad": "b", "rule": "r", "kind": "k"}, {"good": "c", "bad": "d", "rule": "s"}])
    )
    with pytest.raises(ValueError, match=r"row 2 of .*mine.jsonl cannot be asked: 'kind' should say .* and is None"):
        load_items(task, path)
    assert task.definition == Choice(name="mine", options=("{good}", "{bad}"), group="{rule}").definition
