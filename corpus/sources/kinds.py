"""Kinds: a file's name and first bytes -> what reads it, or what it begins with instead.

What a file is, its bytes say where they can (WARC, ARC, Parquet, a dump), whatever its name; lines of JSON and
plain text, which begin like nothing in particular, by their name.
"""

from __future__ import annotations

import re
from typing import IO

from corpus.archive.codecs import Compression, detect_compression
from corpus.archive.decompression import DecompressedStream
from corpus.archive.lookahead import LookaheadReader
from corpus.sources.contract import Source
from corpus.sources.csvlines import CSV_NAME
from corpus.sources.delimited import Delimited
from corpus.sources.html import MARKUP_WITHIN, Html
from corpus.sources.jsonl import JsonLines, begins_json_lines
from corpus.sources.parquet import MAGIC, Parquet
from corpus.sources.plaintext import PlainText
from corpus.sources.rows import CONVENTION, Columns
from corpus.sources.signatures import WIDE_MARKS, describe_binary
from corpus.sources.web import Web
from corpus.sources.wikipedia import Wikipedia


def make_sources(columns: Columns = CONVENTION) -> dict[str, Source]:
    """The reader of each kind by its name. `columns`: of the kinds that have rows."""
    readers = (Web(), Parquet(columns), JsonLines(columns), Delimited(columns), PlainText(), Html(), Wikipedia())
    return {source.name: source for source in readers}


SOURCES = make_sources()
WANTED = (
    "WARC, WET, ARC, Parquet, .jsonl, .csv, .tsv, .txt, .md, .html, a Wikipedia dump, or a .wacz, .zip or .tar of such"
)
HEAD = 1 << 16
COMPRESSED = r"(?:\.(?:gz|zst|lz4|bz2))?"
JSONL_NAME = re.compile(rf".*\.(?:jsonl|ndjson|json){COMPRESSED}", re.IGNORECASE | re.DOTALL)
TEXT_NAME = re.compile(rf".*\.(?:txt|md){COMPRESSED}", re.IGNORECASE | re.DOTALL)
HTML_NAME = re.compile(rf".*\.x?html?{COMPRESSED}", re.IGNORECASE | re.DOTALL)
# The date tells an ARC's first line from that of any other text with a URL in front.
WEB_STARTS = re.compile(rb"WARC/\d|filedesc://|[A-Za-z]{2,10}://[^\n]{1,4000} \d{14} [^\n]*\d\r?\n")
LAID_OUT_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\[\s*\{|\{\s*\n)")
DUMP_STARTS = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?<mediawiki\b")


def detect_source(name: str, file: IO[bytes], columns: Columns = CONVENTION) -> tuple[Source, None] | tuple[None, str]:
    """What reads the file, or why nothing does: what it begins with."""
    try:
        compression = detect_compression(file)
    except ValueError as error:
        return None, str(error)
    head = _head(file, compression)
    if isinstance(head, str):
        return None, head
    kind = _kind(name, head, compression)
    if head.startswith(WIDE_MARKS) and JSONL_NAME.fullmatch(name):
        return None, "it is JSON in UTF-16; save it as UTF-8"
    if kind is None and LAID_OUT_JSON.match(head):
        return None, "it is JSON laid out over many lines; write one object a line (.jsonl)"
    if kind is None:
        binary = describe_binary(head)
        if binary is not None:
            return None, f"{binary}; wanted is {WANTED}"
        packed = f"{compression.codec.name} of " if compression is not None else ""
        return None, f"it begins with {packed}{head[:40]!r}; wanted is {WANTED}"
    source = make_sources(columns)[kind]
    problem = source.problem(file)
    return (None, problem) if problem else (source, None)


def _head(file: IO[bytes], compression: Compression | None) -> bytes | str:
    """The first bytes of the content, or why there are none."""
    if compression is None:
        file.seek(0)
        return file.read(HEAD) or "it is empty (0 bytes)"
    source = DecompressedStream(file, compression)
    head = LookaheadReader(source.read).peek(HEAD)
    if not head and source.problem:
        return f"it begins like {compression.codec.name}, but cannot be decompressed ({source.problem})"
    return head or f"it is empty ({compression.codec.name} of 0 bytes)"


def _kind(name: str, head: bytes, compression: Compression | None) -> str | None:
    if WEB_STARTS.match(head):
        return "web"
    if head.startswith(MAGIC) and compression is None:
        return "parquet"
    if DUMP_STARTS.match(head):
        return "wikipedia"
    if JSONL_NAME.fullmatch(name) and begins_json_lines(head, len(head) == HEAD):
        return "jsonl"
    if describe_binary(head) is not None:
        return None
    if CSV_NAME.fullmatch(name):
        return "csv"
    if HTML_NAME.fullmatch(name) and b"<" in head[:MARKUP_WITHIN]:
        return "html"
    if TEXT_NAME.fullmatch(name):
        return "text"
    return None
