"""Search: the documents that hold words, with their records in the crawl's files."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from headwater.options import DEFAULT_LAKE, add_lake, add_recipe, positive_int
from headwater.terminal import field, json_line, one_line, printable

if TYPE_CHECKING:
    from headwater.searching.word_search import Found

DESCRIPTION = (
    'Finds the documents that hold words: all of them, "words in a row", one OR another, word -without, url:word or '
    "title:word. The index of a stage is made at the first query."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", metavar="WORDS", help="what to look for, as one argument")
    parser.add_argument(
        "--stage",
        default="split",
        metavar="STAGE",
        help="documents, clean, trimmed, unique or split, the documents that are trained on or held out "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--limit", type=positive_int, default=10, metavar="N", help="documents to show (default: %(default)s)"
    )
    add_lake(parser)
    add_recipe(parser)


def run(args: argparse.Namespace) -> int:
    from headwater.lakes import open_lake
    from headwater.searching.word_search import WordSearcher

    found = WordSearcher(open_lake(args.lake, args.recipe), args.stage).search(args.words, args.limit)
    for line in json_lines(found) if args.json else lines(found):
        print(line)
    if found.documents and not (args.json or args.quiet):
        where = [] if args.lake == DEFAULT_LAKE else ["--lake", args.lake]
        where += ["--recipe", args.recipe] if args.recipe else []
        print(f"\n{printable(shlex.join(['headwater', 'trace', *where, found.documents[0].doc_id]))}")
    return 0


def json_lines(found: Found) -> Iterator[str]:
    """An object with the numbers, then one for each document."""
    yield json_line({"words": found.words, "matching": found.matching, "searched": found.searched})
    for document in found.documents:
        yield json_line(asdict(document))


def lines(found: Found) -> Iterator[str]:
    shown = f", the best {len(found.documents)}:" if found.documents else ""
    yield f"{found.matching:,} of {found.searched:,} documents hold {one_line(found.words)}{shown}"
    for document in found.documents:
        yield ""
        yield f"{document.doc_id}  {document.score:.2f}  {one_line(document.url or '-')}"
        yield from field("title", one_line(document.title))
        end = document.warc_offset + document.warc_length
        yield from field("source", f"{one_line(document.warc_file)} from {document.warc_offset} to {end}")
        yield from field("text", one_line(document.excerpt))
