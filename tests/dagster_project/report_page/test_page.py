"""Page: one file that needs nothing else, whose links lead somewhere, with the library as it was published."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from lxml import html

from dagster_project.report_page.page import LIBRARY, STATIC, link

MOST = 3_000_000  # bytes of a report
# Of package/dist/echarts.min.js in the package echarts 6.1.0 of npm, whose own digest there is sha512-
# q0yaFPggC9FUdsWH4blavRWFmxdrIodbkoKNAjJudAI6CA9gNPxHtV2RcZNEepZVlk4yvBYkOkbk6HIVpIyHZA==
PUBLISHED = "b66b25aeb4df84e33199dc21694014d336d222cbd9deb0e5a7c14bd6aa0d0fd0"
FETCHING = ("src", "srcset", "data", "poster", "background", "action", "formaction", "ping", "style")


@pytest.fixture(scope="module")
def text(graph_lake: Path) -> str:
    return (graph_lake / "report" / "base" / "index.html").read_text()


@pytest.fixture(scope="module")
def page(text: str) -> html.HtmlElement:
    return html.document_fromstring(text)


def test_the_library_is_the_published_one() -> None:
    data = (STATIC / LIBRARY).read_bytes()
    assert hashlib.sha256(data).hexdigest() == PUBLISHED
    assert (STATIC / "echarts.LICENSE").is_file() and b"Apache Software Foundation" in data[:200]


def test_nothing_is_fetched_and_only_the_own_scripts_may_run(text: str, page: html.HtmlElement) -> None:
    assert len(text.encode()) < MOST
    [policy] = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules.keys() == {"default-src", "script-src", "style-src", "base-uri", "form-action"}
    scripts = [one.text for one in page.xpath("//script[not(@type)]")]
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert rules["script-src"].split() == [f"'sha256-{digest}'" for digest in digests]
    assert not page.xpath("//link | //iframe | //object | //embed | //img | //base")
    assert not [name for name in FETCHING if page.xpath(f"//*[@{name}]")]
    assert not re.findall(r"url\(|@import", page.xpath("string(//style)"))


def test_every_link_within_the_page_leads_somewhere(page: html.HtmlElement) -> None:
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    targets = [href[1:] for href in page.xpath("//a/@href") if href.startswith("#")]
    assert set(targets) <= set(ids)
    rest = {href for href in page.xpath("//a/@href") if not href.startswith("#")}
    assert all(href.startswith(("http://", "https://")) for href in rest - {"../index.html"})


def test_what_a_dataset_was_made_of_leads_to_its_row(page: html.HtmlElement, graph_lake: Path) -> None:
    report = json.loads((graph_lake / "report" / "base" / "report.json").read_text())
    rows = {row["stage"]: row for row in [*report["stages"], *report["between"]]}
    assert {"measures", "duplicates"} <= rows.keys()
    for stage, source in (("clean", "measures"), ("clean", "documents"), ("documents", "crawl"), ("shards", "tokens")):
        digests = {name.split("/")[0]: digest for name, digest in rows[stage]["made_of"].items()}
        assert digests[source] == rows[source]["digest"]
        [row] = page.xpath(f"//tr[@id='dataset-{rows[stage]['digest'][:12]}']")
        assert f"#dataset-{rows[source]['digest'][:12]}" in row.xpath(".//a/@href")
    model = rows["checkpoint"]["digest"][:12]
    assert page.xpath(f"//section[@id='scores']//a[@href='#dataset-{model}']")


def test_every_chart_has_its_numbers_as_a_table(page: html.HtmlElement) -> None:
    drawings = json.loads(page.xpath("string(//script[@id='drawings'])"))
    charts = {one.get("data-drawing"): one for one in page.xpath("//*[@data-drawing]")}
    assert charts.keys() == drawings.keys() and len(charts) > 10
    for chart in charts.values():
        assert chart.get("role") == "img" and len(chart.get("aria-label")) > 20
        assert chart.getparent().xpath("./details//tbody/tr/td"), chart.get("data-drawing")


@pytest.mark.parametrize(
    ("url", "leads"),
    [("https://a.example/?a=1&b", True), ("HTTP://a.example/", True), ("javascript:alert(1)", False), (None, False)],
)
def test_only_pages_of_the_web_are_linked(url: str | None, leads: bool) -> None:
    [found] = html.fragments_fromstring(str(link(url)))
    assert found.get("href") == (url if leads else None) and (found.text or "") == (url or "")
    assert not leads or "noreferrer" in found.get("rel")
