"""Copies in the report and in Dagster: texts side by side, and nothing that a page wrote is obeyed."""

from __future__ import annotations

import json
import re

import dagster as dg
import pytest
from duplicates import KEPT_TEXT, Deduplicated, make_duplicates
from jinja2 import StrictUndefined
from stages import SPOKEN, page, publish

from corpus.audit.inspection import inspect
from corpus.duplicates.banding import DuplicateConfig
from corpus.lake.schema import LEDGER
from corpus.lake.store import Lake
from dagster_project.metadata.duplicates import Duplicates, gather_duplicates, of_unique
from dagster_project.report_page.charts.amounts import sizes_chart
from dagster_project.report_page.charts.curves import pairs_chart
from dagster_project.report_page.page import templates
from headwater.commands.inspect import lines

CONFIG = DuplicateConfig()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Deduplicated:
    return make_duplicates(Lake(str(tmp_path_factory.mktemp("lake"))))


def section(duplicates: Duplicates) -> str:
    environment = templates()
    assert environment.undefined is StrictUndefined
    sizes = [sizes_chart(duplicates.found.sizes)] if duplicates.found.clusters else []
    pairs = pairs_chart(duplicates.config)
    return environment.get_template("duplicates.html").render(duplicates=duplicates, sizes=sizes, pairs=pairs)


@pytest.fixture(scope="module")
def shown(made: Deduplicated) -> str:
    return section(gather_duplicates(made.lake, made.uniques, CONFIG))


def test_texts_stand_side_by_side_with_the_differing_word_marked(shown: str) -> None:
    beside = re.findall(r'<tr><td dir="auto">(.*?)</td>\s*<td dir="auto">(.*?)</td></tr>', shown, re.DOTALL)
    assert len(beside) == 3 + 1 + 1
    left, right = beside[0]
    assert "<mark>Tuesday </mark>" in left and "<mark>Wednesday </mark>" in right
    assert left.replace("Tuesday", "Wednesday") == right and "word150" not in left
    assert any("<mark>今</mark>天" in left and "<mark>明</mark>天" in right for left, right in beside)
    places = ("https://old.example/0", "a.warc.gz at 0, 90", "https://new.example/10", "a.warc.gz at 1000, 90")
    assert all(place in shown for place in places) and "near_duplicate 0.800" in shown


def test_what_pages_wrote_is_escaped_and_personal_data_masked(shown: str) -> None:
    assert "<script" not in shown and "&lt;script&gt;alert" in re.sub("</?mark>", "", shown)
    assert "jane.doe" not in shown and "&lt;EMAIL&gt;" in shown


def test_numbers_and_pictures(shown: str) -> None:
    assert "9 near_duplicate, 2 exact_duplicate, 1 same_url" in shown and "removed for 3 documents" in shown
    assert ">b.example</th>" in shown and "a.example 8, its own 1" in shown and "(no host)" in shown
    assert shown.count("<svg") == 1 and "threshold 0.8" in shown
    assert [f'data-drawing="{name}"' in shown for name in ("sizes", "pairs")] == [True, True]
    assert '<td>10 to 99</td><td class="number">1</td><td class="number">10</td>' in shown


def test_the_report_has_the_numbers_as_json(made: Deduplicated) -> None:
    numbers = json.loads(json.dumps(gather_duplicates(made.lake, made.uniques, CONFIG).numbers()))
    assert numbers["clusters"] == 3 and sum(numbers["similarities"]["counts"]) == 9
    assert numbers["largest"][0] == {
        "keeper": made.doc_id("old", 0).hex(),
        "size": 11,
        "members": [made.doc_id(*which).hex() for which in (("old", 2), ("new", 10), ("new", 11))],
    }
    assert numbers["bands"]["bands"] * numbers["bands"]["rows"] <= CONFIG.permutations


def test_without_duplicates(tmp_path_factory: pytest.TempPathFactory) -> None:
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    unique = publish(lake, "unique", "one", [], {"documents": (SPOKEN, [page("one", 1)]), "ledger": (LEDGER, [])})
    assert "No document was a duplicate" in section(gather_duplicates(lake, [unique], CONFIG))
    assert of_unique(lake, [unique], CONFIG) == {"clusters": 0}


def test_a_keeper_that_is_gone_from_the_lake(made: Deduplicated, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = make_duplicates(Lake(str(tmp_path_factory.mktemp("lake"))))
    for stage, manifest in [(manifest.stage, manifest) for manifest in other.lake.datasets()]:
        if manifest.partition == "old" and stage != "duplicates":
            other.lake.fs.rm(other.lake.folder(manifest), recursive=True)
    page_without = section(gather_duplicates(other.lake, other.uniques[1:], CONFIG))
    assert f"{made.doc_id('old', 0).hex()}, no longer in the lake" in page_without


def test_a_terminal_shows_what_differs_from_what_stays(made: Deduplicated) -> None:
    found = inspect(made.lake, "unique", crawl="new", reason="near_duplicate", language=None, limit=9)
    said = "\n".join(lines(found, "near_duplicate"))
    assert "| It was a [-Wednesday-] {+Tuesday+} <script>" in said and "[-明-] {+今+} 天" in said
    assert f"stays       {made.doc_id('old', 0).hex()}  https://old.example/0" in said and "similarity 0.8000, " in said
    old = inspect(made.lake, "unique", crawl="old", reason="same_url", language=None, limit=9)
    assert f"{11 * ' '} {len(KEPT_TEXT):,} characters; [-" in "\n".join(lines(old, "same_url"))


def test_figures_of_the_unique_asset(made: Deduplicated) -> None:
    metadata = of_unique(made.lake, made.uniques, CONFIG)
    assert metadata["clusters"] == 3 and metadata["largest_cluster"] == 11
    markdown = {name: value.value for name, value in metadata.items() if isinstance(value, dg.MarkdownMetadataValue)}
    assert "| 10 to 99 | 1 | 10 |" in markdown["cluster_sizes"]
    assert "| b.example | 38 | 9 | a.example 8, its own 1 |" in markdown["hosts"]
    assert "data:image/svg+xml" in markdown["similarity"] and len(markdown["similarity"]) < 1_000
