"""Archives: zip, WACZ and tar are folders of files, each read as if it lay beside them, and found again by its place.

What is hostile or broken is passed over, said, and never held in memory.
"""

from __future__ import annotations

import bz2
import gzip
import io
import resource
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import damage_bytes
from source_files import outcomes
from warc_bytes import three

from corpus.archive.pages import NotAPage
from corpus.archive.ranges import FileRange
from corpus.lineage.reread import payload_digest
from corpus.sources import Crawl, open_crawl, zipfiles
from corpus.sources.archives import SourceOpener, open_source
from corpus.sources.contract import SourceRecord
from corpus.sources.kinds import SOURCES

WARC = b"".join(three())
LINES = b'{"text": "The ferry is full.", "url": "https://ferry.example/"}\n' * 40
FILES = {"archive/a.warc.gz": WARC, "archive/b.warc": b"".join(three(compressed=False)), "rows.jsonl": LINES}


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return sink.getvalue()


def tarred(files: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=form) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return sink.getvalue()


PACKED: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "a.zip": zipped,
    "deflated.zip": lambda files: zipped(files, zipfile.ZIP_DEFLATED),
    "a.tar": tarred,
    "gnu.tar": lambda files: tarred(files, tarfile.GNU_FORMAT),
    "old.tar": lambda files: tarred(files, tarfile.USTAR_FORMAT),
    "a.tar.gz": lambda files: gzip.compress(tarred(files)),
    "a.tgz": lambda files: gzip.compress(tarred(files)),
    "a.tar.zst": lambda files: zstd.compress(tarred(files)),
    "a.tar.bz2": lambda files: bz2.compress(tarred(files)),
    "named otherwise.txt": tarred,
}


def crawl_of(folder: Path, name: str, data: bytes) -> Crawl:
    """Of a folder with that file, and one that can be read beside it."""
    (folder / "crawl").mkdir(exist_ok=True)
    (folder / "crawl" / name).write_bytes(data)
    (folder / "crawl" / "beside.txt").write_bytes(b"The ferry is full.")
    return open_crawl(str(folder / "crawl"))


def records(crawl: Crawl) -> dict[str, list[SourceRecord]]:
    found: dict[str, list[SourceRecord]] = {}
    for file in crawl.files:
        with open_source(file.url) as (opened, size):
            assert size == file.bytes
            span = FileRange(start=0, stop=size)
            found[file.name] = list(SOURCES[file.kind].read(opened, size, file.name, span))
    return found


@pytest.mark.parametrize("name", PACKED)
def test_an_archive_is_read_as_the_files_in_it(name: str, tmp_path: Path) -> None:
    found = records(crawl_of(tmp_path, name, PACKED[name](FILES)))
    for inner, data in FILES.items():
        (tmp_path / "plain" / inner).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "plain" / inner).write_bytes(data)
    plain = records(open_crawl(str(tmp_path / "plain")))
    assert {file: found[f"{name}/{file}"] for file in FILES} == plain
    assert len(found) == len(FILES) + 1


@pytest.mark.parametrize("name", PACKED)
def test_each_document_is_found_again(name: str, tmp_path: Path) -> None:
    crawl = crawl_of(tmp_path, name, PACKED[name](FILES))
    urls = {file.name: file.url for file in crawl.files}
    seen = 0
    for file, found in records(crawl).items():
        for one in found[:3]:
            assert not isinstance(one.content, NotAPage)
            origin = {"warc_offset": one.offset, "warc_file": file}
            assert payload_digest(urls[file], origin) == one.content.payload_digest
            seen += 1
    assert seen == 10


@pytest.mark.parametrize("name", ["a.tar.gz", "deflated.zip"])
def test_files_of_an_archive_can_be_opened_in_any_order(name: str, tmp_path: Path) -> None:
    crawl = crawl_of(tmp_path, name, PACKED[name]({f"{n}.txt": b"%d" % n for n in range(6)}))
    urls, opener = [file.url for file in crawl.files if file.name.startswith(name)], SourceOpener()
    for number in (0, 1, 4, 5, 2, 2, 0):
        with opener.open(urls[number]) as (file, size):
            assert file.read(size) == b"%d" % number
    opener.close()


def test_what_lies_in_an_archive_as_it_is_can_be_split(tmp_path: Path) -> None:
    for name, wanted in (("a.zip", True), ("a.tar", True), ("a.tar.gz", False), ("deflated.zip", False)):
        files = {file.name: file for file in crawl_of(tmp_path, name, PACKED[name](FILES)).files}
        assert files[f"{name}/archive/a.warc.gz"].splittable is wanted


def test_of_a_wacz_the_warc_files_are_read(tmp_path: Path) -> None:
    files = {
        "archive/data.warc.gz": WARC,
        "indexes/index.cdx": b"example,river)/ 2024",
        "pages/pages.jsonl": LINES,
        "datapackage.json": b"{}",
    }
    crawl = crawl_of(tmp_path, "site.wacz", zipped(files))
    assert [file.name for file in crawl.files] == ["beside.txt", "site.wacz/archive/data.warc.gz"]
    assert set(crawl.skipped) == {f"site.wacz/{name}" for name in files if not name.startswith("archive/")}
    assert "part of a WACZ" in crawl.skipped["site.wacz/pages/pages.jsonl"]
    assert len(records(crawl)["site.wacz/archive/data.warc.gz"]) == 3
    assert open_crawl(str(tmp_path / "crawl/site.wacz")).id == "site"


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_names_that_lead_out_are_passed_over(pack: Any, tmp_path: Path) -> None:
    names = ["../up.txt", "/root.txt", "a/../../b.txt", "C:\\c.txt", "..\\d.txt", "\x1b[2J.txt", ".hidden/e.txt"]
    data = pack({"good.txt": b"Water.", "./sub//fine.txt": b"Water.", **dict.fromkeys(names, b"Water.")})
    crawl = crawl_of(tmp_path, "a.bin", data)
    assert [file.name for file in crawl.files] == ["a.bin/good.txt", "a.bin/sub/fine.txt", "beside.txt"]
    assert len(crawl.skipped) == len(names)
    assert all(name.isprintable() for name in crawl.skipped)


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_an_archive_without_files_is_named(pack: Any, tmp_path: Path) -> None:
    crawl = crawl_of(tmp_path, "a.zip", pack({}))
    assert list(crawl.skipped) == ["a.zip"]


