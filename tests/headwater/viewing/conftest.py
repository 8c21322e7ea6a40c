"""What the tests of the page of a lake share."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from crawls import html, prose, response
from intruding_page import intruding_page

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from corpus.lake.store import Lake
    from headwater.viewing.app import Viewer

TOKEN = "a-token"
PORT = 8400
ESCAPE = "https://site.example/\x1b]0;owned\x07\u202egnp"


@pytest.fixture(scope="session")
def lake(graph_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A copy of the graph's lake, as its recipe sees it."""
    from headwater.lakes import open_lake

    return open_lake(shutil.copytree(graph_lake, tmp_path_factory.mktemp("viewed") / "lake"))


@pytest.fixture(scope="session")
def viewer(lake: Lake) -> Viewer:
    from headwater.viewing.app import Viewer

    return Viewer(lake)


@pytest.fixture(scope="session")
def make_client() -> Callable[[Viewer], TestClient]:
    """A browser that has the token, of the pages of a lake."""
    from starlette.testclient import TestClient

    from headwater.viewing.access import protect
    from headwater.viewing.app import make_app

    def make(viewer: Viewer) -> TestClient:
        client = TestClient(protect(make_app(viewer), TOKEN, PORT), base_url=f"http://127.0.0.1:{PORT}")
        client.get("/", params={"token": TOKEN})
        client.headers["Origin"] = f"http://127.0.0.1:{PORT}"
        return client

    return make


@pytest.fixture
def client(viewer: Viewer, make_client: Callable[[Viewer], TestClient]) -> TestClient:
    return make_client(viewer)


@pytest.fixture(scope="session")
def hostile_lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A page that tries whatever a page may, one with escape sequences in its URL, and one with an address."""
    from corpus.lake.store import Lake
    from corpus.sources import open_crawl
    from pipelines.blocks import IngestConfig
    from pipelines.cleaning import CleanConfig, clean
    from pipelines.engine import Engine
    from pipelines.ingestion import ingest

    folder = tmp_path_factory.mktemp("hostile")
    pages = [
        response("https://hostile.example/", intruding_page("http://127.0.0.1:9/canary")),
        response(ESCAPE, html("<script>flipped=1</script>", "Too \x1b[31mshort\u202e<script>flipped=1</script>.")),
        response("https://site.example/mail", html("mail", f"Write to someone@site.example.\n\n{prose('json')}")),
    ]
    (folder / "hostile.warc.gz").write_bytes(b"".join(pages))
    lake = Lake(str(folder / "lake"))
    documents = ingest(lake, open_crawl(str(folder / "hostile.warc.gz")), IngestConfig(), Engine(workers=1)).manifest
    clean(lake, documents, CleanConfig(), Engine(workers=1))
    return lake
