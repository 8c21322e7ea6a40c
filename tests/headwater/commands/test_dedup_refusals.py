"""What `headwater dedup` refuses, naming the file and the value; and what a run that is stopped leaves."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dedup_collection import PACKED, ROWS, collection
from dedups import dedup, documents, write_lines, written

from headwater.cli import main


def refused(capsys: pytest.CaptureFixture[str], out: Path, *argv: str | Path) -> str:
    """What a run says that writes nothing."""
    assert main(["dedup", *map(str, argv), "--out", str(out)]) == 1
    assert not out.exists() or not list(out.iterdir())
    return capsys.readouterr().err


LINE = '{"id": "a", "text": "x"}\n'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (LINE + '{"id": "b"}\n', "a.jsonl, line 2: no field 'text', but id; name another by --text"),
        (LINE + '\n{"text": "b"}\n', "a.jsonl, line 3: no field 'id', but text; name another by --id"),
        (LINE + '{"id": "b", "text": null}\n', "a.jsonl, line 2: 'text' is null"),
        (LINE + '{"id": null, "text": "b"}\n', "a.jsonl, line 2: 'id' is null"),
        (LINE + '{"id": "b", "text": 5}\n', "a.jsonl, line 2: 'text' is 5"),
        (LINE + '{"id": 2, "text": "b"}\n', "a.jsonl, line 2: 'id' is 2; ids are all strings or all integers"),
        ('{"id": 1.5, "text": "b"}\n', "a.jsonl, line 1: 'id' is 1.5; ids are all strings or all integers"),
        ('{"id": true, "text": "b"}\n', "a.jsonl, line 1: 'id' is True"),
        (LINE + '{"id": 1180591620717411303424, "text": "b"}\n', "a.jsonl, line 2: 'id' is 1180591620717411303424"),
        ('{"id": 1180591620717411303424, "text": "b"}\n', "a.jsonl, lines 1 to 1: ids are integers of 64 bits at most"),
        (LINE + '{"id": "b", "te', "a.jsonl, line 2: no JSON"),
        (LINE + '{"\x9b2J\\u001b[2J": "b"}\n', "a.jsonl, line 2: no field 'id', but \\x9b2J\\x1b[2J; name another"),
        (LINE + "[1]\n", "a.jsonl, line 2: wanted is an object, not b'[1]'"),
        (LINE + LINE, "'a' stands in {0} (document 1), and in {0} (document 2); 1 repeat an earlier one"),
        ("", "there is no document in {0}"),
        ("\n\n", "there is no document in {0}"),
    ],
)
def test_lines_that_are_refused(content: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(content)
    assert said.format(path) in refused(capsys, tmp_path / "out", path)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"id": ["a"], "content": ["b"]}, "a.parquet: no column 'text', but id, content; name another by --text"),
        ({"url": ["a"], "text": ["b"]}, "a.parquet: no column 'id', but url, text; name another by --id"),
        ({"id": ["a", "b"], "text": ["b", None]}, "a.parquet, row 2: 'text' is null"),
        ({"id": ["a", None], "text": ["b", "c"]}, "a.parquet, row 2: 'id' is null"),
        ({"id": ["a"], "text": [b"b"]}, "a.parquet: column 'text' has binary, no strings"),
        ({"id": [1.5], "text": ["b"]}, "a.parquet, rows 1 to 1: ids are strings or integers, not double"),
        ({"id": ["a"], "text": pa.array([b"\xf7\xbf\xbf\xbf"]).view(pa.string())}, "Invalid UTF8 sequence"),
        ({"id": pa.array([], pa.string()), "text": pa.array([], pa.string())}, "there is no document in {0}"),
    ],
)
def test_tables_that_are_refused(
    columns: dict[str, Any], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(columns), path)
    assert said.format(path) in refused(capsys, tmp_path / "out", path)


def test_an_id_in_two_files_names_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [write_lines(tmp_path / f"{n}.jsonl", documents(["a", "b"])[n:] + documents(["a"])) for n in (1, 2)]
    said = refused(capsys, tmp_path / "out", *files)
    assert f"'00000' stands in {files[0]} (document 2), and in {files[1]} (document 1)" in said


def test_ids_of_two_kinds_name_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pq.write_table(pa.table({"id": [1], "text": ["one"]}), tmp_path / "b.parquet")
    said = refused(capsys, tmp_path / "out", write_lines(tmp_path / "a.jsonl", ROWS), tmp_path / "b.parquet")
    assert f"{tmp_path / 'b.parquet'}: its ids are integers, and strings before it" in said


@pytest.mark.parametrize("suffix", [suffix for suffix in PACKED if suffix])
def test_a_file_that_is_cut_off_or_damaged(suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = PACKED[suffix]("".join(json.dumps(row) + "\n" for row in ROWS).encode())
    path = tmp_path / f"a.jsonl{suffix}"
    for wrong in (data[:-20], data[: len(data) // 2] + b"\xff" * 16 + data[len(data) // 2 + 16 :]):
        path.write_bytes(wrong)
        said = refused(capsys, tmp_path / "out", path)
        assert f"{path}, " in said and ("cut off or damaged" in said or "no JSON" in said)


def test_parquet_that_is_cut_off_or_damaged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_pylist(ROWS), path, write_page_checksum=True, compression="none")
    data = bytearray(path.read_bytes())
    path.write_bytes(data[:-30])
    assert f"{path}: it cannot be read as Parquet; it may be cut off" in refused(capsys, tmp_path / "out", path)
    data[len(data) // 3] ^= 4
    path.write_bytes(data)
    assert f"{path}, behind row 0: damaged (could not verify page integrity" in refused(capsys, tmp_path / "out", path)


@pytest.mark.parametrize("name", ["a.txt", "a.text.gz", "a.parquet", "folder", "gone.jsonl"])
def test_what_is_no_file_of_documents(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    elif name != "gone.jsonl":
        path.write_text(LINE)
    wanted = {"folder": "is a folder: name its files", "gone.jsonl": "does not exist"}
    assert f"{path} {wanted.get(name, 'begins with')}" in refused(capsys, tmp_path / "out", path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("id,text\n1,a\n2,b,c\n", "a.csv, line 3: 3 fields, not 2"),
        ('id,text\n1,"a\nb"\n2,"b\n', "a.csv, line 4: "),
        ("id,body\n1,a\n", "a.csv, line 2: no field 'text', but id, body; name another by --text"),
        ("id,text,id\n", "a.csv: its header names a column twice"),
        ("", "a.csv: its first line is no header"),
        ("id,text\n1,a\n1,b\n", "1 repeat an earlier one"),
    ],
)
def test_csv_that_is_refused(content: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content)
    assert said in refused(capsys, tmp_path / "out", path)


def test_a_binary_file_is_said_to_be_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_bytes(b"SQLite format 3\0")
    said = refused(capsys, tmp_path / "out", tmp_path / "a.txt")
    assert "it is an SQLite database, not text: write its table as CSV or JSON lines" in said


@pytest.mark.parametrize("threshold", ["0", "1.01", "-1", "nan"])
def test_a_threshold_that_is_none(threshold: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_lines(tmp_path / "a.jsonl", ROWS)
    said = refused(capsys, tmp_path / "out", source, "--threshold", threshold)
    assert "a similarity above 0 and at most 1 is needed" in said


def test_a_folder_that_is_written_to_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The two files are replaced, others left alone, and a failed run leaves everything as it was."""
    out = tmp_path / "out"
    first = dedup(out, write_lines(tmp_path / "a.jsonl", ROWS))
    (out / "notes").write_text("mine")
    bad = tmp_path / "b.jsonl"
    bad.write_text(LINE + "{")
    assert main(["dedup", str(bad), "--out", str(out)]) == 1
    assert written(out) == first
    survivors, ledger = dedup(out, write_lines(tmp_path / "a.jsonl", ROWS[:1]))
    assert (survivors, ledger) == (ROWS[:1], [])
    assert sorted(path.name for path in out.iterdir()) == ["ledger.parquet", "notes", "survivors.parquet"]
    capsys.readouterr()
    assert main(["dedup", str(out / "survivors.parquet"), "--out", str(out)]) == 1
    assert "survivors.parquet would be overwritten: name another folder by --out" in capsys.readouterr().err
    assert main(["dedup", str(bad), "--out", str(bad)]) == 1
    assert f"{bad} is a file: name a folder by --out" in capsys.readouterr().err


