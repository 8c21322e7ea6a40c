"""Bad input at the command line: a message that names the file and what was found, exit code 1, nothing published."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from corpus.lake.store import Lake
from pipelines.commands import main


def run(capsys: pytest.CaptureFixture[str], lake: Path, *argv: str) -> str:
    """What a failing command says."""
    assert main([*argv, "--lake", str(lake), "--workers", "1"]) == 1
    return capsys.readouterr().err


def test_a_path_that_does_not_exist(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, tmp_path / "lake", "ingest", "--crawl", str(tmp_path / "nowhere"))
    assert "nowhere does not exist" in said and "WARC" in said


def test_an_empty_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    said = run(capsys, tmp_path / "lake", "ingest", "--crawl", str(tmp_path / "empty"))
    assert "empty holds nothing to read; found: nothing" in said


def test_a_file_that_is_no_warc(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "page.warc.gz"
    path.write_bytes(b"<html><body>503 Service Unavailable</body></html>")
    said = run(capsys, tmp_path / "lake", "ingest", "--crawl", str(path))
    assert "page.warc.gz cannot be read: it begins with b'<html><body>503" in said and "wanted is WARC" in said


def test_a_truncated_warc_keeps_its_whole_records(
    tmp_path: Path, crawl_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = (crawl_folder / "a.warc.gz").read_bytes()
    path = tmp_path / "cut.warc.gz"
    path.write_bytes(data[:-100])
    lake = tmp_path / "lake"
    assert main(["ingest", "--crawl", str(path), "--lake", str(lake), "--workers", "1"]) == 0
    [manifest] = Lake(str(lake)).datasets("documents")
    assert manifest.counts.quarantined == {"truncated": 1}
    assert manifest.counts.kept > 10
    assert "1 truncated" in capsys.readouterr().out


def test_a_crawl_in_which_nothing_survives(
    tmp_path: Path, make_warc: Callable[[Path, dict[str, str]], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_warc(tmp_path / "thin.warc.gz", {"https://site.example/": "Nothing to see."})
    lake = tmp_path / "lake"
    assert main(["ingest", "--crawl", str(path), "--lake", str(lake), "--workers", "1"]) == 0
    address = capsys.readouterr().out.split()[0]
    said = run(capsys, lake, "clean", address)
    assert "clean/thin: no document is left of 1" in said and "gopher_words" in said


def test_a_dataset_of_another_stage_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, tmp_path / "lake", "clean", "shards/0123")
    assert "'shards/0123': wanted documents/ADDRESS" in said


def test_a_dataset_that_was_never_published(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, tmp_path / "lake", "clean", "documents/0123")
    assert "no dataset documents/0123 in the lake" in said


def test_an_error_in_a_worker_names_its_reason(
    tmp_path: Path, crawl_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = tmp_path / "lake"
    assert main(["ingest", "--crawl", str(crawl_folder), "--lake", str(lake), "--workers", "1"]) == 0
    address = capsys.readouterr().out.split()[0]
    [manifest] = Lake(str(lake)).datasets("documents")
    part = Path(Lake(str(lake)).folder(manifest)) / manifest.of_kind("documents")[0].path
    damaged = bytearray(part.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    part.write_bytes(damaged)
    said = run(capsys, lake, "clean", address)
    assert "nothing was published" in said
    assert not list(Lake(str(lake)).datasets("clean"))
