"""Installation: what each make target installs, and that an interrupted installation is repeated."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DEVELOPMENT = "--editable '.[dev]'"


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """The files that installation depends on, without an environment."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def _commands(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["make", "--dry-run", *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_demo_on_a_bare_machine_makes_the_environment_without_development_tools(bare: Path) -> None:
    commands = _commands(bare, "demo").splitlines()
    order = [next(n for n, line in enumerate(commands) if part in line) for part in ("-m venv", "uv pip", "headwater")]
    assert order == sorted(order)
    assert not any("dev" in line for line in commands if "uv pip" in line)


@pytest.mark.parametrize("target", ["test", "lint", "bench-tokenize"])
def test_development_targets_install_the_tools(target: str, bare: Path) -> None:
    assert DEVELOPMENT in _commands(bare, target)


def test_a_full_demo_is_asked_for_by_name(bare: Path) -> None:
    assert "headwater demo --full" in _commands(bare, "demo", "FULL=1")
    assert "--full" not in _commands(bare, "demo")


def test_what_is_installed_is_not_installed_again(bare: Path) -> None:
    (bare / ".venv" / "bin").mkdir(parents=True)
    for name in ("bin/uv", "installed"):
        (bare / ".venv" / name).touch()
    assert "uv pip" not in _commands(bare, "demo")


def test_an_interrupted_installation_is_repeated_in_full(bare: Path) -> None:
    (bare / ".venv" / "bin").mkdir(parents=True)
    for name in ("bin/uv", "incomplete"):
        (bare / ".venv" / name).touch()
    assert "--reinstall" in _commands(bare, "demo")
    (bare / ".venv" / "incomplete").unlink()
    assert "--reinstall" not in _commands(bare, "demo")


def test_every_dependency_is_pinned_to_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    required = project["dependencies"] + [name for extra in project["optional-dependencies"].values() for name in extra]
    pinned = re.findall(r"^([\w.-]+)==", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    names = [_normalize(re.split(r"[<>=\[; ]", requirement)[0]) for requirement in [*required, "uv"]]
    assert not set(names) - {_normalize(name) for name in pinned}
    assert len(pinned) == len({_normalize(name) for name in pinned})


def _normalize(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_bytecode_is_written_whatever_the_caller_has_set(bare: Path) -> None:
    (bare / "probe.mk").write_text("include Makefile\nprobe:\n\t@echo \"set to '$$PYTHONDONTWRITEBYTECODE'\"\n")
    done = subprocess.run(
        ["make", "-f", "probe.mk", "probe"],
        cwd=bare,
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.stdout.strip() == "set to ''"
