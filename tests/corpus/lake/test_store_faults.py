"""Lake under faults: whatever operation fails or wherever the process dies, a reader sees old or new."""

from __future__ import annotations

import dataclasses
import fcntl
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from failing import die, failing, no_space

from corpus.lake.manifest import Counts, Manifest
from corpus.lake.store import Lake, file_sha256
from corpus.lake.verification import find_damage

# The children do nothing but write files: threads that the parent has do not matter to them.
pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")

PARTS = {"documents/part-0.bin": b"water " * 2_000, "ledger/part-0.bin": b"dropped"}


def build(lake: Lake, source: Path, run: dict[str, Any] | None = None) -> Manifest:
    """What a stage does: puts its files, then publishes. `source` has the finished parts."""
    empty = manifest_of(())
    entries = []
    for path in PARTS:
        entries.append(lake.put(source / Path(path).parent / Path(path).name, lake.folder(empty), path, 1))
        lake.write(f"{lake.folder(empty)}/parts/{len(entries)}.json", b"{}")
    return lake.publish(manifest_of(tuple(entries)), run or {})


def manifest_of(files: tuple[Any, ...]) -> Manifest:
    counts = Counts(records_in=len(files), kept=len(files))
    return Manifest(
        stage="s", partition="p", code_version="1", config={}, inputs={"i": "0"}, files=files, counts=counts
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for path, data in PARTS.items():
        (tmp_path / "source" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "source" / path).write_bytes(data)
    return tmp_path / "source"


def contents(root: Path) -> dict[str, str]:
    """Every file of the dataset itself: not its sidecar, its lock or what a killed run left."""
    return {
        str(path.relative_to(root)): file_sha256(path)
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.suffix in (".bin", ".json") and path.name != "run.json" and "parts" not in path.parts
    }


def check_old_or_new(lake: Lake, wanted: Manifest) -> None:
    found = lake.find("s", wanted.address)
    if found is not None:
        assert found == wanted
        assert list(find_damage(lake, found)) == []


@pytest.fixture
def wanted(source: Path, tmp_path: Path) -> tuple[Manifest, dict[str, str]]:
    manifest = build(Lake(str(tmp_path / "unbroken")), source)
    return manifest, contents(tmp_path / "unbroken")


def test_any_operation_may_fail(source: Path, tmp_path: Path, wanted: tuple[Manifest, dict[str, str]]) -> None:
    for number in range(1, 200):
        lake = Lake(str(tmp_path / f"lake-{number}"))
        try:
            with failing(number, no_space) as count:
                build(lake, source)
            assert count[0] < number
            break
        except OSError:
            check_old_or_new(lake, wanted[0])
            torn = list((tmp_path / f"lake-{number}").rglob("*.tmp"))
            assert torn == [], f"operation {number}: a failed writer clears up"
            assert build(lake, source) == wanted[0]
            assert contents(tmp_path / f"lake-{number}") == wanted[1], f"operation {number}"
    assert number > 20, "it went through all operations"


def _build_and_die(root: str, source: Path, number: int) -> None:
    with failing(number, die):
        build(Lake(root), source)


def test_the_process_may_die_at_any_operation(
    source: Path, tmp_path: Path, wanted: tuple[Manifest, dict[str, str]]
) -> None:
    fork = multiprocessing.get_context("fork")
    for number in range(1, 200):
        root = tmp_path / f"lake-{number}"
        child = fork.Process(target=_build_and_die, args=(str(root), source, number))
        child.start()
        child.join()
        check_old_or_new(Lake(str(root)), wanted[0])
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
        assert build(Lake(str(root)), source) == wanted[0]
        assert contents(root) == wanted[1], f"killed at operation {number}"
    assert number > 20


def _in_processes(work: Callable[[int], str], count: int = 4) -> list[str]:
    """What `work(0)`, `work(1)`, ... answer in processes of their own that start together."""
    fork = multiprocessing.get_context("fork")
    start, answers = fork.Barrier(count), fork.Queue()

    def child(number: int) -> None:
        start.wait(60)
        answers.put(work(number))

    children = [fork.Process(target=child, args=(number,)) for number in range(count)]
    for process in children:
        process.start()
    found = [answers.get(timeout=60) for _ in children]
    for process in children:
        process.join()
    return found


def test_writers_of_one_address_take_turns_and_agree(
    source: Path, tmp_path: Path, wanted: tuple[Manifest, dict[str, str]]
) -> None:
    lake = Lake(str(tmp_path / "lake"))

    def work(_number: int) -> str:
        with lake.lock("s", wanted[0].address):
            found = lake.find("s", wanted[0].address)
            return f"built {build(lake, source).digest}" if found is None else f"found {found.digest}"

    digest = wanted[0].digest
    assert sorted(_in_processes(work)) == [f"built {digest}", *[f"found {digest}"] * 3]
    assert contents(tmp_path / "lake") == wanted[1]


def test_without_a_lock_one_manifest_wins_and_all_writers_get_it(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))

    def work(number: int) -> str:
        digests = set()
        for partition in range(20):
            manifest = dataclasses.replace(manifest_of(()), partition=str(partition), figures={"writer": number})
            digests.add(lake.publish(manifest, {}).digest)
        return " ".join(sorted(digests))

    answers = _in_processes(work)
    assert len(set(answers)) == 1
    assert answers[0] == " ".join(sorted(manifest.digest for manifest in lake.datasets()))


def test_the_lock_is_held_by_one_and_freed_by_the_death_of_its_holder(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    fork = multiprocessing.get_context("fork")
    inside = fork.Event()

    def hold() -> None:
        with lake.lock("s", "a"):
            inside.set()
            signal.pause()

    holder = fork.Process(target=hold)
    holder.start()
    assert inside.wait(60)
    with open(lake.path("s", "a", "lock"), "a+") as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    holder.kill()
    holder.join()
    with lake.lock("s", "a"):
        pass
    with lake.lock("s", "a"), lake.lock("s", "b"):
        pass


def test_a_read_only_lake_says_so(source: Path, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("the superuser may write anywhere: nothing is read-only for it")
    (tmp_path / "lake").mkdir(mode=0o555)
    with pytest.raises(PermissionError):
        build(Lake(str(tmp_path / "lake")), source)
