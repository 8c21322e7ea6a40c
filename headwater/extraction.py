"""Extraction of files: HTML files in, a JSON object for each page out. Imports no more than that needs, so that it
starts at once."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import IO, Any, NamedTuple

import fsspec

from corpus.archive.codecs import detect_compression
from corpus.archive.pages import MAX_HTML, Page, Text
from corpus.archive.ranges import FileRange
from corpus.extract.config import ExtractConfig
from corpus.extract.page import describe_blocks, extract_page
from corpus.language import identify as language
from corpus.sources import Source
from corpus.sources.archives import detect_archive, read_archive
from corpus.sources.html import MARKUP_WITHIN
from corpus.sources.kinds import detect_source
from corpus.sources.members import Unread
from headwater.terminal import json_line, one_line

STDIN = "-"
SUFFIXES = (".html", ".htm", ".xhtml")


class Options(NamedTuple):
    """How pages are extracted, and whether their blocks are printed too."""

    config: ExtractConfig
    roles: bool


def extract_paths(paths: Sequence[str], config: ExtractConfig, roles: bool = False) -> int:
    """Prints the objects, and on stderr what cannot be read. `roles`: with the blocks of each page and what each is to
    it. Returns 1 where there was such a path or a page without
    text, else 0."""
    status, options = 0, Options(config, roles)
    for path in paths:
        try:
            for name, fs, file in _files(path):
                status |= _print_pages(name, fs, file, options)
        except (OSError, ValueError) as error:
            status = _print_error(path, error)
    return status


def _files(path: str) -> Iterator[tuple[str, Any, str]]:
    """(name to print, file system, path in it): a file itself, of a folder the HTML files in and below it."""
    fs, root = fsspec.core.url_to_fs(path)
    if path == STDIN or fs.isfile(root):
        yield path, fs, root
    elif not fs.isdir(root):
        raise FileNotFoundError("it does not exist")
    else:
        files = [file for file in sorted(fs.find(root)) if file.lower().endswith(SUFFIXES)]
        if not files:
            raise ValueError(f"no file in this folder ends in {', '.join(SUFFIXES)}")
        for file in files:
            yield path.rstrip("/") + file[len(root.rstrip("/")) :], fs, file


def _print_pages(name: str, fs: Any, file: str, options: Options) -> int:
    status, pages = 0, 0
    try:
        for page in _pages(name, fs, file, options):
            pages += 1
            status |= "error" in page
            print(json_line({"path": name, **page}), flush=True)
        if not pages:
            raise ValueError("it holds no page")
    except BrokenPipeError:  # `| head` has seen enough: no fault of the page
        raise
    except (OSError, ValueError) as error:
        status = _print_error(name, error)
    return status


def _print_error(name: str, error: Exception) -> int:
    print(f"error: {one_line(name)}: {one_line(str(error))}", file=sys.stderr)
    return 1


def _pages(name: str, fs: Any, file: str, options: Options) -> Iterator[dict[str, Any]]:
    """A file of HTML is one page; one of any kind that a crawl may have, each page of it with its place."""
    if name == STDIN:
        yield _page(sys.stdin.buffer.read(MAX_HTML + 1), None, options)
        return
    with fs.open(file, "rb") as opened:
        kind, size = detect_archive(opened), fs.size(file)
        if kind is not None:
            yield from _archive_pages(kind, opened, size, name, options)
        else:
            yield from _file_pages(opened, size, name, options)


def _archive_pages(kind: str, file: IO[bytes], size: int, name: str, options: Options) -> Iterator[dict[str, Any]]:
    """Those of all files in it. A file in it without pages is only noted: most archives have some beside the pages."""
    for member in read_archive(kind, file, size):
        if not member.name:
            assert isinstance(member, Unread)
            yield {"error": "damaged_archive", "detail": member.why}
            continue
        path = f"{name}/{member.name}"
        try:
            if isinstance(member, Unread):
                raise ValueError(member.why)
            for page in _file_pages(member.file, member.bytes, path, options):
                yield {"path": path, **page}
        except ValueError as error:
            print(f"note: {one_line(path)}: not read: {one_line(str(error))}", file=sys.stderr)


def _file_pages(file: IO[bytes], size: int, name: str, options: Options) -> Iterator[dict[str, Any]]:
    source, why = detect_source(name, file)
    is_packed = detect_compression(file) is not None
    file.seek(0)
    head = file.read(MARKUP_WITHIN)
    is_named = name.lower().endswith(SUFFIXES)
    if source is not None and (is_packed or source.name != "html"):
        yield from _records(source, file, size, name, options)
    elif source is None and (is_packed or (head.strip() and b"<" not in head and not is_named)):
        raise ValueError(why)
    else:
        file.seek(0)
        yield _page(file.read(MAX_HTML + 1), None, options)


def _records(source: Source, file: IO[bytes], size: int, name: str, options: Options) -> Iterator[dict[str, Any]]:
    for record in source.read(file, size, name, FileRange(start=0, stop=size)):
        content, place = record.content, {"offset": record.offset, "url": record.url}
        if isinstance(content, Page):
            yield {**place, **_page(content.html, content.declared_charset, options)}
        elif isinstance(content, Text):
            yield {**place, **_describe(content.title, content.text, content.charset, None, None)}
        elif content.broken:
            yield {**place, "error": content.reason, "detail": content.detail}


def _page(html: bytes, declared: str | None, options: Options) -> dict[str, Any]:
    if len(html) > MAX_HTML:
        return {"error": "too_large"}
    if not html.strip():
        return {"error": "empty_body"}
    if b"<" not in html[:MARKUP_WITHIN]:
        return {"error": "not_html"}
    extracted = extract_page(html, declared, options.config)
    blocks = {"blocks": describe_blocks(html, declared, options.config)} if options.roles else {}
    if isinstance(extracted, str):
        return {"error": extracted, **blocks}
    known = _describe(extracted.title, extracted.text, extracted.charset, extracted.published, extracted.extractor)
    return {**known, **blocks}


def _describe(title: str, text: str, charset: str, published: str | None, extractor: str | None) -> dict[str, Any]:
    [(code, score)] = language.identify_languages([text])
    known = {"title": title, "language": code, "language_score": score, "published": published, "charset": charset}
    return {**known, "extractor": extractor, "text": text}
