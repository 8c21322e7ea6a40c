"""A page as people name it: without its scheme, by the beginning of its URL or doc_id, mistyped."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphs import Graph
from stages import SPOKEN, page, publish

from corpus.lake.store import Lake
from corpus.lineage.records import Records
from headwater.cli import main
from headwater.tracing.page_search import find_page, is_host

SHORT = "https://site.example/short"


@pytest.mark.parametrize(
    "name", [SHORT, "http://site.example/short", "site.example/short", "www.SITE.example/short/", "site.example/shor"]
)
def test_the_url_without_its_scheme_or_only_its_beginning(name: str, graph: Graph) -> None:
    assert find_page(Records(graph.lake), name) == SHORT


def test_a_page_that_became_no_document_is_found_too(graph: Graph) -> None:
    assert find_page(Records(graph.lake), "site.example/gone") == "https://site.example/gone"


def test_the_beginning_of_a_doc_id(graph: Graph) -> None:
    [dataset] = graph.lake.datasets("clean")
    doc_id = next(graph.lake.read(dataset, "documents", ["doc_id"]))["doc_id"][0].as_py().hex()
    assert find_page(Records(graph.lake), doc_id) == doc_id
    for digits in (11, 12):
        assert find_page(Records(graph.lake), doc_id[:digits]) == doc_id


def test_several_are_listed(graph: Graph) -> None:
    assert is_host(Records(graph.lake), "site.example") and not is_host(Records(graph.lake), "site.example/s")
    with pytest.raises(ValueError, match=r"'site.example/s' could be \d+ pages: https://site.example/short, ") as error:
        find_page(Records(graph.lake), "site.example/s")
    assert SHORT in str(error.value)


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [("site.example/shotr", SHORT), ("https://site.exampel/short", SHORT), ("argpar", "https://site.example/argparse")],
)
def test_a_mistyped_one_suggests_others(name: str, suggestion: str, graph: Graph) -> None:
    with pytest.raises(
        ValueError, match=f"no page {name!r} among the [0-9]+ records of the lake .*; did you mean "
    ) as error:
        find_page(Records(graph.lake), name)
    assert suggestion in str(error.value)


def test_trace_finds_a_url_without_scheme(graph: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "site.example/short", "--lake", graph.lake.url]) == 0
    assert f"  {SHORT}\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("example.org/a(b)?q=1+2", "https://www.Example.org/a(b)?q=1+2"),
        ("EXAMPLE.org/a(b)", "https://www.Example.org/a(b)?q=1+2"),
        ("ftp://example.org:80/x", "HTTP://example.org:80/x//"),
        ("example.org/.*", None),
        ("example.org/A(b)", None),
        ("https://пример.рф/путь", "http://пример.рф/путь"),
        ("пример.рф", "http://пример.рф/путь"),
        ("cafe", "https://cafe.example/"),
    ],
)
def test_a_url_is_taken_by_its_letters(name: str, url: str | None, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    urls = ["https://www.Example.org/a(b)?q=1+2", "HTTP://example.org:80/x//", "http://пример.рф/путь", None]
    rows = [page("a", number, url=url) for number, url in enumerate([*urls, "https://cafe.example/"])]
    publish(lake, "documents", "a", [], {"documents": (SPOKEN, rows)})
    if url is not None:
        assert find_page(Records(lake), name) == url
    else:
        with pytest.raises(ValueError, match="no page"):
            find_page(Records(lake), name)
