"""Listing: which files a crawl is, the same on every machine, and what is said of those that it is not."""

from __future__ import annotations

import gzip
import uuid
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from warc_bytes import three

from corpus.lake.manifest import sha256
from corpus.sources import crawl_id, open_crawl
from corpus.sources.archives import open_source

GZIP, PLAIN = b"".join(three()), b"".join(three(compressed=False))


@pytest.fixture(params=["local", "memory"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty place whose last part is `crawl-7`."""
    if request.param == "local":
        yield str(tmp_path / "crawl-7")
        return
    url = f"memory://{uuid.uuid4().hex}/crawl-7"
    yield url
    fsspec.filesystem("memory").rm(url, recursive=True)


def put(root: str, files: dict[str, bytes]) -> None:
    fs, path = fsspec.core.url_to_fs(root)
    for name, data in files.items():
        fs.makedirs(f"{path}/{name}".rsplit("/", 1)[0], exist_ok=True)
        fs.pipe_file(f"{path}/{name}", data)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("s3://bucket/CC-MAIN-2026-01/", "CC-MAIN-2026-01"),
        ("/data/river.warc.gz", "river"),
        ("river.warc", "river"),
        ("/data/my crawl (new)", "my-crawl-new"),
        ("/data/v1.2", "v1.2"),
        ("/data/CC-MAIN-1.warc.wet.gz", "CC-MAIN-1"),
        ("hf/train-0.parquet", "train-0"),
        ("c4.00000.json.gz", "c4.00000"),
        ("zhwiki-latest-pages-articles.xml.bz2", "zhwiki-latest-pages-articles"),
        ("CC-MAIN-2026-05#3", "CC-MAIN-2026-05"),
        ("CC-MAIN-2026-05?files=3", "CC-MAIN-2026-05"),
        ("../crawl", "crawl"),
    ],
)
def test_a_crawl_is_named_by_the_last_part_of_its_place(url: str, wanted: str) -> None:
    assert crawl_id(url) == wanted


@pytest.mark.parametrize("url", ["/", "..", "", "/data/河", "/data/.warc.gz"])
def test_what_gives_no_name_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="no name for a crawl can be made of"):
        crawl_id(url)


def test_a_folder_is_its_warc_files_by_name(root: str) -> None:
    put(root, {"b.warc": PLAIN, "a/1.warc.gz": GZIP, "a/0.WARC.GZ": GZIP[:-9]})
    crawl = open_crawl(root)
    assert crawl.id == "crawl-7"
    assert [(file.name, file.bytes, file.splittable) for file in crawl.files] == [
        ("a/0.WARC.GZ", len(GZIP) - 9, True),
        ("a/1.warc.gz", len(GZIP), True),
        ("b.warc", len(PLAIN), False),
    ]
    assert crawl.digests == {"a/0.WARC.GZ": sha256(GZIP[:-9]), "a/1.warc.gz": sha256(GZIP), "b.warc": sha256(PLAIN)}
    assert crawl.skipped == {}
    for file in crawl.files:
        with open_source(file.url) as (opened, _):
            assert sha256(opened.read()) == file.sha256


def test_names_do_not_tell_where_the_crawl_lies(tmp_path: Path) -> None:
    for place in ("here", "there/deeper"):
        put(str(tmp_path / place / "crawl"), {"a/1.warc.gz": GZIP})
    here, there = open_crawl(str(tmp_path / "here/crawl")), open_crawl(str(tmp_path / "there/deeper/crawl/"))
    assert (here.id, here.digests) == (there.id, there.digests)


def test_what_only_looks_like_a_warc_is_skipped_and_reported(root: str) -> None:
    put(
        root,
        {
            "good.warc.gz": GZIP,
            "error.warc.gz": b"<html>503 Slow Down</html>",
            "empty.warc.gz": b"",
            "zeros.warc.gz": b"\0" * 100,
            "packed-error.warc.gz": gzip.compress(b"<html>no such key</html>"),
            "torn.warc.gz": b"\x1f\x8b\x08\0" + b"\xff" * 50,
            "river.csv": b"a,b",
            "river.log": b"a,b",
            "settings.json": b'{\n "a": 1\n}\n',
            ".cache/notes.txt": b"kept by a tool",
            "table.parquet": b"PAR1, cut off",
        },
    )
    crawl = open_crawl(root)
    assert [file.name for file in crawl.files] == ["good.warc.gz"]
    assert (
        crawl.skipped["river.csv"]
        == "it has no column text or content, but a, b; give --text COLUMN to python -m pipelines ingest"
    )
    assert crawl.skipped["river.log"].startswith("it begins with b'a,b'; wanted is WARC, WET, ARC, Parquet")
    assert crawl.skipped[".cache/notes.txt"] == "it is hidden"
    assert "footer cannot be read" in crawl.skipped["table.parquet"]
    assert "settings.json" in crawl.skipped
    assert crawl.skipped["empty.warc.gz"] == "it is empty (0 bytes)"
    assert "b'<html>503 Slow Down</html>'" in crawl.skipped["error.warc.gz"]
    assert "gzip of b'<html>no such key</html>'" in crawl.skipped["packed-error.warc.gz"]
    assert "cannot be decompressed" in crawl.skipped["torn.warc.gz"]
    assert r"\x00" in crawl.skipped["zeros.warc.gz"]


def test_a_single_file_is_a_crawl(root: str) -> None:
    put(root, {"river.warc.gz": GZIP})
    crawl = open_crawl(f"{root}/river.warc.gz")
    assert crawl.id == "river"
    assert crawl.digests == {"river.warc.gz": sha256(GZIP)}


def test_a_single_file_that_is_no_warc_is_an_error(root: str) -> None:
    put(root, {"river.warc.gz": b"<!DOCTYPE html>"})
    with pytest.raises(ValueError, match=r"river.warc.gz cannot be read: it begins with b'<!DOCTYPE html>'"):
        open_crawl(f"{root}/river.warc.gz")


def test_a_folder_with_nothing_to_read_says_what_it_has(root: str) -> None:
    put(root, {"river.csv": b"a,b", "lake.txt": b""})
    wanted = r"holds nothing to read; found: lake.txt: it is empty \(0 bytes\); river.csv: it has no column text"
    with pytest.raises(ValueError, match=wanted):
        open_crawl(root)


def test_what_does_not_exist_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"does not exist: --crawl takes a file .*, a folder of them, or"):
        open_crawl(str(tmp_path / "nowhere"))
