"""`headwater inspect` and what it does with what strangers wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from crawls import html, prose, response
from graphs import Graph

from corpus.lake.store import Lake
from corpus.sources import open_crawl
from headwater.cli import main
from headwater.terminal import json_line, one_line, printable
from pipelines.blocks import IngestConfig
from pipelines.cleaning import CleanConfig, clean
from pipelines.engine import Engine
from pipelines.ingestion import ingest

ESCAPE = "https://site.example/\x1b]0;owned\x07\x1b[2J\u202egnp"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A page with escape sequences in its URL and text, dropped as too short; one that cannot be read; two kept."""
    folder = tmp_path_factory.mktemp("hostile")
    torn = bytearray(response("https://site.example/torn", html("torn", prose("json"))))
    torn[len(torn) // 2] ^= 0xFF
    pages = [
        response(ESCAPE, html("short", "Too \x1b[31mshort\x9b2J to keep.")),
        bytes(torn),
        *(response(f"https://site.example/{name}", html(name, prose(name))) for name in ("argparse", "logging")),
    ]
    (folder / "hostile.warc.gz").write_bytes(b"".join(pages))
    lake = Lake(str(folder / "lake"))
    documents = ingest(lake, open_crawl(str(folder / "hostile.warc.gz")), IngestConfig(), Engine(workers=1)).manifest
    clean(lake, documents, CleanConfig(), Engine(workers=1))
    return lake


def test_it_shows_the_reasons_and_what_was_kept(graph: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "clean", "--lake", graph.lake.url]) == 0
    said = capsys.readouterr().out
    [manifest] = graph.lake.datasets("clean")
    assert f"{manifest.counts.kept:,} of {manifest.counts.records_in:,} kept" in said
    for reason, records in manifest.counts.dropped.items():
        assert any(line.split()[:2] == [reason, str(records)] for line in said.splitlines())


def test_a_dropped_document_with_value_bound_place_and_text(graph: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "clean", "--reason", "gopher_words", "--lake", graph.lake.url, "--limit", "9"]) == 0
    said = capsys.readouterr().out
    assert "gopher_words 5, bound 50" in said
    assert "https://site.example/short" in said and "Too short to keep." in said
    assert "b.warc.gz from " in said


def test_a_near_duplicate_stands_beside_its_keeper(graph: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "unique", "--reason", "near_duplicate", "--lake", graph.lake.url, "--limit", "1"]) == 0
    said = capsys.readouterr().out
    assert "stays " in said and "similarity 0.9" in said
    assert "Updated on a Tuesday." in said


def test_json_has_all_of_it(graph: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--lake", graph.lake.url, "--json", "--limit", "2"]
    assert main(["inspect", "unique", "--reason", "near_duplicate", *flags]) == 0
    head, *documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert head["stage"] == "unique" and head["found"] == head["reasons"]["near_duplicate"] and len(documents) == 2
    for document in documents:
        assert document["keeper"]["text"] != document["text"] and document["similarity"] >= 0.8
        assert len(bytes.fromhex(document["doc_id"])) == 16


def test_the_same_lines_each_time(graph: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for _ in range(2):
        assert main(["inspect", "split", "--lake", graph.lake.url]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]


def test_a_wrong_stage_or_reason_names_what_there_is(graph: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "cleen", "--lake", graph.lake.url]) == 1
    assert "no stage 'cleen': there are clean, documents, split, tokens, unique" in capsys.readouterr().err
    assert main(["inspect", "clean", "--reason", "rude", "--lake", graph.lake.url]) == 1
    assert "no reason 'rude': there are " in capsys.readouterr().err


@pytest.mark.parametrize("flags", [[], ["--json"]])
@pytest.mark.parametrize(
    "asked", [["clean", "--reason", "gopher_words"], ["documents"], ["documents", "--reason", "corrupt_gzip"]]
)
def test_no_page_reaches_the_terminal(
    hostile: Lake, asked: list[str], flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", *asked, *flags, "--lake", hostile.url, "--limit", "9"]) == 0
    said = capsys.readouterr().out
    assert said and not set(said) & {chr(code) for code in (*range(10), *range(11, 32), *range(127, 160), 0x202E)}
    if asked[0] == "clean":
        assert "Too [31mshort2J to keep." in said


def test_what_could_not_be_read_shows_its_first_bytes(hostile: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    [manifest] = hostile.datasets("documents")
    [reason] = manifest.counts.quarantined
    assert main(["inspect", "documents", "--reason", reason, "--lake", hostile.url]) == 0
    said = capsys.readouterr().out
    assert "kept aside" in said and "      | " in said


def test_escape_sequences_are_shown_not_obeyed() -> None:
    assert printable("a\x1b[31mb\x9b2Jc\u202ed\n\te") == "a\\x1b[31mb\\x9b2Jc\\u202ed\n\te"
    assert one_line("two\r\nlines\x07") == "two lines\\x07"
    line = json_line({"text": "\x9b\u202e\ud800 中"})
    assert line == '{"text": "\\u009b\\u202e\\ud800 中"}' and json.loads(line) == {"text": "\x9b\u202e\ud800 中"}


def test_a_limit_below_zero(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["inspect", "clean", "--lake", str(tmp_path), "--limit", "-1"])
    assert "argument --limit: -1 is less than 0" in capsys.readouterr().err
