"""The README and the tutorial: their commands run as they stand, and the sample output is what the demo prints.

Commands with `--lake my-lake` run on a small crawl and a lake of their own; the others on the lake of a real demo.
HEADWATER_RENEW_README=1 writes the sample anew, with the versions that it was made with.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest
from crawls import GERMAN, html
from dedups import documents, write_lines
from graphs import Graph

from corpus.crawl.pydoc_crawl import environment

ROOT = Path(__file__).parent.parent
PAGES = {name: (ROOT / name).read_text() for name in ("README.md", "docs/tutorial.md")}
SAMPLE = re.compile(r"(<!-- sample: .*?-->\n```\n)(.*?)(\n```)", re.DOTALL)
ENVIRONMENT = Path(__file__).parent / "readme_environment.json"
LIBRARIES = ("apache-beam", "lm-eval", "numba", "numpy", "pyarrow", "resiliparse", "scipy", "tokenizers", "torch")
COMMANDS = [
    line.split("#")[0].strip()
    for text in PAGES.values()
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    for line in block.splitlines()
    if line.strip()
]


@dataclass(frozen=True, kw_only=True)
class Run:
    """A finished `headwater demo`: its folder, which holds the default lake, and what it printed."""

    folder: Path
    lines: list[str]

    @property
    def summary(self) -> str:
        """The table, of which nothing depends on the clock."""
        start = self.lines.index("") + 1
        return "\n".join(self.lines[start : self.lines.index("", start)])


def _environment() -> dict[str, str]:
    """The test's own, with the interpreter's folder first on the path, so that `headwater` is this one."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}


def _argv(command: str) -> list[str]:
    name, *rest = shlex.split(command)
    return [sys.executable, "-m", "headwater.cli", *rest] if name == "headwater" else [name, *rest]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        _argv("headwater demo"), cwd=folder, capture_output=True, text=True, check=False, env=_environment()
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Run(folder=folder, lines=done.stdout.splitlines())


def _versions() -> dict[str, dict[str, str]]:
    """What decides the numbers of the sample: `documents`, up to the tokens; `processor`, the losses and scores too,
    because processors round differently."""
    import torch

    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text()) if sys.platform == "linux" else None
    return {
        "documents": {**environment("stdlib"), **{name: version(name) for name in LIBRARIES}},
        "processor": {
            "machine": platform.machine(),
            "instructions": torch.backends.cpu.get_cpu_capability(),
            "model": model[1] if model else platform.processor(),
        },
    }


def _about_documents(text: str) -> list[str]:
    lines = text.splitlines()
    return lines[: next(number for number, line in enumerate(lines) if line.startswith("loss "))]


def _names(text: str) -> list[str]:
    """The lines' names, in order, whatever the numbers. Which reasons there are depends on the pages."""
    return [line.split("  ")[0] for line in text.splitlines() if not line.startswith("dropped, ")]


def test_the_sample_is_what_the_demo_prints(demo: Run) -> None:
    match = SAMPLE.search(PAGES["README.md"])
    assert match is not None
    if os.environ.get("HEADWATER_RENEW_README"):
        (ROOT / "README.md").write_text(SAMPLE.sub(lambda m: m[1] + demo.summary + m[3], PAGES["README.md"]))
        ENVIRONMENT.write_text(json.dumps(_versions(), indent=1, sort_keys=True) + "\n")
        return
    recorded, versions = json.loads(ENVIRONMENT.read_text()), _versions()
    assert _names(demo.summary) == _names(match[2])
    if versions["documents"] == recorded["documents"]:
        assert _about_documents(demo.summary) == _about_documents(match[2])
        if versions["processor"] == recorded["processor"]:
            assert demo.summary == match[2]


def test_the_demo_keeps_most_documentation_and_learns_from_it(demo: Run) -> None:
    report = json.loads((demo.folder / ".headwater" / "report" / "demo" / "report.json").read_text())
    assert report["clean"] > 0.75 * report["documents"] > 0.75 * 500
    bits = report["scores"]["bits_per_byte"]
    assert bits["score"]["high"] < bits["beside"]["unigram"]["low"]


def test_a_second_demo_computes_nothing_and_prints_the_same(demo: Run) -> None:
    done = subprocess.run(
        _argv("headwater demo"), cwd=demo.folder, capture_output=True, text=True, check=False, env=_environment()
    )
    assert done.returncode == 0, done.stderr
    again = Run(folder=demo.folder, lines=done.stdout.splitlines())
    assert again.summary == demo.summary
    stages = again.lines[: again.lines.index("")]
    assert len(stages) > 10
    assert all(line.endswith("reused") for line in stages)


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 15


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("make ")])
def test_make_knows_the_target(command: str) -> None:
    done = subprocess.run([*command.split(), "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _on_the_demo_lake(command: str) -> bool:
    return command.startswith("headwater ") and "my-" not in command


@pytest.mark.parametrize("command", [command for command in COMMANDS if _on_the_demo_lake(command)])
def test_the_command_works_after_the_demo(command: str, demo: Run) -> None:
    done = subprocess.run(
        _argv(command), cwd=demo.folder, capture_output=True, text=True, check=False, env=_environment()
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout


@pytest.mark.parametrize(
    "command", [command for command in COMMANDS if not command.startswith("make ") and not _on_the_demo_lake(command)]
)
def test_the_command_works(command: str, graph: Graph, crawl_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(crawl_folder, tmp_path / "my-crawl")
    (tmp_path / "my-page.html").write_bytes(html("rivers", GERMAN))
    write_lines(tmp_path / "my-documents.jsonl", documents([GERMAN, GERMAN.upper(), "one more"]))
    if " demo " not in command:  # the demo's lake is its own; the others ask about what it made
        shutil.copytree(graph.lake.root, tmp_path / "my-lake")
    argv = _argv(command)
    if " demo " in command:
        argv = [sys.executable, "-c", SMALL_DEMO, *shlex.split(command)[1:]]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False, env=_environment())
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout


def test_every_link_of_the_documentation_leads_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert not broken


def test_the_index_lists_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    missing = [page.name for page in (ROOT / "docs").glob("*.md") if f"({page.name})" not in index]
    assert missing == ["README.md"]


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
