"""Contamination: planted items are found, told and removed; nothing is computed that need not be."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from collections_of_text import clean_crawl, families, ledger_of
from stages import publish

from corpus.audit.contamination import gather_matches, matches
from corpus.contamination.policy import CONTAMINATED, ContaminationConfig
from corpus.holdout.heldout import HeldOutConfig
from corpus.lake.manifest import Manifest
from corpus.lake.schema import LEDGER
from corpus.lake.store import Lake
from pipelines.benchmark import publish_benchmark
from pipelines.cleaning import CLEAN
from pipelines.commands import main
from pipelines.contamination import find_contamination
from pipelines.engine import Engine
from pipelines.holdout import hold_out

ONE = Engine(workers=1)
QUESTION = (
    "What happens to a copper wire of two metres when a current of nine amperes runs through it for one whole hour?"
)
CHINESE = "一般认为望远镜是荷兰的商人发明的，而首位将望远镜用于天文观测的人是哪一位科学家？"
PASSAGE = "The river rises in the hills behind the town and runs through eleven villages before it meets the grey sea."
ITEMS = {"1": {"question": QUESTION, "answer": "It gets warm"}, "2": {"question": CHINESE}, "3": {"question": "Why?"}}
PASSAGES = {"a": {"passage": PASSAGE, "question": "Where does the river that has eleven villages rise in the end?"}}
PARAPHRASE = QUESTION.replace("metres", "feet").replace("through", "along")
PHRASE = "A current of nine amperes runs through it, and the wire of two metres is of copper."
PLANTED = {3: QUESTION.upper(), 8: CHINESE, 13: PARAPHRASE, 18: PHRASE, 23: PASSAGE}
REMOVED = {3, 8, 13}


def texts() -> list[str]:
    found = families(seed=3, count=40)
    for place, text in PLANTED.items():
        found[place] = f"{found[place][:200]}\n\n{text}\n\n{found[place][200:]}"
    return found


def rows(items: dict[str, dict[str, str]]) -> Iterator[tuple[str, dict[str, str], dict[str, Any]]]:
    for item_id, parts in items.items():
        yield item_id, parts, {"id": item_id, **parts}


@dataclass(frozen=True, kw_only=True)
class Made:
    lake: Lake
    crawls: list[Manifest]
    benchmarks: list[Manifest]
    found: list[Manifest]
    split: Manifest


def benchmark(lake: Lake, task: str, items: dict[str, dict[str, str]], content: str = "") -> Manifest:
    path = Path(lake.root) / f"{task}.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_text(content or str(items))
    return publish_benchmark(lake, task, "1", rows(items), {path.name: path}).manifest


def make(root: Path) -> Made:
    lake, every = Lake(str(root)), texts()
    crawls = [
        clean_crawl(lake, name, some, stage="unique") for name, some in (("first", every[:30]), ("second", every[30:]))
    ]
    benchmarks = [benchmark(lake, "quiz", ITEMS), benchmark(lake, "reading", PASSAGES)]
    config = ContaminationConfig()
    found = [find_contamination(lake, crawl, benchmarks, config, ONE).manifest for crawl in crawls]
    split = hold_out(lake, crawls, HeldOutConfig(share=0.2), ONE, found).manifest
    return Made(lake=lake, crawls=crawls, benchmarks=benchmarks, found=found, split=split)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("made"))


def place(row: dict[str, Any]) -> int:
    return int(row["warc_offset"]) // 1_000


def test_planted_items_are_found_with_their_text_and_place(made: Made) -> None:
    found = matches(made.lake, made.found).to_pylist()
    told = {(place(row), row["task"], row["item_id"], row["part"], row["kind"]) for row in found}
    assert told == {
        (3, "quiz", "1", "question", "ngram"),
        (8, "quiz", "2", "question", "ngram"),
        (13, "quiz", "1", "question", "near"),
        (23, "reading", "a", "passage", "ngram"),
    }
    by_id = {row["doc_id"]: row for row in rows_of(made.lake, made.crawls[0])}
    for row in found:
        document = by_id[row["doc_id"]]
        assert document["text"][row["start"] : row["stop"]] == row["matched"]
        assert row["matched"] in PLANTED[place(row)] and len(row["matched"]) > 30
        for name in ("url", "warc_file", "warc_offset", "warc_length"):
            assert row[name] == document[name]


def test_they_are_removed_and_recorded_and_an_innocent_page_and_a_passage_stay(made: Made) -> None:
    lost = [row for row in ledger_of(made.lake, made.split) if row["reason"] == CONTAMINATED]
    assert {place(row) for row in lost} == REMOVED and {row["stage"] for row in lost} == {"split"}
    [exact] = [row for row in lost if place(row) == 3]
    assert exact["rules"] == [{"rule": "benchmark_ngram", "value": 1.0, "threshold": 0.5}]
    assert exact["detail"] == "quiz 1 question"
    counts = made.split.counts
    assert counts.dropped[CONTAMINATED] == len(REMOVED) and counts.lost == 0
    assert counts.records_in == sum(crawl.counts.kept for crawl in made.crawls)
    kinds = ("train", "heldout")
    kept = {row["doc_id"] for kind in kinds for table in made.lake.read(made.split, kind) for row in table.to_pylist()}
    assert not kept & {row["doc_id"] for row in lost}


def test_they_are_counted_by_task_with_what_is_too_short(made: Made) -> None:
    quiz, reading = gather_matches(made.lake, made.found, [made.split], 9).tasks
    assert (quiz.items, quiz.too_short, quiz.matched, quiz.documents, quiz.removed, quiz.trained_on) == (
        3,
        1,
        2,
        3,
        3,
        0,
    )
    assert (reading.items, reading.matched, reading.documents, reading.removed, reading.trained_on) == (1, 1, 1, 0, 1)
    short = [row for table in made.lake.read(made.found[0], "too_short") for row in table.to_pylist()]
    assert short == [{"task": "quiz", "item_id": "3"}]


def test_the_same_bytes_with_any_number_of_workers(made: Made, tmp_path: Path) -> None:
    folder = shutil.copytree(made.lake.root, tmp_path / "lake", ignore=shutil.ignore_patterns("contamination", "split"))
    lake, two, crawl, config = Lake(str(folder)), Engine(workers=2), made.crawls[0], HeldOutConfig(share=0.3)
    found = find_contamination(lake, crawl, made.benchmarks, ContaminationConfig(), two)
    assert not found.reused and found.manifest.digest == made.found[0].digest
    other = hold_out(lake, [crawl], config, two, [found.manifest]).manifest
    assert other.digest == hold_out(made.lake, [crawl], config, ONE, made.found[:1]).manifest.digest
    assert other.counts.dropped[CONTAMINATED] == len(REMOVED)


def test_a_recipe_that_keeps_them_has_the_split_of_one_without_benchmarks(made: Made) -> None:
    config = HeldOutConfig(share=0.2)
    plain = hold_out(made.lake, made.crawls, config, ONE)
    assert plain.manifest.sources == {crawl.name: crawl.address for crawl in made.crawls}
    assert CONTAMINATED not in plain.manifest.counts.dropped
    kept = gather_matches(made.lake, made.found, [plain.manifest], 9)
    assert kept.found == 4 and not any(task.removed for task in kept.tasks)
    assert [task.trained_on for task in kept.tasks] == [task.matched for task in kept.tasks]
    report_only = find_contamination(made.lake, made.crawls[0], made.benchmarks, ContaminationConfig(remove=False), ONE)
    assert report_only.reused, "matches are the same whatever becomes of the documents"


def test_a_changed_file_is_another_dataset_and_only_what_is_behind_it_is_made_again(made: Made) -> None:
    quiz, reading = made.benchmarks
    assert benchmark(made.lake, "quiz", ITEMS).digest == quiz.digest
    changed = benchmark(
        made.lake, "quiz", {"9": {"question": "Nobody has ever asked this question about lakes before"}}, "x"
    )
    assert changed.address != quiz.address and quiz.partition == changed.partition
    hold_out(made.lake, made.crawls, HeldOutConfig(share=0.2), ONE)
    config = ContaminationConfig()
    again = [find_contamination(made.lake, one, [changed, reading], config, ONE) for one in made.crawls]
    assert not any(outcome.reused for outcome in again)
    split = hold_out(made.lake, made.crawls, HeldOutConfig(share=0.2), ONE, [one.manifest for one in again])
    assert split.reused, "nothing is to go: the split of no benchmark will do"


def test_a_benchmark_that_no_document_holds_changes_nothing_downstream(made: Made) -> None:
    more = benchmark(
        made.lake, "more", {"1": {"question": "Nobody has ever asked this question about the lakes before"}}
    )
    config = ContaminationConfig()
    found = [find_contamination(made.lake, one, [*made.benchmarks, more], config, ONE) for one in made.crawls]
    assert not any(outcome.reused for outcome in found)
    outcomes = [outcome.manifest for outcome in found]
    again = hold_out(made.lake, made.crawls, HeldOutConfig(share=0.2), ONE, outcomes)
    assert again.reused and again.manifest.digest == made.split.digest


def test_matches_of_other_documents_are_refused(made: Made) -> None:
    with pytest.raises(ValueError, match="contamination/second is not of these documents"):
        hold_out(made.lake, made.crawls[:1], HeldOutConfig(share=0.2), ONE, made.found)
    with pytest.raises(ValueError, match="second: not compared with benchmarks, as the others are"):
        hold_out(made.lake, made.crawls, HeldOutConfig(share=0.2), ONE, made.found[:1])
    with pytest.raises(ValueError, match="contamination/first is not of these documents, or stands twice"):
        hold_out(made.lake, made.crawls, HeldOutConfig(share=0.2), ONE, [*made.found, made.found[0]])
    with pytest.raises(ValueError, match="no benchmark to compare with"):
        find_contamination(made.lake, made.crawls[0], [], ContaminationConfig(), ONE)


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([], "hold no items"),
        ([("1", {"question": "a"}, {}), ("1", {"question": "b"}, {})], "two items are named '1'"),
        ([("1", {}, {})], "item '1' has no text"),
    ],
)
def test_a_benchmark_without_items_or_names_is_refused(items: list[Any], message: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=message):
        publish_benchmark(Lake(str(tmp_path / "lake")), "quiz", "1", items, {"file": tmp_path / "file"})


def test_from_the_command_line(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    # The datasets were put where the stage unique would have put them.
    lake, crawl = made.lake, made.crawls[0]
    unique = publish(lake, "unique", "cli", [], {"documents": (CLEAN, rows_of(lake, crawl)), "ledger": (LEDGER, [])})
    names = [f"{one.stage}/{one.address}" for one in (unique, *made.benchmarks)]
    flags = ["--lake", lake.url, "--workers", "1"]
    assert main(["contamination", *names, *flags]) == 0
    [found] = [name for name in capsys.readouterr().out.split() if name.startswith("contamination/")]
    assert main(["hold-out", names[0], found, *flags]) == 0
    assert re.search(rf"^ +{len(REMOVED)} {CONTAMINATED}$", capsys.readouterr().out, re.MULTILINE)


def rows_of(lake: Lake, manifest: Manifest) -> list[dict[str, Any]]:
    return [row for table in lake.read(manifest, "documents") for row in table.to_pylist()]
