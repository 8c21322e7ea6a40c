"""The README's commands, run as they stand: each one on a crawl and a lake of its own names."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from crawls import GERMAN, html
from dedups import documents, write_lines
from graphs import Graph

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
COMMANDS = [
    line.split("#")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.strip()
]


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 5
    assert "{{" not in README


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("make ")])
def test_make_knows_the_target(command: str) -> None:
    done = subprocess.run([*command.split(), "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", [command for command in COMMANDS if not command.startswith("make ")])
def test_the_command_works(command: str, graph: Graph, crawl_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(crawl_folder, tmp_path / "my-crawl")
    (tmp_path / "my-page.html").write_bytes(html("rivers", GERMAN))
    write_lines(tmp_path / "my-documents.jsonl", documents([GERMAN, GERMAN.upper(), "one more"]))
    if " demo " not in command:  # the demo's lake is its own; the others ask about what it made
        shutil.copytree(graph.lake.root, tmp_path / "my-lake")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    argv = shlex.split(command)
    if " demo " in command:
        argv = [sys.executable, "-c", SMALL_DEMO, *argv[1:]]
    environment = {**os.environ, "PATH": path}
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout


# The real command, with a recipe that trains for seconds.
SMALL_DEMO = f"""
import sys
sys.path.insert(0, {str(ROOT / "tests" / "helpers")!r})
from recipes import named as recipes
from graphs import SMALL
recipes.RECIPES["base"] = SMALL
from headwater.cli import main
sys.exit(main())
"""
