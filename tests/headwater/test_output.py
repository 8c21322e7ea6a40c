"""--json and --quiet on every command, and errors with --verbose."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from crawls import html, prose
from dedups import write_lines
from graphs import SMALL, Graph
from scored import results

from headwater import logs
from headwater.cli import COMMANDS, main
from headwater.viewing.labels import Label, set_label
from recipes import named as recipes
from training.significance.results import write_results


@pytest.fixture
def commands(graph: Graph, tmp_path: Path, crawl_folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """A command line of each command that succeeds. (`ui` and `view` serve until stopped: see their own tests.)"""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(recipes.RECIPES, "base", SMALL)
    monkeypatch.setattr(sys, "stdin", io.StringIO("The module\n"))
    (tmp_path / "page.html").write_bytes(html("JSON", prose("json")))
    write_lines(tmp_path / "documents.jsonl", [{"id": str(n), "text": text} for n, text in enumerate(("a b", "a b"))])
    (tmp_path / "words.txt").write_text("2 2\napple 1 0\npear 1 1\n")
    for side in ("a", "b"):
        write_results(tmp_path / side / "quiz", *results([0, 1] * 20, checkpoint=side))
    set_label(graph.lake, Label(doc_id="0" * 32, mark="drop"))
    lake = ["--lake", graph.lake.url]
    [items] = graph.lake.datasets("items")
    data = f"{graph.lake.folder(items)}/last_word"
    return {
        "demo": ["--crawl", graph.key, *lake, "--workers", "1"],
        "verify": lake,
        "trace": [*lake, "https://site.example/short"],
        "search": [*lake, "module"],
        "inspect": [*lake, "clean"],
        "extract": ["page.html"],
        "select": ["documents.jsonl", *lake, "--out", "model.npz"],
        "vectors": [*lake, "--out", "vectors", "--method", "glove", "--size", "4", "--epochs", "1"],
        "nearest": ["apple", "--vectors", "words.txt"],
        "dedup": ["documents.jsonl", "--out", "unique"],
        "score": [*lake, "--checkpoint", "latest", "--task", "last_word", "--data", data, "--limit", "2"],
        "card": lake,
        "recipes": ["list", *lake],
        "ablate": ["--base", "base", "--set", "training.seed=1", "--crawl", graph.key, *lake, "--dry-run"],
        "compare": ["a", "b"],
        "labels": lake,
        "forget": ["site.example", *lake, "--dry-run"],
        "collect": [*lake, "--dry-run"],
        "generate": [*lake, "--prompt", "The", "--max-tokens", "4"],
        "chat": [*lake, "--max-tokens", "4"],
        "risks": [*lake, "--texts", "2", "--threads", "1"],
        "canaries": ["documents.jsonl", "--out", "planted", "--repeats", "1", "--each", "1"],
        "baseline": ["latest", *lake, "--out", "baseline.json"],
        "shrink": ["latest", *lake, "--out", "small", "--int8"],
        "export": ["latest", *lake, "--out", "model.gguf", "--gguf"],
    }


# `tune` trains many times, `serve` serves until it is stopped, `contamination` has tests of planted items, and commands
# of masked and fine-tuned models have tests of such models.
ELSEWHERE = (
    *("ui", "view", "serve", "tune", "contamination", "fill-mask"),
    *("classify", "tag", "answer", "translate", "summarize"),
)
ASKED = [name for name in COMMANDS if name not in ELSEWHERE]


@pytest.mark.parametrize("name", ASKED)
def test_json_on_every_command_is_an_object_a_line(
    name: str, commands: dict[str, list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([name, *commands[name], "--json"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines
    assert all(isinstance(json.loads(line), dict) for line in lines)


@pytest.mark.parametrize("name", ["verify", "dedup", "trace", "inspect", "compare", "chat", "generate"])
def test_quiet_has_nothing_on_stderr(
    name: str, commands: dict[str, list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([name, *commands[name], "--quiet"]) == 0
    printed = capfd.readouterr()
    assert printed.err == ""
    if name in ("verify", "dedup"):  # all is well: nothing to say
        assert printed.out == ""
    else:
        assert printed.out


def test_quiet_and_verbose_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["verify", "--quiet", "--verbose"])
    assert "not allowed with argument --quiet" in capsys.readouterr().err


def test_verbose_adds_debugging_messages_and_tracebacks(
    graph: Graph, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(FileNotFoundError):
        main(["verify", "--lake", str(tmp_path / "none"), "--verbose"])
    logging.getLogger("headwater.test").debug("a detail")
    assert "DEBUG headwater.test: a detail" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"quiet": True, "verbose": False}, ["error"]),
        ({"quiet": False, "verbose": False}, ["info", "warning", "error"]),
        ({"quiet": False, "verbose": True}, ["debug", "info", "warning", "error"]),
    ],
)
def test_levels(settings: dict[str, bool], expected: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(**settings)
    logger = logging.getLogger("pipelines.some_module")
    for level in ("debug", "info", "warning", "error"):
        write: Callable[[str], None] = getattr(logger, level)
        write(level)
    assert [line.split()[-1] for line in capsys.readouterr().err.splitlines()] == expected
