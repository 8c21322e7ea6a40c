"""The page to chat with, in a browser: what is typed is answered piece by piece, and shown as text alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from served_models import CONTEXT, NAME, TOKEN, RunningServer, start_server, wait_until
from web_interface import browser_page, needs_chromium

from training.serving.prompt_log import PromptLog

pytestmark = needs_chromium


@pytest.fixture
def page(server: RunningServer) -> Iterator[Page]:
    with browser_page(800, 700) as opened:
        opened.goto(f"{server.url}/#token={TOKEN}")
        expect(opened.locator("#model")).to_have_text(NAME)
        yield opened


def send(page: Page, text: str, tokens: int) -> None:
    page.locator("summary").click()
    page.get_by_label("At most").fill(str(tokens))
    page.locator("summary").click()
    page.get_by_label("Message").fill(text)
    page.get_by_role("button", name="Send").click()


def test_a_conversation_goes_on_and_begins_anew(page: Page) -> None:
    assert TOKEN not in page.url  # what is copied from the address bar gives nothing away
    send(page, "The module <script>document.title = 'ran'</script>", 8)
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.locator(".assistant")).not_to_be_empty()
    expect(page.locator(".user")).to_contain_text("<script>")
    assert page.title() == "Headwater"
    send(page, "And the list?", 8)
    expect(page.locator(".turn")).to_have_count(4)
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".turn")).to_have_count(0)
    expect(page.get_by_role("alert")).to_be_empty()


def test_stop_ends_the_answer_on_the_server_too(page: Page, server: RunningServer) -> None:
    before = server.count("headwater_generated_tokens_total")
    send(page, "The module", CONTEXT - 100)
    expect(page.locator(".assistant")).not_to_be_empty()
    page.get_by_role("button", name="Stop").click()
    wait_until(lambda: server.service.idle)
    assert server.count("headwater_generated_tokens_total") - before < CONTEXT - 100
    expect(page.get_by_role("button", name="Send")).to_be_enabled()


def test_what_the_server_refuses_is_said(page: Page, server: RunningServer) -> None:
    send(page, "The module", CONTEXT)
    expect(page.get_by_role("alert")).to_contain_text(f"together more than the {CONTEXT}")
    page.goto("about:blank")
    page.goto(f"{server.url}/#token=another-token-of-a-test")
    expect(page.get_by_role("alert")).to_contain_text("the token is missing or another")


def test_whoever_writes_is_told_that_it_is_kept(served_folder: Path, tmp_path: Path) -> None:
    log = PromptLog(tmp_path / "asked.jsonl", 1 << 20)
    with start_server(served_folder, prompt_log=log) as server, browser_page(800, 700) as opened:
        opened.goto(f"{server.url}/#token={TOKEN}")
        expect(opened.locator("#model")).to_have_text(f"{NAME}, which keeps what is written here")