def test_a_name_that_comes_twice_is_read_once(tmp_path: Path) -> None:
    first = tarred({"a.txt": b"One."})[:1_024]
    crawl = crawl_of(tmp_path, "a.tar", first + tarred({"a.txt": b"Two."}))
    assert outcomes(records(crawl)["a.tar/a.txt"]) == ["One."]
    assert crawl.skipped == {"a.tar/a.txt (file 1)": "an earlier file of the archive has its name"}


def test_encrypted_and_strangely_compressed_files_are_said_to_be(tmp_path: Path) -> None:
    data = bytearray(zipped({"secret.txt": b"Water.", "plain.txt": b"Water."}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    crawl = crawl_of(tmp_path, "a.zip", bytes(data))
    assert crawl.skipped == {"a.zip/secret.txt": "it is encrypted: decrypt it first"}
    crawl = crawl_of(tmp_path, "a.zip", zipped({"a.txt": b"Water." * 99}, zipfile.ZIP_LZMA))
    assert crawl.skipped["a.zip/a.txt"].startswith("it is compressed by method 14")


def test_links_archives_within_and_what_is_no_crawl_file_are_named(tmp_path: Path) -> None:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        link = tarfile.TarInfo("link.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        inner = zipped({"a.txt": b"Water."})
        for name, data in (("inner.zip", inner), ("photo.png", b"\x89PNG\r\n"), ("d/good.txt", b"Water.")):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    crawl = crawl_of(tmp_path, "a.tar", sink.getvalue())
    assert [file.name for file in crawl.files] == ["a.tar/d/good.txt", "beside.txt"]
    assert crawl.skipped["a.tar/link.txt"] == "it is a link"
    assert "archive in an archive" in crawl.skipped["a.tar/inner.zip"]
    assert "PNG" in crawl.skipped["a.tar/photo.png"]


@pytest.mark.parametrize("name", PACKED)
def test_an_archive_that_is_cut_keeps_what_is_whole_and_says_so(name: str, tmp_path: Path) -> None:
    data = PACKED[name](FILES)
    for share in (0.2, 0.5, 0.8, 0.97):
        crawl = crawl_of(tmp_path, name, data[: int(len(data.rstrip(b"\0")) * share)])
        records(crawl)
        assert [said for file, said in crawl.skipped.items() if file.startswith(name)], share


def grown(work: Callable[[], object]) -> int:
    """Bytes by which the process grew at its largest."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    work()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10


def test_bombs_are_not_held_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zeros = b"\0" * (200 << 20)
    packed = gzip.compress(tarred({"a.txt": b"Water.", "zeros.txt": zeros, "b.txt": b"Water."}))
    deflated = zipped({"a.txt": b"Water.", "zeros.txt": zeros}, zipfile.ZIP_DEFLATED)
    del zeros
    assert grown(lambda: crawl_of(tmp_path, "a.tar.gz", packed)) < 50 << 20
    assert grown(lambda: crawl_of(tmp_path, "a.zip", deflated)) < 50 << 20
    monkeypatch.setattr(zipfiles, "MAX_DECOMPRESSED", 100 << 20)
    crawl = crawl_of(tmp_path, "a.zip", deflated)
    assert "a bomb, not read" in crawl.skipped["a.zip"]


def test_headers_that_lie_about_sizes_cost_no_memory(tmp_path: Path) -> None:
    def header(size: int, kind: bytes) -> bytes:
        info = tarfile.TarInfo("a.txt")
        info.size, info.type = size, kind
        return info.tobuf(tarfile.GNU_FORMAT)

    for size, kind in ((1 << 50, b"L"), (1 << 50, b"x"), (1 << 60, b"0"), (5 << 20, b"g")):
        data = tarred({"good.txt": b"Water."})[:1_024] + header(size, kind) + b"x" * 2_000
        crawl = crawl_of(tmp_path, "a.tar", data)
        assert crawl.files[0].name == "a.tar/good.txt" or crawl.files[1].name == "a.tar/good.txt"
        assert crawl.skipped
    data = zipped({"a.txt": b"Water."})
    place = data.index(b"PK\x01\x02")
    lying = data[: place + 20] + struct.pack("<II", 0xFFFFFFF0, 0xFFFFFFF0) + data[place + 28 :]
    assert crawl_of(tmp_path, "a.zip", lying).skipped


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_nothing_is_raised_whatever_is_in_an_archive(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(PACKED)))
    changed = data.draw(st.composite(lambda draw: damage_bytes(draw, PACKED[name](FILES), 3, st.binary(max_size=20)))())
    crawl = crawl_of(tmp_path_factory.mktemp("x"), name, changed)
    for file, found in records(crawl).items():
        assert [one.offset for one in found] == sorted(one.offset for one in found), file
