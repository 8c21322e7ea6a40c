"""Inputs that several tests share. What is heavy to import waits until a test asks for it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from absl.logging import get_absl_handler
from crawls import html, response, write_crawl

if TYPE_CHECKING:
    from graphs import Graph


# TensorBoard brings absl, whose log handler keeps the stderr of the moment, and closes that stream when Dagster
# configures logging: in a test that is the file in which pytest collects what is printed.
get_absl_handler().python_handler.setStream(sys.__stderr__)


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


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's own process works on splits."""
    from in_process import Unguarded

    monkeypatch.setattr("pipelines.part_workers.Guard", Unguarded)


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
        instance.add_dynamic_partitions("recipes", sorted(recipes.RECIPES))
        lake = Lake(str(tmp_path_factory.mktemp("graph")))
        yield Graph(instance=instance, lake=lake, key=str(crawl_folder))


@pytest.fixture(scope="session")
def graph_and_lake(empty_graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> tuple[Graph, Path]:
    empty_graph.materialize_all()
    copy = tmp_path_factory.mktemp("materialized") / "lake"
    return empty_graph, Path(shutil.copytree(empty_graph.lake.root, copy))


@pytest.fixture(scope="session")
def graph(graph_and_lake: tuple[Graph, Path]) -> Graph:
    """All assets materialized once. Tests may add to it."""
    return graph_and_lake[0]


@pytest.fixture(scope="session")
def graph_lake(graph_and_lake: tuple[Graph, Path]) -> Path:
    """The lake of the graph before any test has added to it, to be copied."""
    return graph_and_lake[1]
