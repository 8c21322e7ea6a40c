"""Crawl input: the WARC files that the crawl benchmark reads, once as they are and once many times over."""

from __future__ import annotations

import shutil
from pathlib import Path

from fastwarc.warc import ArchiveIterator, WarcRecordType

from corpus.crawl.pydoc_crawl import PydocCrawlConfig, crawl_pydoc

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "bench_crawl"


def crawl_files(folder: Path, made: Path) -> list[Path]:
    """The gzip WARCs of a folder; where there are none, those of a crawl of this Python's documentation, put into
    `made`."""
    found = sorted(folder.glob("*.warc.gz"))
    if not found:
        print(f"no WARC in {folder}: crawling this Python's documentation", flush=True)
        crawl_pydoc("stdlib", made, config=PydocCrawlConfig(warc_bytes=1_000_000))
        found = sorted(made.glob("*.warc.gz"))
    return found


def as_they_are(files: list[Path], folder: Path) -> Path:
    """A folder of links to them and nothing else."""
    folder.mkdir()
    for file in files:
        (folder / file.name).symlink_to(file.resolve())
    return folder


def as_one(files: list[Path], times: int, folder: Path) -> Path:
    """A folder with one WARC that holds all of them, `times` times: gzip's members may stand behind one another."""
    folder.mkdir()
    with open(folder / "large.warc.gz", "wb") as large:
        for file in files * times:
            with open(file, "rb") as part:
                shutil.copyfileobj(part, large)
    return folder


def responses(files: list[Path]) -> int:
    count = 0
    for file in files:
        with open(file, "rb") as opened:
            count += sum(1 for _ in ArchiveIterator(opened, parse_http=False, record_types=WarcRecordType.response))
    return count
