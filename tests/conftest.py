"""Inputs that several tests share. What is heavy to import waits until a test asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from crawls import html, response, write_crawl

if TYPE_CHECKING:
    from graphs import Graph


@pytest.fixture(scope="session")
def crawl_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_crawl(tmp_path_factory.mktemp("input") / "my-crawl")


@pytest.fixture(scope="session")
def make_warc() -> Callable[[Path, dict[str, str]], Path]:
    """Writes a WARC of pages: URL -> text."""

    def write(path: Path, pages: dict[str, str]) -> Path:
        path.write_bytes(b"".join(response(url, html(url, text)) for url, text in pages.items()))
        return path

    return write


@pytest.fixture(scope="session")
def empty_graph(tmp_path_factory: pytest.TempPathFactory, crawl_folder: Path) -> Iterator[Graph]:
    """The asset graph with one crawl and a recipe that trains for seconds; nothing is materialized."""
    import dagster as dg
    from graphs import SMALL, Graph

    from corpus.lake.store import Lake
    from recipes import named as recipes

    with pytest.MonkeyPatch.context() as patch, dg.DagsterInstance.ephemeral() as instance:
        patch.setitem(recipes.RECIPES, "base", SMALL)
        instance.add_dynamic_partitions("crawls", [str(crawl_folder)])
        lake = Lake(str(tmp_path_factory.mktemp("graph")))
        yield Graph(instance=instance, lake=lake, key=str(crawl_folder))


@pytest.fixture(scope="session")
def graph(empty_graph: Graph) -> Graph:
    """All assets materialized once."""
    empty_graph.materialize_all()
    return empty_graph
