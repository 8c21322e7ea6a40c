"""Mixed sources: a folder of all kinds becomes documents, with one digest however it is dealt out."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import lz4.frame
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backports import zstd
from crawls import CHINESE, GERMAN, html, prose, response

from corpus.lake.manifest import Manifest
from corpus.lake.schema import document_id
from corpus.lake.store import Lake
from corpus.lineage.records import Records, fates
from corpus.lineage.reread import payload_digest
from corpus.sources import open_crawl
from headwater.tracing.page_trace import trace_page
from pipelines.blocks import IngestConfig
from pipelines.commands import main
from pipelines.engine import Engine
from pipelines.ingestion import ingest

CONFIG = IngestConfig(block_bytes=2_000)


def plain(url: str, text: str) -> bytes:
    return gzip.decompress(response(url, html(url, text)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every kind of file, with the same prose under URLs of its own, and some that are none."""
    place = tmp_path_factory.mktemp("input") / "mixed"
    (place / "books").mkdir(parents=True)
    (place / "site").mkdir()
    texts = [prose(name) for name in ("json", "queue", "string", "wave")]
    records = [[plain(f"https://{kind}.example/{n}", text) for n, text in enumerate(texts)] for kind in "abcdef"]
    inside = [[plain(f"https://{kind}.example/{n}", text) for n, text in enumerate(texts)] for kind in "gh"]
    rows = [{"text": text, "url": f"https://rows.example/{n}"} for n, text in enumerate(texts)]
    archived = gzip.compress(b"".join(gzip.compress(part) for part in records[5]), compresslevel=0)
    forged = response("https://site.example/a.warc.gz", archived, content_type="application/gzip")
    wiki = "".join(
        f"<page><title>T{n}</title><ns>0</ns><revision><text>{GERMAN} [[Wien|Stadt]]</text></revision></page>"
        for n in range(3)
    )
    files = {
        "a.warc.gz": b"".join(gzip.compress(part, mtime=0) for part in records[0])
        + gzip.compress(gzip.decompress(forged), compresslevel=0, mtime=0)
        + gzip.compress(records[0][1], mtime=0),
        "b.warc.zst": b"".join(zstd.compress(part) for part in records[1]),
        "c.warc.lz4": b"".join(lz4.frame.compress(part) for part in records[2]),
        "d.warc": b"".join(records[3]),
        "e-whole.warc.gz": gzip.compress(b"".join(records[4])),
        "rows.jsonl": b"".join(json.dumps(row).encode() + b"\n" for row in rows) + b"{broken\n",
        "rows.jsonl.gz": gzip.compress(b"".join(json.dumps(row).encode() + b"\n" for row in rows)),
        "books/river.txt": CHINESE.encode("gb18030"),
        "books/donau.md": GERMAN.encode(),
        "wiki.xml.bz2": bz2.compress(f"<mediawiki>{wiki}</mediawiki>".encode()),
        "cut.warc.gz": response("https://cut.example/", html("t", texts[0]))[:-50],
        "error.warc.gz": b"<html>503 Slow Down</html>",
        "photo.png": b"\x89PNG\r\n",
        "site/page.html": html("River", texts[0]),
        "book.txt.gz": gzip.compress(GERMAN.encode()),
        "table.csv": b"url,text\n"
        + b"".join(
            b'https://csv.example/%d,"%s"\n' % (n, text.replace('"', "").encode()) for n, text in enumerate(texts)
        ),
    }
    packed = {"archive/a.warc.gz": b"".join(gzip.compress(part, mtime=0) for part in inside[0])}
    with zipfile.ZipFile(place / "site.wacz", "w") as archive:
        archive.writestr("datapackage.json", "{}")
        archive.writestr("archive/a.warc.gz", packed["archive/a.warc.gz"])
    with tarfile.open(place / "all.tar.gz", "w:gz") as tar:
        for name, data in {"b.warc": b"".join(inside[1]), "c.txt": CHINESE.encode()}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    for name, data in files.items():
        (place / name).write_bytes(data)
    pq.write_table(pa.Table.from_pylist(rows), place / "rows.parquet", row_group_size=2)
    return place


def computed(folder: Path, place: Path, workers: int, config: IngestConfig = CONFIG) -> tuple[Lake, Manifest]:
    lake = Lake(str(place))
    return lake, ingest(lake, open_crawl(str(folder)), config, Engine(workers=workers)).manifest


def rows(lake: Lake, manifest: Manifest, kind: str) -> list[dict[str, Any]]:
    return [row for table in lake.read(manifest, kind) for row in table.to_pylist()]


@pytest.fixture(scope="module")
def made(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, Manifest]:
    return computed(folder, tmp_path_factory.mktemp("lake"), workers=2)


