"""`headwater dedup`: what it writes of which files, and what it says of those that it refuses."""

from __future__ import annotations

import bz2
import fcntl
import gzip
import json
import os
import pty
import random
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any

import lz4.frame
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backports import zstd
from dedups import dedup, documents, write_lines, written

from headwater.cli import main

VOCABULARY = [f"word{number}" for number in range(3_000)]
PACKED = {".gz": gzip.compress, ".zst": zstd.compress, ".bz2": bz2.compress, ".lz4": lz4.frame.compress, "": bytes}


def collection(size: int = 60, seed: int = 1) -> list[dict[str, Any]]:
    """Of every third text there is a copy in another case, of every third one with a word changed."""
    random_ = random.Random(seed)
    texts = []
    for number in range(size):
        words = random_.choices(VOCABULARY, k=random_.randint(80, 200))
        texts.append(" ".join(words))
        if number % 3 == 0:
            texts.append(" ".join(words).upper())
        if number % 3 == 1:
            texts.append(" ".join([*words[:40], "another", *words[41:]]))
    return documents(texts)


ROWS = collection()


def refused(capsys: pytest.CaptureFixture[str], out: Path, *argv: str | Path) -> str:
    """What a run says that writes nothing."""
    assert main(["dedup", *map(str, argv), "--out", str(out)]) == 1
    assert not out.exists() or not list(out.iterdir())
    return capsys.readouterr().err


def test_survivors_and_ledger_share_out_the_documents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    survivors, ledger = dedup(tmp_path / "out", write_lines(tmp_path / "a.jsonl", ROWS))
    stay, gone = {row["id"] for row in survivors}, {row["id"] for row in ledger}
    assert len(survivors) == 60 and len(ledger) == 40
    assert stay | gone == {row["id"] for row in ROWS} and not stay & gone
    assert {row["keeper"] for row in ledger} <= stay
    assert survivors == [row for row in ROWS if row["id"] in stay], "in the input's order"
    reasons = [row["reason"] for row in ledger]
    assert (reasons.count("exact_duplicate"), reasons.count("near_duplicate")) == (20, 20)
    assert all((row["similarity"] == 1) == (row["reason"] == "exact_duplicate") for row in ledger)
    printed = capsys.readouterr()
    for said in ("documents    100,", "exact        20 removed", "near         20 removed", "survivors    60: "):
        assert said in printed.out
    assert not printed.err


def test_the_longest_stays_and_of_equally_long_ones_the_one_with_the_least_id(tmp_path: Path) -> None:
    text = " ".join(VOCABULARY[:100])
    rows = [{"id": name, "text": text} for name in "cab"] + [{"id": "longer", "text": f"{text} more"}]
    survivors, ledger = dedup(tmp_path / "out", write_lines(tmp_path / "a.jsonl", rows))
    assert [row["id"] for row in survivors] == ["longer"]
    assert [(row["id"], row["keeper"], row["reason"]) for row in ledger] == [
        (name, "longer", "near_duplicate") for name in "abc"
    ]
    assert {row["similarity"] for row in ledger} == {96 / 97}


def test_any_order_of_files_and_rows(tmp_path: Path) -> None:
    wanted = None
    for seed in range(4):
        rows = random.Random(seed).sample(ROWS, len(ROWS))
        files = [write_lines(tmp_path / f"{seed}-{n}.jsonl", rows[n::3]) for n in range(3)]
        survivors, _ = dedup(tmp_path / "out", *files)
        found = {row["id"] for row in survivors}, (tmp_path / "out" / "ledger.parquet").read_bytes()
        wanted = wanted or found
        assert found == wanted


def test_any_hash_seed_and_number_of_threads(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "a.jsonl", ROWS)
    found = set()
    for seed in ("0", "1", "2"):
        out = tmp_path / seed
        argv = [sys.executable, "-m", "headwater.cli", "dedup", str(source), "--out", str(out)]
        environment = {**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": seed, "LC_ALL": "C"}
        subprocess.run(argv, check=True, env=environment, capture_output=True)
        found.add(b"".join((out / f"{name}.parquet").read_bytes() for name in ("survivors", "ledger")))
    assert len(found) == 1


@pytest.mark.parametrize("suffix", PACKED)
def test_json_lines_however_compressed_and_parquet_give_the_same(suffix: str, tmp_path: Path) -> None:
    half = len(ROWS) // 2
    path = tmp_path / f"a.jsonl{suffix}"
    parts = ["".join(json.dumps(row) + "\n" for row in part).encode() for part in (ROWS[:half], ROWS[half:])]
    path.write_bytes(b"".join(map(PACKED[suffix], parts)))  # two members
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "a.parquet", row_group_size=7)
    from_lines, from_parquet = (dedup(tmp_path / str(n), file) for n, file in enumerate((path, tmp_path / "a.parquet")))
    assert from_lines == from_parquet
    assert len(from_lines[0]) == 60


