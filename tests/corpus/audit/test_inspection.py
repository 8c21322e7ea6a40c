"""Inspection: what is counted, what is shown, and what is said to a wrong question."""

from __future__ import annotations

from typing import Any

import pytest
from duplicates import GONE_TEXT, KEPT_TEXT, make_duplicates
from stages import MEASURES, SPOKEN, Stages, make_stages, page, publish

from corpus.audit.inspection import Inspected, inspect
from corpus.lake.schema import LEDGER
from corpus.lake.store import Lake

ANY: dict[str, Any] = {"crawl": None, "reason": None, "language": None, "limit": 3}


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Stages:
    return make_stages(Lake(str(tmp_path_factory.mktemp("lake"))))


def ask(stages: Stages, stage: str, **asked: Any) -> list[Inspected]:
    return inspect(stages.lake, stage, **{**ANY, **asked})


def test_reasons_with_counts_and_kept_documents(stages: Stages) -> None:
    big, small = ask(stages, "clean")
    assert (big.kept, big.reasons, big.fails) == (22, {"too_short": 6}, {"too_short": 6, "too_many_symbols": 3})
    assert big.found == 22 and len(big.samples) == 3 and all(sample.reason is None for sample in big.samples)
    assert small.kept == 3 and not small.reasons


def test_a_reason_shows_all_that_break_the_rule(stages: Stages) -> None:
    big, small = ask(stages, "clean", reason="too_many_symbols", limit=9)
    assert {sample.url for sample in big.samples} == {f"https://big.example/{n}" for n in (1, 21, 27)}
    assert all(sample.reason == "too_short" for sample in big.samples) and small.found == 0


def test_language_and_crawl(stages: Stages) -> None:
    [big, _] = ask(stages, "clean", reason="too_short", language="zh")
    assert big.found == 2 and big.reasons == {"too_short": 2}
    [both] = ask(stages, "unique", crawl="small")
    assert both.kept == 3 and {sample.url for sample in both.samples} == {
        f"https://small.example/{n}" for n in range(3)
    }
    [duplicates] = ask(stages, "unique", reason="near_duplicate", language="en")
    assert duplicates.found == 2


@pytest.mark.parametrize(
    ("stage", "asked", "said"),
    [
        ("shorts", {}, "no stage 'shorts': there are clean, documents, unique"),
        ("clean", {"reason": "rude"}, "no reason 'rude': there are too_many_symbols, too_short"),
        ("clean", {"crawl": "huge"}, "no crawl 'huge': there are big, small"),
        ("clean", {"language": "fr"}, "no language 'fr': there are de, en, zh"),
        ("documents", {"language": "en"}, "inspect that one"),
        ("clean/ffff", {}, "no dataset clean/ffff: there are clean/"),
    ],
)
def test_a_wrong_question_names_what_there_is(stages: Stages, stage: str, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ask(stages, stage, **asked)


def test_what_stays_in_an_earlier_crawl_is_shown_with_its_text(tmp_path_factory: pytest.TempPathFactory) -> None:
    made = make_duplicates(Lake(str(tmp_path_factory.mktemp("lake"))))
    [new] = inspect(made.lake, "unique", **{**ANY, "crawl": "new", "reason": "near_duplicate", "limit": 9})
    assert new.found == len(new.samples) == 8
    keepers = [sample.keeper for sample in new.samples if sample.text == GONE_TEXT]
    assert len(keepers) == 7
    for keeper in keepers:
        assert keeper is not None and keeper.url == "https://old.example/0" and keeper.text == KEPT_TEXT


def test_an_empty_lake(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(ValueError, match="no dataset of documents in the lake"):
        inspect(Lake(str(tmp_path_factory.mktemp("empty"))), "clean", **ANY)


def test_of_several_datasets_of_one_crawl_the_last_unless_it_is_named(tmp_path_factory: pytest.TempPathFactory) -> None:
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    made = []
    for day, number in ((2.0, 2), (1.0, 3)):
        pages = [page("one", place) for place in range(number)]
        measures = publish(lake, "measures", "one", [], {"measures": (MEASURES, pages)}, config={"day": day})
        files = {"documents": (SPOKEN, pages), "ledger": (LEDGER, [])}
        made.append(publish(lake, "clean", "one", [measures], files, started=day, config={"day": day}))
    assert [one.kept for one in inspect(lake, "clean", **ANY)] == [2]
    assert [one.kept for one in inspect(lake, f"clean/{made[1].address[:8]}", **ANY)] == [3]
