"""Inputs that several tests share. What is heavy to import waits until a test asks for it."""

from __future__ import annotations

import shutil
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from absl.logging import get_absl_handler
from crawls import html, response, write_crawl

if TYPE_CHECKING:
    from faulty_proxy import FaultyProxy
    from graphs import Graph
    from object_store import ObjectStore


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
def object_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, FaultyProxy]]:
    """The port of a server of objects that speaks S3, and a proxy before it."""
    pytest.importorskip("s3fs")
    from faulty_proxy import FaultyProxy
    from object_store import serve_objects

    with serve_objects(tmp_path_factory.mktemp("objects") / "log") as port, FaultyProxy(port) as proxy:
        threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield port, proxy
        proxy.heal()
        proxy.shutdown()


@pytest.fixture
def object_store(
    object_server: tuple[int, FaultyProxy], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[ObjectStore]:
    """An empty folder of a bucket; `s3://` leads there, in this process and those that it starts, through a proxy that
    can be told to fail."""
    import fsspec
    from object_store import ObjectStore

    from corpus.lake import remote_files
    from corpus.lake.download import CACHE_VARIABLE

    port, proxy = object_server
    store = ObjectStore(port, proxy, uuid.uuid4().hex[:8])
    monkeypatch.setitem(fsspec.config.conf, "s3", store.options)
    for name, value in store.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(remote_files, "WAIT", 0.01)
    yield store
    proxy.heal()


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
