"""Demo: what it refuses before it computes anything, and what it says while at work and at its end."""

from __future__ import annotations

import io
import json
import shlex
import sys
import time
from pathlib import Path

import pytest
from graphs import Graph

from corpus.lake.store import Lake
from headwater.cli import main
from headwater.commands.demo import closing_lines
from headwater.progress import CLEAR, Progress


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["--recipe", "bsae"],
            "there is no recipe bsae; did you mean base?; there are babylm_strict_small,",
        ),
        (["--crawl", ""], "--crawl '': give the path or URL of a file or folder"),
        (["--crawl", "stdlib", "--crawl", " "], "--crawl '': give"),
        (["--crawl", "nowhere/at-all"], "does not exist; give a path or URL that does, or one of stdlib, packages"),
        (["--benchmark", "piqqa=x"], "--benchmark piqqa=x: write TASK=PATH, with a task of"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_computed(
    arguments: list[str], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = tmp_path / "lake"
    assert main(["demo", "--lake", str(lake), *arguments]) == 1
    assert expected in capsys.readouterr().err
    assert not lake.exists()


def test_full_and_a_recipe_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["demo", "--full", "--recipe", "base"])
    assert "not allowed with argument --full" in capsys.readouterr().err


def test_it_ends_with_a_sample_the_paths_and_commands_that_work(
    graph: Graph, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(graph.lake.root, "report", "base", "report.json")
    lines = closing_lines(graph.lake, json.loads(path.read_text()), "the/report.html", 61.4)
    model = next(line.split()[1] for line in lines if line.startswith("model "))
    assert {"model.safetensors", "tokenizer.json"} <= {file.name for file in Path(model).iterdir()}
    assert "report  the/report.html" in lines
    assert "time    61 s" in lines
    assert lines[0].startswith("The model continues a page that it has not seen, ")
    commands = [shlex.split(line) for line in lines[lines.index("Next:") + 1 :]]
    assert [command[1] for command in commands] == ["generate", "trace", "ui"]
    assert commands[0][2:4] == ["--checkpoint", model]
    assert main(commands[1][1:]) == 0
    assert commands[1][-1] in capsys.readouterr().out


def test_the_default_lake_is_left_out_of_what_to_type_next(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = Lake(graph.lake.url)
    monkeypatch.setattr("headwater.commands.demo.DEFAULT_LAKE", lake.url)
    report = json.loads(Path(lake.root, "report", "base", "report.json").read_text())
    assert closing_lines(lake, report, "report.html", 1.0)[-1] == "  headwater ui"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_stage_at_work_is_shown_with_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress() as progress:
        progress.start("scores/last_word")
        time.sleep(1.2)
    shown = terminal.getvalue().split(CLEAR)
    assert shown[1] == f"{'scores/last_word':22} scoring the model, 0 s"
    assert shown[2] == f"{'scores/last_word':22} scoring the model, 1 s"
    assert shown[-1] == ""  # the line is cleared


def test_a_stage_that_draws_its_own_line_is_not_drawn_over(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress() as progress:
        progress.start("checkpoint")
        time.sleep(1.2)
        assert terminal.getvalue().count("training the model") == 1


def test_where_there_is_no_terminal_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress() as progress:
        progress.start("documents")
    assert stream.getvalue() == ""
