"""The report and the index of recipes as a browser shows them: from a file, without a network, in every width, light
and dark.

HEADWATER_RENEW_REPORT=path/to/report/RECIPE/index.html takes the pictures of docs/report.md anew, of that report."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page, Route
from web_interface import ROOT, needs_chromium, open_browser

from corpus.audit.survey import make_survey
from corpus.duplicates.banding import DuplicateConfig
from corpus.lake.store import Lake
from dagster_project.metadata.duplicates import gather_duplicates
from dagster_project.report_page.page import render_report
from pipelines.cleaning import CleanConfig

IMAGES = ROOT / "docs" / "images"
RENEW = "HEADWATER_RENEW_REPORT"
WIDTHS = (390, 1280, 2560)
OWN = "document.title='owned'"
HOSTILE = f"</script><script>{OWN}</script><img src=http://evil.example/x onerror={OWN}>"

# Words of the headings and of the first column of tables that stand in more than one line.
BROKEN_WORDS = """() => {
  const found = [];
  for (const cell of document.querySelectorAll("th, tr > td:first-child")) {
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node.parentElement.closest(".url, .digest")) continue;
      for (const word of node.data.matchAll(/[^\\s-]+/g)) {
        const range = document.createRange();
        range.setStart(node, word.index);
        range.setEnd(node, word.index + word[0].length);
        if (new Set([...range.getClientRects()].map((one) => Math.round(one.top))).size > 1) found.push(word[0]);
      }
    }
  }
  return found;
}"""
DRAWN = """() => Object.fromEntries([...document.querySelectorAll("[data-drawing]")].map(
  (one) => [one.dataset.drawing, one.querySelectorAll("svg path, svg text").length]))"""

pytestmark = needs_chromium


@dataclass
class Opened:
    """`asked`: the addresses that the page asked for. `said`: errors of its scripts and of its console."""

    page: Page
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


def open_page(browser: Browser, path: Path, width: int = 1280, scheme: Any = "light") -> Opened:
    """Only the file itself is there to be had."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
    opened = Opened(context.new_page())

    def answer(route: Route) -> None:
        opened.asked.append(route.request.url)
        if route.request.url == path.as_uri():
            route.continue_()
        else:
            route.abort()

    context.route("**/*", answer)
    opened.page.on("pageerror", lambda error: opened.said.append(str(error)))
    opened.page.on("console", lambda message: opened.said.append(message.text))
    opened.page.goto(path.as_uri())
    return opened


def sideways(page: Page) -> int:
    """Pixels that the page is wider than its window."""
    pixels: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return pixels


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [
        *(("base/index.html", width, scheme) for width in WIDTHS for scheme in ("light", "dark")),
        ("index.html", 390, "light"),
        ("index.html", 2560, "dark"),
    ],
)
def test_it_fits_and_is_accessible(browser: Browser, graph_lake: Path, name: str, width: int, scheme: str) -> None:
    path = graph_lake / "report" / name
    opened = open_page(browser, path, width, scheme)
    page = opened.page
    assert sideways(page) == 0
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert sideways(page) == 0
    assert page.evaluate(BROKEN_WORDS) == []
    drawn = page.evaluate(DRAWN)
    assert drawn and min(drawn.values()) >= 3, drawn
    # Colours are those of the scheme in every width, and their rule takes nearly all of the time.
    contrast = {"color-contrast": {"enabled": width == WIDTHS[0]}}
    found = Axe().run(page, options={"resultTypes": ["violations"], "rules": contrast})
    assert found.violations_count == 0, found.generate_report()
    assert opened.said == [] and opened.asked == [path.as_uri()]
    page.context.close()


def test_pointing_at_a_chart_shows_its_numbers(browser: Browser, graph_lake: Path) -> None:
    report = json.loads((graph_lake / "report" / "base" / "report.json").read_text())
    page = open_page(browser, graph_lake / "report" / "base" / "index.html").page
    chart = page.locator("[data-drawing=loss]")
    chart.hover()
    losses = {f"step {step}": f"{loss:.4f}".rstrip("0") for step, loss in report["losses"]["loss"]}
    said = chart.locator("> div").last.inner_text().split("\n")
    assert losses[said[0]] == said[said.index("training") + 1]
    chart = page.locator("[data-drawing='scores-bits_per_byte']")
    chart.hover()
    score = report["scores"]["bits_per_byte"]["score"]
    assert f"{score['value']:.4f} ({score['low']:.4f} to {score['high']:.4f})" in chart.inner_text()
    page.context.close()


