"""Pages: the real pages of one language from which every arm starts, written as one crawl of WARC files.

They are the responses of the WARC files in ../shared/data, but for near copies that were planted there (a random word
in place of many: no pipeline should be asked about that), and for pages by which Headwater's choice of main text was
fitted (benchmarks/gold.py). Each is there as often as it was crawled, so that exact copies stay. A page's language is
what fastText's small model says of all of its text.

Few of these pages are Chinese, so to those come the Chinese pages of an archive of MDN, which has their HTML alone.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from urllib.parse import quote

from fastwarc.warc import ArchiveIterator, WarcRecordType
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import bytes_to_str, detect_encoding

from benchmarks import gold
from benchmarks.dedup.contestants import BENCHMARKS, DATATROVE
from corpus.crawl.warc_writer import WarcWriter

SHARED = BENCHMARKS.parents[1] / "shared" / "data"
LEAST_SCORE = 0.5  # of the language: a page of several languages is of none
DATE = "2026-01-01T00:00:00Z"
Crawled = tuple[str, str, str, bytes]  # source, URL, content type, HTML


@dataclass(frozen=True, kw_only=True)
class RealPage:
    """`source`: the folder that it is from. `text`: all of its text, by resiliparse, which is an arm of its own."""

    source: str
    url: str
    content_type: str
    html: bytes
    text: str


def pages_of(language: str) -> list[RealPage]:
    """Exits where the folder is not there."""
    crawled = chain(_crawled(), _archived()) if language == "zh" else _crawled()
    return _of_language(_real_pages(crawled), language)


def _real_pages(crawled: Iterable[Crawled]) -> Iterator[RealPage]:
    fitted = {hashlib.sha256(page.html).digest() for page in gold.read([])}
    for source, url, content_type, html in crawled:
        if hashlib.sha256(html).digest() not in fitted:
            text = extract_plain_text(bytes_to_str(html, detect_encoding(html) or "utf-8"), main_content=False)
            yield RealPage(source=source, url=url, content_type=content_type, html=html, text=text)


def _of_language(pages: Iterable[RealPage], language: str) -> list[RealPage]:
    every = list(pages)
    asked = "".join(json.dumps({"text": page.text}) + "\n" for page in every)
    script = str(Path(__file__).parent / "peers" / "identify.py")
    done = subprocess.run([DATATROVE.python, script], input=asked, capture_output=True, text=True, check=True)
    answers = map(json.loads, done.stdout.splitlines())
    return [
        page
        for page, answer in zip(every, answers, strict=True)
        if answer["language"] == language and answer["score"] >= LEAST_SCORE
    ]


def write_crawl(pages: list[RealPage], folder: Path) -> dict[str, int]:
    """WARC files in `folder`. Returns the pages by source."""
    with WarcWriter(folder, "pages", warc_bytes=64 << 20, date=DATE, info={}) as writer:
        for page in pages:
            writer.write(
                page.url,
                date=DATE,
                address="127.0.0.1",
                request=(),
                status_line="HTTP/1.1 200 OK",
                headers=(("Content-Type", page.content_type),),
                body=page.html,
            )
    return dict(Counter(page.source for page in pages))


def _archived() -> Iterator[Crawled]:
    """MDN's pages: the HTML of their text, with lines about it before or not."""
    for path in sorted((SHARED / "text" / "mdn-archived" / "files" / "zh-cn").rglob("*.html")):
        content = path.read_bytes()
        body = content.split(b"---\n", 2)[2] if content.startswith(b"---\n") else content
        url = f"https://mdn.example/{quote(path.parent.relative_to(SHARED).as_posix())}"
        yield "mdn", url, "text/html; charset=utf-8", b"<!DOCTYPE html><html><body>" + body + b"</body></html>"


def _crawled() -> Iterator[Crawled]:
    """The pages of the WARC files; a file that is damaged gives those before the damage."""
    planted = {
        row["id"]
        for row in map(json.loads, (SHARED / "bench_crawl" / "near_duplicates.jsonl").open())
        if row["kind"] == "near"
    }
    for path in [*sorted((SHARED / "bench_crawl").glob("*.warc.gz")), *_others()]:
        source = path.relative_to(SHARED).parts[0]
        with open(path, "rb") as file:
            for record in ArchiveIterator(file, record_types=WarcRecordType.response):
                content_type = record.http_content_type or ""
                if (
                    record.record_id not in planted
                    and "html" in content_type
                    and record.http_headers.status_code == 200
                ):
                    charset = f"; charset={record.http_charset}" if record.http_charset else ""
                    yield source, str(record.headers["WARC-Target-URI"]), content_type + charset, record.reader.read()


def _others() -> list[Path]:
    """The WARC files of real crawls, each crawl once: files made to be damaged, and other encodings of the same, are
    left out."""
    names = (
        "allenai+dolma/warc/sample-0000.warc.gz",
        "archivesunleashed+aut/warc/example.warc.gz",
        "chatnoir-eu+chatnoir-resiliparse/warcfile.warc.gz",
        "commoncrawl+whirlwind-python/whirlwind.warc.gz",
        "ukwa+webarchive-discovery/gov.uk-revisit-warcs/BL-20140325121225068-00000-32090~opera~8443.warc.gz",
        "ukwa+webarchive-discovery/gov.uk-revisit-warcs/BL-20140325122341434-00000-32090~opera~8443.warc.gz",
    )
    return [SHARED / "warc" / name for name in names]
