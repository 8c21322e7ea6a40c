"""`headwater verify --rebuild`: what is computed again is compared byte by byte, and the lake is left as it is."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from crawls import prose
from graphs import SMALL
from stages import SPOKEN, page, publish

from corpus.lake.current import RecipeLake
from corpus.lake.store import READ_CHUNK, Lake
from dagster_project.lineage import asset_of
from headwater.cli import main
from headwater.graph_run import GraphRun
from headwater.rebuilding.files import compare_files, first_difference
from pipelines.engine import Engine
from recipes import named
from recipes.changes import change
from recipes.files import write_recipe

ROOT = Path(__file__).parents[3]


def use_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts back what a run sets."""
    for name in ("DAGSTER_HOME", "HEADWATER_LAKE", "DO_NOT_TRACK"):
        monkeypatch.setenv(name, os.environ.get(name, ""))


@pytest.fixture
def lake(graph_lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecipeLake:
    """In which all stages of the recipe `base` are published."""
    monkeypatch.setitem(named.RECIPES, "base", SMALL)
    use_environment(monkeypatch)
    return RecipeLake(str(shutil.copytree(graph_lake, tmp_path / "lake")), "base")


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary lakes come to be. None is left."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    assert not list(folder.glob("headwater-rebuild-*"))


def rebuild(
    capfd: pytest.CaptureFixture[str], lake: RecipeLake, *words: str
) -> tuple[int, list[dict[str, object]], str]:
    code = main(["verify", "--lake", lake.url, "--recipe", "base", "--json", "--rebuild", *words])
    printed = capfd.readouterr()
    return code, [json.loads(line) for line in printed.out.splitlines()], printed.err


def statuses(results: list[dict[str, object]]) -> dict[object, object]:
    return {one["stage"]: one["status"] for one in results}


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 4
    path.write_bytes(data)


def tree(folder: str) -> dict[str, tuple[int, str]]:
    """All files: when each was last written, and its digest."""
    return {
        str(path): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in Path(folder).rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("stage", ["clean", "duplicates", "text_index"])
def test_a_stage_computed_again_is_equal_and_the_lake_stays_as_it_is(
    stage: str, lake: RecipeLake, scratch: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if stage == "text_index":
        assert main(["trace", "--lake", lake.url, "--recipe", "base", "--text", "The words of a text"]) == 0
        capfd.readouterr()
    before = tree(lake.root)
    code, results, err = rebuild(capfd, lake, stage)
    assert code == 0, err
    assert statuses(results)[stage] == "equal" and statuses(results)["crawl"] == "read"
    assert set(statuses(results).values()) == {"equal", "read"}
    assert all(one["files"] and one["bytes"] for one in results if one["stage"] == stage)
    assert tree(lake.root) == before


def test_a_flipped_byte_is_named_with_its_file_and_place(
    lake: RecipeLake, scratch: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    [clean] = lake.datasets("clean")
    path, manifest = (Path(lake.folder(clean)) / name for name in (clean.of_kind("documents")[0].path, "manifest.json"))
    flip(path, 5_000)
    place = manifest.read_bytes().index(b'"kept":') + 7
    flip(manifest, place)
    code, results, err = rebuild(capfd, lake, "clean")
    assert code == 1 and "1 of " in err
    [found] = [one for one in results if one["stage"] == "clean"]
    assert found["status"] == "different"
    assert found["problems"] == [
        f"{path}: the first difference is at byte 5,000: the file was changed after it was published",
        f"{manifest}: the first difference is at byte {place:,}: computed again it is another",
    ]


def test_a_damaged_input_is_told_and_nothing_is_computed(
    lake: RecipeLake, scratch: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    [documents] = lake.datasets("documents")
    path = Path(lake.folder(documents)) / documents.of_kind("documents")[0].path
    flip(path, 5_000)
    code, results, err = rebuild(capfd, lake, "clean")
    assert code == 1 and "cannot be read" in err
    assert statuses(results)["documents"] == "damaged" and "clean" not in statuses(results)
    assert [str(path) in str(one["problems"]) for one in results if one["problems"]] == [True]


def test_a_recipe_that_was_changed_since_is_told_with_the_setting(
    lake: RecipeLake, scratch: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = change(SMALL, {"clean": {"rules": {"gopher_words": {"minimum": 60}}}})
    monkeypatch.setitem(named.RECIPES, "base", changed)
    code, results, _ = rebuild(capfd, lake, "signatures")
    assert code == 1
    problems = {one["stage"]: str(one["problems"]) for one in results if one["problems"]}
    assert "the recipe now gives another address" in problems["clean"]
    assert "rules.gopher_words.minimum 50" in problems["clean"] and "-> 60" in problems["clean"]
    assert "it reads another clean/" in problems["signatures"]
    assert "documents" not in problems


def test_every_recipe_of_a_lake_with_its_own_crawls_and_benchmarks(
    make_warc: Callable[[Path, dict[str, str]], Path],
    scratch: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    pages = {f"https://site.example/{name}": prose(name) for name in ("argparse", "logging", "tarfile", "json")}
    parts = {f"{url}/part": text[2_000:] for url, text in pages.items()}
    crawls = [str(make_warc(tmp_path / f"{name}.warc.gz", some)) for name, some in (("one", pages), ("two", parts))]
    question = {"query": " ".join(pages["https://site.example/json"].split()[60:90]), "choices": ["A", "B"], "gold": 1}
    (tmp_path / "copa.jsonl").write_text(json.dumps(question) + "\n")
    lake = Lake(str(tmp_path / "lake"))
    use_environment(monkeypatch)
    write_recipe(lake, "asked", "base", {"clean": {"rules": {"gopher_words": {"minimum": 40}}}})
    asked = {"copa": tmp_path / "copa.jsonl"}
    for recipe, taken, benchmarks in (("base", crawls[:1], {}), ("base", crawls, {}), ("asked", crawls[:1], asked)):
        GraphRun(lake, Engine(workers=1), recipe, quiet=True).run_until(taken, benchmarks, [asset_of("split", "one")])
    before = tree(lake.root)
    capfd.readouterr()
    assert main(["verify", "--lake", lake.url, "--json", "--rebuild"]) == 0
    results = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert {(one["stage"], one["partition"], one["recipe"]) for one in results} >= {
        ("split", "one", "base"),
        ("split", "one+two", "base"),
        ("split", "one", "asked"),
        ("benchmark", "copa", "asked"),
        ("contamination", "one", "asked"),
    }
    assert [one["stage"] for one in results if one["status"] != "equal"] == ["crawl", "crawl"]
    assert len({one["address"] for one in results}) == len(results) == len(list(lake.datasets()))
    assert tree(lake.root) == before
    (tmp_path / "copa.jsonl").unlink()
    assert main(["verify", "--lake", lake.url, "--recipe", "asked", "--rebuild", "contamination"]) == 1
    assert f"{tmp_path / 'copa.jsonl'}" in capfd.readouterr().err


def test_a_manifest_may_name_another_source_of_the_same_content_and_no_other(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    pages = {"documents": (SPOKEN, [page("site", number) for number in range(4)])}
    first, second = (publish(lake, "clean", "site", [], pages, config={"bound": bound}) for bound in (1, 2))
    other = publish(lake, "clean", "site", [], {"documents": (SPOKEN, [page("site", 9)])})
    assert first.content() == second.content() != other.content() and first.address != second.address
    rebuilt = publish(Lake(str(tmp_path / "new")), "signatures", "site", [second], pages)
    published = publish(lake, "signatures", "site", [first], pages)
    folders = [Path(lake.folder(published)), tmp_path / "new" / "signatures" / rebuilt.address]
    assert compare_files(lake, *folders)[2] == []
    path = folders[0] / "manifest.json"
    for address in (other.address, "0" * 32):
        path.write_bytes(replace(published, sources={"clean/site": address}).to_bytes())
        assert [problem.partition(": ")[0] for problem in compare_files(lake, *folders)[2]] == [str(path)]


def test_ctrl_c_leaves_no_temporary_lake(lake: RecipeLake, scratch: Path) -> None:
    command = [sys.executable, "-m", "headwater", "verify", "--lake", lake.url, "--rebuild", "clean"]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "TMPDIR": str(scratch)}, start_new_session=True, stderr=subprocess.PIPE
    )
    end = time.monotonic() + 60
    while not list(scratch.glob("headwater-rebuild-*/clean")) and time.monotonic() < end:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err


def test_what_cannot_be_rebuilt_is_refused(
    lake: RecipeLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, message in (
        (["--lake", lake.url, "--rebuild", "claen"], "--rebuild claen: no such stage; did you mean clean?"),
        (["--lake", lake.url, "--rebuild", "--recipe", "bas"], "holds nothing of that recipe"),
        (["--lake", lake.url, "--rebuild", "trimmed", "--recipe", "base"], "no dataset of trimmed under base"),
        (["--lake", str(tmp_path), "--rebuild"], "holds no recipe"),
        ([str(tmp_path), "--rebuild"], "--rebuild computes what is in a lake, not a folder of shards"),
    ):
        assert main(["verify", *words]) == 1
        assert message in capsys.readouterr().err


def test_the_first_difference_of_files(tmp_path: Path) -> None:
    data = bytes(range(256)) * (READ_CHUNK // 100)
    (one := tmp_path / "one").write_bytes(data)
    for other, place in (
        (data, None),
        (data[:-1], len(data) - 1),
        (data + b"x", len(data)),
        (data[:READ_CHUNK] + b"!" + data[READ_CHUNK + 1 :], READ_CHUNK),
        (b"", 0),
    ):
        (two := tmp_path / "two").write_bytes(other)
        assert first_difference(one, two) == place