def test_it_prints_light_and_within_the_paper(browser: Browser, graph_lake: Path) -> None:
    page = open_page(browser, graph_lake / "report" / "base" / "index.html", scheme="dark").page
    shown = "getComputedStyle(document.documentElement).getPropertyValue('--page')"
    dark = page.evaluate(shown)
    page.evaluate(f"addEventListener('beforeprint', () => {{ window.printed = {shown}; }})")
    page.evaluate(
        "addEventListener('beforeprint', () => { window.widest = Math.max(...[...document.querySelectorAll('svg')].map("
        "(one) => one.getBoundingClientRect().width)); })"
    )
    page.pdf()
    assert page.evaluate("window.printed") != dark and page.evaluate("window.widest") <= 680
    assert page.evaluate(shown) == dark
    page.context.close()


def hostile_report(lake: Lake, folder: Path) -> Path:
    """The report of a lake in which every name and text that may come from a page wants to run and to fetch."""
    [report] = [json.loads(path.read_text()) for path in Path(lake.root).glob("report/*/report.json")]
    for parts in report["mixture"].values():
        parts[0]["name"] = HOSTILE
    report["crawls"] = [HOSTILE]
    report["sample"][0] |= {"prompt": HOSTILE, "text": HOSTILE}
    document = {"url": f"javascript:{HOSTILE}", "doc_id": "00", "warc_file": HOSTILE, "warc_offset": 0}
    span = {"start": 3, "stop": 20, "text": HOSTILE[3:20], "tokens": 8, "occurrences": 1, "documents": [document]}
    report["sample_traces"] = [[span], *([] for _ in report["sample"][1:])]
    report["dropped"]["clean"] = {HOSTILE: 3}
    config, manifests = CleanConfig(), list(lake.datasets())
    cleans, uniques = ([one for one in manifests if one.stage == stage] for stage in ("clean", "unique"))
    surveyed = make_survey(lake, cleans, [], config.rules, config.language_score)
    duplicates = gather_duplicates(lake, uniques, DuplicateConfig())
    path = folder / "hostile.html"
    path.write_text(render_report(lake, manifests, report, surveyed, duplicates, None))
    return path


def test_what_a_page_wrote_neither_runs_nor_fetches(browser: Browser, graph_lake: Path, tmp_path: Path) -> None:
    opened = open_page(browser, hostile_report(Lake(str(graph_lake)), tmp_path))
    page = opened.page
    title = page.title()
    for name in ("mixture-hosts", "mixture-languages", "mixture-crawls"):
        chart = page.locator(f"[data-drawing='{name}']")
        chart.hover(position={"x": 250, "y": 16})
        assert "</script><script>" in chart.locator("> div").last.inner_text(), "as text, in the tooltip"
    assert "</script><script>" in page.locator("#writes").inner_text()
    assert page.locator("img, iframe, #writes script").count() == 0
    assert page.title() == title and "owned" not in title.replace(HOSTILE, "")
    assert opened.asked == [page.url] and opened.said == []
    page.context.close()


@pytest.mark.skipif(RENEW not in os.environ, reason=f"{RENEW} names no report to take pictures of")
def test_pictures_for_the_documentation(browser: Browser) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    path = Path(os.environ[RENEW]).resolve()
    for name, width, scheme in (
        ("report", 1280, "light"),
        ("report-dark", 1280, "dark"),
        ("report-phone", 390, "light"),
    ):
        page = open_page(browser, path, width, scheme).page
        picture = IMAGES / f"{name}.png"
        page.screenshot(path=picture, clip={"x": 0, "y": 0, "width": width, "height": 1100}, full_page=True)
        Image.open(picture).quantize(192).save(picture, optimize=True)
        assert picture.stat().st_size < 200_000
        page.context.close()
