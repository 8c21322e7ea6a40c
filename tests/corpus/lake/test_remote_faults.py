"""A lake in an object store that is busy, slow, cut off, full or behind the times: nothing is lost, nothing is half
there, and what stays wrong is said with the object's name and what to do."""

from __future__ import annotations

import errno
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
import pytest
from faulty_proxy import BUSY, CUT, CUT_UPLOAD, DRIP, EMPTY_503, FULL, LOST, SILENT, STALE
from object_store import IMPATIENT, ObjectStore
from one_file import manifest_of, publish, put

from corpus.lake import remote_files
from corpus.lake.store import Lake
from corpus.lake.verification import find_damage


@pytest.fixture
def lake(object_store: ObjectStore) -> Lake:
    return Lake(object_store.url("lake"))


@pytest.fixture
def impatient_lake(object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Whose client gives up a request after two seconds without a byte."""
    monkeypatch.setitem(fsspec.config.conf, "s3", object_store.options | {"config_kwargs": IMPATIENT})
    return Lake(object_store.url("lake"))


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        pytest.param(BUSY, ".", id="503 of the store"),
        pytest.param(EMPTY_503, ".", id="503 of a load balancer"),
        pytest.param(DRIP, "^GET ", id="slow reads"),
        pytest.param(CUT, "^GET .*part-0", id="download cut half-way"),
        pytest.param(CUT_UPLOAD, "^PUT .*part-0", id="upload cut half-way"),
        pytest.param(LOST, "^PUT ", id="an answer lost"),
    ],
)
def test_a_fault_that_passes_is_waited_out(
    kind: int, pattern: str, lake: Lake, object_store: ObjectStore, tmp_path: Path
) -> None:
    fault = object_store.proxy.fail(kind, pattern, times=2)
    published = publish(lake, tmp_path)
    assert list(find_damage(lake, published)) == []
    assert lake.get("clean", published.address) == published
    assert fault.met == 2


def test_a_store_that_is_silent_for_a_while_is_asked_again(
    impatient_lake: Lake, object_store: ObjectStore, tmp_path: Path
) -> None:
    published = publish(impatient_lake, tmp_path)
    fault = object_store.proxy.fail(SILENT, "^GET .*part-0", times=2)
    assert list(find_damage(impatient_lake, published)) == [] and fault.met >= 2


def test_a_store_that_stays_silent_is_an_error_that_names_the_object(
    impatient_lake: Lake, object_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = publish(impatient_lake, tmp_path)
    monkeypatch.setattr(remote_files, "TRIES", 2)
    object_store.proxy.fail(SILENT, "^GET .*part-0")
    with pytest.raises(OSError, match=r"part-0.parquet: 2 attempts failed, the last: Read timeout"):
        list(find_damage(impatient_lake, published))


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        pytest.param(BUSY, "reduce your request rate", id="a 503 storm"),
        pytest.param(EMPTY_503, "Service Unavailable", id="a 503 storm of a load balancer"),
        pytest.param(CUT_UPLOAD, "endpoint URL", id="every upload cut half-way"),
    ],
)
def test_an_upload_that_fails_for_good_names_the_object_and_publishes_nothing(
    kind: int, why: str, lake: Lake, object_store: ObjectStore, tmp_path: Path
) -> None:
    object_store.proxy.fail(kind, "^PUT ")
    with pytest.raises(OSError, match=f"clean/.*/documents/part-0.parquet: 5 attempts failed.*{why}.*run again"):
        publish(lake, tmp_path)
    assert object_store.objects() == {}
    object_store.proxy.heal()
    assert publish(lake, tmp_path) == lake.get("clean", manifest_of([]).address)


@pytest.mark.parametrize("kind", [BUSY, CUT], ids=["503 storm", "every download cut half-way"])
def test_a_read_that_fails_for_good_names_the_object(
    kind: int, lake: Lake, object_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = publish(lake, tmp_path)
    monkeypatch.setattr(remote_files, "TRIES", 2)
    object_store.proxy.fail(kind, "^GET .*part-0")
    with pytest.raises(OSError, match=r"documents/part-0.parquet: 2 attempts failed"):
        list(find_damage(lake, published))
    with pytest.raises(OSError, match=r"part-0.parquet"):
        lake.local_copy(published, "documents", tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("*.parquet")), "half a file is no copy"


def test_a_store_that_does_not_answer_is_not_a_lake_without_datasets(
    lake: Lake, object_store: ObjectStore, tmp_path: Path
) -> None:
    published = publish(lake, tmp_path)
    object_store.proxy.fail(BUSY, "^(GET|HEAD) .*manifest.json")
    for ask in (lambda: lake.find("clean", published.address), lambda: list(lake.datasets())):
        with pytest.raises(OSError, match=r"manifest.json: 5 attempts failed"):
            ask()


def test_no_space_is_said_at_once_and_nothing_is_published(
    lake: Lake, object_store: ObjectStore, tmp_path: Path
) -> None:
    fault = object_store.proxy.fail(FULL, "^PUT ")
    with pytest.raises(OSError, match=r"part-0.parquet: the store has no space left .* raise the quota") as caught:
        publish(lake, tmp_path)
    assert caught.value.errno == errno.ENOSPC and fault.met == 1
    object_store.proxy.heal()
    object_store.proxy.fail(FULL, "^PUT .*manifest.json")
    with pytest.raises(OSError, match=r"manifest.json: the store has no space left"):
        publish(lake, tmp_path)
    assert list(lake.datasets()) == []
    object_store.proxy.heal()
    assert list(find_damage(lake, publish(lake, tmp_path))) == []


def test_a_stale_listing_hides_no_dataset_from_who_knows_its_address(
    lake: Lake, object_store: ObjectStore, tmp_path: Path
) -> None:
    """Nothing that is computed depends on a listing: readers follow manifests."""
    object_store.proxy.fail(STALE, "list-type=2")
    assert list(lake.datasets()) == []
    published = publish(lake, tmp_path)
    assert lake.get("clean", published.address) == published
    assert list(find_damage(lake, published)) == []
    assert list(lake.datasets()) == [], "the listing is stale, so this test shows something"


def test_a_stale_listing_shows_no_dataset_that_is_gone(lake: Lake, object_store: ObjectStore, tmp_path: Path) -> None:
    published = publish(lake, tmp_path)
    object_store.proxy.fail(STALE, "list-type=2")
    assert list(lake.datasets()) == [published]
    object_store.files.rm(object_store.path("lake"), recursive=True)
    assert list(lake.datasets()) == [] and lake.find("clean", published.address) is None


def test_what_another_machine_publishes_is_seen_though_this_one_has_listed_before(
    lake: Lake, object_store: ObjectStore, tmp_path: Path
) -> None:
    assert list(lake.datasets("clean")) == [] and lake.find("clean", manifest_of([]).address) is None
    here = lake.names(lake.root)
    for path, data in (("clean/1/manifest.json", b"{}"), ("clean/2/manifest.json", b"{}")):
        object_store.files.pipe_file(object_store.path(f"lake/{path}"), data)
        assert f"{lake.root}/{path}" in lake.manifest_paths()
    assert lake.names(lake.root) == [*here, "clean"]


def test_a_missing_bucket_and_missing_rights_are_said_at_once(tmp_path: Path, object_store: ObjectStore) -> None:
    with pytest.raises(OSError, match=r"no-such-bucket/lake/clean/.*: the store has no such bucket; create it"):
        publish(Lake("s3://no-such-bucket/lake"), tmp_path)


# Two writers --------------------------------------------------------------------------------------------------------


def test_two_writers_at_once_leave_one_dataset(object_store: ObjectStore, tmp_path: Path) -> None:
    """Each sends other run times and the same bytes; the first manifest stands, and each is told of that one."""
    lakes = [Lake(object_store.url("lake")) for _ in range(8)]
    folders = [tmp_path / str(number) for number in range(8)]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(publish, lakes, folders))
    assert {one.digest for one in found} == {lakes[0].get("clean", found[0].address).digest}
    assert list(find_damage(lakes[0], found[0])) == []


def test_a_writer_of_other_bytes_does_not_damage_what_is_published(lake: Lake, tmp_path: Path) -> None:
    """A model trained on other hardware has the same address and other bytes."""
    published = publish(lake, tmp_path)
    with pytest.raises(FileExistsError, match=r"part-0.parquet is there with sha256 .* delete .*/clean/[0-9a-f]+ and"):
        put(lake, tmp_path, b"other bytes")
    assert list(find_damage(lake, published)) == []


def test_two_writers_in_a_store_without_conditional_writes(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that refuses the header is asked first, and written to then."""
    write = lake.fs._fs.pipe_file

    def refuse(path: str, data: bytes, mode: str = "overwrite") -> None:
        if mode == "create":
            raise OSError(errno.ENOSYS, "A header you provided implies functionality that is not implemented")
        write(path, data)

    monkeypatch.setattr(lake.fs._fs, "pipe_file", refuse)
    lake.fs.create(lake.path("one"), b"first")
    with pytest.raises(FileExistsError):
        lake.fs.create(lake.path("one"), b"second")
    assert lake.fs.cat_file(lake.path("one")) == b"first"