def test_progress_on_a_terminal(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "a.jsonl", ROWS)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    argv = [sys.executable, "-m", "headwater.cli", "dedup", str(source), "--out", str(tmp_path / "out")]
    done = subprocess.run(argv, stderr=theirs, stdout=subprocess.PIPE, check=True)
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    assert shown.index("reading: ") < shown.index("comparing: ") < shown.index("writing: ")
    assert "/100" in shown, "of how many, once that is known"
    assert b"\r" not in done.stdout
    os.close(ours)


def test_a_second_run_in_one_folder_waits_for_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    assert main(["dedup", str(write_lines(tmp_path / "a.jsonl", ROWS)), "--out", str(tmp_path)]) == 1
    assert f"another run writes to {tmp_path}" in capsys.readouterr().err
    os.close(descriptor)
    assert len(dedup(tmp_path, tmp_path / "a.jsonl")[0]) == 60


def test_a_killed_run_leaves_no_file_at_a_final_name_and_the_next_one_clears_up(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "a.jsonl", collection(20_000))
    out = tmp_path / "out"
    run = subprocess.Popen([sys.executable, "-m", "headwater.cli", "dedup", str(source), "--out", str(out)])
    while not (out / ".dedup" / "band-000").exists():
        time.sleep(0.01)
    run.send_signal(signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    assert [path.name for path in out.iterdir()] == [".dedup"]
    survivors, _ = dedup(out, write_lines(tmp_path / "a.jsonl", ROWS))
    assert len(survivors) == 60
    assert sorted(path.name for path in out.iterdir()) == ["ledger.parquet", "survivors.parquet"]
