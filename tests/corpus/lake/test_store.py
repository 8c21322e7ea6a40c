"""Lake: a dataset is there whole or not at all, on a local disk and on any other file system."""

from __future__ import annotations

import dataclasses
import pickle
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpus.duplicates.candidates import read_texts
from corpus.lake.manifest import Counts, FileEntry, Manifest
from corpus.lake.parquet import parquet_writer
from corpus.lake.store import Lake, file_sha256
from corpus.lake.verification import find_damage

TABLE = pa.table({"number": list(range(1000)), "text": [f"drop {number}" for number in range(1000)]})


@pytest.fixture(params=["local", "memory", "s3"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lake]:
    if request.param != "memory":
        url = str(tmp_path) if request.param == "local" else request.getfixturevalue("object_store").url("here")
        yield Lake(f"{url}/lake")
        return
    lake = Lake(f"memory://lake-{uuid.uuid4().hex}")
    yield lake
    if lake.fs.exists(lake.root):
        lake.fs.rm(lake.root, recursive=True)


def manifest_of(files: list[FileEntry], **fields: Any) -> Manifest:
    kept = sum(entry.rows for entry in files)
    manifest = Manifest(
        stage="clean",
        partition="crawl",
        code_version="1",
        config={"a": 1},
        inputs={"documents/crawl": "0" * 64},
        files=tuple(files),
        counts=Counts(records_in=kept, kept=kept),
    )
    return dataclasses.replace(manifest, **fields)


def put_parts(lake: Lake, scratch: Path, parts: int = 2) -> Manifest:
    """Files of a dataset, put in place; nothing published."""
    folder = lake.folder(manifest_of([]))
    entries = []
    for number in range(parts):
        path = scratch / f"part-{number}.parquet"
        with parquet_writer(path, TABLE.schema) as writer:
            writer.write_table(TABLE.slice(number * 500, 500))
        entries.append(lake.put(path, folder, f"documents/part-{number}.parquet", 500))
    return manifest_of(entries)


@pytest.fixture
def published(lake: Lake, tmp_path: Path) -> Manifest:
    return lake.publish(put_parts(lake, tmp_path), {"seconds": 1})


def damage(lake: Lake, path: str, place: int) -> None:
    data = bytearray(lake.fs.cat_file(path))
    data[place] ^= 1
    lake.fs.pipe_file(path, bytes(data))


def test_what_is_published_is_found_and_read(lake: Lake, published: Manifest) -> None:
    assert lake.find("clean", published.address) == published == lake.get("clean", published.address)
    assert list(lake.datasets()) == [published] == list(lake.datasets("clean"))
    assert list(lake.datasets("unique")) == []
    assert pa.concat_tables(lake.read(published, "documents")) == TABLE
    assert next(lake.read(published, "documents", ["number"])).column_names == ["number"]
    assert lake.read_run(published) == {"seconds": 1}
    assert list(find_damage(lake, published)) == []


def test_what_is_not_published_is_not_there(lake: Lake, tmp_path: Path) -> None:
    manifest = put_parts(lake, tmp_path)
    assert lake.find("clean", manifest.address) is None
    assert list(lake.datasets()) == []
    with pytest.raises(FileNotFoundError, match=f"no dataset clean/{manifest.address} .* materialize clean first"):
        lake.get("clean", manifest.address)


@pytest.mark.parametrize("counts", [Counts(records_in=1001, kept=1000), Counts(records_in=999, kept=1000)])
def test_lost_or_invented_records_are_refused(lake: Lake, tmp_path: Path, counts: Counts) -> None:
    manifest = put_parts(lake, tmp_path)
    wrong = manifest_of(list(manifest.files), counts=counts)
    with pytest.raises(ValueError, match=r"clean/crawl: -?1 records unaccounted for"):
        lake.publish(wrong, {})
    assert lake.find("clean", manifest.address) is None


def test_the_second_writer_of_an_address_gets_the_first_one_s_dataset(lake: Lake, published: Manifest) -> None:
    other = manifest_of(list(published.files), figures={"another": 1})
    assert other.address == published.address and other.digest != published.digest
    assert lake.publish(other, {}) == published
    assert lake.get("clean", published.address) == published


def test_publishing_clears_what_a_killed_run_would_have_needed(lake: Lake, tmp_path: Path) -> None:
    manifest = put_parts(lake, tmp_path)
    lake.write(f"{lake.folder(manifest)}/parts/part-0.json", b"{}")
    lake.publish(manifest, {})
    assert not lake.fs.exists(f"{lake.folder(manifest)}/parts")


def test_a_flipped_bit_is_found_wherever_it_is(lake: Lake, published: Manifest) -> None:
    path = f"{lake.folder(published)}/{published.files[1].path}"
    for place in (0, 700, published.files[1].bytes - 1):
        damage(lake, path, place)
        (problem,) = find_damage(lake, published)
        assert path in problem and published.files[1].sha256 in problem
        damage(lake, path, place)
    assert list(find_damage(lake, published)) == []


def test_a_missing_and_a_short_file_are_found(lake: Lake, published: Manifest) -> None:
    first, second = (f"{lake.folder(published)}/{entry.path}" for entry in published.files)
    lake.fs.rm(first)
    lake.fs.pipe_file(second, lake.fs.cat_file(second)[:-7])
    missing, short = find_damage(lake, published)
    assert missing == f"{first}: missing"
    assert f"{published.files[1].bytes - 7} bytes" in short and f"{published.files[1].bytes} bytes" in short


def test_damaged_data_is_not_read_as_if_it_were_whole(lake: Lake, published: Manifest) -> None:
    path = f"{lake.folder(published)}/{published.files[0].path}"
    damage(lake, path, 300)
    with pytest.raises(OSError, match=path):
        list(lake.read(published, "documents"))


def test_a_manifest_that_is_not_one_is_refused_by_name(lake: Lake, published: Manifest) -> None:
    lake.fs.pipe_file(f"{lake.folder(published)}/manifest.json", b"<html>")
    with pytest.raises(ValueError, match=r"manifest.json is not a headwater.manifest/2 manifest"):
        lake.find("clean", published.address)


def test_a_local_copy_has_the_bytes_of_the_manifest(lake: Lake, published: Manifest, tmp_path: Path) -> None:
    folder = lake.local_copy(published, "documents", tmp_path / "cache")
    for entry in published.files:
        assert file_sha256(folder / Path(entry.path).name) == entry.sha256
    assert lake.local_copy(published, "documents", tmp_path / "cache") == folder
    if not lake.local:
        kept = folder / "part-0.parquet"
        kept.write_bytes(b"something else")
        lake.local_copy(published, "documents", tmp_path / "cache")
        assert file_sha256(kept) == published.files[0].sha256, "a damaged copy is fetched again"
        damage(lake, f"{lake.folder(published)}/{published.files[0].path}", 9)
        with pytest.raises(OSError, match=r"part-0.parquet is damaged"):
            lake.local_copy(published, "documents", tmp_path / "elsewhere")


def test_a_lake_travels_to_a_worker(lake: Lake, published: Manifest) -> None:
    assert pickle.loads(pickle.dumps(lake)).get("clean", published.address) == published


def test_reading_follows_the_manifest_and_not_the_folder(lake: Lake, published: Manifest) -> None:
    folder = lake.folder(published)
    lake.fs.pipe_file(f"{folder}/documents/part-9.parquet", b"left by a killed run")
    lake.fs.pipe_file(f"{folder}/documents/part-0.parquet.0a1b2c3d.tmp", b"torn")
    assert sum(table.num_rows for table in lake.read(published, "documents")) == 1000


def test_a_damaged_page_is_an_error_and_never_fewer_rows(tmp_path: Path) -> None:
    """Arrow itself passes over a page whose header is damaged when it reads one column. Every bit of the first one."""
    lake, file = Lake(str(tmp_path)), tmp_path / "texts.parquet"
    texts = pa.table({"text": pa.array([f"text {number}" for number in range(50)], pa.large_string())})
    with parquet_writer(file, texts.schema) as writer:
        writer.write_table(texts)
    sound = file.read_bytes()
    reads = (
        lambda: lake.read_table(str(file), ["text"])["text"].to_pylist(),
        lambda: [row["text"] for row in lake.read_rows(str(file), ["text"])],
        lambda: [text for _, found in read_texts(lake, str(file), np.arange(50)) for text in found["text"].to_pylist()],
    )
    errors = 0
    for bit in range(8 * 4, 8 * 70):
        damaged = bytearray(sound)
        damaged[bit // 8] ^= 1 << bit % 8
        file.write_bytes(damaged)
        for read in reads:
            try:
                assert read() == texts["text"].to_pylist(), bit
            except OSError as error:
                assert str(file) in str(error)
                errors += 1
    assert errors > 500


def test_rows_by_their_places_are_those_of_the_whole_file(tmp_path: Path) -> None:
    """In the order asked for, also twice; only the row groups that hold one are read."""
    lake, path = Lake(str(tmp_path)), tmp_path / "rows.parquet"
    pq.write_table(
        pa.table({"n": range(100), "m": range(100)}), path, 7, use_dictionary=False, write_page_checksum=True
    )
    for places in ([0], [99, 0, 50], [13, 14, 6, 7, 7], list(range(100)), []):
        found = lake.read_places(str(path), np.array(places, np.int64), ["n"])
        assert found["n"].to_pylist() == places and found.column_names == ["n"]
    data = path.read_bytes()
    column = pq.read_metadata(path).row_group(3).column(0)
    end = column.data_page_offset + column.total_compressed_size
    path.write_bytes(data[: end - 9] + bytes([data[end - 9] ^ 1]) + data[end - 8 :])
    assert lake.read_places(str(path), np.array([20, 28]), ["n"])["n"].to_pylist() == [20, 28]
    with pytest.raises(OSError, match=r"rows.parquet cannot be read"):
        lake.read_places(str(path), np.array([21]), ["n"])


def test_rows_by_a_value_are_those_of_the_whole_file(tmp_path: Path) -> None:
    """What they have in other columns is read where they stand, and nowhere else."""
    lake, path = Lake(str(tmp_path)), tmp_path / "rows.parquet"
    rows = pa.table({"n": [number % 50 for number in range(100)], "m": range(100)})
    pq.write_table(rows, path, 7, use_dictionary=False, write_page_checksum=True)
    for values in ([0], [49, 3], [77], [], list(range(50))):
        found = lake.read_where(str(path), "n", pa.array(values, pa.int64()), ["m", "other"])
        assert found.to_pydict() == {"m": [number for number in range(100) if number % 50 in values]}
    data = path.read_bytes()
    for place, readable in ((1, [20]), (0, [])):  # row group 3 has rows 21 to 27
        column = pq.read_metadata(path).row_group(3).column(place)
        end = column.data_page_offset + column.total_compressed_size
        path.write_bytes(data[: end - 9] + bytes([data[end - 9] ^ 1]) + data[end - 8 :])
        for value in (20, 21):
            if value in readable:
                assert lake.read_where(str(path), "n", pa.array([value]), ["m"])["m"].to_pylist() == [value, value + 50]
            else:
                with pytest.raises(OSError, match=r"rows.parquet cannot be read"):
                    lake.read_where(str(path), "n", pa.array([value]), ["m"])
