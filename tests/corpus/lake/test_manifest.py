"""Manifest: one dataset has one byte string, and nothing of the machine is in it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.lake.manifest import Counts, FileEntry, Manifest, address, canonical_json

MANIFEST = Manifest(
    stage="clean",
    partition="crawl-1",
    code_version="3+abc",
    config={"share": 0.5, "languages": ["en", "中文"]},
    inputs={"documents/crawl-1": "0" * 64},
    files=(
        FileEntry(path="documents/part-00000.parquet", bytes=100, rows=3, sha256="1" * 64),
        FileEntry(path="ledger/part-00000.parquet", bytes=20, rows=2, sha256="2" * 64),
    ),
    counts=Counts(records_in=6, kept=3, dropped={"short": 2}, quarantined={"torn": 1}),
    figures={"text_bytes": 12},
)
COUNTS = st.builds(
    Counts,
    records_in=st.integers(0, 99),
    kept=st.integers(0, 99),
    dropped=st.dictionaries(st.sampled_from("abc"), st.integers(0, 9)),
    quarantined=st.dictionaries(st.sampled_from("de"), st.integers(0, 9)),
)


def changed(**fields: Any) -> Manifest:
    return dataclasses.replace(MANIFEST, **fields)


def reordered(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return dict(list(mapping.items())[::-1])


def test_bytes_and_back() -> None:
    assert Manifest.from_bytes(MANIFEST.to_bytes(), where="here") == MANIFEST
    assert Manifest.from_bytes(MANIFEST.to_bytes(), where="here").digest == MANIFEST.digest


def test_the_order_of_keys_does_not_matter() -> None:
    again = changed(config=reordered(MANIFEST.config))
    assert (again.to_bytes(), again.address) == (MANIFEST.to_bytes(), MANIFEST.address)


@pytest.mark.parametrize(
    "fields",
    [
        {"stage": "unique"},
        {"partition": "crawl-2"},
        {"code_version": "4+abc"},
        {"config": {"share": 0.6, "languages": ["en", "中文"]}},
        {"inputs": {"documents/crawl-1": "f" * 64}},
        {"inputs": {"documents/crawl-2": "0" * 64}},
    ],
)
def test_whatever_decides_the_bytes_decides_the_address(fields: dict[str, Any]) -> None:
    assert changed(**fields).address != MANIFEST.address
    assert changed(**fields).digest != MANIFEST.digest


def test_the_address_is_known_before_the_result() -> None:
    assert changed(files=(), counts=Counts(records_in=0, kept=0), figures={}).address == MANIFEST.address
    key = (MANIFEST.stage, MANIFEST.partition, MANIFEST.code_version, MANIFEST.config, MANIFEST.inputs)
    assert address(*key) == MANIFEST.address


def test_the_bytes_are_frozen() -> None:
    """Golden values: a lake written today is found again by tomorrow's release."""
    assert canonical_json({"b": [1, 2.5, None, True], "a": "河"}) == '{"a":"河","b":[1,2.5,null,true]}\n'.encode()
    assert address("clean", "crawl", "1", {"a": 1}, {"x": "y"}) == "ca8a8a5f332360e7314441f85510fbdb"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, b"bytes"])
def test_what_has_no_single_form_is_refused(value: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        canonical_json({"x": value})


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b"null", b"\xff", b'{"schema":"other/1"}', b'{"schema":"headwater.manifest/2"}', b"<html>"],
)
def test_what_is_no_manifest_is_refused_naming_the_file(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"lake/clean/manifest.json is not a headwater.manifest/2 manifest"):
        Manifest.from_bytes(data, where="lake/clean/manifest.json")


def test_a_manifest_cut_anywhere_is_refused() -> None:
    data = MANIFEST.to_bytes()
    for length in range(0, len(data) - 1, 5):
        with pytest.raises(ValueError):
            Manifest.from_bytes(data[:length], where="here")
    value = json.loads(data)
    with pytest.raises(ValueError):
        Manifest.from_bytes(canonical_json(value | {"unknown": 1}), where="here")


def test_files_by_kind() -> None:
    assert [entry.path for entry in MANIFEST.of_kind("ledger")] == ["ledger/part-00000.parquet"]
    assert MANIFEST.of_kind("nothing") == ()
    assert MANIFEST.total_bytes == 120


def test_lost_records_are_counted() -> None:
    assert MANIFEST.counts.lost == 0
    assert Counts(records_in=5, kept=2, dropped={"a": 1}).lost == 2
    assert Counts(records_in=1, kept=2).lost == -1


@settings(max_examples=100, deadline=None)
@given(COUNTS, COUNTS, COUNTS)
def test_counts_add_up_in_any_order(a: Counts, b: Counts, c: Counts) -> None:
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    assert canonical_json(dataclasses.asdict(a + b)) == canonical_json(dataclasses.asdict(b + a))
    assert (a + b).lost == a.lost + b.lost
