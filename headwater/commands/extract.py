"""Extract: prints the main text of HTML files, as a JSON object for each page."""

from __future__ import annotations

import argparse

from headwater.options import add_choice

DESCRIPTION = (
    "Print a JSON object for each page, one a line: path, title, language, text and more; for a page without text the "
    "error instead. The exit status is 1 where there was such a page, or a path that cannot be read."
)
EXTRACTORS = ("blocks", "trafilatura", "justext", "union")
FORMATS = ("text", "markdown")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="an HTML file, a folder of them, a WARC, WACZ or other crawl file, or - for stdin",
    )
    add_choice(parser, "--extractor", EXTRACTORS, "how the main text is found")
    add_choice(parser, "--format", FORMATS, "of the text: markdown keeps headings, lists, tables and code")
    parser.add_argument("--no-comments", action="store_true", help="leave out what readers wrote below the page")
    parser.add_argument(
        "--roles", action="store_true", help="add `blocks`: each block's role, whether it is kept, and its text"
    )


def run(args: argparse.Namespace) -> int:
    """The output is JSON with and without --json."""
    from corpus.extract.config import ROLES, ExtractConfig
    from headwater.extraction import extract_paths

    roles = tuple(role for role in ROLES if role != "comment" or not args.no_comments)
    config = ExtractConfig(extractor=args.extractor, format=args.format, roles=roles)
    return extract_paths(args.paths, config, args.roles)
