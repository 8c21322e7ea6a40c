"""A crawled page in a browser: whatever it tries, nothing runs, nothing is asked for, and nothing leads away."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from crawls import html, prose, response
from intruding_page import intruding_page
from playwright.sync_api import expect
from web_interface import browser_page, keep_screenshot, needs_chromium, open_browser

from corpus.lake.store import Lake
from corpus.sources import open_crawl
from headwater.serving import HOST, bind_port
from headwater.viewing import app as viewing
from headwater.viewing.access import protect
from pipelines.blocks import IngestConfig
from pipelines.cleaning import CleanConfig, clean
from pipelines.engine import Engine
from pipelines.ingestion import ingest

TOKEN = "a-token"
MENU = b"<nav><ul><li><a href='/'>Home</a></li><li><a href='/csv'>csv</a></li><li><a>About</a></li></ul></nav>"


class Canary:
    """A server that nobody should ask. Notes the first line of whoever does."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._socket = socket.create_server((HOST, 0))
        self.url = f"http://{HOST}:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self.asked.append(connection.recv(200).decode(errors="replace").partition("\r\n")[0])

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture
def canary() -> Iterator[Canary]:
    made = Canary()
    yield made
    made.close()


@contextmanager
def serve(lake: Lake) -> Iterator[str]:
    bound = bind_port(0)
    port = bound.getsockname()[1]
    bound.listen()
    protected = protect(viewing.make_app(viewing.Viewer(lake)), TOKEN, port)
    server = uvicorn.Server(uvicorn.Config(protected, lifespan="off", ws="none", log_config=None))
    thread = threading.Thread(target=server.run, args=([bound],))
    thread.start()
    try:
        yield f"http://{HOST}:{port}"
    finally:
        server.should_exit = True
        thread.join()


@needs_chromium
@pytest.mark.parametrize("is_sanitised", [True, False], ids=["sanitised", "by the frame alone"])
def test_a_hostile_page_runs_and_asks_for_nothing(
    is_sanitised: bool, canary: Canary, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("intruding")
    (folder / "a.warc.gz").write_bytes(response("https://intruding.example/", intruding_page(canary.url)))
    lake = Lake(str(folder / "lake"))
    ingest(lake, open_crawl(str(folder / "a.warc.gz")), IngestConfig(), Engine(workers=1))
    if not is_sanitised:
        monkeypatch.setattr(viewing, "lay_out_document", lambda *_: intruding_page(canary.url).decode())
    requests: list[str] = []
    said: list[str] = []
    with serve(lake) as url, open_browser() as browser:
        context = browser.new_context()
        context.on("request", lambda request: requests.append(request.url))
        context.on("console", lambda message: said.append(message.text))
        context.on("weberror", lambda error: said.append(str(error.error)))
        page = context.new_page()
        page.goto(f"{url}/?token={TOKEN}")
        page.get_by_role("heading", name="hostile").get_by_role("link").click()
        frame = page.frame_locator("iframe")
        frame.get_by_role("heading", name="Hostile").wait_for()
        frame.get_by_text("a link away").click(force=True)
        page.wait_for_timeout(1_000)  # for a meta refresh, and whatever else comes late
        [own, framed] = page.frames[:2]
        assert own.url.startswith(f"{url}/document/")
        # A link that is not taken out is followed into the frame, which may hold pages of this server alone.
        assert framed.url in (f"{own.url.partition('?')[0]}/page", "chrome-error://chromewebdata/")
        assert page.evaluate("window.flipped") is None
        page.get_by_role("button", name="Drop").click()
        page.get_by_text("Your mark: drop").wait_for()
    assert "".join(canary.asked) == ""  # Chromium alone may connect ahead of a click, and asks nothing then
    if is_sanitised:
        assert said == canary.asked == []
        assert {one.split("?")[0].partition("/document/")[0].rstrip("/") for one in requests} <= {
            url,
            f"{url}/style.css",
            "data:,",
        }
    assert (folder / "lake" / "labels.jsonl").is_file()


@needs_chromium
def test_a_document_is_found_looked_at_and_marked(tmp_path: Path) -> None:
    body = html("json: encoder and decoder", prose("json")).replace(b"<main>", MENU + b"<main>")
    pages = [
        response("https://site.example/json", body),
        response("https://site.example/csv", html("csv", prose("csv"))),
    ]
    (tmp_path / "a.warc.gz").write_bytes(b"".join(pages))
    lake, engine = Lake(str(tmp_path / "lake")), Engine(workers=1)
    documents = ingest(lake, open_crawl(str(tmp_path / "a.warc.gz")), IngestConfig(), engine).manifest
    clean(lake, documents, CleanConfig(), engine)
    with serve(lake) as url, browser_page(1100, 800) as page:
        page.goto(f"{url}/?token={TOKEN}")
        page.get_by_role("searchbox", name="Words").fill("encoder json")
        page.get_by_role("searchbox", name="Host").fill("site.example")
        page.get_by_role("button", name="Find").click()
        expect(page.get_by_role("heading", name="1 found")).to_be_visible()
        page.get_by_role("link", name="json: encoder and decoder").click()
        page.get_by_label("Note").fill("an interface, described well")
        page.get_by_role("button", name="Keep").click()
        expect(page.get_by_text("Your mark: keep")).to_be_visible()
        expect(page.get_by_role("button", name="Keep")).to_have_attribute("aria-pressed", "true")
        expect(page.frame_locator("iframe").get_by_role("heading", name="json: encoder and decoder")).to_be_visible()
        page.locator("header code").evaluate("where => where.textContent = 'my-lake'")
        keep_screenshot(page, "viewing-document")
