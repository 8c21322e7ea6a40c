"""`headwater ui` through a browser: the graph, a crawl by clicking alone, and one by no click at all."""

from __future__ import annotations

import json
import shutil
import time
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect
from web_interface import browser_page, keep_screenshot, needs_chromium, served

from corpus.lake.store import Lake
from recipes.files import write_recipe

pytestmark = needs_chromium
LOCATION = "locations/dagster_project.definitions"
GROUPS = {"documents": ("documents", "clean", "unique", "split"), "scores": ("last_word", "report")}
SMALL = {"vocabulary": {"size": 512}, "training": {"tokens": 8_192, "along": 0}}
WAIT = 900.0  # seconds for a model and its scores on a busy machine


def small_lake(path: Path) -> Lake:
    """An empty lake with one recipe, of a model that trains for seconds."""
    lake = Lake(str(path))
    write_recipe(lake, "small", "base", SMALL)
    return lake


def wait_for_report(lake: Lake) -> dict[str, Any]:
    path, deadline = Path(lake.path("report", "small", "report.json")), time.monotonic() + WAIT
    while not path.exists():
        assert time.monotonic() < deadline, (Path(lake.root) / "dagster" / "ui.log").read_text()[-5_000:]
        time.sleep(1)
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def materialize_all(page: Page, address: str) -> None:
    """Clicks it, once more where a busy machine's page took no notice of the first click."""
    for _ in range(3):
        page.goto(f"{address}/asset-groups")
        page.get_by_role("button", name="Materialize all").click()
        page.get_by_role("button", name="Launch backfill").click()
        for _ in range(20):
            if backfills(address):
                return
            page.wait_for_timeout(1_000)
    raise AssertionError(page.inner_text("body"))


def backfills(address: str) -> list[str]:
    query = b'{"query": "{partitionBackfillsOrError {... on PartitionBackfills {results {id}}}}"}'
    request = urllib.request.Request(f"{address}/graphql", query, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return [one["id"] for one in json.load(answer)["data"]["partitionBackfillsOrError"]["results"]]


def test_the_asset_graph_is_shown(tmp_path: Path) -> None:
    # High enough for the whole group: the page draws no asset outside of what is in view.
    with served(tmp_path / "lake") as address, browser_page(1800, 3000) as page:
        page.goto(f"{address}/asset-groups", wait_until="domcontentloaded")
        for group in ("crawls", "recipes", "benchmarks", "documents", "tokens", "model", "scores"):
            page.get_by_text(group, exact=True).first.wait_for(state="attached")
        for group, assets in GROUPS.items():
            page.goto(f"{address}/{LOCATION}/asset-groups/{group}")
            for asset in assets:
                page.get_by_text(asset, exact=True).first.wait_for(state="attached")


def test_a_crawl_becomes_a_model_by_clicking_alone(tmp_path: Path, crawl_folder: Path) -> None:
    lake = small_lake(tmp_path / "lake")
    with served(tmp_path / "lake") as address, browser_page() as page:
        page.goto(f"{address}/{LOCATION}/jobs/add_crawl/playground")
        config = {"ops": {"check_and_add": {"config": {"path": str(crawl_folder), "recipe": "small"}}}}
        page.locator(".CodeMirror").first.wait_for()
        page.evaluate("text => document.querySelector('.CodeMirror').CodeMirror.setValue(text)", json.dumps(config))
        page.get_by_role("button", name="Launch run").click()
        page.get_by_text("Success", exact=True).first.wait_for()
        materialize_all(page, address)
        assert wait_for_report(lake)["scores"]["bits_per_byte"]["score"]
        page.goto(f"{address}/runs?view=backfills")
        expect(page.get_by_text("Success", exact=True).first).to_be_visible(timeout=120_000)
        keep_screenshot(page, "dagster-backfill")

        page.goto(f"{address}/assets/clean")
        for text in ("payload_digest", "non-nullable", "Row count"):
            expect(page.get_by_text(text).first).to_be_visible(timeout=60_000)  # on a busy machine
        expect(page.get_by_role("link", name="pipelines.cleaning.clean in editor")).to_be_visible()
        keep_screenshot(page, "dagster-asset")
        page.goto(f"{address}/assets/documents?view=checks")
        expect(page.get_by_text("whole", exact=True).first).to_be_visible()
        expect(page.get_by_text("Failed").first).to_be_visible()  # the crawl ends in the middle of a record
        keep_screenshot(page, "dagster-checks")


def test_what_is_put_into_the_watched_folder_becomes_scores_without_a_click(tmp_path: Path, crawl_folder: Path) -> None:
    lake = small_lake(tmp_path / "lake")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    with served(tmp_path / "lake", "--watch", str(inbox), "--recipe", "small") as address, browser_page() as page:
        shutil.copytree(crawl_folder, inbox / "my-crawl")
        found = wait_for_report(lake)
        assert found["crawls"] == ["my-crawl"] and found["scores"]["bits_per_byte"]["score"]
        page.goto(f"{address}/automation")
        page.get_by_text("watched_folder", exact=True).first.wait_for()
        keep_screenshot(page, "dagster-automation")
