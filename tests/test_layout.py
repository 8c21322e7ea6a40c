"""The house: where things are. Tests mirror the rooms, files are short, names say which is a thing and which an act."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("corpus", "pipelines", "training", "recipes", "dagster_project", "headwater")
LONGEST = 300  # lines: more is more than one noun
# Rooms whose modules are tested by the tests of a room that composes them.
TESTED_ELSEWHERE = {"training/evaluation/catalog"}
FAMILIES = (
    "training/models"  # its rooms are asked the same questions, by test_families.py of theirs and of training/run
)


def modules(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*.py") if path.name != "__init__.py"]


def rooms() -> list[Path]:
    folders = {path.parent for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    return sorted(folder for folder in folders if modules(folder))


def test_every_folder_of_tests_is_a_room() -> None:
    known = {str(room.relative_to(ROOT)) for room in rooms()} | {"benchmarks", "."}
    for path in (ROOT / "tests").rglob("test_*.py"):
        folder = str(path.parent.relative_to(ROOT / "tests"))
        assert folder in known or (ROOT / folder).is_dir(), f"{path}: there is no {folder}"


@pytest.mark.parametrize("room", [str(room.relative_to(ROOT)) for room in rooms()])
def test_every_room_has_tests_and_says_what_it_is_for(room: str) -> None:
    tests = list((ROOT / "tests" / room).glob("test_*.py"))
    elsewhere = room in TESTED_ELSEWHERE or Path(room).parent == Path(FAMILIES)
    assert tests or elsewhere, f"tests/{room} has no tests"
    docstring = ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text()))
    assert docstring, f"{room}/__init__.py says nothing"


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_has_a_function_of_its_own_name(package: str) -> None:
    same = [
        str(path.relative_to(ROOT))
        for path in (ROOT / package).rglob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name == path.stem
    ]
    assert not same


@pytest.mark.parametrize("package", (*PACKAGES, "benchmarks", "tests"))
def test_no_file_is_long(package: str) -> None:
    files = (path for path in (ROOT / package).rglob("*.py") if ".venvs" not in path.parts)  # peers of benchmarks
    lengths = {path: len(path.read_text().splitlines()) for path in files}
    long = {str(path.relative_to(ROOT)): lines for path, lines in lengths.items() if lines > LONGEST}
    assert not long
