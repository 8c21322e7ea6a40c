"""View: a lake as a web page on this machine: its documents, why each was kept or dropped, and marks of one's own."""

from __future__ import annotations

import argparse

from headwater.options import add_lake, add_recipe, positive_int
from headwater.terminal import json_line

DESCRIPTION = (
    "Serves a page on this machine alone that shows a lake: documents by words, host, rule, language and outcome; each "
    "with its page, its text, the rules' values and bounds, its duplicates and its way into training. Marks that you "
    "give are kept in LAKE/labels.jsonl, the only thing that it writes; `headwater labels` compares rules with them."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_lake(parser)
    add_recipe(parser)
    parser.add_argument("--port", type=positive_int, default=8400, help="port to listen on (default: 8400)")


def run(args: argparse.Namespace) -> int:
    """Prints the URL, with the token that it asks for, and serves until Ctrl-C."""
    from headwater.lakes import open_lake
    from headwater.serving import bind_port, exit_on_signals

    with bind_port(args.port) as bound, exit_on_signals():
        lake = open_lake(args.lake, args.recipe)
        from headwater.viewing.server import LakeServer

        server = LakeServer(lake, bound)
        server.listen()
        print(json_line({"url": server.url}) if args.json else f"{server.url}  (Ctrl-C stops it)", flush=True)
        server.run()
    return 0
