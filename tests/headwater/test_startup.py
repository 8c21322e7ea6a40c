"""What is answered at once: help, the version, mistakes of typing and `import headwater`, without heavy imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from headwater.cli import COMMANDS, main

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "apache_beam", "dagster", "numba", "pyarrow", "transformers", "lm_eval")
LIMIT = 1.0  # seconds of processor time, which other processes of the machine do not lengthen
PROBE = """
import resource, sys
try:
    {statement}
except SystemExit:
    pass
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime, *[name for name in {heavy} if name in sys.modules], file=sys.stderr)
"""


def measure(statement: str) -> tuple[str, float, list[str]]:
    """(what a statement in a new process printed, its seconds, the heavy modules that it imported)."""
    code = PROBE.format(statement=statement, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    seconds, *modules = done.stderr.splitlines()[-1].split()
    return done.stdout + done.stderr, float(seconds), modules


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--help"],
        ["--version"],
        ["trce"],
        ["inspect", "clean", "--limt", "3"],
        ["demo", "--crawl", ""],
        *([command, "--help"] for command in COMMANDS),
    ],
    ids=" ".join,
)
def test_it_answers_in_a_second_without_heavy_imports(words: list[str]) -> None:
    printed, seconds, modules = measure(f"from headwater.cli import main; main({words!r})")
    assert printed
    assert modules == []
    assert seconds < LIMIT


def test_import_headwater_is_light() -> None:
    _, seconds, modules = measure("import headwater; headwater.open, headwater.__version__")
    assert modules == []
    assert seconds < LIMIT


def test_headwater_alone_and_help_list_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    alone = capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == alone
    assert all(f"    {command} " in alone or f"    {command}\n" in alone for command in COMMANDS)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    import headwater

    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"headwater {headwater.__version__}\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trce"], "there is no command trce; did you mean trace?"),
        (["xyz"], "there is no command xyz; commands: demo, verify"),
        (["inspect", "clean", "--limt", "3"], "there is no option --limt; did you mean --limit?"),
        (["score", "--checkpont", "x"], "there is no option --checkpont; did you mean --checkpoint?"),
        (["--verson"], "there is no option --verson; did you mean --version?"),
        (["extract", "--extractor", "blcks", "x"], "did you mean blocks?"),
        (["inspect", "clean", "--limit", "-1"], "argument --limit: -1 is less than 0"),
        (["trace", "--step", "one"], "argument --step: 'one' is not an integer"),
        (["generate"], "the following arguments are required: --prompt"),
        (["trace"], "one of the arguments PAGE|HOST --step --score --text --sample --item is required"),
    ],
)
def test_a_typo_suggests_the_nearest_and_ends_with_2(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert "--help` shows all options" in printed.err
    assert printed.out == ""


def test_values_that_begin_with_a_dash_are_no_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "--prompt", "- a list", "--checkpoint", "/no/such/folder", "--lake", "/no/lake"]) == 1
    assert "--checkpoint /no/such/folder: no such folder, and there is no lake" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("headwater tr", {"trace", "translate"}),
        ("headwater trace --st", {"--step"}),
        ("headwater extract --extractor ju", {"justext"}),
        ("headwater inspect --js", {"--json"}),
    ],
)
def test_completion_of_the_shell(line: str, wanted: set[str], tmp_path: Path) -> None:
    """As bash asks: `eval "$(register-python-argcomplete headwater)"`."""
    answer = tmp_path / "answer"
    environment = {
        **os.environ,
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    done = subprocess.run(
        [sys.executable, "-m", "headwater"], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert {word.strip() for word in answer.read_text().split("\n")} == wanted