@pytest.mark.parametrize(
    "ids",
    [
        pa.array([3, 1, 2], pa.int16()),
        pa.array([2**64 - 1, 1, 2], pa.uint64()),
        pa.array([b"ab", b"cd", b"ef"], pa.binary(2)),
        pa.array(["ab", "cd", "ef"]).dictionary_encode(),
        pa.array([bytes([number] * 16) for number in range(3)], pa.binary(16)).cast(pa.uuid()),
    ],
)
def test_ids_of_any_type_and_columns_of_any_name(ids: pa.Array, tmp_path: Path) -> None:
    texts = [" ".join(VOCABULARY[:50]), " ".join(VOCABULARY[60:99]), " ".join(VOCABULARY[:49])]
    pq.write_table(pa.table({"body": pa.array(texts, pa.large_string()), "key": ids}), tmp_path / "a.parquet")
    survivors, ledger = dedup(tmp_path / "out", tmp_path / "a.parquet", "--id", "key", "--text", "body")
    names = ids.to_pylist()
    assert survivors == [{"body": text, "key": name} for text, name in zip(texts[:2], names, strict=False)]
    assert [(row["id"], row["keeper"]) for row in ledger] == [(names[2], names[0])]
    schemas = [pq.read_schema(tmp_path / "out" / f"{name}.parquet") for name in ("survivors", "ledger")]
    kinds = {schemas[0].field("key").type, schemas[1].field("id").type, schemas[1].field("keeper").type}
    assert kinds == {pa.large_string() if pa.types.is_dictionary(ids.type) else ids.type}


def test_large_and_small_integer_ids_of_json_lines(tmp_path: Path) -> None:
    rows = [{"id": number, "text": f"text {number}"} for number in (5, 2**64 - 1, 7)]
    files = [write_lines(tmp_path / f"{row['id']}.jsonl", [row]) for row in rows]
    survivors, ledger = dedup(tmp_path / "out", *files)
    assert survivors == rows and not ledger


def test_all_columns_are_kept(tmp_path: Path) -> None:
    """Those of Parquet as they are, those of JSON in the types of their values, or as JSON text."""
    lines = [
        {
            "id": "1",
            "text": "one",
            "score": 1,
            "tags": ["a"],
            "meta": {"host": "x"},
            "odd": 1,
            "empty": {},
            "none": None,
        },
        {"id": "2", "text": "two", "score": 0.5, "tags": [], "meta": {"port": 80}, "odd": "b", "empty": {}},
        {"id": "3", "text": "three", "late": True},
    ]
    table = pa.table({"id": ["4"], "score": pa.array([2], pa.int32()), "text": ["four"], "late": [False]})
    pq.write_table(table, tmp_path / "b.parquet")
    survivors, _ = dedup(tmp_path / "out", write_lines(tmp_path / "a.jsonl", lines), tmp_path / "b.parquet")
    nothing = dict.fromkeys(["score", "tags", "meta", "odd", "empty", "none", "late"])
    assert survivors == [
        {**nothing, **lines[0], "score": 1.0, "meta": {"host": "x", "port": None}, "odd": "1", "empty": "{}"},
        {**nothing, **lines[1], "meta": {"host": None, "port": 80}, "odd": '"b"', "empty": "{}"},
        {**nothing, **lines[2]},
        {**nothing, "id": "4", "text": "four", "score": 2.0, "late": False},
    ]


def test_a_column_that_files_disagree_on_is_left_out_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, score in (("a", 1), ("b", "high")):
        pq.write_table(pa.table({"id": [name], "text": [name], "score": [score]}), tmp_path / f"{name}.parquet")
    survivors, _ = dedup(tmp_path / "out", tmp_path / "a.parquet", tmp_path / "b.parquet")
    assert survivors == [{"id": "a", "text": "a"}, {"id": "b", "text": "b"}]
    assert "left out     score" in capsys.readouterr().out


def test_blank_lines_a_byte_order_mark_no_last_line_end_and_half_a_surrogate_pair(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    text = r'"half \ud83d, whole \ud83d\ude00, none \\ud83d"'
    path.write_bytes(
        b"\xef\xbb\xbf" + b'{"id": "a", "text": "one"}\r\n\n  \n{"id": "b", "text": ' + text.encode() + b"}"
    )
    survivors, _ = dedup(tmp_path / "out", path)
    assert [row["text"] for row in survivors] == ["one", "half \ufffd, whole 😀, none \\ud83d"]


def test_containment_removes_what_a_longer_one_holds(tmp_path: Path) -> None:
    whole = " ".join(VOCABULARY[:104])
    rows = [{"id": "whole", "text": whole}, {"id": "part", "text": " ".join(VOCABULARY[:72])}]
    path = write_lines(tmp_path / "a.jsonl", rows)
    assert dedup(tmp_path / "jaccard", path)[1] == []
    [gone] = dedup(tmp_path / "containment", path, "--measure", "containment")[1]
    assert gone == {"id": "part", "keeper": "whole", "similarity": 1.0, "reason": "near_duplicate"}
    [gone] = dedup(tmp_path / "low", path, "--threshold", "0.6")[1]
    assert gone["similarity"] == 68 / 100


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


@pytest.mark.parametrize("name", ["a.txt", "a.csv.gz", "a.parquet", "folder", "gone.jsonl"])
def test_what_is_no_file_of_documents(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    elif name != "gone.jsonl":
        path.write_text(LINE)
    wanted = {"folder": "is a folder: name its files", "gone.jsonl": "does not exist"}
    assert f"{path} {wanted.get(name, 'begins with')}" in refused(capsys, tmp_path / "out", path)


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
