"""A page as people name it: without its scheme, by the beginning of its URL or doc_id, mistyped."""

from __future__ import annotations

import pytest
from graphs import Graph

from headwater.cli import main
from headwater.page_search import find_page

SHORT = "https://site.example/short"


@pytest.mark.parametrize(
    "name", [SHORT, "http://site.example/short", "site.example/short", "www.SITE.example/short/", "site.example/shor"]
)
def test_the_url_without_its_scheme_or_only_its_beginning(name: str, graph: Graph) -> None:
    assert find_page(graph.lake, name) == SHORT


def test_a_page_that_became_no_document_is_found_too(graph: Graph) -> None:
    assert find_page(graph.lake, "site.example/gone") == "https://site.example/gone"


def test_the_beginning_of_a_doc_id(graph: Graph) -> None:
    [dataset] = graph.lake.datasets("clean")
    doc_id = next(graph.lake.read(dataset, "documents", ["doc_id"]))["doc_id"][0].as_py().hex()
    assert find_page(graph.lake, doc_id) == doc_id
    assert find_page(graph.lake, doc_id[:12]) == doc_id


def test_several_are_listed(graph: Graph) -> None:
    with pytest.raises(ValueError, match=r"'site.example/s' could be \d+ pages: https://site.example/short, ") as error:
        find_page(graph.lake, "site.example/s")
    assert SHORT in str(error.value)


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [("site.example/shotr", SHORT), ("https://site.exampel/short", SHORT), ("argpar", "https://site.example/argparse")],
)
def test_a_mistyped_one_suggests_others(name: str, suggestion: str, graph: Graph) -> None:
    with pytest.raises(ValueError, match=f"no page {name!r} in the [0-9]+ of the lake .*; did you mean ") as error:
        find_page(graph.lake, name)
    assert suggestion in str(error.value)


def test_trace_finds_a_url_without_scheme(graph: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "site.example/short", "--lake", graph.lake.url]) == 0
    assert f"  {SHORT}\n" in capsys.readouterr().out
