"""`headwater dedup`: what it writes of which files, and what it says of those that it refuses."""

from __future__ import annotations

import csv
import gzip
import json
import os
import random
import subprocess
import sys
import unicodedata
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dedup_collection import PACKED, ROWS, VOCABULARY
from dedups import dedup, write_lines


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


def test_accents_of_one_character_or_of_two_are_equal(tmp_path: Path) -> None:
    """Composed and decomposed (NFC, NFD), as keyboards and file systems write them; what stays is as it was read."""
    words = random.Random(3).choices(["café", "écluse", "même", "à", "fermeture", "한강", "だが", "ghế"], k=60)
    text = " ".join(words)
    rows = [
        {"id": "a", "text": text},
        {"id": "b", "text": unicodedata.normalize("NFD", text)},
        {"id": "c", "text": unicodedata.normalize("NFD", f"{text} hiver")},
    ]
    survivors, ledger = dedup(tmp_path / "out", write_lines(tmp_path / "a.jsonl", rows))
    assert survivors == [rows[2]]
    assert {(row["id"], row["keeper"], row["reason"]) for row in ledger} == {
        ("a", "c", "near_duplicate"),
        ("b", "c", "near_duplicate"),
    }
    survivors, ledger = dedup(tmp_path / "two", write_lines(tmp_path / "b.jsonl", rows[:2]))
    assert survivors == [rows[0]] and [row["reason"] for row in ledger] == ["exact_duplicate"]


def test_csv_and_nested_columns_of_any_file(tmp_path: Path) -> None:
    nested = [{"meta": {"key": row["id"], "body": row["text"]}, "n": n} for n, row in enumerate(ROWS)]
    wanted = {row["id"] for row in dedup(tmp_path / "out", write_lines(tmp_path / "a.jsonl", ROWS))[0]}
    pq.write_table(pa.Table.from_pylist(nested), tmp_path / "nested.parquet")
    options = ("--id", "meta.key", "--text", "meta.body")
    for path in (write_lines(tmp_path / "nested.jsonl", nested), tmp_path / "nested.parquet"):
        survivors, ledger = dedup(tmp_path / "out", path, *options)
        assert {row["meta"]["key"] for row in survivors} == wanted and len(ledger) == len(ROWS) - len(wanted)
        assert all(row in nested for row in survivors)
    with open(tmp_path / "a.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, ["id", "text", "n"])
        writer.writeheader()
        writer.writerows({**row, "n": number} for number, row in enumerate(ROWS))
    for path in (tmp_path / "a.csv", tmp_path / "a.csv.gz"):
        if path.suffix == ".gz":
            path.write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
        survivors, _ = dedup(tmp_path / "out", path)
        assert {row["id"] for row in survivors} == wanted and set(survivors[0]) == {"id", "text", "n"}