def test_every_kind_of_file_becomes_documents(made: tuple[Lake, Manifest]) -> None:
    documents = rows(*made, "documents")
    counts: dict[str, int] = {}
    for row in documents:
        counts[row["warc_file"]] = counts.get(row["warc_file"], 0) + 1
    assert counts == {
        "a.warc.gz": 5,
        "b.warc.zst": 4,
        "c.warc.lz4": 4,
        "d.warc": 4,
        "e-whole.warc.gz": 4,
        "rows.jsonl": 4,
        "rows.jsonl.gz": 4,
        "rows.parquet": 4,
        "books/river.txt": 1,
        "books/donau.md": 1,
        "wiki.xml.bz2": 3,
        "site/page.html": 1,
        "book.txt.gz": 1,
        "table.csv": 4,
        "site.wacz/archive/a.warc.gz": 4,
        "all.tar.gz/b.warc": 4,
        "all.tar.gz/c.txt": 1,
    }
    assert {row["url"] for row in documents if row["warc_file"] == "site/page.html"} == {"file:///mixed/site/page.html"}
    assert len({row["doc_id"] for row in documents}) == len(documents)
    assert all(row["doc_id"] == document_id("mixed", row["warc_file"], row["warc_offset"]) for row in documents)
    assert not [row for row in documents if row["url"] and "f.example" in row["url"]]


def test_what_is_not_read_is_reported(folder: Path) -> None:
    skipped = open_crawl(str(folder)).skipped
    assert set(skipped) == {"error.warc.gz", "photo.png", "site.wacz/datapackage.json"}
    assert "PNG picture" in skipped["photo.png"]


def test_what_is_broken_is_accounted_for_and_kept_aside(made: tuple[Lake, Manifest], folder: Path) -> None:
    lake, manifest = made
    assert manifest.counts.lost == 0
    assert dict(manifest.counts.quarantined) == {"bad_json": 1, "truncated": 1}
    ledger = {row["doc_id"]: row for row in rows(*made, "ledger") if row["outcome"] == "quarantined"}
    aside = {row["doc_id"]: row for row in rows(*made, "quarantine")}
    assert ledger.keys() == aside.keys()
    raw = {row["warc_file"]: row["raw"] for row in aside.values()}
    assert raw == {"rows.jsonl": b"{broken\n", "cut.warc.gz": (folder / "cut.warc.gz").read_bytes()}
    records = Records(lake)
    for doc_id in ledger:
        assert len(list(fates(lake, records.find("doc_id", [doc_id])))) == 1


@pytest.mark.parametrize("workers", [1, 4])
def test_digests_do_not_depend_on_workers(
    made: tuple[Lake, Manifest], folder: Path, tmp_path: Path, workers: int
) -> None:
    assert computed(folder, tmp_path, workers)[1].digest == made[1].digest


@pytest.mark.parametrize("size", [300, 700, 5_000, 16 << 20])
def test_documents_do_not_depend_on_the_size_of_a_block(
    made: tuple[Lake, Manifest], folder: Path, tmp_path: Path, size: int
) -> None:
    found = computed(folder, tmp_path, 1, IngestConfig(block_bytes=size))
    for kind in ("documents", "ledger", "quarantine"):
        assert rows(*found, kind) == rows(*made, kind)


def test_a_block_that_began_inside_a_record_was_read_again(made: tuple[Lake, Manifest]) -> None:
    again = [entry.path for entry in made[1].files if entry.path.endswith("-again.parquet")]
    assert again, "no block of a.warc.gz began in the archived file: make the blocks smaller"


def test_each_document_is_found_again_by_its_place(made: tuple[Lake, Manifest], folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "moved")
    urls = {file.name: file.url for file in open_crawl(str(tmp_path / "moved")).files}
    for row in rows(*made, "documents"):
        assert payload_digest(urls[row["warc_file"]], row) == row["payload_digest"]


def test_clean_takes_a_crawl_as_it_is(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The datasets are those of ingest and then clean, and both lines are printed."""
    lake = ["--lake", str(tmp_path / "lake"), "--workers", "1"]
    assert main(["clean", str(folder), *lake]) == 0
    documents, cleaned = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line[0] != " "]
    assert main(["clean", documents, *lake]) == 0
    assert f"{cleaned}  " in (said := capsys.readouterr().out) and "reused" in said


def test_columns_are_named_by_options_and_read_again_by_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"raw": {"content": prose("json")}, "meta": {"url": "https://named.example/"}}
    (tmp_path / "named").mkdir()
    (tmp_path / "named" / "a.jsonl").write_text(json.dumps(row))
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "named" / "b.parquet")
    lake = ["--lake", str(tmp_path / "lake"), "--workers", "1"]
    assert main(["clean", str(tmp_path / "named"), *lake]) == 1
    assert (
        "b.parquet: it has no column text or content, but raw.content, meta.url; give --text" in capsys.readouterr().err
    )
    columns = ["--text", "raw.content", "--id", "meta.url"]
    assert main(["ingest", "--crawl", str(tmp_path / "named"), *columns, *lake]) == 0
    [manifest] = Lake(str(tmp_path / "lake")).datasets("documents")
    assert [row["url"] for row in rows(Lake(str(tmp_path / "lake")), manifest, "documents")] == [row["meta"]["url"]] * 2
    assert main(["clean", str(tmp_path / "named"), *columns, *lake]) == 0, "the same documents"
    assert len(list(Lake(str(tmp_path / "lake")).datasets("documents"))) == 1
    traced = trace_page(Lake(str(tmp_path / "lake")), "https://named.example/")
    assert [page.unchanged for page in traced] == [True, True]
    capsys.readouterr()
    assert main(["clean", f"documents/{manifest.address}", *columns, *lake]) == 1
    assert "--text and --id are of files" in capsys.readouterr().err
