"""Large objects of a lake in an object store, and what killed runs and deletions leave there."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from faulty_proxy import CUT_UPLOAD, FULL
from object_store import ObjectStore
from one_file import DATA, manifest_of, publish, put

from corpus.lake.deletion import delete_dataset, find_leftovers
from corpus.lake.store import Lake
from corpus.lake.uploads import abort_uploads, find_abandoned_uploads

LARGE = 101 << 20  # bytes: s3fs sends what is larger than 100 MB in parts


@pytest.fixture
def lake(object_store: ObjectStore) -> Lake:
    return Lake(object_store.url("lake"))


@pytest.fixture(scope="module")
def large() -> bytes:
    return os.urandom(1 << 20) * (LARGE >> 20)


def test_a_large_object_is_sent_in_parts_once_and_read_back(
    lake: Lake, object_store: ObjectStore, tmp_path: Path, large: bytes
) -> None:
    object_store.proxy.fail(CUT_UPLOAD, "partNumber=2", times=1)
    [entry] = put(lake, tmp_path, large).files
    path = f"{lake.folder(manifest_of([]))}/{entry.path}"
    assert lake.fs.digest(path) == entry.sha256 == hashlib.sha256(large).hexdigest()
    assert object_store.uploads() == []
    with pytest.raises(FileExistsError):
        put(lake, tmp_path, large[:-1] + b"!")
    assert lake.fs.digest(path) == entry.sha256 and object_store.uploads() == []


def test_an_upload_in_parts_that_fails_is_aborted(
    lake: Lake, object_store: ObjectStore, tmp_path: Path, large: bytes
) -> None:
    object_store.proxy.fail(FULL, "partNumber=2")
    with pytest.raises(OSError, match=r"part-0.parquet: the store has no space left"):
        put(lake, tmp_path, large)
    assert object_store.objects() == {} and object_store.uploads() == []


def test_what_a_killed_upload_left_is_found_after_a_day_and_aborted(lake: Lake, object_store: ObjectStore) -> None:
    folder = lake.folder(manifest_of([]))
    bucket, key, _ = object_store.files.split_path(f"{folder}/documents/part-0.parquet")
    begun = object_store.files.call_s3("create_multipart_upload", Bucket=bucket, Key=key)
    object_store.files.call_s3(
        "upload_part", Bucket=bucket, Key=key, UploadId=begun["UploadId"], PartNumber=1, Body=DATA
    )
    other = object_store.files.call_s3("create_multipart_upload", Bucket=bucket, Key=f"{object_store.folder}/lake-2/x")
    now = datetime(2010, 11, 10, 21, tzinfo=UTC)  # what moto's server says of every upload is that it began by then
    assert find_abandoned_uploads(lake, now) == [], "it may be under way"
    abort_uploads(lake, find_abandoned_uploads(lake, now + timedelta(days=1)))
    assert object_store.uploads() == [other["Key"]], "what lies beside the lake is not the lake's"


# Deletion -----------------------------------------------------------------------------------------------------------


def test_what_killed_runs_left_is_found_after_a_day(lake: Lake, tmp_path: Path) -> None:
    manifest = put(lake, tmp_path)
    assert list(find_leftovers(lake)) == []
    tomorrow = datetime.now(UTC) + timedelta(days=1, minutes=1)
    assert list(find_leftovers(lake, tomorrow)) == [("clean", manifest.address)]
    delete_dataset(lake, "clean", manifest.address)
    assert list(find_leftovers(lake, tomorrow)) == []
    published = publish(lake, tmp_path)
    assert list(find_leftovers(lake, tomorrow)) == []
    delete_dataset(lake, "clean", published.address)
    assert lake.fs.find(lake.root) == []


def test_a_deletion_that_the_store_refuses_is_not_taken_for_done(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to a deletion of many objects is 200, with the refused ones in its text, which s3fs does not read."""
    published = publish(lake, tmp_path)
    monkeypatch.setattr(lake.fs._fs, "rm", lambda *_, **__: [])
    with pytest.raises(OSError, match=r"manifest.json could not be deleted"):
        delete_dataset(lake, "clean", published.address)
