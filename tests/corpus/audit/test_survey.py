"""Survey: readable with many crawls and languages, and still complete in its sums."""

from __future__ import annotations

import pyarrow as pa
import pytest
from stages import MEASURES, SPOKEN, TEXTS, make_stages, page, publish, short

from corpus.audit.survey import CRAWLS, DROPPED, KEPT, LANGUAGES, ROWS, Survey, make_survey
from corpus.lake.manifest import Manifest
from corpus.lake.schema import LEDGER, QUARANTINE
from corpus.lake.store import Lake
from corpus.quality.rules import Rule

RULES = (Rule(name="too_short", measure="words", minimum=50),)


def crawl_in_many_languages(lake: Lake, name: str, documents: int) -> Manifest:
    """Language i of `documents` has i + 1 pages at most, the first of each too short."""
    pages = [page(name, n, language=f"l{n % 20:02}", words=7.0 if n < 20 else 500.0) for n in range(documents)]
    files = {"documents": (pa.schema(TEXTS), pages), "ledger": (LEDGER, []), "quarantine": (QUARANTINE, [])}
    read = publish(lake, "documents", name, [], files, figures={"pages": documents})
    measures = publish(lake, "measures", name, [read], {"measures": (MEASURES, pages)})
    cleaned = {"documents": (SPOKEN, pages[20:]), "ledger": (LEDGER, [short(one) for one in pages[:20]])}
    return publish(lake, "clean", name, [read, measures], cleaned)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    crawls = [crawl_in_many_languages(lake, f"crawl{n:02}", 40 + n) for n in range(ROWS + 3)]
    return make_survey(lake, crawls, [], RULES, 0.3)


def test_tables_end_with_the_others(many: Survey) -> None:
    crawls, languages = many.by_crawl(), many.by_language()
    assert len(crawls) == len(languages) == ROWS + 1
    assert crawls[0].crawl == f"crawl{ROWS + 2:02}" and crawls[-1].crawl == "3 others"
    assert languages[-1].language == "5 others"
    total = sum(40 + n for n in range(ROWS + 3))
    assert sum(funnel.left["documents"] for funnel in crawls) == total
    assert sum(funnel.left["documents"] for funnel in languages) == total
    assert sum(funnel.lost["clean"]["too_short"] for funnel in languages) == 20 * (ROWS + 3)


def test_the_largest_crawls_are_shown_language_by_language(many: Survey) -> None:
    assert [one.funnel.crawl for one in many.crawls] == [f"crawl{ROWS + 2 - n:02}" for n in range(CRAWLS)]
    for one in many.crawls:
        assert [of.funnel.language for of in one.languages][-1] == "others" and len(one.languages) == LANGUAGES + 1
        for of in one.languages:
            assert [drawn.measure for drawn in of.histograms] == [
                "language_score",
                "words",
                "unspaced",
                "symbols_per_word",
            ]
            assert 1 <= len(of.kept) <= KEPT and 1 <= len(of.dropped) <= DROPPED
            assert all(sample.language == of.funnel.language for sample in of.kept if of.funnel.language != "others")


def test_samples_go_on_through_the_stages_of_several_crawls(tmp_path_factory: pytest.TempPathFactory) -> None:
    stages = make_stages(Lake(str(tmp_path_factory.mktemp("lake"))))
    found = make_survey(stages.lake, stages.clean, [stages.unique], RULES, 0.3)
    big, small = found.crawls
    assert {sample.reason for sample in big.no_documents} == {"not_html", "bad_http_header"}
    english = big.languages[0]
    assert [(sample.stage, sample.reason) for sample in english.dropped] == [
        *[("clean", "too_short")] * 2,
        *[("unique", "near_duplicate")] * 2,
    ]
    assert {sample.url for sample in small.languages[0].kept} == {f"https://small.example/{n}" for n in range(3)}
