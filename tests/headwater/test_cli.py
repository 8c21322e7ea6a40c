"""The `headwater` command: what it prints, what it refuses, and what it says when it does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from graphs import Graph

from corpus.lake.store import Lake
from headwater.cli import main


def test_verify_prints_one_object_a_dataset(graph: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--lake", graph.lake.url, "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["stage"] for line in lines} >= {"documents", "unique", "shards", "checkpoint", "score"}
    for line in lines:
        assert {"stage", "partition", "digest", "rows", "bytes"} <= set(line)
        assert line["problems"] == []


def test_verify_finds_a_flipped_bit_and_a_missing_file(
    graph: Graph, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = Lake(shutil.copytree(graph.lake.root, tmp_path / "lake"))
    [shards], [tokens] = lake.datasets("shards"), lake.datasets("tokens")
    tar = Path(lake.folder(shards)) / "train" / "shard-000000.tar"
    data = bytearray(tar.read_bytes())
    data[1000] ^= 4
    tar.write_bytes(data)
    missing = Path(lake.folder(tokens)) / tokens.files[0].path
    missing.unlink()
    assert main(["verify", "--lake", lake.url]) == 1
    printed = capsys.readouterr()
    assert f"{tar}: {len(data)} bytes, sha256" in printed.out
    assert f"{missing}: missing" in printed.out
    assert "2 of" in printed.err


def test_verify_of_an_empty_lake_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--lake", str(tmp_path)]) == 1
    assert "no dataset in the lake" in capsys.readouterr().err


def test_trace_follows_a_page_to_its_training_steps_and_back(graph: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "--lake", graph.lake.url, "--step", "1"]) == 0
    step = capsys.readouterr().out
    doc_id, url = next(line for line in step.splitlines() if "https://" in line).split()[:2]
    assert main(["trace", "--lake", graph.lake.url, doc_id]) == 0
    page = capsys.readouterr().out
    assert url in page
    assert "read again, the same" in page
    steps = page.rsplit("steps: ", 1)[1].split(" …")[0]
    assert "1" in [step.strip() for step in steps.split(",")]


def test_trace_says_why_a_page_is_missing(graph: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "--lake", graph.lake.url, "https://site.example/short"]) == 0
    assert "removed, gopher_words 5 (bound 50)" in capsys.readouterr().out
    assert main(["trace", "--lake", graph.lake.url, "https://site.example/gone"]) == 0
    assert "removed, http_status 404" in capsys.readouterr().out


def test_trace_of_an_unknown_page_says_so(graph: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "--lake", graph.lake.url, "https://nowhere.example/"]) == 1
    assert "nowhere.example" in capsys.readouterr().err


def test_a_crawl_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lake = tmp_path / "lake"
    assert main(["demo", "--lake", str(lake), "--crawl", str(tmp_path / "gone")]) == 1
    assert f"{tmp_path / 'gone'} does not exist" in capsys.readouterr().err
    assert not list(Lake(str(lake)).datasets())


def test_two_crawls_of_one_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crawls = [str(tmp_path / "one" / "crawl"), str(tmp_path / "two" / "crawl")]
    assert main(["demo", "--lake", str(tmp_path / "lake"), "--crawl", crawls[0], "--crawl", crawls[1]]) == 1
    assert "both named 'crawl'" in capsys.readouterr().err


def test_a_crawl_in_which_nothing_survives(
    tmp_path: Path, make_warc: Callable[[Path, dict[str, str]], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_warc(tmp_path / "thin.warc.gz", {"https://site.example/": "Nothing to see."})
    lake = tmp_path / "lake"
    assert main(["demo", "--lake", str(lake), "--crawl", str(path), "--workers", "1"]) == 1
    assert "clean/thin: no document is left of 1; dropped by {'gopher_words': 1}" in capsys.readouterr().err
    assert not (lake / "report").exists()
